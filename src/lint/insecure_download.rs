use super::fetch::Url;
use super::{Facts, Reporter};
use crate::dockerfile::{CopySource, Instruction, Keyword};
use crate::shell::{Command, CommandWord, Dialect};
use crate::text::Span;

/// A switch that turns a check off.
struct Switch {
    commands: &'static [&'static str],
    flags: &'static [&'static str],
    /// What is no longer looked at.
    lost: Lost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// The server's certificate.
    Certificate,
    /// The signature of packages or of their list.
    Signature,
}

use Lost::{Certificate, Signature};

#[rustfmt::skip]
const SWITCHES: &[Switch] = &[
    Switch { commands: &["curl"], flags: &["-k", "--insecure", "--proxy-insecure"], lost: Certificate },
    Switch { commands: &["wget"], flags: &["--no-check-certificate"], lost: Certificate },
    Switch { commands: &["aria2c"], flags: &["--check-certificate=false"], lost: Certificate },
    Switch { commands: PIP, flags: &["--trusted-host"], lost: Certificate },
    Switch { commands: &["uv"], flags: &["--allow-insecure-host", "--trusted-host"], lost: Certificate },
    Switch { commands: NPM, flags: &["--strict-ssl=false", "--no-strict-ssl"], lost: Certificate },
    Switch { commands: &["go"], flags: &["-insecure", "--insecure"], lost: Certificate },
    Switch { commands: &["svn"], flags: &["--trust-server-cert"], lost: Certificate },
    Switch { commands: &["hg"], flags: &["--insecure"], lost: Certificate },
    Switch { commands: &["skopeo", "podman", "buildah"], flags: &["--tls-verify=false"], lost: Certificate },
    Switch { commands: &["helm", "kubectl", "oc"], flags: &["--insecure-skip-tls-verify"], lost: Certificate },
    Switch { commands: &["conda", "mamba", "micromamba"], flags: &["--insecure", "-k"], lost: Certificate },
    Switch { commands: APT, flags: &["--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"], lost: Signature },
    Switch { commands: &["apk"], flags: &["--allow-untrusted"], lost: Signature },
    Switch { commands: YUM, flags: &["--nogpgcheck", "--no-gpgchecks"], lost: Signature },
    Switch { commands: &["zypper"], flags: &["--no-gpg-checks"], lost: Signature },
    Switch { commands: &["rpm"], flags: &["--nosignature"], lost: Signature },
];

const APT: &[&str] = &["apt-get", "apt", "aptitude"];
const YUM: &[&str] = &["yum", "dnf", "microdnf", "tdnf"];
const PIP: &[&str] = &["pip", "pip2", "pip3"];
const NPM: &[&str] = &["npm", "yarn", "pnpm"];
/// What package managers do without a download.
const LOCAL_VERBS: [&str; 8] = ["remove", "purge", "autoremove", "clean", "autoclean", "index", "del", "verify"];
/// Letters of curl whose value is the rest of the word or the next one.
const CURL_VALUES: &str = "AbcCdDeEFhHKmoPQrtTuUwxXyYz";

/// A setting that turns a check off when it has one of the values, as `key value` or `key=value`. Keys are in lower case.
struct Setting {
    commands: &'static [&'static str],
    /// How the key ends.
    key: &'static str,
    values: &'static [&'static str],
    lost: Lost,
}

const OFF: &[&str] = &["false", "0", "no", "off"];
const ON: &[&str] = &["true", "1", "yes", "on"];

#[rustfmt::skip]
const SETTINGS: &[Setting] = &[
    Setting { commands: NPM, key: "strict-ssl", values: OFF, lost: Certificate },
    Setting { commands: NPM, key: "enablestrictssl", values: OFF, lost: Certificate },
    Setting { commands: &["git"], key: ".sslverify", values: OFF, lost: Certificate },
    Setting { commands: &["conda", "mamba", "micromamba"], key: "ssl_verify", values: OFF, lost: Certificate },
    Setting { commands: &["composer"], key: "disable-tls", values: ON, lost: Certificate },
    Setting { commands: &["composer"], key: "secure-http", values: OFF, lost: Certificate },
    Setting { commands: YUM, key: "sslverify", values: OFF, lost: Certificate },
    Setting { commands: &["yum-config-manager", "dnf-config-manager"], key: "sslverify", values: OFF, lost: Certificate },
    Setting { commands: YUM, key: "gpgcheck", values: OFF, lost: Signature },
    Setting { commands: &["yum-config-manager", "dnf-config-manager"], key: "gpgcheck", values: OFF, lost: Signature },
    Setting { commands: APT, key: "verify-peer", values: OFF, lost: Certificate },
    Setting { commands: APT, key: "allowinsecurerepositories", values: ON, lost: Signature },
    Setting { commands: APT, key: "allowunauthenticated", values: ON, lost: Signature },
];

