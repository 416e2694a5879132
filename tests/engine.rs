//! Every trigger and parameter of Anchore's engine: a rule of a JSON policy, an image that it must find something in, and how it must
//! find nothing; and that what a bundle is converted to decides as the bundle does.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use dockgate::check::{Build, ImageRequest, Judged, Report, Request, run};
use dockgate::dockerfile::BuildOptions;
use dockgate::feeds::Store;
use dockgate::gate::trigger_id;
use dockgate::image::ImageReference;
use dockgate::policy::{Action, Date, ImageNames, Policies, Policy, engine_triggers, from_disk};
use dockgate::text::SourceText;
use serde_json::{Value, json};

use crate::images::{Entry, Step, docker_archive};
use crate::{engine_feed_rows, engine_rows, feed_rows};

/// Names and values of parameters.
pub(crate) type Params = &'static [(&'static str, &'static str)];

/// `gate:trigger`, parameters, the image in which something is found, and how nothing is.
pub(crate) type Row = (&'static str, Params, Made, Silent);

/// How a rule finds nothing.
#[derive(Clone, Copy)]
pub(crate) enum Silent {
    /// In this image.
    In(Made),
    /// In the same image, with these parameters.
    With(Params),
    /// Never: it speaks of every image, or there is nothing to know what it asks for by.
    Never,
}

/// An image: its files, its config, and its Dockerfile when it is judged with one.
#[derive(Clone, Copy)]
pub(crate) struct Made {
    pub(crate) files: &'static [Entry],
    pub(crate) config: &'static str,
    pub(crate) dockerfile: Option<&'static str>,
    /// It is judged with data on vulnerabilities and registries.
    pub(crate) has_data: bool,
    /// The files are a base's, over which there is one more layer.
    pub(crate) is_base: bool,
}

pub(crate) const fn files(files: &'static [Entry]) -> Made {
    Made { files, config: "{}", dockerfile: None, has_data: false, is_base: false }
}

pub(crate) const fn config(config: &'static str) -> Made {
    Made { config, ..files(&[("x", 0o644, Some(""))]) }
}

pub(crate) const fn built_from(dockerfile: &'static str) -> Made {
    Made { dockerfile: Some(dockerfile), ..files(&[("x", 0o644, Some(""))]) }
}

pub(crate) const fn with_data(made: Made) -> Made {
    Made { has_data: true, ..made }
}

fn rows() -> impl Iterator<Item = &'static Row> {
    engine_rows::ROWS.iter().chain(engine_feed_rows::ROWS)
}

fn data() -> &'static Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    STORE.get_or_init(|| Store::open(&feed_rows::tables().join("feeds")).unwrap())
}

/// A policy of one rule.
fn rule(trigger: &str, params: &[(&str, &str)]) -> Value {
    let (gate, name) = trigger.split_once(':').unwrap();
    let params: Vec<Value> = params.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({ "gate": gate, "trigger": name, "action": "WARN", "params": params })
}

/// A bundle of one policy that holds for every image, with whitelisted findings by gate and trigger id.
fn bundle(rule: &Value, whitelisted: &[(String, String)]) -> Value {
    let items: Vec<Value> =
        whitelisted.iter().map(|(gate, id)| json!({ "id": "i", "gate": gate, "trigger_id": id })).collect();
    json!({
        "id": "b", "version": "1_0",
        "policies": [{ "id": "p", "version": "1_0", "rules": [rule] }],
        "whitelists": [{ "id": "w", "version": "1_0", "items": items }],
        "mappings": [{ "name": "all", "registry": "*", "repository": "*", "image": { "type": "tag", "value": "*" },
                       "policy_id": "p", "whitelist_ids": ["w"] }],
    })
}

