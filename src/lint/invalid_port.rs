use super::{Facts, Reporter};
use crate::dockerfile::{Keyword, expand_words};

/// Reports every EXPOSE of a port above 65535.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (index, expose) in facts.instructions_of(Keyword::Expose) {
        for word in expose.args.words() {
            let expanded = facts
                .environments
                .get(index)
                .and_then(|env| expand_words(&word.text, env, facts.dockerfile.escape).ok());
            for ports in expanded.unwrap_or_else(|| vec![word.text.clone()]) {
                let Some(port) = too_high(&ports) else { continue };
                let message = format!("there is no port {port}: ports end at 65535");
                report.push(report.at(word.span, message).subject(ports.clone()));
            }
        }
    }
}

/// The first number of `port[-port][/protocol]` that is above 65535.
fn too_high(ports: &str) -> Option<&str> {
    let ports = ports.split('/').next()?;
    ports
        .split(['-', ':'])
        .map(str::trim)
        .find(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_err())
}
