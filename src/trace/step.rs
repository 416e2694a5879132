//! What an instruction is expected to leave in the history.

use super::history::{Entry, excerpt, first_word, plain};
use crate::dockerfile::{Args, Dockerfile, Flag, Instruction, Keyword, Pair, Stage, Word};
use crate::text::SourceText;

/// An instruction as a step of a build.
#[derive(Debug)]
pub(super) struct Step {
    /// The instruction to name, as an index into [`Dockerfile::instructions`].
    pub(super) instruction: usize,
    /// Its line, from 1.
    pub(super) line: usize,
    /// What it does; for a trigger, the trigger's.
    pub(super) keyword: Keyword,
    /// As the Dockerfile has it.
    text: String,
    expected: Expected,
}

/// How well an entry fits a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// The entry tells of this very instruction.
    Exact,
    /// As far as the entry tells, it may: classic builders record a digest in place of what was copied.
    Loose,
}

#[derive(Debug)]
enum Expected {
    /// One of these texts behind a shell (`/bin/sh -c`) with build arguments (`|1 A=b`), or without.
    Command { texts: Vec<String>, shells: Vec<String>, is_exec: bool },
    /// One of these texts.
    Text(Vec<Pattern>),
    /// The sources and destination, or only the destination behind a digest.
    Copy { words: Pattern, destination: Pattern },
    /// These variables, whatever their values.
    Names(Vec<String>),
    /// A directory, possibly relative to one that is not known here.
    Directory { is_absolute: bool, path: Pattern },
    /// These ports, `number/protocol`, sorted; `None` when a variable hides them.
    Ports(Option<Vec<String>>),
    /// A text that holds one of these: builders print a structure.
    Holding(Vec<String>),
}

/// The steps of a chain of stages. `shell` is the image's own, which a base image may have set.
pub(super) fn steps(dockerfile: &Dockerfile, stages: &[&Stage], shell: &[String]) -> Vec<Step> {
    let mut shells = vec!["/bin/sh -c".to_owned(), "cmd /S /C".to_owned(), plain(&shell.join(" "))];
    for instruction in &dockerfile.instructions {
        if let (Keyword::Shell, Args::Json(words)) = (instruction.keyword, &instruction.args) {
            shells.push(plain(&joined(words)));
        }
    }
    shells.retain(|shell| !shell.is_empty());
    shells.sort();
    shells.dedup();
    let reader = Reader { source: &dockerfile.source, escape: dockerfile.escape, shells: &shells };
    let mut steps = Vec::new();
    let mut triggers: Vec<(usize, &Instruction)> = Vec::new();
    for stage in stages {
        // What the stage below triggers runs first in this one, and only in this one.
        steps.extend(
            std::mem::take(&mut triggers).into_iter().filter_map(|(index, trigger)| reader.step(index, trigger)),
        );
        for index in stage.instructions.clone() {
            let Some(instruction) = dockerfile.instructions.get(index) else { continue };
            steps.extend(reader.step(index, instruction));
            triggers.extend(instruction.trigger.as_deref().map(|trigger| (index, trigger)));
        }
    }
    steps
}

struct Reader<'a> {
    source: &'a SourceText,
    escape: char,
    shells: &'a [String],
}

