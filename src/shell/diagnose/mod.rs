//! What is wrong with the shell code of RUN, under ShellCheck's codes.
//!
//! Two engines read code: a linter that is part of this program, and the `shellcheck` command where the caller lends a
//! way to run it. Both are given the same [`Listing`]; what they report is put back where it was written.

mod builtin;
mod listing;
mod shellcheck;

use rayon::prelude::*;

pub use shellcheck::ShellCheck;

use super::script::{Form, Script};
use crate::dockerfile::{Dockerfile, Env, Keyword};
use crate::rule::Severity;
use crate::text::Span;
use listing::{Language, Listing};

/// Longest code that is read, in bytes.
const MAX_CODE: usize = 64 * 1024;

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
    range: std::ops::Range<usize>,
}

/// Codes about what a Dockerfile has no use for: files that are sourced (1090, 1091), `#!` lines (1008, 1113 to 1115, 1128,
/// 2096, 2148, 2239), and that `dash` is meant by `ash` (2187).
const OUT_OF_PLACE: [u16; 11] = [1008, 1090, 1091, 1113, 1114, 1115, 1128, 2096, 2148, 2187, 2239];

/// Reads the code of every RUN, also inside ONBUILD: `scripts` are those of the Dockerfile, `environments` its variables
/// by instruction. Without a `shellcheck` the linter that is part of this program reads it, as it does what the command
/// cannot. Exec forms and code for shells of another family are left alone.
pub fn diagnose(
    dockerfile: &Dockerfile,
    scripts: &[Script],
    environments: &[Env],
    shellcheck: Option<&ShellCheck<'_>>,
) -> Diagnosis {
    let is_run = |script: &&Script| {
        let instruction = dockerfile.instructions.get(script.instruction);
        script.form != Form::Exec && instruction.is_some_and(|i| i.innermost().keyword == Keyword::Run)
    };
    let jobs: Vec<(&Script, Language)> = scripts
        .iter()
        .filter(is_run)
        .filter_map(|script| Some((script, Language::of(script.shell.as_deref()?)?)))
        .collect();
    let parts: Vec<Diagnosis> = jobs
        .into_par_iter()
        .map(|(script, language)| read(dockerfile, script, language, environments, shellcheck))
        .collect();
    let mut whole = Diagnosis::default();
    for part in parts {
        whole.diagnostics.extend(part.diagnostics);
        whole.problems.extend(part.problems);
        whole.scripts += part.scripts;
    }
    whole.diagnostics.sort_by_key(|d| (d.span, d.code));
    whole.diagnostics.dedup();
    whole.problems.sort();
    whole
}

fn read(
    dockerfile: &Dockerfile,
    script: &Script,
    language: Language,
    environments: &[Env],
    shellcheck: Option<&ShellCheck<'_>>,
) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    let source = &dockerfile.source;
    let line = || source.line(script.code.place(0..0).start);
    if script.code.text().len() > MAX_CODE {
        let limit = MAX_CODE / 1024;
        diagnosis.problems.push(format!(
            "{}:{}: the code is longer than {limit} KiB and was not read for shell pitfalls",
            source.path(),
            line()
        ));
        return diagnosis;
    }
    let listing = Listing::new(&script.code, language, environments.get(script.instruction));
    let asked = shellcheck.and_then(|command| command.read(&listing));
    let found = match asked {
        Some(Ok(faults)) => Some(faults),
        Some(Err(why)) => {
            diagnosis.problems.push(format!(
                "{}:{}: {why}; the built-in linter read the code instead",
                source.path(),
                line()
            ));
            builtin::read(&listing)
        }
        None => builtin::read(&listing),
    };
    let Some(faults) = found else {
        diagnosis.problems.push(format!("{}:{}: the code could not be read for shell pitfalls", source.path(), line()));
        return diagnosis;
    };
    diagnosis.scripts = 1;
    let known = faults.into_iter().filter(|fault| !OUT_OF_PLACE.contains(&fault.code));
    diagnosis.diagnostics.extend(known.filter_map(|fault| {
        let range = listing.in_code(fault.range)?;
        let Fault { code, severity, message, .. } = fault;
        let instruction = script.instruction;
        Some(Diagnostic { instruction, code, severity, message, span: script.code.place(range) })
    }));
    diagnosis
}
