//! The table `Packages` of an SQLite file, <https://www.sqlite.org/fileformat.html>: its b-tree is walked, every page once.

use std::borrow::Cow;

use super::super::Unreadable;
use super::super::bytes::{Endian, slice};
use super::Headers;

const MAGIC: &[u8] = b"SQLite format 3\0";
const TABLE: &[u8] = b"Packages";

/// Kinds of pages.
const INTERIOR_TABLE: u8 = 0x05;
const LEAF_TABLE: u8 = 0x0d;

/// Columns of a record that are looked at.
const MAX_COLUMNS: usize = 16;

/// Reads the headers: the blobs of the table.
pub(super) fn read<'a>(content: &'a [u8], headers: &mut Headers<'a>) -> Result<(), Unreadable> {
    let mut file = Database::open(content)?;
    let mut root = None;
    file.rows(1, &mut |record| {
        // type, name, tbl_name, rootpage, sql
        if let [Column::Other(b"table"), Column::Other(TABLE), _, Column::Number(page), ..] = columns(&record)[..] {
            root = usize::try_from(page).ok();
        }
        Ok(())
    })?;
    let root = root.ok_or_else(|| Unreadable::new("has no table of packages"))?;
    let mut without = 0;
    let walked = file.rows(root, &mut |record| {
        // hnum, blob; the first is the row's number and stored as null.
        let Some((at, end)) = blob_range(&record) else {
            without += 1;
            return Ok(());
        };
        headers.push(match record {
            Cow::Borrowed(record) => Cow::Borrowed(record.get(at..end).unwrap_or_default()),
            Cow::Owned(mut record) => {
                record.truncate(end);
                record.drain(..at);
                Cow::Owned(record)
            }
        })
    });
    walked?;
    if without > 0 { Err(Unreadable(format!("has {without} rows without a header"))) } else { Ok(()) }
}

/// Takes the record of a row.
type Row<'r, 'a> = &'r mut dyn FnMut(Cow<'a, [u8]>) -> Result<(), Unreadable>;

struct Database<'a> {
    content: &'a [u8],
    page_size: usize,
    /// Bytes of a page that hold data.
    usable: usize,
    /// Pages that were read: each belongs to one place.
    seen: Vec<bool>,
}

impl<'a> Database<'a> {
    fn open(content: &'a [u8]) -> Result<Self, Unreadable> {
        let damaged = || Unreadable::new("is no SQLite database");
        if !content.starts_with(MAGIC) {
            return Err(damaged());
        }
        let page_size = match Endian::Big.size16(content, 16) {
            Some(1) => 65_536,
            Some(size) if size.is_power_of_two() && size >= 512 => size,
            _ => return Err(damaged()),
        };
        let reserved = usize::from(*content.get(20).ok_or_else(damaged)?);
        let usable = page_size.checked_sub(reserved).filter(|usable| *usable >= 480).ok_or_else(damaged)?;
        Ok(Self { content, page_size, usable, seen: vec![false; content.len() / page_size + 1] })
    }

