use super::{Facts, Reporter, edits};
use crate::dockerfile::{Args, Instruction, Keyword, Word, expand_words};
use crate::finding::Fix;

/// Ports `first` to `last` of one protocol, or of any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ports<'a> {
    first: u16,
    last: u16,
    protocol: Option<&'a str>,
}

impl<'a> Ports<'a> {
    /// Reads `22`, `8000-8100`, `22/tcp`, `ALL`, and what docker run takes before the port (`8080:80`, `1.2.3.4:80:80`).
    fn parse(text: &'a str) -> Option<Self> {
        let (ports, protocol) = match text.trim().split_once('/') {
            Some((ports, protocol)) => (ports, Some(protocol)),
            None => (text.trim(), None),
        };
        let ports = ports.rsplit(':').next()?;
        if ports.eq_ignore_ascii_case("all") {
            return Some(Self { first: 0, last: u16::MAX, protocol });
        }
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last).then_some(Self { first, last, protocol })
    }

    fn is_all(self) -> bool {
        (self.first, self.last) == (0, u16::MAX)
    }

    fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last && self.same_protocol(other)
    }

    fn is_within(self, other: Self) -> bool {
        other.first <= self.first && self.last <= other.last && self.same_protocol(other)
    }

    fn same_protocol(self, other: Self) -> bool {
        match (self.protocol, other.protocol) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => true,
        }
    }
}

/// Reports every port of an EXPOSE that the policy denies, or that is not among those it allows.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let denied: Vec<Ports<'_>> = report.params().list("denied-ports").iter().filter_map(|p| Ports::parse(p)).collect();
    let allowed_names = report.params().list("allowed-ports");
    let allowed: Vec<Ports<'_>> = allowed_names.iter().filter_map(|p| Ports::parse(p)).collect();
    for (index, instruction) in facts.dockerfile.instructions.iter().enumerate() {
        let words = exposed(instruction);
        for (at, word) in words.iter().enumerate() {
            let expanded = facts
                .environments
                .get(index)
                .and_then(|env| expand_words(&word.text, env, facts.dockerfile.escape).ok());
            let ports = expanded.unwrap_or_else(|| vec![word.text.clone()]);
            // A list of all that is allowed, or none, is no use where what is exposed is for the build to say.
            let is_for_all = !allowed_names.is_empty() || denied.iter().any(|d| d.is_all());
            if is_for_all && word.text.contains('$') && !ports.iter().any(|port| Ports::parse(port).is_some()) {
                let why = format!(
                    "what `{}` exposes is known to the build alone, and the policy says which ports may be",
                    word.text
                );
                let help = "write the port out, or give the build argument a default";
                report.push(report.at(word.span, why).subject(&word.text).help(help));
                continue;
            }
            let is_alone = ports.len() == 1;
            for port in ports {
                let Some(ports) = Ports::parse(&port) else { continue };
                let why = if let Some(wanted) = denied.iter().find(|d| d.overlaps(ports)) {
                    denied_message(&port, *wanted)
                } else if !allowed_names.is_empty() && !allowed.iter().any(|a| ports.is_within(*a)) {
                    format!("port {port} is exposed, and the policy allows {} only", allowed_names.join(", "))
                } else {
                    continue;
                };
                let mut finding = report.at(word.span, why).subject(port);
                let edit = match words.len() {
                    1 => edits::without(facts, instruction),
                    _ => edits::without_word(words, at),
                };
                let edit = edit.filter(|_| is_alone);
                finding.fix = edit.map(|edit| Fix::unsafe_("expose the port no more", vec![edit]));
                report
                    .push(finding.help(
                        "take the EXPOSE out, or allow the port in the policy (`exposed-port`) with your reason",
                    ));
            }
        }
    }
}

fn denied_message(port: &str, denied: Ports<'_>) -> String {
    match (denied.first, denied.last) {
        (22, 22) => format!("port {port} is exposed, which lets SSH into the container"),
        (first, last) if first == last => format!("port {port} is exposed, and the policy denies it"),
        (first, last) => format!("port {port} is exposed, and the policy denies {first} to {last}"),
    }
}

fn exposed(instruction: &Instruction) -> &[Word] {
    match (instruction.keyword, &instruction.args) {
        (Keyword::Expose, Args::Words(words)) => words,
        _ => &[],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_docker_reads_them() {
        let ports = |first, last, protocol| Some(Ports { first, last, protocol });
        assert_eq!(Ports::parse("22"), ports(22, 22, None));
        assert_eq!(Ports::parse("8000-8100/udp"), ports(8000, 8100, Some("udp")));
        assert_eq!(Ports::parse("8080:22/tcp"), ports(22, 22, Some("tcp")));
        assert_eq!(Ports::parse("ALL"), ports(0, 65535, None));
        for bad in ["", "ssh", "70000", "9-8", "NONE", "-"] {
            assert_eq!(Ports::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_denied_port_inside_a_range_counts_and_another_protocol_does_not() {
        let parse = |text| Ports::parse(text).unwrap();
        assert!(parse("22").overlaps(parse("20-25/tcp")));
        assert!(!parse("22/udp").overlaps(parse("22/tcp")));
        assert!(parse("443").is_within(parse("400-500")));
        assert!(!parse("443-600").is_within(parse("400-500")));
    }
}
