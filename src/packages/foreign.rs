//! Databases of package managers that are not read here: an image that has one has packages nobody compares.

use crate::image::Tree;

use super::Packages;

/// Where a manager keeps its database, and what it is called.
const DATABASES: [(&str, &str); 9] = [
    ("/nix/store", "Nix"),
    ("/usr/lib/opkg/status", "opkg"),
    ("/usr/share/clear/bundles", "swupd"),
    ("/var/db/pkg", "Portage"),
    ("/var/db/xbps", "xbps"),
    ("/var/lib/opkg", "opkg"),
    ("/var/lib/pacman/local", "pacman"),
    ("/var/lib/pkgtools/packages", "pkgtools"),
    ("/var/log/packages", "pkgtools"),
];

/// Tells of every such database in a tree.
pub(super) fn tell(tree: &Tree, packages: &mut Packages) {
    for (path, manager) in DATABASES {
        if let Some(node) = tree.get(path) {
            let message =
                format!("{path} holds the packages of {manager}, which are not read here: none of them is compared");
            packages.problem(node.layer, message);
        }
    }
}
