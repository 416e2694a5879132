//! Where in a block of bytes keywords stand: all of them looked for at once, without regard to ASCII case.
//!
//! Every detector has keywords, and hardly any byte of a tree belongs to one. So the question a byte is asked has to be
//! cheap: four bytes from here, folded and hashed, are looked up in a bitmap that fits the first-level cache. Unlike the steps of an
//! automaton, these look-ups do not wait for each other, and they cost the same for fifty keywords as for a thousand.

/// Bits of the map. With a thousand keywords, fewer than one in a hundred is set.
const BITS: usize = 1 << SHIFT;
const SHIFT: u32 = 17;
/// Bytes that are hashed.
const WINDOW: usize = 4;
/// Sets the bit that tells ASCII letters' cases apart.
const FOLD: u32 = 0x2020_2020;

/// The keywords, ready to be looked for.
#[derive(Debug)]
pub(super) struct Prefilter {
    map: Box<[u64; BITS / 64]>,
    /// By hash: which keyword has these bytes, and where in it they stand. Sorted.
    windows: Vec<Window>,
    /// By hash: where in `windows` to look.
    heads: Vec<u16>,
    keywords: Vec<Keyword>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    hash: u32,
    keyword: u16,
    offset: u8,
}

/// A literal that is looked for.
#[derive(Debug)]
struct Keyword {
    text: Box<[u8]>,
    keeps_case: bool,
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

fn hash(window: u32) -> usize {
    ((window | FOLD).wrapping_mul(0x9E37_79B1) >> (32 - SHIFT)) as usize
}

/// How common a byte is in source text, roughly: the rarer a keyword's window, the less often it is looked at in vain.
fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' => 8,
        b'l' | b'd' | b'c' | b'u' | b'p' | b'm' | b'h' | b'f' | b'"' | b'=' | b'.' | b'/' => 6,
        b'a'..=b'z' | b':' | b'-' | b',' => 4,
        b'0' | b'1' => 3,
        _ => 2,
    }
}

