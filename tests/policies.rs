//! Policies from file to verdict: bundles that decide per image, whitelists, policies of a git ref, and conversion.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::images::{Step, docker_archive};

/// A folder with an image in which a setuid file and a package were added to a base.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status = "Package: curl\nStatus: install ok installed\nVersion: 7.88-1\n\n";
    let steps = [
        Step { created_by: "/bin/sh -c #(nop) ADD file:0123 in / ", layer: Some(vec![("bin/sh", 0o755, Some("sh"))]) },
        Step {
            created_by: "RUN /bin/sh -c make # buildkit",
            layer: Some(vec![("bin/su", 0o4755, Some("su")), ("var/lib/dpkg/status", 0o644, Some(status))]),
        },
    ];
    docker_archive(&folder.path().join("image.tar"), &steps, &json!({}));
    fs::write(folder.path().join("Dockerfile"), "FROM a:1\nRUN make\n").unwrap();
    folder
}

fn dockgate(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let output =
        command.env_clear().env("PATH", path).env("NO_COLOR", "1").current_dir(folder).args(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const GATE: [&str; 6] = ["gate", "image.tar", "--dockerfile", "Dockerfile", "--format", "json"];

fn gate(folder: &Path, more: &[&str]) -> Value {
    let (_, out, errors) = dockgate(folder, &[&GATE, more].concat());
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{more:?}: {errors}"))
}

const BUNDLE: &str = r#"{"id": "site", "version": "1_0", "name": "site",
  "policies": [
    {"id": "strict", "name": "strict", "version": "1_0", "rules": [
      {"id": "1", "gate": "SUIDDIFF", "trigger": "SUIDFILEADD", "action": "STOP", "params": []}
    ]},
    {"id": "mild", "name": "mild", "version": "1_0", "rules": [
      {"id": "2", "gate": "PKGDIFF", "trigger": "PKGADD", "action": "WARN", "params": []}
    ]},
    {"id": "engine", "name": "engine", "version": "1_0", "rules": [
      {"id": "3", "gate": "packages", "trigger": "blacklist", "action": "STOP",
       "params": [{"name": "name", "value": "curl"}]}
    ]}
  ],
  "whitelists": [
    {"id": "w", "name": "known", "version": "1_0", "items": [{"id": "i", "gate": "SUIDDIFF", "trigger_id": "/bin/su-*"}]}
  ],
  "mappings": [
    {"id": "a", "name": "tools", "registry": "*", "repository": "tools/*", "image": {"type": "tag", "value": "*"},
     "policy_id": "mild", "whitelist_ids": []},
    {"id": "b", "name": "known", "registry": "*", "repository": "known", "image": {"type": "tag", "value": "1.*"},
     "policy_id": "strict", "whitelist_ids": ["w"]},
    {"id": "c", "name": "newer", "registry": "registry.example", "repository": "*", "image": {"type": "tag", "value": "*"},
     "policy_id": "engine", "whitelist_ids": []},
    {"id": "d", "name": "rest", "registry": "*", "repository": "*", "image": {"type": "tag", "value": "*"},
     "policy_id": "strict", "whitelist_ids": []}
  ],
  "blacklisted_images": [
    {"name": "old", "registry": "*", "repository": "old", "image": {"type": "tag", "value": "*"}}
  ],
  "whitelisted_images": [
    {"name": "vendor", "registry": "vendor.example", "repository": "*", "image": {"type": "tag", "value": "*"}}
  ]
}"#;

#[test]
fn one_bundle_decides_per_image() {
    let folder = folder();
    fs::write(folder.path().join("site.json"), BUNDLE).unwrap();
    let cases = [
        // The archive's own tag, test/image:1.
        (None, "STOP", "site.json (strict by mapping rest)", Some(("SUIDDIFF:SUIDFILEADD", 4))),
        (Some("tools/make:3"), "WARN", "site.json (mild by mapping tools)", Some(("PKGDIFF:PKGADD", 7))),
        (Some("known:1.2"), "GO", "site.json (strict by mapping known)", Some(("SUIDDIFF:SUIDFILEADD", 4))),
        (Some("known:2"), "STOP", "site.json (strict by mapping rest)", Some(("SUIDDIFF:SUIDFILEADD", 4))),
        (
            Some("registry.example/app:1"),
            "STOP",
            "site.json (engine by mapping newer)",
            Some(("packages:blacklist", 10)),
        ),
        (Some("old:1"), "STOP", "site.json (denied image old)", None),
        (Some("vendor.example/x"), "GO", "site.json (allowed image vendor)", None),
    ];
    for (name, verdict, policy, asked) in cases {
        let more: Vec<&str> =
            name.iter().flat_map(|name| ["--image-name", name]).chain(["--bundle", "site.json"]).collect();
        let report = gate(folder.path(), &more);
        assert_eq!(
            (report["verdict"].as_str(), report["policy"]["name"].as_str()),
            (Some(verdict), Some(policy)),
            "{name:?}"
        );
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{name:?}: {findings:?}");
        if let Some((trigger, line)) = asked {
            assert_eq!(findings[0]["trigger"], trigger);
            assert_eq!(findings[0]["policy_line"], json!({ "path": "site.json", "line": line }));
        }
        if name == Some("known:1.2") {
            assert_eq!(findings[0]["waived"], json!({ "reason": "whitelisted by known", "by": "site.json:15" }));
        }
        if name == Some("old:1") {
            assert_eq!(findings[0]["rule"], "denied-image");
        }
    }
}

#[test]
fn whitelists_of_their_own_files_waive_with_their_line() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("gate.policy", "SUIDDIFF:SUIDFILEADD:STOP\nPKGDIFF:PKGADD:WARN\n");
    write("global.whitelist", "# known\nSUIDDIFF /bin/su-SUIDFILEADD\nANCHORESEC CVE-2020-1\n");
    write("image.json", r#"{"items": [{"gate": "PKGDIFF", "trigger_id": "curl-*"}]}"#);
    let with = ["--policy", "gate.policy", "--global-whitelist", "global.whitelist", "--whitelist", "image.json"];
    let report = gate(folder.path(), &with);
    assert_eq!(report["verdict"], "GO");
    let waived: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|f| f["waived"]["by"].as_str().unwrap()).collect();
    assert_eq!(waived, ["image.json:1", "global.whitelist:2"]);
    let (code, table, _) = dockgate(folder.path(), &[&GATE[..4], &["--format", "table"], &with].concat());
    assert!(code == Some(0) && table.contains("GO (waived, was STOP)"), "{table}");
    assert_eq!(gate(folder.path(), &with[..2])["verdict"], "STOP");

    // The lines the 2017 tool kept for one image count for that image only.
    let id = report["image"]["id"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    let kept = |id: &str| {
        format!("#{{\"imageId\": \"{id}\", \"check\": \"SUIDDIFF\", \"triggerId\": \"/bin/su-SUIDFILEADD\"}}\n")
    };
    for (id, verdict) in [(id.as_str(), "WARN"), ("0123", "STOP")] {
        write("kept.whitelist", &kept(id));
        assert_eq!(
            gate(folder.path(), &["--policy", "gate.policy", "--whitelist", "kept.whitelist"])["verdict"],
            verdict
        );
    }
    write("bad.whitelist", "SUIDDIFF\n");
    let (code, _, errors) =
        dockgate(folder.path(), &[&GATE[..], &["--policy", "gate.policy", "--whitelist", "bad.whitelist"]].concat());
    assert!(code == Some(2) && errors.contains("bad.whitelist:1"), "{errors}");
}

#[test]
fn a_change_cannot_switch_off_its_own_gate() {
    let folder = folder();
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        let identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"];
        let output = command.current_dir(folder.path()).args(identity).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("ci")).unwrap();
    write("ci/base.policy", "SUIDDIFF:SUIDFILEADD:STOP\n");
    write("ci/gate.toml", "extends = \"base.policy\"\n[rules]\nlatest-base = \"stop\"\n");
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "ci"]);
    git(&["commit", "-q", "-m", "policy"]);
    // The change takes the gate out of the file that is extended, and waives what is left.
    write("ci/base.policy", "SUIDDIFF:SUIDFILEADD:GO\n");
    write(
        "ci/gate.toml",
        "extends = \"base.policy\"\n[rules]\nlatest-base = \"off\"\n[[waiver]]\nrule = \"setuid-added\"\nreason = \"mine\"\n",
    );
    assert_eq!(gate(folder.path(), &["--policy", "ci/gate.toml"])["verdict"], "GO");
    let report = gate(folder.path(), &["--policy", "ci/gate.toml", "--policy-from", "main"]);
    assert_eq!(report["verdict"], "STOP");
    let notes: Vec<&str> = report["notes"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    for expected in [
        "the policy in force is that of main",
        "proposed, not in force: ci/gate.toml:4: a waiver: setuid-added (mine)",
        "proposed, not in force: ci/base.policy:1: setuid-added would be GO in place of STOP",
        "proposed, not in force: latest-base would not be checked",
    ] {
        assert!(notes.contains(&expected), "{expected}: {notes:?}");
    }
    // A policy that the change breaks or removes changes nothing either.
    write("ci/gate.toml", "extends = \n");
    let report = gate(folder.path(), &["--policy", "ci/gate.toml", "--policy-from", "main"]);
    assert_eq!(report["verdict"], "STOP");
    assert!(report["notes"].to_string().contains("proposed, not in force: a policy that cannot be read"));

    // Nor is what it leads to asked for.
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = format!("http://{}/x.toml#sha256={}", server.local_addr().unwrap(), "0".repeat(64));
    write("ci/gate.toml", &format!("extends = \"{address}\"\n"));
    let report = gate(folder.path(), &["--policy", "ci/gate.toml", "--policy-from", "main"]);
    assert!(report["notes"].to_string().contains("what a change leads to is not fetched"), "{}", report["notes"]);
    assert_eq!(server.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);

    let refused = |args: &[&str], word: &str| {
        let (code, _, errors) = dockgate(folder.path(), &[&GATE, args].concat());
        assert!(code == Some(2) && errors.contains(word), "{args:?}: {errors}");
    };
    refused(&["--policy", "ci/gate.toml", "--policy-from", "gone"], "a commit that is here");
    refused(&["--policy", "ci/gate.toml", "--policy-from", "main:ci"], "name of a commit");
    refused(&["--policy", "ci/new.toml", "--policy-from", "main"], "there is no policy `ci/new.toml` in main");
    refused(&["--policy", "hadolint", "--policy-from", "main"], "write a policy that extends it");
}

