//! PHP packages: the list Composer keeps of what it installed.

use serde_json::Value;

use super::{Package, PackageKind, Unreadable};

/// Whether a file is such a list.
pub(super) fn is_wanted(path: &str) -> bool {
    path.ends_with("/vendor/composer/installed.json")
}

/// Reads the list: Composer 2 has it in `packages`, Composer 1 wrote nothing else.
pub(super) fn read(content: &[u8]) -> Result<Vec<Package>, Unreadable> {
    let document: Value = serde_json::from_slice(content).map_err(|e| Unreadable(format!("is no JSON ({e})")))?;
    let list = document.get("packages").unwrap_or(&document).as_array();
    let list = list.ok_or_else(|| Unreadable::new("has no list of packages"))?;
    list.iter()
        .map(package)
        .collect::<Option<_>>()
        .ok_or_else(|| Unreadable::new("has a package without name or version"))
}

fn package(entry: &Value) -> Option<Package> {
    let (name, version) = (entry.get("name")?.as_str()?, entry.get("version")?.as_str()?);
    let licences = match entry.get("license") {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => Vec::new(),
    };
    Some(Package::new(PackageKind::Composer, name, version).under(licences))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_of_the_list_are_read() {
        let entry = r#"{"name":"monolog/monolog","version":"3.5.0","license":["MIT"]}"#;
        for text in [format!(r#"{{"packages":[{entry}],"dev":false}}"#), format!("[{entry}]")] {
            let found = read(text.as_bytes()).unwrap();
            assert_eq!((found[0].name.as_str(), found[0].version.as_str()), ("monolog/monolog", "3.5.0"));
            assert_eq!(found[0].licences, ["MIT"]);
        }
        assert!(read(br#"{"packages":[{"name":"x"}]}"#).is_err() && read(b"{}").is_err());
    }
}
