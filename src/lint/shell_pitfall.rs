use super::{Facts, Reporter, chain, edits};
use crate::dockerfile::Lookup;
use crate::finding::Fix;
use crate::shell::Diagnostic;
use crate::text::{Edit, Span};

/// Reports what the shell linter finds in the code of RUN, each under its code and as bad as ShellCheck says.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for diagnostic in facts.shell_diagnostics {
        let mut finding = report.at(diagnostic.span, &diagnostic.message).severity(diagnostic.severity);
        let Some(code) = finding.rule().code(diagnostic.code) else { continue };
        finding.fix = mended(facts, diagnostic).map(|(what, edits)| Fix::unsafe_(what, edits));
        report.push(
            finding.code(code).help(format!("read what to write instead: https://www.shellcheck.net/wiki/{code}")),
        );
    }
}

/// What to write instead where that is plain from the code alone.
fn mended(facts: &Facts<'_>, diagnostic: &Diagnostic) -> Option<(&'static str, Vec<Edit>)> {
    let span = diagnostic.span;
    let code = facts.dockerfile.source.slice(span);
    match diagnostic.code {
        2046 | 2086 if code.starts_with('$') && !code.contains(['\n', '"']) && is_one_word(facts, diagnostic, code) => {
            Some(("put it in quotes", vec![edits::insert(span.start, "\""), edits::insert(span.end, "\"")]))
        }
        2006 => {
            let inside = code.strip_prefix('`')?.strip_suffix('`').filter(|inside| !inside.contains(['`', '\\']))?;
            let end = span.start + 1 + inside.len();
            let edits = vec![
                edits::replace(Span::new(span.start, span.start + 1), "$("),
                edits::replace(Span::new(end, span.end), ")"),
            ];
            Some(("write it as `$(…)`", edits))
        }
        2164 if code.starts_with("cd") && !code.contains(['\n', ';', '&', '|']) => {
            Some(("end when there is no such folder", vec![edits::insert(span.end, " || exit")]))
        }
        2035 if code.starts_with('*') => Some(("begin it with `./`", vec![edits::insert(span.start, "./")])),
        _ => None,
    }
}

/// Programs that say one thing in one line.
const OF_ONE_WORD: [&str; 20] = [
    "arch",
    "basename",
    "date",
    "dirname",
    "getconf",
    "hostname",
    "id",
    "lsb_release",
    "mktemp",
    "nproc",
    "pwd",
    "readlink",
    "realpath",
    "sha256sum",
    "sysctl",
    "tty",
    "uname",
    "uuidgen",
    "which",
    "whoami",
];
/// What the names of variables end in that hold lists.
const OF_LISTS: [&str; 20] = [
    "ARGS",
    "ARGUMENTS",
    "COMPONENTS",
    "DEPENDENCIES",
    "DEPS",
    "DIRS",
    "EXTENSIONS",
    "EXTRA",
    "EXTRAS",
    "FILES",
    "FLAGS",
    "LIST",
    "MODULES",
    "OPTIONS",
    "OPTS",
    "PACKAGES",
    "PARAMS",
    "PKGS",
    "PLATFORMS",
    "REQUIREMENTS",
];

/// Whether an expansion is meant to be one word: in quotes, a list would be one too, and nothing at all would be an empty one.
fn is_one_word(facts: &Facts<'_>, diagnostic: &Diagnostic, code: &str) -> bool {
    if let Some(command) = code.strip_prefix("$(") {
        let mut words = command.trim_end_matches(')').split_whitespace();
        let name = words.next().unwrap_or_default();
        let is_version = command.contains("--version")
            || command.contains("--print-architecture")
            || command.starts_with("command -v ");
        return !command.contains(['|', '&', ';', '$', '`']) && (OF_ONE_WORD.contains(&name) || is_version);
    }
    let name = code.trim_start_matches(['$', '{']);
    let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let is_word = |value: &str| !value.is_empty() && !value.contains(char::is_whitespace);
    let script = facts.scripts.binary_search_by_key(&diagnostic.instruction, |script| script.instruction);
    let commands =
        script.ok().and_then(|at| facts.scripts.get(at)).map_or(&[][..], |script| script.commands.as_slice());
    let mut assigned = commands
        .iter()
        .take(chain::MAX_COMMANDS)
        .flat_map(|command| &command.assignments)
        .filter(|assignment| assignment.name == name);
    let env = facts.environments.get(diagnostic.instruction).and_then(|env| env.get(name));
    let is_list = OF_LISTS.iter().any(|end| name.to_ascii_uppercase().ends_with(end));
    match env {
        _ if assigned.any(|assignment| assignment.value.as_deref().is_some_and(|value| !is_word(value))) => false,
        Some(value) => is_word(value),
        None => !is_list,
    }
}
