//! Java packages: Maven's `pom.properties` in an archive names what the archive is, and what was shaded into it; where there
//! are none, the manifest and the file's name do.

use std::collections::BTreeMap;

use super::probe::NESTED;
use super::{Package, PackageKind};
use crate::image::Part;

const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// What is known of one archive, be it the file or one within it.
#[derive(Default)]
struct Archive<'p> {
    properties: Vec<&'p [u8]>,
    manifest: Option<&'p [u8]>,
}

/// The packages of an archive, from the parts the probe took out of it.
pub(super) fn packages(path: &str, parts: &[Part]) -> Vec<Package> {
    let mut archives: BTreeMap<&str, Archive<'_>> = BTreeMap::new();
    archives.entry("").or_default();
    for part in parts {
        let split = part.name.rfind(NESTED).map_or(0, |at| at + NESTED.len());
        let (archive, member) = part.name.split_at(split);
        let archive = archives.entry(archive).or_default();
        match member {
            "" => {}
            MANIFEST => archive.manifest = Some(&part.content),
            _ => archive.properties.push(&part.content),
        }
    }
    let mut packages = Vec::new();
    for (nested, archive) in archives {
        let database = match nested.trim_end_matches(NESTED) {
            "" => path.to_owned(),
            nested => format!("{path}{NESTED}{nested}"),
        };
        packages.extend(archive.packages(&database).into_iter().map(|p| Package { database: database.clone(), ..p }));
    }
    packages
}

impl Archive<'_> {
    fn packages(&self, path: &str) -> Vec<Package> {
        let manifest = self.manifest.map(headers).unwrap_or_default();
        let header = |name: &str| manifest.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let licences: Vec<&str> = header("bundle-license").into_iter().flat_map(licence_header).collect();
        let (stem, file_version) = named(path);
        let mut packages: Vec<Package> = self.properties.iter().filter_map(|text| maven(text)).collect();
        let version = header("implementation-version").or(file_version).or_else(|| header("bundle-version"));
        // Properties of other names are of what was shaded into the archive.
        let is_own = |package: &Package| {
            let artifact = package.name.rsplit(':').next().unwrap_or_default().replace('_', "-");
            artifact.starts_with(stem) || stem.starts_with(&artifact) || Some(package.version.as_str()) == version
        };
        let mut own = packages.iter().position(is_own);
        if let (None, Some(version)) = (own, version) {
            let group = header("implementation-vendor-id").map(|group| format!("{group}:")).unwrap_or_default();
            own = Some(packages.len());
            packages.push(Package::new(PackageKind::Maven, format!("{group}{stem}"), version));
        }
        if let Some(package) = own.and_then(|own| packages.get_mut(own)) {
            *package = std::mem::replace(package, Package::new(PackageKind::Maven, "", "")).under(licences);
        }
        packages
    }
}

/// `pom.properties`: `groupId`, `artifactId`, `version`.
fn maven(content: &[u8]) -> Option<Package> {
    let text = String::from_utf8_lossy(content);
    let value = |key: &str| {
        let values = text.lines().filter_map(|line| line.split_once(['=', ':']));
        values.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned()).next()
    };
    let filled = |key| value(key).filter(|value| !value.is_empty());
    let name = format!("{}:{}", filled("groupId")?, filled("artifactId")?);
    Some(Package::new(PackageKind::Maven, name, filled("version")?))
}

/// The main section of a manifest, names in lower case; a line that starts with a blank continues the one before.
fn headers(content: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(content);
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    let mut last = String::new();
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        if let Some(rest) = line.strip_prefix(' ') {
            if let Some(value) = headers.get_mut(&last) {
                value.push_str(rest.trim_end());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            last = name.trim().to_ascii_lowercase();
            headers.insert(last.clone(), value.trim().to_owned());
        }
    }
    headers
}

/// The licences of a `Bundle-License`: identifiers or addresses, separated by commas, each with attributes behind `;`.
fn licence_header(value: &str) -> Vec<&str> {
    let names = value.split(',').map(|one| one.split(';').next().unwrap_or_default().trim().trim_matches('"'));
    names.map(|name| known_address(name).unwrap_or(name)).collect()
}

fn known_address(address: &str) -> Option<&'static str> {
    let path = address.split_once("://")?.1.trim_start_matches("www.");
    [
        ("apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
        ("opensource.org/licenses/Apache-2.0", "Apache-2.0"),
        ("opensource.org/licenses/MIT", "MIT"),
        ("opensource.org/licenses/BSD-3-Clause", "BSD-3-Clause"),
        ("eclipse.org/legal/epl-v10", "EPL-1.0"),
        ("eclipse.org/legal/epl-2.0", "EPL-2.0"),
        ("eclipse.org/legal/epl-v20", "EPL-2.0"),
    ]
    .into_iter()
    .find_map(|(start, id)| path.to_ascii_lowercase().starts_with(&start.to_ascii_lowercase()).then_some(id))
}

/// Name and version of an archive by its file's: `slf4j-api-2.0.9.jar`.
fn named(path: &str) -> (&str, Option<&str>) {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let version = stem
        .match_indices('-')
        .find(|(at, _)| stem.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit))
        .and_then(|(at, _)| Some((stem.get(..at)?, stem.get(at + 1..)?)));
    version.map_or((stem, None), |(name, version)| (name, Some(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, content: &str) -> Part {
        Part { name: name.to_owned(), content: content.as_bytes().to_vec() }
    }

    #[test]
    fn properties_win_over_manifest_and_name() {
        let parts = [
            part("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\r\nImplementation-Version: 9\r\n\r\nName: x\r\n"),
            part("BOOT-INF/lib/a-1.2.jar!/", ""),
            part(
                "BOOT-INF/lib/a-1.2.jar!/META-INF/maven/g/a/pom.properties",
                "#c\ngroupId=org.g\nartifactId=a\nversion=1.2.3\n",
            ),
            part(
                "BOOT-INF/lib/a-1.2.jar!/META-INF/MANIFEST.MF",
                "Bundle-License: https://www.apache.org/lice\n nses/LICENSE-2.0.txt\n",
            ),
            part("BOOT-INF/lib/b-api-2.0-RC1.jar!/", ""),
            part(
                "BOOT-INF/lib/b-api-2.0-RC1.jar!/META-INF/maven/s/shaded/pom.properties",
                "groupId=s\nartifactId=shaded\nversion=3",
            ),
            part("BOOT-INF/lib/plain.jar!/", ""),
        ];
        let found: Vec<String> = packages("/app.jar", &parts)
            .iter()
            .map(|p| format!("{} {} {} {}", p.name, p.version, p.database, p.licences.join(",")))
            .collect();
        assert_eq!(
            found,
            [
                "app 9 /app.jar ",
                "org.g:a 1.2.3 /app.jar!/BOOT-INF/lib/a-1.2.jar Apache-2.0",
                "s:shaded 3 /app.jar!/BOOT-INF/lib/b-api-2.0-RC1.jar ",
                "b-api 2.0-RC1 /app.jar!/BOOT-INF/lib/b-api-2.0-RC1.jar ",
            ]
        );
    }
}
