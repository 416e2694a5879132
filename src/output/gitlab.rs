//! The `gitlab` format: a Code Quality report, an array of Code Climate's issues. GitLab shows one issue a fingerprint, and
//! drops everything behind one that it cannot read.

use std::io::{self, Write};

use serde_json::Value;

use super::issue::issues;
use super::{Format, Style, codeclimate};
use crate::check::Report;

pub(super) const FORMAT: Format = Format {
    name: "gitlab",
    aliases: &["gitlab_codeclimate"],
    about: "A GitLab Code Quality report",
    has_notes: false,
    is_for_people: false,
    write,
};

fn write(report: &Report, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<Value> = issues(report, style).map(|issue| codeclimate::object(&issue)).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}
