//! The layers: a bar of their sizes, and what each brought.

use std::io::{self, Write};

use super::{bytes, counted, h};
use crate::check::{Judged, LayerFacts, LayerOrigin, Report};
use crate::finding::Place;
use crate::policy::Action;

/// Layers that are on the page; an image has 127 at most, a hostile one has more.
const SHOWN: usize = 200;
/// Layers whose list is open from the start; a longer one would stand before what there is to do.
const LISTED: usize = 6;

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if report.layers.is_empty() {
        return Ok(());
    }
    let layers = report.layers.get(..SHOWN).unwrap_or(&report.layers);
    let total: u64 = report.layers.iter().map(|layer| layer.size).sum();
    writeln!(
        out,
        "<section class=\"part\"><h2>Layers <small>{}, {} unpacked</small></h2>\n<div class=\"bar\">",
        counted(report.layers.len(), "layer"),
        bytes(total)
    )?;
    for layer in layers {
        let hits = hits(report, layer);
        let mark = match (hits.stop, hits.warn) {
            (0, 0) => "",
            (0, _) => " has-warn",
            _ => " has-stop",
        };
        let number = layer.layer + 1;
        let title = format!("Layer {number}, {}: {}", bytes(layer.size), what(report, layer));
        // The share in thousandths, so that no layer is lost and no number is too large for a browser.
        let share = layer.size.saturating_mul(1000).checked_div(total).unwrap_or(0).max(1);
        writeln!(
            out,
            "<a class=\"{}{mark}\" style=\"flex-grow:{share}\" href=\"#layer-{number}\" title=\"{1}\" aria-label=\"{1}\"></a>",
            origin(layer),
            h(&title)
        )?;
    }
    writeln!(out, "</div>")?;
    legend(report, out)?;
    let open = if layers.len() > LISTED { "" } else { " open" };
    writeln!(
        out,
        "<details class=\"all\"{open}><summary>what each of them brought</summary><div class=\"panel\"><ol class=\"layers\">"
    )?;
    for layer in layers {
        row(report, layer, out)?;
    }
    writeln!(out, "</ol></div></details></section>")
}

fn legend(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<div class=\"legend\">")?;
    for (class, name) in
        [("base", "came with the base"), ("own", "made by this Dockerfile"), ("unknown", "nobody tells who made it")]
    {
        let of: Vec<&LayerFacts> = report.layers.iter().filter(|layer| origin(layer) == class).collect();
        if !of.is_empty() {
            let size = of.iter().map(|layer| layer.size).sum();
            writeln!(
                out,
                "<span><i class=\"{class}\"></i>{name}: {}, {}</span>",
                counted(of.len(), "layer"),
                bytes(size)
            )?;
        }
    }
    writeln!(out, "<span>files: + new, ~ changed, − taken away</span></div>")
}

fn origin(layer: &LayerFacts) -> &'static str {
    match layer.from {
        LayerOrigin::Base => "base",
        LayerOrigin::Line { .. } => "own",
        LayerOrigin::Unknown => "unknown",
    }
}

