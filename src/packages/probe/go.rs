//! The build information Go's linker puts into every binary, found as Go's `debug/buildinfo` finds it: the toolchain's version and
//! the list of modules, behind a magic. Since Go 1.18 both follow the magic; before, it is followed by pointers to them.

use super::super::bytes::{Endian, slice};
use super::elf::Elf;

/// Multiple of the offset the magic lies at.
pub(super) const ALIGN: usize = 16;
/// Bytes of the magic and what stands before the strings.
pub(super) const HEAD: usize = 32;
/// Bytes of the two strings together.
pub(super) const MAX_STRINGS: usize = 4 << 20;

/// The magic. It is put together here, so that this very program does not look like a binary that has it.
pub(super) fn magic() -> [u8; 14] {
    let mut magic = *b"\xfe Go buildinf:";
    magic[0] = 0xff;
    magic
}

/// What was found behind a magic.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A line with the toolchain's version, then the list of modules.
    Build(Vec<u8>),
    /// The strings lie elsewhere.
    Pointers,
    /// There is more of it than the bytes given.
    Incomplete,
    /// It only looks like a magic.
    Nothing,
}

/// Reads what follows a magic.
pub(super) fn read(bytes: &[u8]) -> Found {
    let Some(flags) = bytes.get(15) else { return Found::Incomplete };
    if flags & 2 == 0 {
        let is_pointer_size = matches!(bytes.get(14), Some(4 | 8));
        return if is_pointer_size && *flags < 2 { Found::Pointers } else { Found::Nothing };
    }
    let strings = string(bytes, HEAD).and_then(|(version, at)| Some((version, string(bytes, at)?.0)));
    match strings {
        Some((version, modules)) => build(version, modules),
        None if bytes.len() < HEAD + MAX_STRINGS => Found::Incomplete,
        None => Found::Nothing,
    }
}

/// Reads what the pointers behind a magic point at.
pub(super) fn follow(elf: &Elf<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    let size = usize::from(*bytes.get(14)?);
    let order = if bytes.get(15)? & 1 == 0 { Endian::Little } else { Endian::Big };
    let number = |bytes: &[u8], at: usize| match size {
        4 => order.u32(bytes, at).map(u64::from),
        _ => order.u64(bytes, at),
    };
    let string = |pointer: u64| -> Option<&[u8]> {
        let header = elf.at(pointer)?;
        let length = usize::try_from(number(header, size)?).ok().filter(|length| *length <= MAX_STRINGS)?;
        slice(elf.at(number(header, 0)?)?, 0, length)
    };
    let version = string(number(bytes, 16)?)?;
    let modules = number(bytes, 16 + size).and_then(string).unwrap_or_default();
    match build(version, modules) {
        Found::Build(build) => Some(build),
        _ => None,
    }
}

fn build(version: &[u8], modules: &[u8]) -> Found {
    if !version.starts_with(b"go") && !version.starts_with(b"devel") || version.contains(&b'\n') {
        return Found::Nothing;
    }
    // The list stands between two marks of sixteen bytes, which let the linker and tools find it.
    let modules = match modules.len().checked_sub(16) {
        Some(end) if modules.len() >= 33 && modules.get(end - 1) == Some(&b'\n') => modules.get(16..end),
        _ => None,
    };
    Found::Build([version, b"\n", modules.unwrap_or_default()].concat())
}

/// A string with its length before it, and the offset after it.
fn string(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let (mut length, mut start) = (0_usize, at);
    for shift in (0..28).step_by(7) {
        let byte = *bytes.get(start)?;
        length |= usize::from(byte & 0x7f) << shift;
        start += 1;
        if byte & 0x80 == 0 {
            return Some((slice(bytes, start, length)?, start + length));
        }
    }
    None
}
