//! Go modules: the list a Go binary carries of what it was built from, as `go version -m` shows it.

use super::{Package, PackageKind, Unreadable};

/// Reads a line with the toolchain's version, then lines of `mod`, `dep` and `=>`.
pub(super) fn read(content: &[u8]) -> Result<Vec<Package>, Unreadable> {
    let text = String::from_utf8_lossy(content);
    let mut lines = text.lines();
    let toolchain = lines.next().and_then(|line| line.split(' ').next()).unwrap_or_default();
    let mut packages = Vec::new();
    if let Some(version) = toolchain.strip_prefix("go") {
        packages.push(Package::new(PackageKind::Golang, "stdlib", version));
    }
    for line in lines {
        let mut fields = line.split('\t');
        let (what, name, version) =
            (fields.next(), fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        match what {
            Some("mod" | "dep") if !name.is_empty() => packages.push(Package::new(PackageKind::Golang, name, version)),
            // The module before was replaced by this one; a folder in its place still goes by its name.
            Some("=>") if !name.is_empty() => {
                let replaced = packages.pop().map(|package| package.name).unwrap_or_default();
                let name = if name.starts_with(['.', '/']) { replaced.as_str() } else { name };
                packages.push(Package::new(PackageKind::Golang, name, version));
            }
            Some("mod" | "dep" | "=>") => {
                return Err(Unreadable::new("has a list of Go modules that cannot be understood"));
            }
            _ => {}
        }
    }
    Ok(packages)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_what_was_built_in() {
        let text = b"go1.22.1 X:boring\npath\texample.com/cmd\nmod\texample.com\t(devel)\t\ndep\tgithub.com/a/b\tv1.0.0\th1:x=\n\
                     dep\tgithub.com/c/d\tv1.1.0\n=>\tgithub.com/e/d\tv1.2.0\th1:y=\ndep\tgithub.com/f/g\tv1.0.0\n=>\t./g\t(devel)\nbuild\t-compiler=gc\n";
        let found: Vec<String> = read(text).unwrap().iter().map(|p| format!("{} {}", p.name, p.version)).collect();
        assert_eq!(
            found,
            [
                "stdlib 1.22.1",
                "example.com (devel)",
                "github.com/a/b v1.0.0",
                "github.com/e/d v1.2.0",
                "github.com/f/g (devel)"
            ]
        );
        assert!(read(b"go1.22\ndep\n").is_err());
    }
}
