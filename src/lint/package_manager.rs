//! What the rules about package managers share: packages without a version, calls that wait for an answer, and caches left
//! in a layer.

use super::{Facts, Reporter, Run};
use crate::finding::Finding;
use crate::rule::Params;
use crate::shell::{Manager, PackageArgument, PackageCall, RedirectKind, Task};

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

/// Reports each call with packages that are not pinned, on the first of them.
pub(super) fn report_unpinned(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    managers: &'static [Manager],
    help: &str,
    unpinned: impl Fn(&Run<'_>, &PackageArgument, &PackageCall) -> bool,
) {
    for (run, call) in calls(facts, report.params(), managers) {
        let packages: Vec<&PackageArgument> =
            call.packages.iter().filter(|package| is_name(package) && unpinned(&run, package, call)).collect();
        let Some(first) = packages.first() else { continue };
        let mut names: Vec<String> = packages.iter().take(NAMED).map(|package| format!("`{}`", package.text)).collect();
        let more = packages.len() - names.len();
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let (names, last) =
            (names.split_last().map_or(&[][..], |(_, rest)| rest).join(", "), names.last().map_or("", |n| n));
        let names = if names.is_empty() { last.to_owned() } else { format!("{names} and {last}") };
        let (is, each) = if packages.len() == 1 { ("is", "the version") } else { ("are", "each version") };
        let message = format!("{names} {is} installed in whatever version there is on the day of the build");
        let subject = packages.iter().map(|package| package.text.as_str()).collect::<Vec<_>>().join(" ");
        report.push(report.at(first.span, message).subject(subject).help(format!("name {each}, as in {help}")));
    }
}

/// Whether something is known of the package; `{}` stands for one in `find` and `xargs`.
fn is_name(package: &PackageArgument) -> bool {
    !package.is_unknown && !package.text.is_empty() && !package.text.contains("{}")
}

/// Reports each call that changes packages and waits for an answer nobody gives in a build.
pub(super) fn report_interactive(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    managers: &'static [Manager],
    help: &str,
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
        report.push(report.at(call.span, message).help(help));
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
    /// Whose.
    pub(super) managers: &'static [Manager],
    /// Where it may be; a clean-up or a mount of one is enough.
    pub(super) folders: &'static [&'static str],
    /// Managers that empty it.
    pub(super) cleaned_by: fn(&PackageCall, &PackageCall) -> bool,
    /// What to do.
    pub(super) help: &'static str,
}

/// Reports each call that `fills` the cache and is not followed by a clean-up in the same RUN. The page of the rule has a
/// parameter `discarded-stages`.
pub(super) fn report_cache_left(
    facts: &Facts<'_>,
    report: &mut Reporter<'_>,
    cache: &Cache,
    fills: impl Fn(&Run<'_>, &PackageCall) -> bool,
) {
    let takes_all = report.params().bool("discarded-stages");
    for run in facts.kept_runs(takes_all) {
        let mut filling = run.calls.iter().filter(|call| cache.managers.contains(&call.manager) && fills(&run, call));
        let left = filling.find(|call| !is_cleaned(&run, call, cache) && !run.mounts_over(cache.folders));
        if let Some(call) = left {
            report.push(left_behind(report, call, cache.help));
        }
    }
}

fn is_cleaned(run: &Run<'_>, call: &PackageCall, cache: &Cache) -> bool {
    let mut later = run.calls.iter().filter(|later| later.command > call.command && later.task == Task::Clean);
    later.any(|later| (cache.cleaned_by)(call, later)) || run.removes_after(call.command, cache.folders)
}

fn left_behind(report: &Reporter<'_>, call: &PackageCall, help: &str) -> Finding {
    let message = format!("`{}` leaves its downloads in the layer, where they only take up room", shown(call));
    report.at(call.span, message).help(help)
}