/// Variables that turn the check of certificates off, and the values that do; without values any one does.
const VARIABLES: [(&str, &[&str]); 9] = [
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("GIT_SSL_NO_VERIFY", &[]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("NPM_CONFIG_STRICT_SSL", &["false", "0"]),
    ("YARN_ENABLE_STRICT_SSL", &["false", "0"]),
    ("CONDA_SSL_VERIFY", OFF),
    ("PIP_TRUSTED_HOST", &[]),
    ("UV_INSECURE_HOST", &[]),
    ("GOINSECURE", &[]),
];

/// Options that name where packages come from, for sources whose packages have no signature that is checked.
const SOURCES: [(&[&str], &[&str]); 5] = [
    (PIP, &["-i", "--index-url", "--extra-index-url", "-f", "--find-links"]),
    (&["uv"], &["--index-url", "--extra-index-url", "--index", "--default-index", "-f", "--find-links"]),
    (&["gem"], &["-s", "--source", "-a", "--add"]),
    (&["conda", "mamba", "micromamba"], &["-c", "--channel"]),
    (NPM, &["--registry"]),
];

/// Reports every download that is not protected against whoever is on the way.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_scripts().flat_map(|script| &script.commands) {
        let assigned = command.assignments.iter().map(|part| (part.name.as_str(), part.value.as_deref(), part.span));
        let exports = command.args().iter().filter(|_| matches!(command.name(), Some("export" | "env")));
        let exported = exports.filter_map(|word| {
            let (name, value) = word.literal.as_deref()?.split_once('=')?;
            Some((name, Some(value), word.span))
        });
        for (name, value, span) in assigned.chain(exported) {
            variable(name, value, span, report);
        }
        switches(facts, command, report);
        settings(command, report);
        sources(facts, command, report);
        trusted_source(facts, command, report);
    }
    for instruction in facts.dockerfile.instructions.iter().map(Instruction::innermost) {
        match instruction.keyword {
            Keyword::Env | Keyword::Arg => {
                for pair in instruction.args.pairs() {
                    let value = pair.value.as_ref().map(|value| value.text.trim_matches(['"', '\'']));
                    let span = pair.value.as_ref().map_or(pair.key.span, |value| pair.key.span.to(value.span));
                    variable(&pair.key.text, value, span, report);
                }
            }
            Keyword::Add if instruction.flag("checksum").is_none() => added(instruction, report),
            _ => {}
        }
    }
}

fn off(lost: Lost, what: &str) -> String {
    match lost {
        Certificate => {
            format!("{what} turns the check of certificates off, so anybody on the way can give the build other files")
        }
        Signature => format!(
            "{what} takes packages that nobody signed, so a mirror or anybody on the way can give the build others"
        ),
    }
}

fn help(lost: Lost) -> &'static str {
    match lost {
        Certificate => {
            "install the certificate authority the server needs (`ca-certificates`, or your own), and leave the check on"
        }
        Signature => "give the package manager the key of the repository, and leave the check on",
    }
}

fn switches(facts: &Facts<'_>, command: &Command, report: &mut Reporter<'_>) {
    let Some(name) = command_name(command) else { return };
    let is_local = command.args().iter().any(|word| Url::of(word).is_some_and(|url| url.is_local()));
    if is_local || command.literals().any(|word| LOCAL_VERBS.contains(&word)) {
        return;
    }
    for switch in SWITCHES.iter().filter(|switch| switch.commands.contains(&name)) {
        for word in flags_of(command) {
            let Some(text) = word.literal.as_deref() else { continue };
            let Some(flag) = switch.flags.iter().find(|flag| is_given(name, text, flag)) else { continue };
            let span = if text.starts_with("--") { facts.part_of(word, flag) } else { word.span };
            report.push(report.at(span, off(switch.lost, flag)).help(help(switch.lost)));
        }
    }
}

/// The words of a command up to `--`.
fn flags_of(command: &Command) -> impl Iterator<Item = &CommandWord> {
    command.args().iter().take_while(|word| word.literal.as_deref() != Some("--"))
}

fn is_given(name: &str, text: &str, flag: &str) -> bool {
    let short = flag.strip_prefix('-').filter(|letter| letter.len() == 1);
    match (name, short) {
        ("curl", Some(letter)) => {
            let cluster = text.strip_prefix('-').filter(|cluster| !cluster.starts_with('-')).unwrap_or_default();
            cluster.split(|c| CURL_VALUES.contains(c)).next().is_some_and(|letters| letters.contains(letter))
        }
        _ => {
            text == flag || text.strip_prefix(flag).is_some_and(|rest| flag.starts_with("--") && rest.starts_with('='))
        }
    }
}

/// The command's name; `python -m pip` is `pip`.
fn command_name(command: &Command) -> Option<&str> {
    let name = command.name()?;
    let mut words = command.literals();
    let is_module = name.starts_with("python") && words.next() == Some("-m") && words.next() == Some("pip");
    Some(if is_module || name.starts_with("pip3.") { "pip" } else { name })
}

