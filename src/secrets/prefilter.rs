//! Where in a block of bytes keywords stand: all of them looked for at once.
//!
//! Every detector has keywords, and hardly any byte of a tree belongs to one. So the question a byte is asked has to be
//! cheap: four bytes from here, folded and mixed, are looked up in a bitmap that the nearest caches hold. Unlike the steps of an
//! automaton, these look-ups do not wait for each other, and they cost the same for fifty keywords as for thousands. Mixing is
//! linear, so that one shift and one exclusive or do it for all windows of a machine word. Every keyword is known by two windows
//! next to each other, so that only every second byte is asked.

use super::encoded;

/// Bits of the map. With a thousand keywords, one in fifty is set.
const BITS: usize = 1 << SHIFT;
const SHIFT: u32 = 19;
const WORDS: usize = BITS / 64;
/// How far the bytes of a window are moved over each other. With [`SHIFT`] it stays within the window's 32 bits; of the last
/// byte only the five bits come in that tell letters apart, so that a window whose last byte is open has only 32 places.
const MIX: u32 = 11;
/// Bytes of a window.
const WINDOW: usize = 4;
/// Sets the bit that tells ASCII letters' cases apart.
const FOLD: u32 = 0x2020_2020;
const FOLD_WORD: u64 = 0x2020_2020_2020_2020;
/// Bits of the second map, which is asked where the first one says yes: it mixes better, at more cost.
const KNOWN_BITS: usize = 1 << KNOWN_SHIFT;
const KNOWN_SHIFT: u32 = 16;
const KNOWN_WORDS: usize = KNOWN_BITS / 64;
/// Slots of the table behind the maps.
const SLOTS: usize = 1 << SLOT_BITS;
const SLOT_BITS: u32 = 12;
/// Offsets in a keyword at which its window may start.
const MAX_OFFSET: usize = 200;

/// The keywords, ready to be looked for.
#[derive(Debug)]
pub(super) struct Prefilter {
    map: Box<[u64; WORDS]>,
    known: Box<[u64; KNOWN_WORDS]>,
    /// Those of a slot stand together.
    windows: Vec<Window>,
    /// By slot: where in `windows` it starts; one more at the end.
    starts: Vec<usize>,
    keywords: Vec<Keyword>,
}

/// Some of a keyword's bytes, folded.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Zero where another text's byte stands.
    bytes: u32,
    /// The bits of `bytes` that are the keyword's: of all its bytes, or all but the first or the last.
    mask: u32,
    keyword: usize,
    /// How far behind the keyword's start it ends: it may start before.
    end: usize,
}

/// Masks of windows: whole, and with an open end or beginning.
const WHOLE: u32 = u32::MAX;
const OPEN_END: u32 = 0x00FF_FFFF;
const OPEN_START: u32 = 0xFFFF_FF00;

/// A literal that is looked for.
#[derive(Debug)]
struct Keyword {
    text: Box<[u8]>,
    compared: Compared,
}

/// How a keyword is compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Without regard to ASCII case.
    Folded,
    /// As it is.
    Exact,
    /// As it is, and only where a run of base64 starts.
    AtRun,
}

/// A keyword that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeywordAt {
    /// Index into the keywords, in the order they were given.
    pub(super) keyword: usize,
    /// Where it starts.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

/// The places in the map of the windows that start at this word's first bytes: each eight bits further up.
fn mixed(folded: u64) -> u64 {
    folded ^ (folded >> MIX)
}

/// A number of so many bits that depends on all of a window's.
fn hash(window: u32, bits: u32) -> usize {
    (window.wrapping_mul(0x9E37_79B1) >> (32 - bits)) as usize
}

