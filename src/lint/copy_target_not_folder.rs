use super::{Facts, Reporter, edits};
use crate::dockerfile::Keyword;
use crate::finding::Fix;

/// Reports every COPY of several sources to a destination that does not end in `/`.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let allows_dot = !report.params().bool("dot");
    for (index, copy) in facts.instructions_of(Keyword::Copy) {
        let Some(copying) = copy.copy_sources_and_dest() else { continue };
        let target = facts.text_of(index, copying.destination);
        let is_folder = target.ends_with(['/', '\\']) || (allows_dot && matches!(target.as_str(), "." | ".."));
        let is_open = facts.expanded(index, copying.destination).is_some_and(|e| !e.missing.is_empty());
        if copying.sources.len() < 2 || is_folder || is_open {
            continue;
        }
        let message = format!(
            "several sources go to `{target}`, which does not say that it is a folder: builders refuse it, or each \
             source replaces the one before"
        );
        let fix = Fix::safe("say that it is a folder", vec![edits::behind(facts, copying.destination, "/")]);
        report.push(report.at(copying.destination.span, message).help(format!("write `{target}/`")).fix(fix));
    }
}
