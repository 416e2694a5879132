//! Where packages stand in OSV: the name of their ecosystem, and the names records know them by.

use crate::packages::{Distro, Package, PackageKind};

/// Ecosystems whose packages are read from images, as the feed's folders are named, with the kind of their packages.
pub const ECOSYSTEMS: [(&str, PackageKind); 25] = [
    ("AlmaLinux", PackageKind::Rpm),
    ("Alpaquita", PackageKind::Apk),
    ("Alpine", PackageKind::Apk),
    ("Azure Linux", PackageKind::Rpm),
    ("Chainguard", PackageKind::Apk),
    ("Debian", PackageKind::Deb),
    ("Go", PackageKind::Golang),
    ("Mageia", PackageKind::Rpm),
    ("Maven", PackageKind::Maven),
    ("MinimOS", PackageKind::Apk),
    ("NuGet", PackageKind::Nuget),
    ("Packagist", PackageKind::Composer),
    ("Photon OS", PackageKind::Rpm),
    ("PyPI", PackageKind::Pypi),
    ("Red Hat", PackageKind::Rpm),
    ("Rocky Linux", PackageKind::Rpm),
    ("RubyGems", PackageKind::Gem),
    ("SUSE", PackageKind::Rpm),
    ("Ubuntu", PackageKind::Deb),
    ("Wolfi", PackageKind::Apk),
    ("crates.io", PackageKind::Cargo),
    ("npm", PackageKind::Npm),
    ("openEuler", PackageKind::Rpm),
    ("openSUSE", PackageKind::Rpm),
    ("Echo", PackageKind::Deb),
];

/// What `feeds sync` downloads when it is not told: the common distributions and all languages.
pub const COMMON: [&str; 13] = [
    "AlmaLinux",
    "Alpine",
    "Debian",
    "Go",
    "Maven",
    "NuGet",
    "Packagist",
    "PyPI",
    "Rocky Linux",
    "RubyGems",
    "Ubuntu",
    "crates.io",
    "npm",
];

/// Ecosystems of the format whose packages are not read from images.
const ELSEWHERE: [&str; 22] = [
    "Android",
    "BellSoft Hardened Containers",
    "Bioconductor",
    "Bitnami",
    "CRAN",
    "CleanStart",
    "ConanCenter",
    "Docker Hardened Images",
    "FreeBSD",
    "GHC",
    "GitHub Actions",
    "Hackage",
    "Hex",
    "Julia",
    "Kubernetes",
    "Linux",
    "OSS-Fuzz",
    "Pub",
    "Root",
    "SwiftURL",
    "VSCode",
    "opam",
];

/// Whether an ecosystem is one, and none that images have packages of.
pub(super) fn is_elsewhere(name: &str) -> bool {
    ELSEWHERE.iter().any(|known| known.eq_ignore_ascii_case(root(name).trim()))
}

/// The ecosystem of a feed's folder, by its name without regard to case.
pub fn named(name: &str) -> Option<&'static str> {
    ECOSYSTEMS.iter().map(|(known, _)| *known).find(|known| known.eq_ignore_ascii_case(name.trim()))
}

/// The kind of the packages of an ecosystem with a release (`Debian:12`); `None` when none are read from images.
pub(super) fn kind_of(ecosystem: &str) -> Option<PackageKind> {
    let root = root(ecosystem);
    ECOSYSTEMS.iter().find(|(known, _)| *known == root).map(|(_, kind)| *kind)
}

/// The ecosystem without its release.
pub(super) fn root(ecosystem: &str) -> &str {
    ecosystem.split(':').next().unwrap_or_default()
}

/// An ecosystem as the store has it. Red Hat's name the product and the repository (`Red Hat:enterprise_linux:9::baseos`);
/// every repository of a release counts for it. Support that is bought apart stays apart. Where a language's name an address
/// (`Packagist:https://packages.drupal.org/8`), a package comes from there under the same name.
pub(super) fn stored(ecosystem: &str) -> String {
    let root = root(ecosystem);
    if kind_of(root).is_some_and(|kind| !kind.is_distribution()) {
        return root.to_owned();
    }
    let mut parts = ecosystem.split(':');
    if let (Some("Red Hat"), Some("enterprise_linux"), Some(version)) = (parts.next(), parts.next(), parts.next()) {
        return format!("Red Hat:{}", version.split('.').next().unwrap_or_default());
    }
    ecosystem.to_owned()
}