#[test]
fn policies_are_written_and_converted() {
    let folder = folder();
    let run = |args: &[&str]| dockgate(folder.path(), args);
    fs::write(folder.path().join("site.json"), BUNDLE).unwrap();
    let (code, told, _) = run(&["policy", "check", "site.json"]);
    assert!(code == Some(0) && told.contains("depends on the image"), "{told}");
    let (_, shown, _) = run(&["policy", "show", "site.json", "--image-name", "tools/x"]);
    assert!(shown.contains("package-added") && shown.contains("site.json:7"), "{shown}");
    let (code, toml, _) = run(&["policy", "convert", "site.json", "--image-name", "known:1.0"]);
    assert_eq!(code, Some(0));
    fs::write(folder.path().join("known.toml"), toml).unwrap();
    let report = gate(folder.path(), &["--policy", "known.toml"]);
    assert_eq!(
        (report["verdict"].as_str(), report["findings"][0]["rule"].as_str()),
        (Some("GO"), Some("setuid-added"))
    );
    assert_eq!(report["findings"][0]["waived"]["reason"], "whitelisted by known");
    let (code, _, errors) = run(&["policy", "convert", "known.toml"]);
    assert!(code == Some(2) && errors.contains("needs no conversion"), "{errors}");
    for command in ["init", "template"] {
        let (_, text, _) = run(&["policy", command]);
        fs::write(folder.path().join("dockgate.toml"), text).unwrap();
        assert_eq!(run(&["policy", "check", "dockgate.toml"]).0, Some(0), "{command}");
    }
}

