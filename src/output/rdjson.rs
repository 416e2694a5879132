//! The `rdjson` format: reviewdog's diagnostics, with what would mend them as suggestions. Columns are bytes of a line.

use std::io::{self, Write};
use std::sync::Arc;

use serde_json::{Value, json};

use super::issue::{Issue, issues};
use super::{Format, Style};
use crate::check::Report;
use crate::finding::{Fix, Place};
use crate::rule::Severity;
use crate::text::{SourceText, Span};

pub(super) const FORMAT: Format = Format {
    name: "rdjson",
    aliases: &["reviewdog"],
    about: "Reviewdog's diagnostics, with suggestions",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let diagnostics: Vec<Value> = issues(report, style).map(|issue| diagnostic(&issue, report)).collect();
    let document = json!({ "source": { "name": env!("CARGO_PKG_NAME") }, "diagnostics": diagnostics });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn diagnostic(issue: &Issue<'_>, report: &Report) -> Value {
    let finding = &issue.judged.finding;
    let range = match finding.place().in_file() {
        Some((file, span)) => range(file, span),
        None => json!({ "start": { "line": issue.line() } }),
    };
    let mut message = issue.message().to_owned();
    if let Some(help) = &finding.help {
        message = format!("{message}\n{help}");
    }
    let mut diagnostic = json!({
        "message": message,
        "location": { "path": issue.path, "range": range },
        "severity": match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info | Severity::Style => "INFO",
        },
        "code": { "value": issue.code() },
    });
    if let (Some(suggestion), Some(fields)) =
        (finding.fix.as_ref().and_then(|fix| suggestion(fix, finding.place(), report)), diagnostic.as_object_mut())
    {
        fields.insert("suggestions".to_owned(), json!([suggestion]));
    }
    diagnostic
}

fn range(file: &SourceText, span: Span) -> Value {
    let position = |offset: usize| {
        let line = file.line(offset);
        json!({ "line": line, "column": offset.saturating_sub(file.line_span(line).start) + 1 })
    };
    json!({ "start": position(span.start), "end": position(span.end) })
}

/// All edits as one, since reviewdog offers each suggestion alone. `None` when that would repeat a secret.
fn suggestion(fix: &Fix, place: &Place, report: &Report) -> Option<Value> {
    // reviewdog takes a suggestion for the file the diagnostic is in.
    let source = fix.source(place).filter(|_| fix.other().is_none())?;
    let mut edits: Vec<_> = fix.edits().iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let whole = edits.first()?.span.to(edits.last()?.span);
    let is_secret = |span: &Span| span.start < whole.end && whole.start < span.end;
    if source.whole_in_file().is_some() || report.redactions.get(source.path()).is_some_and(|s| s.iter().any(is_secret))
    {
        return None;
    }
    let (mut text, mut at) = (String::new(), whole.start);
    for edit in edits {
        text.push_str(source.slice(Span::new(at, edit.span.start.max(at))));
        text.push_str(&edit.text);
        at = edit.span.end.max(at);
    }
    let source: &Arc<SourceText> = source;
    Some(json!({ "range": range(source, whole), "text": text }))
}