/// A policy in Anchore's JSON, and what it is converted to.
fn both(folder: &Path, document: &Value, names: &ImageNames) -> [Policy; 2] {
    let path = folder.join("bundle.json");
    fs::write(&path, document.to_string()).unwrap();
    let policies =
        Policies::load(&path.to_string_lossy(), &[], &from_disk).unwrap_or_else(|e| panic!("{document}: {e}"));
    let toml = policies.to_toml(names).unwrap().unwrap();
    let converted =
        Policy::parse(&SourceText::new("dockgate.toml", toml.clone())).unwrap_or_else(|e| panic!("{e}\n{toml}"));
    [policies.for_image(names).unwrap(), converted]
}

impl Made {
    fn judged(&self, folder: &Path, policy: &Policy) -> Report {
        let step = |created_by, entries: &[Entry]| Step { created_by, layer: Some(entries.to_vec()) };
        let steps = match self.is_base {
            true => vec![
                step("/bin/sh -c #(nop) ADD file:01 in / ", self.files),
                step("RUN /bin/sh -c make # buildkit", &[("own", 0o644, Some(""))]),
            ],
            false => vec![step("COPY a / # buildkit", self.files)],
        };
        let archive = folder.join("image.tar");
        docker_archive(&archive, &steps, &serde_json::from_str(self.config).unwrap());
        let dockerfile = self.dockerfile.or(self.is_base.then_some("FROM example.test/base:1\nRUN make\n"));
        let text = dockerfile.map(|text| SourceText::new("Dockerfile", text));
        let builds = text.map(|text| Build::alone(text, BuildOptions::default())).into_iter().collect();
        let reference = ImageReference::parse(&format!("docker-archive:{}", archive.display())).unwrap();
        let request = Request {
            image: Some(ImageRequest { reference, base: None, previous: None }),
            feeds: self.has_data.then(data),
            ..Request::new(builds, policy, Date::parse("2026-01-01").unwrap())
        };
        run(&request).unwrap()
    }
}

/// Rule, action and message of each finding, whether it is waived, and the verdict.
fn told(report: &Report) -> (Vec<String>, Action) {
    let shown = |judged: &Judged| {
        let is_waived = judged.waived.is_some();
        format!("{} {} {is_waived} {}", judged.finding.rule().id, judged.action, judged.finding.message())
    };
    (report.findings.iter().map(shown).collect(), report.verdict)
}

#[test]
fn every_rule_finds_what_it_asks_for_and_nothing_else_in_both_forms() {
    let folder = tempfile::tempdir().unwrap();
    let judged = |made: &Made, trigger: &str, params: &[(&str, &str)]| {
        let [policy, converted] = both(folder.path(), &bundle(&rule(trigger, params), &[]), &ImageNames::default());
        let report = made.judged(folder.path(), &policy);
        assert_eq!(told(&report), told(&made.judged(folder.path(), &converted)), "{trigger} {params:?}");
        report
    };
    for (trigger, params, fires, silent) in rows() {
        let report = judged(fires, trigger, params);
        let is_found = |j: &Judged| {
            j.action == Action::Warn && j.trigger.as_deref().is_some_and(|t| t.eq_ignore_ascii_case(trigger))
        };
        assert!(report.findings.iter().any(is_found), "{trigger} {params:?} finds nothing: {:?}", told(&report));
        let (made, params) = match silent {
            Silent::In(other) => (other, params),
            Silent::With(others) => (fires, others),
            Silent::Never => continue,
        };
        let report = judged(made, trigger, params);
        assert!(report.findings.is_empty(), "{trigger} {params:?} finds {:?}", told(&report));
    }
}

#[test]
fn every_parameter_of_every_trigger_has_a_row() {
    let named = |trigger: &str| trigger.to_ascii_lowercase().replace("denylist", "blacklist");
    for (trigger, params) in engine_triggers() {
        let of_trigger: Vec<&Row> = rows().filter(|(name, ..)| named(name) == trigger).collect();
        assert!(!of_trigger.is_empty(), "{trigger} has no row");
        for param in params {
            let is_given = |given: Params| given.iter().any(|(name, _)| name.eq_ignore_ascii_case(param));
            let is_row = |row: &&&Row| is_given(row.1) && !matches!(row.3, Silent::Never);
            assert!(of_trigger.iter().any(|row| is_row(&row)), "`{param}` of {trigger} has no row that can be silent");
        }
    }
}