/// How common four bytes are in source text, roughly: the rarer a keyword's window, the less often it is looked at in vain.
fn commonness(window: &[u8]) -> u32 {
    const PAIRS: &[u8] = b"th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro \
        ic ne ea ra ce li ch ll be ma si om ur";
    let byte = |byte: &u8| match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 8,
        b'l' | b'd' | b'c' | b'u' | b'p' | b'm' | b'h' | b'f' | b'"' | b'=' | b'.' | b'/' => 6,
        b'a'..=b'z' | b':' | b'-' | b',' => 4,
        b'0' | b'1' => 3,
        _ => 2,
    };
    let is_common = |pair: &&[u8]| PAIRS.chunks(3).any(|common| common.starts_with(pair));
    // A line of dashes is looked at all along.
    let is_run = |pair: &&[u8]| matches!(pair, [a, b] if a == b);
    let pairs = |is_so: &dyn Fn(&&[u8]) -> bool| {
        let count = window.windows(2).filter(is_so).count();
        u32::try_from(count).unwrap_or_default()
    };
    window.iter().map(byte).sum::<u32>() + 4 * pairs(&is_common) + 6 * pairs(&is_run)
}

impl Prefilter {
    /// Over keywords of at least three bytes; shorter ones are never found.
    pub(super) fn new<'k>(keywords: impl IntoIterator<Item = (&'k [u8], Compared)>) -> Self {
        let keywords: Vec<Keyword> =
            keywords.into_iter().map(|(text, compared)| Keyword { text: text.into(), compared }).collect();
        let found = keywords.iter().enumerate().flat_map(|(at, keyword)| keyword.windows(at)).flatten();
        let mut slots = vec![Vec::new(); SLOTS];
        let mut map = Box::new([0_u64; WORDS]);
        let mut known = Box::new([0_u64; KNOWN_WORDS]);
        let mut set = |window: u32| {
            let place = mixed(u64::from(window)) as usize % BITS;
            map[place / 64] |= 1 << (place % 64);
        };
        for window in found {
            let place = hash(window.bytes, KNOWN_SHIFT) % KNOWN_BITS;
            known[place / 64] |= 1 << (place % 64);
            if let Some(slot) = slots.get_mut(hash(window.bytes, SLOT_BITS)) {
                slot.push(window);
            }
            let any = 0..=u32::from(u8::MAX);
            match window.mask {
                OPEN_END => any.for_each(|last| set(window.bytes | last << 24 | FOLD)),
                OPEN_START => any.for_each(|first| set(window.bytes | first | FOLD)),
                _ => set(window.bytes),
            }
        }
        let (mut windows, mut starts) = (Vec::new(), vec![0]);
        for slot in slots {
            windows.extend(slot);
            starts.push(windows.len());
        }
        Self { map, known, windows, starts, keywords }
    }

    /// Calls `found` for every keyword in `text`, those that overlap too, nearly in order of their place.
    pub(super) fn find(&self, text: &[u8], mut found: impl FnMut(KeywordAt)) {
        let mut at = 0;
        // Three windows start at even places of eight bytes.
        while let Some(&chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<16>()) {
            let chunk = u128::from_le_bytes(chunk);
            let first = mixed(chunk as u64 | FOLD_WORD);
            let second = mixed((chunk >> 48) as u64 | FOLD_WORD);
            let places = [first, first >> 16, first >> 32, second, second >> 16, second >> 32];
            if places.iter().fold(0, |any, place| any | self.at_place(*place)) & 1 != 0 {
                let mut set = places.iter().rev().fold(0, |bits, place| bits << 1 | self.at_place(*place) & 1);
                while set != 0 {
                    let index = set.trailing_zeros() as usize;
                    self.look(text, at + 2 * index, (chunk >> (16 * index)) as u32, &mut found);
                    set &= set - 1;
                }
            }
            at += 12;
        }
        while at < text.len() {
            // Behind the end an open byte is any.
            let mut window = [0; WINDOW];
            window.iter_mut().zip(text.get(at..).unwrap_or_default()).for_each(|(to, from)| *to = *from);
            self.look(text, at, u32::from_le_bytes(window), &mut found);
            at += 2;
        }
    }

    /// The bit at a place in the map is the lowest; others stand above it.
    #[inline(always)]
    fn at_place(&self, place: u64) -> u64 {
        let place = place as usize % BITS;
        self.map[place / 64] >> (place % 64)
    }

    /// Whether the second map has a window, in the same way.
    #[inline(always)]
    fn at_known(&self, window: u32) -> u64 {
        let place = hash(window, KNOWN_SHIFT) % KNOWN_BITS;
        self.known[place / 64] >> (place % 64)
    }

    /// Finds the windows of just these bytes, which are at `at`; most often there are none, and other bytes have their place.
    #[inline(always)]
    fn look(&self, text: &[u8], at: usize, window: u32, found: &mut impl FnMut(KeywordAt)) {
        let here = window | FOLD;
        const MASKS: [u32; 3] = [WHOLE, OPEN_END, OPEN_START];
        if MASKS.iter().fold(0, |any, mask| any | self.at_known(here & mask)) & 1 == 0 {
            return;
        }
        for mask in MASKS {
            let bytes = here & mask;
            let slot = hash(bytes, SLOT_BITS);
            let (Some(&start), Some(&end)) = (self.starts.get(slot), self.starts.get(slot + 1)) else { continue };
            for window in self.windows.get(start..end).unwrap_or_default() {
                if window.bytes == bytes && window.mask == mask {
                    self.compare(text, at + WINDOW, window, found);
                }
            }
        }
    }

    /// Compares the keyword of a window whose bytes end at `at`.
    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, window: &Window, found: &mut impl FnMut(KeywordAt)) {
        let Some((keyword, start)) = self.keywords.get(window.keyword).zip(at.checked_sub(window.end)) else {
            return;
        };
        let end = start + keyword.text.len();
        let is_run = || start.checked_sub(1).and_then(|before| text.get(before)).is_some_and(encoded::is_letter);
        let is_here = |bytes: &[u8]| match keyword.compared {
            Compared::Folded => bytes.eq_ignore_ascii_case(&keyword.text),
            Compared::Exact => *bytes == *keyword.text,
            Compared::AtRun => *bytes == *keyword.text && !is_run(),
        };
        if text.get(start..end).is_some_and(is_here) {
            found(KeywordAt { keyword: window.keyword, start, end });
        }
    }
}

