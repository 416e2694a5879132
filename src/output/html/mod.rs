//! The `html` format: one page that needs nothing beside itself. The Dockerfile with its findings in place, the layers by
//! what each weighs and brought, what is the author's apart from what came with the base, and filters over all of it.
//!
//! Everything is written out as escaped text; the script only hides and shows. The page's own policy lets nothing else run and
//! nothing be loaded.

mod card;
mod first;
mod layers;
mod source;

use std::collections::BTreeMap;
use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{Format, Style};
use crate::check::{Judged, Report};
use crate::finding::{Origin, Place};
use crate::policy::Action;
use crate::text::escape;

/// Findings that are on the page; a browser shows more of them badly, and nobody reads on.
const SHOWN: usize = 2_000;

const CSS: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

pub(super) const FORMAT: Format = Format {
    name: "html",
    aliases: &[],
    about: "One page for people, with nothing to load",
    has_notes: true,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let shown = choose(report, style);
    head(report, out)?;
    hero(report, out)?;
    filters(&shown, out)?;
    writeln!(out, "<main class=\"wrap\">")?;
    first::write(report, &shown, out)?;
    layers::write(report, out)?;
    let (own, base): (Vec<&Judged>, Vec<&Judged>) =
        shown.iter().copied().partition(|judged| judged.finding.origin == Origin::Yours);
    let (in_text, elsewhere): (Vec<&Judged>, Vec<&Judged>) =
        own.into_iter().partition(|judged| matches!(judged.finding.place(), Place::Source { .. }));
    source::write(report, &in_text, &base, out)?;
    list("elsewhere", "At no line of a text", "in the image, or in files that are only named", &elsewhere, out)?;
    list("base", "From the base image", "not the Dockerfile's own doing; another base may be the answer", &base, out)?;
    if report.findings.is_empty() {
        writeln!(out, "<div class=\"panel none\">Nothing was found.</div>")?;
    }
    notes(report, &shown, out)?;
    writeln!(out, "</main>")?;
    foot(report, out)?;
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")
}

/// The findings on the page, in the report's order: all, or the worst.
fn choose(report: &Report, style: Style) -> Vec<&Judged> {
    let is_wanted = |judged: &&Judged| !style.quiet || judged.counted_action() > Action::Go;
    let mut shown: Vec<(usize, &Judged)> = report.findings.iter().filter(is_wanted).enumerate().collect();
    if shown.len() > SHOWN {
        shown.sort_by_key(|(_, j)| std::cmp::Reverse((j.counted_action(), j.finding.severity)));
        shown.truncate(SHOWN);
        shown.sort_by_key(|(index, _)| *index);
    }
    shown.into_iter().map(|(_, judged)| judged).collect()
}

fn head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let digest = STANDARD.encode(Sha256::digest(SCRIPT.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'");
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">"
    )?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<meta name=\"referrer\" content=\"no-referrer\">")?;
    writeln!(out, "<title>{}: {}</title>\n<style>{CSS}</style>\n</head>\n<body>", report.verdict, h(&subject(report)))
}

/// What the report is about, in a few words.
fn subject(report: &Report) -> String {
    if let Some(path) = &report.scope.dockerfile {
        return path.clone();
    }
    match (&report.image, report.dockerfiles.len()) {
        (Some(image), _) => image.tags.first().unwrap_or(&image.reference).clone(),
        (None, 1) => String::from("1 Dockerfile"),
        (None, count) => format!("{count} Dockerfiles"),
    }
}

fn hero(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"wrap\">\n<div class=\"top\"><b>dockgate</b><span>{}</span><span class=\"gap\"></span><button class=\"chip\" id=\"theme\" type=\"button\">Light / dark</button></div>",
        env!("CARGO_PKG_VERSION")
    )?;
    let mut about = Vec::new();
    if let Some(image) = &report.image {
        about.push(format!("image <code>{}</code>", h(image.tags.first().unwrap_or(&image.reference))));
        let id = image.id.strip_prefix("sha256:").unwrap_or(&image.id);
        about.push(format!("<code>{}</code>", h(id.get(..12).unwrap_or(id))));
    }
    about.extend(report.scope.target.iter().map(|target| format!("stage <code>{}</code>", h(target))));
    about.extend(report.scope.platform.iter().map(|platform| h(platform)));
    about.push(format!("policy <code>{}</code>", h(&report.policy.name)));
    let (stop, warn, _) = report.counts();
    let told = match (stop, warn) {
        (0, 0) => String::from("Nothing stands in the way."),
        (0, warn) => format!("{} to look at, nothing that stops it.", counted(warn, "finding")),
        (1, 0) => String::from("1 finding stops it."),
        (stop, 0) => format!("{stop} findings stop it."),
        (stop, warn) => {
            format!(
                "{} it, {warn} more to look at.",
                if stop == 1 { "1 finding stops".into() } else { format!("{stop} findings stop") }
            )
        }
    };
    writeln!(
        out,
        "<div class=\"hero\"><div class=\"stamp {}\">{}</div><div><h1>{}</h1><p>{told}</p><p>{}</p></div></div>\n</div>",
        class(report.verdict),
        report.verdict,
        h(&subject(report)),
        about.join(" · ")
    )
}

