//! The files of packages held against what the distribution's database has recorded of them.

use std::collections::BTreeMap;

use super::{Facts, Reporter};
use crate::finding::Finding;
use crate::packages::{Difference, RecordedFile};

/// Files of one package told one by one; where one layer changes or removes more, they are told together.
const MAX_TOLD: usize = 10;
/// Files named in such a finding.
const MAX_NAMED: usize = 3;

/// What files have in common: the package, the layer that changed or removed them, and whether they are missing.
type Group<'a> = (&'a str, Option<usize>, bool);

/// Files that are not as their package brought them, or are not there.
pub fn package_file_altered(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(recorded) = facts.recorded else {
        let message = "the files of packages were not held against their records: the image was read without them";
        return report.push(report.on_image(message));
    };
    let params = report.params();
    let is_meant = |file: &&RecordedFile| {
        let (names, folders) = (params.list("names"), params.list("directories"));
        (names.is_empty() || names.contains(&file.package))
            && (folders.is_empty() || folders.iter().any(|folder| file.path.starts_with(folder.as_str())))
    };
    let has_packages = facts.packages.of_distribution().next().is_some();
    if recorded.files.is_empty() && recorded.left_out.is_empty() && has_packages {
        let message = "the files of packages were not held against their records: the database has none";
        return report.push(report.on_image(message));
    }
    let only = params.str("only");
    let differing =
        recorded.files.iter().filter(is_meant).filter_map(|file| Some((file, file.difference(facts.tree)?)));
    let (mut changed, mut missing) = (Vec::new(), Vec::new());
    for (file, difference) in differing {
        match difference {
            Difference::Missing if only != "changed" => missing.push(file),
            Difference::Changed(what) if only != "missing" => changed.push((file, what)),
            _ => {}
        }
    }
    let mut groups: BTreeMap<Group<'_>, Vec<(&RecordedFile, String)>> = BTreeMap::new();
    for (file, what) in changed {
        let layer = facts.tree.landed(&file.path).map(|node| node.layer);
        let message = format!(
            "{} of the package {} is not as the package brought it: {}",
            file.path,
            file.package,
            what.join(", ")
        );
        groups.entry((&file.package, layer, false)).or_default().push((file, message));
    }
    // Layers may call a file by another name than the database does: `/usr/bin/x` where that has `/bin/x`.
    let places: Vec<Option<String>> = missing.iter().map(|file| facts.tree.place_of(&file.path)).collect();
    let names = missing.iter().map(|file| file.path.as_str()).chain(places.iter().flatten().map(String::as_str));
    let removals = facts.image.removals(names);
    for (file, place) in missing.into_iter().zip(&places) {
        let names = [Some(file.path.as_str()), place.as_deref()];
        let layer = names.into_iter().flatten().filter_map(|name| removals.get(name)).max().copied();
        let why = if layer.is_some() { "was removed" } else { "is not there" };
        let message = format!("{} of the package {} {why}", file.path, file.package);
        groups.entry((&file.package, layer, true)).or_default().push((file, message));
    }
    for ((package, layer, is_missing), mut files) in groups {
        // A file that several databases or architectures list is one file.
        files.dedup_by(|(b, _), (a, _)| a.path == b.path);
        if files.len() > MAX_TOLD {
            let named: Vec<&str> = files.iter().take(MAX_NAMED).map(|(file, _)| file.path.as_str()).collect();
            let (named, more, is) =
                (named.join(", "), files.len() - MAX_NAMED, if is_missing { "missing" } else { "changed" });
            let message = format!("{} files of the package {package} are {is}: {named} and {more} more", files.len());
            report.push(placed(facts, report, package, layer, None, message).subject(package));
            continue;
        }
        for (file, message) in files {
            report.push(placed(facts, report, package, layer, Some(&file.path), message).subject(&*file.path));
        }
    }
}

