//! The trigger ids of 2017 that are hashes. Where a gate of that tool had no id of its own for what it found, the id was the MD5
//! of gate, trigger and message, and old whitelists name such ids. For messages that hold nothing but what a finding knows, the
//! hash is made again; those of a message that never changes are listed.

use md5::{Digest, Md5};

use crate::finding::Finding;
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

/// The id the 2017 tool gave what a finding of a run with these parameters found; `None` where it cannot be made again.
pub(super) fn of(finding: &Finding, trigger: &str, params: &Params) -> Option<String> {
    let trigger = trigger.to_ascii_uppercase();
    if let Some((_, id)) = CONSTANT.iter().find(|(known, _)| *known == trigger) {
        return Some((*id).to_owned());
    }
    let (gate, name) = trigger.split_once(':')?;
    let (subject, text) = (&finding.subject, finding.place().text());
    let message = match (gate, name) {
        ("PKGBLACKLIST" | "NPMCHECK" | "GEMCHECK", _) if name.ends_with("FULLMATCH") || name.ends_with("NAMEMATCH") => {
            format!("Package is blacklisted: {subject}")
        }
        ("DOCKERFILECHECK", "NOTAG") => {
            format!("'FROM' container does not specify a non-latest container tag - ({text})")
        }
        ("DOCKERFILECHECK", "EXPOSE") if !params.list("denied-ports").is_empty() => {
            format!("Dockerfile exposes port ({text}) which is in policy file DENIEDPORTS list")
        }
        ("DOCKERFILECHECK", "EXPOSE") if !params.list("allowed-ports").is_empty() => {
            format!("Dockerfile exposes port ({text}) which is not in policy file ALLOWEDPORTS list")
        }
        ("FILECHECK", "FILENAMEMATCH") => {
            let expression = params.str("name-regexp");
            format!("application of regexp matched file found in container: file={subject} regexp={expression}")
        }
        _ => return None,
    };
    Some(hash(&[gate, name, &message]))
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
        ] {
            let found = case.run(rule, &[(param, value)]);
            assert_eq!(of(&found[0], trigger, &params(rule, param, value)).unwrap(), id, "{trigger}");
        }
        let missing = Case::new(0).layer([], []).run("passwd-missing", &[]);
        let none = Params::default();
        assert_eq!(
            of(&missing[0], "FILEPARSE_PASSWD:FILENOTSTORED", &none).unwrap(),
            "e21302456f674bcd0c4c43a662a67a10"
        );
        assert_eq!(of(&missing[0], "FILEPARSE_PASSWD:SHELLMATCH", &none), None);
    }
}
