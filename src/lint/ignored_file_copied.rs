use super::{Facts, Reporter, StepNode};
use crate::context::IgnoreFile;
use crate::dockerfile::{CopySource, Word};
use crate::text::Span;

/// Reports every source of a COPY or ADD that the ignore file keeps out of the build context.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(ignore_file) = facts.ignore_file else { return };
    for step in facts.step_nodes().filter(|step| step.node.error.is_none() && step.node.flag("from").is_none()) {
        for word in step.node.copy_sources_and_dest().into_iter().flat_map(|copying| copying.sources) {
            let CopySource::Path(word) = word else { continue };
            let Some(source) = facts.expanded_in(&word.text, &step.step.env) else { continue };
            if is_left_out(facts, &step, word, &source, ignore_file) {
                let name = ignore_file.source.path();
                let message = format!(
                    "`{source}` is not in the build context: {name} leaves it out, so there is nothing to copy"
                );
                let finding = report.at_step(&step, word.span, message).subject(source);
                report.push(
                    finding.help(format!("take the line out, or let the file through in {name} with a `!` line")),
                );
            }
        }
    }
}

fn is_left_out(facts: &Facts<'_>, step: &StepNode<'_>, word: &Word, source: &str, ignore_file: &IgnoreFile) -> bool {
    match &facts.context {
        // What really is in the context says more than the patterns.
        Some(context) if !step.step.is_trigger => {
            let copied = context.copied.iter().filter(|copied| copied.instruction == step.step.instruction);
            let is_this = |span: Span| span == word.span;
            copied.flat_map(|copied| &copied.sources).any(|taken| is_this(taken.span) && taken.only_ignored)
        }
        _ => ignore_file.leaves_out(source),
    }
}