impl Prefilter {
    /// Over keywords of at least three bytes and at most 255, and whether their case counts; shorter and longer ones are never found, nor are
    /// those beyond the first 65,535 windows.
    pub(super) fn new<'k>(keywords: impl IntoIterator<Item = (&'k [u8], bool)>) -> Self {
        let keywords: Vec<Keyword> =
            keywords.into_iter().map(|(text, keeps_case)| Keyword { text: text.into(), keeps_case }).collect();
        let mut windows = Vec::new();
        for (index, keyword) in keywords.iter().enumerate() {
            let Ok(index) = u16::try_from(index) else { break };
            let folded: Vec<u8> = keyword.text.to_ascii_lowercase();
            match *folded.as_slice() {
                // Three bytes and whatever comes next.
                [a, b, c] => windows.extend((0..=255).filter(|next| next & 0x20 != 0).map(|next| Window {
                    hash: hash(u32::from_le_bytes([a, b, c, next])) as u32,
                    keyword: index,
                    offset: 0,
                })),
                _ => {
                    let all = folded.windows(WINDOW).enumerate().take(200);
                    let rarest = all.min_by_key(|(_, window)| window.iter().map(|b| commonness(*b)).sum::<u32>());
                    let Some((offset, &[a, b, c, d])) = rarest else { continue };
                    let hash = hash(u32::from_le_bytes([a, b, c, d])) as u32;
                    windows.push(Window { hash, keyword: index, offset: u8::try_from(offset).unwrap_or_default() });
                }
            }
        }
        windows.truncate(usize::from(u16::MAX));
        windows.sort_unstable();
        let mut map = Box::new([0_u64; BITS / 64]);
        let mut heads = vec![0_u16; BITS];
        for (index, window) in windows.iter().enumerate().rev() {
            let hash = window.hash as usize;
            if let Some(word) = map.get_mut(hash / 64) {
                *word |= 1 << (hash % 64);
            }
            if let Some(head) = heads.get_mut(hash) {
                *head = u16::try_from(index).unwrap_or_default();
            }
        }
        Self { map, windows, heads, keywords }
    }

    /// Calls `found` for every keyword in `text`, those that overlap too, nearly in order of their place. A keyword of three bytes at the
    /// very end of the text is left out.
    pub(super) fn find(&self, text: &[u8], mut found: impl FnMut(KeywordAt)) {
        let mut at = 0;
        // Five bytes at a time give two windows, eleven give eight.
        while let Some(&[a, b, c, d, e, f, g, h, i, j, k]) = text.get(at..).and_then(|rest| rest.first_chunk::<11>()) {
            let low = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let high = u64::from_le_bytes([e, f, g, h, i, j, k, 0]);
            let windows = [low, low >> 8, low >> 16, low >> 24, high, high >> 8, high >> 16, high >> 24];
            let is_set = |window: u64| {
                let hash = hash(window as u32);
                self.map[hash / 64 % (BITS / 64)] >> (hash % 64) & 1
            };
            let set = windows.map(is_set);
            if set.iter().fold(0, |all, one| all | one) != 0 {
                for (offset, _) in set.iter().enumerate().filter(|(_, one)| **one != 0) {
                    self.look(text, at + offset, &mut found);
                }
            }
            at += 8;
        }
        while let Some(rest) = text.get(at..).filter(|rest| rest.len() >= WINDOW) {
            let Some(&window) = rest.first_chunk::<WINDOW>() else { break };
            let hash = hash(u32::from_le_bytes(window));
            if self.map[hash / 64 % (BITS / 64)] >> (hash % 64) & 1 != 0 {
                self.look(text, at, &mut found);
            }
            at += 1;
        }
    }

    /// Compares the keywords that have the bytes at `at`.
    #[inline(never)]
    fn look(&self, text: &[u8], at: usize, found: &mut impl FnMut(KeywordAt)) {
        let Some(window) = text.get(at..).and_then(|rest| rest.first_chunk::<WINDOW>()) else { return };
        let hash = hash(u32::from_le_bytes(*window));
        let head = self.heads.get(hash).map_or(0, |head| usize::from(*head));
        for window in self.windows.iter().skip(head).take_while(|window| window.hash as usize == hash) {
            let index = usize::from(window.keyword);
            let Some(keyword) = self.keywords.get(index) else { continue };
            let Some(start) = at.checked_sub(usize::from(window.offset)) else { continue };
            let end = start + keyword.text.len();
            let is_here = |bytes: &[u8]| match keyword.keeps_case {
                true => *bytes == *keyword.text,
                false => bytes.eq_ignore_ascii_case(&keyword.text),
            };
            if text.get(start..end).is_some_and(is_here) {
                found(KeywordAt { keyword: index, start, end });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(keywords: &[(&str, bool)], text: &str) -> Vec<(usize, usize)> {
        let filter = Prefilter::new(keywords.iter().map(|(text, keeps)| (text.as_bytes(), *keeps)));
        let mut all = Vec::new();
        filter.find(text.as_bytes(), |hit| all.push((hit.keyword, hit.start)));
        all.sort_unstable();
        all
    }

    #[test]
    fn keywords_are_found_wherever_they_stand() {
        let keywords = [("ghp_", false), ("sg.", false), ("private key-----", false), ("Z2hw", true)];
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
            found(&[("token", false), ("npm_token", false), ("token", false)], "NPM_TOKEN"),
            [(0, 4), (1, 0), (2, 4)]
        );
        assert_eq!(found(&[("aaaa", false)], "aaaaaa"), [(0, 0), (0, 1), (0, 2)]);
    }

    #[test]
    fn it_finds_what_a_search_for_each_finds() {
        let keywords: Vec<&str> = crate::rule::detectors().iter().flat_map(|d| d.keywords).copied().collect();
        let filter = Prefilter::new(keywords.iter().map(|k| (k.as_bytes(), false)));
        let text = format!(
            "{} x",
            crate::rule::detectors()
                .iter()
                .flat_map(|d| d.matches)
                .map(crate::rule::Sample::text)
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
