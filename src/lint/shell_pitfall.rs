use super::{Facts, Reporter, edits};
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
        2046 | 2086 if code.starts_with('$') && !code.contains(['\n', '"']) => {
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
