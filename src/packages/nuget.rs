//! .NET packages: the dependency list (`*.deps.json`) beside every published application.

use serde_json::Value;

use super::{Package, PackageKind, Unreadable};

/// Whether a file is such a list.
pub(super) fn is_wanted(path: &str) -> bool {
    path.ends_with(".deps.json")
}

/// Reads the list. Of its libraries, those of type `package` came from a registry; the rest are the application's own.
pub(super) fn read(content: &[u8]) -> Result<Vec<Package>, Unreadable> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let document: Value = serde_json::from_slice(content).map_err(|e| Unreadable(format!("is no JSON ({e})")))?;
    let Some(libraries) = document.get("libraries").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let is_package = |library: &Value| library.get("type").and_then(Value::as_str) == Some("package");
    let packages = libraries.iter().filter(|(_, library)| is_package(library)).map(|(key, _)| key.split_once('/'));
    let packages = packages.map(|named| named.map(|(name, version)| Package::new(PackageKind::Nuget, name, version)));
    packages.collect::<Option<_>>().ok_or_else(|| Unreadable::new("has a library without a version"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn libraries_from_a_registry_count() {
        let text = br#"{"libraries":{"app/1.0.0":{"type":"project"},"Serilog/3.1.1":{"type":"package"}}}"#;
        let found = read(text).unwrap();
        assert_eq!(found.iter().map(|p| format!("{} {}", p.name, p.version)).collect::<Vec<_>>(), ["Serilog 3.1.1"]);
        assert!(read(br#"{"libraries":{"x":{"type":"package"}}}"#).is_err());
        assert!(read(b"{}").unwrap().is_empty());
    }
}
