//! Berkeley DB hash files, as rpm wrote them up to 4.16: the pages of keys are read one after the other, whichever
//! bucket they belong to, and their values gathered from overflow pages. Numbers are in the order of the machine that
//! wrote them.

use std::borrow::Cow;

use super::super::Unreadable;
use super::super::bytes::{Endian, slice};
use super::Headers;

const HASH_MAGIC: u32 = 0x0006_1561;
/// Bytes of a page's head.
const HEAD: usize = 26;

/// Kinds of pages.
const HASH_UNSORTED: u8 = 2;
const OVERFLOW: u8 = 7;
const HASH: u8 = 13;

/// Kinds of items.
const IN_PAGE: u8 = 1;
const OFF_PAGE: u8 = 3;

/// Reads the headers: the values of all keys but 0, whose value is the highest key.
pub(super) fn read<'a>(content: &'a [u8], headers: &mut Headers<'a>) -> Result<(), Unreadable> {
    let foreign = || Unreadable::new("is no Berkeley DB hash file");
    let order = [Endian::Little, Endian::Big].into_iter().find(|e| e.u32(content, 12) == Some(HASH_MAGIC));
    let order = order.ok_or_else(foreign)?;
    let size = order.size32(content, 20).filter(|size| size.is_power_of_two() && (512..=65_536).contains(size));
    let page_size = size.ok_or_else(foreign)?;
    if content.get(24).is_some_and(|algorithm| *algorithm != 0) {
        return Err(Unreadable::new("is encrypted"));
    }
    let mut file = Database { content, order, page_size, overflow: vec![false; content.len() / page_size + 1] };
    let last = order.size32(content, 32).ok_or_else(foreign)?;
    for number in 1..=last {
        let damaged = || Unreadable(format!("is damaged at page {number}"));
        let page = file.page(number).ok_or_else(damaged)?;
        if matches!(page.get(25), Some(&(HASH | HASH_UNSORTED))) {
            for value in file.values(page).ok_or_else(damaged)? {
                headers.push(file.resolve(value).ok_or_else(damaged)?)?;
            }
        }
    }
    Ok(())
}

struct Database<'a> {
    content: &'a [u8],
    order: Endian,
    page_size: usize,
    /// Overflow pages that were read: each belongs to one value.
    overflow: Vec<bool>,
}

impl<'a> Database<'a> {
    fn page(&self, number: usize) -> Option<&'a [u8]> {
        slice(self.content, number.checked_mul(self.page_size)?, self.page_size)
    }

    /// The items of a page that hold values: keys and values alternate.
    fn values(&self, page: &'a [u8]) -> Option<Vec<&'a [u8]>> {
        let items = self.order.size16(page, 20)?;
        let mut values = Vec::new();
        for index in (0..items).step_by(2) {
            let value = self.item(page, index + 1)?;
            if !matches!(self.item(page, index)?, [IN_PAGE, 0, 0, 0, 0]) {
                values.push(value);
            }
        }
        Some(values)
    }

    /// The value an item holds or points at.
    fn resolve(&mut self, item: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        match item {
            [IN_PAGE, value @ ..] => Some(Cow::Borrowed(value)),
            [OFF_PAGE, ..] => self.chain(item).map(Cow::Owned),
            _ => None,
        }
    }

    /// An item of a page: it reaches to where the one before it starts, the first one to the page's end.
    fn item(&self, page: &'a [u8], index: usize) -> Option<&'a [u8]> {
        let offset = |index: usize| self.order.size16(page, HEAD + 2 * index);
        let end = if index == 0 { page.len() } else { offset(index - 1)? };
        page.get(offset(index)?..end)
    }

    /// The value an item points at, in a chain of overflow pages.
    fn chain(&mut self, item: &[u8]) -> Option<Vec<u8>> {
        let mut next = self.order.size32(item, 4)?;
        let length = self.order.size32(item, 8)?;
        let mut value = Vec::new();
        while next != 0 {
            let page = self.page(next)?;
            let seen = self.overflow.get_mut(next)?;
            if *seen || page.get(25) != Some(&OVERFLOW) {
                return None;
            }
            *seen = true;
            value.extend_from_slice(slice(page, HEAD, self.order.size16(page, 22)?)?);
            next = self.order.size32(page, 16)?;
        }
        (value.len() == length).then_some(value)
    }
}
