//! Python distributions: `*.dist-info/METADATA`, and `*.egg-info` as a folder with `PKG-INFO` or as that file itself. All
//! are core metadata, <https://packaging.python.org/en/latest/specifications/core-metadata/>.

use super::{Package, PackageKind, Unreadable, licence};

/// Whether a file is the metadata of a distribution.
pub(super) fn is_wanted(path: &str) -> bool {
    path.ends_with(".dist-info/METADATA") || path.ends_with(".egg-info/PKG-INFO") || path.ends_with(".egg-info")
}

/// Reads the metadata.
pub(super) fn read(content: &[u8]) -> Result<Vec<Package>, Unreadable> {
    let text = String::from_utf8_lossy(content);
    // The headers end at the first empty line; what follows is the description.
    let headers = text.lines().take_while(|line| !line.trim().is_empty());
    let headers: Vec<(&str, &str)> = headers
        .filter(|line| !line.starts_with([' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let all = |wanted: &'static str| {
        headers.iter().filter(move |(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty())
    };
    let first = |wanted| all(wanted).next().map(|(_, value)| *value);
    let (Some(name), Some(version)) = (first("Name"), first("Version")) else {
        // A source checkout installed in place may have an empty folder's worth of metadata; a file has to have it.
        return Err(Unreadable(format!("has no {}", if first("Name").is_none() { "name" } else { "version" })));
    };
    let classified = all("Classifier").filter_map(|(_, value)| value.rsplit_once(" :: "));
    let classified = classified.filter(|(group, _)| group.starts_with("License")).map(|(_, licence)| licence);
    let package = Package::new(PackageKind::Pypi, name, version);
    let by_field = package.clone().under(first("License-Expression").or_else(|| first("License")));
    // Classifiers are coarser than the field; they speak where it does not, or is a text of its own.
    let is_sure = by_field.licences.iter().any(|l| licence::is_spdx(l));
    let by_classifier = package.under(classified);
    Ok(vec![if is_sure || by_classifier.licences.is_empty() { by_field } else { by_classifier }])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn licences(headers: &str) -> String {
        let text = format!("Metadata-Version: 2.1\nName: A_b\nVersion: 1.0\n{headers}\n\nLicense: not this\n");
        read(text.as_bytes()).unwrap()[0].licences.join("; ")
    }

    #[test]
    fn headers_become_a_package() {
        let found = read(b"Metadata-Version: 1.0\r\nName: x\r\nVersion: 2\r\n\r\nName: other\r\n").unwrap();
        assert_eq!((found[0].name.as_str(), found[0].version.as_str()), ("x", "2"));
        assert!(read(b"Name: x\n\nVersion: 1\n").is_err());
        assert!(is_wanted("/a/x-1.dist-info/METADATA") && is_wanted("/a/x-1.egg-info") && !is_wanted("/a/METADATA"));
    }

    #[test]
    fn the_surest_licence_counts() {
        assert_eq!(licences("License-Expression: MIT AND ISC\nLicense: BSD"), "MIT AND ISC");
        assert_eq!(licences("License: Apache License 2.0"), "Apache-2.0");
        assert_eq!(licences("License: BSD\nClassifier: License :: OSI Approved :: MIT License"), "MIT");
        assert_eq!(licences("License: BSD"), "BSD");
        assert_eq!(
            licences("License: UNKNOWN\nClassifier: License :: OSI Approved\nClassifier: A :: B"),
            "OSI Approved"
        );
    }
}
