use super::super::{Policies, Policy, from_disk};
use super::*;

/// Three policies, one for most images, one for a team's, one for an exception by digest.
const SITE: &str = r#"{
  "id": "site", "version": "1_0", "name": "site",
  "policies": [
    {"id": "p-all", "version": "1_0", "name": "all", "rules": [
      {"id": "r1", "gate": "SUIDDIFF", "trigger": "SUIDFILEADD", "action": "STOP", "params": []},
      {"id": "r2", "gate": "files", "trigger": "name_match", "action": "stop",
       "params": [{"name": "regex", "value": ".*/id_rsa$"}]}
    ]},
    {"id": "p-team", "version": "1_0", "rules": [
      {"id": "r3", "gate": "packages", "trigger": "denylist", "action": "WARN", "params": [{"name": "name", "value": "curl"}]}
    ]},
    {"id": "p-none", "version": "1_0", "name": "nothing", "rules": []},
    {"id": "p-unused", "version": "1_0", "rules": [{"gate": "no", "trigger": "such", "action": "STOP"}]}
  ],
  "whitelists": [
    {"id": "w1", "version": "1_0", "name": "site-wide", "items": [{"id": "i", "gate": "SUIDDIFF", "trigger_id": "/usr/bin/*"}]}
  ],
  "mappings": [
    {"id": "m0", "name": "pinned", "registry": "*", "repository": "*", "image": {"type": "digest", "value": "sha256:11"},
     "policy_id": "p-none", "whitelist_ids": []},
    {"id": "m1", "name": "team", "registry": "registry.example", "repository": "team/*", "image": {"type": "tag", "value": "*"},
     "policy_ids": ["p-team", "p-all"], "whitelist_ids": []},
    {"id": "m2", "name": "rest", "registry": "docker.io", "repository": "*", "image": {"type": "tag", "value": "*"},
     "policy_id": "p-all", "whitelist_ids": ["w1"]}
  ],
  "blacklisted_images": [
    {"name": "old", "registry": "*", "repository": "old", "image": {"type": "tag", "value": "1"}}
  ],
  "whitelisted_images": [
    {"name": "tool", "registry": "*", "repository": "tool", "image": {"type": "tag", "value": "*"}}
  ]
}"#;

fn names(name: &str) -> ImageNames {
    ImageNames { names: vec![name.to_owned()], ..ImageNames::default() }
}

fn policy_for(text: &str, image: &ImageNames) -> Result<Policy, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.json");
    std::fs::write(&path, text).unwrap();
    let path = path.to_string_lossy().into_owned();
    let shown = |error: PolicyError| error.to_string().replace(&path, "site.json");
    let policies = Policies::load(&path, &[], &from_disk).map_err(shown)?;
    policies.for_image(image).map_err(shown).map(|p| Policy { name: p.name.replace(&path, "site.json"), ..p })
}

/// Rule, action, trigger and line of every check.
fn checks(policy: &Policy) -> Vec<String> {
    let line = |c: &crate::policy::Check| c.line.as_ref().map_or(0, |l| l.source.line(l.span.start));
    let shown = |c: &crate::policy::Check| {
        format!("{} {} {} {}", c.rule.id, c.action, c.trigger.as_deref().unwrap_or("-"), line(c))
    };
    policy.checks.iter().map(shown).collect()
}

#[test]
fn the_first_mapping_that_fits_decides() {
    let rest = policy_for(SITE, &names("nginx:1")).unwrap();
    assert_eq!(rest.name, "site.json (all by mapping rest)");
    assert_eq!(
        checks(&rest),
        [
            "base-unknown STOP SUIDDIFF:SUIDFILEADD 5",
            "file-name-matched STOP files:name_match 6",
            "image-part-unchecked STOP - 0",
            "setuid-added STOP SUIDDIFF:SUIDFILEADD 5",
        ]
    );
    assert_eq!(rest.waivers.len(), 1);
    assert_eq!(rest.waivers[0].reason, "whitelisted by site-wide");

    let team = policy_for(SITE, &names("registry.example/team/app:2")).unwrap();
    assert_eq!(team.name, "site.json (p-team, all by mapping team)");
    assert!(checks(&team).contains(&"denied-package WARN packages:denylist 10".to_owned()));
    assert!(team.waivers.is_empty());

    let pinned = policy_for(SITE, &ImageNames { digests: vec!["sha256:11".into()], ..names("nginx") }).unwrap();
    assert_eq!(checks(&pinned), ["image-part-unchecked STOP - 0"]);
}

#[test]
fn an_image_that_no_mapping_fits_is_not_judged() {
    let told = policy_for(SITE, &names("other.example/x:1")).unwrap_err();
    assert_eq!(
        told,
        "site.json:1: no mapping of the bundle fits other.example/x:1, so no policy holds for it; \
         name the image with --image-name, or add a mapping that fits it"
    );
    assert!(policy_for(SITE, &ImageNames::default()).unwrap_err().contains("fits an image without a name"));
}

