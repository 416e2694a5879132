//! Caches that package managers leave in a layer.

use std::collections::BTreeMap;

use super::bytes::{MEGABYTE, shown};
use super::{Facts, Reporter};
use crate::image::{Change, EntryKind};

/// A manager's caches: folders at these absolute paths, and hidden folders of these names anywhere.
struct Cache {
    manager: &'static str,
    at: &'static [&'static str],
    within: &'static [&'static str],
    help: &'static str,
}

const CACHES: [Cache; 12] = [
    Cache {
        manager: "apt",
        at: &["/var/lib/apt/lists/"],
        within: &[],
        help: "end the RUN with `rm -rf /var/lib/apt/lists/*`, or mount the folder with `--mount=type=cache`",
    },
    Cache {
        manager: "apt",
        at: &["/var/cache/apt/"],
        within: &[],
        help: "end the RUN with `apt-get clean`, or mount the folder with `--mount=type=cache`",
    },
    Cache {
        manager: "apk",
        at: &["/var/cache/apk/", "/etc/apk/cache/"],
        within: &[],
        help: "use `apk add --no-cache`",
    },
    Cache {
        manager: "dnf",
        at: &["/var/cache/dnf/", "/var/cache/libdnf5/", "/var/cache/yum/"],
        within: &[],
        help: "end the RUN with `dnf clean all` (or `yum clean all`)",
    },
    Cache { manager: "zypper", at: &["/var/cache/zypp/"], within: &[], help: "end the RUN with `zypper clean --all`" },
    Cache {
        manager: "pacman",
        at: &["/var/cache/pacman/pkg/"],
        within: &[],
        help: "end the RUN with `pacman -Scc --noconfirm`",
    },
    Cache {
        manager: "pip",
        at: &[],
        within: &["/.cache/pip/", "/.cache/uv/"],
        help: "use `pip install --no-cache-dir`",
    },
    Cache { manager: "npm", at: &[], within: &["/.npm/_cacache/"], help: "end the RUN with `npm cache clean --force`" },
    Cache {
        manager: "yarn",
        at: &["/usr/local/share/.cache/yarn/"],
        within: &["/.cache/yarn/", "/.yarn/berry/cache/"],
        help: "end the RUN with `yarn cache clean`",
    },
    Cache {
        manager: "Go",
        at: &[],
        within: &["/.cache/go-build/"],
        help: "mount it with `--mount=type=cache`, or build in a stage of its own",
    },
    Cache {
        manager: "Cargo",
        at: &[],
        within: &["/.cargo/registry/cache/"],
        help: "mount it with `--mount=type=cache`, or build in a stage of its own",
    },
    Cache {
        manager: "Composer",
        at: &[],
        within: &["/.composer/cache/", "/.cache/composer/"],
        help: "use `composer install --no-cache`",
    },
];

/// The cache a file belongs to.
fn cache_of(path: &str) -> Option<&'static Cache> {
    // Folders of any place are hidden ones, which few files are in.
    let is_hidden = path.contains("/.");
    let holds = |cache: &&Cache| {
        cache.at.iter().any(|folder| path.starts_with(folder))
            || is_hidden && cache.within.iter().any(|folder| path.contains(folder))
    };
    // dpkg's own files in these folders are small and meant to stay.
    let is_kept = ["/lock", "/partial", "/auxfiles"].iter().any(|kept| path.ends_with(kept));
    if is_kept { None } else { CACHES.iter().find(holds) }
}

/// Caches that layers of the image's own bring, whether they are still there or removed later.
pub fn package_cache_left(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let base = facts.base.as_ref().map_or(0, |base| base.layers);
    let threshold = u64::try_from(report.params().int("threshold-mb")).unwrap_or(0).saturating_mul(MEGABYTE);
    for layer in facts.image.layers.iter().skip(base) {
        let mut found: BTreeMap<(&str, &str), Found<'_>> = BTreeMap::new();
        for change in &layer.changes {
            let Change::Add(entry) = change else { continue };
            let Some(cache) = cache_of(&entry.path).filter(|_| entry.kind == EntryKind::File) else { continue };
            let one = found.entry((cache.manager, cache.help)).or_insert(Found {
                cache,
                size: 0,
                first: &entry.path,
                is_there: false,
            });
            one.size += entry.size;
            one.is_there |= facts.tree.get(&entry.path).is_some_and(|node| node.layer == layer.index);
        }
        for ((manager, _), found) in found.into_iter().filter(|(_, found)| found.size >= threshold.max(1)) {
            let size = shown(found.size);
            let folder = found.first.rsplit_once('/').map_or("/", |(folder, _)| folder);
            let message = match found.is_there {
                true => format!("{size} of {manager}'s cache are left in the image, such as in {folder}"),
                false => {
                    format!("{size} of {manager}'s cache are in this layer; a later one removes them and saves nothing")
                }
            };
            let finding = report.in_layer(layer.index, Some(folder), message).subject(manager);
            report.push(finding.help(found.cache.help));
        }
    }
}

struct Found<'a> {
    cache: &'static Cache,
    size: u64,
    first: &'a str,
    is_there: bool,
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use crate::image::Entry;

    #[test]
    fn caches_are_told_on_the_layer_that_made_them() {
        let sized = |path: &str, size| Entry { size, ..file(path) };
        let case = Case::new(1)
            .layer([sized("/var/lib/apt/lists/base_Packages", 40_000_000)], [])
            .layer(
                [
                    sized("/var/lib/apt/lists/deb_Packages", 20_000_000),
                    sized("/var/lib/apt/lists/lock", 0),
                    sized("/root/.cache/pip/http/a", 3_000_000),
                    sized("/var/cache/apk/x", 10),
                    sized("/var/cache/apt/pkgcache.bin", 4_000_000),
                ],
                [],
            )
            .layer([], ["/var/lib/apt/lists/deb_Packages"]);
        let found = case.run("package-cache-left", &[]);
        assert!(found[0].help.as_deref().is_some_and(|help| help.contains("apt-get clean")), "{found:?}");
        assert_eq!(
            messages(&found),
            [
                "1 4.0 MB of apt's cache are left in the image, such as in /var/cache/apt",
                "1 20.0 MB of apt's cache are in this layer; a later one removes them and saves nothing",
                "1 3.0 MB of pip's cache are left in the image, such as in /root/.cache/pip/http",
            ]
        );
        assert_eq!(case.run("package-cache-left", &[("threshold-mb", "0")]).len(), 4);
        assert_eq!(case.run("package-cache-left", &[("threshold-mb", "20")]).len(), 1);
    }
}
