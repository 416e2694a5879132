//! Whether the distribution an image is made of still gets security fixes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use toml::Value;

use super::{Facts, Reporter};
use crate::image::Tree;
use crate::policy::Date;

/// Files that tell which distribution it is, the first that is there wins.
const RELEASE_FILES: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

pub(super) fn is_release_file(path: &str) -> bool {
    RELEASE_FILES.contains(&path)
}

/// A distribution: its name for people, and the last day of each version.
struct Distro {
    name: String,
    ends: BTreeMap<String, Date>,
}

/// By `ID` of os-release(5).
static DISTROS: LazyLock<BTreeMap<String, Distro>> = LazyLock::new(|| {
    // A test reads the table whole; one that could not be read would judge nothing.
    let table: BTreeMap<String, BTreeMap<String, Value>> =
        toml::from_str(include_str!("../../rules/eol/distros.toml")).unwrap_or_default();
    let distro = |versions: BTreeMap<String, Value>| {
        let name = versions.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let end = |(version, day): (String, Value)| Some((version, Date::parse(&day.as_datetime()?.to_string())?));
        Distro { name, ends: versions.into_iter().filter_map(end).collect() }
    };
    table.into_iter().map(|(id, versions)| (id, distro(versions))).collect()
});

/// A field of os-release(5), without its quotes; empty when the file does not have it, `None` when there is no file.
pub(super) fn release_field(tree: &Tree, name: &str) -> Option<String> {
    let content = RELEASE_FILES.iter().find_map(|file| tree.resolve(file)?.entry.content.as_deref())?;
    let release = String::from_utf8_lossy(content);
    let value = release.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='));
    Some(value.unwrap_or_default().trim_matches(['"', '\'']).to_owned())
}

/// Tells that the distribution of the image is past its end.
pub fn base_end_of_life(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let field = |name: &str| release_field(facts.tree, name).unwrap_or_default();
    let (id, version) = (field("ID"), field("VERSION_ID"));
    let Some(distro) = DISTROS.get(&id) else { return };
    // The longest version that fits: 15.6 before 15.
    let fits = |known: &str| version.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let Some((_, end)) = distro.ends.iter().filter(|(known, _)| fits(known)).max_by_key(|(known, _)| known.len())
    else {
        return;
    };
    if facts.today > *end {
        let message = format!("{} {version} has had no security fixes since {end}", distro.name);
        report.push(report.on_image(message).subject(format!("{id} {version}")).help("take a base of a newer release"));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, messages, text};
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let text = include_str!("../../rules/eol/distros.toml");
        let days = text.lines().filter(|line| line.starts_with('"')).count();
        assert_eq!(DISTROS.values().map(|distro| distro.ends.len()).sum::<usize>(), days);
        assert!(DISTROS.values().all(|distro| !distro.name.is_empty()));
    }

    #[test]
    fn a_release_is_held_against_the_day_of_the_run() {
        let said = |release: &str| {
            let case = Case::new(0).layer([text("/etc/os-release", release)], []);
            messages(&case.run("base-end-of-life", &[])).pop().unwrap_or_default()
        };
        assert_eq!(
            said("NAME=\"Debian\"\nID=debian\nVERSION_ID=\"10\"\n"),
            "- Debian 10 has had no security fixes since 2024-06-30"
        );
        assert_eq!(
            said("ID=alpine\nVERSION_ID=3.9.6\n"),
            "- Alpine Linux 3.9.6 has had no security fixes since 2020-11-01"
        );
        assert_eq!(
            said("ID=\"ol\"\nVERSION_ID=\"7.9\"\n"),
            "- Oracle Linux 7.9 has had no security fixes since 2024-12-01"
        );
        // The run is on 2026-06-01.
        for lasting in
            ["ID=debian\nVERSION_ID=12\n", "ID=alpine\nVERSION_ID=3.90.1\n", "ID=arch\n", "VERSION_ID=10\n", ""]
        {
            assert_eq!(said(lasting), "", "{lasting}");
        }
    }
}
