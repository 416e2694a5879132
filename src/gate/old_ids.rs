//! The trigger ids of Anchore that are hashes. Where a gate of the 2017 tool, or of the engine after it, had no id of its own for what
//! it found, the id was the MD5 of gate, trigger and message, and old whitelists name such ids. For messages that hold nothing but
//! what a finding knows, the hash is made again; those of a message that never changes are listed.

use md5::{Digest, Md5};

use crate::finding::{Finding, Place};
use crate::rule::Params;

/// Gate and trigger, and the hash of their only message.
const CONSTANT: [(&str, &str); 7] = [
    ("DOCKERFILECHECK:FROMSCRATCH", "df67f5e02a6f2c23a3c597f02e151a60"),
    ("DOCKERFILECHECK:NODOCKERFILE", "5e725823cde9f14c27bf553ebc4ca75d"),
    ("DOCKERFILECHECK:NOFROM", "aee31368fd42926c863554d43e5d19b7"),
    ("DOCKERFILECHECK:NOHEALTHCHECK", "dc681d2a4f55e81f9c985c623e45f59c"),
    ("FILEPARSE_PASSWD:FILENOTSTORED", "e21302456f674bcd0c4c43a662a67a10"),
    ("PKGDIFF:PKGDIFF", "f2ceb402719a17ebe5c2dcb6a2261ff0"),
    ("SUIDDIFF:SUIDDIFF", "8caac759efcd5069e2d755822187e19b"),
];

/// The ids the 2017 tool may have given what a finding of a run with these parameters found; none where they cannot be made again.
pub(super) fn of(finding: &Finding, trigger: &str, params: &Params) -> Vec<String> {
    let trigger = trigger.to_ascii_uppercase();
    if let Some((_, id)) = CONSTANT.iter().find(|(known, _)| *known == trigger) {
        return vec![(*id).to_owned()];
    }
    let Some((gate, name)) = trigger.split_once(':') else { return Vec::new() };
    messages(finding, gate, name, params).iter().map(|message| hash(&[gate, name, message])).collect()
}

/// What the 2017 tool may have said.
fn messages(finding: &Finding, gate: &str, name: &str, params: &Params) -> Vec<String> {
    let (subject, text) = (&finding.subject, finding.place().text());
    match (gate, name) {
        ("PKGBLACKLIST" | "NPMCHECK" | "GEMCHECK", _) if name.ends_with("FULLMATCH") || name.ends_with("NAMEMATCH") => {
            vec![format!("Package is blacklisted: {subject}")]
        }
        ("NPMCHECK" | "GEMCHECK", "NPMNOTOFFICIAL" | "GEMNOTOFFICIAL") => {
            let registry = name.get(..3).unwrap_or_default();
            vec![format!("Package ({subject}) in container but not in official {registry} feed.")]
        }
        ("PKGCHECK", _) => {
            let of = |list| params.list(list).iter().filter_map(|item| item.split_once('|'));
            let versions = of("exact-versions").chain(of("minimum-versions")).filter(|(name, _)| *name == subject);
            let versions = versions.map(|(name, version)| format!("{name}-{version}"));
            let missing = |what| format!("input package ({what}) is not present in container image");
            versions.chain([subject.clone()]).map(missing).collect()
        }
        ("DOCKERFILECHECK", "NOTAG") => {
            let name = arguments(line(finding));
            vec![format!("'FROM' container does not specify a non-latest container tag - ({name})")]
        }
        ("DOCKERFILECHECK", "SUDO") => vec![format!("Dockerfile contains a 'sudo' command: {}", line(finding))],
        ("DOCKERFILECHECK", "VOLUMEPRESENT") => vec![format!("Dockerfile contains a VOLUME line: {}", line(finding))],
        ("DOCKERFILECHECK", "EXPOSE") => {
            // As Python prints a list of texts.
            let words: Vec<String> = arguments(line(finding)).split_whitespace().map(|w| format!("u'{w}'")).collect();
            let all = words.join(", ");
            vec![
                format!("Dockerfile exposes port ({text}) which is in policy file DENIEDPORTS list"),
                format!("Dockerfile exposes port ({text}) which is not in policy file ALLOWEDPORTS list"),
                format!("Dockerfile exposes network ports but policy sets DENIEDPORTS=ALL: [{all}]"),
                format!("Dockerfile exposes network ports but policy sets ALLOWEDPORTS=NONE: [{all}]"),
            ]
        }
        ("FILECHECK" | "SECRETCHECK", "FILENAMEMATCH") => {
            let said = "application of regexp matched file found in container:";
            // Every bar separated two expressions, and a blank ended one.
            let given = params.list("name-regexp").iter().map(String::as_str).chain([params.str("name-regexp")]);
            let alternatives = given.flat_map(|given| given.split('|')).filter_map(|one| one.split(' ').next());
            alternatives.map(|one| format!("{said} file={subject} regexp={one}")).collect()
        }
        ("FILEPARSE_PASSWD", "PENTRYMATCH") => {
            let entries = params.list("entries").iter();
            let own = entries.filter(|entry| entry.split(':').next() == Some(subject));
            own.map(|e| format!("Blacklisted pentry '{e}' found in image's /etc/passwd: pentry={e}")).collect()
        }
        _ => Vec::new(),
    }
}

