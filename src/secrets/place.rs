//! Lines and columns of places in a text that goes by in blocks.

/// Keeps count of the lines that have gone by.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Newlines before the block.
    lines: u64,
    /// Characters of the block's first line that are before the block.
    characters: usize,
    /// A place in the block and the newlines before it in the block.
    known: (usize, u64),
}

impl Places {
    /// Line and column, both from 1, the column in characters.
    pub(super) fn of(&mut self, block: &[u8], at: usize) -> (u64, usize) {
        let before = block.get(..at).unwrap_or(block);
        let (known, newlines) = self.known;
        let newlines = match before.get(known..) {
            Some(between) => newlines + count_newlines(between),
            None => newlines.saturating_sub(count_newlines(block.get(at..known).unwrap_or_default())),
        };
        self.known = (before.len(), newlines);
        let column = match memchr::memrchr(b'\n', before) {
            Some(newline) => characters(before.get(newline + 1..).unwrap_or_default()),
            None => self.characters + characters(before),
        };
        (self.lines + newlines + 1, column + 1)
    }

    /// The first `length` bytes of the block leave it.
    pub(super) fn leave(&mut self, block: &[u8], length: usize) {
        let gone = block.get(..length).unwrap_or(block);
        self.characters = match memchr::memrchr(b'\n', gone) {
            Some(newline) => characters(gone.get(newline + 1..).unwrap_or_default()),
            None => self.characters + characters(gone),
        };
        self.lines += count_newlines(gone);
        self.known = (0, 0);
    }
}

fn count_newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Bytes that are not the second or a later one of a UTF-8 character.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_the_same_whatever_has_left() {
        let text = "ab\nß\u{1F600}x\n\n  y and a longer line".as_bytes();
        let all: Vec<_> = (0..text.len()).map(|at| Places::default().of(text, at)).collect();
        assert_eq!((all[0], all[2], all[3], all[5], all[9]), ((1, 1), (1, 3), (2, 1), (2, 2), (2, 3)));
        for gone in 0..text.len() {
            let mut places = Places::default();
            places.leave(text, gone / 2);
            places.leave(&text[gone / 2..], gone - gone / 2);
            for at in (gone..text.len()).rev().chain(gone..text.len()) {
                assert_eq!(places.of(&text[gone..], at - gone), all[at], "{gone} {at}");
            }
        }
    }
}
