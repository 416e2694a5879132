//! npm packages: the `package.json` of every package in a `node_modules` folder.

use serde_json::Value;

use super::{Package, PackageKind, Unreadable};

/// Whether a file is the manifest of an installed package: every folder from the outermost `node_modules` down to it is a
/// package or another `node_modules`. Manifests deeper inside a package belong to its tests and templates.
pub(super) fn is_wanted(path: &str) -> bool {
    let Some(folder) = path.strip_suffix("/package.json") else { return false };
    let Some(below) = below_modules(folder) else { return false };
    let mut parts = below.split('/').peekable();
    loop {
        match parts.next() {
            // pnpm keeps each version of a package in a store, with a `node_modules` of its own.
            Some(".pnpm") => {
                if parts.next().is_none() {
                    return false;
                }
            }
            Some(scope) if scope.starts_with('@') => {
                if parts.next().is_none() {
                    return false;
                }
                if parts.peek().is_none() {
                    return true;
                }
            }
            Some(name) if !name.is_empty() && !name.starts_with('.') => {
                if parts.peek().is_none() {
                    return true;
                }
            }
            _ => return false,
        }
        if parts.next() != Some("node_modules") {
            return false;
        }
    }
}

/// What of a folder's path is below the outermost folder that packages are installed in. Debian's Node.js looks in folders of its
/// own too, to which Debian has a link named `node_modules`.
fn below_modules(folder: &str) -> Option<&str> {
    if let Some((_, below)) = folder.split_once("/node_modules/") {
        return Some(below);
    }
    let below_usr = folder.strip_prefix("/usr/share/").or_else(|| {
        let below = folder.strip_prefix("/usr/lib/")?;
        // `/usr/lib/x86_64-linux-gnu/nodejs` has packages with compiled parts.
        let of_machine = below.split_once('/').filter(|(machine, _)| machine.contains("-linux-gnu"));
        Some(of_machine.map_or(below, |(_, below)| below))
    })?;
    below_usr.strip_prefix("nodejs/")
}

/// Reads a manifest. One without name or version is no package of a registry.
pub(super) fn read(content: &[u8]) -> Result<Vec<Package>, Unreadable> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let manifest: Value =
        serde_json::from_slice(content).map_err(|error| Unreadable(format!("is no JSON ({error})")))?;
    let text = |key: &str| manifest.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let (Some(name), Some(version)) = (text("name"), text("version")) else { return Ok(Vec::new()) };
    Ok(vec![Package::new(PackageKind::Npm, name, version).under(licences(&manifest))])
}

/// `license` is an expression; old manifests have an object there, or a list in `licenses`.
fn licences(manifest: &Value) -> Vec<&str> {
    fn one(value: &Value) -> Option<&str> {
        value.as_str().or_else(|| value.get("type")?.as_str())
    }
    let fields = ["license", "licenses"].iter().filter_map(|key| manifest.get(*key));
    fields
        .flat_map(|value| match value {
            Value::Array(list) => list.iter().filter_map(one).collect(),
            value => one(value).into_iter().collect::<Vec<_>>(),
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_packages_count() {
        for path in [
            "/app/node_modules/a/package.json",
            "/app/node_modules/@s/a/package.json",
            "/node_modules/a/node_modules/b/package.json",
            "/node_modules/@s/a/node_modules/@t/b/package.json",
            "/app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
            "/usr/share/nodejs/@types/node/package.json",
            "/usr/share/nodejs/a/node_modules/b/package.json",
            "/usr/lib/x86_64-linux-gnu/nodejs/a/package.json",
        ] {
            assert!(is_wanted(path), "{path}");
        }
        for path in [
            "/app/package.json",
            "/app/node_modules/package.json",
            "/app/node_modules/@s/package.json",
            "/app/node_modules/a/lib/package.json",
            "/app/node_modules/a/test/node_modules/b/package.json",
            "/app/node_modules/.cache/package.json",
            "/app/node_modules/.pnpm/package.json",
            "/app/node_modules/a/package.json/x",
            "/usr/share/nodejs/a/lib/package.json",
            "/usr/share/x/nodejs/a/package.json",
            "/usr/share/nodejs/package.json",
        ] {
            assert!(!is_wanted(path), "{path}");
        }
    }

    #[test]
    fn manifests_become_packages() {
        let one = |text: &str| read(text.as_bytes()).unwrap().pop().map(|p| (p.name, p.version, p.licences));
        let package = |name: &str, licences: &[&str]| {
            Some((name.to_owned(), "1.0.0".to_owned(), licences.iter().map(|l| (*l).to_owned()).collect()))
        };
        assert_eq!(
            one(r#"{"name":"@s/a","version":"1.0.0","license":"(MIT OR X11)"}"#),
            package("@s/a", &["(MIT OR X11)"])
        );
        assert_eq!(
            one(r#"{"name":"a","version":"1.0.0","licenses":[{"type":"MIT"},"BSD"]}"#),
            package("a", &["BSD", "MIT"])
        );
        assert_eq!(one(r#"{"name":"a","version":"1.0.0","license":{"type":"ISC"}}"#), package("a", &["ISC"]));
        assert_eq!(one(r#"{"name":"a","private":true}"#), None);
        assert!(read(b"{").is_err());
    }
}
