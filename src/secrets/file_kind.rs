//! What a file's path and first bytes tell about the text in it.

/// What kind of file a text stands in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FileKind {
    /// Its assignments are judged elsewhere, or mean nothing: nothing is reported for the name of a variable alone.
    pub(super) ignores_names: bool,
    /// A package manager wrote it, full of hashes.
    pub(super) is_lock: bool,
    /// It came with a package that is published.
    pub(super) is_package: bool,
    /// A test, an example or documentation.
    pub(super) is_test: bool,
    /// A programming language, in which a value without quotes is an expression.
    pub(super) is_code: bool,
}

/// Files of package managers that list hashes.
const LOCK_FILES: [&str; 22] = [
    "cargo.lock",
    "composer.lock",
    "flake.lock",
    "gemfile.lock",
    "go.sum",
    "go.work.sum",
    "gradle.lockfile",
    "mix.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pdm.lock",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "podfile.lock",
    "poetry.lock",
    "pubspec.lock",
    "uv.lock",
    "yarn.lock",
    "bun.lock",
    "deno.lock",
    "record",
];
/// Folders into which package managers put packages.
const PACKAGE_FOLDERS: [&str; 8] =
    ["node_modules", "site-packages", "dist-packages", "bower_components", ".cargo", ".pnpm-store", ".yarn", "gems"];
/// Parts of a path that say test, example or documentation.
const TEST_FOLDERS: [&str; 19] = [
    "test",
    "tests",
    "__tests__",
    "testing",
    "testdata",
    "test-data",
    "test_data",
    "spec",
    "specs",
    "fixture",
    "fixtures",
    "__fixtures__",
    "mock",
    "mocks",
    "__mocks__",
    "example",
    "examples",
    "doc",
    "docs",
];
/// Endings of programming languages.
const CODE: [&str; 34] = [
    "bash", "c", "cc", "clj", "cpp", "cs", "cxx", "dart", "ex", "exs", "go", "groovy", "h", "hpp", "java", "jl", "js",
    "jsx", "kt", "lua", "m", "mjs", "cjs", "php", "pl", "py", "pyi", "r", "rb", "rs", "scala", "swift", "ts", "tsx",
];

impl FileKind {
    /// A text whose assignments are judged elsewhere.
    pub(super) fn judged_elsewhere() -> Self {
        Self { ignores_names: true, ..Self::default() }
    }

    /// By the path, `/`-separated.
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_one_of = |words: &[&str], text: &str| words.iter().any(|word| word.eq_ignore_ascii_case(text));
        let mut kind = Self::default();
        for folder in path.split('/') {
            kind.is_package |= is_one_of(&PACKAGE_FOLDERS, folder);
            kind.is_test |= is_one_of(&TEST_FOLDERS, folder);
        }
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
        let ends = |ending: &str| stem.len() > ending.len() && stem.to_ascii_lowercase().ends_with(ending);
        kind.is_test |= ends("_test") || ends(".test") || ends(".spec") || ends("_spec") || stem.starts_with("test_");
        kind.is_lock = is_one_of(&LOCK_FILES, name);
        kind.is_code = is_one_of(&CODE, extension);
        kind.ignores_names = kind.is_lock || kind.is_package;
        kind
    }
}

/// Whether a file that starts so is compressed or drawn, so that no text can be found in it. An archive that may hold files as
/// they are, as zip and tar do, is not.
pub(super) fn is_opaque(head: &[u8]) -> bool {
    const STARTS: [&[u8]; 13] = [
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"\xfd7zXZ\0",
        b"BZh91AY&SY",
        b"\x89PNG\r\n",
        b"\xff\xd8\xff",
        b"GIF8",
        b"wOFF",
        b"wOF2",
        b"7z\xbc\xaf",
        b"PACK\0\0\0\x02",
        b"\x04\x22\x4d\x18",
        b"OggS",
    ];
    // A git object: zlib at the levels git uses.
    let is_zlib = matches!(head, [0x78, 0x01 | 0x9C | 0xDA, third, ..] if !third.is_ascii_graphic());
    is_zlib || STARTS.iter().any(|start| head.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_what_a_file_is() {
        let kind = FileKind::of("web/node_modules/a/test/key.js");
        assert!(kind.is_package && kind.is_test && kind.is_code && kind.ignores_names && !kind.is_lock);
        assert!(
            FileKind::of("a/package-lock.json").is_lock
                && FileKind::of("x.test.ts").is_test
                && FileKind::of("test_a.py").is_test
        );
        assert_eq!(FileKind::of("config/settings.yaml"), FileKind::default());
        assert_eq!(FileKind::of(""), FileKind::default());
    }

    #[test]
    fn starts_tell_what_is_compressed() {
        assert!(is_opaque(b"\x1f\x8b\x08\0") && is_opaque(b"x\x01\x95\x8e") && is_opaque(b"\x89PNG\r\n\x1a\n"));
        assert!(!is_opaque(b"PK\x03\x04") && !is_opaque(b"text") && !is_opaque(b"") && !is_opaque(b"x\x01"));
    }
}
