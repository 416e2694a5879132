//! From source text to the model, one logical line at a time.

use std::sync::Arc;

use super::ast::{Comment, Directive, Dockerfile, ErrorKind, Heredoc, Instruction, Keyword, SyntaxError};
use super::directive::{self, BOM};
use super::heredoc::{self, Terminators};
use super::lines::{Joined, Line, continued, is_comment};
use super::{args, stages};
use crate::text::{SourceText, Span};

/// BuildKit's line buffer: a longer line, its line ending included, ends the parse.
const MAX_LINE: usize = 65_536;

/// Reads a Dockerfile. Whatever the text is, there is a model of it; what BuildKit would refuse is said by the errors of
/// the file and of its instructions.
pub fn parse(source: &Arc<SourceText>) -> Dockerfile {
    let text = source.text();
    let mut parser = Parser::new(text);
    parser.run();
    let mut dockerfile = Dockerfile {
        source: Arc::clone(source),
        escape: parser.escape,
        directives: parser.directives,
        instructions: parser.instructions,
        comments: parser.comments,
        stages: Vec::new(),
        errors: parser.errors,
        empty_continuations: parser.empty_continuations,
    };
    stages::assign(&mut dockerfile);
    dockerfile.errors.sort_by_key(|error| (error.span, error.kind));
    dockerfile
}