/// The line a finding begins on, without blanks around it; empty outside of texts.
fn line(finding: &Finding) -> &str {
    match finding.place() {
        Place::Source { source, span } => source.slice(source.line_span(source.line(span.start))).trim(),
        Place::File { .. } | Place::Image(_) => "",
    }
}

/// What stands behind the first word.
fn arguments(line: &str) -> &str {
    line.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start())
}

/// The ids the engine may have given what a finding of a run with these parameters found: as many as there are ways in which it may
/// have told it.
pub(super) fn of_engine(finding: &Finding, trigger: &str, params: &Params) -> Vec<String> {
    let trigger = trigger.to_ascii_lowercase();
    let Some((gate, name)) = trigger.split_once(':') else { return Vec::new() };
    let subject = &finding.subject;
    let messages = match (gate, name) {
        ("dockerfile", "effective_user") => {
            let is_allowed = !params.list("allowed-users").is_empty();
            let why =
                if is_allowed { "which is not on the allowed list" } else { "which is explicity not allowed list" };
            vec![format!("User {subject} found as effective user, {why}")]
        }
        ("dockerfile", "exposed_ports") => {
            let is = if params.list("denied-ports").is_empty() {
                "not in policy file ALLOWEDPORTS"
            } else {
                "in policy file DENIEDPORTS"
            };
            let number = subject.split('/').next().unwrap_or(subject);
            [number, subject].map(|port| format!("Dockerfile exposes port ({port}) which is {is} list")).into()
        }
        ("dockerfile", "instruction") => {
            let (keyword, check, value) =
                (params.str("instruction").to_ascii_uppercase(), params.str("check"), params.str("value"));
            let text = finding.place().text();
            let line = text.get(keyword.len()..).unwrap_or_default().trim();
            vec![match check {
                "not_exists" => {
                    format!("Dockerfile directive '{keyword}' not found, matching condition '{check}' check")
                }
                _ => format!(
                    "Dockerfile directive '{keyword}' check '{check}' matched against '{value}' for line '{line}'"
                ),
            }]
        }
        ("dockerfile", "no_dockerfile_provided") => vec!["Image was not analyzed with an actual Dockerfile".to_owned()],
        ("files", "name_match") => {
            let expression = params.str("name-regexp");
            vec![format!("Application of regex matched file found in container: file={subject} regexp={expression}")]
        }
        ("npms", "blacklisted_name_version") => vec![format!("NPM Package is blacklisted: {subject}")],
        ("packages", "blacklist") => vec![format!("Package is blacklisted: {subject}")],
        ("packages", "required_package") => {
            let versions = params.list("exact-versions").iter().chain(params.list("minimum-versions"));
            let items = versions.map(|item| item.replace('|', ",")).chain(params.list("names").iter().cloned());
            items.map(|item| format!("Required input package ({item}) is not present in container image")).collect()
        }
        ("passwd_file", "content_not_available") => {
            vec!["Cannot locate /etc/passwd in image stored files archive: check analyzer settings.".to_owned()]
        }
        ("ruby_gems", "blacklist") => vec![format!("Gem Package is blacklisted: {subject}")],
        _ => Vec::new(),
    };
    messages.iter().map(|message| hash(&[gate, name, message])).collect()
}

