//! Code as the engines are given it.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::dockerfile::{Dockerfile, Env, Instruction, Keyword, Setter, Variable};
use crate::shell::code::Code;
use crate::shell::script::{Dialect, Shell};

/// A language the engines know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Language {
    Sh,
    Dash,
    Bash,
    Ksh,
    Mksh,
    Zsh,
}

impl Language {
    pub(super) const ALL: [Language; 6] =
        [Language::Sh, Language::Dash, Language::Bash, Language::Ksh, Language::Mksh, Language::Zsh];

    /// What the shell reads; `None` for shells of another family.
    pub(super) fn of(shell: &Shell) -> Option<Self> {
        Some(match shell.program()?.as_str() {
            "sh" => Self::Sh,
            "dash" | "ash" => Self::Dash,
            "bash" | "rbash" => Self::Bash,
            "ksh" | "ksh93" => Self::Ksh,
            "mksh" => Self::Mksh,
            "zsh" => Self::Zsh,
            _ => return None,
        })
    }

    /// What the shell grammar calls it.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Sh | Self::Dash | Self::Ksh => Dialect::Posix,
            Self::Bash => Dialect::Bash,
            Self::Mksh => Dialect::Mksh,
            Self::Zsh => Dialect::Zsh,
        }
    }
}

/// Variables that every RUN may be given without the Dockerfile saying so.
const GIVEN: [&str; 10] = [
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Code with a line in it that declares the variables it is run with, so that none of them seems unset.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Listing {
    text: String,
    declarations: Range<usize>,
    pub(super) language: Language,
}

impl Listing {
    pub(super) fn new(code: &Code, language: Language, variables: &Variables<'_>) -> Self {
        let code = code.text();
        let declarations = declarations(code, variables);
        // Comments at the top (`#!`, `# shellcheck …`) mean the whole of the code only while they stand there.
        let top: usize = code.split_inclusive('\n').take_while(|line| line.starts_with('#')).map(str::len).sum();
        let (comments, rest) = code.split_at(top);
        Self { text: [comments, &declarations, rest].concat(), declarations: top..top + declarations.len(), language }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A range of the listing as one of the code; `None` when it begins in what was put in.
    pub(super) fn in_code(&self, range: Range<usize>) -> Option<Range<usize>> {
        let Range { start, end } = self.declarations;
        let in_code = |at: usize| if at < end { at.min(start) } else { at - (end - start) };
        let is_put_in = (start..end).contains(&range.start);
        (!is_put_in).then(|| in_code(range.start)..in_code(range.end).max(in_code(range.start)))
    }
}

/// The variables that code is run with.
pub(super) struct Variables<'a> {
    environment: Option<&'a Env>,
    /// For the trigger of an ONBUILD: what the triggers before it set.
    triggered: Option<Vec<&'a str>>,
}

impl<'a> Variables<'a> {
    /// Those of an instruction. The trigger of an ONBUILD runs in another build, which has the ENV of this stage and not
    /// its ARG, and what the triggers before it set.
    pub(super) fn at(dockerfile: &'a Dockerfile, environments: &'a [Env], instruction: usize) -> Self {
        let stage_of = |index: usize| dockerfile.instructions.get(index).and_then(|i| i.stage);
        let is_trigger = dockerfile.instructions.get(instruction).is_some_and(|i| i.keyword == Keyword::Onbuild);
        let triggered = || {
            let earlier = dockerfile.instructions.get(..instruction).unwrap_or_default();
            let triggers = earlier.iter().filter(|i| i.keyword == Keyword::Onbuild && i.stage == stage_of(instruction));
            let pairs = triggers
                .map(Instruction::innermost)
                .filter(|i| matches!(i.keyword, Keyword::Arg | Keyword::Env))
                .flat_map(|i| i.args.pairs());
            pairs.map(|pair| pair.key.text.as_str()).collect()
        };
        Self { environment: environments.get(instruction), triggered: is_trigger.then(triggered) }
    }

    fn has(&self, name: &str) -> bool {
        let variable = self.environment.and_then(|environment| environment.variable(name));
        GIVEN.contains(&name) || variable.is_some_and(|v| self.is_passed_on(v)) || self.triggered().any(|t| t == name)
    }

    fn names(&self) -> BTreeSet<&'a str> {
        let variables = self.environment.map(Env::variables).unwrap_or_default();
        let passed_on = variables.into_iter().filter(|v| self.is_passed_on(v)).map(|v| &*v.name);
        GIVEN.into_iter().chain(passed_on).chain(self.triggered()).collect()
    }

    fn triggered(&self) -> impl Iterator<Item = &'a str> {
        self.triggered.iter().flatten().copied()
    }

    fn is_passed_on(&self, variable: &Variable) -> bool {
        self.triggered.is_none() || !matches!(variable.setter, Setter::Arg(_))
    }
}

/// A line that sets variables; empty when the code speaks of none.
fn declarations(code: &str, variables: &Variables<'_>) -> String {
    // A name that nothing sets may be a misspelling of any other.
    let names = if references(code).any(|name| !variables.has(name)) {
        variables.names()
    } else {
        words(code).filter(|name| variables.has(name)).collect()
    };
    // The builder sets PATH in every image; to declare it would look like a mistake.
    let names = names.into_iter().filter(|name| *name != "PATH" && is_name(name));
    let declarations: String = names.flat_map(|name| [" ", name, "=1"]).collect();
    if declarations.is_empty() { declarations } else { format!("export{declarations}\n") }
}

/// What could be names.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(is_no_name_part).filter(|word| !word.is_empty())
}

/// The names behind a `$`.
fn references(code: &str) -> impl Iterator<Item = &str> {
    let parts = code.split('$').skip(1).map(|rest| rest.trim_start_matches(['{', '#', '!']));
    parts.filter_map(|rest| rest.split(is_no_name_part).next()).filter(|name| is_name(name))
}

fn is_no_name_part(c: char) -> bool {
    !c.is_ascii_alphanumeric() && c != '_'
}

fn is_name(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