#[test]
fn what_was_found_can_be_whitelisted_in_both_forms() {
    let folder = tempfile::tempdir().unwrap();
    for (trigger, params, fires, _) in rows() {
        let rule = rule(trigger, params);
        let [policy, _] = both(folder.path(), &bundle(&rule, &[]), &ImageNames::default());
        let found = fires.judged(folder.path(), &policy).findings;
        let gate = trigger.split(':').next().unwrap();
        let ids =
            found.iter().map(|j| (gate.to_owned(), trigger_id(&j.finding, j.trigger.as_deref()))).collect::<Vec<_>>();
        // Ids of triggers that only the first versions had were hashes in every whitelist there is; converted, they are not known.
        let now = trigger.replace("denylist", "blacklist");
        let has_trigger = |j: &Judged| j.finding.rule().triggers.iter().any(|t| t.eq_ignore_ascii_case(&now));
        let forms = if found.iter().all(has_trigger) { 2 } else { 1 };
        for policy in both(folder.path(), &bundle(&rule, &ids), &ImageNames::default()).into_iter().take(forms) {
            let report = fires.judged(folder.path(), &policy);
            assert!(report.findings.iter().all(|j| j.waived.is_some()), "{trigger} {ids:?}: {:?}", told(&report));
            assert_eq!(report.verdict, Action::Go);
        }
    }
}

#[test]
fn a_bundle_of_three_policies_decides_by_the_image() {
    let policy = |id: &str, action: &str, regex: &str| {
        let rule = json!({ "gate": "files", "trigger": "name_match", "action": action, "params": [{ "name": "regex", "value": regex }] });
        json!({ "id": id, "version": "1_0", "rules": [rule] })
    };
    let mapping = |name: &str, repository: &str, policies: &[&str], whitelists: &[&str]| {
        json!({ "name": name, "registry": "docker.io", "repository": repository, "image": { "type": "tag", "value": "*" },
                "policy_ids": policies, "whitelist_ids": whitelists })
    };
    let image = |repository: &str| json!({ "name": repository, "registry": "*", "repository": repository, "image": { "type": "tag", "value": "*" } });
    let bundle = json!({
        "id": "site", "version": "1_0",
        "policies": [policy("keys", "STOP", ".*/id_rsa"), policy("notes", "WARN", ".*/notes"), policy("all", "GO", ".*")],
        "whitelists": [{ "id": "w", "version": "1_0", "items": [{ "gate": "files", "trigger_id": "/root/*" }] }],
        "mappings": [mapping("team", "team/*", &["notes", "all"], &[]), mapping("excepted", "excepted", &["keys"], &["w"]),
                     mapping("rest", "*", &["keys", "notes"], &[])],
        "whitelisted_images": [image("trusted")],
        "blacklisted_images": [image("banned"), image("trusted-once")],
    });
    let made = files(&[("root/id_rsa", 0o600, Some("")), ("srv/notes", 0o644, Some(""))]);
    let folder = tempfile::tempdir().unwrap();
    for (name, verdict, counted) in [
        ("team/app:1", Action::Warn, 5),
        ("excepted:2", Action::Go, 1),
        ("nginx", Action::Stop, 2),
        ("trusted", Action::Go, 1),
        ("banned", Action::Stop, 1),
    ] {
        let names = ImageNames { names: vec![name.to_owned()], ..ImageNames::default() };
        let [policy, converted] = both(folder.path(), &bundle, &names);
        let report = made.judged(folder.path(), &policy);
        assert_eq!((report.verdict, report.findings.len()), (verdict, counted), "{name}: {:?}", told(&report));
        assert_eq!(told(&report), told(&made.judged(folder.path(), &converted)), "{name}");
    }
}
