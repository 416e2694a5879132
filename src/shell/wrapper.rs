//! Commands that run other commands: what `sudo`, `env`, `sh -c` and the like really start.

use std::ops::Range;

use super::{CommandWord, Dialect, base_name};

/// What a command runs besides itself, as indexes into its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrapped {
    /// The words of another command, and the `NAME=value` words before it that set its environment.
    Words { assignments: Range<usize>, words: Range<usize> },
    /// A word that is a script.
    Script { word: usize, dialect: Dialect },
    /// A shell that reads its script from standard input.
    Input { dialect: Dialect },
}

/// How the words before the wrapped command are read.
struct Wrapper {
    names: &'static [&'static str],
    /// Options whose value is the next word.
    value_options: &'static [&'static str],
    /// Options with which nothing is run.
    inert_options: &'static [&'static str],
    /// Words between the options and the command.
    operands: usize,
    /// `NAME=value` words may stand before the command.
    takes_assignments: bool,
}

const PLAIN: Wrapper =
    Wrapper { names: &[], value_options: &[], inert_options: &[], operands: 0, takes_assignments: false };

#[rustfmt::skip]
const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        names: &["sudo", "doas"],
        value_options: &["-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U", "-r", "-t", "--user", "--group", "--host", "--prompt", "--chdir", "--chroot"],
        inert_options: &["-l", "-v", "-V", "-k", "-K", "-e", "--list", "--validate", "--version", "--edit"],
        takes_assignments: true,
        ..PLAIN
    },
    Wrapper {
        names: &["env"],
        value_options: &["-u", "-C", "-S", "--unset", "--chdir", "--split-string"],
        takes_assignments: true,
        ..PLAIN
    },
    Wrapper { names: &["exec"], value_options: &["-a"], ..PLAIN },
    Wrapper { names: &["command"], inert_options: &["-v", "-V"], ..PLAIN },
    Wrapper { names: &["builtin", "nohup", "setsid", "eatmydata", "fakeroot", "unbuffer", "busybox", "tini", "dumb-init", "catchsegv"], ..PLAIN },
    Wrapper { names: &["nice"], value_options: &["-n", "--adjustment"], ..PLAIN },
    Wrapper { names: &["ionice"], value_options: &["-c", "-n", "--class", "--classdata"], inert_options: &["-p", "--pid"], ..PLAIN },
    Wrapper { names: &["time"], value_options: &["-f", "-o", "--format", "--output"], ..PLAIN },
    Wrapper { names: &["timeout"], value_options: &["-s", "-k", "--signal", "--kill-after"], operands: 1, ..PLAIN },
    Wrapper { names: &["stdbuf"], value_options: &["-i", "-o", "-e", "--input", "--output", "--error"], ..PLAIN },
    Wrapper { names: &["chroot"], operands: 1, ..PLAIN },
    Wrapper { names: &["gosu", "su-exec", "linux32", "linux64"], operands: 1, ..PLAIN },
    Wrapper { names: &["xvfb-run"], value_options: &["-e", "-f", "-n", "-p", "-s", "-w", "--error-file", "--server-num", "--server-args"], ..PLAIN },
    Wrapper {
        names: &["xargs"],
        value_options: &["-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s", "--arg-file", "--delimiter", "--max-args", "--max-procs", "--max-lines", "--replace"],
        ..PLAIN
    },
];

/// What the command of these words runs. Words whose value is not known end the search: nothing is guessed.
pub(super) fn wrapped(words: &[CommandWord]) -> Vec<Wrapped> {
    let Some(name) = words.first().and_then(|word| word.literal.as_deref()).map(base_name) else {
        return Vec::new();
    };
    if let Some(dialect) = Dialect::of_shell(name) {
        return shell(words, dialect).into_iter().collect();
    }
    match name {
        "find" => return find(words),
        "eval" if words.len() == 2 => return vec![Wrapped::Script { word: 1, dialect: Dialect::Posix }],
        "su" | "runuser" => return switch_user(words, name).into_iter().collect(),
        _ => {}
    }
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.names.contains(&name));
    wrapper.and_then(|wrapper| behind(words, wrapper)).into_iter().collect()
}

fn literal(words: &[CommandWord], index: usize) -> Option<&str> {
    words.get(index)?.literal.as_deref()
}

fn behind(words: &[CommandWord], wrapper: &Wrapper) -> Option<Wrapped> {
    let mut at = 1;
    // A word that is not literal ends the options: it is the command, whatever its name turns out to be.
    while let Some(option) = literal(words, at).filter(|word| word.len() > 1 && word.starts_with('-')) {
        if wrapper.inert_options.contains(&option) {
            return None;
        }
        at += 1;
        if option == "--" {
            break;
        }
        at += usize::from(wrapper.value_options.contains(&option));
    }
    at += wrapper.operands;
    let first = at;
    while wrapper.takes_assignments && words.get(at).is_some_and(|word| assigned_name(&word.text).is_some()) {
        at += 1;
    }
    (at < words.len()).then_some(Wrapped::Words { assignments: first..at, words: at..words.len() })
}

