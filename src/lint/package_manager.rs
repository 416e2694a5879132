//! What the rules about package managers share: packages without a version, calls that wait for an answer, and caches left
//! in a layer.

use std::collections::BTreeMap;

use super::{Facts, Reporter, Run, edits};
use crate::finding::Fix;
use crate::rule::Params;
use crate::shell::{Manager, PackageArgument, PackageCall, RedirectKind, Task};
use crate::text::Edit;

/// Packages named in a message; the rest is counted.
const NAMED: usize = 5;

/// Every call of some package managers, with the RUN it is in. A page with a parameter `programs` asks for those only.
pub(super) fn calls<'a, 'p>(
    facts: &Facts<'a>,
    params: &'p Params,
    managers: &'static [Manager],
) -> impl Iterator<Item = (Run<'a>, &'a PackageCall)> + use<'a, 'p> {
    let programs = params.list("programs");
    let is_wanted = move |call: &PackageCall| {
        managers.contains(&call.manager) && (programs.is_empty() || programs.contains(&call.program))
    };
    facts.runs().flat_map(|run| run.calls.iter().map(move |call| (run, call))).filter(move |(_, call)| is_wanted(call))
}

/// A call as messages name it: `apt-get install`.
pub(super) fn shown(call: &PackageCall) -> String {
    format!("{} {}", call.program, call.verb).trim_end().to_owned()
}

/// Tells whether the name of a package fixes its version.
pub(super) type IsFixed = fn(&str) -> bool;

/// Reports each call with packages whose version is not fixed, on the first of them. `judge` gives the way to tell for
/// the packages of a call; `None` leaves the call alone.
pub(super) fn report_unpinned(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    managers: &'static [Manager],
    help: &str,
    judge: impl Fn(&Run<'_>, &PackageCall) -> Option<IsFixed>,
) {
    for (run, call) in calls(facts, report.params(), managers) {
        let Some(is_fixed) = judge(&run, call) else { continue };
        let unpinned = call.packages.iter().filter(|package| is_name(package) && !is_fixed(&package.text));
        let unpinned: Vec<&PackageArgument> = unpinned.collect();
        let Some(first) = unpinned.first() else { continue };
        let texts: Vec<&str> = unpinned.iter().map(|package| package.text.as_str()).collect();
        let (is, each) = if texts.len() == 1 { ("is", "the version") } else { ("are", "each version") };
        let message = format!("{} {is} installed in whatever version there is on the day of the build", listed(&texts));
        let finding = report.at(first.span, message).subject(texts.join(" "));
        report.push(finding.help(format!("name {each}, as in {help}")));
    }
}

/// `a`, `b` and 3 more.
fn listed(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    if names.len() > shown.len() {
        shown.push(format!("{} more", names.len() - shown.len()));
    }
    match shown.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => shown.concat(),
    }
}

/// Whether something is known of the package; `{}` stands for one in `find` and `xargs`.
fn is_name(package: &PackageArgument) -> bool {
    !package.is_unknown && !package.text.is_empty() && !package.text.contains("{}")
}

/// Puts the option that answers into a call.
pub(super) type Answer = fn(&Facts<'_>, &Run<'_>, &PackageCall) -> Option<Edit>;

/// `-y` behind the task.
pub(super) const YES: Answer = |facts, run, call| edits::option_of_task(facts, run, call, "-y");

/// Reports each call that changes packages and waits for an answer nobody gives in a build.
pub(super) fn report_interactive(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    managers: &'static [Manager],
    help: &str,
    answer: Answer,
    is_answered: impl Fn(&PackageCall) -> bool,
) {
    for (run, call) in calls(facts, report.params(), managers) {
        let asks = match call.task {
            Task::Upgrade | Task::UpgradeRelease => true,
            Task::Install | Task::InstallGroup | Task::InstallModule | Task::Remove => {
                !call.packages.is_empty() || call.has(&["-f", "--fix-broken"])
            }
            Task::Update | Task::Clean | Task::Other => false,
        };
        if !asks || call.has_unknown_options || is_answered(call) || has_input(&run, call) {
            continue;
        }
        let message =
            format!("`{}` asks before it goes on, and in a build nobody answers, so the step fails", shown(call));
        let mut finding = report.at(call.span, message).help(help);
        finding.fix = answer(facts, &run, call).map(|edit| Fix::safe("answer yes", vec![edit]));
        report.push(finding);
    }
}

/// Whether something is on the command's standard input: `yes | …`, `… <<< y`.
fn has_input(run: &Run<'_>, call: &PackageCall) -> bool {
    let Some(command) = run.script.commands.get(call.command) else { return false };
    let is_redirected = command.redirects.iter().any(|redirect| {
        matches!(redirect.kind, RedirectKind::Input | RedirectKind::HereDocument | RedirectKind::HereString)
    });
    is_redirected || command.pipeline.is_some_and(|at| at.element > 0)
}

/// A cache that a package manager leaves behind.
pub(super) struct Cache {
    /// Where it may be; a clean-up or a mount of one is enough.
    pub(super) folders: &'static [&'static str],
    /// Whether the second call, which cleans, empties what the first one left.
    pub(super) is_cleaned_by: fn(&PackageCall, &PackageCall) -> bool,
    /// What to do.
    pub(super) help: &'static str,
    /// What keeps all of what the calls download out of the layer.
    pub(super) clean: Clean,
}

/// How the downloads of calls are kept out of the layer.
pub(super) enum Clean {
    /// By a command at the end of the RUN: what the call's program is asked to do.
    AtEnd(&'static str),
    /// By an option behind the task of each call.
    Option(&'static str),
}

/// Reports each RUN with calls that fill the cache and are not followed by a clean-up in it. The page of the rule has a
/// parameter `discarded-stages`.
pub(super) fn report_cache_left(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    cache: &Cache,
    filling: impl for<'a> Fn(&Run<'a>) -> Vec<&'a PackageCall>,
) {
    for run in facts.kept_runs(report.params().bool("discarded-stages")) {
        let filling = filling(&run);
        // What cleans up behind the last call of a program cleans up behind all.
        let last: BTreeMap<&str, &PackageCall> = filling.iter().map(|call| (call.program.as_str(), *call)).collect();
        if last.is_empty() || run.mounts_over(cache.folders) {
            continue;
        }
        let removed = run.last_removal(cache.folders);
        let cleaning: Vec<&PackageCall> = run.calls.iter().filter(|call| call.task == Task::Clean).collect();
        let is_left = |call: &&PackageCall| {
            let mut later = cleaning.iter().filter(|later| later.command > call.command);
            removed.is_none_or(|removed| removed < call.command)
                && !later.any(|later| (cache.is_cleaned_by)(call, later))
        };
        if let Some(call) = last.into_values().filter(is_left).min_by_key(|call| call.command) {
            let message = format!("`{}` leaves its downloads in the layer, where they only take up room", shown(call));
            let mut finding = report.at(call.span, message).help(cache.help);
            finding.fix = match cache.clean {
                Clean::AtEnd(task) => {
                    let command = format!("{} {task}", call.program);
                    let edit = edits::command_at_end(facts, &run, call, &command);
                    edit.map(|edit| Fix::safe(format!("end with `{command}`"), vec![edit]))
                }
                Clean::Option(option) => {
                    let edits = filling.iter().map(|call| edits::option_of_task(facts, &run, call, option));
                    let edits = edits.collect::<Option<Vec<Edit>>>();
                    edits.map(|edits| Fix::safe(format!("give it `{option}`"), edits))
                }
            };
            report.push(finding);
        }
    }
}