impl Reader<'_> {
    fn step(&self, index: usize, instruction: &Instruction) -> Option<Step> {
        let keyword = instruction.keyword;
        let expected = match keyword {
            Keyword::From | Keyword::Unknown => return None,
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint => self.command(instruction),
            Keyword::Copy | Keyword::Add => {
                let words = instruction.args.words();
                let destination = self.pattern(words.last().map_or("", |word| &word.text));
                Expected::Copy { words: self.pattern(&joined(words)), destination }
            }
            Keyword::Arg => {
                Expected::Names(instruction.args.pairs().iter().map(|pair| plain(&pair.key.text)).collect())
            }
            Keyword::Workdir => self.directory(&self.arguments(&instruction.args)),
            Keyword::Expose => Expected::Ports(ports(&self.arguments(&instruction.args))),
            Keyword::Healthcheck => Expected::Holding(match &instruction.args {
                Args::None => vec!["NONE".into()],
                args => [self.arguments(args), printed(&self.arguments(args))].iter().map(|text| plain(text)).collect(),
            }),
            _ => self.text(instruction),
        };
        let text = self.source.slice(instruction.head_span).to_owned();
        Some(Step { instruction: index, line: instruction.lines.0, keyword, text, expected })
    }

    fn command(&self, instruction: &Instruction) -> Expected {
        let head = self.arguments(&instruction.args);
        let mut texts = vec![plain(&head), plain(&printed(&head))];
        if !instruction.flags.is_empty() {
            texts.push(plain(&format!("{} {head}", self.flags(&instruction.flags))));
        }
        if let Some(document) = instruction.heredocs.first() {
            let bodies = |is_whole: bool| {
                let parts = instruction.heredocs.iter().map(|document| {
                    let name = if is_whole { document.name.as_str() } else { "" };
                    format!("\n{}\n{name}", document.content)
                });
                parts.collect::<String>()
            };
            // The document is the command, or a file that is run, or the shell reads it with its command.
            texts.extend([plain(&document.content), plain(&format!("/dev/pipes/{}", document.name))]);
            texts.extend([true, false].map(|is_whole| plain(&format!("{head}{}", bodies(is_whole)))));
        }
        let is_exec = matches!(instruction.args, Args::Json(_));
        Expected::Command { texts, shells: self.shells.to_vec(), is_exec }
    }

    fn text(&self, instruction: &Instruction) -> Expected {
        let arguments = self.arguments(&instruction.args);
        let mut texts = vec![self.pattern(&arguments)];
        let pairs = instruction.args.pairs();
        if pairs.iter().any(|pair| pair.is_legacy) {
            let written = pairs.iter().map(|pair| format!("{} {}", pair.key.text, value(pair)));
            texts.push(self.pattern(&written.collect::<Vec<_>>().join(" ")));
        }
        Expected::Text(texts)
    }

    fn directory(&self, path: &str) -> Expected {
        let path = path.trim().trim_matches('"');
        let is_absolute = path.starts_with(['/', '$']) || path.contains(':');
        let relative = path.strip_prefix("./").unwrap_or(path);
        let trimmed = if relative.len() > 1 { relative.trim_end_matches('/') } else { relative };
        Expected::Directory { is_absolute, path: self.pattern(trimmed) }
    }

    fn arguments(&self, args: &Args) -> String {
        match args {
            Args::Json(words) | Args::Words(words) => joined(words),
            Args::Text(word) => word.text.clone(),
            Args::Pairs(pairs) => pairs.iter().map(assignment).collect::<Vec<_>>().join(" "),
            Args::None => String::new(),
        }
    }

    fn flags(&self, flags: &[Flag]) -> String {
        flags.iter().map(|flag| self.source.slice(flag.span)).collect::<Vec<_>>().join(" ")
    }

    fn pattern(&self, text: &str) -> Pattern {
        Pattern::new(text, self.escape)
    }
}

fn joined(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// As builders print it in a quoted list.
fn printed(text: &str) -> String {
    text.replace('\n', "\\n").replace('\t', "\\t").replace('\r', "\\r")
}

fn value(pair: &Pair) -> &str {
    pair.value.as_ref().map_or("", |value| &value.text)
}

fn assignment(pair: &Pair) -> String {
    format!("{}={}", pair.key.text, value(pair))
}

/// Sorted `number/protocol`, ranges written out; `None` when a variable is among them.
fn ports(text: &str) -> Option<Vec<String>> {
    if text.contains('$') {
        return None;
    }
    let mut ports = Vec::new();
    for word in plain(text).split(' ').filter(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        let word = word.split(":{}").next().unwrap_or(word).to_ascii_lowercase();
        let (numbers, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
        let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) => ports.extend((first..=last).map(|port| format!("{port}/{protocol}"))),
            _ => ports.push(format!("{numbers}/{protocol}")),
        }
    }
    ports.sort();
    ports.dedup();
    Some(ports)
}

impl Step {
    /// A step from a trigger's text in a base image's history. It belongs to no instruction of its own.
    pub(super) fn triggered(keyword: Keyword, text: &str) -> Self {
        let words: Vec<&str> = text.split(' ').skip_while(|word| word.starts_with("--")).collect();
        let text = words.join(" ");
        let expected = match keyword {
            Keyword::Run => {
                Expected::Command { texts: vec![text.clone()], shells: vec!["/bin/sh -c".into()], is_exec: false }
            }
            Keyword::Copy | Keyword::Add => {
                let destination = Pattern::new(words.last().copied().unwrap_or_default(), '\\');
                Expected::Copy { words: Pattern::new(&text, '\\'), destination }
            }
            Keyword::Arg => Expected::Names(vec![text.split('=').next().unwrap_or_default().to_owned()]),
            _ => Expected::Text(vec![Pattern::new(&text, '\\')]),
        };
        Self { instruction: 0, line: 0, keyword, text, expected }
    }

    /// As the Dockerfile has it, for messages.
    pub(super) fn shown(&self) -> String {
        excerpt(&self.text)
    }

