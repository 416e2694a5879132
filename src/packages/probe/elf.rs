//! Executables: where the sections and segments of an ELF file lie.

use super::super::bytes::{Endian, slice};

/// Bytes of the smallest file header.
pub(super) const HEAD: u64 = 52;

/// Sections and segments that are looked at.
const MAX_PARTS: usize = 4096;

/// An ELF file.
pub(super) struct Elf<'a> {
    bytes: &'a [u8],
    order: Endian,
    is_64: bool,
}

impl<'a> Elf<'a> {
    /// Whether a file that starts like this is one.
    pub(super) fn is_start(head: &[u8]) -> bool {
        head.starts_with(b"\x7fELF")
    }

    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let is_64 = match bytes.get(4)? {
            1 => false,
            2 => true,
            _ => return None,
        };
        let order = match bytes.get(5)? {
            1 => Endian::Little,
            2 => Endian::Big,
            _ => return None,
        };
        Self::is_start(bytes).then_some(Self { bytes, order, is_64 })
    }

    /// The bytes of a section by its name.
    pub(super) fn section(&self, name: &str) -> Option<&'a [u8]> {
        let headers = self.table(self.field(32, 40)?, 46, 58)?;
        let names_index = self.order.size16(self.bytes, self.pick(50, 62))?;
        let range = |header: &[u8]| -> Option<&'a [u8]> {
            let (offset, size) = if self.is_64 {
                (self.order.size64(header, 24)?, self.order.size64(header, 32)?)
            } else {
                (self.order.size32(header, 16)?, self.order.size32(header, 20)?)
            };
            slice(self.bytes, offset, size)
        };
        let names = range(headers.get(names_index)?)?;
        let wanted = [name.as_bytes(), &[0]].concat();
        headers.iter().find_map(|header| {
            let found = names.get(self.order.size32(header, 0)?..)?;
            found.starts_with(&wanted).then(|| range(header))?
        })
    }

    /// Whether it has a list of sections.
    pub(super) fn has_sections(&self) -> bool {
        self.field(32, 40).is_some_and(|offset| offset != 0)
    }

    /// The bytes that lie at an address once the file is loaded, to the end of their segment.
    pub(super) fn at(&self, address: u64) -> Option<&'a [u8]> {
        self.table(self.field(28, 32)?, 42, 54)?.iter().find_map(|header| {
            let number = |at_32: usize, at_64: usize| -> Option<u64> {
                if self.is_64 { self.order.u64(header, at_64) } else { self.order.u32(header, at_32).map(u64::from) }
            };
            let (offset, start, size) = (number(4, 8)?, number(8, 16)?, number(16, 32)?);
            let inside = address.checked_sub(start).filter(|inside| *inside < size)?;
            let bytes = slice(self.bytes, usize::try_from(offset).ok()?, usize::try_from(size).ok()?)?;
            // Only segments that are loaded have addresses.
            (self.order.u32(header, 0)? == 1).then(|| bytes.get(usize::try_from(inside).ok()?..))?
        })
    }

    /// A field of the file header of the size of an address.
    fn field(&self, at_32: usize, at_64: usize) -> Option<usize> {
        if self.is_64 { self.order.size64(self.bytes, at_64) } else { self.order.size32(self.bytes, at_32) }
    }

    fn pick(&self, at_32: usize, at_64: usize) -> usize {
        if self.is_64 { at_64 } else { at_32 }
    }

    /// The entries of a table: their size and number follow each other in the file header.
    fn table(&self, offset: usize, size_at_32: usize, size_at_64: usize) -> Option<Vec<&'a [u8]>> {
        let size_at = self.pick(size_at_32, size_at_64);
        let size = self.order.size16(self.bytes, size_at).filter(|size| *size >= 32)?;
        let count = self.order.size16(self.bytes, size_at + 2)?.min(MAX_PARTS);
        (0..count).map(|index| slice(self.bytes, offset.checked_add(index * size)?, size)).collect()
    }
}
