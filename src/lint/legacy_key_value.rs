use super::{Facts, Reporter, edits};
use crate::dockerfile::{Keyword, Pair};
use crate::finding::Fix;
use crate::text::{Edit, Span};

/// Reports every ENV and LABEL with a blank between name and value.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for step in facts.step_nodes().filter(|step| matches!(step.node.keyword, Keyword::Env | Keyword::Label)) {
        for pair in step.node.args.pairs().iter().filter(|pair| pair.is_legacy && pair.value.is_some()) {
            let (keyword, name) = (step.node.keyword.name(), &pair.key.text);
            let message =
                format!("`{keyword} {name}` has a blank before its value, so all the rest of the line is the value");
            let mut finding = report.at_step(&step, pair.key.span, message).help(format!("write `{keyword} {name}=…`"));
            finding.fix = with_equals(facts, pair).map(|edits| Fix::safe("put a `=` between name and value", edits));
            report.push(finding);
        }
    }
}

/// The pair with its `=`, and the value kept in one piece: in quotes, or with its blanks escaped where it has quotes.
fn with_equals(facts: &Facts<'_>, pair: &Pair) -> Option<Vec<Edit>> {
    let (source, escape) = (&facts.dockerfile.source, facts.dockerfile.escape);
    let value = pair.value.as_ref()?;
    let gap = Span::new(pair.key.span.end, value.span.start);
    if source.slice(gap).contains('#') {
        return None;
    }
    let written = source.slice(value.span);
    if written != value.text {
        // Over several lines, which quotes may hold as well.
        let mut lines: Vec<&str> = written.lines().map(str::trim_end).collect();
        let last = lines.pop()?;
        let goes_on = |line: &&str| line.strip_suffix(escape).is_some_and(|line| !line.trim().is_empty());
        let is_plain = !written.contains(['"', '\'', '#']) && !value.text.contains(['\\', escape]);
        let is_whole = lines.iter().all(goes_on) && !last.trim().is_empty();
        return (is_plain && is_whole).then(|| vec![edits::replace(gap, "=\""), edits::insert(value.span.end, "\"")]);
    }
    let has_blanks = value.text.contains(char::is_whitespace);
    if has_blanks && !value.text.contains(['"', '\'', '\\', escape]) {
        return Some(vec![edits::replace(gap, "=\""), edits::insert(value.span.end, "\"")]);
    }
    let mut edits = vec![edits::replace(gap, "=")];
    let mut quote = None;
    let mut chars = value.text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            _ if c == escape && quote != Some('\'') => drop(chars.next()),
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => edits.push(edits::insert(value.span.start + at, escape)),
            None => {}
        }
    }
    quote.is_none().then_some(edits)
}
