use super::written;
use super::{Facts, Reporter};

/// Reports every sshd setting that lets root, or anybody without a password, log in.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let settings = [
        ("PermitRootLogin", "root may log in over SSH with a password, which is there to be guessed"),
        ("PermitEmptyPasswords", "accounts without a password may log in over SSH, so anybody may"),
    ];
    for (key, message) in settings {
        for span in written::places(facts, |text| written::setting(text, key, &["yes"])) {
            let help = "leave the SSH server out of the image, or let it take keys only, and not for root";
            report.push(facts.if_shipped(report.at(span, message).help(help)));
        }
    }
}