#[test]
fn checks_of_ones_own_and_image_blocks_decide() {
    let folder = folder();
    let text = "named-only = true\n\
                [[check]]\nid = \"no-curl\"\nmessage = \"curl stays out\"\naction = \"stop\"\npackage = \"curl\"\n\
                [[check]]\nid = \"no-make\"\nmessage = \"make elsewhere\"\naction = \"warn\"\n\
                instruction = { keyword = \"RUN\", argument-regexp = \"make\" }\n\
                [[image]]\nnames = \"tools/*\"\n[[image.check]]\nid = \"no-curl\"\nmessage = \"curl is fine here\"\n\
                action = \"go\"\npackage = \"curl\"\n";
    fs::write(folder.path().join("own.toml"), text).unwrap();
    let report = gate(folder.path(), &["--policy", "own.toml"]);
    assert_eq!(report["verdict"], "STOP");
    let told: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["message"].as_str().unwrap(), f["place"]["line"].as_u64()))
        .collect();
    assert_eq!(told, [("curl 7.88-1: curl stays out", Some(2)), ("make elsewhere", Some(2))]);
    assert_eq!(report["findings"][0]["policy_line"]["line"], 2);
    let tools = gate(folder.path(), &["--policy", "own.toml", "--image-name", "tools/x:1"]);
    assert_eq!(tools["verdict"], "WARN");
    assert!(
        tools["notes"].to_string().contains("the image block of own.toml:12 holds for this image"),
        "{}",
        tools["notes"]
    );
}

