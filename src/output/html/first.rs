//! What stops the run, told before everything else: a line a finding, each a link to where it stands.

use std::io::{self, Write};

use super::{card, class, counted, h, prose, source};
use crate::check::{Judged, Report};
use crate::finding::{Origin, Place};
use crate::policy::Action;

/// Lines of the list.
const SHOWN: usize = 12;

/// Writes the list: what is STOP, else what is WARN; nothing where there is neither.
pub(super) fn write(report: &Report, shown: &[&Judged], out: &mut dyn Write) -> io::Result<()> {
    let of = |action| shown.iter().copied().filter(move |judged| judged.counted_action() == action);
    let worst = of(Action::Stop).chain(of(Action::Warn)).map(Judged::counted_action).max();
    let Some(worst) = worst else { return Ok(()) };
    let all: Vec<&Judged> = of(worst).collect();
    let title = if worst == Action::Stop { "What stops it" } else { "To look at" };
    writeln!(
        out,
        "<section class=\"part\"><h2>{title} <small>{}</small></h2><div class=\"panel\"><ol class=\"first\">",
        counted(all.len(), "finding")
    )?;
    for judged in all.iter().take(SHOWN) {
        let (to, at) = place(report, judged);
        writeln!(
            out,
            "<li><a href=\"#{to}\"><span class=\"rule {}\">{}</span><span class=\"told\">{}</span><span class=\"at\">{}</span></a></li>",
            class(worst),
            h(&card::rule(judged)),
            prose(judged.finding.message()),
            h(&at)
        )?;
    }
    writeln!(out, "</ol>")?;
    if all.len() > SHOWN {
        writeln!(out, "<p class=\"rest\">and {} more below</p>", all.len() - SHOWN)?;
    }
    writeln!(out, "</div></section>")
}

/// Where the finding is on the page, and in words.
fn place(report: &Report, judged: &Judged) -> (String, String) {
    let place = judged.finding.place();
    match (judged.finding.origin, place, place.region()) {
        (Origin::Base, ..) => ("base".to_owned(), "from the base".to_owned()),
        (Origin::Yours, Place::Source { source, .. }, Some(region)) => {
            let line = region.start.line;
            let at = if report.dockerfiles.len() == 1 {
                format!("line {line}")
            } else {
                format!("{}:{line}", source.path())
            };
            (source::anchor(source.path(), line), at)
        }
        _ => {
            let inside = match place {
                Place::Image(inside) => inside.path.clone(),
                Place::Source { .. } | Place::File { .. } => None,
            };
            ("elsewhere".to_owned(), inside.unwrap_or_default())
        }
    }
}