fn hash(parts: &[&str]) -> String {
    let mut hash = Md5::new();
    parts.iter().for_each(|part| hash.update(part.as_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, file};
    use super::*;
    use crate::rule::{self, Value};

    #[test]
    fn old_ids_are_made_again() {
        // Made with the 2017 tool's own way of making them.
        let case = Case::new(0).layer([file("/root/.ssh/id_rsa")], []).packages([("telnet", "0.17-1")]);
        let params = |rule: &str, name: &str, value: &str| {
            Params::new(rule::find(rule).unwrap(), [(name.to_owned(), Value::Str(value.to_owned()))]).unwrap()
        };
        for (rule, param, value, trigger, id) in [
            ("denied-package", "names", "telnet", "PKGBLACKLIST:PKGNAMEMATCH", "76049e9fcfa00dae23efc591f585b76c"),
            (
                "denied-package-version",
                "versions",
                "telnet|0.17-1",
                "PKGBLACKLIST:PKGFULLMATCH",
                "8e6aa6aaba55c5a7d01baaa12f3b20e6",
            ),
            (
                "file-name-matched",
                "name-regexp",
                ".*/.ssh/id_rsa$",
                "FILECHECK:FILENAMEMATCH",
                "4977677c807f5562d9a7ec0b86d8abcc",
            ),
            (
                "secret-name-matched",
                "name-regexp",
                "/nothing|.*/.ssh/id_rsa$",
                "SECRETCHECK:FILENAMEMATCH",
                "cb7cef008aff341b31a4fe9c6ca86d55",
            ),
            (
                "required-package-missing",
                "exact-versions",
                "nope|1",
                "PKGCHECK:PKGNOTPRESENT",
                "421c31c2c8cd7055e83ac9166f9b0f66",
            ),
        ] {
            let found = case.run(rule, &[(param, value)]);
            assert!(of(&found[0], trigger, &params(rule, param, value)).contains(&id.to_owned()), "{trigger}");
        }
        let dockerfile = Case::new(0).layer([], []).dockerfile("FROM a:1\nRUN sudo make\nEXPOSE 22\n");
        let mut exposed = Case::new(0).layer([], []);
        exposed.config.config.exposed_ports.insert("22/tcp".into(), serde_json::Value::Null);
        let like: &[(&str, &str)] = &[("instruction", "RUN"), ("check", "like"), ("value", ".*sudo.*")];
        for (case, rule, given, trigger, id) in [
            (
                &case,
                "denied-package",
                &[("names", "telnet")][..],
                "packages:blacklist",
                "b983a3e51814d6e61cd74f8f41d0791d",
            ),
            (
                &case,
                "denied-package-version",
                &[("versions", "telnet|0.17-1")],
                "packages:blacklist",
                "c0e666b781ef8a49f37f37bb4c8b720d",
            ),
            (
                &case,
                "file-name-matched",
                &[("name-regexp", ".*/.ssh/id_rsa$")],
                "files:name_match",
                "2700854974a7bac28a8f7774e8cd8199",
            ),
            (
                &exposed,
                "denied-exposed-port",
                &[("denied-ports", "22")],
                "dockerfile:exposed_ports",
                "cc05c35507995b4a657b63f9b0baa281",
            ),
            (&dockerfile, "denied-instruction", like, "dockerfile:instruction", "7981c87afd24d0b0389cff8ccebde204"),
            (
                &case,
                "required-package-missing",
                &[("exact-versions", "curl|7")],
                "packages:required_package",
                "486687a884b6de51420603817af176c2",
            ),
        ] {
            let found = case.run(rule, given);
            let values = given.iter().map(|(name, value)| ((*name).to_owned(), Value::Str((*value).to_owned())));
            let params = Params::new(rule::find(rule).unwrap(), values).unwrap();
            assert!(of_engine(&found[0], trigger, &params).contains(&id.to_owned()), "{trigger}");
        }
        let missing = Case::new(0).layer([], []).run("passwd-missing", &[]);
        let none = Params::default();
        assert_eq!(of(&missing[0], "FILEPARSE_PASSWD:FILENOTSTORED", &none), ["e21302456f674bcd0c4c43a662a67a10"]);
        assert!(of(&missing[0], "FILEPARSE_PASSWD:SHELLMATCH", &none).is_empty());
    }
}