/// At the layer that changed or removed the file; where none did, at the one that brought the package.
fn placed(
    facts: &Facts<'_>,
    report: &Reporter<'_>,
    package: &str,
    layer: Option<usize>,
    path: Option<&str>,
    message: String,
) -> Finding {
    match layer.or_else(|| facts.package_history.layer_of(package)) {
        Some(layer) => report.in_layer(layer, path, message),
        None => report.on_image(message),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use crate::image::{Checksums, Entry, EntryKind};
    use crate::packages::{Recorded, RecordedDigest, RecordedFile};

    fn with_md5(path: &str, md5: u8) -> Entry {
        Entry { checksums: Some(Box::new(Checksums { md5: [md5; 16], sha1: [0; 20] })), ..file(path) }
    }

    fn recorded(package: &str, path: &str) -> RecordedFile {
        RecordedFile {
            package: package.to_owned(),
            path: path.to_owned(),
            digest: Some(RecordedDigest::Md5([1; 16])),
            ..RecordedFile::default()
        }
    }

    fn case() -> Case {
        let mut case = Case::new(1)
            .layer([with_md5("/bin/a", 1), with_md5("/bin/b", 1), with_md5("/etc/c", 1)], [])
            .packages([("one", "1"), ("two", "2")]);
        case = case.layer([with_md5("/bin/b", 2)], []).layer([], ["/etc/c"]);
        let files = vec![
            recorded("one", "/bin/a"),
            recorded("one", "/bin/b"),
            recorded("two", "/etc/c"),
            recorded("two", "/usr/never"),
        ];
        case.recorded = Some(of(files));
        case
    }

    fn of(files: Vec<RecordedFile>) -> Recorded {
        let mut recorded = Recorded::default();
        recorded.files = files;
        recorded
    }

    const CHANGED: &str = "1 /bin/b of the package one is not as the package brought it: its content differs";
    const REMOVED: &str = "2 /etc/c of the package two was removed";
    const MISSING: &str = "0 /usr/never of the package two is not there";

    #[test]
    fn files_are_told_at_the_layer_that_changed_or_removed_them() {
        assert_eq!(messages(&case().run("package-file-altered", &[])), [CHANGED, MISSING, REMOVED]);
        for (params, expected) in [
            (&[("only", "changed")][..], &[CHANGED][..]),
            (&[("only", "missing")], &[MISSING, REMOVED]),
            (&[("names", "one")], &[CHANGED]),
            (&[("directories", "/etc")], &[REMOVED]),
            (&[("directories", "/var")], &[]),
        ] {
            assert_eq!(messages(&case().run("package-file-altered", params)), expected, "{params:?}");
        }
    }

    #[test]
    fn a_file_that_layers_call_by_another_name_is_told_where_it_was_removed() {
        let link = Entry { link: Some("usr/bin".to_owned()), ..Entry::new("/bin", EntryKind::Symlink) };
        let mut case = Case::new(1).layer([with_md5("/usr/bin/b", 1), link], []).packages([("one", "1")]);
        case = case.layer([], ["/usr/bin/b"]);
        case.recorded = Some(of(vec![recorded("one", "/bin/b")]));
        let told = messages(&case.run("package-file-altered", &[]));
        assert_eq!(told, ["1 /bin/b of the package one was removed"]);
    }

    #[test]
    fn many_files_of_a_package_are_told_together() {
        let mut case = case();
        let files = (0..12).map(|n| recorded("two", &format!("/usr/share/doc/{n:02}"))).collect();
        case.recorded = Some(of(files));
        assert_eq!(
            messages(&case.run("package-file-altered", &[])),
            [
                "0 12 files of the package two are missing: /usr/share/doc/00, /usr/share/doc/01, /usr/share/doc/02 and 9 more"
            ]
        );
    }

    #[test]
    fn without_records_nothing_passes_in_silence() {
        let mut case = case();
        case.recorded = Some(Recorded::default());
        let told = messages(&case.run("package-file-altered", &[]));
        assert_eq!(told, ["- the files of packages were not held against their records: the database has none"]);
        let mut bare = Case::new(0).layer([], []);
        bare.recorded = Some(Recorded::default());
        assert!(bare.run("package-file-altered", &[]).is_empty());
    }
}
