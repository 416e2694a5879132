//! The README says what the command does.

use std::fs;
use std::path::Path;

#[test]
fn the_output_shown_is_the_output_of_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let command = readme.lines().find_map(|l| l.strip_prefix("    cargo run --release -- ")).unwrap();
    let output = assert_cmd::Command::cargo_bin("dockgate")
        .unwrap()
        .env_clear()
        .env("NO_COLOR", "1")
        .current_dir(root)
        .args(command.split(' '))
        .output()
        .unwrap();
    let shown = readme.split("```text\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    // How many rules there are is not what the example is about.
    let rules = regex::Regex::new("with [0-9]+ rules").unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(rules.replace(&told, "with all rules"), rules.replace(shown, "with all rules"));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn every_command_has_its_row() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let help = assert_cmd::Command::cargo_bin("dockgate").unwrap().env_clear().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let names: Vec<&str> =
        commands.filter_map(|l| l.strip_prefix("  ")?.split(' ').next()).filter(|n| !n.is_empty()).collect();
    assert!(names.len() > 5, "{names:?}");
    for name in names.iter().filter(|n| **n != "help") {
        assert!(readme.contains(&format!("dockgate {name}")), "README.md does not name `dockgate {name}`");
    }
}

#[test]
fn every_format_is_named() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    for format in dockgate::output::Format::ALL {
        assert!(readme.contains(&format!("`{}`", format.name)), "README.md does not name `{}`", format.name);
    }
}

#[test]
fn the_policy_shown_is_one() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let shown = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let text = dockgate::text::SourceText::new("README.toml", shown);
    let policy = dockgate::policy::Policy::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(policy.waivers.len(), 1);
}

#[test]
fn the_policies_of_the_manual_are_sound() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/policies.md")).unwrap();
    let shown: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(shown.len() > 3, "{shown:?}");
    for text in shown {
        let source = dockgate::text::SourceText::new("policies.toml", text);
        let policy = dockgate::policy::Policy::parse(&source).unwrap_or_else(|e| panic!("{e}\n{text}"));
        assert!(!policy.checks.is_empty(), "{text}");
    }
}
