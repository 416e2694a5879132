//! Sparse files, as GNU tar stores them: the parts that are not zero, and a map of where they go.

use std::io::{self, Read};

use super::entries::{BLOCK, number};
use super::limits::MAX_SPARSE_SEGMENTS;
use super::pax::decimal;

/// A part of a sparse file that has data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where it goes in the file.
    pub(super) offset: u64,
    /// Bytes of data.
    pub(super) length: u64,
}

/// The map of an old GNU header and the blocks that continue it, with the file's size.
pub(super) fn gnu_map(
    header: &[u8; BLOCK as usize],
    mut more: impl FnMut() -> Option<[u8; BLOCK as usize]>,
) -> Option<(Vec<Segment>, u64)> {
    let size = u64::try_from(number(&header[483..495])?).ok()?;
    let mut segments = Vec::new();
    push_pairs(&mut segments, &header[386..482])?;
    let mut continues = header[482] != 0;
    while continues {
        let block = more()?;
        let before = segments.len();
        push_pairs(&mut segments, &block[..504])?;
        if segments.len() == before {
            return None;
        }
        continues = block[504] != 0;
    }
    Some((segments, size))
}

fn push_pairs(segments: &mut Vec<Segment>, pairs: &[u8]) -> Option<()> {
    for pair in pairs.chunks_exact(24) {
        if pair[0] == 0 {
            break;
        }
        if segments.len() == MAX_SPARSE_SEGMENTS {
            return None;
        }
        let (offset, length) = pair.split_at(12);
        let value = |field| u64::try_from(number(field)?).ok();
        segments.push(Segment { offset: value(offset)?, length: value(length)? });
    }
    Some(())
}

/// The map at the start of a member's data (PAX version 1.0): decimal lines, padded to a block.
pub(super) fn map_in_data(data: &mut impl Read) -> Option<Vec<Segment>> {
    let mut lines = Lines { data, block: [0; BLOCK as usize], at: BLOCK as usize };
    let count = usize::try_from(lines.number()?).ok().filter(|n| *n <= MAX_SPARSE_SEGMENTS)?;
    (0..count).map(|_| Some(Segment { offset: lines.number()?, length: lines.number()? })).collect()
}

struct Lines<'a, R> {
    data: &'a mut R,
    block: [u8; BLOCK as usize],
    at: usize,
}

impl<R: Read> Lines<'_, R> {
    fn number(&mut self) -> Option<u64> {
        let mut digits = Vec::new();
        while digits.len() < 20 {
            if self.at == self.block.len() {
                self.data.read_exact(&mut self.block).ok()?;
                self.at = 0;
            }
            let byte = self.block[self.at];
            self.at += 1;
            if byte == b'\n' {
                return decimal(&digits);
            }
            digits.push(byte);
        }
        None
    }
}

/// Whether segments follow one another within `size` and are as long together as the data.
pub(super) fn holds_together(segments: &[Segment], size: u64, stored: u64) -> bool {
    let (mut end, mut total) = (0u64, 0u64);
    for segment in segments {
        let Some(next) = segment.offset.checked_add(segment.length) else { return false };
        if segment.offset < end || next > size {
            return false;
        }
        end = next;
        total += segment.length;
    }
    total == stored
}

/// The content of a sparse file: its data with the holes filled.
#[derive(Debug)]
pub(super) struct Expanded<'a, R> {
    data: R,
    segments: std::slice::Iter<'a, Segment>,
    size: u64,
    at: u64,
    segment: Segment,
}

impl<'a, R: Read> Expanded<'a, R> {
    /// Expands `data` by a map for which [`holds_together`].
    pub(super) fn new(data: R, segments: &'a [Segment], size: u64) -> Self {
        Self { data, segments: segments.iter(), size, at: 0, segment: Segment { offset: 0, length: 0 } }
    }
}

impl<R: Read> Read for Expanded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let within = |left: u64, buffer: &[u8]| usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        while self.at == self.segment.offset + self.segment.length && self.at < self.size {
            match self.segments.next() {
                Some(next) => self.segment = *next,
                None => self.segment = Segment { offset: self.size, length: 0 },
            }
            if self.at < self.segment.offset {
                break;
            }
        }
        let read = if self.at < self.segment.offset {
            let zeros = within(self.segment.offset - self.at, buffer);
            buffer[..zeros].fill(0);
            zeros
        } else {
            let most = within(self.segment.offset + self.segment.length - self.at, buffer);
            self.data.read(&mut buffer[..most])?
        };
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_with_zeros() {
        let segments = [(2, 3), (5, 0), (7, 1)].map(|(offset, length)| Segment { offset, length });
        assert!(holds_together(&segments, 10, 4));
        let mut content = Vec::new();
        Expanded::new(&b"abcd"[..], &segments, 10).read_to_end(&mut content).unwrap();
        assert_eq!(content, b"\0\0abc\0\0d\0\0");

        let mut empty = Vec::new();
        Expanded::new(&b""[..], &[], 3).read_to_end(&mut empty).unwrap();
        assert_eq!(empty, b"\0\0\0");
    }

    #[test]
    fn maps_that_overlap_or_leave_the_file_are_refused() {
        let map =
            |pairs: &[(u64, u64)]| pairs.iter().map(|&(offset, length)| Segment { offset, length }).collect::<Vec<_>>();
        assert!(!holds_together(&map(&[(0, 5), (4, 1)]), 10, 6));
        assert!(!holds_together(&map(&[(8, 5)]), 10, 5));
        assert!(!holds_together(&map(&[(u64::MAX, 5)]), 10, 5));
        assert!(!holds_together(&map(&[(0, 5)]), 10, 4));
    }

    #[test]
    fn a_map_in_the_data_is_padded_to_a_block() {
        let mut data = b"2\n0\n5\n1024\n3\n".to_vec();
        data.resize(512, 0);
        data.extend(b"helloabc");
        let mut rest = &data[..];
        let map = map_in_data(&mut rest).unwrap();
        assert_eq!(map, [Segment { offset: 0, length: 5 }, Segment { offset: 1024, length: 3 }]);
        assert_eq!(rest, b"helloabc");
        assert!(map_in_data(&mut &b"99999999999999999999999"[..]).is_none());
    }
}
