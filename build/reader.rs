//! A fingerprint of everything that decides what is read out of a layer: the readers' code, the detectors, the kinds of key
//! files. Records of the layer cache are kept under it, so that no other version's is taken for this one's.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::{fs, io};

/// Folders and files that decide.
pub const INPUTS: [&str; 10] = [
    "Cargo.lock",
    "build",
    "rules/detectors",
    "rules/files",
    "src/gate",
    "src/image",
    "src/packages",
    "src/rule",
    "src/secrets",
    "src/text",
];

/// The fingerprint, in hexadecimal. A change in it costs a layer being read again, and nothing else.
pub fn fingerprint(root: &Path) -> io::Result<String> {
    let mut hash = DefaultHasher::new();
    env!("CARGO_PKG_VERSION").hash(&mut hash);
    for input in INPUTS {
        add(&root.join(input), input, &mut hash)?;
    }
    Ok(format!("{:016x}", hash.finish()))
}

fn add(path: &Path, name: &str, hash: &mut DefaultHasher) -> io::Result<()> {
    if path.is_dir() {
        let mut names = Vec::new();
        for entry in fs::read_dir(path)? {
            names.push(entry?.file_name());
        }
        names.sort();
        return names.iter().try_for_each(|inner| add(&path.join(inner), &inner.to_string_lossy(), hash));
    }
    match fs::read(path) {
        Ok(bytes) => (name, bytes).hash(hash),
        // A package made for a registry may lack the lock file.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