/// The ecosystems that know an image's packages of a kind; none when no feed has its distribution.
pub(super) fn of(kind: PackageKind, distro: Option<&Distro>) -> Vec<String> {
    if !kind.is_distribution() {
        let found = ECOSYSTEMS.iter().find(|(_, known)| *known == kind);
        return found.map(|(name, _)| (*name).to_owned()).into_iter().collect();
    }
    let Some(distro) = distro else { return Vec::new() };
    let version = distro.version_id.as_deref().unwrap_or_default();
    let major = version.split('.').next().unwrap_or_default();
    let release = |root: &str, version: &str| match version {
        "" => Vec::new(),
        version => vec![format!("{root}:{version}")],
    };
    match (kind, distro.id.as_str()) {
        (PackageKind::Deb, "debian") => release("Debian", major),
        (PackageKind::Deb, "ubuntu") if !version.is_empty() => {
            vec![format!("Ubuntu:{version}:LTS"), format!("Ubuntu:{version}")]
        }
        (PackageKind::Deb, "echo") => vec![String::from("Echo")],
        (PackageKind::Apk, "alpine") => match version.splitn(3, '.').collect::<Vec<_>>().as_slice() {
            [major, minor, ..] => vec![format!("Alpine:v{major}.{minor}")],
            _ => Vec::new(),
        },
        (PackageKind::Apk, "alpaquita") => release("Alpaquita", version),
        (PackageKind::Apk, "wolfi") => vec![String::from("Wolfi")],
        (PackageKind::Apk, "chainguard") => vec![String::from("Chainguard")],
        (PackageKind::Apk, "minimos") => vec![String::from("MinimOS")],
        (PackageKind::Rpm, "rhel") => release("Red Hat", major),
        // Rebuilt from Red Hat's sources; the stream since 8 is not.
        (PackageKind::Rpm, "centos") if ["5", "6", "7"].contains(&major) => release("Red Hat", major),
        (PackageKind::Rpm, "rocky") => release("Rocky Linux", major),
        (PackageKind::Rpm, "almalinux") => release("AlmaLinux", major),
        // Called CBL-Mariner up to its second release.
        (PackageKind::Rpm, "azurelinux" | "mariner") => release("Azure Linux", major),
        (PackageKind::Rpm, "photon") => release("Photon OS", version),
        (PackageKind::Rpm, "mageia") => release("Mageia", version),
        (PackageKind::Rpm, "openeuler") => match distro.pretty_name.as_deref() {
            // VERSION_ID leaves out `LTS-SP1`.
            Some(name) => openeuler(name),
            None => release("openEuler", version),
        },
        (PackageKind::Rpm, "opensuse-leap") => release("openSUSE", &format!("Leap {version}")),
        (PackageKind::Rpm, "opensuse-tumbleweed") => vec![String::from("openSUSE:Tumbleweed")],
        (PackageKind::Rpm, "sles" | "sled" | "sles_sap") if !version.is_empty() => suse(version),
        _ => Vec::new(),
    }
}

/// The ecosystem of support for a release that is bought apart, when a version is a build of it: Ubuntu's Expanded Security
/// Maintenance.
pub(super) fn bought_apart(ecosystem: &str, version: &str) -> Option<String> {
    let release = ecosystem.strip_prefix("Ubuntu:").filter(|_| version.contains("esm"))?;
    Some(format!("Ubuntu:Pro:{release}"))
}

/// SUSE ships a release as modules, and every base image has packages of these.
fn suse(version: &str) -> Vec<String> {
    let release = match version.split_once('.') {
        Some((major, pack)) => format!("{major} SP{pack}"),
        None => version.to_owned(),
    };
    ["Linux Enterprise Server", "Linux Enterprise Module for Basesystem"]
        .map(|name| format!("SUSE:{name} {release}"))
        .into()
}

/// `openEuler 22.03 (LTS-SP1)` is `openEuler:22.03-LTS-SP1`.
fn openeuler(pretty_name: &str) -> Vec<String> {
    let release = pretty_name.trim_start_matches("openEuler").trim().replace(" (", "-").replace(')', "");
    if release.is_empty() { Vec::new() } else { vec![format!("openEuler:{release}")] }
}

/// A name and version under which records may know a package.
pub(super) struct Known<'p> {
    pub(super) name: String,
    pub(super) version: &'p str,
    /// Whether the version is one of which nobody has told the epoch.
    pub(super) lacks_epoch: bool,
}

/// What records call a package. Those of Debian, Ubuntu and Alpine are about source packages; those of rpm distributions
/// and of the other apk ones are about either.
pub(super) fn known_as(package: &Package) -> Vec<Known<'_>> {
    let own =
        || Known { name: stored_name(package.kind, &package.name), version: &package.version, lacks_epoch: false };
    let source = || {
        let name = stored_name(package.kind, package.source.as_ref().unwrap_or(&package.name));
        // rpm notes the name of the source package's file, in which there is no epoch.
        let lacks_epoch = package.kind == PackageKind::Rpm && package.source_version.is_some();
        Known { name, version: package.source_version.as_ref().unwrap_or(&package.version), lacks_epoch }
    };
    match package.kind {
        PackageKind::Deb => vec![source()],
        PackageKind::Apk | PackageKind::Rpm => {
            let (source, own) = (source(), own());
            if source.name == own.name { vec![own] } else { vec![source, own] }
        }
        _ => vec![own()],
    }
}

