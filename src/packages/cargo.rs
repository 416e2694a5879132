//! Rust crates: the list `cargo auditable` puts into a binary.

use serde_json::Value;

use super::{Package, PackageKind, Unreadable};

/// Reads the list. Crates only the build needed are not in the binary.
pub(super) fn read(content: &[u8]) -> Result<Vec<Package>, Unreadable> {
    let wrong = || Unreadable::new("has a list of Rust crates that cannot be understood");
    let document: Value = serde_json::from_slice(content).map_err(|_| wrong())?;
    let list = document.get("packages").and_then(Value::as_array).ok_or_else(wrong)?;
    let built_in = list.iter().filter(|entry| entry.get("kind").and_then(Value::as_str) != Some("build"));
    let package = |entry: &Value| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        Some(Package::new(PackageKind::Cargo, text("name")?, text("version")?))
    };
    built_in.map(package).collect::<Option<_>>().ok_or_else(wrong)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_the_build_alone_are_left_out() {
        let text = br#"{"packages":[{"name":"app","version":"0.1.0","source":"local","root":true},
                        {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
                        {"name":"adler","version":"1.0.2","source":"crates.io"}]}"#;
        let found: Vec<String> = read(text).unwrap().iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        assert_eq!(found, ["app 0.1.0", "adler 1.0.2"]);
        assert!(read(br#"{"packages":[{"name":"x"}]}"#).is_err() && read(b"[]").is_err());
    }
}
