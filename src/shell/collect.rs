//! The commands of one script, and the scripts and commands within them.

use std::collections::HashMap;
use std::ops::Range;

use shuck_parser::parser::{ParseResult, Parser, ShellDialect, ShellProfile};

use super::code::Code;
use super::command::{Assignment, Command, CommandWord, PipelinePosition};
use super::guard::guarded;
use super::scan;
use super::script::{Dialect, ScriptError};
use super::walk::Walk;
use super::wrapper::{self, Wrapped};
use crate::text::Span;

/// Longest code that is read, in bytes.
const MAX_CODE: usize = 512 * 1024;
/// Wrappers and scripts within scripts that are looked through.
const MAX_DEPTH: usize = 8;
/// Nesting of the shell's grammar that is read: far beyond what people write, and little enough for the stack of a
/// worker thread.
const MAX_NESTING: usize = 60;
/// Least number of the grammar's operations; more for longer code. Real code needs less than one a byte.
const MIN_OPERATIONS: usize = 100_000;

/// Collects the commands of one script.
#[derive(Default)]
pub(super) struct Collector {
    commands: Vec<Command>,
    /// Scripts within scripts. They wait until the one around them has been walked, so that the stack does not grow.
    waiting: Vec<(Code, Dialect, Around)>,
    pipelines: usize,
    error: Option<ScriptError>,
}

/// What surrounds a command.
#[derive(Clone, Copy, Default)]
pub(super) struct Around {
    pub(super) pipeline: Option<PipelinePosition>,
    pub(super) wrapper: Option<usize>,
    pub(super) depth: usize,
}

impl Collector {
    /// The commands in source order, and what is wrong with the code.
    pub(super) fn finish(self) -> (Vec<Command>, Option<ScriptError>) {
        let mut sorted: Vec<(usize, Command)> = self.commands.into_iter().enumerate().collect();
        // A wrapper starts before what it wraps, a command before the substitutions in its words.
        sorted.sort_by_key(|(_, command)| command.span.start);
        let rank: HashMap<usize, usize> = sorted.iter().enumerate().map(|(new, (old, _))| (*old, new)).collect();
        let mut commands: Vec<Command> = sorted.into_iter().map(|(_, command)| command).collect();
        for command in &mut commands {
            command.wrapper = command.wrapper.and_then(|old| rank.get(&old).copied());
        }
        (commands, self.error)
    }

    /// Reads a whole script.
    pub(super) fn script(&mut self, code: Code, dialect: Dialect) {
        self.waiting.push((code, dialect, Around::default()));
        self.read_waiting();
    }

    /// Adds the command of an exec form; each word is its decoded value.
    pub(super) fn exec(&mut self, words: Vec<(CommandWord, Code)>) {
        let (words, codes): (Vec<_>, Vec<_>) = words.into_iter().unzip();
        let span = words.iter().map(|word| word.span).reduce(|a, b| a.to(b)).unwrap_or_default();
        let command = Command { words, span, ..Command::default() };
        let script = |index: usize| codes.get(index).cloned();
        self.push(command, &script, None, Around::default());
        self.read_waiting();
    }

    fn read_waiting(&mut self) {
        while let Some((code, dialect, around)) = self.waiting.pop() {
            self.shell(&code, dialect, around);
        }
    }

    fn shell(&mut self, code: &Code, dialect: Dialect, around: Around) {
        let text = code.text();
        if dialect == Dialect::Other {
            return;
        }
        if text.len() > MAX_CODE {
            self.fail(format!("the code is longer than {MAX_CODE} bytes and was not read"), code.place(0..0));
            return;
        }
        let parsed = guarded(|| parse(text, dialect));
        let problem = parsed.as_ref().map_or_else(|| Some(("the code could not be read".to_owned(), 0)), problem);
        let is_whole = parsed.as_ref().is_some_and(|parsed| parsed.terminal_error.is_none());
        if let Some((message, at)) = problem {
            self.fail(message, code.place(at..at));
        }
        match parsed.filter(|_| is_whole) {
            Some(parsed) => Walk::new(code, self).sequence(&parsed.file.body, around),
            None => {
                for words in scan::commands(text) {
                    Walk::new(code, self).words(words, Vec::new(), Vec::new(), None, around);
                }
            }
        }
    }

