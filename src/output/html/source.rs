//! Texts with their findings in place.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use super::{bytes, card, counted, h};
use crate::check::{Judged, LayerOrigin, Report};
use crate::finding::Place;
use crate::text::{SourceText, Span, escape};

/// Lines of a text that are shown whole, when it is the only one.
const WHOLE: usize = 2_000;
/// Lines shown around a finding otherwise.
const AROUND: usize = 3;
/// Bytes of a line that are shown.
const LINE: usize = 4_000;

/// A text on the page, with what stands in it.
struct View<'a> {
    file: Arc<SourceText>,
    /// Lines that may be shown, first and last: those of Dockerfiles, where they are only a part.
    parts: Vec<(usize, usize)>,
    is_dockerfile: bool,
    findings: Vec<&'a Judged>,
}

/// The place of a line on the page.
pub(super) fn anchor(path: &str, line: usize) -> String {
    let path: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("{path}-L{line}")
}

/// Writes the Dockerfiles, and every other text that has a finding in it. `base` are findings that came with a base image; the
/// line that names it tells how many.
pub(super) fn write(report: &Report, findings: &[&Judged], base: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    let mut views: BTreeMap<&str, View<'_>> = BTreeMap::new();
    for source in &report.dockerfiles {
        add(&mut views, source, true);
    }
    for judged in findings {
        let Place::Source { source, .. } = judged.finding.place() else { continue };
        add(&mut views, source, false);
        if let Some(view) = views.get_mut(source.path()) {
            view.findings.push(judged);
        }
    }
    let is_alone = report.dockerfiles.len() == 1;
    let (mut clean, mut is_first) = (0, true);
    // Dockerfiles first.
    let mut views: Vec<View<'_>> = views.into_values().collect();
    views.sort_by_key(|view| !view.is_dockerfile);
    for view in &views {
        if view.findings.is_empty() && !is_alone {
            clean += 1;
            continue;
        }
        text(report, view, is_alone && view.is_dockerfile, base, is_first, out)?;
        is_first = false;
    }
    if clean > 0 {
        writeln!(out, "<p class=\"base-line\">{} without a finding</p>", counted(clean, "Dockerfile"))?;
    }
    Ok(())
}

fn add<'a>(views: &mut BTreeMap<&'a str, View<'_>>, source: &'a Arc<SourceText>, is_dockerfile: bool) {
    let file = source.file();
    let view = views.entry(source.path()).or_insert_with(|| View {
        file: Arc::clone(file),
        parts: Vec::new(),
        is_dockerfile,
        findings: Vec::new(),
    });
    let part = match source.whole_in_file() {
        Some(span) => (file.line(span.start), file.line(span.end.saturating_sub(1).max(span.start))),
        None => (1, file.line_count()),
    };
    if !view.parts.contains(&part) {
        view.parts.push(part);
    }
}

