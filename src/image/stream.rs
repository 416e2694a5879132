//! From a stored blob to the bytes of its tar: decompressed, digested and bounded on the way.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::entries::Skip;
use super::limits::{MAX_LAYER_BYTES, MAX_RATIO, RATIO_FREE};
use super::store::Section;

/// Bytes read at a time. Decoders take over their window with every run, so that short ones are dear.
pub(super) const CHUNK: usize = 256 << 10;

/// `sha256:…` of what was hashed.
pub(super) fn digest_of(hash: Sha256) -> String {
    format!("sha256:{}", hex(&hash.finalize()))
}

/// `sha256:…` of bytes at hand.
pub(super) fn digest_of_bytes(bytes: &[u8]) -> String {
    digest_of(Sha256::new_with_prefix(bytes))
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// How a blob is compressed; told by its first bytes, because media types and file names lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Plain,
    Gzip,
    Zstd,
    /// A format no layer is read in.
    Other(&'static str),
}

impl Compression {
    /// Looks at the first bytes of a blob.
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Other("xz"),
            // Followed by the magic of a block, so that no tar member's name is taken for it.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, ..] => Self::Other("bzip2"),
            _ => Self::Plain,
        }
    }
}

/// A blob as stored: hashed where asked, its progress told.
struct Stored<'a> {
    section: Section,
    hash: Option<Sha256>,
    seen: &'a (dyn Fn(u64) + Sync),
}

impl Read for Stored<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.section.read(buffer)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&buffer[..read]);
        }
        (self.seen)(read as u64);
        Ok(read)
    }
}

enum Decoder<'a> {
    Plain(BufReader<Stored<'a>>),
    Gzip(Box<MultiGzDecoder<BufReader<Stored<'a>>>>),
    Zstd(zstd::Decoder<'static, BufReader<Stored<'a>>>),
}

impl Read for Decoder<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(decoder) => decoder.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

/// The tar of a layer, as it comes out of its blob.
pub(super) struct Uncompressed<'a> {
    decoder: Decoder<'a>,
    hash: Sha256,
    bytes: u64,
    bound: u64,
}

/// What a stream turned out to be, once it was read to its end.
#[derive(Clone, Debug)]
pub(super) struct Digests {
    /// Of the uncompressed bytes: the diff id.
    pub(super) diff_id: String,
    /// Of the stored bytes, where it was asked for or costs nothing.
    pub(super) stored: Option<String>,
}

impl<'a> Uncompressed<'a> {
    /// Starts to read a blob; `seen` is told of each run of stored bytes. The stored bytes are hashed too with
    /// `hash_stored`.
    pub(super) fn open(section: Section, hash_stored: bool, seen: &'a (dyn Fn(u64) + Sync)) -> io::Result<Self> {
        let bound = section.size.saturating_mul(MAX_RATIO).clamp(RATIO_FREE, MAX_LAYER_BYTES);
        let hash = hash_stored.then(Sha256::new);
        let mut stored = BufReader::with_capacity(CHUNK, Stored { section, hash, seen });
        let compression = Compression::of(stored.fill_buf()?);
        let decoder = match compression {
            Compression::Plain => {
                stored.get_mut().hash = None;
                Decoder::Plain(stored)
            }
            Compression::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(stored))),
            Compression::Zstd => Decoder::Zstd(zstd::Decoder::with_buffer(stored)?),
            Compression::Other(format) => {
                let reason = format!("it is compressed with {format}, where gzip, zstd or nothing is read");
                return Err(io::Error::other(reason));
            }
        };
        Ok(Self { decoder, hash: Sha256::new(), bytes: 0, bound })
    }

    /// Uncompressed bytes so far.
    pub(super) fn size(&self) -> u64 {
        self.bytes
    }

    /// The digests of all that was read.
    pub(super) fn digests(self) -> Digests {
        let diff_id = digest_of(self.hash);
        let stored = match self.decoder {
            // Nothing was unpacked: one hash does for both.
            Decoder::Plain(_) => return Digests { stored: Some(diff_id.clone()), diff_id },
            Decoder::Gzip(decoder) => decoder.into_inner(),
            Decoder::Zstd(decoder) => decoder.finish(),
        };
        Digests { diff_id, stored: stored.into_inner().hash.map(digest_of) }
    }
}

impl Read for Uncompressed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += read as u64;
        if self.bytes > self.bound {
            let reason = format!(
                "it unpacks to more than {} bytes, far beyond what its stored size can honestly hold",
                self.bound
            );
            return Err(io::Error::other(reason));
        }
        Ok(read)
    }
}

impl Skip for BufReader<Uncompressed<'_>> {
    fn skip(&mut self, mut bytes: u64) -> io::Result<()> {
        while bytes > 0 {
            let available = self.fill_buf()?.len();
            if available == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let step = usize::try_from(bytes).unwrap_or(usize::MAX).min(available);
            self.consume(step);
            bytes -= step as u64;
        }
        Ok(())
    }
}
