//! A finding as a card.

use std::io::{self, Write};

use super::{class, h, prose};
use crate::check::Judged;
use crate::finding::{ImageWord, Place};
use crate::rule::Target;

/// Names of a rule that stand in its head; some have a dozen.
const NAMES: usize = 4;

/// What the finding counts for, as the filters have it.
pub(super) fn action(judged: &Judged) -> String {
    if judged.waived.is_some() { String::from("waived") } else { judged.action.to_string() }
}

/// The rule, or the code of it, as the filters have it.
pub(super) fn rule(judged: &Judged) -> String {
    Target { rule: judged.finding.rule(), code: judged.finding.code }.to_string()
}

/// The class that colours it.
pub(super) fn colour(judged: &Judged) -> &'static str {
    if judged.waived.is_some() { "off" } else { class(judged.action) }
}

/// Writes a card. One that stands at its own line does not say where it is.
pub(super) fn write(judged: &Judged, says_where: bool, out: &mut dyn Write) -> io::Result<()> {
    let finding = &judged.finding;
    let (action, rule, colour) = (action(judged), rule(judged), colour(judged));
    let origin = match finding.origin {
        crate::finding::Origin::Yours => "yours",
        crate::finding::Origin::Base => "base",
    };
    writeln!(
        out,
        "<article class=\"f {colour}\" data-action=\"{action}\" data-severity=\"{}\" data-origin=\"{origin}\" data-rule=\"{}\">",
        finding.severity,
        h(&rule)
    )?;
    let mut names: Vec<String> = finding.other_names().into_iter().filter(|name| *name != rule).collect();
    let more = names.split_off(names.len().min(NAMES));
    let and = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    writeln!(
        out,
        "<header><span class=\"act {colour}\">{action}</span><span class=\"rule\">{}</span><span class=\"alias\">{}{and}</span></header>",
        h(&rule),
        h(&names.join(" "))
    )?;
    writeln!(out, "<p>{}</p>", prose(finding.message()))?;
    for line in finding.help.iter().flat_map(|help| help.lines()) {
        writeln!(out, "<p class=\"do\">{}</p>", prose(line))?;
    }
    let facts = facts(judged, says_where);
    if !facts.is_empty() {
        writeln!(out, "<ul>")?;
        for fact in facts {
            writeln!(out, "<li>{fact}</li>")?;
        }
        writeln!(out, "</ul>")?;
    }
    let what = finding.rule().what();
    if !what.is_empty() {
        let also = if more.is_empty() { String::new() } else { format!("<p>also known as {}</p>", h(&more.join(" "))) };
        writeln!(out, "<details><summary>about this rule</summary><p>{}</p>{also}</details>", prose(&what))?;
    }
    writeln!(out, "</article>")
}

/// Where it is, what the image says, who decided: each a line of markup.
fn facts(judged: &Judged, says_where: bool) -> Vec<String> {
    let finding = &judged.finding;
    let mut facts = Vec::new();
    if let Some(waived) = &judged.waived {
        facts.push(format!("waived: {} <code>{}</code>", prose(&waived.reason), h(&waived.by)));
    }
    if says_where {
        facts.push(place(finding.place()));
    }
    let inside = match finding.place() {
        Place::Image(_) => None,
        Place::Source { .. } | Place::File { .. } => finding.in_image.as_ref(),
    };
    if let Some(inside) = inside {
        let path = inside.path.as_ref().map(|path| format!(" <code>{}</code>", h(path))).unwrap_or_default();
        let layer = inside.layer.as_ref().map(|l| layer_link(l.index)).unwrap_or_default();
        if !path.is_empty() || !layer.is_empty() {
            facts.push(format!("in the image:{path}{layer}"));
        }
    }
    match &finding.verdict_of_image {
        Some(ImageWord::Confirmed(because)) => facts.push(format!("confirmed by the image: {}", prose(because))),
        Some(ImageWord::Refuted(because)) => facts.push(format!("refuted by the image: {}", prose(because))),
        None => {}
    }
    for related in &finding.related {
        facts.push(format!("{}: {}", place(&related.place), prose(&related.message)));
    }
    if let Some(fix) = &finding.fix {
        let how = if fix.is_safe() { "<code>dockgate fix</code>" } else { "<code>dockgate fix --unsafe</code>" };
        facts.push(format!("{how} can {}", prose(fix.description())));
    }
    if let Some(line) = &judged.decided_by {
        let place = format!("{}:{}", line.source.path(), line.source.line(line.span.start));
        facts.push(format!("{} by <code>{}</code>", judged.action, h(&place)));
    }
    facts
}

fn layer_link(index: usize) -> String {
    format!(" in <a href=\"#layer-{0}\">layer {0}</a>", index + 1)
}

fn place(place: &Place) -> String {
    match place {
        Place::Source { source, .. } => {
            let line = place.region().map_or(1, |region| region.start.line);
            format!(
                "<a href=\"#{}\"><code>{}:{line}</code></a>",
                super::source::anchor(source.path(), line),
                h(source.path())
            )
        }
        Place::File { path, line: Some(line) } => format!("<code>{}:{line}</code>", h(path)),
        Place::File { path, line: None } => format!("<code>{}</code>", h(path)),
        Place::Image(inside) => {
            let what = inside.path.as_deref().unwrap_or(&inside.image);
            let layer = inside.layer.as_ref().map(|l| layer_link(l.index)).unwrap_or_default();
            format!("<code>{}</code>{layer}", h(what))
        }
    }
}
