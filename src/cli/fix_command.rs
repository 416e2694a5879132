//! The one command that makes the fixes that a report shows: `dockgate fix` with the options that had to do with which they are.

use super::args::{BuildArgs, CommonArgs, PolicyArgs};
use super::builds::Wanted;
use crate::check::Report;
use crate::finding::Fix;
use crate::text::escape;

/// `dockgate fix` with what it is given, and with options of the run: `of_image` are those that say which image was looked at.
pub(super) fn of(
    common: &CommonArgs,
    build: &BuildArgs,
    is_online: bool,
    of_image: &[(&str, Option<&str>)],
    given: Vec<String>,
) -> String {
    let PolicyArgs { policy, bundle, whitelists, global_whitelists, policy_from, vex, image_names } = &common.policies;
    let mut words = vec!["dockgate".to_owned(), "fix".to_owned()];
    let mut option = |name: &str, values: &mut dyn Iterator<Item = &String>| {
        words.extend(values.flat_map(|value| [name.to_owned(), quoted(value)]));
    };
    option("--policy", &mut Some(policy).filter(|policy| *policy != "default" && bundle.is_none()).into_iter());
    option("--bundle", &mut bundle.iter());
    option("--whitelist", &mut whitelists.iter());
    option("--global-whitelist", &mut global_whitelists.iter());
    option("--policy-from", &mut policy_from.iter());
    option("--vex", &mut vex.iter());
    option("--image-name", &mut image_names.iter());
    option("--select", &mut common.select.iter());
    option("--ignore", &mut common.ignore.iter());
    // Values of build arguments may be secrets: a name alone takes the value that the environment has.
    let names = build.build_args.iter().map(|given| given.split('=').next().unwrap_or_default().to_owned());
    option("--build-arg", &mut names.collect::<Vec<_>>().iter());
    option("--target", &mut build.target.iter());
    option("--platform", &mut build.platform.iter());
    for (name, value) in of_image {
        option(name, &mut value.map(str::to_owned).iter());
    }
    words.extend(is_online.then(|| "--online".to_owned()));
    words.extend(given.iter().map(|word| quoted(word)));
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let text = escape::line(word).into_owned();
    let is_plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-+:@%=,".contains(&b));
    if is_plain && !text.is_empty() { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// What `fix` is given to see what `check` sees.
pub(super) fn words_of_check(wanted: Wanted<'_>) -> Vec<String> {
    let options = [
        ("--context", wanted.contexts.iter().map(|path| path.to_string_lossy().into_owned()).collect::<Vec<_>>()),
        ("--build-context", wanted.build_contexts.to_vec()),
        ("--service", wanted.services.to_vec()),
    ];
    let options = options.into_iter().flat_map(|(name, values)| values.into_iter().flat_map(|v| [name.to_owned(), v]));
    options.chain(wanted.file.map(|file| file.to_string_lossy().into_owned())).collect()
}

/// What the command does about the fixes of a report.
pub(super) fn how_to_fix(report: &Report, command: &str) -> String {
    let fixes = report.findings.iter().filter(|judged| judged.waived.is_none()).filter_map(|j| j.finding.fix.as_ref());
    let (safe, others): (Vec<&Fix>, Vec<&Fix>) = fixes.partition(|fix| fix.is_safe());
    let fixes = |n: usize, kind: &str| if n == 1 { format!("the {kind}fix") } else { format!("the {n} {kind}fixes") };
    let others_of = |n: usize| if n == 1 { "the other".to_owned() } else { format!("the {n} others") };
    match (safe.len(), others.len()) {
        (0, 0) => "No finding has a fix".to_owned(),
        (0, n) => format!("`{command} --unsafe` makes {}; look at what it changes", fixes(n, "")),
        (n, 0) => format!("`{command}` makes {}", fixes(n, "")),
        (n, m) => format!("`{command}` makes {}, with `--unsafe` also {}", fixes(n, "safe "), others_of(m)),
    }
}
