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

/// So many instructions behind a RUN are looked at.
const NEARBY: usize = 64;

/// A `cd` that a RUN begins with.
struct Leading<'a> {
    /// The folder, as it is written.
    path: &'a str,
    /// What goes with the `cd`: it, the `&&` and the blanks behind that.
    gone: Span,
}

/// A WORKDIR above the RUN in place of the `cd` it begins with, when that is its only one.
fn workdir(facts: &Facts<'_>, run: &Run<'_>) -> Option<Vec<Edit>> {
    let Leading { path, gone } = leading(facts, run)?;
    let workdir = edits::in_case_of(&run.instruction.keyword_word, "WORKDIR");
    let above = edits::line_above(facts.dockerfile, run.instruction, &format!("{workdir} {path}"));
    let mut edits = vec![above, edits::delete(gone)];
    let next = next(facts, run);
    if next != Next::Nobody {
        // Those go on where they were.
        let before = folder_before(facts, run.script.instruction)?;
        if before.contains(['$', ' ', '"', '\'']) {
            return None;
        }
        let before = if before.is_empty() { "/" } else { before.as_str() };
        let line = format!("{workdir} {before}");
        edits.extend((next == Next::ThisOne).then(|| edits::line_below(facts.dockerfile, run.instruction, &line)));
    }
    Some(edits)
}

fn leading<'a>(facts: &Facts<'a>, run: &Run<'a>) -> Option<Leading<'a>> {
    let source = &facts.dockerfile.source;
    let text = run.instruction.args.text()?;
    let [cd, _, ..] = run.script.commands.as_slice() else { return None };
    let [_, folder] = cd.words.as_slice() else { return None };
    cd.name().filter(|name| *name == "cd")?;
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
    let gone = Span::new(text.span.start, text.span.end - code.len());
    (!code.is_empty() && !code.starts_with('#')).then_some(Leading { path, gone })
}

/// Who has to go back where a RUN leaves another folder set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nobody: what comes behind it is somewhere else anyway.
    Nobody,
    /// This one.
    ThisOne,
    /// A RUN behind it, which has a `cd` of its own to give up.
    Another,
}

fn next(facts: &Facts<'_>, run: &Run<'_>) -> Next {
    let index = run.script.instruction;
    let Some(stage) = facts.dockerfile.stage_of(index) else { return Next::ThisOne };
    let mut back = Next::ThisOne;
    for later in (index + 1..stage.instructions.end).take(NEARBY) {
        let Some(node) = facts.dockerfile.instructions.get(later) else { break };
        match node.keyword {
            Keyword::Workdir => {
                let path = node.args.text().and_then(|word| facts.expanded(later, word));
                let is_own = path.is_some_and(|path| relative_workdir::is_absolute(&path.text));
                return if is_own { Next::Nobody } else { back };
            }
            Keyword::Run => match facts.run_of(later).and_then(|run| leading(facts, &run)) {
                Some(leading) if leading.path.starts_with('/') => back = Next::Another,
                _ => return back,
            },
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck | Keyword::Onbuild => return back,
            Keyword::Copy | Keyword::Add => {
                let target = node.copy_sources_and_dest().map(|copying| copying.destination.text.as_str());
                if target.is_none_or(|target| !target.trim_start_matches(['"', '\'']).starts_with(['/', '$'])) {
                    return back;
                }
            }
            _ => {}
        }
    }
    // A stage that stands on this one begins where it ends.
    let is_over = stage.instructions.end <= index + 1 + NEARBY && !facts.bases.contains(&Base::Stage(stage.index));
    if is_over { Next::Nobody } else { back }
}
