//! Searching one file after the other while their bytes go by.

use std::io::Read;

use super::{Scan, Scanner};

/// Bytes of a file that are kept until its end.
const MAX_KEPT: usize = 8 << 20;

/// A search that goes from file to file and keeps its buffers: make one a thread. Bytes come by [`Search::push`] between
/// [`Search::start`] and [`Search::finish`], in pieces of any size; memory is bounded whatever a file's size.
#[derive(Debug)]
pub struct Search<'s> {
    scanner: &'s Scanner,
    path: String,
    buffer: Vec<u8>,
}

impl<'s> Search<'s> {
    pub(super) fn new(scanner: &'s Scanner) -> Self {
        Self { scanner, path: String::new(), buffer: Vec::new() }
    }

    /// Begins a file, forgetting one that was not finished. `path` is `/`-separated; some detectors and files are told
    /// by it. `false` when nothing can be found in such a file, and nothing need be pushed.
    pub fn start(&mut self, path: &str) -> bool {
        path.clone_into(&mut self.path);
        self.buffer.clear();
        !Scanner::is_opaque(path)
    }

    /// The next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = MAX_KEPT.saturating_sub(self.buffer.len());
        self.buffer.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Ends the file: what was found in it.
    pub fn finish(&mut self) -> Scan {
        self.scanner.scan(&self.path, self.buffer.as_slice())
    }

    /// Searches a file that is read from here.
    pub fn scan(&mut self, path: &str, reader: impl Read) -> Scan {
        self.scanner.scan(path, reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_searched_as_one() {
        let token = ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR6tY0uI3"].concat();
        let text = format!("a\nb {token}\n");
        let mut search = Scanner::shared().search();
        for size in [1, 7, 100] {
            assert!(search.start("app/config"));
            text.as_bytes().chunks(size).for_each(|piece| search.push(piece));
            let hits: Vec<_> = search.finish().hits.iter().map(|h| (h.detector.id, h.line, h.column)).collect();
            assert_eq!(hits, [("github-pat", 2, 3)]);
        }
        assert!(!search.start("logo.png"));
    }
}