    /// The number of a new pipeline.
    pub(super) fn new_pipeline(&mut self) -> usize {
        self.pipelines += 1;
        self.pipelines - 1
    }

    fn fail(&mut self, message: String, span: Span) {
        self.error.get_or_insert(ScriptError { message, span });
    }

    /// Adds a command and what it wraps. `script` gives the code of a word that is a script, `input` what standard input
    /// is when that is known. Tells whether a shell reads the input as its script.
    pub(super) fn push(
        &mut self,
        command: Command,
        script: &dyn Fn(usize) -> Option<Code>,
        input: Option<&Code>,
        around: Around,
    ) -> bool {
        let index = self.commands.len();
        let command = Command { pipeline: around.pipeline, wrapper: around.wrapper, ..command };
        let within = Around { wrapper: Some(index), depth: around.depth + 1, ..around };
        let wrapped = if within.depth > MAX_DEPTH { Vec::new() } else { wrapper::wrapped(&command.words) };
        if wrapped.is_empty() {
            self.commands.push(command);
            return false;
        }
        let mut is_input_read = false;
        self.commands.push(command.clone());
        for inner in wrapped {
            match inner {
                Wrapped::Words { assignments, words } => {
                    let first = words.start;
                    let inner = inner_command(&command, assignments, words);
                    is_input_read |= self.push(inner, &|i| script(i + first), input, within);
                }
                Wrapped::Script { word, dialect } => {
                    self.waiting.extend(script(word).map(|code| (code, dialect, within)));
                }
                Wrapped::Input { dialect } => {
                    self.waiting.extend(input.map(|code| (code.clone(), dialect, within)));
                    is_input_read |= input.is_some();
                }
            }
        }
        is_input_read
    }
}

/// The grammar's tree. Its own limits (nesting, operations) turn hostile code into errors.
pub(super) fn parse(text: &str, dialect: Dialect) -> ParseResult {
    let operations = text.len().max(MIN_OPERATIONS);
    Parser::with_limits_and_profile(text, MAX_NESTING, operations, grammar(dialect)).parse()
}

fn inner_command(outer: &Command, assignments: Range<usize>, words: Range<usize>) -> Command {
    let assigned = outer.words.get(assignments).unwrap_or_default().iter().filter_map(|word| {
        let name = wrapper::assigned_name(&word.text)?.to_owned();
        let value = word.literal.as_deref().and_then(|text| text.split_once('=')).map(|(_, value)| value.to_owned());
        Some(Assignment { name, value, span: word.span })
    });
    let words = outer.words.get(words).unwrap_or_default().to_vec();
    let span = words.iter().map(|word| word.span).reduce(|a, b| a.to(b)).unwrap_or(outer.span);
    let assignments = outer.assignments.iter().cloned().chain(assigned).collect();
    Command { words, span, assignments, redirects: outer.redirects.clone(), ..Command::default() }
}

/// Scripts for `sh` are read by the larger grammar too: `sh` is bash in many images, and what it does not know is then
/// an ordinary word or an error at run time, not of the grammar.
fn grammar(dialect: Dialect) -> ShellProfile {
    ShellProfile::native(match dialect {
        Dialect::Zsh => ShellDialect::Zsh,
        Dialect::Mksh => ShellDialect::Mksh,
        Dialect::Posix | Dialect::Bash | Dialect::Other => ShellDialect::Bash,
    })
}

/// The first thing wrong with the code, and its byte.
pub(super) fn problem(parsed: &ParseResult) -> Option<(String, usize)> {
    if let Some(diagnostic) = parsed.diagnostics.first() {
        return Some((diagnostic.message.clone(), diagnostic.span.start.offset()));
    }
    parsed.terminal_error.as_ref().map(|error| (error.to_string(), 0))
}
