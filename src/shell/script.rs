//! Which instructions hand code to which shell.

use std::sync::Arc;

use rayon::prelude::*;

use super::code::Code;
use super::collect::Collector;
use super::command::{Command, CommandWord};
use crate::dockerfile::{Args, Base, Dockerfile, Heredoc, Instruction, Keyword, Stage, Word};
use crate::text::Span;

/// The shell code, or the exec form, of one instruction.
#[derive(Clone, Debug)]
pub struct Script {
    /// Index into [`Dockerfile::instructions`]; that of the ONBUILD for its trigger.
    pub instruction: usize,
    /// How the code is given.
    pub form: Form,
    /// The shell that runs it; `None` for exec forms.
    pub shell: Option<Arc<Shell>>,
    /// Every simple command, in source order, those inside conditions, loops, functions, substitutions, here-documents and
    /// `sh -c` included. For an exec form: its command and what that wraps.
    pub commands: Vec<Command>,
    /// The code could not be read as shell; `commands` is then what could be.
    pub error: Option<ScriptError>,
    /// The code as the shell gets it; empty for exec forms.
    pub(super) code: Code,
}

/// How code is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `RUN code`, here-documents in the code included.
    Shell,
    /// `RUN <<EOF`: the here-document is the code.
    Heredoc,
    /// `RUN ["program", "argument"]`.
    Exec,
}

/// A shell, as `SHELL` or a `#!` line names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shell {
    /// Program and options: `["/bin/sh", "-c"]`.
    pub words: Vec<String>,
    /// What it reads.
    pub dialect: Dialect,
}

/// The language of a shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dialect {
    /// `sh`, `dash`, `ash`, `ksh`.
    Posix,
    /// `bash`.
    Bash,
    /// `mksh`.
    Mksh,
    /// `zsh`.
    Zsh,
    /// Another language (PowerShell, cmd, a script with its own `#!` line): its code is not read.
    Other,
}

/// Why code could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError {
    /// What is wrong, no full stop.
    pub message: String,
    /// Where, as far as it is known: an empty span is a place.
    pub span: Span,
}

impl Dialect {
    /// The dialect of a shell by its name without directory; `None` for what is no shell of the Bourne family.
    pub fn of_shell(name: &str) -> Option<Self> {
        let name = name.strip_suffix(".exe").unwrap_or(name);
        Some(match name {
            "sh" | "dash" | "ash" | "ksh" | "ksh93" => Self::Posix,
            "bash" | "rbash" => Self::Bash,
            "mksh" => Self::Mksh,
            "zsh" => Self::Zsh,
            _ => return None,
        })
    }

    /// A lower-case name: `posix`, `bash` …
    pub fn name(self) -> &'static str {
        match self {
            Self::Posix => "posix",
            Self::Bash => "bash",
            Self::Mksh => "mksh",
            Self::Zsh => "zsh",
            Self::Other => "other",
        }
    }
}

impl Shell {
    /// The shell these words start.
    pub fn new(words: Vec<String>) -> Self {
        let mut shell = Self { words, dialect: Dialect::Other };
        if let Some(dialect) = shell.program().and_then(|name| Dialect::of_shell(&name)) {
            shell.dialect = dialect;
        }
        shell
    }

    /// The program in lower case, without folder, `.exe` and what finds it (`env`, `busybox`).
    pub(super) fn program(&self) -> Option<String> {
        let names = self.words.iter().map(|word| word.rsplit(['/', '\\']).next().unwrap_or(word));
        let mut names = names.skip_while(|name| matches!(*name, "env" | "busybox") || name.starts_with('-'));
        let name = names.next()?.to_ascii_lowercase();
        Some(name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name))
    }

    fn linux() -> Self {
        Self::new(vec!["/bin/sh".into(), "-c".into()])
    }

    fn windows() -> Self {
        Self::new(vec!["cmd".into(), "/S".into(), "/C".into()])
    }

    /// Whether it is started with `-o pipefail`.
    pub fn sets_pipefail(&self) -> bool {
        asks_for_pipefail(self.words.iter().map(String::as_str))
    }
}

impl Script {
    /// The language of the code; [`Dialect::Other`] for exec forms.
    pub fn dialect(&self) -> Dialect {
        self.shell.as_ref().map_or(Dialect::Other, |shell| shell.dialect)
    }

