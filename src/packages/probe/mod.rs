//! Packages inside files too large to keep: binaries that name the modules they were built from, and Java archives. A probe
//! looks at such a file while it streams by and takes out the few parts that matter; reading those parts is the business of
//! the ecosystem's own module.

mod archive;
mod binary;
mod elf;
mod go;
mod zip;

use crate::image::{Entry, Probe};

pub(super) use archive::{NESTED, is_archive};
pub(super) use binary::CRATES;

use archive::Archive;
use binary::Binary;

/// Bytes of a file that is held whole while it is looked at.
const MAX_WHOLE: u64 = 64 << 20;

/// The probe for a file, when it is of a kind that can hold packages.
pub(super) fn choose(entry: &Entry) -> Option<Box<dyn Probe>> {
    if is_archive(&entry.path) {
        return Some(Box::new(Archive::new(entry.size)));
    }
    let is_executable = entry.mode & 0o111 != 0;
    (is_executable && entry.size > elf::HEAD).then(|| -> Box<dyn Probe> { Box::new(Binary::new(entry.size)) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
