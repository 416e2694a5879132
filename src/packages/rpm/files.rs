//! The files of a package: its header has their directories once, and for each file the directory's number and the name.

use super::header::{self, Header};
use crate::packages::owner::Wanted;

/// Full paths, as rpm before version 4 wrote them.
const OLD_FILE_NAMES: u32 = 1027;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;

/// Gives the package of a header those of the wanted files that it has.
pub(super) fn claim(header: &[u8], wanted: &mut Wanted<'_>) {
    let Some(header) = Header::open(header) else { return };
    let name = || header::name(&header);
    let (directories, indexes) = (header.value(DIR_NAMES), header.value(DIR_INDEXES));
    if let (Some(directories), Some(indexes), Some(names)) = (directories, indexes, header.value(BASE_NAMES)) {
        let directories: Vec<Option<String>> = directories.texts().map(|dir| wanted.directory(dir)).collect();
        for (index, file) in indexes.numbers().zip(names.texts()) {
            if let Some(Some(directory)) = directories.get(index) {
                wanted.claim(directory, file, &name);
            }
        }
    }
    for path in header.value(OLD_FILE_NAMES).iter().flat_map(|value| value.texts()) {
        wanted.claim_path(path, &name);
    }
}
