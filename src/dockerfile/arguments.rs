//! The text of an instruction as one line.

use super::{Dockerfile, Instruction};
use crate::text::Span;

impl Dockerfile {
    /// What follows an instruction's keyword, here-documents apart, on one line: continued lines joined, comment lines
    /// left out, blanks in a row as one.
    pub fn arguments(&self, instruction: &Instruction) -> String {
        let start = instruction.keyword_word.span.end;
        let text = self.source.slice(Span::new(start, instruction.head_span.end.max(start)));
        let lines = text.lines().enumerate().filter(|(n, line)| *n == 0 || !line.trim_start().starts_with('#'));
        let joined = lines.map(|(_, line)| {
            let line = line.trim_end();
            line.strip_suffix(self.escape).unwrap_or(line).to_owned()
        });
        let joined = joined.collect::<Vec<_>>().join(" ");
        joined.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use crate::dockerfile;
    use crate::text::SourceText;

    #[test]
    fn continued_lines_are_one() {
        let text = "FROM  debian:12 AS  x\nRUN a \\\n  # comment\n  b\\\n c\nUSER me\nCMD [\"a\", \"b\"]\n";
        let dockerfile = dockerfile::parse(&SourceText::new("Dockerfile", text));
        let shown: Vec<_> = dockerfile.instructions.iter().map(|i| dockerfile.arguments(i)).collect();
        assert_eq!(shown, ["debian:12 AS x", "a b c", "me", "[\"a\", \"b\"]"]);
    }
}
