//! What is written into pull requests: Markdown, escaped, no longer than GitHub takes.

use super::Target;
use super::report::Item;
use crate::policy::Action;
use crate::text::escape;

/// Characters of a comment, a summary or a review that GitHub takes are 65,536; this leaves room for what frames the tables.
const ROOM: usize = 56_000;
/// Characters of a message in a table or a comment.
const LONGEST_MESSAGE: usize = 2_000;

/// What a summary is about.
pub(super) struct Summary<'a> {
    pub(super) target: &'a Target,
    /// What was checked, in words.
    pub(super) about: &'a str,
    pub(super) verdict: Action,
    pub(super) items: Vec<&'a Item>,
    /// Findings left out because they were there before the change.
    pub(super) known: usize,
    pub(super) waived: usize,
    pub(super) notes: Vec<&'a str>,
}

impl Summary<'_> {
    /// One line: the verdict and how many findings say so.
    pub(super) fn title(&self) -> String {
        let count = |action| self.items.iter().filter(|item| item.action == action).count();
        format!(
            "{}: {} STOP, {} WARN, {} GO",
            self.verdict,
            count(Action::Stop),
            count(Action::Warn),
            count(Action::Go)
        )
    }

    /// The whole summary. It is the same for the same findings on the same commit.
    pub(super) fn markdown(&self) -> String {
        let mut out = format!("## dockgate: {}\n\n{}", self.verdict, self.title());
        if !self.about.is_empty() {
            out.push_str(&format!(" in {}", escape::markdown_code(self.about)));
        }
        out.push_str(&format!(" at {}", short(self.target.head())));
        for (count, what) in [(self.known, "that were there before"), (self.waived, "that are waived")] {
            if count > 0 {
                out.push_str(&format!("; without {count} {what}"));
            }
        }
        out.push_str("\n\n");
        let counts = |item: &&&Item| item.action > Action::Go;
        let of = |is_base: bool| self.items.iter().filter(counts).filter(move |item| item.is_base == is_base).copied();
        let mut left_out = 0;
        left_out += self.table(of(false), &mut out);
        let base: Vec<&Item> = of(true).collect();
        if !base.is_empty() {
            out.push_str("### From the base image\n\n");
            left_out += self.table(base.into_iter(), &mut out);
        }
        let told: Vec<&Item> = self.items.iter().filter(|item| item.action == Action::Go).copied().collect();
        if !told.is_empty() {
            out.push_str(&format!("<details><summary>{} more, told only</summary>\n\n", told.len()));
            left_out += self.table(told.into_iter(), &mut out);
            out.push_str("</details>\n\n");
        }
        if left_out > 0 {
            out.push_str(&format!("{left_out} more have no room here; the report has them all.\n\n"));
        }
        for note in self.notes.iter().take(20) {
            out.push_str(&format!("> {}\n\n", escape::markdown(&cut(note, LONGEST_MESSAGE))));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
        out
    }

    /// Adds a table, and returns how many had no room in it.
    fn table<'a>(&self, items: impl Iterator<Item = &'a Item>, out: &mut String) -> usize {
        let mut left_out = 0;
        let mut is_open = false;
        let mut used = out.chars().count();
        for item in items {
            let help = item.help.as_ref().map(|help| format!("<br>{}", lines(help))).unwrap_or_default();
            let message = escape::markdown(&cut(&item.message, LONGEST_MESSAGE));
            let place = self.place(item);
            let rule = escape::markdown_code(&item.rule);
            let row = format!("| {} | {rule} | {place} | {message}{help} |\n", item.action);
            let length = row.chars().count();
            if used + length > ROOM {
                left_out += 1;
                continue;
            }
            used += length;
            if !is_open {
                out.push_str("| | rule | place | what |\n| --- | --- | --- | --- |\n");
                is_open = true;
            }
            out.push_str(&row);
        }
        if is_open {
            out.push('\n');
        }
        left_out
    }

    /// A place as a link to its line at the commit.
    fn place(&self, item: &Item) -> String {
        let line = item.region.start.line;
        let shown = escape::markdown_code(&format!("{}:{line}", cut(&item.path, 300)));
        if !is_in_repository(item) {
            return escape::markdown_code(&cut(&item.path, 300));
        }
        let path: String = item.path.bytes().map(url_byte).collect();
        let Target { server, repository, .. } = self.target;
        format!("[{shown}]({server}/{repository}/blob/{}/{path}#L{line})", self.target.head())
    }
}

/// A finding without markup, for annotations.
pub(super) fn plain(item: &Item) -> String {
    let help = item.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    escape::terminal(&format!("{}{help}", item.message)).into_owned()
}

/// A finding as a comment on its line.
pub(super) fn comment(item: &Item) -> String {
    let rule = escape::markdown_code(&item.rule);
    let mut out = format!("**{}** {rule}: {}\n", item.action, escape::markdown(&cut(&item.message, LONGEST_MESSAGE)));
    if let Some(help) = &item.help {
        out.push_str(&format!("\n{}\n", lines(help)));
    }
    out
}

/// Escaped Markdown in as many lines as the text has.
fn lines(text: &str) -> String {
    let lines: Vec<String> = cut(text, LONGEST_MESSAGE).lines().map(escape::markdown).collect();
    lines.join("<br>")
}

/// The first `most` characters of a text.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A commit as people write it.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}

/// Whether the place can be a file of the repository, rather than an image or something outside.
fn is_in_repository(item: &Item) -> bool {
    let path = &item.path;
    !path.is_empty() && !path.starts_with('/') && !path.contains(':') && path.split('/').all(|part| part != "..")
}

fn url_byte(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// `1 comment`, `2 comments`.
pub(super) fn count(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
