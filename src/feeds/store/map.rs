//! A file as memory.

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// The bytes of a file, read as they are needed and shared with every other process that has it open.
#[derive(Debug)]
pub(super) struct Mapped(Mmap);

impl Mapped {
    /// Maps a file of a store.
    ///
    /// # Errors
    /// As the system has them.
    pub(super) fn open(file: &File) -> io::Result<Self> {
        // SAFETY: a file of a store is written under another name, and gets its own by a rename when it is whole; it is never
        // written again, and removing or replacing it leaves what is mapped as it was. Whoever may write in the folder of the
        // store can break that, as they can everything else this process reads there.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(file) }?;
        Ok(Self(map))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
