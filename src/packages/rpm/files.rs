//! The files of a package: its header has their directories once, and for each file the directory's number and the name.

use super::header::{self, Header};
use crate::packages::owner::Wanted;
use crate::packages::recorded::{Recorded, RecordedDigest, RecordedFile, RecordedKind, from_hex};

/// Full paths, as rpm before version 4 wrote them.
const OLD_FILE_NAMES: u32 = 1027;
const FILE_SIZES: u32 = 1028;
const FILE_STATES: u32 = 1029;
const FILE_MODES: u32 = 1030;
const FILE_DIGESTS: u32 = 1035;
const FILE_LINKS: u32 = 1036;
const FILE_FLAGS: u32 = 1037;
const VERIFY_FLAGS: u32 = 1045;
const LONG_FILE_SIZES: u32 = 5008;
const DIGEST_ALGORITHM: u32 = 5011;
const DIR_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIR_NAMES: u32 = 1118;

/// Bits of a file's flags.
const CONFIG: usize = 1;
const MISSING_OK: usize = 1 << 3;
const GHOST: usize = 1 << 6;
/// Bits of what is to be verified of a file.
const VERIFY_DIGEST: usize = 1;
const VERIFY_SIZE: usize = 1 << 1;
const VERIFY_LINK: usize = 1 << 2;
const VERIFY_MODE: usize = 1 << 6;

/// What engines mount themselves, whatever a package has brought there.
const MOUNTED: [&str; 3] = ["/dev", "/proc", "/sys"];

const NOT_INSTALLED: &str = "rpm was told not to install them (documentation, other languages or architectures)";
const UNKNOWN: &str = "their digests are of a kind that is not computed here";

/// Reads what a header has recorded of the files of its package; gives the package's name. What the package owns and does not bring,
/// what it did not install, and what it has asked not to be verified is left out, as rpm itself does.
pub(super) fn read(header: &[u8], recorded: &mut Recorded) -> Option<String> {
    let header = Header::open(header)?;
    let name = header::name(&header)?;
    let numbers = |tag| header.value(tag).map(|value| value.numbers().collect::<Vec<_>>()).unwrap_or_default();
    let texts = |tag| header.value(tag).map(|value| value.texts().collect::<Vec<_>>()).unwrap_or_default();
    let (modes, flags, states, verify) =
        (numbers(FILE_MODES), numbers(FILE_FLAGS), numbers(FILE_STATES), numbers(VERIFY_FLAGS));
    let (digests, links, sizes) = (texts(FILE_DIGESTS), texts(FILE_LINKS), numbers(FILE_SIZES));
    let long: Vec<u64> = header.value(LONG_FILE_SIZES).map(|value| value.wide_numbers().collect()).unwrap_or_default();
    let algorithm = numbers(DIGEST_ALGORITHM).first().copied().unwrap_or(1);
    for (at, path) in paths(&header).enumerate() {
        let flags = flags.get(at).copied().unwrap_or_default();
        let is_there_to_be = path != "/" && !MOUNTED.contains(&path.as_str());
        if flags & GHOST != 0 || !is_there_to_be {
            continue;
        }
        if states.get(at).is_some_and(|state| *state != 0) {
            recorded.leave_out(NOT_INSTALLED);
            continue;
        }
        let verify = verify.get(at).copied().unwrap_or(usize::MAX);
        let mode = modes.get(at).copied();
        let text = |list: &[&[u8]]| list.get(at).map(|text| String::from_utf8_lossy(text).into_owned());
        let kind = mode.map(|mode| match mode & 0o170_000 {
            0o100_000 => RecordedKind::File,
            0o040_000 => RecordedKind::Directory,
            0o120_000 => {
                RecordedKind::Symlink(text(&links).filter(|link| verify & VERIFY_LINK != 0 && !link.is_empty()))
            }
            _ => RecordedKind::Other,
        });
        let is_file = kind == Some(RecordedKind::File);
        let digest = text(&digests).filter(|text| !text.is_empty() && verify & VERIFY_DIGEST != 0);
        let known = digest.as_deref().map(|text| of_algorithm(algorithm, text));
        if known == Some(None) {
            recorded.leave_out(UNKNOWN);
        }
        let size = sizes.get(at).map(|size| *size as u64).or_else(|| long.get(at).copied());
        recorded.push(RecordedFile {
            package: name.clone(),
            path,
            kind,
            digest: known.flatten(),
            mode: mode.filter(|_| verify & VERIFY_MODE != 0).and_then(|mode| u32::try_from(mode & 0o7777).ok()),
            size: size.filter(|_| is_file && verify & VERIFY_SIZE != 0),
            is_config: flags & CONFIG != 0,
            is_optional: flags & MISSING_OK != 0,
        });
    }
    Some(name)
}

/// A digest in hexadecimal by the number of its algorithm in the OpenPGP standard; `None` for those that are not computed here.
fn of_algorithm(algorithm: usize, text: &str) -> Option<RecordedDigest> {
    match algorithm {
        1 => from_hex(text).map(RecordedDigest::Md5),
        2 => from_hex(text).map(RecordedDigest::Sha1),
        8 => from_hex::<32>(text).map(|_| RecordedDigest::Sha256(text.to_ascii_lowercase())),
        _ => None,
    }
}

/// The full paths of a header's files, in its order.
fn paths<'h>(header: &Header<'h>) -> impl Iterator<Item = String> + use<'h> {
    fn shown(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }
    let directories: Vec<&[u8]> = header.value(DIR_NAMES).iter().flat_map(|value| value.texts()).collect();
    let indexes = header.value(DIR_INDEXES).into_iter().flat_map(|value| value.numbers());
    let names = header.value(BASE_NAMES).into_iter().flat_map(|value| value.texts());
    let path = move |(index, name): (usize, &[u8])| {
        let directory = directories.get(index).copied().unwrap_or_default();
        format!("{}{}", shown(directory), shown(name))
    };
    let old = header.value(OLD_FILE_NAMES).into_iter().flat_map(|value| value.texts()).map(shown);
    indexes.zip(names).map(path).chain(old)
}

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