    /// Whether a pipeline in which the command stands fails when one of its elements does: `pipefail` is set by the
    /// shell that runs it, or by a `set -o pipefail` before it.
    pub fn has_pipefail(&self, command: &Command) -> bool {
        let shell = self.shell_of(command);
        let is_started_so = match shell.and_then(|index| self.commands.get(index)) {
            Some(outer) => {
                let options = outer.words.iter().filter(|word| word.span.end <= command.span.start);
                asks_for_pipefail(options.filter_map(|word| word.literal.as_deref()))
            }
            None => self.shell.as_ref().is_some_and(|shell| shell.sets_pipefail()),
        };
        let mut before = self.commands.iter().take_while(|other| other.span.start < command.span.start);
        is_started_so
            || before.any(|set| {
                set.name() == Some("set") && asks_for_pipefail(set.literals()) && self.shell_of(set) == shell
            })
    }

    /// The innermost command that is a shell and runs this one.
    fn shell_of(&self, command: &Command) -> Option<usize> {
        let mut wrapper = command.wrapper;
        while let Some(outer) = wrapper.and_then(|index| self.commands.get(index)) {
            if outer.name().is_some_and(|name| Dialect::of_shell(name).is_some()) {
                return wrapper;
            }
            wrapper = outer.wrapper;
        }
        None
    }

    /// The commands of the element after the command's in its pipeline.
    pub fn piped_into<'a>(&'a self, command: &'a Command) -> impl Iterator<Item = &'a Command> {
        let next = command.pipeline.map(|at| (at.pipeline, at.element + 1));
        self.commands
            .iter()
            .filter(move |other| next.is_some() && other.pipeline.map(|at| (at.pipeline, at.element)) == next)
    }
}

/// `-o pipefail`, also at the end of a cluster: `-euxo pipefail`.
fn asks_for_pipefail<'a>(words: impl Iterator<Item = &'a str>) -> bool {
    let words: Vec<&str> = words.collect();
    words.windows(2).any(|pair| matches!(pair, [flag, "pipefail"] if flag.starts_with('-') && flag.ends_with('o')))
}

/// Instructions from which on a file is read on several threads.
const PARALLEL_FROM: usize = 100;

/// Reads the scripts of a Dockerfile: RUN, and the commands of CMD, ENTRYPOINT and HEALTHCHECK, also inside ONBUILD. One
/// for each such instruction, in order.
///
/// SHELL is followed within a stage and into the stages built on it. Code for a shell of another family gives a script
/// without commands.
pub fn scripts(dockerfile: &Dockerfile) -> Vec<Script> {
    let shells = shells(dockerfile);
    let script = |(index, shell): (usize, Arc<Shell>)| {
        let instruction = dockerfile.instructions.get(index)?.innermost();
        Source { dockerfile, index, instruction, shell }.script()
    };
    let jobs: Vec<(usize, Arc<Shell>)> = shells.into_iter().enumerate().collect();
    // A script takes tens of microseconds: most files are not worth a thread.
    if jobs.len() < PARALLEL_FROM {
        return jobs.into_iter().filter_map(script).collect();
    }
    jobs.into_par_iter().filter_map(script).collect()
}

/// The shell in force at each instruction.
///
/// A comment `# hadolint shell=…` says which shell the base image has: before the first FROM for every stage, right above
/// a later one for that stage, elsewhere from there to the end of the stage.
fn shells(dockerfile: &Dockerfile) -> Vec<Arc<Shell>> {
    let linux = Arc::new(Shell::linux());
    let windows = Arc::new(Shell::windows());
    let mut comments = dockerfile.shell_comments().peekable();
    let mut of_every_base = None;
    let mut last: Vec<Arc<Shell>> = Vec::with_capacity(dockerfile.stages.len());
    let mut current = Arc::clone(&linux);
    let mut shells = Vec::with_capacity(dockerfile.instructions.len());
    for (index, instruction) in dockerfile.instructions.iter().enumerate() {
        let mut named = None;
        while let Some((shell, _)) = comments.next_if(|(_, comment)| comment.start < instruction.span.start) {
            named = Some(Arc::new(Shell::new(vec![shell.to_owned()])));
        }
        if instruction.stage.is_none_or(|stage| stage == 0) && last.is_empty() {
            of_every_base = named.clone().or(of_every_base);
        }
        if let Some(stage) =
            instruction.stage.and_then(|i| dockerfile.stages.get(i)).filter(|stage| stage.from == index)
        {
            current = match (&stage.base_kind, &of_every_base) {
                (Base::Stage(base), _) => last.get(*base).map_or_else(|| Arc::clone(&linux), Arc::clone),
                (_, Some(shell)) => Arc::clone(shell),
                _ if is_windows(dockerfile, stage, instruction) => Arc::clone(&windows),
                _ => Arc::clone(&linux),
            };
        }
        current = named.unwrap_or(current);
        if let (Keyword::Shell, Args::Json(words)) = (instruction.keyword, &instruction.args)
            && !words.is_empty()
        {
            current = Arc::new(Shell::new(words.iter().map(|word| word.text.clone()).collect()));
        }
        if let Some(stage) = instruction.stage {
            last.resize(last.len().max(stage + 1), Arc::clone(&linux));
            if let Some(slot) = last.get_mut(stage) {
                *slot = Arc::clone(&current);
            }
        }
        shells.push(Arc::clone(&current));
    }
    shells
}

