//! Checks of a policy's own (`[[check]]`) on files, packages and settings of the image.

use super::pkgdiff::placed;
use super::{Facts, Reporter, effective_user};
use crate::finding::Finding;
use crate::image::Node;
use crate::policy::{PathGlob, find_regex, line_regex, wildcard};

/// The check's message with what it was found on.
fn told(report: &Reporter<'_>, on: &str) -> String {
    let message = report.params().str("message");
    if on.is_empty() { message.to_owned() } else { format!("{on}: {message}") }
}

/// The finding of the check on a thing; the subject names both, so that two checks stay two.
fn found(report: &Reporter<'_>, finding: Finding, thing: &str) -> Finding {
    finding.subject(format!("{} {thing}", report.params().str("id")))
}

/// Files with a path, mode, owner, group, digest and line as the check has them, or that there is none.
pub fn custom_file(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let path = params.str("path");
    let glob = match PathGlob::new(path) {
        Ok(glob) => glob,
        Err(why) => return report.push(report.on_image(format!("files were not checked: {why}"))),
    };
    let mode = super::files::octal(params.str("mode"));
    let sha256 = params.str("sha256").trim_start_matches("sha256:");
    let expression = params.str("content-regexp");
    let pattern = facts.content_patterns.iter().position(|p| p == line_regex(expression));
    if !expression.is_empty() && pattern.is_none() {
        let message = format!("`{expression}` was not searched for: the image was read without it");
        return report.push(report.on_image(message));
    }
    let id = |name: &str, own: u64| params.str(name).is_empty() || params.str(name) == own.to_string();
    let fits = |path: &str, node: &Node| {
        let entry = &node.entry;
        let is_mode = params.str("mode").is_empty() || mode.is_some_and(|bits| bits & entry.mode == bits);
        let is_content =
            sha256.is_empty() || entry.sha256.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(sha256));
        let has_line = expression.is_empty() || entry.matches.iter().any(|m| Some(m.pattern) == pattern);
        glob.matches(path) && is_mode && is_content && has_line && id("owner", entry.uid) && id("group", entry.gid)
    };
    let fitting: Vec<_> = facts.tree.nodes.iter().filter(|(path, node)| fits(path, node)).collect();
    if params.bool("absent") {
        if fitting.is_empty() {
            report.push(found(report, report.on_image(told(report, "")), path));
        }
        return;
    }
    for (path, node) in fitting {
        report.push(found(report, report.in_layer(node.layer, Some(path), told(report, path)), path));
    }
}

/// Packages with a name and version as the check has them, or that there is none.
pub fn custom_package(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let (name, version) = (params.str("name"), params.str("version"));
    let packages = facts.packages.list.iter();
    let fitting: Vec<_> = packages
        .filter(|p| wildcard(name, &p.name) && (version.is_empty() || wildcard(version, &p.version)))
        .map(|p| (p.name.as_str(), p.version.as_str()))
        .collect();
    if params.bool("absent") {
        if fitting.is_empty() {
            report.push(found(report, report.on_image(told(report, "")), name));
        }
        return;
    }
    for (name, version) in fitting {
        let layer = facts.package_history.layer_of(name);
        let finding = placed(report, layer, told(report, &format!("{name} {version}")));
        report.push(found(report, finding, &format!("{name} {version}")));
    }
}

