//! What is wrong with the shell code of RUN, under ShellCheck's codes.
//!
//! Two engines read code: a linter that is part of this program, and the `shellcheck` command where the caller lends a
//! way to run it. Both are given the same [`Listing`]; what they report is put back where it was written.

mod bounds;
mod builtin;
mod listing;
mod shellcheck;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

pub use shellcheck::ShellCheck;

use super::script::{Form, Script};
use crate::dockerfile::{Dockerfile, Env, Keyword};
use crate::rule::Severity;
use crate::text::Span;
use listing::{Language, Listing, Variables};

/// Commands of one Dockerfile that are read.
const MAX_COMMANDS: usize = 3_000;

/// A fault in shell code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Index into [`Dockerfile::instructions`]; that of the ONBUILD for its trigger.
    pub instruction: usize,
    /// The number ShellCheck has for it: 2086 of SC2086.
    pub code: u16,
    /// As bad as ShellCheck says.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where, in the Dockerfile.
    pub span: Span,
}

/// What the engines say of a Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Diagnosis {
    /// Sorted by place, then code.
    pub diagnostics: Vec<Diagnostic>,
    /// Code that was not read, or not by the engine that was asked for, in words and sorted.
    pub problems: Vec<String>,
    /// Scripts that were read.
    pub scripts: usize,
}

/// What an engine reports, in bytes of the code it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    code: u16,
    severity: Severity,
    message: String,
    range: Range<usize>,
}

/// Codes about what a Dockerfile has no use for: files that are sourced (1090, 1091), `#!` lines (1008, 1113 to 1115, 1128,
/// 2096, 2148, 2239), and that `dash` is meant by `ash` (2187).
const OUT_OF_PLACE: [u16; 11] = [1008, 1090, 1091, 1113, 1114, 1115, 1128, 2096, 2148, 2187, 2239];

/// Reads shell code. The same code is read once, in however many Dockerfiles of a run it stands.
#[derive(Default)]
pub struct Linter<'a> {
    shellcheck: Option<&'a ShellCheck<'a>>,
    answers: Mutex<HashMap<Listing, Arc<Answer>>>,
}

/// What is said of one listing.
struct Answer {
    /// `None` when it could not be read.
    faults: Option<Vec<Fault>>,
    /// Why the command that was asked gave no answer.
    refusal: Option<String>,
}

impl<'a> Linter<'a> {
    /// A linter that asks the `shellcheck` command; without one, or where the command cannot answer, the linter that is
    /// part of this program.
    pub fn new(shellcheck: Option<&'a ShellCheck<'a>>) -> Self {
        Self { shellcheck, ..Self::default() }
    }

    /// Who reads: `built-in`, or `shellcheck` with its version.
    pub fn engine(&self) -> String {
        self.shellcheck.map_or_else(|| "built-in".to_owned(), |command| format!("shellcheck {}", command.version))
    }

    /// Reads the code of every RUN, also inside ONBUILD: `scripts` are those of the Dockerfile, `environments` its
    /// variables by instruction. Exec forms and code for shells of another family are left alone.
    pub fn diagnose(&self, dockerfile: &Dockerfile, scripts: &[Script], environments: &[Env]) -> Diagnosis {
        let is_run = |script: &&Script| {
            let instruction = dockerfile.instructions.get(script.instruction);
            script.form != Form::Exec && instruction.is_some_and(|i| i.innermost().keyword == Keyword::Run)
        };
        let jobs: Vec<(&Script, Language)> = scripts
            .iter()
            .filter(is_run)
            .filter_map(|script| Some((script, Language::of(script.shell.as_deref()?)?)))
            .collect();
        let mut commands = 0;
        let is_within = |(script, _): &&(&Script, Language)| {
            commands += script.commands.len();
            commands <= MAX_COMMANDS
        };
        let within = jobs.iter().take_while(is_within).count();
        let parts: Vec<Diagnosis> = jobs
            .get(..within)
            .unwrap_or_default()
            .par_iter()
            .map(|&(script, language)| self.read(dockerfile, script, language, environments))
            .collect();
        let mut whole = Diagnosis::default();
        for part in parts {
            whole.diagnostics.extend(part.diagnostics);
            whole.problems.extend(part.problems);
            whole.scripts += part.scripts;
        }
        whole.diagnostics.sort_by_key(|d| (d.span, d.code));
        whole.diagnostics.dedup();
        if let Some((script, _)) = jobs.get(within) {
            let line = dockerfile.source.line(script.code.place(0..0).start);
            let path = dockerfile.source.path();
            whole.problems.push(format!(
                "{path}:{line}: from here on code was not read for shell pitfalls: the file has more than {MAX_COMMANDS} commands"
            ));
        }
        whole.problems.sort();
        whole
    }

    fn read(&self, dockerfile: &Dockerfile, script: &Script, language: Language, environments: &[Env]) -> Diagnosis {
        let mut diagnosis = Diagnosis::default();
        let source = &dockerfile.source;
        let at = || format!("{}:{}", source.path(), source.line(script.code.place(0..0).start));
        let unread = |why: &str| format!("{}: the code was not read for shell pitfalls: {why}", at());
        if let Some(excess) = bounds::excess(script.code.text(), script.commands.len()) {
            diagnosis.problems.push(unread(&excess));
            return diagnosis;
        }
        let variables = Variables::at(dockerfile, environments, script.instruction);
        let listing = Listing::new(&script.code, language, &variables);
        let answer = self.answer(&listing);
        if let Some(why) = &answer.refusal {
            diagnosis.problems.push(format!("{}: {why}; the built-in linter read the code instead", at()));
        }
        let Some(faults) = &answer.faults else {
            diagnosis.problems.push(unread("it is nested too deep, or the linter failed on it"));
            return diagnosis;
        };
        diagnosis.scripts = 1;
        diagnosis.diagnostics.extend(faults.iter().filter_map(|fault| {
            let range = at_least_a_character(listing.in_code(fault.range.clone())?, script.code.text());
            Some(Diagnostic {
                instruction: script.instruction,
                code: fault.code,
                severity: fault.severity,
                message: fault.message.clone(),
                span: script.code.place(range),
            })
        }));
        diagnosis
    }

    fn answer(&self, listing: &Listing) -> Arc<Answer> {
        let lock = || self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(listing) {
            return Arc::clone(known);
        }
        let (faults, refusal) = match self.shellcheck.and_then(|command| command.read(listing)) {
            Some(Ok(faults)) => (Some(faults), None),
            Some(Err(why)) => (builtin::read(listing), Some(why)),
            None => (builtin::read(listing), None),
        };
        let in_place = |fault: &Fault| !OUT_OF_PLACE.contains(&fault.code);
        let faults = faults.map(|faults| faults.into_iter().filter(in_place).collect());
        let answer = Arc::new(Answer { faults, refusal });
        lock().insert(listing.clone(), Arc::clone(&answer));
        answer
    }
}

/// A place between two characters as the one behind it, so that there is something to point at; at the end of the code
/// as the one before.
fn at_least_a_character(range: Range<usize>, text: &str) -> Range<usize> {
    if !range.is_empty() {
        return range;
    }
    let at = range.start.min(text.len());
    let next = text.get(at..).and_then(|rest| rest.chars().next()).filter(|c| *c != '\n');
    match next {
        Some(c) => at..at + c.len_utf8(),
        None => text.get(..at).and_then(|before| before.chars().next_back()).map_or(at..at, |c| at - c.len_utf8()..at),
    }
}
