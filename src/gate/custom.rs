//! Checks of a policy's own (`[[check]]`) on files, packages and settings of the image.

use std::cmp::Ordering;

use super::instructions::at_setting;
use super::{Facts, Reporter, effective_user};
use crate::image::Node;
use crate::packages::{Package, PackageKind};
use crate::policy::{PathGlob, find_regex, line_regex, wildcard};

/// The check's message with what it was found on.
fn told(report: &Reporter<'_>, on: &str) -> String {
    format!("{on}: {}", report.rule().summary)
}

/// Tells that there is nothing of what the check wants to be there.
fn missing(report: &mut Reporter<'_>, wanted: &str) {
    report.push(report.on_image(report.rule().summary).subject(wanted));
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
            missing(report, path);
        }
        return;
    }
    for (path, node) in fitting {
        report.push(report.in_layer(node.layer, Some(path), told(report, path)).subject(path));
    }
}

/// Packages with a type, name and version as the check has them, or that there is none.
pub fn custom_package(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let (name, version, below) = (params.str("name"), params.str("version"), params.str("below"));
    let Some(kinds) = PackageKind::all_named(params.str("type")) else {
        let message = format!("packages were not checked: `{}` is no type of packages", params.str("type"));
        return report.push(report.on_image(message));
    };
    // A version that cannot be compared may be any.
    let is_below = |p: &Package| {
        below.is_empty()
            || !matches!(p.kind.compare_versions(&p.version, below), Some(Ordering::Equal | Ordering::Greater))
    };
    let fits = |p: &&Package| {
        kinds.contains(&p.kind)
            && wildcard(name, &p.name)
            && (version.is_empty() || wildcard(version, &p.version))
            && is_below(p)
    };
    let fitting: Vec<&Package> = facts.packages.list.iter().filter(fits).collect();
    if params.bool("absent") {
        if fitting.is_empty() {
            missing(report, name);
        }
        return;
    }
    for package in fitting {
        let thing = format!("{} {}", package.name, package.version);
        let path = (!package.kind.is_distribution()).then_some(package.database.as_str());
        report.push(report.on_package(package, path, told(report, &thing)).subject(thing));
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
    let (keyword, fitting): (&str, Vec<String>) = match kind {
        "label" => {
            let labels = config.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            ("LABEL", labels.filter(is_named).map(|(name, _)| name.to_owned()).collect())
        }
        "env" => {
            let variables = config.env.iter().filter_map(|pair| pair.split_once('='));
            ("ENV", variables.filter(is_named).map(|(name, _)| name.to_owned()).collect())
        }
        "port" => {
            let is_port =
                |port: &&String| wildcard(name, port) || port.split('/').next().is_some_and(|n| wildcard(name, n));
            ("EXPOSE", config.exposed_ports.keys().filter(is_port).cloned().collect())
        }
        "user" => {
            let user = effective_user(facts.image, facts.tree);
            let own = if user.name.is_empty() { String::from("root") } else { user.name };
            let uid = user.uid.map(|uid| uid.to_string());
            let is_it = wildcard(name, &own) || uid.is_some_and(|uid| wildcard(name, &uid));
            ("USER", if is_it { vec![own] } else { Vec::new() })
        }
        other => {
            let message = format!("`{other}` was not checked: it is none of label, env, port and user");
            return report.push(report.on_image(message).subject(other));
        }
    };
    if params.bool("absent") {
        if fitting.is_empty() {
            missing(report, &format!("{kind} {name}"));
        }
        return;
    }
    for own in fitting {
        let thing = format!("{kind} {own}");
        report.push(at_setting(facts, report, keyword, &own, told(report, &thing)).subject(thing));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, file, messages};
    use crate::image::Entry;
    use crate::packages::{Package, PackageKind};
    use crate::rule::{self, OwnCheck, Value};

    fn run(case: &Case, rule: &str, params: &[(&str, &str)]) -> Vec<String> {
        let own = OwnCheck { id: "own".into(), message: "not here".into(), help: None, severity: None };
        let rule = rule::find(rule).unwrap().own(own);
        let given = params.iter().map(|(name, value)| ((*name).to_owned(), Value::Str((*value).to_owned())));
        messages(&case.judge(rule, given))
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
        assert_eq!(
            run(&case, "custom-package", &[("name", "telnet*"), ("below", "0.18")]),
            ["0 telnet 0.17: not here"]
        );
        assert!(run(&case, "custom-package", &[("name", "telnet*"), ("type", "npm")]).is_empty());
        assert_eq!(
            run(&case, "custom-package", &[("name", "*"), ("type", "pythn")]),
            ["- packages were not checked: `pythn` is no type of packages"]
        );
    }

    #[test]
    fn packages_of_languages_are_told_where_they_lie() {
        let mut case = Case::new(0).layer([], []);
        let jar =
            Package { database: "/app/log4j.jar".into(), ..Package::new(PackageKind::Maven, "org:log4j", "2.14.1") };
        case.others = vec![jar, Package::new(PackageKind::Maven, "org:log4j", "2.17.1-rc")];
        let own = [("name", "*:log4j"), ("type", "java"), ("below", "2.17.1")];
        assert_eq!(
            run(&case, "custom-package", &own),
            ["0 org:log4j 2.14.1: not here", "0 org:log4j 2.17.1-rc: not here"]
        );
        assert!(run(&case, "custom-package", &[("name", "*"), ("below", "2.14.1")]).is_empty());
    }

    #[test]
    fn settings_are_described_by_kind_and_name() {
        let mut case = Case::new(0).layer([], []);
        case.config.config.env = vec!["PATH=/usr/bin:.".into(), "HOME=/root".into()];
        case.config.config.labels.insert("team".into(), "a".into());
        let mut case = case.dockerfile("FROM a:1\nENV PATH=/usr/bin:.\nLABEL team=\"a\"\nEXPOSE 80 22\n");
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