impl Keyword {
    /// The two windows by which it is found, one of them at an even place wherever it stands; `at` is its index.
    fn windows(&self, at: usize) -> [Option<Window>; 2] {
        let of = |bytes: [u8; WINDOW], mask: u32, end| {
            Some(Window { bytes: (u32::from_le_bytes(bytes) | FOLD) & mask, mask, keyword: at, end })
        };
        match *self.text {
            [a, b, c] => [of([a, b, c, 0], OPEN_END, 4), of([0, a, b, c], OPEN_START, 3)],
            [a, b, c, d] => [of([a, b, c, d], WHOLE, 4), of([b, c, d, 0], OPEN_END, 5)],
            _ => {
                let lower = self.text.to_ascii_lowercase();
                // Many that stand at the start of a run start alike, and are then compared together.
                let most = if self.compared == Compared::AtRun { 1 } else { MAX_OFFSET };
                let all = lower.windows(WINDOW + 1).enumerate().take(most);
                let common = |both: &[u8]| both.windows(WINDOW).map(commonness).sum::<u32>();
                let rarest = all.min_by_key(|(_, both)| common(both));
                let both = rarest.and_then(|(offset, both)| Some((offset, *both.first_chunk::<5>()?)));
                let [first, second] = [0, 1].map(|next| {
                    let (offset, both) = both?;
                    of(*both.get(next..)?.first_chunk()?, WHOLE, offset + next + WINDOW)
                });
                [first, second]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Compared::{AtRun, Exact, Folded};
    use super::*;

    fn found(keywords: &[(&str, Compared)], text: &str) -> Vec<(usize, usize)> {
        let filter = Prefilter::new(keywords.iter().map(|(text, compared)| (text.as_bytes(), *compared)));
        let mut all = Vec::new();
        filter.find(text.as_bytes(), |hit| all.push((hit.keyword, hit.start)));
        all.sort_unstable();
        all
    }

    #[test]
    fn keywords_are_found_wherever_they_stand() {
        let keywords = [("ghp_", Folded), ("sg.", Folded), ("private key-----", Folded), ("Z2hw", Exact)];
        for before in 0..20 {
            let pad = " ".repeat(before);
            assert_eq!(found(&keywords, &format!("{pad}GHP_x")), [(0, before)]);
            assert_eq!(found(&keywords, &format!("{pad}Sg.x")), [(1, before)]);
            assert_eq!(found(&keywords, &format!("{pad}RSA PRIVATE KEY-----")), [(2, before + 4)]);
            assert_eq!(found(&keywords, &format!("{pad}Z2hw z2hw")), [(3, before)]);
        }
        assert_eq!(found(&keywords, "ghp ghp- sg private key ----"), []);
        assert_eq!(found(&keywords, ""), []);
    }

    #[test]
    fn keywords_may_overlap_and_repeat() {
        assert_eq!(
            found(&[("token", Folded), ("npm_token", Folded), ("token", Folded)], "NPM_TOKEN"),
            [(0, 4), (1, 0), (2, 4)]
        );
        assert_eq!(found(&[("aaaa", Folded)], "aaaaaa"), [(0, 0), (0, 1), (0, 2)]);
    }

    #[test]
    fn what_starts_a_run_is_found_at_its_start_alone() {
        let keywords = [("Z2hwX", AtRun), ("Z2hwY", AtRun)];
        assert_eq!(found(&keywords, "Z2hwX =Z2hwY,Z2hwX"), [(0, 0), (0, 13), (1, 7)]);
        assert_eq!(found(&keywords, "aZ2hwX /Z2hwX +Z2hwX 0Z2hwY z2hwx"), []);
    }

    #[test]
    fn three_bytes_are_found_whatever_follows() {
        for next in 0..=u8::MAX {
            for (before, keyword) in [(" ", "sg."), ("  ", "sg."), (" ", "Hvs."), ("  ", "Hvs.")] {
                let end: &[u8] = b" and more of it, so that it is not the end";
                let text = [before.as_bytes(), &[next], keyword.as_bytes(), &[next], end].concat();
                let lower = keyword.to_ascii_lowercase();
                let filter = Prefilter::new([(lower.as_bytes(), Folded)]);
                let mut all = Vec::new();
                filter.find(&text, |hit| all.push(hit.start));
                assert_eq!(all, [before.len() + 1], "{next}");
            }
        }
    }

    #[test]
    fn the_end_of_a_text_is_looked_at() {
        for keyword in ["sg.", "hvs.", "npm_t", "private key-----"] {
            for before in 0..30 {
                assert_eq!(found(&[(keyword, Folded)], &format!("{}{keyword}", "-".repeat(before))), [(0, before)]);
            }
        }
    }

    #[test]
    fn it_finds_what_a_search_for_each_finds() {
        let keywords: Vec<&str> = crate::rule::detectors().iter().flat_map(|d| d.keywords).copied().collect();
        let filter = Prefilter::new(keywords.iter().map(|k| (k.as_bytes(), Folded)));
        let text = format!(
            "{} x",
            crate::rule::detectors()
                .iter()
                .flat_map(|d| d.matches)
                .map(crate::rule::Veiled::text)
                .collect::<Vec<_>>()
                .join(" ")
        );
        let mut all = Vec::new();
        filter.find(text.as_bytes(), |hit| all.push((hit.start, hit.keyword)));
        let lower = text.to_ascii_lowercase();
        let mut expected: Vec<(usize, usize)> = keywords
            .iter()
            .enumerate()
            .flat_map(|(i, k)| all_places(&lower, k).into_iter().map(move |at| (at, i)))
            .collect();
        all.sort_unstable();
        expected.sort_unstable();
        assert_eq!(all, expected);
    }

    fn all_places(text: &str, keyword: &str) -> Vec<usize> {
        (0..text.len()).filter(|at| text.as_bytes()[*at..].starts_with(keyword.as_bytes())).collect()
    }
}
