//! Searching many files at once.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Scan, Scanner};

/// What the search of one of many files gave.
#[derive(Debug)]
pub struct FileScan {
    /// Which of the files.
    pub file: usize,
    /// What is in it.
    pub scan: Scan,
}

/// Files a thread takes at a time.
const TAKEN: usize = 16;

impl Scanner {
    /// Searches files on all threads of the pool, each with buffers of its own, so that memory is bounded by the number of threads. `open`
    /// opens the file of an index into `paths`; `done` is told after each. Those in which there is something, or that could
    /// not be read to their end, in order of their index.
    pub fn scan_files<P: AsRef<str> + Sync, R: Read>(
        &self,
        paths: &[P],
        open: impl Fn(usize) -> io::Result<R> + Sync,
        done: impl Fn(usize) + Sync,
    ) -> Vec<FileScan> {
        let next = AtomicUsize::new(0);
        let on_thread = || {
            let mut search = self.search();
            let mut found = Vec::new();
            loop {
                let first = next.fetch_add(TAKEN, Ordering::Relaxed);
                let Some(taken) = paths.get(first..paths.len().min(first + TAKEN)) else { return found };
                if taken.is_empty() {
                    return found;
                }
                for (file, path) in (first..).zip(taken) {
                    let path = path.as_ref();
                    let scan = match Self::is_opaque(path) {
                        true => Scan::default(),
                        false => match open(file) {
                            Ok(reader) => search.scan(path, reader),
                            Err(error) => Scan { error: Some(error), ..Scan::default() },
                        },
                    };
                    if !scan.hits.is_empty() || scan.error.is_some() || scan.is_cut {
                        found.push(FileScan { file, scan });
                    }
                    done(file);
                }
            }
        };
        let mut all: Vec<FileScan> = rayon::broadcast(|_| on_thread()).into_iter().flatten().collect();
        all.sort_unstable_by_key(|scan| scan.file);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_searched_once_and_failures_are_told() {
        let token = ["ghp_", "q3TxWz9kLmN4bV7cX2sD", "5fG8hJ1pR64fDpPu"].concat();
        let paths: Vec<String> = (0..100).map(|n| format!("file-{n}")).collect();
        let count = AtomicUsize::new(0);
        let open = |file: usize| match file % 10 {
            3 => Ok(io::Cursor::new(format!("a\n{token}"))),
            7 => Err(io::ErrorKind::PermissionDenied.into()),
            _ => Ok(io::Cursor::new(String::from("nothing"))),
        };
        let done = |_| {
            count.fetch_add(1, Ordering::Relaxed);
        };
        let scans = Scanner::shared().scan_files(&paths, open, done);
        let shown: Vec<_> = scans.iter().map(|s| (s.file, s.scan.hits.len(), s.scan.error.is_some())).collect();
        let expected: Vec<_> = (0..10).flat_map(|n| [(n * 10 + 3, 1, false), (n * 10 + 7, 0, true)]).collect();
        assert_eq!((shown, count.into_inner()), (expected, 100));
        assert!(Scanner::shared().scan_files(&[] as &[&str], open, |_| {}).is_empty());
    }
}
