//! Passwords that commands are given in so many words: on their command line, or by an `echo` in front of them.

use crate::shell::{Command, CommandWord, RedirectKind, Script};
use crate::text::Span;

use super::is_placeholder;

/// A password in a command. It holds places only, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandSecret {
    /// Index into `Dockerfile::instructions`.
    pub instruction: usize,
    /// The word that holds it, to be masked wherever the text is shown.
    pub value: Span,
    /// The name of the command that takes it.
    pub taker: Span,
    /// What it is for.
    pub usage: CommandSecretUse,
}

/// What a password in a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandSecretUse {
    /// It becomes the password of an account in the image.
    Account,
    /// It opens something elsewhere: a registry, a server.
    Login,
}

/// Options whose value is a password, and the commands that have them.
struct PasswordOption {
    commands: &'static [&'static str],
    flags: &'static [&'static str],
    /// The value is `user:password`.
    has_user: bool,
    usage: CommandSecretUse,
}

const OPTIONS: [PasswordOption; 5] = [
    PasswordOption {
        commands: &["useradd", "usermod", "adduser"],
        flags: &["-p", "--password"],
        has_user: false,
        usage: CommandSecretUse::Account,
    },
    PasswordOption {
        commands: &["curl"],
        flags: &["-u", "--user", "-U", "--proxy-user"],
        has_user: true,
        usage: CommandSecretUse::Login,
    },
    PasswordOption {
        commands: &["wget"],
        flags: &["--password", "--http-password", "--ftp-password", "--proxy-password"],
        has_user: false,
        usage: CommandSecretUse::Login,
    },
    PasswordOption { commands: &["sshpass"], flags: &["-p"], has_user: false, usage: CommandSecretUse::Login },
    PasswordOption { commands: &["svn"], flags: &["--password"], has_user: false, usage: CommandSecretUse::Login },
];
/// So many commands before one that reads a password are looked at for the one that writes it.
const NEARBY: usize = 16;
/// Registry clients, whose `login` takes a password.
const REGISTRY_CLIENTS: [&str; 6] = ["docker", "podman", "buildah", "skopeo", "helm", "oras"];

/// Every password that a command of the scripts is given, sorted by place. Values that hold a variable are not known
/// here and left alone.
pub fn in_commands(scripts: &[Script]) -> Vec<CommandSecret> {
    let mut found: Vec<CommandSecret> = Vec::new();
    for script in scripts {
        for command in &script.commands {
            let Some(taker) = command.words.first() else { continue };
            let place = |(word, usage): (&CommandWord, CommandSecretUse)| CommandSecret {
                instruction: script.instruction,
                value: word.span,
                taker: taker.span,
                usage,
            };
            found.extend(given(command).into_iter().map(place));
            found.extend(piped(script, command).into_iter().map(|word| place((word, CommandSecretUse::Account))));
        }
    }
    found.sort_by_key(|secret| (secret.instruction, secret.value, secret.taker));
    found.dedup_by_key(|secret| (secret.instruction, secret.value));
    found
}

/// Passwords among the words of a command.
fn given(command: &Command) -> Option<(&CommandWord, CommandSecretUse)> {
    let name = command.name()?;
    for option in OPTIONS.iter().filter(|option| option.commands.contains(&name)) {
        let Some((word, value)) = option_value(command, option.flags) else { continue };
        let password = if option.has_user { value.split_once(':').map_or("", |(_, password)| password) } else { value };
        let is_one = match option.usage {
            CommandSecretUse::Account => is_account_password(password),
            CommandSecretUse::Login => is_login_password(password),
        };
        if is_one {
            return Some((word, option.usage));
        }
    }
    if REGISTRY_CLIENTS.contains(&name) && command.literals().any(|word| word == "login") {
        let (word, value) = option_value(command, &["-p", "--password"])?;
        return is_login_password(value).then_some((word, CommandSecretUse::Login));
    }
    let hashed = match name {
        "openssl" if command.subcommand(&[]) == Some("passwd") => {
            command.operands(&["-salt", "-in"]).into_iter().nth(1).filter(|_| !command.has_flag(&["-stdin"]))
        }
        "mkpasswd" => command.operands(&["-m", "-S", "-R", "-P", "--method", "--salt", "--rounds"]).into_iter().next(),
        "htpasswd" if has_letter(command, 'b') => {
            let at = if has_letter(command, 'n') { 1 } else { 2 };
            command.operands(&["-C", "-r"]).into_iter().nth(at)
        }
        _ => None,
    };
    hashed
        .filter(|word| word.literal.as_deref().is_some_and(is_account_password))
        .map(|word| (word, CommandSecretUse::Account))
}

/// Passwords that are written to the standard input of a command that sets them.
fn piped<'s>(script: &'s Script, command: &'s Command) -> Vec<&'s CommandWord> {
    let holds_password: fn(&CommandWord) -> bool = match command.name() {
        Some("chpasswd") => holds_user_and_password,
        Some("passwd" | "vncpasswd") => |word| word.literal.as_deref().is_some_and(is_account_password),
        _ => return Vec::new(),
    };
    let strings = command.redirects.iter().filter(|redirect| redirect.kind == RedirectKind::HereString);
    let mut words: Vec<&CommandWord> =
        strings.map(|redirect| &redirect.target).filter(|word| holds_password(word)).collect();
    let Some(at) = command.pipeline else { return words };
    // What is written stands before what reads it, and nothing else of the script matters.
    let before = script.commands.partition_point(|other| other.span.start < command.span.start);
    let nearby = script.commands.iter().take(before).rev().take(NEARBY);
    let writers = nearby.filter(|other| {
        other.pipeline.is_some_and(|other| other.pipeline == at.pipeline && other.element + 1 == at.element)
            && matches!(other.name(), Some("echo" | "printf"))
    });
    words.extend(writers.flat_map(Command::args).filter(|word| !word.text.starts_with('-') && holds_password(word)));
    words
}

