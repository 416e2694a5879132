//! Comments that speak to linters: hadolint's (`# hadolint ignore=…`, `… stage ignore=…`, `… global ignore=…`,
//! `# hadolint shell=…`) and dockgate's own (`# dockgate: ignore[rule] reason`).

use super::ast::{Comment, Dockerfile, Instruction, Keyword, Word};
use crate::text::Span;

/// How far a comment reaches.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum IgnoreScope {
    /// One instruction.
    Instruction,
    /// One stage.
    Stage,
    /// The file.
    File,
}

/// A comment that asks for findings to be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreComment {
    /// How far it is meant to reach.
    pub scope: IgnoreScope,
    /// What it covers; `None` when it stands where it covers nothing.
    pub over: Option<Span>,
    /// The rules it names.
    pub names: Vec<Word>,
    /// What the author says of it.
    pub reason: Option<String>,
    /// Why it is not honoured: it is malformed, or lacks what it needs.
    pub fault: Option<String>,
    /// The comment, from its `#` to the end of the line.
    pub span: Span,
}

impl Dockerfile {
    /// The comments that ask for findings to be left out, in order.
    ///
    /// hadolint's cover the instruction that starts on the very next line, the stage whose FROM is the next instruction,
    /// or the file, and mean nothing inside a continuation. dockgate's own covers the instruction that it stands right
    /// above (with other comments between) or in.
    pub fn ignore_comments(&self) -> Vec<IgnoreComment> {
        self.comments.iter().filter_map(|comment| self.of_hadolint(comment).or_else(|| self.own(comment))).collect()
    }

    /// The shells that `# hadolint shell=…` comments name, with their places, in order.
    pub(crate) fn shell_comments(&self) -> impl Iterator<Item = (&str, Span)> {
        self.comments.iter().filter(|comment| !comment.in_continuation).filter_map(|comment| {
            let mut line = Line::hadolint(self.source.text(), comment.span)?;
            line.word("shell").and_then(|()| line.sign('='))?;
            let shell = line.take(|c| !c.is_whitespace())?;
            line.end_or_remark()?;
            Some((self.source.slice(shell), comment.span))
        })
    }

    fn of_hadolint(&self, comment: &Comment) -> Option<IgnoreComment> {
        if comment.in_continuation {
            return None;
        }
        let mut line = Line::hadolint(self.source.text(), comment.span)?;
        let scope = match () {
            () if line.word("global").is_some() => IgnoreScope::File,
            () if line.word("stage").is_some() => IgnoreScope::Stage,
            () => IgnoreScope::Instruction,
        };
        if scope != IgnoreScope::Instruction {
            line.blanks().filter(|blanks| !blanks.is_empty())?;
        }
        line.word("ignore").and_then(|()| line.sign('='))?;
        let mut names = Vec::new();
        loop {
            let name = line.take(|c| c.is_ascii_digit() || matches!(c, 'D' | 'L' | 'S' | 'C'))?;
            names.push(Word { text: self.source.slice(name).to_owned(), span: name });
            if line.sign(',').is_none() {
                break;
            }
        }
        let reason = line.end_or_remark()?;
        let next = self.below(comment);
        let over = match scope {
            IgnoreScope::File => Some(Span::new(0, self.source.text().len())),
            IgnoreScope::Stage => next
                .filter(|from| from.keyword == Keyword::From)
                .and_then(|from| self.stages.get(from.stage?))
                .and_then(|stage| {
                    let last = self.instructions.get(stage.instructions.end.checked_sub(1)?)?;
                    Some(self.instructions.get(stage.from)?.span.to(last.span))
                }),
            IgnoreScope::Instruction => {
                next.filter(|below| below.lines.0 == self.source.line(comment.span.start) + 1).map(|below| below.span)
            }
        };
        Some(IgnoreComment { scope, over, names, reason, fault: None, span: comment.span })
    }