/// A name as the store has it: one spelling where the ecosystem takes several for the same.
pub(super) fn stored_name(kind: PackageKind, name: &str) -> String {
    match kind {
        PackageKind::Pypi => {
            let name = name.to_ascii_lowercase();
            let mut out = String::with_capacity(name.len());
            for c in name.chars().map(|c| if matches!(c, '_' | '.') { '-' } else { c }) {
                if c != '-' || !out.ends_with('-') {
                    out.push(c);
                }
            }
            out
        }
        PackageKind::Nuget | PackageKind::Composer => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distro(id: &str, version: &str, pretty_name: &str) -> Distro {
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        Distro { id: id.to_owned(), version_id: some(version), pretty_name: some(pretty_name) }
    }

    #[test]
    fn releases_have_the_names_of_the_feed() {
        for (kind, id, version, expected) in [
            (PackageKind::Deb, "debian", "12", "Debian:12"),
            (PackageKind::Deb, "debian", "", ""),
            (PackageKind::Deb, "ubuntu", "22.04", "Ubuntu:22.04:LTS Ubuntu:22.04"),
            (PackageKind::Apk, "alpine", "3.18.4", "Alpine:v3.18"),
            (PackageKind::Apk, "alpine", "edge", ""),
            (PackageKind::Apk, "wolfi", "20230201", "Wolfi"),
            (PackageKind::Apk, "alpaquita", "23", "Alpaquita:23"),
            (PackageKind::Rpm, "rhel", "9.3", "Red Hat:9"),
            (PackageKind::Rpm, "centos", "7", "Red Hat:7"),
            (PackageKind::Rpm, "centos", "9", ""),
            (PackageKind::Rpm, "rocky", "9.2", "Rocky Linux:9"),
            (PackageKind::Rpm, "opensuse-leap", "15.5", "openSUSE:Leap 15.5"),
            (
                PackageKind::Rpm,
                "sles",
                "15.5",
                "SUSE:Linux Enterprise Server 15 SP5 SUSE:Linux Enterprise Module for Basesystem 15 SP5",
            ),
            (PackageKind::Rpm, "fedora", "40", ""),
            (PackageKind::Rpm, "azurelinux", "3.0", "Azure Linux:3"),
            (PackageKind::Rpm, "mariner", "2.0", "Azure Linux:2"),
            (PackageKind::Npm, "fedora", "40", "npm"),
            (PackageKind::Cargo, "", "", "crates.io"),
        ] {
            assert_eq!(of(kind, Some(&distro(id, version, ""))).join(" "), expected, "{id} {version}");
        }
        assert_eq!(
            of(PackageKind::Rpm, Some(&distro("openeuler", "22.03", "openEuler 22.03 (LTS-SP1)"))),
            ["openEuler:22.03-LTS-SP1"]
        );
        assert!(of(PackageKind::Deb, None).is_empty());
    }

    #[test]
    fn repositories_of_red_hat_are_their_release() {
        assert_eq!(stored("Red Hat:enterprise_linux:9::baseos"), "Red Hat:9");
        assert_eq!(stored("Red Hat:enterprise_linux:8.6::appstream"), "Red Hat:8");
        assert_eq!(stored("Red Hat:rhel_eus:9.0::baseos"), "Red Hat:rhel_eus:9.0::baseos");
        assert_eq!(stored("Debian:12"), "Debian:12");
    }

    #[test]
    fn builds_of_expanded_support_are_known_by_their_version() {
        let pro = bought_apart("Ubuntu:18.04:LTS", "1.1.1-1ubuntu2.1~18.04.23+esm5");
        assert_eq!(pro.as_deref(), Some("Ubuntu:Pro:18.04:LTS"));
        assert_eq!(bought_apart("Ubuntu:18.04:LTS", "1.1.1-1ubuntu2.1~18.04.23"), None);
        assert_eq!(bought_apart("Debian:12", "1+esm1"), None);
    }

    #[test]
    fn packages_of_other_repositories_have_their_names() {
        assert_eq!(stored("Packagist:https://packages.drupal.org/8"), "Packagist");
        assert_eq!(stored("Maven:https://maven.google.com"), "Maven");
        assert_eq!(stored("npm"), "npm");
    }

    #[test]
    fn names_have_one_spelling() {
        assert_eq!(stored_name(PackageKind::Pypi, "Typing_.Extensions"), "typing-extensions");
        assert_eq!(stored_name(PackageKind::Nuget, "Newtonsoft.Json"), "newtonsoft.json");
        assert_eq!(stored_name(PackageKind::Npm, "JSONStream"), "JSONStream");
    }

    #[test]
    fn distribution_packages_are_known_by_their_source() {
        let names = |kind| {
            let package = Package {
                source: Some("openssl".into()),
                source_version: Some("3".into()),
                ..Package::new(kind, "libssl3", "1")
            };
            known_as(&package).iter().map(|k| format!("{} {}", k.name, k.version)).collect::<Vec<_>>()
        };
        assert_eq!(names(PackageKind::Deb), ["openssl 3"]);
        assert_eq!(names(PackageKind::Rpm), ["openssl 3", "libssl3 1"]);
        assert_eq!(names(PackageKind::Npm), ["libssl3 1"]);
    }

    #[test]
    fn the_list_has_every_language_and_the_common_ones() {
        assert!(COMMON.iter().all(|name| named(name) == Some(name)));
        let languages = PackageKind::ALL.into_iter().filter(|kind| !kind.is_distribution());
        assert!(languages.map(|kind| of(kind, None)).all(|names| COMMON.contains(&names.join("").as_str())));
    }
}
