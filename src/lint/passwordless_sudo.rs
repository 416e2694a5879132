use super::written;
use super::{Facts, Reporter};

/// Reports every sudo rule that asks for no password.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    const WORD: &str = "NOPASSWD";
    for span in written::places(facts, |text| text.find(WORD).map(|at| at..at + WORD.len())) {
        let message = "a user who may call sudo without a password is root by another name, whatever USER says";
        let help = "do what needs root in the build, before the USER line, and leave sudo out of the image";
        report.push(facts.if_shipped(report.at(span, message).help(help)));
    }
}
