//! Package URLs: <https://github.com/package-url/purl-spec>.

use std::fmt::Write as _;

use super::{Distro, Package, PackageKind};
use crate::text::percent_decoded;

/// The package URL of a package in an image of this distribution.
pub(super) fn of(package: &Package, distro: Option<&Distro>) -> String {
    let mut purl = format!("pkg:{}/", package.kind.as_str());
    let (namespace, name) = split_name(package, distro);
    for segment in namespace.split('/').filter(|s| !s.is_empty()) {
        encode(segment, &mut purl);
        purl.push('/');
    }
    encode(&name, &mut purl);
    let (epoch, version) = match package.version.split_once(':') {
        Some((epoch, version)) if package.kind == PackageKind::Rpm => (Some(epoch), version),
        _ => (None, package.version.as_str()),
    };
    if !version.is_empty() {
        purl.push('@');
        encode(version, &mut purl);
    }
    // Sorted by key, as the canonical form has them.
    let mut before = '?';
    for (key, value) in [
        ("arch", package.architecture.clone()),
        ("distro", distro.filter(|_| package.kind.is_distribution()).map(distro_tag)),
        ("epoch", epoch.map(str::to_owned)),
        ("upstream", upstream(package)),
    ] {
        let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
        purl.push(before);
        purl.push_str(key);
        purl.push('=');
        encode(&value, &mut purl);
        before = '&';
    }
    purl
}

/// What two package URLs of the same package have in common however they are spelled: type, name and version. The namespace of a
/// distribution's package, which names the distribution, and qualifiers do not count. `None` when it is no package URL.
pub fn key(purl: &str) -> Option<String> {
    let rest = purl.strip_prefix("pkg:")?;
    let path = rest.split(['?', '#']).next()?;
    let (kind, path) = path.trim_start_matches('/').split_once('/')?;
    let kind = kind.to_ascii_lowercase();
    // An `@` that is not encoded may also begin a scope.
    let (path, version) = path.rsplit_once('@').filter(|(_, version)| !version.contains('/')).unwrap_or((path, ""));
    let (mut path, version) = (percent_decoded(path)?, percent_decoded(version)?);
    match kind.as_str() {
        "deb" | "apk" | "rpm" => path = path.rsplit('/').next()?.to_owned(),
        "pypi" => path = path.to_ascii_lowercase().replace(['_', '.'], "-"),
        "composer" => path.make_ascii_lowercase(),
        _ => {}
    }
    // Some tools write the epoch of rpm into the version, others beside it.
    let version = match kind.as_str() {
        "rpm" => version.split_once(':').map_or(version.as_str(), |(_, version)| version),
        _ => &version,
    };
    Some(format!("{kind}/{path}@{version}"))
}

/// The namespace, which may have several segments or be empty, and the name.
fn split_name(package: &Package, distro: Option<&Distro>) -> (String, String) {
    let name = package.name.as_str();
    let named = |default: &str| distro.map_or(default, |d| d.id.as_str()).to_owned();
    let split = |at: char| match name.rsplit_once(at) {
        Some((namespace, name)) => (namespace.to_owned(), name.to_owned()),
        None => (String::new(), name.to_owned()),
    };
    match package.kind {
        PackageKind::Deb => (named("debian"), name.to_ascii_lowercase()),
        PackageKind::Apk => (named("alpine"), name.to_ascii_lowercase()),
        PackageKind::Rpm => (named(""), name.to_owned()),
        PackageKind::Maven => split(':'),
        PackageKind::Npm | PackageKind::Golang => split('/'),
        PackageKind::Composer => {
            let (vendor, name) = split('/');
            (vendor.to_ascii_lowercase(), name.to_ascii_lowercase())
        }
        PackageKind::Pypi => (String::new(), name.to_ascii_lowercase().replace('_', "-")),
        PackageKind::Gem | PackageKind::Cargo | PackageKind::Nuget => (String::new(), name.to_owned()),
    }
}

fn distro_tag(distro: &Distro) -> String {
    match &distro.version_id {
        Some(version) => format!("{}-{version}", distro.id),
        None => distro.id.clone(),
    }
}

/// The source package, with its version where it differs.
fn upstream(package: &Package) -> Option<String> {
    let source = package.source.as_ref()?;
    match &package.source_version {
        Some(version) => Some(format!("{source}@{version}")),
        None if *source != package.name => Some(source.clone()),
        None => None,
    }
}

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ecosystem_has_its_form() {
        let debian = Distro { id: "debian".into(), version_id: Some("12".into()), pretty_name: None };
        let purl = |kind, name: &str, version: &str| of(&Package::new(kind, name, version), Some(&debian));
        assert_eq!(purl(PackageKind::Npm, "@babel/core", "7.0.0"), "pkg:npm/%40babel/core@7.0.0");
        assert_eq!(purl(PackageKind::Pypi, "Typing_Extensions", "4.1"), "pkg:pypi/typing-extensions@4.1");
        assert_eq!(purl(PackageKind::Golang, "github.com/a/b", "v1.0.0+x"), "pkg:golang/github.com/a/b@v1.0.0%2Bx");
        assert_eq!(purl(PackageKind::Maven, "org.slf4j:slf4j-api", "1"), "pkg:maven/org.slf4j/slf4j-api@1");
        assert_eq!(purl(PackageKind::Maven, "alone", ""), "pkg:maven/alone");
        assert_eq!(purl(PackageKind::Composer, "Symfony/Yaml", "6"), "pkg:composer/symfony/yaml@6");
    }

    #[test]
    fn spellings_of_one_package_have_one_key() {
        for (one, other) in [
            ("pkg:deb/debian/zlib1g@1%3A1.2?arch=amd64&distro=debian-12", "pkg:deb/ubuntu/zlib1g@1:1.2"),
            ("pkg:npm/%40babel/core@7.0.0", "pkg:NPM/@babel/core@7.0.0"),
            ("pkg:pypi/Typing_Extensions@4.1", "pkg:pypi/typing-extensions@4.1"),
            ("pkg:rpm/redhat/bash@5.1-6?epoch=2", "pkg:rpm/bash@2%3A5.1-6"),
        ] {
            assert_eq!(key(one), key(other), "{one}");
            assert!(key(one).is_some());
        }
        assert_ne!(key("pkg:npm/a@1"), key("pkg:npm/a@2"));
        assert_ne!(key("pkg:npm/a@1"), key("pkg:gem/a@1"));
        assert_eq!((key("npm/a@1"), key("pkg:npm"), key("pkg:npm/%zz")), (None, None, None));
    }

    #[test]
    fn distribution_packages_tell_their_source() {
        let debian = Distro { id: "debian".into(), version_id: Some("12".into()), pretty_name: None };
        let libc = Package {
            architecture: Some("amd64".into()),
            source: Some("glibc".into()),
            ..Package::new(PackageKind::Deb, "libc6", "2.36-9+deb12u4")
        };
        assert_eq!(
            of(&libc, Some(&debian)),
            "pkg:deb/debian/libc6@2.36-9%2Bdeb12u4?arch=amd64&distro=debian-12&upstream=glibc"
        );
        let rpm = Package {
            source: Some("vim".into()),
            source_version: Some("9.0-1".into()),
            ..Package::new(PackageKind::Rpm, "vim-common", "2:9.0-1.el9")
        };
        assert_eq!(of(&rpm, None), "pkg:rpm/vim-common@9.0-1.el9?epoch=2&upstream=vim%409.0-1");
    }
}
