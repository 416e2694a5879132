//! What a builder wrote about a step, in a neutral form.

use super::step::Step;
use crate::dockerfile::Keyword;
use crate::image::History;
use crate::secrets;

/// A history entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// The instruction it tells of; `None` when it tells of none.
    pub(super) keyword: Option<Keyword>,
    /// What follows the keyword; for RUN with the builder's prefix of arguments and shell. Plain (see [`plain`]).
    pub(super) text: String,
    /// It made no layer.
    pub(super) is_empty: bool,
    /// It stands for a layer into which `docker build --squash` merged the steps before.
    pub(super) is_squash: bool,
    /// kaniko wrote it.
    pub(super) is_kaniko: bool,
    /// As the builder wrote it.
    raw: String,
}

/// Marks a classic builder's step that runs nothing.
const NO_OPERATION: &str = "#(nop) ";

impl Entry {
    /// Reads BuildKit's spelling (`RUN /bin/sh -c make # buildkit`), that of the classic builder and buildah
    /// (`/bin/sh -c make`, `/bin/sh -c #(nop) COPY file:… in /x`) and that of kaniko (`RUN make`).
    pub(super) fn read(history: &History) -> Self {
        let text = history.created_by.trim();
        let text = text.strip_suffix("# buildkit").unwrap_or(text);
        let entry = |keyword, rest: &str| Self {
            keyword,
            text: plain(rest),
            is_empty: history.empty_layer,
            is_squash: text.is_empty() && history.comment.starts_with("merge "),
            is_kaniko: history.author == "kaniko",
            raw: history.created_by.clone(),
        };
        if let Some((_, instruction)) = text.split_once(NO_OPERATION) {
            let (word, rest) = first_word(instruction);
            return entry(keyword(word), rest);
        }
        let (word, rest) = first_word(text);
        match keyword(word).filter(|keyword| keyword.name() == word) {
            Some(keyword) => entry(Some(keyword), rest),
            // Only a build step has a shell or arguments in front; what else is there says nothing of an instruction.
            None if word.starts_with(['/', '|']) || rest.contains(" -c ") || rest.contains("/C ") => {
                entry(Some(Keyword::Run), text)
            }
            None => entry(None, text),
        }
    }

    /// The trigger this step set, as a step of the build it triggers.
    pub(super) fn trigger(&self) -> Option<Step> {
        if self.keyword != Some(Keyword::Onbuild) {
            return None;
        }
        let (word, rest) = first_word(&self.text);
        Some(Step::triggered(keyword(word)?, rest))
    }

    /// What the builder wrote, for messages.
    pub(super) fn shown(&self) -> String {
        excerpt(&self.raw)
    }

    /// Whether the step wrote files, as far as its entry tells.
    pub(super) fn makes_files(&self) -> bool {
        !self.is_squash && (!self.is_empty || self.keyword.is_some_and(makes_files))
    }
}

/// Characters of a step that a message quotes.
const EXCERPT: usize = 60;

/// The start of a step on one line, secrets masked.
pub(super) fn excerpt(text: &str) -> String {
    let text = text.trim().trim_end_matches("# buildkit");
    let text = secrets::masked(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let mut shown: String = text.chars().filter(|c| !c.is_control()).take(EXCERPT).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Whether an instruction is there to write files.
pub(super) fn makes_files(keyword: Keyword) -> bool {
    matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add)
}

/// The words of a text with one blank between: quotes and backslashes taken off, brackets and commas blanks. Builders
/// quote lists each in their own way (`["a" "b"]`, `["a","b"]`, `[a b]`), and Dockerfiles values.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => {}
            '[' | ']' | ',' => blank(&mut out),
            c if c.is_whitespace() => blank(&mut out),
            c => out.push(c),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn blank(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

pub(super) fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

fn keyword(word: &str) -> Option<Keyword> {
    Some(Keyword::parse(word)).filter(|keyword| *keyword != Keyword::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(created_by: &str) -> (Option<Keyword>, String) {
        let entry = Entry::read(&History { created_by: created_by.into(), ..History::default() });
        (entry.keyword, entry.text)
    }

    #[test]
    fn each_builder_is_understood() {
        let run = |text: &str| (Some(Keyword::Run), text.to_owned());
        assert_eq!(read("RUN |1 A=b /bin/sh -c make  all # buildkit"), run("|1 A=b /bin/sh -c make all"));
        assert_eq!(read("|1 A=b /bin/sh -c make all"), run("|1 A=b /bin/sh -c make all"));
        assert_eq!(read("RUN make all"), run("make all"));
        assert_eq!(read("/bin/sh -c #(nop)  CMD [\"a\" \"b c\"]"), (Some(Keyword::Cmd), "a b c".into()));
        assert_eq!(read("/bin/bash -o pipefail -c #(nop) USER app"), (Some(Keyword::User), "app".into()));
        assert_eq!(read("EXPOSE map[22/tcp:{}]"), (Some(Keyword::Expose), "map 22/tcp:{}".into()));
        assert_eq!(read("bazel build ..."), (None, "bazel build ...".into()));
        assert_eq!(read(""), (None, String::new()));
    }
}
