//! PAX extended headers: the records that say of the next member what its header has no room for.

use super::limits::MAX_SPARSE_SEGMENTS;
use super::sparse::Segment;

/// The records that matter.
#[derive(Debug, Default)]
pub(super) struct Pax {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) capability: Option<Vec<u8>>,
    pub(super) sparse: Option<PaxSparse>,
}

/// What GNU tar's records say of a sparse file.
#[derive(Debug, Default)]
pub(super) struct PaxSparse {
    /// The map is at the start of the data (version 1.0), not in `segments`.
    pub(super) in_data: bool,
    pub(super) segments: Vec<Segment>,
    /// Bytes of content.
    pub(super) size: Option<u64>,
    /// The file's name; the member's own is made up.
    pub(super) name: Option<Vec<u8>>,
}

impl Pax {
    /// Reads `LENGTH KEY=VALUE\n` records; values may hold any byte. `None` when they are damaged.
    pub(super) fn parse(mut data: &[u8]) -> Option<Self> {
        let mut pax = Self::default();
        let mut offset = None;
        while !data.is_empty() {
            let space = data.iter().take(20).position(|b| *b == b' ')?;
            let length = usize::try_from(decimal(data.get(..space)?)?).ok()?;
            let record = data.get(space + 1..length)?.strip_suffix(b"\n")?;
            let equals = record.iter().position(|b| *b == b'=')?;
            let (key, value) = (record.get(..equals)?, record.get(equals + 1..)?);
            pax.set(key, value, &mut offset)?;
            data = data.get(length..)?;
        }
        Some(pax)
    }

    fn set(&mut self, key: &[u8], value: &[u8], offset: &mut Option<u64>) -> Option<()> {
        match key {
            // An empty value leaves what the header says.
            b"path" | b"linkpath" | b"size" | b"uid" | b"gid" if value.is_empty() => {}
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(decimal(value)?),
            b"uid" => self.uid = Some(decimal(value)?),
            b"gid" => self.gid = Some(decimal(value)?),
            b"SCHILY.xattr.security.capability" => self.capability = Some(value.to_vec()),
            _ => {
                if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
                    set_sparse(self.sparse.get_or_insert_default(), key, value, offset)?;
                }
            }
        }
        Some(())
    }
}

fn set_sparse(sparse: &mut PaxSparse, key: &[u8], value: &[u8], offset: &mut Option<u64>) -> Option<()> {
    match key {
        b"major" => sparse.in_data = value == b"1",
        b"name" => sparse.name = Some(value.to_vec()),
        b"size" | b"realsize" => sparse.size = Some(decimal(value)?),
        // Version 0.0: pairs of records.
        b"offset" => *offset = Some(decimal(value)?),
        b"numbytes" => sparse.push(offset.take()?, decimal(value)?)?,
        // Version 0.1: one record with all pairs.
        b"map" => {
            let mut numbers = value.split(|b| *b == b',');
            while let Some(start) = numbers.next().filter(|n| !n.is_empty()) {
                sparse.push(decimal(start)?, decimal(numbers.next()?)?)?;
            }
        }
        _ => {}
    }
    Some(())
}

impl PaxSparse {
    fn push(&mut self, offset: u64, length: u64) -> Option<()> {
        if self.segments.len() == MAX_SPARSE_SEGMENTS {
            return None;
        }
        self.segments.push(Segment { offset, length });
        Some(())
    }
}

/// Digits alone, within 63 bits.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (number <= i64::MAX as u64).then_some(number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn records_hold_any_byte() {
        let pax =
            Pax::parse(b"14 path=a\nb=c\n42 SCHILY.xattr.security.capability=\x01\n\x00=\x02\n12 uid=4096\n").unwrap();
        assert_eq!(pax.path.as_deref(), Some(&b"a\nb=c"[..]));
        assert_eq!(pax.capability.as_deref(), Some(&b"\x01\n\x00=\x02"[..]));
        assert_eq!((pax.uid, pax.gid), (Some(4096), None));
    }

    #[test]
    fn damaged_records_are_refused() {
        for data in ["path=a\n", "9 path=a\n\n", "99 path=a\n", "9 path=ab", "0 \n", "10 size=-1\n", "5 ab\n"] {
            assert!(Pax::parse(data.as_bytes()).is_none(), "{data:?}");
        }
    }

    #[test]
    fn sparse_maps_come_in_two_spellings() {
        let pairs = Pax::parse(b"25 GNU.sparse.offset=512\n25 GNU.sparse.numbytes=3\n").unwrap();
        let list = Pax::parse(b"24 GNU.sparse.map=512,3\n").unwrap();
        for pax in [pairs, list] {
            assert_eq!(pax.sparse.unwrap().segments, [Segment { offset: 512, length: 3 }]);
        }
    }
}
