use super::{Facts, Reporter};

/// Reports what the shell linter finds in the code of RUN, each under its code and as bad as ShellCheck says.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for diagnostic in facts.shell_diagnostics {
        let finding = report.at(diagnostic.span, &diagnostic.message).severity(diagnostic.severity);
        let Some(code) = finding.rule().code(diagnostic.code) else { continue };
        report.push(
            finding.code(code).help(format!("read what to write instead: https://www.shellcheck.net/wiki/{code}")),
        );
    }
}
