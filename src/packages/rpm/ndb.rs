//! rpm's own database format: pages of slots, each pointing at a blob that holds one header. All numbers are
//! little-endian.

use std::borrow::Cow;

use super::super::Unreadable;
use super::super::bytes::{Endian, slice};
use super::Headers;

const MAGIC: &[u8] = b"RpmP";
const SLOT: &[u8] = b"Slot";
const BLOB: &[u8] = b"BlbS";

/// Bytes of a page of slots.
const PAGE: usize = 4096;
/// Bytes of a slot, and of the unit offsets count in. The file's head takes the place of the first two slots.
const BLOCK: usize = 16;

/// Reads the headers.
pub(super) fn read<'a>(content: &'a [u8], headers: &mut Headers<'a>) -> Result<(), Unreadable> {
    let number = |at| Endian::Little.size32(content, at);
    let (true, Some(0), Some(pages)) = (content.starts_with(MAGIC), number(4), number(12)) else {
        return Err(Unreadable::new("is no package database of a version that is known"));
    };
    let slots = pages.checked_mul(PAGE).and_then(|end| content.get(2 * BLOCK..end));
    let slots = slots.ok_or_else(|| Unreadable::new("ends within its slots"))?;
    for slot in slots.chunks_exact(BLOCK) {
        let number = |at| Endian::Little.size32(slot, at);
        let (Some(package), Some(offset)) = (number(4), number(8)) else { continue };
        if !slot.starts_with(SLOT) {
            return Err(Unreadable::new("has a damaged slot"));
        }
        if package == 0 || offset == 0 {
            continue;
        }
        let blob = offset.checked_mul(BLOCK).and_then(|at| blob(content, at, package));
        let blob = blob.ok_or_else(|| Unreadable(format!("has no header for package number {package}")))?;
        headers.push(Cow::Borrowed(blob))?;
    }
    Ok(())
}

fn blob(content: &[u8], at: usize, package: usize) -> Option<&[u8]> {
    let head = slice(content, at, BLOCK)?;
    let is_its = head.starts_with(BLOB) && Endian::Little.size32(head, 4)? == package;
    is_its.then_some(())?;
    slice(content, at + BLOCK, Endian::Little.size32(head, 12)?)
}
