//! The `text` format, for people: each finding with the source line it is on, what to do, and the policy line that
//! decided; then the verdict, what was looked at and what was not.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents,
};

use super::diff::diff;
use super::{Format, Style};
use crate::check::{Comparison, Judged, Report};
use crate::finding::{Fix, ImagePlace, ImageWord, Origin, Place};
use crate::policy::Action;
use crate::rule::{Severity, Target};
use crate::text::{SourceText, Span, apply_edits, escape};

/// Characters that are shown of the command that made a layer.
const SHOWN_OF_A_COMMAND: usize = 200;
/// Findings of one rule, or of one code of a rule, in one file beyond this many are counted, not shown.
const SHOWN_OF_A_KIND: usize = 10;

pub(super) const FORMAT: Format = Format {
    name: "text",
    aliases: &[],
    about: "For people: each finding with the source it is about",
    has_notes: true,
    is_for_people: true,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let theme = if style.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler =
        GraphicalReportHandler::new_themed(theme).with_width(style.width).with_links(false).with_context_lines(1);
    let mut sources: BTreeMap<String, Arc<str>> = BTreeMap::new();
    let mut shown_of: BTreeMap<(String, String), usize> = BTreeMap::new();
    for judged in &report.findings {
        if style.quiet && judged.counted_action() == Action::Go {
            continue;
        }
        let finding = &judged.finding;
        let kind = Target { rule: finding.rule(), code: finding.code }.to_string();
        let file = match finding.place() {
            Place::Image(inside) => inside.image.clone(),
            place => place.file().into_owned(),
        };
        let shown = shown_of.entry((file, kind)).or_default();
        *shown += 1;
        if *shown > SHOWN_OF_A_KIND {
            continue;
        }
        let excerpt = Excerpt::new(judged, report, &mut sources);
        let mut rendered = String::new();
        if handler.render_report(&mut rendered, &excerpt).is_err() {
            rendered = format!("{}: {}\n", judged.finding.place().file(), excerpt.message);
        }
        let rendered: String = rendered.lines().map(|l| format!("{}\n", l.trim_end())).collect();
        writeln!(out, "{}", rendered.trim_matches('\n'))?;
        let fix = finding.fix.as_ref().filter(|_| style.fixes);
        if let Some(shown) = fix.and_then(|fix| fixed(fix, finding.place(), report, style.color)) {
            write!(out, "{shown}")?;
        }
        writeln!(out)?;
    }
    for ((file, rule), count) in shown_of.iter().filter(|(_, count)| **count > SHOWN_OF_A_KIND) {
        writeln!(out, "{} more of {rule} in {}", count - SHOWN_OF_A_KIND, escape::line(file))?;
    }
    summary(report, out)
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (stop, warn, go) = report.counts();
    let waived = report.findings.iter().filter(|f| f.waived.is_some()).count();
    let base = report.findings.iter().filter(|f| f.finding.origin == Origin::Base).count();
    for note in &report.notes {
        writeln!(out, "note: {}", escape::line(note))?;
    }
    let coverage = &report.coverage;
    let mut looked_at = vec![counted(coverage.dockerfiles, "Dockerfile")];
    if coverage.context_files > 0 {
        looked_at.push(counted(coverage.context_files, "context file"));
    }
    if let Some(engine) = coverage.shell_engine.as_ref().filter(|_| coverage.shell_scripts > 0) {
        let engine = if engine == "built-in" { "the built-in linter" } else { engine };
        looked_at.push(format!("{} ({})", counted(coverage.shell_scripts, "script"), escape::line(engine)));
    }
    if report.image.is_some() {
        looked_at.push(counted(coverage.layers, "layer"));
        looked_at.push(counted(coverage.image_entries, "image file"));
        looked_at.push(counted(coverage.packages, "package"));
    }
    writeln!(
        out,
        "checked {} with {} of policy {}",
        looked_at.join(", "),
        counted(coverage.rules.len(), "rule"),
        escape::line(&report.policy.name)
    )?;
    let mut apart = String::new();
    if waived > 0 {
        apart += &format!(", {waived} waived");
    }
    if !report.baselined.is_empty() {
        let is_before = report.compared.as_ref().is_some_and(|compared| compared.with == Comparison::Before);
        let what = if is_before { "that were there before" } else { "hidden by the baseline" };
        apart += &format!(", {} {what}", report.baselined.len());
    }
    if !report.suppressed.is_empty() {
        apart += &format!(", {} silenced by comments in the file", report.suppressed.len());
    }
    if base > 0 {
        apart += &format!(", {base} of them from the base image");
    }
    if report.verdict > Action::Go {
        writeln!(
            out,
            "`dockgate explain RULE` says more; what you decide to live with goes into the policy as a [[waiver]] with its reason"
        )?;
    }
    writeln!(out, "FINAL {}: {stop} STOP, {warn} WARN, {go} GO{apart}", report.verdict)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A finding as miette draws it.
struct Excerpt<'a> {
    judged: &'a Judged,
    message: String,
    code: String,
    help: String,
    source: Option<Window>,
    labels: Vec<LabeledSpan>,
}

