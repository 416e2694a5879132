//! UTF-16, with a byte order mark and without.

/// How the text of a file is encoded, as far as it matters to a search over bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// One that has ASCII's bytes for ASCII's characters, or none.
    Bytes,
    /// UTF-16.
    Utf16 {
        /// The higher byte comes first.
        is_big: bool,
        /// Bytes of the mark at the start.
        mark: usize,
    },
}

impl Encoding {
    /// By the first bytes of a file. Without a mark it is UTF-16 when nearly every second byte is zero and hardly any other.
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0xFF, 0xFE, 0, 0, ..] => return Self::Bytes,
            [0xFF, 0xFE, ..] => return Self::Utf16 { is_big: false, mark: 2 },
            [0xFE, 0xFF, ..] => return Self::Utf16 { is_big: true, mark: 2 },
            _ if memchr::memchr(0, head).is_none() => return Self::Bytes,
            _ => {}
        }
        let (pairs, _) = head.as_chunks::<2>();
        let high = pairs.iter().filter(|pair| pair[0] == 0 && is_text(pair[1])).count();
        let low = pairs.iter().filter(|pair| pair[1] == 0 && is_text(pair[0])).count();
        let most = pairs.len() - pairs.len() / 5;
        match pairs.len() {
            0..8 => Self::Bytes,
            _ if low >= most => Self::Utf16 { is_big: false, mark: 0 },
            _ if high >= most => Self::Utf16 { is_big: true, mark: 0 },
            _ => Self::Bytes,
        }
    }
}

fn is_text(byte: u8) -> bool {
    byte >= b' ' || byte.is_ascii_whitespace()
}

/// Appends the characters of UTF-16 to `text`, as UTF-8. `rest` holds the bytes of a character that goes on in the next piece.
pub(super) fn decode(rest: &mut Vec<u8>, bytes: &[u8], is_big: bool, text: &mut Vec<u8>) {
    let before = std::mem::take(rest);
    let all: Vec<u8> = before.iter().chain(bytes).copied().collect();
    let (pairs, odd) = all.as_chunks::<2>();
    let unit = |pair: &[u8; 2]| if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) };
    let is_open = pairs.last().is_some_and(|pair| (0xD800..0xDC00).contains(&unit(pair)));
    let whole = if is_open { pairs.len() - 1 } else { pairs.len() };
    let mut utf8 = [0; 4];
    for character in char::decode_utf16(pairs.iter().take(whole).map(unit)) {
        // Half a pair is as long as what stands in for it: one unit.
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
    }
    rest.extend(pairs.iter().skip(whole).flatten().chain(odd));
}

/// Bytes that UTF-8 text has in UTF-16.
pub(super) fn length(text: &[u8]) -> u64 {
    let units = text.iter().map(|byte| match byte {
        0x80..0xC0 => 0,
        0xF0.. => 2,
        _ => 1_u64,
    });
    2 * units.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(text: &str, is_big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn utf16_is_told_with_a_mark_and_without() {
        for is_big in [false, true] {
            let text = encode("\u{FEFF}täst", is_big);
            assert_eq!(Encoding::of(&text), Encoding::Utf16 { is_big, mark: 2 });
            let text = encode("password = täst\r\nline", is_big);
            assert_eq!(Encoding::of(&text), Encoding::Utf16 { is_big, mark: 0 });
        }
        for other in [
            &b"password = test"[..],
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0",
            &[0; 100],
            b"",
            b"\xff\xfe\0\0abcd",
        ] {
            assert_eq!(Encoding::of(other), Encoding::Bytes, "{other:?}");
        }
    }

    #[test]
    fn pieces_of_any_size_decode_to_the_same() {
        let text = "aß€\u{1F600}\n".repeat(5);
        for is_big in [false, true] {
            let bytes = encode(&text, is_big);
            assert_eq!(length(text.as_bytes()), bytes.len() as u64);
            for size in 1..9 {
                let (mut rest, mut out) = (Vec::new(), Vec::new());
                bytes.chunks(size).for_each(|piece| decode(&mut rest, piece, is_big, &mut out));
                assert_eq!((out.as_slice(), rest.len()), (text.as_bytes(), 0));
            }
        }
    }
}
