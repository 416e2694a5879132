//! Platforms as `FROM --platform` names them.

/// Operating systems that may stand alone, for the builder's own architecture.
const SYSTEMS: [&str; 17] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

/// Architectures that may stand alone, for Linux.
const ARCHITECTURES: [&str; 21] = [
    "386",
    "amd64",
    "arm",
    "arm64",
    "armbe",
    "arm64be",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc64",
    "wasm",
];

/// An operating system and an architecture, by the names BuildKit uses inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux`.
    pub system: String,
    /// `amd64`.
    pub architecture: String,
}

impl Platform {
    /// Reads `os`, `architecture`, `os/architecture` or `os/architecture/variant`; `None` for what BuildKit refuses.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_sound = |part: &&str| {
            // `windows(10.0.17763)` names a version too.
            let name = part.split_once('(').map_or(*part, |(name, _)| name);
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
        };
        if !parts.iter().all(is_sound) {
            return None;
        }
        let (system, architecture) = match parts[..] {
            [one] if SYSTEMS.contains(&normal_system(one).as_str()) => (normal_system(one), "amd64".to_owned()),
            [one] if ARCHITECTURES.contains(&normal_architecture(one).as_str()) => {
                ("linux".to_owned(), normal_architecture(one))
            }
            [system, architecture] | [system, architecture, _] => {
                (normal_system(system), normal_architecture(architecture))
            }
            _ => return None,
        };
        Some(Self { system, architecture })
    }
}

fn normal_system(text: &str) -> String {
    let name = text.split_once('(').map_or(text, |(name, _)| name).to_ascii_lowercase();
    if name == "macos" { "darwin".to_owned() } else { name }
}

fn normal_architecture(text: &str) -> String {
    let name = text.to_ascii_lowercase();
    match name.as_str() {
        "i386" => "386",
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" | "armel" => "arm",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_as_buildkit_reads_them() {
        let read = |text| Platform::parse(text).map(|p| format!("{}/{}", p.system, p.architecture));
        for (text, expected) in [
            ("linux/arm64/v8", "linux/arm64"),
            ("Linux/AArch64", "linux/arm64"),
            ("x86_64", "linux/amd64"),
            ("windows", "windows/amd64"),
            ("windows(10.0.1)/amd64", "windows/amd64"),
            ("any/thing", "any/thing"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for bad in ["", "nonsense", "a/b/c/d", "linux/", "a b/c"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