    /// Whether the entry can be this step's, and how surely.
    pub(super) fn fits(&self, entry: &Entry) -> Option<Fit> {
        if entry.keyword != Some(self.keyword) {
            return None;
        }
        let text = entry.text.as_str();
        let exact = |fits: bool| fits.then_some(Fit::Exact);
        match &self.expected {
            Expected::Command { texts, shells, is_exec } => {
                exact(texts.iter().any(|expected| fits_command(text, expected, shells, *is_exec)))
            }
            Expected::Text(patterns) => exact(patterns.iter().any(|pattern| pattern.fits(text))),
            Expected::Copy { words, destination } => {
                let text = without_flags(text);
                match digest_destination(text) {
                    _ if words.fits(text) => Some(Fit::Exact),
                    Some(written) => destination.fits(written).then_some(Fit::Loose),
                    None => None,
                }
            }
            Expected::Names(names) => {
                let mut written = text.split(' ').map(|word| word.split('=').next().unwrap_or(word));
                exact(names.iter().all(|name| written.any(|word| word == name)))
            }
            Expected::Directory { is_absolute, path } => {
                let written = if text.len() > 1 { text.trim_end_matches('/') } else { text };
                let ending = || path.behind("/").fits(written);
                exact(path.fits(written) || !is_absolute && ending())
            }
            Expected::Ports(None) => Some(Fit::Loose),
            Expected::Ports(Some(expected)) => exact(ports(text).is_some_and(|written| written == *expected)),
            Expected::Holding(inner) => exact(inner.iter().any(|inner| text.contains(inner.as_str()))),
        }
    }
}

fn fits_command(text: &str, expected: &str, shells: &[String], is_exec: bool) -> bool {
    let Some(prefix) = text.strip_suffix(expected) else { return false };
    let prefix = prefix.trim_end();
    if prefix.is_empty() {
        return true;
    }
    let is_arguments = |text: &str| text.is_empty() || text.starts_with('|');
    let is_shell = shells
        .iter()
        .any(|shell| prefix.strip_suffix(shell.as_str()).is_some_and(|before| is_arguments(before.trim_end())));
    is_shell || is_exec && prefix.starts_with('|') && !shells.iter().any(|shell| prefix.contains(shell.as_str()))
}

fn without_flags(mut text: &str) -> &str {
    while text.starts_with("--") {
        text = first_word(text).1;
    }
    text
}

/// Where classic builders say they put what they copied: `file:5b13… in /tmp/`.
fn digest_destination(text: &str) -> Option<&str> {
    let (digest, rest) = first_word(text);
    let hash = digest.split_once(':').map_or(digest, |(_, hash)| hash);
    let is_digest = hash.len() >= 32 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    rest.strip_prefix("in ").filter(|_| is_digest)
}

/// A text in which variables stand for anything.
#[derive(Clone, Debug)]
struct Pattern {
    /// The plain text between the variables; one piece when there is none.
    pieces: Vec<String>,
}

/// Stands for a variable while a text is made plain; no history has it.
const VARIABLE: char = '\u{0}';

impl Pattern {
    fn new(text: &str, escape: char) -> Self {
        let mut marked = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                c if c == escape => marked.extend(chars.next()),
                '$' => match chars.peek().copied() {
                    Some('{') => {
                        let mut depth = 0usize;
                        for inner in chars.by_ref() {
                            depth = if inner == '{' { depth + 1 } else { depth - usize::from(inner == '}') };
                            if depth == 0 {
                                break;
                            }
                        }
                        marked.push(VARIABLE);
                    }
                    Some(c) if c.is_ascii_alphanumeric() || c == '_' => {
                        while chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_').is_some() {}
                        marked.push(VARIABLE);
                    }
                    _ => marked.push('$'),
                },
                VARIABLE => {}
                c => marked.push(c),
            }
        }
        // A variable that is a word of its own leaves no blank behind when it is empty.
        let mut text = String::with_capacity(marked.len());
        for word in plain(&marked).split(' ') {
            let is_first = text.chars().all(|c| c == VARIABLE);
            if !is_first && word.chars().any(|c| c != VARIABLE) {
                text.push(' ');
            }
            text.push_str(word);
        }
        Self { pieces: text.split(VARIABLE).map(str::to_owned).collect() }
    }

    /// The pattern behind anything that ends so.
    fn behind(&self, ending: &str) -> Self {
        let mut pieces = vec![String::new()];
        pieces.extend(self.pieces.iter().cloned());
        if let Some(first) = pieces.get_mut(1) {
            first.insert_str(0, ending);
        }
        Self { pieces }
    }

    fn fits(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_none_or(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for piece in middle {
            let Some(at) = rest.find(piece.as_str()) else { return false };
            rest = rest.get(at + piece.len()..).unwrap_or_default();
        }
        rest.ends_with(last.as_str())
    }
}