/// Whether a stage builds on Windows, whose default shell is cmd: by `--platform`, by the image's name, or because the
/// escape character is the one only Windows files need.
fn is_windows(dockerfile: &Dockerfile, stage: &Stage, from: &Instruction) -> bool {
    let platform = from.flags.iter().find(|flag| flag.name == "platform").and_then(|flag| flag.value.as_ref());
    if let Some(platform) = platform.filter(|value| !value.text.contains('$')) {
        return platform.text.starts_with("windows");
    }
    let image = match &stage.base_kind {
        Base::Image(reference) => reference.to_ascii_lowercase(),
        _ => stage.base.text.to_ascii_lowercase(),
    };
    let names = ["windowsservercore", "nanoserver", "microsoft.com/windows", "microsoft/windows"];
    dockerfile.escape == '`' || names.iter().any(|name| image.contains(name))
}

struct Source<'a> {
    dockerfile: &'a Dockerfile,
    index: usize,
    instruction: &'a Instruction,
    shell: Arc<Shell>,
}

impl Source<'_> {
    fn script(self) -> Option<Script> {
        let keyword = self.instruction.keyword;
        if !matches!(keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck) {
            return None;
        }
        match (&self.instruction.args, self.instruction.heredocs.as_slice()) {
            (Args::Json(words), _) => Some(self.exec(words)),
            (Args::Text(head), [only]) if only.marker_span.contains(head.span) => Some(self.heredoc(only)),
            (Args::Text(head), documents) => Some(self.shell_form(head, documents)),
            _ => None,
        }
    }

    fn finish(&self, form: Form, shell: Option<Arc<Shell>>, code: Code, collector: Collector) -> Script {
        let (commands, error) = collector.finish();
        Script { instruction: self.index, form, shell, commands, error, code }
    }

    fn exec(&self, words: &[Word]) -> Script {
        let word = |word: &Word| {
            let mut raw = Code::default();
            raw.push_str(self.dockerfile.source.slice(word.span), word.span.start);
            // A string that is continued on another line is no JSON as it stands in the file.
            let decoded = raw.json_string().filter(|code| code.text() == word.text);
            let code = decoded.unwrap_or_else(|| Code::spread(self.text(), word.span, &word.text));
            let word = CommandWord { literal: Some(word.text.clone()), text: raw.text().to_owned(), span: word.span };
            (word, code)
        };
        let mut collector = Collector::default();
        collector.exec(words.iter().map(word).collect());
        self.finish(Form::Exec, None, Code::default(), collector)
    }

    /// The here-document is the whole of the code.
    fn heredoc(&self, document: &Heredoc) -> Script {
        let mut code = Code::default();
        code.push_lines(self.text(), document.body_span, document.chomp);
        // The builder makes a file of a document with a `#!` line and runs that.
        let interpreter = code.text().lines().next().and_then(|line| line.strip_prefix("#!"));
        let shell = match interpreter {
            Some(line) => Arc::new(Shell::new(line.split_whitespace().map(str::to_owned).collect())),
            None => Arc::clone(&self.shell),
        };
        let mut collector = Collector::default();
        collector.script(code.clone(), shell.dialect);
        self.finish(Form::Heredoc, Some(shell), code, collector)
    }

    /// Here-documents in a shell form are given to the shell as they stand.
    fn shell_form(&self, head: &Word, documents: &[Heredoc]) -> Script {
        let mut code = Code::joined(&head.text, &self.dockerfile.offsets_of(head));
        for document in documents {
            code.push_str("\n", document.body_span.start.saturating_sub(1));
            code.push_lines(self.text(), document.body_span, false);
            code.push_str(&document.name, document.body_span.end);
        }
        let mut collector = Collector::default();
        collector.script(code.clone(), self.shell.dialect);
        self.finish(Form::Shell, Some(Arc::clone(&self.shell)), code, collector)
    }

    fn text(&self) -> &str {
        self.dockerfile.source.text()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