/// As much of a file as may be shown: all of it, or the part that is a Dockerfile.
struct Window {
    name: String,
    text: Arc<str>,
    part: Span,
    /// Where the part starts, counted from 0.
    line: usize,
    column: usize,
}

impl Window {
    fn new(source: &Arc<SourceText>, text: &Arc<str>) -> Self {
        let file = source.file();
        let mut part = source.whole_in_file().unwrap_or(Span::new(0, text.len()));
        let line_start = file.line_span(file.line(part.start)).start;
        if file.slice(Span::new(line_start, part.start)).trim().is_empty() {
            part.start = line_start;
        }
        let start = file.position(part.start);
        let name = escape::line(file.path()).into_owned();
        Self { name, text: Arc::clone(text), part, line: start.line - 1, column: start.column - 1 }
    }
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let part = self.text.get(self.part.range()).ok_or(MietteError::OutOfBounds)?;
        let offset = span.offset().checked_sub(self.part.start).ok_or(MietteError::OutOfBounds)?;
        let inside = part.read_span(&(offset, span.len()).into(), before, after)?;
        let column = if inside.line() == 0 { self.column } else { 0 };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inside.data(),
            (inside.span().offset() + self.part.start, inside.span().len()).into(),
            inside.line() + self.line,
            inside.column() + column,
            inside.line_count(),
        )))
    }
}

impl<'a> Excerpt<'a> {
    fn new(judged: &'a Judged, report: &Report, sources: &mut BTreeMap<String, Arc<str>>) -> Self {
        let finding = &judged.finding;
        let mut message = escape::line(finding.message()).into_owned();
        if let Some(waived) = &judged.waived {
            message = format!("{message} (waived: {})", escape::line(&waived.reason));
        }
        let others = finding.other_names();
        let names = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
        let code = format!("{} {}{names}", judged.action, finding.rule().id);
        let mut excerpt = Self { judged, message, code, help: help(judged, report), source: None, labels: Vec::new() };
        if let (Place::Source { source, .. }, Some((file, span))) = (finding.place(), finding.place().in_file()) {
            let text = sources
                .entry(file.path().to_owned())
                .or_insert_with(|| escape::in_place(report.shown(file).text()).into());
            let window = Window::new(source, text);
            excerpt.labels.push(LabeledSpan::new_primary_with_span(None, (span.start, span.len())));
            for related in &finding.related {
                if let Some((other, span)) = related.place.in_file()
                    && other.path() == file.path()
                    && window.part.contains(span)
                {
                    let label = escape::line(&related.message).into_owned();
                    excerpt.labels.push(LabeledSpan::new_with_span(Some(label), (span.start, span.len())));
                }
            }
            excerpt.source = Some(window);
        }
        excerpt
    }
}