fn settings(command: &Command, report: &mut Reporter<'_>) {
    let Some(name) = command_name(command) else { return };
    for setting in SETTINGS.iter().filter(|setting| setting.commands.contains(&name)) {
        for (at, word) in command.args().iter().enumerate() {
            let Some(text) = word.literal.as_deref().map(str::to_ascii_lowercase) else { continue };
            let (key, value, span) = match text.split_once('=') {
                Some((key, value)) if !key.starts_with("--setopt") => (key.to_owned(), value.to_owned(), word.span),
                Some((_, option)) => match option.split_once('=') {
                    Some((key, value)) => (key.to_owned(), value.to_owned(), word.span),
                    None => continue,
                },
                None => match command.args().get(at + 1).and_then(|next| Some((next, next.literal.as_deref()?))) {
                    Some((next, value)) => (text, value.to_ascii_lowercase(), word.span.to(next.span)),
                    None => continue,
                },
            };
            let is_key = key == setting.key || key.ends_with(setting.key) && !key.starts_with('-');
            if is_key && setting.values.contains(&value.as_str()) {
                let message = off(setting.lost, &format!("`{}` set to {value}", setting.key.trim_start_matches('.')));
                report.push(report.at(span, message).help(help(setting.lost)));
            }
        }
    }
}

fn variable(name: &str, value: Option<&str>, span: Span, report: &mut Reporter<'_>) {
    let Some((name, values)) = VARIABLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) else { return };
    let is_off = value.is_some_and(|value| match values.is_empty() {
        true => !matches!(value, "" | "0" | "false") && !value.contains('$'),
        false => values.iter().any(|off| off.eq_ignore_ascii_case(value)),
    });
    if is_off {
        report.push(report.at(span, off(Certificate, name)).help(help(Certificate)));
    }
}

/// Package sources without protection, and packages and keys fetched so.
fn sources(facts: &Facts<'_>, command: &Command, report: &mut Reporter<'_>) {
    let Some(name) = command_name(command) else { return };
    let options = SOURCES.iter().filter(|(commands, _)| commands.contains(&name)).flat_map(|(_, options)| *options);
    let options: Vec<&str> = options.copied().collect();
    let is_rpm = name == "rpm" || YUM.contains(&name);
    let mut is_value = false;
    for word in command.args() {
        let text = word.literal.as_deref().unwrap_or(&word.text);
        let attached = options.iter().find_map(|option| text.strip_prefix(option)?.strip_prefix('='));
        let is_source = std::mem::take(&mut is_value) || attached.is_some();
        is_value = options.contains(&text) || (NPM.contains(&name) && text == "registry");
        let address = attached.unwrap_or(text);
        let Some(url) = Url::parse(address).filter(Url::is_unprotected) else { continue };
        let span = facts.part_of(word, address);
        if is_source {
            let message =
                format!("{name} gets packages over plain {}, where anybody on the way can change them", scheme(url));
            report.push(report.at(span, message).help("use the https:// address of the source"));
        } else if url.scheme.starts_with("git+") && (PIP.contains(&name) || name == "uv") {
            let message =
                format!("{name} clones over plain {}, where anybody on the way can change the code", scheme(url));
            report.push(report.at(span, message).help("use the git+https:// address of the repository"));
        } else if name == "git" && command.subcommand(&["-c", "-C"]) == Some("clone") {
            let message =
                format!("git clones over plain {}, where anybody on the way can change the code", scheme(url));
            report.push(report.at(span, message).help("use the https:// address of the repository"));
        } else if is_rpm && (url.path.ends_with(".rpm") || command.has_flag(&["--import"])) {
            let message = format!("{name} takes this over plain {}, and checks no signature on it", scheme(url));
            report
                .push(report.at(span, message).help("use its https:// address, and give rpm the key of who signed it"));
        }
    }
}

fn scheme(url: Url<'_>) -> &'static str {
    match url.scheme.to_ascii_lowercase().trim_start_matches("git+") {
        "ftp" => "FTP",
        "git" => "git://",
        _ => "HTTP",
    }
}

/// `deb [trusted=yes] …` of a repository that is not a folder.
fn trusted_source(facts: &Facts<'_>, command: &Command, report: &mut Reporter<'_>) {
    const OPTION: &str = "trusted=yes";
    // A script in a word is read as commands of its own.
    if command.name().is_some_and(|name| Dialect::of_shell(name).is_some()) {
        return;
    }
    for word in command.args() {
        let Some((_, rest)) = word.text.split_once(OPTION) else { continue };
        let address = rest.split_once(']').map_or("", |(_, address)| address.trim_start());
        let is_folder = ["file:", "copy:", "/", "./"].iter().any(|scheme| address.starts_with(scheme));
        if rest.contains(']') && !is_folder {
            report.push(report.at(facts.part_of(word, OPTION), off(Signature, OPTION)).help(help(Signature)));
        }
    }
}

/// ADD of a file over plain HTTP that no checksum is known of.
fn added(instruction: &Instruction, report: &mut Reporter<'_>) {
    for source in instruction.copy_sources_and_dest().into_iter().flat_map(|copying| copying.sources) {
        let CopySource::Path(word) = source else { continue };
        if let Some(url) = Url::parse(&word.text).filter(Url::is_unprotected) {
            let message = format!("ADD takes this over plain {}, where anybody on the way can change it", scheme(url));
            let help = "use its https:// address, or add `--checksum=sha256:…`";
            report.push(report.at(word.span, message).help(help));
        }
    }
}