#[test]
fn a_check_of_ones_own_goes_by_its_name_everywhere() {
    let folder = folder();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let checks = "named-only = true\n[rules]\nunused-waiver = \"warn\"\nunused-ignore = \"warn\"\n\
                  [[check]]\nid = \"no-curl\"\nmessage = \"curl stays out\"\nhelp = \"take the vendored client\"\n\
                  action = \"stop\"\npackage = \"curl\"\n\
                  [[check]]\nid = \"no-make\"\nmessage = \"make elsewhere\"\nseverity = \"warning\"\n\
                  instruction = { keyword = \"RUN\", argument-regexp = \"make\" }\n";
    write("own.toml", checks);
    let run = |args: &[&str]| {
        let common = ["gate", "image.tar", "--policy"];
        dockgate(folder.path(), &[&common, args].concat())
    };
    let (code, text, _) = run(&["own.toml", "--dockerfile", "Dockerfile"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("STOP no-curl\n") && text.contains("WARN no-make\n"), "{text}");
    assert!(text.contains("take the vendored client") && text.contains("STOP by own.toml:5"), "{text}");

    // Without a Dockerfile what looks at it is told as not checked, and the history says what made the layer.
    let (code, text, _) = run(&["own.toml"]);
    assert!(code == Some(1) && text.contains("`no-make` looks at the Dockerfile, and was not checked"), "{text}");
    assert!(text.contains("layer 2 (") && text.contains("made by RUN "), "{text}");

    let with = |more: &[&str]| {
        let common = ["own.toml", "--dockerfile", "Dockerfile", "--format", "json"];
        let (_, json, errors) = run(&[&common, more].concat());
        let report: Value = serde_json::from_str(&json).unwrap_or_else(|_| panic!("{errors}"));
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["rule"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(with(&["--select", "no-make"]), ["no-make"]);
    assert_eq!(with(&["--ignore", "NO-MAKE"]), ["no-curl"]);
    let (code, _, errors) = run(&["own.toml", "--select", "no-mak"]);
    assert!(code == Some(2) && errors.contains("did you mean `no-make`?"), "{errors}");

    let (_, sarif, _) = run(&["own.toml", "--dockerfile", "Dockerfile", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let described: Vec<_> = rules.iter().map(|r| (r["id"].as_str(), r["shortDescription"]["text"].as_str())).collect();
    assert_eq!(described, [(Some("no-curl"), Some("curl stays out.")), (Some("no-make"), Some("make elsewhere."))]);

    assert!(rules[0]["helpUri"].as_str().unwrap().ends_with("docs/src/policies.md#checks-of-your-own"), "{}", rules[0]);

    let (code, page, _) = dockgate(folder.path(), &["explain", "no-curl", "--policy", "own.toml"]);
    assert!(code == Some(0) && page.contains("take the vendored client."), "{page}");

    write("waived.toml", "extends = \"own.toml\"\n[[waiver]]\nrule = \"no-curl\"\nreason = \"until the move\"\n");
    let dockerfile = fs::read_to_string(folder.path().join("Dockerfile")).unwrap();
    write("Dockerfile", &dockerfile.replace("RUN", "# dockgate: ignore[no-make] the vendor's own\nRUN"));
    let (code, text, _) = run(&["waived.toml", "--dockerfile", "Dockerfile"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("1 waived, 1 silenced by comments"), "{text}");
}

#[test]
fn what_is_selected_by_name_runs_though_the_policy_leaves_it_out() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("Dockerfile"), "FROM debian:12\nRUN A=$(date); sudo cp $A `date` /b\n").unwrap();
    let policy = "ruleset = \"2026.1\"\n[actions]\nstyle = \"off\"\n[rules]\nsudo-used = \"off\"\nSC2086 = \"off\"\n";
    fs::write(folder.join("own.toml"), policy).unwrap();
    let found = |args: &[&str]| {
        let (code, out, errors) = dockgate(folder, &[args, &["--policy", "own.toml", "--format", "json"]].concat());
        let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{args:?}: {errors}"));
        let told = |finding: &Value| {
            let name = if finding["code"].is_string() { &finding["code"] } else { &finding["rule"] };
            format!("{} {}", name.as_str().unwrap(), finding["action"].as_str().unwrap())
        };
        (code, report["findings"].as_array().unwrap().iter().map(told).collect::<Vec<_>>())
    };
    let (_, all) = found(&["lint"]);
    assert!(
        !all.is_empty() && !all.iter().any(|f| f.contains("sudo") || f.contains("SC2086") || f.contains("SC2006")),
        "{all:?}"
    );
    for (name, told) in [("sudo-used", "sudo-used GO"), ("SC2086", "SC2086 GO"), ("SC2006", "SC2006 GO")] {
        for command in ["lint", "check"] {
            assert_eq!(found(&[command, "--select", name]), (Some(0), vec![told.to_owned()]), "{command}");
        }
    }
    // What the policy has keeps its action.
    assert_eq!(found(&["lint", "--select", "latest-base,last-user-root"]).0, Some(0));
    fs::write(folder.join("Dockerfile"), "FROM debian\n").unwrap();
    assert_eq!(found(&["lint", "--select", "untagged-base"]), (Some(0), vec!["untagged-base WARN".to_owned()]));
    let (code, shells) = found(&["gate", "image.tar", "--select", "shell-present"]);
    assert!(code == Some(0) && !shells.is_empty() && shells.iter().all(|f| f == "shell-present GO"), "{shells:?}");
    // What could not be looked at is told with what was to be looked for.
    let mut image = fs::read(folder.join("image.tar")).unwrap();
    let header = image.windows(7).position(|bytes| bytes == b"bin/su\0").unwrap();
    // The file's first byte is another than the layer's digest says.
    image[header + 512] = b'S';
    fs::write(folder.join("broken.tar"), image).unwrap();
    let (code, broken) = found(&["gate", "broken.tar", "--select", "secret-in-layer"]);
    assert_eq!((code, broken.as_slice()), (Some(1), &["image-part-unchecked STOP".to_owned()][..]));
    // What a policy says of images is not said for it.
    assert_eq!(found(&["gate", "image.tar", "--select", "denied-image"]), (Some(0), Vec::new()));
}