#[test]
fn listed_images_stop_or_pass_as_a_whole() {
    let old = policy_for(SITE, &names("registry.example/old:1")).unwrap();
    assert_eq!(checks(&old), ["denied-image STOP - 27", "image-part-unchecked STOP - 0"]);
    let tool = policy_for(SITE, &names("tool")).unwrap();
    assert_eq!(checks(&tool), ["allowed-image GO - 30"]);
    assert_eq!(tool.name, "site.json (allowed image tool)");
}

#[test]
fn a_policy_alone_is_for_every_image() {
    let one = r#"{"rules": [{"gate": "always", "trigger": "always", "action": "warn"},
        {"gate": "tag_drift", "trigger": "packages_added", "action": "GO"}]}"#;
    let policy = policy_for(one, &ImageNames::default()).unwrap();
    assert_eq!(checks(&policy), ["always WARN always:always 1", "image-part-unchecked STOP - 0"]);
    assert_eq!(policy.notes.len(), 1);
    assert!(policy.notes[0].ends_with(
        "site.json:2: nothing here answers to tag_drift:packages_added; its action is GO, so no verdict depends on it"
    ));
    let wrapped = format!("{{\"policybundle\": {{\"policies\": [{}]}}}}", one.replacen('{', "{\"id\": \"p\", ", 1));
    assert_eq!(checks(&policy_for(&wrapped, &ImageNames::default()).unwrap()).len(), 2);
    let newer = SITE.replace("\"policies\"", "\"rule_sets\"").replace("whitelists", "allowlists");
    assert!(policy_for(&newer, &names("nginx")).is_ok());
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let rule = |rule: &str| format!("{{\"rules\": [\n{rule}\n]}}");
    let cases = [
        ("{\"id\": \"x\"}".to_owned(), "site.json:1: this is no policy: there are neither `policies` nor `rules`"),
        ("{\"polices\": []}".to_owned(), "site.json:1: unknown key `polices` in the bundle; did you mean `policies`?"),
        ("[]".to_owned(), "site.json:1: this is no policy: there are neither `policies` nor `rules`"),
        (
            "{\"policies\": []}".to_owned(),
            "site.json:1: nothing says which of the policies holds: there are no `mappings`",
        ),
        (
            rule(r#"{"gate": "tag_drift", "trigger": "packages_added", "action": "STOP"}"#),
            "site.json:2: this version has no such gate: `tag_drift:packages_added`, so the rule cannot be checked; \
             take the rule out, or give it the action GO, if you can do without it",
        ),
        (
            rule(r#"{"gate": "SUIDDIF", "trigger": "X", "action": "STOP"}"#),
            "site.json:2: unknown gate `SUIDDIF`; did you mean `SUIDDIFF`?",
        ),
        (
            rule(r#"{"gate": "always", "trigger": "always", "action": "HALT"}"#),
            "site.json:2: `HALT` is not an action; known are GO, STOP, WARN",
        ),
        (rule(r#"{"gate": "always", "trigger": "always"}"#), "site.json:2: the rule has no `action`"),
        (
            rule(
                "{\"gate\": \"files\", \"trigger\": \"name_match\", \"action\": \"STOP\", \"params\": [\n{\"name\": \"regexp\", \"value\": \"x\"}]}",
            ),
            "site.json:3: `files:name_match` has no parameter `regexp`; did you mean `regex`?",
        ),
        (
            rule(
                r#"{"gate": "files", "trigger": "name_match", "action": "STOP", "params": [{"name": "regex", "value": "("}]}"#,
            ),
            "site.json:2: `name-regexp` is not a regular expression that can be run: unclosed group",
        ),
        (
            SITE.replace("[\"p-team\", ", "[\"p-team\", \"p-al\", "),
            "site.json:21: the mapping `team` names the policy `p-al`, which is not there; did you mean `p-all`?",
        ),
        (
            SITE.replace("[\"w1\"]", "[\"w2\"]"),
            "site.json:23: the mapping `rest` names the whitelist `w2`, which is not there; did you mean `w1`?",
        ),
        (
            SITE.replace("\"policy_ids\": [\"p-team\"", "\"policy_id\": \"p-none\", \"policy_ids\": [\"p-team\""),
            "site.json:21: a mapping has either `policy_id` or `policy_ids`",
        ),
        (
            SITE.replace("\"team/*\"", "\"regexp:team/(\""),
            "site.json:21: `regexp:team/(` is not a regular expression that can be run: unclosed group",
        ),
        (
            SITE.replacen("\"1_0\"", "\"1_1\"", 1),
            "site.json:2: `1_1` is no version of the format that is known here; 1_0 and 2 are",
        ),
        (
            SITE.replace("\"whitelists\": [", "\"whitelists\": [{\"id\": \"w1\", \"items\": []},"),
            "site.json:16: a second whitelist has the id `w1`",
        ),
        (
            SITE.replacen("\"type\": \"tag\"", "\"type\": \"name\"", 1),
            "site.json:21: `name` is no way to name an image; write tag, digest or id",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(policy_for(&text, &names("nginx")).unwrap_err(), expected, "{text}");
    }
}