/// What a fix does, and the diff it makes of the file as it may be shown.
fn fixed(fix: &Fix, place: &Place, report: &Report, color: bool) -> Option<String> {
    let source = fix.source(place)?;
    let (path, text) = (source.path(), escape::in_place(report.shown(source).text()));
    let after = apply_edits(&SourceText::new(path, text.as_str()), fix.edits()).ok()?;
    let before = (!fix.other().is_some_and(|other| other.is_new)).then_some(text.as_str());
    let what = if fix.is_safe() { "fix" } else { "fix to look at" };
    let diff: String = diff(path, before, &after, color).lines().map(|line| format!("    {line}\n")).collect();
    Some(format!("  {what}: {}\n{diff}", escape::line(fix.description())))
}

/// What stands below the excerpt: where in the image, second places elsewhere, what to do, who decided.
fn help(judged: &Judged, report: &Report) -> String {
    let finding = &judged.finding;
    let mut lines = Vec::new();
    match (&finding.in_image, finding.place()) {
        (Some(inside), _) => lines.extend(inside_image(inside)),
        (None, Place::Image(inside)) => {
            lines.extend(inside_image(inside));
            // No Dockerfile tells what made the layer, but the image's history may.
            let facts = inside.layer.as_ref().and_then(|layer| report.layers.get(layer.index));
            lines.extend(facts.and_then(|facts| facts.created_by.as_ref()).map(|command| {
                let command = command.strip_prefix("/bin/sh -c #(nop)").unwrap_or(command).trim();
                let shown: String = command.chars().take(SHOWN_OF_A_COMMAND).collect();
                let rest = if shown.len() < command.len() { "…" } else { "" };
                format!("made by {shown}{rest}")
            }));
        }
        (None, Place::Source { .. } | Place::File { .. }) => {}
    }
    if finding.origin == Origin::Base {
        lines.push("from the base image, not from this Dockerfile's own lines".into());
    }
    match &finding.verdict_of_image {
        Some(ImageWord::Confirmed(because)) => lines.push(format!("confirmed by the image: {because}")),
        Some(ImageWord::Refuted(because)) => lines.push(format!("refuted by the image: {because}")),
        None => {}
    }
    for related in &finding.related {
        let same_file = related.place.file() == finding.place().file() && related.place.region().is_some();
        if !same_file {
            lines.push(match &related.place {
                Place::File { path, line: Some(line) } => format!("{path}:{line}: {}", related.message),
                place => format!("{}: {}", place.file(), related.message),
            });
        }
    }
    lines.extend(finding.help.clone());
    if let Some(line) = &judged.decided_by {
        lines.push(format!("{} by {}:{}", judged.action, line.source.path(), line.source.line(line.span.start)));
    }
    lines.iter().map(|line| escape::line(line)).collect::<Vec<_>>().join("\n")
}

/// The file in the image, and its layer.
fn inside_image(inside: &ImagePlace) -> Option<String> {
    let layer = inside.layer.as_ref().map(|layer| {
        let digest = layer.diff_id.strip_prefix("sha256:").unwrap_or(&layer.diff_id);
        format!("layer {} ({})", layer.index + 1, digest.get(..12).unwrap_or(digest))
    });
    let parts: Vec<&str> = inside.path.as_deref().into_iter().chain(layer.as_deref()).collect();
    (!parts.is_empty()).then(|| format!("in the image: {}", parts.join(", ")))
}

impl fmt::Debug for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Excerpt<'_> {}

impl Diagnostic for Excerpt<'_> {
    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.judged.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info | Severity::Style => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        if self.help.is_empty() { None } else { Some(Box::new(&self.help)) }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.labels.is_empty() { None } else { Some(Box::new(self.labels.iter().cloned())) }
    }
}
