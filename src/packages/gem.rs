//! Ruby gems: the `*.gemspec` files RubyGems writes into `specifications` when it installs. They are Ruby, but written by
//! one serialiser, so their assignments are read as text and nothing is run.

use super::{Package, PackageKind, Unreadable};

/// Whether a file is the specification of an installed gem.
pub(super) fn is_wanted(path: &str) -> bool {
    let Some((folder, name)) = path.rsplit_once('/') else { return false };
    name.ends_with(".gemspec") && (folder.ends_with("/specifications") || folder.ends_with("/specifications/default"))
}

/// Reads a specification.
pub(super) fn read(content: &[u8]) -> Result<Vec<Package>, Unreadable> {
    let text = String::from_utf8_lossy(content);
    let value = |attribute: &str| text.lines().find_map(|line| assigned(line, attribute));
    let one = |attribute| value(attribute).and_then(|value| strings(value).into_iter().next());
    // `# stub: json 2.6.1 ruby lib`: what RubyGems itself reads instead of the whole.
    let stub = text.lines().take(5).find_map(|line| line.strip_prefix("# stub: "));
    let mut stub = stub.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).map(str::to_owned);
    let (name, version) = (stub.next().or_else(|| one("name")), stub.next().or_else(|| one("version")));
    let (Some(name), Some(version)) = (name, version) else {
        return Err(Unreadable::new("has no name or version that can be read without running it"));
    };
    let licences = value("licenses").or_else(|| value("license")).map(strings).unwrap_or_default();
    Ok(vec![Package::new(PackageKind::Gem, name, version).under(licences)])
}

/// What a line assigns to an attribute of the specification: `s.name = "x".freeze`.
fn assigned<'l>(line: &'l str, attribute: &str) -> Option<&'l str> {
    let (object, rest) = line.trim_start().split_once('.')?;
    let is_name = !object.is_empty() && object.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let value = rest.strip_prefix(attribute)?.trim_start().strip_prefix('=')?;
    (is_name && !value.starts_with('=')).then_some(value)
}

/// The string literals of an expression.
fn strings(expression: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(['"', '\'']) {
        let Some(quote) = rest[start..].chars().next() else { break };
        let inner = &rest[start + 1..];
        let Some(end) = inner.find(quote) else { break };
        found.push(inner[..end].to_owned());
        rest = &inner[end + 1..];
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn specifications_become_gems() {
        let one = |text: &str| {
            let gem = read(text.as_bytes()).unwrap().pop().unwrap();
            format!("{} {} {}", gem.name, gem.version, gem.licences.join(";"))
        };
        let full = "# -*- encoding: utf-8 -*-\n# stub: json 2.6.1 ruby lib\n# stub: ext\n\nGem::Specification.new do |s|\n  \
                    s.name = \"json\".freeze\n  s.version = \"2.6.1\"\n  s.licenses = [\"Ruby\".freeze, \"BSD-2-Clause\".freeze]\nend\n";
        assert_eq!(one(full), "json 2.6.1 BSD-2-Clause;Ruby");
        let hand = "Gem::Specification.new do |spec|\n  spec.name          = 'x'\n  spec.version = Gem::Version.new(\"1.0\")\n  \
                    spec.license       = 'MIT'\n  spec.name == 'y'\nend";
        assert_eq!(one(hand), "x 1.0 MIT");
        assert!(read(b"Gem::Specification.new do |s|\n s.name = NAME\n s.version = \"").is_err());
    }

    #[test]
    fn only_installed_gems_count() {
        assert!(is_wanted("/usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec"));
        assert!(is_wanted("/usr/local/bundle/specifications/rack-3.gemspec"));
        assert!(!is_wanted("/usr/local/bundle/gems/rack-3/rack.gemspec"));
    }
}
