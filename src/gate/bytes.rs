//! What an image weighs: bytes that everybody pulls and nobody sees, and growth over the base.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Facts, Reporter};
use crate::image::{Change, Entry, EntryKind};

/// Bytes of a megabyte, as parameters count them.
pub(super) const MEGABYTE: u64 = 1_000_000;
/// Files named in a message.
const SHOWN: usize = 3;
/// What to do about an image that grew.
const LOOK: &str = "look at the largest layers first: `dockgate inspect IMAGE layers`";

/// Files that a later layer of the image's own removes or replaces, and that are still in the layer that brought them.
pub fn wasted_bytes(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let base = facts.base.as_ref().map_or(0, |base| base.layers);
    let mut wasted = wasted(facts);
    wasted.retain(|w| w.undone_by >= base);
    let total: u64 = wasted.iter().map(|w| w.size).sum();
    let threshold = u64::try_from(report.params().int("threshold-mb")).unwrap_or(0).saturating_mul(MEGABYTE);
    wasted.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(b.path)));
    let Some(largest) = wasted.first().filter(|_| total >= threshold.max(1)) else { return };
    let named: Vec<String> = wasted
        .iter()
        .take(SHOWN)
        .map(|w| format!("{} ({}, brought by layer {})", w.path, shown(w.size), w.shipped_by + 1))
        .collect();
    let message = format!(
        "{} are pulled with the image and are not in it, in {} files that later layers remove or replace: mostly {}",
        shown(total),
        wasted.len(),
        named.join(", ")
    );
    let mut finding = report.in_layer(largest.shipped_by, Some(largest.path), message);
    let mut undone: Vec<usize> = wasted.iter().take(SHOWN).map(|w| w.undone_by).collect();
    undone.sort_unstable();
    undone.dedup();
    for layer in undone {
        finding = finding.related(report.layer_place(layer), "removed or replaced here");
    }
    report.push(
        finding.help("remove what a step does not need in the RUN that brings it, or build in a stage of its own"),
    );
}

/// A file that is shipped and not seen.
struct Wasted<'a> {
    path: &'a str,
    size: u64,
    shipped_by: usize,
    undone_by: usize,
}

/// Every file that a layer brings and a later one takes away.
fn wasted<'a>(facts: &Facts<'a>) -> Vec<Wasted<'a>> {
    let mut live: BTreeMap<&'a str, (usize, u64)> = BTreeMap::new();
    let mut wasted = Vec::new();
    let mut take = |live: &mut BTreeMap<&'a str, (usize, u64)>, path: &str, undone_by: usize| {
        if let Some((path, (shipped_by, size))) = live.remove_entry(path)
            && size > 0
            && shipped_by < undone_by
        {
            wasted.push(Wasted { path, size, shipped_by, undone_by });
        }
    };
    for layer in &facts.image.layers {
        let gone = layer.changes.iter().filter_map(|change| match change {
            Change::Whiteout(path) | Change::Opaque(path) => Some(path.as_str()),
            Change::Add(_) => None,
        });
        for path in gone {
            take(&mut live, path, layer.index);
            for below in below(&live, path) {
                take(&mut live, below, layer.index);
            }
        }
        for change in &layer.changes {
            let Change::Add(entry) = change else { continue };
            let entry: &'a Entry = entry;
            take(&mut live, &entry.path, layer.index);
            if entry.kind != EntryKind::Directory {
                // A file or link in the place of a directory hides what was in it.
                for below in below(&live, &entry.path) {
                    take(&mut live, below, layer.index);
                }
            }
            // What is seen in the end was not taken away, and that is nearly everything.
            let is_seen = || facts.tree.get(&entry.path).is_some_and(|node| node.layer == layer.index);
            if entry.kind == EntryKind::File && !is_seen() {
                live.insert(&entry.path, (layer.index, entry.size));
            }
        }
    }
    wasted
}

fn below<'a>(live: &BTreeMap<&'a str, (usize, u64)>, directory: &str) -> Vec<&'a str> {
    let prefix = format!("{}/", directory.trim_end_matches('/'));
    let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
    live.range::<str, _>(from).map(|(path, _)| *path).take_while(|path| path.starts_with(&prefix)).collect()
}

/// Compares the size of all layers with the base's.
pub fn image_grew(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(base) = &facts.base else { return };
    let limit = u64::try_from(report.params().int("max-growth-mb")).unwrap_or(0);
    let own = facts.image.layers.iter().skip(base.layers);
    let grown: u64 = own.clone().map(|layer| layer.size).sum();
    if grown <= limit.saturating_mul(MEGABYTE) {
        return;
    }
    let largest = own.max_by_key(|layer| layer.size).map_or(0, |layer| layer.index);
    let message = format!(
        "the image's own layers add {} to {}, more than the {limit} MB the policy takes; the largest is layer {}",
        shown(grown),
        base.name,
        largest + 1
    );
    report.push(report.in_layer(largest, None, message).help(LOOK));
}