struct Parser<'t> {
    text: &'t str,
    lines: Vec<Line>,
    /// Lines read so far; also the number of the line read last.
    read: usize,
    escape: char,
    directives_may_follow: bool,
    terminators: Terminators<'t>,
    /// Comments right above what comes next.
    leading: Vec<usize>,
    directives: Vec<Directive>,
    instructions: Vec<Instruction>,
    comments: Vec<Comment>,
    errors: Vec<SyntaxError>,
    empty_continuations: Vec<Span>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Self {
        let mut lines = Vec::new();
        let mut at = if text.starts_with(BOM) { BOM.len_utf8() } else { 0 };
        while let Some(line) = Line::at(text, at) {
            at = line.next;
            lines.push(line);
        }
        Self {
            text,
            lines,
            read: 0,
            escape: '\\',
            directives_may_follow: true,
            terminators: Terminators::default(),
            leading: Vec::new(),
            directives: Vec::new(),
            instructions: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            empty_continuations: Vec::new(),
        }
    }

    fn run(&mut self) {
        while let Some(line) = self.next_line() {
            let body = line.body(self.text).trim_start();
            let start = line.end - body.len();
            if body.starts_with('#') {
                self.directive_or_comment(Span::new(start, line.end));
                continue;
            }
            self.directives_may_follow = false;
            if body.is_empty() {
                self.leading.clear();
            } else {
                self.instruction(body, start);
            }
        }
        self.file_errors();
    }

    fn next_line(&mut self) -> Option<Line> {
        let line = self.lines.get(self.read).copied();
        self.read += usize::from(line.is_some());
        line
    }

    fn directive_or_comment(&mut self, span: Span) {
        let found = if self.directives_may_follow { directive::read(self.text, span, "#") } else { None };
        let Some(found) = found else {
            self.directives_may_follow = false;
            self.leading.push(self.comments.len());
            self.comment(span, false);
            return;
        };
        if self.directives.iter().any(|earlier| earlier.name == found.name) {
            self.error(format!("the directive `{}` is given twice", found.name), span);
        } else if found.name == "escape" {
            match found.value.as_str() {
                "\\" => self.escape = '\\',
                "`" => self.escape = '`',
                other => {
                    self.error(format!("the escape character is `\\` or a backquote, not `{other}`"), found.value_span)
                }
            }
        }
        self.directives.push(found);
    }

    fn comment(&mut self, span: Span, in_continuation: bool) {
        let text = self.text[span.range()].trim_start_matches('#').trim().to_owned();
        self.comments.push(Comment { text, span, in_continuation });
    }

    /// Reads the instruction whose first line is `first`, from `start` on.
    fn instruction(&mut self, first: &str, start: usize) {
        let first_line = self.read;
        let (run, mut is_continued) = continued(first, self.escape);
        let mut joined = Joined::new(run, start);
        let mut end = start + first.trim_end().len();
        while is_continued {
            let Some(line) = self.next_line() else { break };
            let body = line.body(self.text);
            let content_end = line.start + body.trim_end().len();
            if is_comment(body) {
                let comment_start = line.end - body.trim_start().len();
                self.comment(Span::new(comment_start, line.end), true);
                end = content_end;
            } else if body.trim_start().is_empty() {
                self.empty_continuations.push(Span::new(line.start, line.end));
            } else {
                let (run, goes_on) = continued(body, self.escape);
                joined.push(run, line.start);
                is_continued = goes_on;
                end = content_end;
            }
        }

        let mut instruction = args::instruction(&joined, self.escape, (first_line, self.read));
        instruction.head_span = Span::new(start, end);
        instruction.span = instruction.head_span;
        instruction.leading_comments = std::mem::take(&mut self.leading);
        if can_hold_heredocs(&instruction) {
            self.heredocs(&joined, &mut instruction);
        }
        instruction.lines.1 = self.read;
        if let Some(trigger) = &mut instruction.trigger {
            trigger.lines = instruction.lines;
        }
        self.instructions.push(instruction);
    }

    /// Takes the bodies off the lines that follow. The lines after a marker whose terminator is nowhere are read as
    /// instructions: most such markers are no here-documents to their writer.
    fn heredocs(&mut self, joined: &Joined, instruction: &mut Instruction) {
        let markers = match heredoc::markers(joined) {
            Ok(markers) => markers,
            Err(error) => {
                return self
                    .error(format!("a here-document's delimiter cannot be read: {error}"), instruction.head_span);
            }
        };
        for (marker, marker_span) in markers {
            let Some(last) = self.terminators.find(self.text, &self.lines, &marker, self.read) else {
                self.error(format!("the here-document is not ended by a line `{}`", marker.name), marker_span);
                continue;
            };
            let terminator = self.lines[last];
            let body_span = Span::new(self.lines[self.read].start, terminator.start);
            let body = &self.text[body_span.range()];
            instruction.heredocs.push(Heredoc {
                name: marker.name,
                fd: marker.fd,
                expand: marker.expand,
                chomp: marker.chomp,
                content: if marker.chomp { heredoc::chomped(body) } else { body.to_owned() },
                marker_span,
                body_span,
            });
            instruction.span.end = terminator.end;
            self.read = last + 1;
        }
        if let Some(trigger) = &mut instruction.trigger {
            trigger.heredocs = instruction.heredocs.clone();
            trigger.span.end = trigger.span.end.max(instruction.span.end);
        }
    }

    fn error(&mut self, message: String, span: Span) {
        self.errors.push(SyntaxError { kind: ErrorKind::Parser, message, span });
    }

    fn file_errors(&mut self) {
        let text_end = self.text.len();
        // A last line without line ending must leave room in the buffer to see that it is the last.
        let is_long =
            |line: &&Line| line.next - line.start > MAX_LINE - usize::from(!self.text[..line.next].ends_with('\n'));
        if let Some(long) = self.lines.iter().find(is_long) {
            let span = Span::new(long.start, long.end);
            self.error(format!("a line is longer than {} bytes", MAX_LINE - 1), span);
        }
        if self.instructions.is_empty() {
            self.error("the file has no instructions".into(), Span::new(text_end, text_end));
        } else if self.instructions.iter().all(|instruction| instruction.keyword == Keyword::Arg) {
            let message = "the file has no FROM, so there is no stage to build".into();
            let span = Span::new(text_end, text_end);
            self.errors.push(SyntaxError { kind: ErrorKind::Instruction, message, span });
        }
    }
}

/// RUN, COPY and ADD in shell form, and ONBUILD of them.
fn can_hold_heredocs(instruction: &Instruction) -> bool {
    let holder = instruction.trigger.as_deref().unwrap_or(instruction);
    matches!(holder.keyword, Keyword::Run | Keyword::Copy | Keyword::Add) && !holder.args.is_json()
}