/// Labels, variables, ports and the user of the config as the check has them, or that there is none.
pub fn custom_setting(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let config = &facts.image.config.config;
    let (kind, name) = (params.str("kind"), params.str("name"));
    let value = match params.str("value-regexp") {
        "" => None,
        expression => match find_regex(expression) {
            Ok(regex) => Some(regex),
            Err(error) => return report.push(report.on_image(format!("settings were not checked: {error}"))),
        },
    };
    let has_value = |text: &str| value.as_ref().is_none_or(|regex| regex.is_match(text));
    let is_named = |(own, text): &(&str, &str)| wildcard(name, own) && has_value(text);
    let fitting: Vec<String> = match kind {
        "label" => {
            let labels = config.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            labels.filter(is_named).map(|(name, _)| name.to_owned()).collect()
        }
        "env" => {
            let variables = config.env.iter().filter_map(|pair| pair.split_once('='));
            variables.filter(is_named).map(|(name, _)| name.to_owned()).collect()
        }
        "port" => {
            let is_port =
                |port: &&String| wildcard(name, port) || port.split('/').next().is_some_and(|n| wildcard(name, n));
            config.exposed_ports.keys().filter(is_port).cloned().collect()
        }
        "user" => {
            let user = effective_user(facts.image, facts.tree);
            let own = if user.name.is_empty() { String::from("root") } else { user.name };
            let uid = user.uid.map(|uid| uid.to_string());
            let is_it = wildcard(name, &own) || uid.is_some_and(|uid| wildcard(name, &uid));
            if is_it { vec![own] } else { Vec::new() }
        }
        other => {
            let message = format!("`{other}` was not checked: it is none of label, env, port and user");
            return report.push(report.on_image(message).subject(other));
        }
    };
    if params.bool("absent") {
        if fitting.is_empty() {
            report.push(found(report, report.on_image(told(report, "")), &format!("{kind} {name}")));
        }
        return;
    }
    for own in fitting {
        report.push(found(report, report.on_image(told(report, &format!("{kind} {own}"))), &format!("{kind} {own}")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use crate::image::Entry;

    fn run(case: &Case, rule: &str, params: &[(&str, &str)]) -> Vec<String> {
        let own = [("id", "own"), ("message", "not here")];
        messages(&case.run(rule, &own.iter().chain(params).copied().collect::<Vec<_>>()))
    }

    #[test]
    fn files_are_described_by_path_mode_and_owner() {
        let tool = Entry { mode: 0o4755, uid: 7, sha256: Some("ab".into()), ..file("/opt/tool") };
        let case = Case::new(0).layer([tool, file("/opt/other")], []);
        let told = ["0 /opt/tool: not here"];
        assert_eq!(run(&case, "custom-file", &[("path", "/opt/*"), ("mode", "4000")]), told);
        assert_eq!(run(&case, "custom-file", &[("path", "/opt/**"), ("owner", "7"), ("group", "0")]), told);
        assert_eq!(run(&case, "custom-file", &[("path", "tool"), ("sha256", "sha256:ab")]), told);
        assert!(run(&case, "custom-file", &[("path", "/opt/tool"), ("mode", "7000")]).is_empty());
        assert_eq!(run(&case, "custom-file", &[("path", "/etc/passwd"), ("absent", "true")]), ["- not here"]);
        assert!(run(&case, "custom-file", &[("path", "/opt/*"), ("absent", "true")]).is_empty());
    }

    #[test]
    fn packages_are_described_by_name_and_version() {
        let case = Case::new(0).layer([], []).packages([("telnet", "0.17"), ("telnetd", "0.18")]);
        assert_eq!(
            run(&case, "custom-package", &[("name", "telnet*")]),
            ["0 telnet 0.17: not here", "0 telnetd 0.18: not here"]
        );
        assert_eq!(
            run(&case, "custom-package", &[("name", "telnet*"), ("version", "*8")]),
            ["0 telnetd 0.18: not here"]
        );
        assert_eq!(run(&case, "custom-package", &[("name", "curl"), ("absent", "true")]), ["- not here"]);
    }

    #[test]
    fn settings_are_described_by_kind_and_name() {
        let mut case = Case::new(0).layer([], []);
        case.config.config.env = vec!["PATH=/usr/bin:.".into(), "HOME=/root".into()];
        case.config.config.labels.insert("team".into(), "a".into());
        case.config.config.exposed_ports.insert("22/tcp".into(), serde_json::Value::Null);
        let run = |kind, name, value, absent| {
            let params = [("kind", kind), ("name", name), ("value-regexp", value), ("absent", absent)];
            run(&case, "custom-setting", &params)
        };
        assert_eq!(run("env", "PATH", r"(^|:)\.(:|$)", "false"), ["- env PATH: not here"]);
        assert!(run("env", "HOME", r":\.", "false").is_empty());
        assert_eq!(run("label", "owner", "", "true"), ["- not here"]);
        assert_eq!(run("label", "te*", "a", "false"), ["- label team: not here"]);
        assert_eq!(run("port", "22", "", "false"), ["- port 22/tcp: not here"]);
        assert_eq!(run("user", "0", "", "false"), ["- user root: not here"]);
        assert_eq!(
            run("colour", "red", "", "false"),
            ["- `colour` was not checked: it is none of label, env, port and user"]
        );
    }
}