fn text(
    report: &Report,
    view: &View<'_>,
    is_whole: bool,
    base: &[&Judged],
    is_first: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let path = view.file.path();
    let shown = report.shown(&view.file);
    let mut cards: BTreeMap<usize, Vec<&Judged>> = BTreeMap::new();
    let mut marks: BTreeMap<usize, Vec<(Span, &'static str)>> = BTreeMap::new();
    for judged in &view.findings {
        let (Some((_, span)), Some(region)) = (judged.finding.place().in_file(), judged.finding.place().region())
        else {
            continue;
        };
        let last = if region.end.column == 1 { region.end.line.saturating_sub(1) } else { region.end.line };
        let last = last.max(region.start.line);
        cards.entry(last).or_default().push(judged);
        for line in region.start.line..=last {
            marks.entry(line).or_default().push((span, card::colour(judged)));
        }
    }
    let mut from_base: BTreeMap<usize, usize> = BTreeMap::new();
    for judged in base.iter().filter(|judged| judged.finding.place().file() == path) {
        let line = judged.finding.place().region().map_or(1, |region| region.start.line);
        *from_base.entry(line).or_default() += 1;
    }
    let layers: BTreeMap<usize, (usize, u64)> = report
        .layers
        .iter()
        .filter_map(|layer| match &layer.from {
            LayerOrigin::Line { path: made_by, line, .. } if made_by == path => {
                Some((*line, (layer.layer + 1, layer.size)))
            }
            _ => None,
        })
        .collect();
    let count = view.findings.len();
    let told = if count == 0 { String::from("no finding") } else { counted(count, "finding") };
    let group = if view.is_dockerfile && is_first { "" } else { " data-group" };
    writeln!(
        out,
        "<section class=\"part\"{group}><h2><code>{}</code> <small>{told}</small></h2><div class=\"panel code\">",
        h(path)
    )?;
    let is_whole = is_whole && view.file.line_count() <= WHOLE;
    let mut previous = 0;
    for (first, last) in &view.parts {
        for line in *first..=*last {
            let is_near = || {
                let around = line.saturating_sub(AROUND)..=line + AROUND;
                cards.range(around.clone()).next().is_some()
                    || marks.range(around.clone()).next().is_some()
                    || from_base.range(around).next().is_some()
            };
            if line <= previous || !(is_whole || is_near()) {
                continue;
            }
            if line > previous + 1 && previous > 0 {
                writeln!(out, "<div class=\"gap-line\">{}</div>", counted(line - previous - 1, "line"))?;
            }
            previous = line;
            let is_hit = cards.contains_key(&line) || marks.contains_key(&line) || from_base.contains_key(&line);
            let hit = if is_hit { " hit" } else { "" };
            let id = anchor(path, line);
            let code = code(&shown, line, marks.get(&line).map(Vec::as_slice).unwrap_or_default());
            write!(out, "<div class=\"l{hit}\" id=\"{id}\"><a class=\"n\" href=\"#{id}\">{line}</a><pre>{code}</pre>")?;
            if let Some((layer, size)) = layers.get(&line) {
                write!(out, "<a class=\"by\" href=\"#layer-{layer}\">layer {layer} · {}</a>", bytes(*size))?;
            }
            writeln!(out, "</div>")?;
            let (cards, came) = (cards.get(&line), from_base.get(&line));
            if cards.is_none() && came.is_none() {
                continue;
            }
            writeln!(out, "<div class=\"fs\">")?;
            for judged in cards.into_iter().flatten() {
                card::write(judged, false, out)?;
            }
            if let Some(came) = came {
                let told = counted(*came, "finding");
                writeln!(out, "<a class=\"base-line\" href=\"#base\">{told} came with this base</a>")?;
            }
            writeln!(out, "</div>")?;
        }
    }
    writeln!(out, "</div></section>")
}

/// A line as markup: instructions and comments set off, what findings are about marked.
fn code(file: &SourceText, line: usize, marks: &[(Span, &'static str)]) -> String {
    let whole = file.line_span(line);
    let mut end = whole.end.min(whole.start + LINE);
    while !file.text().is_char_boundary(end) {
        end -= 1;
    }
    let is_cut = end < whole.end;
    let mut cuts: Vec<usize> = vec![whole.start, end];
    for (span, _) in marks {
        cuts.extend([span.start, span.end].into_iter().filter(|at| whole.start < *at && *at < end));
    }
    let word = keyword(file.slice(whole));
    let keyword_end = whole.start + word;
    if word > 0 {
        cuts.push(keyword_end.min(end));
    }
    cuts.sort_unstable();
    cuts.dedup();
    let is_comment = file.slice(whole).trim_start().starts_with('#');
    let mut out = String::new();
    for pair in cuts.windows(2) {
        let [start, end] = pair else { continue };
        let text = h(&escape::terminal(file.slice(Span::new(*start, *end))));
        let text = match (is_comment, *end <= keyword_end) {
            (true, _) => format!("<span class=\"c\">{text}</span>"),
            (_, true) => format!("<span class=\"k\">{text}</span>"),
            _ => text,
        };
        let colours = marks.iter().filter(|(span, _)| span.start <= *start && *end <= span.end && !span.is_empty());
        match colours.map(|(_, colour)| *colour).min_by_key(|colour| order(colour)) {
            Some(colour) => out.push_str(&format!("<mark class=\"{colour}\">{text}</mark>")),
            None => out.push_str(&text),
        }
    }
    if is_cut {
        out.push('…');
    }
    // An empty line has a height too.
    if out.is_empty() { String::from(" ") } else { out }
}

fn order(colour: &str) -> usize {
    ["stop", "warn", "go", "off"].iter().position(|known| *known == colour).unwrap_or(4)
}

/// Bytes of the instruction's word a line starts with, blanks before it included; 0 when it starts with none.
fn keyword(line: &str) -> usize {
    const WORDS: [&str; 18] = [
        "FROM",
        "RUN",
        "COPY",
        "ADD",
        "ENV",
        "ARG",
        "USER",
        "EXPOSE",
        "WORKDIR",
        "CMD",
        "ENTRYPOINT",
        "LABEL",
        "VOLUME",
        "HEALTHCHECK",
        "SHELL",
        "ONBUILD",
        "STOPSIGNAL",
        "MAINTAINER",
    ];
    let trimmed = line.trim_start();
    let word = trimmed.split(char::is_whitespace).next().unwrap_or_default();
    if WORDS.contains(&word) { line.len() - trimmed.len() + word.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_marked_where_its_findings_are() {
        let file = SourceText::new("Dockerfile", "FROM a<b>\n# c\n");
        let line = code(&file, 1, &[(Span::new(5, 9), "warn"), (Span::new(5, 6), "stop")]);
        assert_eq!(
            line,
            "<span class=\"k\">FROM</span> <mark class=\"stop\">a</mark><mark class=\"warn\">&lt;b&gt;</mark>"
        );
        assert_eq!(code(&file, 2, &[]), "<span class=\"c\"># c</span>");
        assert_eq!(code(&file, 3, &[]), " ");
    }
}
