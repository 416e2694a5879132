//! The header of a package: an index of tags and the data they point into, all numbers big-endian, as rpm's file format
//! manual has it (without the lead and magic of package files).

use super::super::bytes::{Endian, slice};
use super::super::{Package, PackageKind, licence};

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
const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

/// The package a header describes; `None` when it is damaged or has no name or version.
pub(super) fn package(header: &[u8]) -> Option<Package> {
    let entries = Endian::Big.size32(header, 0)?;
    let data_length = Endian::Big.size32(header, 4)?;
    if entries > MAX_ENTRIES {
        return None;
    }
    let index = slice(header, 8, entries * 16)?;
    let data = slice(header, 8 + entries * 16, data_length)?;
    let mut package = Package::new(PackageKind::Rpm, "", "");
    let (mut version, mut release, mut epoch) = (None, None, None);
    for entry in index.chunks_exact(16) {
        let number = |at| Endian::Big.u32(entry, at);
        let value = || -> Option<&[u8]> { data.get(usize::try_from(number(8)?).ok()?..) };
        let text = || -> Option<String> {
            let kind = number(4)?;
            matches!(kind, STRING | STRING_ARRAY | I18N_STRING).then_some(())?;
            let value = value()?;
            let text = value.get(..value.len().min(MAX_TEXT))?;
            let text = text.get(..text.iter().position(|b| *b == 0)?)?;
            Some(String::from_utf8_lossy(text).into_owned()).filter(|text| !text.is_empty())
        };
        match number(0)? {
            NAME => package.name = text()?,
            VERSION => version = text(),
            RELEASE => release = text(),
            EPOCH if number(4) == Some(INT32) => epoch = Endian::Big.u32(value()?, 0),
            LICENSE => package.licences = text().and_then(|field| licence::normalise(&field)).into_iter().collect(),
            ARCH => package.architecture = text(),
            SOURCE_RPM => (package.source, package.source_version) = text().and_then(|f| source(&f)).unzip(),
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

/// Name and version of a source package from its file: `bash-5.1.8-6.el9.src.rpm`.
fn source(file: &str) -> Option<(String, String)> {
    let stem = file.strip_suffix(".rpm")?;
    let stem = stem.strip_suffix(".src").or_else(|| stem.strip_suffix(".nosrc"))?;
    let (rest, release) = stem.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    Some((name.to_owned(), format!("{version}-{release}")))
}
