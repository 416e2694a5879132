//! Instructions, the user, the ports and the volumes an image comes to: what the engine's `dockerfile` gate asks, and more.

use super::compare::Comparison;
use super::{Facts, Reporter, effective_user};
use crate::dockerfile::{Dockerfile, Instruction};
use crate::finding::Finding;
use crate::trace::{Maker, instruction_of};

/// An instruction as it was written, or as the history has it.
struct Step {
    keyword: &'static str,
    arguments: String,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    /// Index into the Dockerfile's instructions.
    Dockerfile(usize),
    /// Index into the image's history.
    History(usize),
}

/// The Dockerfile's instructions; without one what the history tells of them, unless only a Dockerfile is wanted.
fn steps(facts: &Facts<'_>, dockerfile_only: bool) -> Vec<Step> {
    match facts.dockerfile {
        Some(dockerfile) => of_dockerfile(dockerfile, |_| true),
        None if dockerfile_only => Vec::new(),
        None => of_history(facts),
    }
}

fn of_dockerfile(dockerfile: &Dockerfile, is_wanted: impl Fn(&Instruction) -> bool) -> Vec<Step> {
    let wanted = dockerfile.instructions.iter().enumerate().filter(|(_, instruction)| is_wanted(instruction));
    let step = |(index, instruction): (usize, &Instruction)| Step {
        keyword: instruction.keyword.name(),
        arguments: dockerfile.arguments(instruction),
        at: At::Dockerfile(index),
    };
    wanted.map(step).collect()
}

fn of_history(facts: &Facts<'_>) -> Vec<Step> {
    let step = |(index, entry)| {
        let (keyword, arguments) = instruction_of(entry)?;
        Some(Step { keyword: keyword.name(), arguments, at: At::History(index) })
    };
    facts.image.config.history.iter().enumerate().filter_map(step).collect()
}

fn told(report: &Reporter<'_>, at: At, message: String) -> Finding {
    match at {
        At::Dockerfile(index) => report.at_instruction(index, message),
        At::History(entry) => report.in_history(entry, message),
    }
}

/// Starts a finding about a setting of the image's config: at the last instruction of this keyword that names it, of USER at the last;
/// at the image where none does.
pub(super) fn at_setting(
    facts: &Facts<'_>,
    report: &Reporter<'_>,
    keyword: &str,
    name: &str,
    message: String,
) -> Finding {
    match setter(facts, keyword, name) {
        Some(at) => told(report, at, message),
        None => report.on_image(message),
    }
}

/// Who made a setting. The history of an image that is traced knows best: it has what variables came to, and no other stage.
fn setter(facts: &Facts<'_>, keyword: &str, name: &str) -> Option<At> {
    let history = of_history(facts);
    let last = |steps: &[Step]| steps.iter().rev().find(|step| step.names(keyword, name)).map(|step| step.at);
    let Some(dockerfile) = facts.dockerfile else { return last(&history) };
    let makers = facts.trace.map_or(&[][..], |trace| &trace.history);
    let is_known = |step: &&Step| match step.at {
        At::History(entry) => makers.get(entry).is_some_and(|maker| *maker != Maker::Unknown),
        At::Dockerfile(_) => true,
    };
    let traced = history.iter().rev().filter(is_known).find(|step| step.names(keyword, name)).map(|step| step.at);
    let of_final_stage = || {
        let chain = dockerfile.final_stage().map(|stage| dockerfile.stage_chain(stage.index)).unwrap_or_default();
        last(&of_dockerfile(dockerfile, |i| i.stage.is_some_and(|stage| chain.contains(&stage))))
    };
    traced.or_else(of_final_stage)
}

impl Step {
    /// Whether it is of a keyword and names a setting; every USER names the user.
    fn names(&self, keyword: &str, name: &str) -> bool {
        let words = self.arguments.split([' ', '\t', '\n', '=', ',', '[', ']', '{', '}', '"', '\'']);
        self.keyword == keyword
            && match keyword {
                "USER" => true,
                "EXPOSE" => words.flat_map(|word| word.split(':')).any(|word| exposes(word, name)),
                _ => words.into_iter().any(|word| word == name),
            }
    }
}

/// Whether a word of an EXPOSE, `80`, `8000-8010` or `53/udp`, is about the port that a config calls `80/tcp`.
fn exposes(word: &str, port: &str) -> bool {
    let number = |port: &str| port.split('/').next().and_then(|number| number.parse::<u16>().ok());
    let (low, high) = word.split_once('-').unwrap_or((word, word));
    match (number(low), number(high), number(port)) {
        (Some(low), Some(high), Some(port)) => (low..=high).contains(&port),
        _ => false,
    }
}

