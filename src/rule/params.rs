//! What a policy can tell a rule.

use std::collections::BTreeMap;
use std::fmt;

use thiserror::Error;

/// The kind of a parameter, and with it its default.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// A string.
    Str(&'static str),
    /// A list of strings.
    List(&'static [&'static str]),
    /// A whole number.
    Int(i64),
    /// A switch.
    Bool(bool),
}

/// A parameter a rule's page declares.
#[derive(Clone, Copy, Debug)]
pub struct ParamSpec {
    /// Kebab-case name, as dockgate policies spell it: `denied-ports`.
    pub name: &'static str,
    /// The name Anchore's policies use, when there is one: `DENIEDPORTS`.
    pub anchore: Option<&'static str>,
    /// Kind and default.
    pub default: Default,
    /// The rule cannot run without it; the default is then only its kind.
    pub required: bool,
    /// One line of help.
    pub help: &'static str,
}

/// A value as a policy gave it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    Str(String),
    /// A list of strings.
    List(Vec<String>),
    /// A whole number.
    Int(i64),
    /// A switch.
    Bool(bool),
}

impl fmt::Display for Value {
    /// As an option would spell it: the items of a list with commas between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Str(s) => f.write_str(s),
            Self::List(l) => f.write_str(&l.join(",")),
            Self::Int(i) => write!(f, "{i}"),
            Self::Bool(b) => write!(f, "{b}"),
        }
    }
}

/// Why a parameter was refused.
#[derive(Debug, Error, PartialEq)]
pub enum ParamsError {
    /// The rule has no such parameter.
    #[error("`{rule}` has no parameter `{name}`{}", hint(.known))]
    Unknown {
        /// Rule id.
        rule: &'static str,
        /// The name given.
        name: String,
        /// The names it has.
        known: Vec<&'static str>,
    },
    /// The value has the wrong kind.
    #[error("parameter `{name}` of `{rule}` takes {wanted}")]
    Kind {
        /// Rule id.
        rule: &'static str,
        /// The parameter.
        name: &'static str,
        /// What it takes, in words.
        wanted: &'static str,
    },
    /// A required parameter is missing.
    #[error("`{rule}` needs parameter `{name}`: {help}")]
    Missing {
        /// Rule id.
        rule: &'static str,
        /// The parameter.
        name: &'static str,
        /// Its help line.
        help: &'static str,
    },
    /// None of the parameters is given, and without one the rule looks for nothing.
    #[error("`{rule}` has nothing to look for; give it {}", .known.join(" or "))]
    Nothing {
        /// Rule id.
        rule: &'static str,
        /// The names it has.
        known: Vec<&'static str>,
    },
}

fn hint(known: &[&str]) -> String {
    if known.is_empty() { String::from("; it takes none") } else { format!("; it takes {}", known.join(", ")) }
}

/// The parameters of one run of one rule: what the policy set, else the page's defaults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Params {
    values: BTreeMap<&'static str, Value>,
}

impl Params {
    /// The defaults of a rule's page.
    pub fn defaults(rule: &'static super::Rule) -> Self {
        Self { values: rule.params.iter().filter(|p| !p.required).map(|p| (p.name, p.default.value())).collect() }
    }

    /// Defaults overlaid with what a policy gave. Names are dockgate's or Anchore's; a single string is taken for a list.
    ///
    /// # Errors
    /// On an unknown name, a value of the wrong kind, or a missing required parameter.
    pub fn new(
        rule: &'static super::Rule,
        given: impl IntoIterator<Item = (String, Value)>,
    ) -> Result<Self, ParamsError> {
        let mut params = Self::defaults(rule);
        for (name, value) in given {
            let Some(spec) =
                rule.params.iter().find(|p| p.name == name || p.anchore.is_some_and(|a| a.eq_ignore_ascii_case(&name)))
            else {
                return Err(ParamsError::Unknown {
                    rule: rule.id,
                    name,
                    known: rule.params.iter().map(|p| p.name).collect(),
                });
            };
            let value = spec.default.accept(value).ok_or(ParamsError::Kind {
                rule: rule.id,
                name: spec.name,
                wanted: spec.default.kind(),
            })?;
            params.values.insert(spec.name, value);
        }
        match rule.params.iter().find(|p| p.required && !params.values.contains_key(p.name)) {
            Some(p) => Err(ParamsError::Missing { rule: rule.id, name: p.name, help: p.help }),
            None if params.asks_for_nothing(rule) => {
                Err(ParamsError::Nothing { rule: rule.id, known: rule.params.iter().map(|p| p.name).collect() })
            }
            None => Ok(params),
        }
    }

    /// Whether the rule runs over lists that a policy has to fill, and all are empty.
    fn asks_for_nothing(&self, rule: &super::Rule) -> bool {
        let is_list = |p: &super::ParamSpec| matches!(p.default, Default::List([]));
        let is_made_of_lists = rule.is_opt_in() && !rule.params.is_empty() && rule.params.iter().all(is_list);
        is_made_of_lists && rule.params.iter().all(|p| self.list(p.name).is_empty())
    }

    /// A string parameter; empty when it is not one.
    pub fn str(&self, name: &str) -> &str {
        match self.values.get(name) {
            Some(Value::Str(s)) => s,
            _ => "",
        }
    }

    /// A list parameter; empty when it is not one.
    pub fn list(&self, name: &str) -> &[String] {
        match self.values.get(name) {
            Some(Value::List(l)) => l,
            _ => &[],
        }
    }

    /// A number parameter; 0 when it is not one.
    pub fn int(&self, name: &str) -> i64 {
        match self.values.get(name) {
            Some(Value::Int(i)) => *i,
            _ => 0,
        }
    }

    /// A switch; off when it is not one.
    pub fn bool(&self, name: &str) -> bool {
        matches!(self.values.get(name), Some(Value::Bool(true)))
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.values.iter().map(|(k, v)| (*k, v))
    }
}

impl Default {
    fn value(self) -> Value {
        match self {
            Self::Str(s) => Value::Str(s.into()),
            Self::List(l) => Value::List(l.iter().map(|s| (*s).into()).collect()),
            Self::Int(i) => Value::Int(i),
            Self::Bool(b) => Value::Bool(b),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Str(_) => "a string",
            Self::List(_) => "a list of strings",
            Self::Int(_) => "a whole number",
            Self::Bool(_) => "true or false",
        }
    }

    fn accept(self, value: Value) -> Option<Value> {
        match (self, value) {
            (Self::Str(_), v @ Value::Str(_))
            | (Self::List(_), v @ Value::List(_))
            | (Self::Int(_), v @ Value::Int(_))
            | (Self::Bool(_), v @ Value::Bool(_)) => Some(v),
            (Self::List(_), Value::Str(s)) => Some(Value::List(vec![s])),
            (Self::List(_), Value::Int(i)) => Some(Value::List(vec![i.to_string()])),
            (Self::Str(_), Value::Int(i)) => Some(Value::Str(i.to_string())),
            (Self::Int(_), Value::Str(s)) => s.trim().parse().ok().map(Value::Int),
            (Self::Bool(_), Value::Str(s)) => match s.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(Value::Bool(true)),
                "false" | "no" | "0" => Some(Value::Bool(false)),
                _ => None,
            },
            _ => None,
        }
    }
}