/// Compares the size of all layers with that of the image before.
pub fn image_grew_since_previous(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(previous) = &facts.previous else { return };
    let percent = u64::try_from(report.params().int("max-growth-percent")).unwrap_or(0);
    let size: u64 = facts.image.layers.iter().map(|layer| layer.size).sum();
    let limit = previous.size.saturating_add(previous.size.saturating_mul(percent) / 100);
    if size <= limit {
        return;
    }
    let message = format!(
        "the image has {}, {} more than {} ({}), and the policy takes {percent} % more",
        shown(size),
        shown(size - previous.size),
        previous.name,
        shown(previous.size)
    );
    let largest = facts.image.layers.iter().max_by_key(|layer| layer.size).map_or(0, |layer| layer.index);
    report.push(report.in_layer(largest, None, message).help(LOOK));
}

/// Bytes for people, in decimal units.
pub(super) fn shown(bytes: u64) -> String {
    let (unit, divisor) = match bytes {
        0..1_000 => return format!("{bytes} bytes"),
        1_000..MEGABYTE => ("kB", 1_000),
        MEGABYTE..1_000_000_000 => ("MB", MEGABYTE),
        _ => ("GB", 1_000_000_000),
    };
    format!("{}.{} {unit}", bytes / divisor, bytes % divisor * 10 / divisor)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use super::*;

    fn sized(path: &str, size: u64) -> Entry {
        Entry { size, ..file(path) }
    }

    #[test]
    fn what_later_layers_take_away_is_counted_where_it_was_brought() {
        let case = Case::new(2)
            .layer([sized("/base/a", 900), sized("/base/c", 5_000_000)], [])
            .layer([], ["/base/a"])
            .layer([sized("/opt/src/x", 30_000_000), sized("/opt/src/y", 2_500_000), sized("/opt/keep", 1)], [])
            .layer([sized("/base/c", 1)], ["/opt/src"]);
        let said = "2 37.5 MB are pulled with the image and are not in it, in 3 files that later layers remove or replace: \
                    mostly /opt/src/x (30.0 MB, brought by layer 3), /base/c (5.0 MB, brought by layer 1), /opt/src/y (2.5 \
                    MB, brought by layer 3)";
        let findings = case.run("wasted-bytes", &[]);
        assert_eq!(messages(&findings), [said]);
        assert_eq!(findings[0].related.len(), 1);
        assert_eq!(case.run("wasted-bytes", &[("threshold-mb", "37")]).len(), 1);
        assert!(case.run("wasted-bytes", &[("threshold-mb", "38")]).is_empty());
        assert!(Case::new(0).layer([sized("/a", 1 << 40)], []).run("wasted-bytes", &[]).is_empty());
    }

    #[test]
    fn growth_is_measured_against_the_base() {
        let mut case = Case::new(1).layer([], []).layer([], []).layer([], []);
        case.sizes = vec![80 * MEGABYTE, 3 * MEGABYTE, 5 * MEGABYTE + 1];
        assert_eq!(
            messages(&case.run("image-grew", &[("max-growth-mb", "8")])),
            [
                "2 the image's own layers add 8.0 MB to the base, more than the 8 MB the policy takes; the largest is layer 3"
            ]
        );
        assert!(case.run("image-grew", &[("max-growth-mb", "9")]).is_empty());
    }

    #[test]
    fn growth_is_measured_against_the_image_before() {
        let mut case = Case::new(0).layer([], []).layer([], []);
        case.sizes = vec![10 * MEGABYTE, 1_000_001];
        assert!(case.run("image-grew-since-previous", &[]).is_empty());
        case.previous = Some(10 * MEGABYTE);
        let said = "0 the image has 11.0 MB, 1.0 MB more than app:1 (10.0 MB), and the policy takes 10 % more";
        assert_eq!(messages(&case.run("image-grew-since-previous", &[])), [said]);
        assert!(case.run("image-grew-since-previous", &[("max-growth-percent", "11")]).is_empty());
        case.previous = Some(20 * MEGABYTE);
        assert!(case.run("image-grew-since-previous", &[]).is_empty());
    }

    #[test]
    fn sizes_are_for_people() {
        assert_eq!(
            [0, 999, 1_500, 2_000_000, 3_260_000_000].map(shown),
            ["0 bytes", "999 bytes", "1.5 kB", "2.0 MB", "3.2 GB"]
        );
    }
}