fn filters(shown: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    if shown.is_empty() {
        return Ok(());
    }
    writeln!(out, "<div class=\"filters\"><div class=\"wrap row\" role=\"group\" aria-label=\"Filters\">")?;
    let count = |is: &dyn Fn(&Judged) -> bool| shown.iter().filter(|judged| is(judged)).count();
    let mut set = |by: &str, chips: &[(&str, &str, usize)]| {
        writeln!(out, "<div class=\"set\">")?;
        for (value, label, count) in chips.iter().filter(|(_, _, count)| *count > 0) {
            writeln!(
                out,
                "<button class=\"chip\" type=\"button\" aria-pressed=\"false\" data-by=\"{by}\" data-value=\"{value}\">{label}<b>{count}</b></button>"
            )?;
        }
        writeln!(out, "</div>")
    };
    let of_action = |name| (name, name, count(&|judged| card::action(judged) == name));
    set("action", &["STOP", "WARN", "GO", "waived"].map(of_action))?;
    let of_severity = |name| (name, name, count(&|judged| judged.finding.severity.to_string() == name));
    set("severity", &["error", "warning", "info", "style"].map(of_severity))?;
    let base = count(&|judged| judged.finding.origin == Origin::Base);
    if base > 0 && base < shown.len() {
        set("origin", &[("yours", "yours", shown.len() - base), ("base", "base image", base)])?;
    }
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    for judged in shown {
        *rules.entry(card::rule(judged)).or_default() += 1;
    }
    writeln!(
        out,
        "<div class=\"tools\"><select id=\"rule\" aria-label=\"Rule\"><option value=\"\">every rule</option>"
    )?;
    for (rule, count) in rules {
        writeln!(out, "<option value=\"{0}\">{0} ({count})</option>", h(&rule))?;
    }
    writeln!(out, "</select>\n<input id=\"words\" type=\"search\" placeholder=\"Search\" aria-label=\"Search\">")?;
    writeln!(
        out,
        "<button class=\"chip\" type=\"button\" id=\"short\" aria-pressed=\"false\">findings only</button>\n<span id=\"count\" role=\"status\"></span>\n</div></div></div>"
    )
}

/// Findings that have no line to stand at, by what they are in.
fn list(id: &str, title: &str, about: &str, findings: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    if findings.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section class=\"part\" id=\"{id}\" data-group><h2>{title} <small>{about}</small></h2><div class=\"panel list\">"
    )?;
    let mut sorted: Vec<&&Judged> = findings.iter().collect();
    sorted.sort_by_key(|judged| std::cmp::Reverse(judged.counted_action()));
    for judged in sorted {
        card::write(judged, true, out)?;
    }
    writeln!(out, "</div></section>")
}

fn notes(report: &Report, shown: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    let mut notes: Vec<String> = report.notes.iter().map(|note| prose(note)).collect();
    let left_out = report.findings.len() - shown.len();
    if left_out > 0 {
        notes.push(format!("{left_out} more findings are not on this page; the JSON report has all"));
    }
    if !report.baselined.is_empty() {
        notes.push(format!("{} known before, told and counted no more", counted(report.baselined.len(), "finding")));
    }
    if !report.suppressed.is_empty() {
        notes.push(format!("{} silenced by comments in the file", counted(report.suppressed.len(), "finding")));
    }
    if notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section class=\"part\"><h2>Told beside</h2><div class=\"panel\"><ul class=\"notes\">")?;
    for note in notes {
        writeln!(out, "<li>{note}</li>")?;
    }
    writeln!(out, "</ul></div></section>")
}

fn foot(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let coverage = &report.coverage;
    let mut parts = vec![counted(coverage.dockerfiles, "Dockerfile")];
    let mut part = |count: usize, what: &str| {
        if count > 0 {
            parts.push(counted(count, what));
        }
    };
    part(coverage.context_files, "context file");
    part(coverage.shell_scripts, "script");
    part(coverage.layers, "layer");
    part(coverage.image_entries, "image file");
    part(coverage.packages, "package");
    writeln!(
        out,
        "<footer class=\"wrap\"><div class=\"foot\">Looked at {} with {} of policy <code>{}</code>, ruleset {}. <code>dockgate explain RULE</code> says more of each rule.</div></footer>",
        parts.join(", "),
        counted(coverage.rules.len(), "rule"),
        h(&report.policy.name),
        report.policy.ruleset
    )
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn class(action: Action) -> &'static str {
    match action {
        Action::Stop => "stop",
        Action::Warn => "warn",
        Action::Go => "go",
    }
}

/// Text for an element or an attribute.
fn h(text: &str) -> String {
    escape::xml(text)
}

/// Text in which what stands between backticks is code.
fn prose(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    // A backtick without a partner is none.
    if pieces.len().is_multiple_of(2) {
        return h(text);
    }
    let piece = |(index, piece): (usize, &&str)| {
        if index % 2 == 0 { h(piece) } else { format!("<code>{}</code>", h(piece)) }
    };
    pieces.iter().enumerate().map(piece).collect()
}

/// A size for people, in decimal units.
fn bytes(size: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    let mut value = size as f64;
    let mut unit = "B";
    for next in units {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "B" || value >= 99.95 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let shown = [0, 999, 1_000, 74_800_000, 999_400_000, 1_000_000_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "74.8 MB", "999 MB", "1.0 GB"]);
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        assert_eq!(prose("a `<b>` & <i>"), "a <code>&lt;b&gt;</code> &amp; &lt;i&gt;");
        assert_eq!(prose("one ` alone"), "one ` alone");
    }
}