/// What made the layer, on one line: the Dockerfile's own words, else the history's.
fn what(report: &Report, layer: &LayerFacts) -> String {
    if let LayerOrigin::Line { path, line, .. } = &layer.from
        && let Some(source) = report.dockerfiles.iter().find(|source| source.path() == path)
    {
        let shown = report.shown(source.file());
        return shown.slice(shown.line_span(*line)).trim().to_owned();
    }
    let told = layer.created_by.as_deref().unwrap_or("the history does not say what made it");
    let told = told.strip_prefix("/bin/sh -c #(nop) ").or_else(|| told.strip_prefix("/bin/sh -c ")).unwrap_or(told);
    told.strip_suffix(" # buildkit").unwrap_or(told).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn row(report: &Report, layer: &LayerFacts, out: &mut dyn Write) -> io::Result<()> {
    let number = layer.layer + 1;
    let mut brought = Vec::new();
    if layer.packages > 0 {
        brought.push(counted(layer.packages, "package"));
    }
    for (count, sign) in [(layer.added, "+"), (layer.changed, "~"), (layer.removed, "−")] {
        if count > 0 {
            brought.push(format!("{sign}{count}"));
        }
    }
    let what = what(report, layer);
    let counts = format!("{} new, {} changed, {} taken away", layer.added, layer.changed, layer.removed);
    writeln!(
        out,
        "<li id=\"layer-{number}\" class=\"{}\"><details><summary><span class=\"no\">{number}</span><span class=\"what\">{}</span><span class=\"size\">{}</span><span class=\"brought\" title=\"{counts}\">{}</span><span class=\"hits\">",
        origin(layer),
        h(&what),
        bytes(layer.size),
        brought.join(" · ")
    )?;
    let hits = hits(report, layer);
    for (count, class, word) in [(hits.stop, "stop", "STOP"), (hits.warn, "warn", "WARN"), (hits.go, "go", "GO")] {
        if count > 0 {
            writeln!(out, "<span class=\"dot {class}\" title=\"{count} {word}\">{count}</span>")?;
        }
    }
    writeln!(out, "</span></summary><div class=\"more\">")?;
    if let LayerOrigin::Line { path, line, .. } = &layer.from {
        let anchor = super::source::anchor(path, *line);
        writeln!(out, "<p>made by <a href=\"#{anchor}\"><code>{}:{line}</code></a></p>", h(path))?;
    }
    if let Some(created_by) = &layer.created_by {
        writeln!(out, "<pre>{}</pre>", h(created_by))?;
    }
    writeln!(
        out,
        "<p><code>{}</code><br>{} as stored, {} unpacked; {} new, {} changed, {} taken away</p>",
        h(&layer.diff_id),
        bytes(layer.stored_size),
        bytes(layer.size),
        counted(layer.added, "file"),
        layer.changed,
        layer.removed
    )?;
    if layer.packages > 0 {
        let names: Vec<String> = layer.package_names.iter().map(|name| format!("<code>{}</code>", h(name))).collect();
        let rest = layer.packages - names.len().min(layer.packages);
        let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        writeln!(out, "<p>{}: {}{rest}</p>", counted(layer.packages, "package"), names.join(", "))?;
    }
    if !layer.largest.is_empty() {
        writeln!(out, "<table>")?;
        for (path, size) in &layer.largest {
            writeln!(out, "<tr><td>{}</td><td><code>{}</code></td></tr>", bytes(*size), h(path))?;
        }
        writeln!(out, "</table>")?;
    }
    writeln!(out, "</div></details></li>")
}

/// Findings of a layer that are not waived.
struct Hits {
    stop: usize,
    warn: usize,
    go: usize,
}

fn hits(report: &Report, layer: &LayerFacts) -> Hits {
    let mut hits = Hits { stop: 0, warn: 0, go: 0 };
    for judged in report.findings.iter().filter(|judged| judged.waived.is_none() && is_of(judged, layer)) {
        match judged.action {
            Action::Stop => hits.stop += 1,
            Action::Warn => hits.warn += 1,
            Action::Go => hits.go += 1,
        }
    }
    hits
}

/// Whether a finding is about what the layer holds or, where it says nothing of layers, stands in the instruction that made it.
fn is_of(judged: &Judged, layer: &LayerFacts) -> bool {
    let finding = &judged.finding;
    let inside = match finding.place() {
        Place::Image(place) => Some(place),
        Place::Source { .. } | Place::File { .. } => finding.in_image.as_ref(),
    };
    if let Some(found) = inside.and_then(|place| place.layer.as_ref()) {
        return found.index == layer.layer;
    }
    let (LayerOrigin::Line { path, line, last }, Some(region)) = (&layer.from, finding.place().region()) else {
        return false;
    };
    finding.place().file() == path.as_str() && (*line..=*last).contains(&region.start.line)
}