    fn own(&self, comment: &Comment) -> Option<IgnoreComment> {
        let mut line = Line::of(self.source.text(), comment.span);
        line.word("dockgate").and_then(|()| line.sign(':'))?;
        let mut found = IgnoreComment {
            scope: IgnoreScope::Instruction,
            over: self.beside(comment),
            names: Vec::new(),
            reason: None,
            fault: None,
            span: comment.span,
        };
        let names = line.word("ignore").and_then(|()| line.between('[', ']'));
        let Some(names) = names else {
            found.fault = Some("it is not `# dockgate: ignore[rule, rule] reason`".to_owned());
            return Some(found);
        };
        let mut at = names.start;
        for name in self.source.slice(names).split(',') {
            let start = at + (name.len() - name.trim_start().len());
            at += name.len() + 1;
            if !name.trim().is_empty() {
                let span = Span::new(start, start + name.trim().len());
                found.names.push(Word { text: name.trim().to_owned(), span });
            }
        }
        let reason = line.rest().trim().trim_start_matches(['#', ':', '-', '–', '—']).trim();
        if found.names.is_empty() {
            found.fault = Some("it names no rule".to_owned());
        } else if reason.is_empty() {
            found.fault = Some("it gives no reason".to_owned());
        } else {
            found.reason = Some(reason.to_owned());
        }
        Some(found)
    }

    /// The instruction that a comment stands in, or right above.
    fn beside(&self, comment: &Comment) -> Option<Span> {
        if comment.in_continuation {
            return Some(self.instructions.get(self.instruction_at(comment.span.start)?)?.span);
        }
        let index = self.comments.partition_point(|other| other.span.start < comment.span.start);
        self.below(comment).filter(|below| below.leading_comments.contains(&index)).map(|below| below.span)
    }

    /// The first instruction below a comment.
    fn below(&self, comment: &Comment) -> Option<&Instruction> {
        let index = self.instructions.partition_point(|instruction| instruction.span.start < comment.span.end);
        self.instructions.get(index)
    }
}

/// A reader of one comment.
struct Line<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl<'t> Line<'t> {
    /// Behind the `#` and blanks of a comment.
    fn of(text: &'t str, comment: Span) -> Self {
        let mut line = Self { text, at: comment.start + 1, end: comment.end };
        line.blanks();
        line
    }