/// Instructions that compare as the policy says, or that there is none of.
pub fn denied_instruction(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let only = params.bool("dockerfile-only");
    if only && facts.dockerfile.is_none() {
        return;
    }
    let keyword = params.str("instruction").to_ascii_uppercase();
    let comparison = match Comparison::new(params.str("check"), params.str("value")) {
        Ok(comparison) => comparison,
        Err(why) => return report.push(report.on_image(format!("instructions were not compared: {why}"))),
    };
    let steps: Vec<Step> = steps(facts, only).into_iter().filter(|step| step.keyword == keyword).collect();
    if matches!(comparison, Comparison::NotExists) {
        if steps.is_empty() {
            let message = format!("there is no {keyword}, and the policy asks for one");
            report.push(report.on_image(message).subject(&keyword));
        }
        return;
    }
    for step in steps.iter().filter(|step| comparison.holds(&step.arguments)) {
        let message = format!("this {keyword} {}, and the policy does not want that", comparison.told());
        report.push(told(report, step.at, message).subject(format!("{keyword} {}", comparison.told())));
    }
}

/// Tells of an image that runs as a user the policy denies or does not allow.
pub fn denied_effective_user(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let (denied, allowed) = (report.params().list("denied-users"), report.params().list("allowed-users"));
    let user = effective_user(facts.image, facts.tree);
    let name = if user.name.is_empty() { "root" } else { user.name.as_str() };
    let uid = user.uid.map(|uid| uid.to_string());
    let is_among = |users: &[String]| {
        users.iter().any(|wanted| {
            let is_root = user.uid == Some(0) && wanted == "root";
            wanted == name || uid.as_ref() == Some(wanted) || is_root
        })
    };
    let message = if is_among(denied) {
        format!("the image runs as {name}, and the policy denies this user")
    } else if !allowed.is_empty() && !is_among(allowed) {
        format!("the image runs as {name}, who is not among the users the policy allows: {}", allowed.join(", "))
    } else {
        return;
    };
    let finding = at_setting(facts, report, "USER", name, message);
    report.push(finding.subject(name).help("add a USER with one of the users that are allowed"));
}

/// Ports of the image's config that the policy denies or does not allow.
pub fn denied_exposed_port(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    if params.bool("dockerfile-only") && facts.dockerfile.is_none() {
        return;
    }
    let (denied, allowed) = (params.list("denied-ports"), params.list("allowed-ports"));
    for port in facts.image.config.config.exposed_ports.keys() {
        let number = port.split('/').next().unwrap_or(port);
        let is_among = |ports: &[String]| {
            ports.iter().any(|wanted| wanted.eq_ignore_ascii_case(port) || wanted == number || wanted == "*")
        };
        let message = if is_among(denied) {
            format!("the image exposes {port}, and the policy denies this port")
        } else if !allowed.is_empty() && !is_among(allowed) {
            format!("the image exposes {port}, which is not among the ports the policy allows: {}", allowed.join(", "))
        } else {
            continue;
        };
        // A port behind a variable may be any.
        let may_expose = || {
            let steps = steps(facts, true);
            let is_any = steps.iter().any(|step| step.keyword == "EXPOSE" && step.arguments.contains('$'));
            is_any || steps.iter().any(|step| step.names("EXPOSE", port))
        };
        if params.bool("dockerfile-only") && !may_expose() {
            continue;
        }
        report.push(at_setting(facts, report, "EXPOSE", port, message).subject(port));
    }
}

/// Directories of the system: no volume may lie over them.
const SYSTEM: [&str; 9] =
    ["/", "/bin", "/etc", "/lib", "/root", "/sbin", "/usr", "/run/docker.sock", "/var/run/docker.sock"];
/// Directories of the kernel and the boot loader: no volume may lie over them or in them.
const KERNEL: [&str; 4] = ["/boot", "/dev", "/proc", "/sys"];

