use std::collections::BTreeMap;

use super::files::{bytes, files};
use super::keep_out::{UNWANTED, base_name};
use super::{Facts, Reporter};
use crate::finding::{Fix, Place};

/// The largest parts that are named.
const PARTS: usize = 3;

/// Reports every source of a COPY or ADD that takes more of the build context than is sensible.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let limit = |name: &str| u64::try_from(report.params().int(name)).unwrap_or(0);
    let (max_bytes, max_files) = (limit("max-mib") << 20, limit("max-files"));
    for source in facts.sources().filter(|source| !source.is_told_whole()) {
        let (size, count) = source.size();
        if size <= max_bytes && count as u64 <= max_files {
            continue;
        }
        let root = source.taken.path().unwrap_or_default();
        let mut parts: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
        for file in source.taken.files.iter().filter_map(|index| source.facts.context.files.get(*index)) {
            let (bytes, count) = parts.entry(part(&file.path, &root)).or_default();
            (*bytes, *count) = (*bytes + file.size, *count + 1);
        }
        let is_unwanted = |path: &&str| UNWANTED.contains(&base_name(path)) && source.can_go(facts, path);
        let unwanted: Vec<&str> = parts.keys().copied().filter(is_unwanted).collect();
        let (less_bytes, less_files) = unwanted.iter().filter_map(|path| parts.get(path)).fold((0, 0), sum);
        let is_enough = size - less_bytes <= max_bytes && (count - less_files) as u64 <= max_files;
        let fix = source.keep_out(facts, &unwanted).filter(|_| is_enough).map(Fix::to_look_at);
        let mut parts: Vec<_> = parts.into_iter().collect();
        parts.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        parts.truncate(PARTS);
        let named: Vec<String> =
            parts.iter().map(|(path, (size, count))| format!("{path} ({}, {})", bytes(*size), files(*count))).collect();
        let message =
            format!("this takes {} in {} into a layer, most of it {}", bytes(size), files(count), named.join(", "));
        let mut finding = report.at(source.taken.span, message).subject(root.clone());
        for (path, (size, _)) in &parts {
            finding = finding.related(Place::file_path(source.facts.report_path(path)), bytes(*size));
        }
        finding.fix = fix;
        let lines = source.lines_for(parts.first().map(|(path, _)| *path));
        report.push(facts.if_shipped(finding).help(format!("keep out what the image does not need, as with {lines}")));
    }
}

fn sum(all: (u64, usize), more: &(u64, usize)) -> (u64, usize) {
    (all.0 + more.0, all.1 + more.1)
}

/// The file or folder right below `root` that a path lies in.
fn part<'p>(path: &'p str, root: &str) -> &'p str {
    let below = if root.is_empty() { 0 } else { root.len() + 1 };
    let end = path.get(below..).and_then(|rest| rest.find('/')).map_or(path.len(), |slash| below + slash);
    path.get(..end).unwrap_or(path)
}
