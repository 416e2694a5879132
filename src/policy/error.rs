//! What can be wrong with a policy.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;

use crate::rule::ParamsError;
use crate::text::{SourceText, Span};

/// Why there is no policy to judge by.
#[derive(Debug, Error)]
pub enum PolicyError {
    /// The file is there and cannot be read, or is not there.
    #[error("cannot read {what} {path}: {error}")]
    Read {
        /// What it would be: `the policy`.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// There is no such policy.
    #[error("there is no policy `{name}`: no built-in policy has this name, and no file is there")]
    NotFound {
        /// As it was asked for.
        name: String,
    },
    /// The file is too large to be a policy.
    #[error("{what} {path} is larger than {limit} bytes; name the file itself")]
    TooLarge {
        /// What it would be: `the policy`.
        what: &'static str,
        /// The file.
        path: String,
        /// The most a policy may have.
        limit: u64,
    },
    /// Something in its text is wrong.
    #[error(transparent)]
    Wrong(Box<Located>),
}

/// A fault and where it stands.
#[derive(Debug)]
pub struct Located {
    /// What is wrong.
    pub fault: Fault,
    /// What to do, when there is more to say than the fault does.
    pub help: Option<String>,
    /// The policy's text.
    pub text: Arc<SourceText>,
    /// Where in it.
    pub span: Span,
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.fault.to_string();
        let (shown, dots) = match fault.char_indices().nth(SHOWN) {
            Some((end, _)) => (&fault[..end], "…"),
            None => (fault.as_str(), ""),
        };
        write!(f, "{}:{}: {shown}{dots}", self.text.path(), self.text.line(self.span.start))?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Located {}

/// What is wrong in a policy's text.
#[derive(Debug, Error, PartialEq)]
pub enum Fault {
    /// A line of an Anchore policy without its three fields.
    #[error("`{0}` is not GATE:TRIGGER:ACTION[:PARAMS]")]
    NotALine(String),
    /// A gate nobody knows.
    #[error("unknown gate `{0}`")]
    UnknownGate(String),
    /// A trigger its gate does not have.
    #[error("gate `{gate}` has no trigger `{trigger}`")]
    UnknownTrigger {
        /// The gate.
        gate: String,
        /// The trigger.
        trigger: String,
    },
    /// A trigger of Anchore's engine that nothing here answers to.
    #[error("this version has no such gate: `{0}`, so the rule cannot be checked")]
    UnsupportedTrigger(String),
    /// A part of a JSON policy that lacks something.
    #[error("{what} has no `{key}`")]
    MissingKey {
        /// The part, in words.
        what: String,
        /// The key.
        key: String,
    },
    /// A bundle that contradicts itself, or does not speak of the image.
    #[error("{0}")]
    Bundle(String),
    /// A whitelist's line or item.
    #[error("{0}")]
    Whitelist(String),
    /// A block for images, or a check of one's own.
    #[error("{0}")]
    Block(String),
    /// No action.
    #[error("`{0}` is not an action")]
    BadAction(String),
    /// A piece of the parameters without a name.
    #[error("`{0}` is not PARAM=VALUE")]
    NotAParam(String),
    /// A parameter the rule does not have.
    #[error("`{owner}` has no parameter `{name}`")]
    UnknownParam {
        /// The rule or trigger.
        owner: String,
        /// The parameter.
        name: String,
    },
    /// A parameter's value was refused, or a needed one is missing.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// A parameter whose value cannot be meant.
    #[error("{0}")]
    Parameter(String),
    /// A regular expression that cannot be compiled.
    #[error("`{param}` is not a regular expression that can be run: {why}")]
    Regexp {
        /// The parameter.
        param: String,
        /// Why.
        why: String,
    },
    /// An item that should name a package and a version.
    #[error("`{item}` in `{param}` is not a package and a version; write it as `name|version`")]
    NotAPackage {
        /// The parameter.
        param: String,
        /// The item.
        item: String,
    },
    /// The text is not TOML.
    #[error("{0}")]
    Syntax(String),
    /// A key that means nothing here.
    #[error("unknown key `{key}` in {table}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The table it stands in, in words.
        table: String,
    },
    /// A value of the wrong kind.
    #[error("`{key}` takes {wanted}")]
    Kind {
        /// The key.
        key: String,
        /// What it takes, in words.
        wanted: &'static str,
    },
    /// A rule nobody knows.
    #[error("unknown rule `{0}`")]
    UnknownRule(String),
    /// A rule set twice under two names.
    #[error("`{name}` sets `{rule}`, which `{other}` has set already")]
    SetTwice {
        /// The second name.
        name: String,
        /// The rule.
        rule: &'static str,
        /// The first name.
        other: String,
    },
    /// An edition that is none, or one this version does not know.
    #[error("{0}")]
    Edition(String),
    /// A waiver that is not whole.
    #[error("{0}")]
    Waiver(String),
    /// A policy that extends itself, or a chain that is too long.
    #[error("{0}")]
    Extends(String),
    /// A policy that asks for nothing.
    #[error("the policy asks for nothing, so nothing would be checked")]
    Empty,
}

impl PolicyError {
    pub(super) fn at(text: &Arc<SourceText>, span: Span, fault: Fault) -> Self {
        Self::Wrong(Box::new(Located { fault, help: None, text: Arc::clone(text), span }))
    }

    pub(super) fn with_help(mut self, text: impl Into<String>) -> Self {
        if let Self::Wrong(located) = &mut self {
            located.help = Some(text.into());
        }
        self
    }

    /// Suggests the nearest of the names that would do, or lists them when none is near.
    pub(super) fn did_you_mean<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: std::collections::BTreeSet<&str> = known.into_iter().collect();
        match near(name, known.iter().copied()) {
            Some(near) => self.with_help(format!("did you mean `{near}`?")),
            None if known.is_empty() || known.len() > LISTED => self,
            None => self.with_help(format!("known are {}", Vec::from_iter(known).join(", "))),
        }
    }

    /// The place in a policy's text, when the error has one.
    pub fn place(&self) -> Option<(&Arc<SourceText>, Span)> {
        match self {
            Self::Wrong(located) => Some((&located.text, located.span)),
            _ => None,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Wrong(located) => located.help.clone(),
            Self::NotFound { name } => {
                let known: Vec<&str> = crate::rule::builtin_policies().collect();
                Some(match near(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("built-in policies are {}", known.join(", ")),
                })
            }
            Self::Read { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// The nearest known name; a name too long to be a slip of the hand has none.
fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST { None } else { crate::text::closest(name, known) }
}

/// Characters of a fault that are shown: it may quote a line without end.
const SHOWN: usize = 400;
/// Bytes of the longest name that is compared with known ones.
const LONGEST: usize = 200;
/// Names that are listed when none of them is near to the one given.
const LISTED: usize = 12;
