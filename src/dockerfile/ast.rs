//! The nodes.

use std::sync::Arc;

use crate::text::{SourceText, Span};

/// A whole Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    /// The text everything points into.
    pub source: Arc<SourceText>,
    /// The escape character: `\`, or what the `escape` directive says.
    pub escape: char,
    /// Parser directives as BuildKit's parser takes them, in order, refused ones included. Its frontend looks for `syntax`
    /// and `check` in another way: [`Dockerfile::syntax`], [`Dockerfile::frontend_directive`].
    pub directives: Vec<Directive>,
    /// Instructions, in order, broken and unknown ones included.
    pub instructions: Vec<Instruction>,
    /// Comments, in order, those inside continuations included; directives are not comments.
    pub comments: Vec<Comment>,
    /// Stages, in order. The instructions before the first `FROM` are in none.
    pub stages: Vec<Stage>,
    /// What is wrong with the file as a whole (no instruction, no `FROM`, an unterminated here-document, a bad directive,
    /// an overlong line), sorted by place. Errors of single instructions are on the instructions.
    pub errors: Vec<SyntaxError>,
    /// Empty lines inside continued instructions, without their line endings. BuildKit warns once an instruction, at the
    /// last line of its [`Instruction::head_span`].
    pub empty_continuations: Vec<Span>,
}

/// `# name=value` at the top of the file.
#[derive(Clone, Debug)]
pub struct Directive {
    /// Lower-case name: `syntax`, `escape`, `check`.
    pub name: String,
    /// Its value, trimmed. BuildKit uses only what stands before the first blank of `syntax` and `check`.
    pub value: String,
    /// The value in the text.
    pub value_span: Span,
    /// The whole line, from `#` (or `//` in a JSON-ish frontend line) to its end.
    pub span: Span,
}

/// A comment line.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Text after the `#`, trimmed.
    pub text: String,
    /// From `#` to the end of the line.
    pub span: Span,
    /// It stands inside a continued instruction.
    pub in_continuation: bool,
}

/// A piece of an instruction as BuildKit sees it, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Joined over continuations, comments inside them dropped; quotes and escapes kept, nothing expanded. For JSON
    /// forms the decoded string, for flags the value with quotes and escapes taken off, as BuildKit does.
    pub text: String,
    /// From the first to the last byte in the source. For JSON forms the quotes are in it.
    pub span: Span,
}

/// A flag: `--mount=type=cache,target=/x`.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Without the dashes: `mount`.
    pub name: String,
    /// After the `=`, with its place; `None` for a bare `--link`.
    pub value: Option<Word>,
    /// The whole flag.
    pub span: Span,
}

/// A here-document of an instruction.
#[derive(Clone, Debug)]
pub struct Heredoc {
    /// The delimiter without quotes: `EOF`.
    pub name: String,
    /// File descriptor before `<<` (0 when none).
    pub fd: u32,
    /// The body expands variables (the delimiter is not quoted).
    pub expand: bool,
    /// `<<-`: leading tabs are taken off.
    pub chomp: bool,
    /// The body as BuildKit hands it on: tabs stripped for `<<-`.
    pub content: String,
    /// The `<<EOF` token on the instruction line.
    pub marker_span: Span,
    /// The body's lines in the source with their line endings, without the terminator line.
    pub body_span: Span,
}

/// Which instruction it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    /// None of the above; the instruction has an error.
    Unknown,
}

/// One instruction.
#[derive(Debug)]
pub struct Instruction {
    /// Which.
    pub keyword: Keyword,
    /// The keyword as written.
    pub keyword_word: Word,
    /// Flags, in order.
    pub flags: Vec<Flag>,
    /// What follows the flags, by form.
    pub args: Args,
    /// Here-documents (RUN, COPY, ADD and those inside ONBUILD).
    pub heredocs: Vec<Heredoc>,
    /// First to last byte, heredoc bodies and their last terminator line included, without the final line ending.
    pub span: Span,
    /// First to last byte of the instruction itself, without heredoc bodies.
    pub head_span: Span,
    /// First and last line (from 1), as BuildKit counts them.
    pub lines: (usize, usize),
    /// Index into [`Dockerfile::stages`]; `None` before the first `FROM`.
    pub stage: Option<usize>,
    /// For ONBUILD: the instruction it holds, with its own error when it would be refused in the child build.
    pub trigger: Option<Box<Instruction>>,
    /// For HEALTHCHECK: its first argument, `CMD` or `NONE`; [`Instruction::args`] holds what follows.
    pub check_type: Option<Word>,
    /// Comment lines right above, without a blank line between, as indexes into [`Dockerfile::comments`].
    pub leading_comments: Vec<usize>,
    /// Why BuildKit would refuse it.
    pub error: Option<SyntaxError>,
}

/// An instruction's arguments.
#[derive(Clone, Debug)]
pub enum Args {
    /// JSON form: `["a", "b"]`, decoded.
    Json(Vec<Word>),
    /// The rest of the line as one string: RUN, CMD, ENTRYPOINT, SHELL and HEALTHCHECK's command in shell form, MAINTAINER,
    /// STOPSIGNAL, USER, WORKDIR, ONBUILD, and what follows an unknown keyword.
    Text(Word),
    /// Words split at blanks: FROM, COPY, ADD, EXPOSE, VOLUME.
    Words(Vec<Word>),
    /// Key and value: ENV, LABEL, ARG.
    Pairs(Vec<Pair>),
    /// None at all.
    None,
}

/// `key=value`.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The key.
    pub key: Word,
    /// The value, quotes kept; `None` for `ARG name` and for a word that lacks its `=`.
    pub value: Option<Word>,
    /// Written `ENV key value`.
    pub is_legacy: bool,
}

/// A build stage.
#[derive(Debug)]
pub struct Stage {
    /// Position, from 0.
    pub index: usize,
    /// The FROM instruction, as an index into [`Dockerfile::instructions`].
    pub from: usize,
    /// The stage's instructions, FROM included, as a range of indexes.
    pub instructions: std::ops::Range<usize>,
    /// Name after `AS`, as written.
    pub name: Option<Word>,
    /// The image or stage named, as written, variables unexpanded; empty when FROM has no argument.
    pub base: Word,
    /// What that means.
    pub base_kind: Base,
}

/// What a FROM builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// `scratch`.
    Scratch,
    /// An earlier stage.
    Stage(usize),
    /// An image: the reference after expansion with global ARGs and platform ARGs (their defaults).
    Image(String),
    /// A reference that cannot be known here: a variable in it has no value.
    Unknown,
}

/// Who refuses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ErrorKind {
    /// BuildKit's parser: nothing of the file is read.
    Parser,
    /// BuildKit's reading of the instructions, after the file was parsed.
    Instruction,
}

/// Why a piece of the file is refused, in words, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Who refuses.
    pub kind: ErrorKind,
    /// What is wrong, no full stop.
    pub message: String,
    /// Where.
    pub span: Span,
}