    /// Behind `# hadolint` and at least one blank.
    fn hadolint(text: &'t str, comment: Span) -> Option<Self> {
        let mut line = Self::of(text, comment);
        line.word("hadolint")?;
        line.blanks().filter(|blanks| !blanks.is_empty())?;
        Some(line)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    fn blanks(&mut self) -> Option<Span> {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        self.at += length;
        Some(Span::new(self.at - length, self.at))
    }

    /// A word, when the text goes on with it.
    fn word(&mut self, word: &str) -> Option<()> {
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    /// A sign with blanks on both sides, when the text goes on with it; else nothing is read.
    fn sign(&mut self, sign: char) -> Option<()> {
        let before = self.at;
        self.blanks();
        if !self.rest().starts_with(sign) {
            self.at = before;
            return None;
        }
        self.at += sign.len_utf8();
        self.blanks();
        Some(())
    }

    /// As many such characters as follow, at least one.
    fn take(&mut self, is_one: impl Fn(char) -> bool) -> Option<Span> {
        let rest = self.rest();
        let length = rest.find(|c| !is_one(c)).unwrap_or(rest.len());
        let start = self.at;
        self.at += length;
        (length > 0).then(|| Span::new(start, self.at))
    }

    /// What stands between two signs; the text goes on behind the second.
    fn between(&mut self, open: char, close: char) -> Option<Span> {
        self.sign(open)?;
        let length = self.rest().find(close)?;
        let inside = Span::new(self.at, self.at + length);
        self.at = inside.end + close.len_utf8();
        Some(inside)
    }

    /// The end, or a remark behind another `#`; `None` when something else follows.
    fn end_or_remark(&mut self) -> Option<Option<String>> {
        let rest = self.rest().trim();
        match rest.strip_prefix('#') {
            Some(remark) => Some(Some(remark.trim().to_owned()).filter(|remark| !remark.is_empty())),
            None => rest.is_empty().then_some(None),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::dockerfile::parse;
    use crate::text::SourceText;

    /// Each comment as its names, what it covers and its reason or fault.
    fn comments(text: &str) -> Vec<(String, String, String)> {
        let dockerfile = parse(&SourceText::new("Dockerfile", text));
        let told = |c: IgnoreComment| {
            for name in &c.names {
                assert_eq!(dockerfile.source.slice(name.span), name.text);
            }
            let names: Vec<&str> = c.names.iter().map(|name| name.text.as_str()).collect();
            let over = c.over.map_or("nothing", |span| dockerfile.source.slice(span)).to_owned();
            (names.join(" "), over, c.fault.or(c.reason).unwrap_or_default())
        };
        dockerfile.ignore_comments().into_iter().map(told).collect()
    }

    fn one(names: &str, over: &str, reason: &str) -> Vec<(String, String, String)> {
        vec![(names.to_owned(), over.to_owned(), reason.to_owned())]
    }

    #[test]
    fn hadolints_comment_holds_for_the_next_line() {
        let below = |comment: &str| comments(&format!("FROM a\n{comment}\nRUN b\n"));
        assert_eq!(below("# hadolint ignore=DL1,SC2"), one("DL1 SC2", "RUN b", ""));
        assert_eq!(below("  #\thadolint  ignore = DL1 , DL2\t# as agreed"), one("DL1 DL2", "RUN b", "as agreed"));
        assert_eq!(below("# hadolint ignore=DL1\n"), one("DL1", "nothing", ""));
        assert_eq!(below("# hadolint ignore=DL1\n# why"), one("DL1", "nothing", ""));
        for void in [
            "# hadolint ignore=dl1",
            "# hadolint ignore=DL1 because",
            "# hadolint ignore=DL1,",
            "# hadolint ignore=DL1,crazy",
            "# hadolint ignore",
            "# hadolintignore=DL1",
            "## hadolint ignore=DL1",
            "# hadolint globalignore=DL1",
        ] {
            assert_eq!(below(void), [], "{void}");
        }
        assert_eq!(comments("FROM a\nRUN b \\\n# hadolint ignore=DL1\n c\n"), []);
    }

    #[test]
    fn hadolints_comments_for_a_stage_and_the_file() {
        let text = "FROM a\nRUN b\n# hadolint stage ignore=DL1\n\n# and\nFROM c\nRUN d\nFROM e\n";
        assert_eq!(comments(text), one("DL1", "FROM c\nRUN d", ""));
        assert_eq!(comments("FROM a\n# hadolint stage ignore=DL1\nRUN b\n"), one("DL1", "nothing", ""));
        let text = "FROM a\nRUN b\n# hadolint global ignore=DL1";
        assert_eq!(comments(text), one("DL1", text, ""));
    }

    #[test]
    fn our_own_comment_needs_a_reason() {
        let text = "FROM a\n# dockgate: ignore[untagged-base, DL1] it is built here\n# more\nRUN b\n";
        assert_eq!(comments(text), one("untagged-base DL1", "RUN b", "it is built here"));
        let text = "FROM a\nRUN b \\\n  # dockgate: ignore[x]: why\n  c\n";
        assert_eq!(comments(text), one("x", &text[7..text.len() - 1], "why"));
        assert_eq!(comments("# dockgate: ignore[x] why\n\nFROM a\n"), one("x", "nothing", "why"));
        assert_eq!(comments("# dockgate: ignore[x]\nFROM a\n"), one("x", "FROM a", "it gives no reason"));
        assert_eq!(comments("# dockgate: ignore[] y\nFROM a\n"), one("", "FROM a", "it names no rule"));
        let told = comments("# dockgate: skip[x] y\nFROM a\n");
        assert_eq!(told[0].2, "it is not `# dockgate: ignore[rule, rule] reason`");
        assert_eq!(comments("# dockgate is a tool\nFROM a\n"), []);
    }

    #[test]
    fn a_shell_is_named() {
        let dockerfile =
            parse(&SourceText::new("D", "# hadolint shell = powershell # x\n# hadolint shell=a b\nFROM a\n"));
        let shells: Vec<&str> = dockerfile.shell_comments().map(|(shell, _)| shell).collect();
        assert_eq!(shells, ["powershell"]);
    }
}