/// Volumes of the image's config over directories of the system.
pub fn sensitive_volume(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for volume in facts.image.config.config.volumes.keys() {
        let path = if volume.trim_matches('/').is_empty() { "/" } else { volume.trim_end_matches('/') };
        let is_below =
            |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if !SYSTEM.contains(&path) && !KERNEL.into_iter().any(is_below) {
            continue;
        }
        let message =
            format!("the image declares a volume over {path}, a part of the system that containers then share");
        let finding = at_setting(facts, report, "VOLUME", volume, message);
        report.push(finding.subject(path).help("declare volumes for the application's own data alone"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages, text};
    use crate::finding::Finding;
    use crate::image::History;
    use crate::trace::{Maker, Trace};

    fn places(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(|f| format!("{}: {}", f.place().text(), f.message())).collect()
    }

    fn history(created_by: &str) -> History {
        History { created_by: created_by.to_owned(), ..History::default() }
    }

    #[test]
    fn instructions_are_compared_in_the_dockerfile() {
        let case = Case::new(0).layer([file("/x")], []).dockerfile("FROM debian:12\nUSER me\nRUN curl \\\n  -k x\n");
        let run = |check, value| {
            case.run("denied-instruction", &[("instruction", "run"), ("check", check), ("value", value)])
        };
        assert_eq!(
            places(&run("like", "curl -k")),
            ["RUN curl \\\n  -k x: this RUN matches `curl -k`, and the policy does not want that"]
        );
        assert!(run("like", "wget").is_empty() && run("not_exists", "").is_empty());
        assert_eq!(run("exists", "").len(), 1);
        assert_eq!(run("!=", "curl").len(), 1);
        let missing = case.run("denied-instruction", &[("instruction", "HEALTHCHECK"), ("check", "not_exists")]);
        assert_eq!(messages(&missing), ["- there is no HEALTHCHECK, and the policy asks for one"]);
    }

    #[test]
    fn without_a_dockerfile_the_history_is_read() {
        let mut case = Case::new(0).layer([file("/x")], []);
        case.config.history =
            vec![history("/bin/sh -c #(nop)  USER root"), history("RUN /bin/sh -c apt-get install sudo # buildkit")];
        let run = |only: &str| {
            let params = [("instruction", "RUN"), ("check", "like"), ("value", ".*sudo"), ("dockerfile-only", only)];
            messages(&case.run("denied-instruction", &params))
        };
        assert_eq!(run("false"), ["- this RUN matches `.*sudo`, and the policy does not want that"]);
        assert!(run("true").is_empty());
    }

    #[test]
    fn users_are_compared_by_name_and_id() {
        let mut case = Case::new(0).layer([text("/etc/passwd", "root:x:0:0::/:/bin/sh\nweb:x:33:33::/:/bin/sh\n")], []);
        let run = |case: &Case, list: &str, users: &[&str]| {
            messages(&case.run_with("denied-effective-user", &[(list, users)]))
        };
        assert_eq!(
            run(&case, "denied-users", &["root"]),
            ["- the image runs as root, and the policy denies this user"]
        );
        assert_eq!(run(&case, "denied-users", &["0"]).len(), 1);
        case.config.config.user = "web:web".into();
        assert!(run(&case, "denied-users", &["root", "0"]).is_empty());
        assert!(run(&case, "allowed-users", &["33"]).is_empty());
        assert_eq!(
            run(&case, "allowed-users", &["app"]),
            ["- the image runs as web, who is not among the users the policy allows: app"]
        );
    }

    #[test]
    fn ports_are_compared_with_the_config() {
        let mut case = Case::new(0).layer([file("/x")], []).dockerfile("FROM debian:12\nEXPOSE 22 80/tcp\n");
        for port in ["22/tcp", "80/tcp", "53/udp"] {
            case.config.config.exposed_ports.insert(port.into(), serde_json::Value::Null);
        }
        let run = |list: &str, ports: &[&str]| places(&case.run_with("denied-exposed-port", &[(list, ports)]));
        assert_eq!(
            run("denied-ports", &["22", "53/tcp"]),
            ["EXPOSE 22 80/tcp: the image exposes 22/tcp, and the policy denies this port"]
        );
        assert_eq!(
            run("allowed-ports", &["22", "80"]),
            [": the image exposes 53/udp, which is not among the ports the policy allows: 22, 80"]
        );
    }

    #[test]
    fn a_setting_is_told_where_the_image_got_it() {
        let mut case = Case::new(0).layer([file("/x")], []);
        for port in ["22/tcp", "8005/tcp", "99/tcp"] {
            case.config.config.exposed_ports.insert(port.into(), serde_json::Value::Null);
        }
        case.config.history =
            ["FROM", "EXPOSE [99/tcp]", "EXPOSE [22/tcp]", "EXPOSE [8000-8010/tcp]"].map(history).to_vec();
        let text = "FROM debian:12 AS build\nEXPOSE 99\nFROM debian:12\nARG P=22\nEXPOSE $P\nEXPOSE 8000-8010\n";
        let ports = |case: &Case| {
            let found = case.run_with("denied-exposed-port", &[("denied-ports", &["22", "8005", "99"])]);
            let place = |f: &Finding| format!("{} {} {:?}", f.subject, f.place().text(), f.origin);
            found.iter().map(place).collect::<Vec<_>>()
        };
        // Not where another stage says so, and not where a variable does.
        let case = case.dockerfile(text);
        assert_eq!(ports(&case), ["22/tcp  Yours", "8005/tcp EXPOSE 8000-8010 Yours", "99/tcp  Yours"]);
        let case = case.trace(Trace {
            layers: vec![Maker::Base],
            history: vec![Maker::Base, Maker::Base, Maker::Instruction(4), Maker::Instruction(5)],
            base_layers: Some(1),
            base_from: Some(2),
            mismatch: None,
            is_merged: false,
        });
        assert_eq!(
            ports(&case),
            ["22/tcp EXPOSE $P Yours", "8005/tcp EXPOSE 8000-8010 Yours", "99/tcp debian:12 Base"]
        );
    }

    #[test]
    fn volumes_over_the_system_are_told_at_their_instruction() {
        let mut case = Case::new(0).layer([file("/x")], []);
        for volume in ["/etc/", "/dev/shm", "/etc/app", "/data", "/device"] {
            case.config.config.volumes.insert(volume.to_owned(), serde_json::Value::Null);
        }
        let case = case.dockerfile("FROM scratch\nCOPY x /x\nVOLUME /data /etc/\n");
        let told = places(&case.run("sensitive-volume", &[]));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told.iter().any(|t| t.contains("VOLUME") && t.contains("over /etc,")), "{told:?}");
        assert!(told.iter().any(|t| t.contains("over /dev/shm,")), "{told:?}");
    }
}
