use std::collections::BTreeMap;

use super::files::{NAMED, listed};
use super::{Facts, NotableFile, Reporter};
use crate::context::IgnoreRules;
use crate::finding::Place;
use crate::rule::catalogue;
use crate::text::Edit;

/// Reports every source of a COPY or ADD that takes what a pattern of the ignore file looks like and does not mean.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for source in facts.sources() {
        let Some(ignore_file) = &source.facts.context.ignore_file else { continue };
        let mut by_pattern: BTreeMap<usize, Vec<&NotableFile>> = BTreeMap::new();
        for file in source.told_by(catalogue::DOCKERIGNORE_UNUSED_PATTERN).into_iter().flatten() {
            if let Some(pattern) = file.missed_by {
                by_pattern.entry(pattern).or_default().push(file);
            }
        }
        for (index, files) in by_pattern {
            let Some(unused) = source.facts.unused_patterns.get(index) else { continue };
            let Some(pattern) = ignore_file.patterns.get(unused.pattern) else { continue };
            let path = |file: &&NotableFile| source.facts.path(file.file).to_owned();
            let message = format!(
                "this takes {}: `{}` in {} holds for the root of the context alone, and leaves nothing out",
                listed(files.iter().map(path)),
                pattern.text,
                source.facts.ignore_file()
            );
            let mut finding = report
                .at(source.taken.span, message)
                .subject(pattern.text.clone())
                .files(files.iter().map(|file| source.facts.report_path(&path(file))).collect())
                .related(Place::source(&ignore_file.source, pattern.span), "this pattern");
            for file in files.iter().take(NAMED) {
                let place = Place::file_path(source.facts.report_path(&path(file)));
                finding = finding.related(place, "this is taken");
            }
            let is_named = files.iter().any(|file| !source.can_go(facts, source.facts.path(file.file)));
            let leaves_some = || {
                let meant = IgnoreRules::new([unused.instead.as_str()]);
                meant.is_ok_and(|meant| source.leaves_some(facts, |file| meant.is_ignored(file)))
            };
            if !is_named && leaves_some() {
                let what = format!("write `{}` in {}", unused.instead, source.facts.ignore_file());
                let edit = Edit { span: pattern.span, text: unused.instead.clone() };
                finding.fix = source.facts.ignore_fix(false, what, edit);
            }
            report.push(finding.help(format!("write `{}`, which holds for every folder", unused.instead)));
        }
    }
}
