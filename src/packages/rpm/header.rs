//! The header of a package: an index of tags and the data they point into, all numbers big-endian, as rpm's file format
//! manual has it (without the lead and magic of package files).

use super::super::bytes::{Endian, slice};
use super::super::{Package, PackageKind};

/// Entries of an index; rpm's own bound.
const MAX_ENTRIES: usize = 0xffff;
/// Bytes of a text, its end mark included.
const MAX_TEXT: usize = 4096;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const LICENSE: u32 = 1014;
const ARCH: u32 = 1022;
const SOURCE_RPM: u32 = 1044;

/// Types of data.
const CHAR: u32 = 1;
const INT8: u32 = 2;
const INT16: u32 = 3;
const INT32: u32 = 4;
const INT64: u32 = 5;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// A header's index and data.
pub(super) struct Header<'h> {
    index: &'h [u8],
    data: &'h [u8],
}

impl<'h> Header<'h> {
    /// `None` when it is damaged.
    pub(super) fn open(header: &'h [u8]) -> Option<Self> {
        let entries = Endian::Big.size32(header, 0)?;
        let data_length = Endian::Big.size32(header, 4)?;
        if entries > MAX_ENTRIES {
            return None;
        }
        let index = slice(header, 8, entries * 16)?;
        let data = slice(header, 8 + entries * 16, data_length)?;
        Some(Self { index, data })
    }

    fn entries(&self) -> impl Iterator<Item = Value<'h>> + use<'h> {
        let data = self.data;
        self.index.chunks_exact(16).filter_map(move |entry| {
            let number = |at| Endian::Big.u32(entry, at);
            let data = usize::try_from(number(8)?).ok().and_then(|at| data.get(at..)).unwrap_or_default();
            let count = usize::try_from(number(12)?).ok()?;
            Some(Value { tag: number(0)?, kind: number(4)?, count, data })
        })
    }

    /// The value of a tag.
    pub(super) fn value(&self, tag: u32) -> Option<Value<'h>> {
        self.entries().find(|value| value.tag == tag)
    }
}

/// What a tag says.
pub(super) struct Value<'h> {
    tag: u32,
    kind: u32,
    count: usize,
    /// From where it starts to the end of all data.
    data: &'h [u8],
}

impl<'h> Value<'h> {
    /// A text, or the first of several; `None` when it is empty.
    fn text(&self) -> Option<String> {
        matches!(self.kind, STRING | STRING_ARRAY | I18N_STRING).then_some(())?;
        let text = self.data.get(..self.data.len().min(MAX_TEXT))?;
        let text = text.get(..text.iter().position(|b| *b == 0)?)?;
        Some(String::from_utf8_lossy(text).into_owned()).filter(|text| !text.is_empty())
    }

    fn number(&self) -> Option<u32> {
        (self.kind == INT32).then(|| Endian::Big.u32(self.data, 0))?
    }

    /// Several texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'h [u8]> + use<'h> {
        let count = if self.kind == STRING_ARRAY { self.count } else { 0 };
        self.data.split(|b| *b == 0).take(count)
    }

    /// Several numbers of up to four bytes; wider ones go by [`Value::wide_numbers`].
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> + use<'h> {
        let width = match self.kind {
            CHAR | INT8 => 1,
            INT16 => 2,
            INT32 => 4,
            _ => 0,
        };
        let count = if width == 0 { 0 } else { self.count };
        self.data.chunks_exact(width.max(1)).take(count).map_while(move |bytes| match width {
            1 => bytes.first().copied().map(usize::from),
            2 => Endian::Big.size16(bytes, 0),
            _ => Endian::Big.size32(bytes, 0),
        })
    }

    /// Several numbers of eight bytes.
    pub(super) fn wide_numbers(&self) -> impl Iterator<Item = u64> + use<'h> {
        let count = if self.kind == INT64 { self.count } else { 0 };
        self.data.chunks_exact(8).take(count).map_while(|bytes| Endian::Big.u64(bytes, 0))
    }
}

/// The package a header describes; `None` when it is damaged or has no name or version.
pub(super) fn package(header: &[u8]) -> Option<Package> {
    let mut package = Package::new(PackageKind::Rpm, "", "");
    let (mut version, mut release, mut epoch) = (None, None, None);
    for value in Header::open(header)?.entries() {
        match value.tag {
            NAME => package.name = value.text()?,
            VERSION => version = value.text(),
            RELEASE => release = value.text(),
            EPOCH => epoch = value.number(),
            LICENSE => package = package.under(value.text()),
            ARCH => package.architecture = value.text(),
            SOURCE_RPM => (package.source, package.source_version) = value.text().and_then(|f| source(&f)).unzip(),
            _ => {}
        }
    }
    let version = format!("{}-{}", version?, release?);
    if package.name.is_empty() {
        return None;
    }
    package.source_version = package.source_version.filter(|source| *source != version);
    package.version = match epoch {
        Some(epoch) => format!("{epoch}:{version}"),
        None => version,
    };
    Some(package)
}

/// The name of the package.
pub(super) fn name(header: &Header<'_>) -> Option<String> {
    header.value(NAME)?.text()
}

/// Name and version of a source package from its file: `bash-5.1.8-6.el9.src.rpm`.
fn source(file: &str) -> Option<(String, String)> {
    let stem = file.strip_suffix(".rpm")?;
    let stem = stem.strip_suffix(".src").or_else(|| stem.strip_suffix(".nosrc"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some((name.to_owned(), format!("{version}-{release}")))
}