/// The value of one of the options, when it is literal, and the word it stands in.
fn option_value<'c>(command: &'c Command, flags: &[&str]) -> Option<(&'c CommandWord, &'c str)> {
    let mut args = command.args().iter();
    while let Some(word) = args.next() {
        let Some(text) = word.literal.as_deref() else { continue };
        for flag in flags {
            match text.strip_prefix(flag) {
                Some("") => {
                    let value = args.next()?;
                    return Some((value, value.literal.as_deref()?));
                }
                Some(rest) if flag.starts_with("--") => {
                    if let Some(value) = rest.strip_prefix('=') {
                        return Some((word, value));
                    }
                }
                Some(rest) => return Some((word, rest)),
                // At the end of a cluster: `-fsu user:password`.
                None if !flag.starts_with("--") && is_cluster(text) && text.ends_with(flag.trim_start_matches('-')) => {
                    let value = args.next()?;
                    return Some((value, value.literal.as_deref()?));
                }
                None => {}
            }
        }
    }
    None
}

fn is_cluster(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|letters| letters.bytes().all(|b| b.is_ascii_alphabetic()))
}

fn has_letter(command: &Command, letter: char) -> bool {
    command.literals().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letter))
}

/// `user:password`, one a line, of which at least one password is written out.
fn holds_user_and_password(word: &CommandWord) -> bool {
    let text = word.literal.as_deref().unwrap_or_else(|| word.text.trim_matches(['"', '\'']));
    let mut lines = text.split('\n').flat_map(|line| line.split("\\n"));
    lines.any(|line| line.split_once(':').is_some_and(|(_, password)| is_account_password(password)))
}

/// Whether it is a password somebody could log in with: not empty, not a variable, not the mark of a locked account.
/// That it is easy to guess makes it no better.
fn is_account_password(password: &str) -> bool {
    !password.is_empty() && password != "x" && !password.starts_with(['!', '*', '%']) && !password.contains(['$', '`'])
        || password.starts_with("$1$")
        || password.starts_with("$5$")
        || password.starts_with("$6$")
        || password.starts_with("$y$")
}

fn is_login_password(password: &str) -> bool {
    !password.is_empty() && !password.contains(['$', '`']) && !is_placeholder(password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::parse;
    use crate::shell::scripts;
    use crate::text::SourceText;

    /// The source text of each password, `account` ones with a `+`.
    fn passwords(run: &str) -> Vec<String> {
        let source = SourceText::new("Dockerfile", format!("FROM x\nRUN {run}\n"));
        let dockerfile = parse(&source);
        let found = in_commands(&scripts(&dockerfile));
        let show = |secret: &CommandSecret| {
            let mark = if secret.usage == CommandSecretUse::Account { "+" } else { "" };
            format!("{mark}{}", source.slice(secret.value))
        };
        found.iter().map(show).collect()
    }

    #[test]
    fn passwords_of_accounts() {
        assert_eq!(passwords("echo 'root:s3same' | chpasswd"), ["+'root:s3same'"]);
        assert_eq!(passwords("echo \"${U}:s3same\" | sudo chpasswd -e"), ["+\"${U}:s3same\""]);
        assert_eq!(passwords("chpasswd <<< app:s3same"), ["+app:s3same"]);
        assert_eq!(
            passwords("useradd -m -p s3same app && usermod --password=s3same app"),
            ["+s3same", "+--password=s3same"]
        );
        assert_eq!(passwords("useradd -p $(openssl passwd -1 s3same) app"), ["+s3same"]);
        assert_eq!(passwords("echo s3same | passwd --stdin app"), ["+s3same"]);
        assert_eq!(passwords("htpasswd -bc /etc/users app s3same; htpasswd -nb app s3same"), ["+s3same", "+s3same"]);
        for none in [
            "echo \"app:$PASSWORD\" | chpasswd",
            "useradd -p '*' app && useradd -p '!' app && useradd -p \"$HASH\" app",
            "echo 'app:x' | cat",
            "echo app: | chpasswd",
            "passwd -l root",
            "htpasswd -c /etc/users app",
            "openssl passwd -stdin < /run/secrets/p",
        ] {
            assert_eq!(passwords(none), Vec::<String>::new(), "{none}");
        }
    }

    #[test]
    fn passwords_for_elsewhere() {
        assert_eq!(passwords("curl -f -u ci:s3same-2 u; curl -fsu ci:s3same-2 u"), ["ci:s3same-2", "ci:s3same-2"]);
        assert_eq!(
            passwords("curl --user=ci:s3same-2 u; curl -uci:s3same-2 u"),
            ["--user=ci:s3same-2", "-uci:s3same-2"]
        );
        assert_eq!(passwords("docker login -u ci -p s3same-2 registry.test"), ["s3same-2"]);
        assert_eq!(passwords("sshpass -p s3same-2 scp a b"), ["s3same-2"]);
        for none in ["curl -u $USER:$TOKEN u", "curl -u ci: u", "docker login -p changeme", "docker run -p 80:80 x"] {
            assert_eq!(passwords(none), Vec::<String>::new(), "{none}");
        }
    }
}
