use super::relative_workdir::{self, folder_before};
use super::{Facts, Reporter, Run, edits};
use crate::dockerfile::{Base, Env, Keyword, expand_word};
use crate::finding::Fix;
use crate::shell::Form;
use crate::text::{Edit, Span};

/// Reports the first `cd` of a RUN.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for run in facts.runs().filter(|run| !run.is_trigger) {
        let mut commands = run.script.commands.iter().filter(|command| command.name() == Some("cd"));
        let Some(word) = commands.find_map(|command| command.words.first()) else { continue };
        let message = "the folder changes for this RUN only, and the reader has to follow where";
        let mut finding =
            report.at(word.span, message).help("set it with WORKDIR, or name the path in the command itself");
        finding.fix = workdir(facts, &run).map(|edits| Fix::unsafe_("set the folder with WORKDIR", edits));
        report.push(finding);
    }
}

/// A WORKDIR above the RUN in place of the `cd` it begins with, when that is its only one.
fn workdir(facts: &Facts<'_>, run: &Run<'_>) -> Option<Vec<Edit>> {
    let source = &facts.dockerfile.source;
    let text = run.instruction.args.text()?;
    let [cd, _, ..] = run.script.commands.as_slice() else { return None };
    let [_, folder] = cd.words.as_slice() else { return None };
    let path = Some(folder.text.as_str()).filter(|path| source.slice(folder.span) == *path)?;
    // WORKDIR knows the variables of ENV and ARG, and no others.
    let is_known = |env: &Env| expand_word(path, env, run.escape).is_ok_and(|e| e.unmatched.is_empty());
    let is_same =
        if path.contains('$') { run.env.is_some_and(is_known) } else { folder.literal.as_deref() == Some(path) };
    let is_only = run.script.commands.iter().filter(|command| command.name() == Some("cd")).count() == 1;
    let is_first = run.script.form == Form::Shell && cd.span.start == text.span.start && cd.redirects.is_empty();
    let is_plain =
        !path.starts_with(['-', '~']) && !path.contains(['*', '?', '[', ',', '#', '(', '`', '"', '\'', '\\']);
    if !is_only || !is_first || !is_same || !is_plain {
        return None;
    }
    let rest = source.slice(Span::new(cd.span.end, text.span.end));
    let code = rest.trim_start().strip_prefix("&&")?;
    let code = code.trim_start_matches(|c: char| c.is_whitespace() || c == facts.dockerfile.escape);
    if code.is_empty() || code.starts_with('#') {
        return None;
    }
    let workdir = edits::in_case_of(&run.instruction.keyword_word, "WORKDIR");
    let gone = Span::new(text.span.start, text.span.end - code.len());
    let mut edits =
        vec![edits::line_above(facts.dockerfile, run.instruction, &format!("{workdir} {path}")), edits::delete(gone)];
    if is_left_to_others(facts, run) {
        // Those go on where they were.
        let before =
            folder_before(facts, run.script.instruction).filter(|folder| !folder.contains(['$', ' ', '"', '\'']))?;
        let before = if before.is_empty() { "/" } else { before.as_str() };
        edits.push(edits::line_below(facts.dockerfile, run.instruction, &format!("{workdir} {before}")));
    }
    Some(edits)
}

/// Whether something behind the RUN happens in the folder that the RUN would leave set.
fn is_left_to_others(facts: &Facts<'_>, run: &Run<'_>) -> bool {
    let index = run.script.instruction;
    let Some(stage) = facts.dockerfile.stage_of(index) else { return true };
    for later in index + 1..stage.instructions.end {
        let Some(node) = facts.dockerfile.instructions.get(later) else { break };
        match node.keyword {
            Keyword::Workdir => {
                let path = node.args.text().and_then(|word| facts.expanded(later, word));
                return path.is_none_or(|path| !relative_workdir::is_absolute(&path.text));
            }
            Keyword::Run if !begins_elsewhere(facts, later) => return true,
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Onbuild => return true,
            Keyword::Copy | Keyword::Add => {
                let target = node.copy_sources_and_dest().map(|copying| copying.destination.text.as_str());
                if target.is_none_or(|target| !target.trim_start_matches(['"', '\'']).starts_with(['/', '$'])) {
                    return true;
                }
            }
            _ => {}
        }
    }
    // A stage that stands on this one begins where it ends.
    facts.bases.contains(&Base::Stage(stage.index))
}

/// Whether a RUN goes to a folder of its own before it does anything.
fn begins_elsewhere(facts: &Facts<'_>, index: usize) -> bool {
    let script = facts.scripts.binary_search_by_key(&index, |script| script.instruction);
    let first = script.ok().and_then(|at| facts.scripts.get(at)?.commands.first());
    first.is_some_and(|first| {
        first.name() == Some("cd") && first.literals().next().is_some_and(|to| to.starts_with('/'))
    })
}
