use super::{Facts, Reporter};
use crate::secrets::CommandSecretUse;

/// Reports every account password that is written in the Dockerfile, on the word that holds it.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for secret in facts.command_secrets.iter().filter(|secret| secret.usage == CommandSecretUse::Account) {
        let taker = facts.dockerfile.source.slice(secret.taker);
        let message = format!(
            "{taker} is given a password that stands in the Dockerfile: every container has the same one, and everybody who \
             can pull the image can read it"
        );
        let help = "leave the account without a password, which locks it; where a login is meant, set it at run time";
        report.push(facts.if_shipped(report.at(secret.value, message).help(help)));
    }
}
