use std::collections::BTreeMap;

use super::fetch::{self, Url};
use super::{Facts, Reporter};
use crate::shell::{Command, CommandWord, Dialect, Script};
use crate::text::Span;

/// Interpreters besides shells, and their options that bring a program along.
const INTERPRETERS: [(&str, &[&str]); 6] = [
    ("python", &["-c", "-m"]),
    ("perl", &["-e", "-E", "-n", "-p", "-x"]),
    ("ruby", &["-e", "-n", "-p"]),
    ("node", &["-e", "-p", "-pe", "--eval", "--print"]),
    ("php", &["-r", "-f", "-R", "-F"]),
    ("pwsh", &["-c", "-f", "-Command", "-File"]),
];

/// Reports every shell or interpreter whose program comes straight from a download.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for script in facts.run_scripts() {
        let downloads = Downloads::of(script);
        for command in &script.commands {
            if let Some(name) = command.words.first()
                && let Some(download) = program_source(script, &downloads, command)
            {
                let finding = report.at(name.span, message(command, fetch::first_url(download)));
                let finding = finding.related(report.place(download.span), "the download");
                report.push(finding.help(
                    "download the file, compare its checksum or signature with one you keep in the repository, then run it",
                ));
            }
        }
    }
}

/// The downloads of a script.
struct Downloads<'s> {
    /// By place.
    all: Vec<&'s Command>,
    /// The first of each pipeline.
    of_pipeline: BTreeMap<usize, &'s Command>,
}

impl<'s> Downloads<'s> {
    fn of(script: &'s Script) -> Self {
        let all: Vec<&Command> = script.commands.iter().filter(|command| fetch::is_download(command)).collect();
        let mut of_pipeline = BTreeMap::new();
        for download in &all {
            if let Some(at) = download.pipeline {
                of_pipeline.entry(at.pipeline).or_insert(*download);
            }
        }
        Self { all, of_pipeline }
    }

    /// The first that stands inside a span.
    fn inside(&self, span: Span) -> Option<&'s Command> {
        let at = self.all.partition_point(|download| download.span.start < span.start);
        self.all.get(at).copied().filter(|download| span.contains(download.span))
    }
}

fn message(command: &Command, url: Option<Url<'_>>) -> String {
    let name = command.name().unwrap_or("a shell");
    let from = url.and_then(|url| url.named_host()).map(|host| format!(" from {host}")).unwrap_or_default();
    match url.is_some_and(|url| url.is_unprotected()) {
        true => format!(
            "{name} runs a script{from} that came over plain HTTP, so anybody on the way can run code in the build"
        ),
        false => format!("{name} runs whatever the download{from} holds at that moment, unseen and unchecked"),
    }
}

/// The download that a command takes its program from.
fn program_source<'s>(script: &Script, downloads: &Downloads<'s>, command: &Command) -> Option<&'s Command> {
    let name = command.name()?;
    let is_shell = Dialect::of_shell(name).is_some();
    if is_shell || matches!(name, "source" | "." | "eval") || interpreter(name).is_some() {
        let substituted = match program_word(command, is_shell) {
            Program::Word(word) | Program::Option(word) if is_substitution(word) => downloads.inside(word.span),
            _ => None,
        };
        if substituted.is_some() {
            return substituted;
        }
    }
    let at = command.pipeline?;
    if !reads_program(command, is_shell) || is_fed_arguments(script, command) {
        return None;
    }
    downloads.of_pipeline.get(&at.pipeline).copied().filter(|download| download.span.start < command.span.start)
}

/// What a command runs.
enum Program<'c> {
    /// Its standard input.
    Input,
    /// The file a word names, or for `eval` the word itself.
    Word(&'c CommandWord),
    /// The value of an option: `-c 'code'`.
    Option(&'c CommandWord),
    /// Something else that is not looked at.
    Other,
}

fn program_word(command: &Command, is_shell: bool) -> Program<'_> {
    let name = command.name().unwrap_or_default();
    let code_options = interpreter(name).unwrap_or(&[]);
    let mut args = command.args().iter();
    while let Some(word) = args.next() {
        let Some(text) = word.literal.as_deref() else { return Program::Word(word) };
        match text {
            "-" | "/dev/stdin" => return Program::Input,
            // For a script on standard input, php takes what follows as its arguments; a shell takes a script file.
            "--" if name == "php" => return Program::Input,
            "--" => {}
            _ if is_shell && text.starts_with(['-', '+']) && !text.starts_with("--") => {
                if text.starts_with('-') && text.contains('s') {
                    return Program::Input;
                }
                if text.starts_with('-') && text.contains('c') {
                    let mut rest = args.by_ref().skip_while(|word| word.text.starts_with('-'));
                    return rest.next().map_or(Program::Other, Program::Option);
                }
                if text.ends_with(['o', 'O']) {
                    args.next();
                }
            }
            _ if code_options.iter().any(|option| is_option(text, option)) => {
                return args.next().map_or(Program::Other, Program::Option);
            }
            _ if text.starts_with('-') => {}
            _ => return Program::Word(word),
        }
    }
    Program::Input
}

fn is_option(text: &str, option: &str) -> bool {
    match option.strip_prefix('-').filter(|letter| letter.len() == 1) {
        Some(letter) => text.starts_with('-') && !text.starts_with("--") && text.contains(letter),
        None => text == option,
    }
}

fn interpreter(name: &str) -> Option<&'static [&'static str]> {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let stem = if stem == "nodejs" { "node" } else { stem };
    INTERPRETERS.iter().find(|(interpreter, _)| *interpreter == stem).map(|(_, options)| *options)
}

/// Whether a command's program is its standard input.
fn reads_program(command: &Command, is_shell: bool) -> bool {
    (is_shell || command.name().is_some_and(|name| interpreter(name).is_some()))
        && matches!(program_word(command, is_shell), Program::Input)
}

/// Whether standard input goes to an `xargs` around the command instead.
fn is_fed_arguments(script: &Script, command: &Command) -> bool {
    let outer = command.wrapper.and_then(|index| script.commands.get(index));
    outer.and_then(Command::name) == Some("xargs")
}

/// Whether a word begins with the output of a command: `$(…)`, `<(…)`, `` `…` ``.
fn is_substitution(word: &CommandWord) -> bool {
    let text = word.text.trim_start_matches('"');
    text.starts_with("$(") || text.starts_with("<(") || text.starts_with('`')
}
