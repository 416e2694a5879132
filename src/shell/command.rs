//! The commands rules look at.

use crate::text::Span;

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Name and arguments; wrappers (`sudo`, `env X=1`, `exec`) are commands of their own before what they wrap. Empty
    /// when the command only assigns or redirects.
    pub words: Vec<CommandWord>,
    /// First to last word; the assignments or redirections when there is no word.
    pub span: Span,
    /// `NAME=value` before the name, those that `env` or `sudo` were given for it included.
    pub assignments: Vec<Assignment>,
    /// Redirections, in order; those of a wrapper are also those of what it wraps.
    pub redirects: Vec<Redirect>,
    /// Where it stands in the innermost pipeline around it.
    pub pipeline: Option<PipelinePosition>,
    /// The command that runs this one, as an index into [`super::Script::commands`]: `sudo`, `xargs`, `sh -c` …
    pub wrapper: Option<usize>,
}

/// A word of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandWord {
    /// The value when it is literal (quotes taken off, globs as written), else `None`.
    pub literal: Option<String>,
    /// As written, continuations joined.
    pub text: String,
    /// In the Dockerfile.
    pub span: Span,
}

/// An assignment in front of a command, or alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// The value when it is literal; `None` also for arrays.
    pub value: Option<String>,
    /// `NAME=value` as a whole.
    pub span: Span,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The descriptor before the operator, when there is one.
    pub descriptor: Option<u32>,
    /// The operator.
    pub kind: RedirectKind,
    /// The file, the descriptor, the string or the here-document's delimiter.
    pub target: CommandWord,
    /// Operator and target.
    pub span: Span,
}

/// The operator of a redirection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectKind {
    /// `>` or `>|`.
    Output,
    /// `>>`.
    Append,
    /// `&>`.
    OutputAndError,
    /// `<`.
    Input,
    /// `<>`.
    InputOutput,
    /// `<<` or `<<-`.
    HereDocument,
    /// `<<<`.
    HereString,
    /// `>&`.
    DuplicateOutput,
    /// `<&`.
    DuplicateInput,
}

/// A place in a pipeline `a | b | c`. Commands of a compound element (`a | (b; c)`) have the position of the element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelinePosition {
    /// Which pipeline of the script, from 0.
    pub pipeline: usize,
    /// Which element, from 0.
    pub element: usize,
    /// Number of elements, at least 2.
    pub elements: usize,
}

impl PipelinePosition {
    /// Whether its standard output goes into the next element.
    pub fn is_piped(self) -> bool {
        self.element + 1 < self.elements
    }
}

/// The last component of a path: `/usr/bin/apt-get` is `apt-get`.
pub fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl Command {
    /// The command's name without its directory; `None` when it is not literal or there is none.
    pub fn name(&self) -> Option<&str> {
        self.words.first()?.literal.as_deref().map(base_name)
    }

    /// Everything after the name.
    pub fn args(&self) -> &[CommandWord] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The values of the arguments that are literal, in order.
    pub fn literals(&self) -> impl Iterator<Item = &str> {
        self.args().iter().filter_map(|word| word.literal.as_deref())
    }

    /// Whether one of the flags (`-y`, `--yes`) is given: as it is, with `=value` if it is long, or in a cluster of
    /// letters (`-qy`) if it is short. Arguments after `--` are no flags. Letters that are the value of another short
    /// flag (`-oy`) are taken for flags, for which flags take values is not known here.
    pub fn has_flag(&self, flags: &[&str]) -> bool {
        self.flag_words().any(|word| flags.iter().any(|flag| is_flag(word, flag)))
    }

    /// The literal value of one of the flags: `--output=x`, `--output x`, `-o x` or `-ox`.
    pub fn flag_value(&self, flags: &[&str]) -> Option<&str> {
        let mut args = self.args().iter();
        while let Some(word) = args.next() {
            let Some(text) = word.literal.as_deref() else { continue };
            if text == "--" {
                break;
            }
            for flag in flags {
                match text.strip_prefix(flag) {
                    Some("") => return args.next()?.literal.as_deref(),
                    Some(rest) if flag.starts_with("--") => {
                        if let Some(value) = rest.strip_prefix('=') {
                            return Some(value);
                        }
                    }
                    Some(rest) if flag.len() == 2 => return Some(rest),
                    _ => {}
                }
            }
        }
        None
    }

    /// The arguments that are neither flags nor the values of the flags in `value_flags`. After `--` all are.
    pub fn operands(&self, value_flags: &[&str]) -> Vec<&CommandWord> {
        let (mut is_value, mut is_over) = (false, false);
        let mut operands = Vec::new();
        for word in self.args() {
            let text = word.literal.as_deref().unwrap_or_default();
            let is_flag = !is_over && text.starts_with('-') && text != "-";
            if std::mem::take(&mut is_value) {
                continue;
            }
            if is_flag {
                is_over = text == "--";
                is_value = value_flags.contains(&text);
            } else {
                operands.push(word);
            }
        }
        operands
    }

    /// The first operand (`install` in `apt-get -q install x`), when it is literal.
    pub fn subcommand(&self, value_flags: &[&str]) -> Option<&str> {
        self.operands(value_flags).first()?.literal.as_deref()
    }

    /// Literal arguments that start with `-`, up to `--`.
    fn flag_words(&self) -> impl Iterator<Item = &str> {
        self.literals().take_while(|word| *word != "--").filter(|word| word.starts_with('-'))
    }
}

fn is_flag(word: &str, flag: &str) -> bool {
    if flag.starts_with("--") {
        return word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    }
    let letter = flag.strip_prefix('-').filter(|letter| letter.chars().count() == 1);
    word == flag || letter.is_some_and(|letter| !word.starts_with("--") && word.contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Command {
        let word = |text: &str| CommandWord {
            literal: (!text.starts_with('$')).then(|| text.to_owned()),
            text: text.to_owned(),
            span: Span::default(),
        };
        Command { words: text.split(' ').map(word).collect(), ..Command::default() }
    }

    #[test]
    fn flags_are_found_in_all_their_spellings() {
        let install = command("/usr/bin/apt-get -qy -o Dpkg::Use-Pty=0 install --target-release=sid $x curl -- -f");
        assert_eq!(install.name(), Some("apt-get"));
        assert!(install.has_flag(&["-y", "--yes"]) && install.has_flag(&["--target-release"]));
        assert!(!install.has_flag(&["-f"]) && !install.has_flag(&["--target"]));
        assert_eq!(install.flag_value(&["-t", "--target-release"]), Some("sid"));
        assert_eq!(install.flag_value(&["-o"]), Some("Dpkg::Use-Pty=0"));
        assert_eq!(install.subcommand(&["-o"]), Some("install"));
        let operands: Vec<_> = install.operands(&["-o"]).iter().map(|word| word.text.as_str()).collect();
        assert_eq!(operands, ["install", "$x", "curl", "-f"]);
        assert_eq!(command("$cmd x").name(), None);
        assert_eq!(command("ls").args(), []);
    }
}