/// The name in `NAME=value`.
pub(super) fn assigned_name(text: &str) -> Option<&str> {
    let name = text.split_once('=')?.0;
    let mut chars = name.chars();
    let starts_well = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    (starts_well && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')).then_some(name)
}

fn shell(words: &[CommandWord], dialect: Dialect) -> Option<Wrapped> {
    let mut at = 1;
    let mut takes_script = false;
    while let Some(word) = words.get(at) {
        let Some(option) = word.literal.as_deref() else { break };
        at += 1;
        match option {
            "-" | "--" => break,
            "--rcfile" | "--init-file" => at += 1,
            _ if option.starts_with("--") => {}
            _ if option.len() > 1 && option.starts_with(['-', '+']) => {
                takes_script |= option.starts_with('-') && option.contains('c');
                // `-o name`, also at the end of a cluster: `-euo pipefail`.
                at += usize::from(option.ends_with(['o', 'O']));
                if option.starts_with('-') && option.contains('s') {
                    return Some(Wrapped::Input { dialect });
                }
            }
            _ => {
                at -= 1;
                break;
            }
        }
    }
    match words.get(at) {
        Some(_) if takes_script => Some(Wrapped::Script { word: at, dialect }),
        // A script file of its own.
        Some(_) => None,
        None => (!takes_script).then_some(Wrapped::Input { dialect }),
    }
}

/// `su user -c 'script'`, `runuser -u user -- command`.
fn switch_user(words: &[CommandWord], name: &str) -> Option<Wrapped> {
    let literals = || words.iter().enumerate().skip(1).map(|(i, word)| (i, word.literal.as_deref()));
    let script = literals().find(|(_, word)| matches!(word, Some("-c" | "-lc" | "--command"))).map(|(i, _)| i + 1);
    if let Some(word) = script {
        return (word < words.len()).then_some(Wrapped::Script { word, dialect: Dialect::Posix });
    }
    let is_direct = name == "runuser" && literals().any(|(_, word)| word == Some("-u"));
    let wrapper = Wrapper { value_options: &["-u", "-g", "-G"], ..PLAIN };
    if is_direct { behind(words, &wrapper) } else { None }
}

/// `find … -exec command … ;`, each of them.
fn find(words: &[CommandWord]) -> Vec<Wrapped> {
    let mut found = Vec::new();
    let mut at = 1;
    while at < words.len() {
        at += 1;
        if !matches!(literal(words, at - 1), Some("-exec" | "-execdir" | "-ok" | "-okdir")) {
            continue;
        }
        let end = (at..words.len()).find(|i| matches!(literal(words, *i), Some(";" | "+"))).unwrap_or(words.len());
        if at < end {
            found.push(Wrapped::Words { assignments: at..at, words: at..end });
        }
        at = end;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    fn runs(command: &str) -> Vec<Wrapped> {
        let word = |text: &str| CommandWord {
            literal: (!text.contains('$')).then(|| text.to_owned()),
            text: text.to_owned(),
            span: Span::default(),
        };
        wrapped(&command.split(' ').map(word).collect::<Vec<_>>())
    }

    fn words(range: Range<usize>) -> Vec<Wrapped> {
        vec![Wrapped::Words { assignments: range.start..range.start, words: range }]
    }

    #[test]
    fn wrappers_are_looked_through() {
        assert_eq!(runs("sudo -u root -E apt-get update"), words(4..6));
        assert_eq!(runs("env -i A=1 B=2 make"), [Wrapped::Words { assignments: 2..4, words: 4..5 }]);
        assert_eq!(runs("timeout -k 5 30 curl x"), words(4..6));
        assert_eq!(runs("/usr/bin/nice -n 5 make -j"), words(3..5));
        assert_eq!(runs("xargs -0 rm -f"), words(2..4));
        assert_eq!(runs("exec $cmd"), words(1..2));
        assert_eq!(runs("find . -exec rm {} ; -execdir ls {} +").len(), 2);
        assert_eq!(runs("runuser -u app -- ls"), words(4..5));
        for alone in ["command -v curl", "sudo -l", "env", "env A=1", "make all", "$sudo ls", "find . -name x"] {
            assert_eq!(runs(alone), [], "{alone}");
        }
    }

    #[test]
    fn shells_run_scripts() {
        let script = |word, dialect| vec![Wrapped::Script { word, dialect }];
        assert_eq!(runs("bash -euo pipefail -c x"), script(4, Dialect::Bash));
        assert_eq!(runs("/bin/sh -lc $x"), script(2, Dialect::Posix));
        assert_eq!(runs("su - app -c x"), script(4, Dialect::Posix));
        assert_eq!(runs("bash -s -- --yes"), [Wrapped::Input { dialect: Dialect::Bash }]);
        assert_eq!(runs("sh"), [Wrapped::Input { dialect: Dialect::Posix }]);
        assert_eq!(runs("bash install.sh"), []);
    }
}
