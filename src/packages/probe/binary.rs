//! Executables that tell what they were built from: Go's build information, and the list of crates `cargo auditable` adds.

use std::io::Read;

use aho_corasick::AhoCorasick;
use flate2::read::ZlibDecoder;

use super::MAX_WHOLE;
use super::elf::Elf;
use super::go::{self, Found};
use crate::image::{Part, Probe, Probed};

/// The part that holds Go's build information.
pub(in super::super) const GO_BUILD: &str = "go.buildinfo";
/// The part that holds the list of crates, and the section it lies in.
pub(in super::super) const CRATES: &str = ".dep-v0";

/// Bytes of the list of crates, unpacked; the tools that read it have the same bound.
const MAX_CRATES: u64 = 8 << 20;

/// Looks at an executable. A small one is held whole, so that its sections can be found; a larger one is searched for
/// the marks these parts have.
pub(in super::super) enum Binary {
    /// What it is will be told by its first bytes.
    Start {
        head: Vec<u8>,
        is_small: bool,
    },
    /// It is no executable of the format that is known.
    Other,
    Whole(Vec<u8>),
    Search(Box<Search>),
}

impl Binary {
    pub(in super::super) fn new(size: u64) -> Self {
        Self::Start { head: Vec::new(), is_small: size <= MAX_WHOLE }
    }
}

impl Probe for Binary {
    fn feed(&mut self, bytes: &[u8]) {
        match self {
            Self::Start { head, is_small } => {
                head.extend_from_slice(bytes);
                if head.len() < 4 {
                    return;
                }
                let head = std::mem::take(head);
                *self = match (Elf::is_start(&head), *is_small) {
                    (true, true) => Self::Whole(head),
                    (true, false) => {
                        let mut search = Box::new(Search::new());
                        search.feed(&head);
                        Self::Search(search)
                    }
                    (false, _) => Self::Other,
                };
            }
            Self::Other => {}
            Self::Whole(whole) => whole.extend_from_slice(bytes),
            Self::Search(search) => search.feed(bytes),
        }
    }

    fn finish(self: Box<Self>) -> Option<Probed> {
        match *self {
            Self::Start { .. } | Self::Other => None,
            Self::Whole(bytes) => look(&bytes),
            Self::Search(search) => search.finish(),
        }
    }
}

/// Looks at a whole file.
fn look(bytes: &[u8]) -> Option<Probed> {
    let elf = Elf::parse(bytes)?;
    let mut probed = Probed::default();
    if let Some(content) = go_build(&elf, bytes) {
        probed.parts.push(Part { name: GO_BUILD.to_owned(), content });
    }
    if let Some(section) = elf.section(CRATES) {
        let mut content = Vec::new();
        match ZlibDecoder::new(section).take(MAX_CRATES + 1).read_to_end(&mut content) {
            Ok(_) if content.len() as u64 <= MAX_CRATES => {
                probed.parts.push(Part { name: CRATES.to_owned(), content });
            }
            _ => probed.problem = Some("has a list of Rust crates that cannot be unpacked".to_owned()),
        }
    }
    (!probed.parts.is_empty() || probed.problem.is_some()).then_some(probed)
}

fn go_build(elf: &Elf<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    // Without a list of sections all of the file may hold it.
    let place = if elf.has_sections() { elf.section(".go.buildinfo")? } else { bytes };
    let magic = go::magic();
    let finder = AhoCorasick::new([magic]).ok()?;
    finder.find_iter(place).filter(|found| found.start() % go::ALIGN == 0).find_map(|found| {
        let at = place.get(found.start()..)?;
        match go::read(at.get(..at.len().min(go::HEAD + go::MAX_STRINGS))?) {
            Found::Build(build) => Some(build),
            Found::Pointers => go::follow(elf, at),
            Found::Incomplete | Found::Nothing => None,
        }
    })
}

/// A search through a large executable.
pub(in super::super) struct Search {
    finder: Option<AhoCorasick>,
    /// The end of what went by, in which a mark may have started.
    tail: Vec<u8>,
    /// Bytes before `tail`.
    passed: u64,
    /// What follows each Go magic, while its end has not come.
    pending: Vec<Vec<u8>>,
    go: Option<Vec<u8>>,
    has_pointers: bool,
    has_crates: bool,
}

/// The name of the section of crates, among other names.
const CRATES_MARK: &[u8] = b"\0.dep-v0\0";
/// Magics whose strings have not gone by yet that are followed at a time; all but one are chance.
const MAX_PENDING: usize = 4;

impl Search {
    fn new() -> Self {
        let finder = AhoCorasick::new([&go::magic()[..], CRATES_MARK]).ok();
        Self {
            finder,
            tail: Vec::new(),
            passed: 0,
            pending: Vec::new(),
            go: None,
            has_pointers: false,
            has_crates: false,
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        for mut pending in std::mem::take(&mut self.pending) {
            let room = (go::HEAD + go::MAX_STRINGS).saturating_sub(pending.len());
            pending.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
            self.take(pending);
        }
        let mut window = std::mem::take(&mut self.tail);
        window.extend_from_slice(bytes);
        let found: Vec<(usize, usize)> = self
            .finder
            .iter()
            .flat_map(|f| f.find_iter(&window))
            .map(|f| (f.pattern().as_usize(), f.start()))
            .collect();
        for (pattern, start) in found {
            if pattern == 1 {
                self.has_crates = true;
            } else if (self.passed + start as u64).is_multiple_of(go::ALIGN as u64) && self.go.is_none() {
                let rest = window.get(start..).unwrap_or_default();
                self.take(rest.get(..rest.len().min(go::HEAD + go::MAX_STRINGS)).unwrap_or_default().to_vec());
            }
        }
        let keep = window.len().min(go::magic().len() - 1);
        self.passed += (window.len() - keep) as u64;
        self.tail = window.split_off(window.len() - keep);
    }

    fn take(&mut self, candidate: Vec<u8>) {
        match go::read(&candidate) {
            Found::Build(build) => self.go = self.go.take().or(Some(build)),
            Found::Pointers => self.has_pointers = true,
            Found::Incomplete if self.pending.len() < MAX_PENDING => self.pending.push(candidate),
            Found::Incomplete | Found::Nothing => {}
        }
    }

    fn finish(self) -> Option<Probed> {
        let is_old_go = self.has_pointers && self.go.is_none();
        let what = match (is_old_go, self.has_crates) {
            (true, _) => Some("its Go modules were not read"),
            (false, true) => Some("its list of Rust crates was not read"),
            (false, false) => None,
        };
        let problem = what.map(|what| format!("is larger than {} MiB, so {what}", MAX_WHOLE >> 20));
        let part = self.go.map(|content| Part { name: GO_BUILD.to_owned(), content });
        (part.is_some() || problem.is_some()).then(|| Probed { parts: part.into_iter().collect(), problem })
    }
}