    /// A page by its number, counted from 1.
    fn page(&mut self, number: usize) -> Result<&'a [u8], Unreadable> {
        let damaged = || Unreadable(format!("is damaged at page {number}"));
        let at = number.checked_sub(1).and_then(|index| index.checked_mul(self.page_size)).ok_or_else(damaged)?;
        let page = slice(self.content, at, self.page_size).ok_or_else(damaged)?;
        match self.seen.get_mut(number) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(damaged()),
        }
        Ok(page)
    }

    /// Gives every row's record of the table whose b-tree starts at `root`, in order.
    fn rows(&mut self, root: usize, row: Row<'_, 'a>) -> Result<(), Unreadable> {
        // Pages still to read, the next one last.
        let mut ahead = vec![root];
        while let Some(number) = ahead.pop() {
            let damaged = || Unreadable(format!("is damaged at page {number}"));
            let page = self.page(number)?;
            let head = if number == 1 { 100 } else { 0 };
            let kind = *page.get(head).ok_or_else(damaged)?;
            let cells = Endian::Big.size16(page, head + 3).ok_or_else(damaged)?;
            let pointers = head + if kind == INTERIOR_TABLE { 12 } else { 8 };
            let cell = |index: usize| Endian::Big.size16(page, pointers + 2 * index).ok_or_else(damaged);
            match kind {
                INTERIOR_TABLE => {
                    ahead.push(Endian::Big.size32(page, head + 8).ok_or_else(damaged)?);
                    for index in (0..cells).rev() {
                        ahead.push(Endian::Big.size32(page, cell(index)?).ok_or_else(damaged)?);
                    }
                    if ahead.len() > self.seen.len() {
                        return Err(damaged());
                    }
                }
                LEAF_TABLE => {
                    for index in 0..cells {
                        row(self.record(page, cell(index)?)?.ok_or_else(damaged)?)?;
                    }
                }
                _ => return Err(damaged()),
            }
        }
        Ok(())
    }

    /// The record of a cell, gathered from overflow pages where it does not fit; `None` when it is damaged.
    fn record(&mut self, page: &'a [u8], at: usize) -> Result<Option<Cow<'a, [u8]>>, Unreadable> {
        let Some((length, at)) = varint(page, at) else { return Ok(None) };
        let Some((_, at)) = varint(page, at) else { return Ok(None) };
        let Ok(length) = usize::try_from(length) else { return Ok(None) };
        if length > self.content.len() {
            return Ok(None);
        }
        let most = self.usable - 35;
        if length <= most {
            return Ok(slice(page, at, length).map(Cow::Borrowed));
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        let local = if fitting <= most { fitting } else { least };
        let Some(start) = slice(page, at, local) else { return Ok(None) };
        let Some(mut next) = Endian::Big.size32(page, at + local) else { return Ok(None) };
        let mut record = start.to_vec();
        while record.len() < length {
            let page = self.page(next)?;
            let part = (length - record.len()).min(self.usable - 4);
            record.extend_from_slice(slice(page, 4, part).unwrap_or_default());
            next = Endian::Big.size32(page, 0).unwrap_or_default();
        }
        Ok(Some(Cow::Owned(record)))
    }
}

/// A value of a record.
enum Column<'r> {
    Number(u64),
    /// Text, a blob, or what is not looked at.
    Other(&'r [u8]),
}

/// The columns of a record, as far as they can be read.
fn columns(record: &[u8]) -> Vec<Column<'_>> {
    let widths = widths(record);
    let values = widths.iter().map(|(kind, at, end)| {
        let bytes = record.get(*at..*end).unwrap_or_default();
        match kind {
            1..=6 => Column::Number(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
            9 => Column::Number(1),
            _ => Column::Other(bytes),
        }
    });
    values.collect()
}

/// Where the blob of a record is: its last column of that type.
fn blob_range(record: &[u8]) -> Option<(usize, usize)> {
    let is_blob = |kind: u64| kind >= 12 && kind.is_multiple_of(2);
    widths(record).iter().rev().find(|(kind, ..)| is_blob(*kind)).map(|(_, at, end)| (*at, *end))
}

/// Serial type, start and end of each column; those that lie outside the record are left out.
fn widths(record: &[u8]) -> Vec<(u64, usize, usize)> {
    let mut columns = Vec::new();
    let Some((head, mut at)) = varint(record, 0) else { return columns };
    let Ok(head) = usize::try_from(head) else { return columns };
    let mut value = head;
    while at < head && columns.len() < MAX_COLUMNS {
        let Some((kind, next)) = varint(record, at) else { break };
        let width = match kind {
            0 | 8..=11 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => (kind - 12) / 2,
        };
        let end = usize::try_from(width).ok().and_then(|width| value.checked_add(width));
        let Some(end) = end.filter(|end| *end <= record.len()) else { break };
        columns.push((kind, value, end));
        (at, value) = (next, end);
    }
    columns
}

/// A number of one to nine bytes, and the offset after it.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut number: u64 = 0;
    for index in 0..9 {
        let byte = *bytes.get(at.checked_add(index)?)?;
        if index == 8 {
            return Some((number << 8 | u64::from(byte), at + 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, at + index + 1));
        }
    }
    None
}
