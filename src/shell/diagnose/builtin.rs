//! The linter that is part of this program: that of the shuck crates, whose types do not leave this file.

use std::collections::HashMap;
use std::sync::LazyLock;

use shuck_linter::{AnalysisRequest, LinterSettings, Rule, ShellCheckCodeMap, ShellCheckLevel, ShellDialect};

use shuck_parser::parser::ParseResult;

use super::listing::{Language, Listing};
use super::{Fault, OUT_OF_PLACE};
use crate::rule::Severity;
use crate::shell::collect::{parse, problem};
use crate::shell::guard::guarded;

/// Codes that ShellCheck reports only when it is asked to.
const OPTIONAL: [u16; 10] = [2230, 2243, 2244, 2248, 2249, 2250, 2292, 2310, 2311, 2312];

/// ShellCheck's code for what is not shell syntax.
const NO_SYNTAX: u16 = 1072;
/// ShellCheck's code for variables that `sh` does not set.
const BASH_VARIABLE: u16 = 3028;
/// Variables that bash sets.
const OF_BASH: [&str; 19] = [
    "BASHOPTS",
    "BASHPID",
    "BASH_REMATCH",
    "BASH_SOURCE",
    "BASH_VERSINFO",
    "DIRSTACK",
    "EPOCHREALTIME",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HOSTNAME",
    "HOSTTYPE",
    "MACHTYPE",
    "OSTYPE",
    "PIPESTATUS",
    "RANDOM",
    "SECONDS",
    "UID",
];
/// Those whose value bash alone makes, whatever they were set to.
const ALWAYS_OF_BASH: [&str; 2] = ["RANDOM", "SECONDS"];

/// The rules that have a code, and the settings to run them with.
struct Linter {
    codes: HashMap<Rule, (u16, Severity)>,
    map: ShellCheckCodeMap,
    settings: Vec<(Language, LinterSettings)>,
}

static LINTER: LazyLock<Linter> = LazyLock::new(|| {
    let map = ShellCheckCodeMap::default();
    let coded = Rule::iter().filter_map(|rule| {
        let code = u16::try_from(map.code_for_rule(rule)?).ok()?;
        let severity = match shuck_linter::rule_metadata(rule)?.shellcheck_level? {
            ShellCheckLevel::Error => Severity::Error,
            ShellCheckLevel::Warning => Severity::Warning,
            ShellCheckLevel::Info => Severity::Info,
            ShellCheckLevel::Style => Severity::Style,
        };
        let is_wanted = !OPTIONAL.contains(&code) && !OUT_OF_PLACE.contains(&code);
        is_wanted.then_some((rule, (code, severity)))
    });
    let codes: HashMap<Rule, (u16, Severity)> = coded.collect();
    let settings = |language| {
        let rules = codes.keys().copied();
        let settings = LinterSettings::for_rules(rules).with_shell(dialect(language));
        // Nothing is read from disk: the files that code sources are in an image.
        (language, settings.with_resolve_source_closure(false))
    };
    let settings = Language::ALL.into_iter().map(settings).collect();
    Linter { codes, map, settings }
});

fn dialect(language: Language) -> ShellDialect {
    match language {
        Language::Sh => ShellDialect::Sh,
        Language::Dash => ShellDialect::Dash,
        Language::Bash => ShellDialect::Bash,
        Language::Ksh => ShellDialect::Ksh,
        Language::Mksh => ShellDialect::Mksh,
        Language::Zsh => ShellDialect::Zsh,
    }
}

/// The faults in a listing; `None` when it could not be read.
pub(super) fn read(listing: &Listing) -> Option<Vec<Fault>> {
    guarded(|| lint(listing)).flatten()
}

fn lint(listing: &Listing) -> Option<Vec<Fault>> {
    let linter = &*LINTER;
    let (_, settings) = linter.settings.iter().find(|(language, _)| *language == listing.language)?;
    let text = listing.text();
    let parsed = parse(text, listing.language.dialect());
    if is_beyond_limits(&parsed) {
        return None;
    }
    let request = AnalysisRequest::from_parse_result(&parsed, text, settings);
    // `# shellcheck disable=…` in a here-document; to look for it costs time.
    let request = match text.contains("shellcheck") {
        true => request.with_shellcheck_map(&linter.map),
        false => request.without_suppressions(),
    };
    let fault = |found: shuck_linter::Diagnostic| {
        let (code, severity) = *linter.codes.get(&found.rule)?;
        let range = found.span.start.offset()..found.span.end.offset();
        Some(Fault { code, severity, message: found.message, range })
    };
    let analysis = request.analyze();
    let mut faults: Vec<Fault> = analysis.diagnostics.into_iter().filter_map(fault).collect();
    if matches!(listing.language, Language::Sh | Language::Dash) {
        let read = analysis.semantic.references().iter().filter(|reference| {
            let name = reference.name.as_str();
            let is_set = || !analysis.semantic.bindings_for(&reference.name).is_empty();
            OF_BASH.contains(&name) && (ALWAYS_OF_BASH.contains(&name) || !is_set())
        });
        faults.extend(read.map(|reference| Fault {
            code: BASH_VARIABLE,
            severity: Severity::Warning,
            message: format!("only bash sets `{}`", reference.name.as_str()),
            range: reference.span.start.offset()..reference.span.end.offset(),
        }));
    }
    if listing.language == Language::Dash {
        faults.iter_mut().filter(|fault| (3000..4000).contains(&fault.code)).for_each(as_of_dash);
    }
    // The linter has rules for some errors of syntax; ShellCheck has a word for all.
    if let Some((why, at)) = problem(&parsed)
        && !faults.iter().any(|fault| fault.code < 2000 && fault.severity == Severity::Error)
    {
        let message = format!("this is not shell syntax: {why}");
        faults.push(Fault { code: NO_SYNTAX, severity: Severity::Error, message, range: at..at });
    }
    Some(faults)
}

/// What is merely undefined in `sh` does not work in `dash`, which has a code of its own for the flags of `echo`.
fn as_of_dash(fault: &mut Fault) {
    fault.severity = Severity::Error;
    if fault.code == 3037 {
        fault.code = 3036;
    }
}

/// Whether the grammar gave up because the code is too deep or too long for it: such an error has no place.
fn is_beyond_limits(parsed: &ParseResult) -> bool {
    matches!(parsed.terminal_error, Some(shuck_parser::Error::Parse { line: 0, .. }))
}
