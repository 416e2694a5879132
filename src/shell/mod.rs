//! RUN bodies: commands and words with their places in the Dockerfile.

use crate::text::Span;

/// The shell code of one instruction.
#[derive(Clone, Debug)]
pub struct Script {
    /// Index into `Dockerfile::instructions`.
    pub instruction: usize,
    /// Every simple command, in source order, those inside conditions, loops, functions, substitutions and here-documents
    /// included.
    pub commands: Vec<Command>,
    /// The code could not be read as shell; `commands` is then what could be.
    pub error: Option<String>,
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// Name and arguments; wrappers (`sudo`, `env X=1`, `exec`) are commands of their own before what they wrap.
    pub words: Vec<CommandWord>,
    /// First to last word.
    pub span: Span,
}

/// A word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandWord {
    /// The value when it is literal (quotes taken off), else `None`.
    pub literal: Option<String>,
    /// As written, continuations joined.
    pub text: String,
    /// In the Dockerfile.
    pub span: Span,
}
