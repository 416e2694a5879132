//! `publish` against a double of GitHub that keeps state, and refuses what GitHub refuses.

mod double;

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use double::{Double, HEAD, SHA};
use serde_json::{Value, json};

/// A pull request whose Dockerfile uses sudo, and a report on it.
struct Case {
    folder: tempfile::TempDir,
    double: Double,
}

const DOCKERFILE: &str = "FROM debian\nRUN sudo true\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n";
/// As GitHub shows the change: the lines 1 to 3 are in the diff.
const PATCH: &str = "@@ -1,2 +1,3 @@\n FROM debian\n-RUN true\n+RUN sudo true\n+EXPOSE 22";

impl Case {
    fn new() -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap(), double: Double::start() };
        case.double.change("Dockerfile", PATCH);
        case.write(DOCKERFILE);
        let event = json!({"pull_request": {
            "number": 7,
            "head": {"sha": HEAD, "repo": {"full_name": "acme/site"}},
            "base": {"sha": SHA, "repo": {"full_name": "acme/site"}},
        }});
        fs::write(case.folder.path().join("event.json"), event.to_string()).unwrap();
        case
    }

    /// Writes the Dockerfile and lints it into `report.sarif`.
    fn write(&self, dockerfile: &str) {
        fs::write(self.folder.path().join("Dockerfile"), dockerfile).unwrap();
        let output = command(self.folder.path())
            .args(["lint", "Dockerfile", "--fail-on", "never", "--output", "sarif:report.sarif"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(self.folder.path());
        command
            .env("GITHUB_API_URL", self.double.url())
            .env("GITHUB_REPOSITORY", "acme/site")
            .env("GITHUB_SHA", SHA)
            .env("GITHUB_REF", "refs/pull/7/merge")
            .env("GITHUB_WORKFLOW", "ci")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_EVENT_PATH", "event.json")
            .env("GITHUB_STEP_SUMMARY", "summary.md")
            .env("GITHUB_TOKEN", "ghs_double")
            .args(["publish", "report.sarif"])
            .args(args);
        command
    }

    /// Runs `publish`, which must end with `code`, and returns what it says.
    fn publish(&self, code: i32, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{text}\n{:#?}", self.double.log());
        text
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("dockgate").unwrap();
    command.env_clear().env("NO_COLOR", "1").current_dir(folder);
    command
}

#[test]
fn a_pull_request_gets_a_check_a_review_and_one_comment() {
    let case = Case::new();
    let text = case.publish(0, &["--upload-sarif", "never"]);
    let state = case.double.state();
    assert_eq!(state.checks.len(), 1, "{text}");
    let check = &state.checks[0];
    assert_eq!((check["head_sha"].as_str(), check["conclusion"].as_str()), (Some(HEAD), Some("failure")));
    let annotations = check["annotations"].as_array().unwrap();
    let port = annotations.iter().find(|a| a["title"] == "STOP exposed-port").unwrap();
    assert_eq!((&port["path"], &port["start_line"], &port["end_line"]), (&json!("Dockerfile"), &json!(3), &json!(3)));
    assert_eq!((&port["start_column"], &port["annotation_level"]), (&json!(8), &json!("failure")));
    assert_eq!(state.review_comments.len(), 2, "only what has a fix is said in the review as well");
    let comment = &state.review_comments[0];
    assert_eq!((&comment["path"], &comment["line"]), (&json!("Dockerfile"), &json!(2)));
    assert!(comment["body"].as_str().unwrap().contains("```suggestion\nRUN true\n```"), "{comment}");
    assert_eq!(state.comments.len(), 1);
    let body = state.comments[0]["body"].as_str().unwrap();
    assert!(body.contains("dockgate: STOP") && body.contains("Dockerfile:3"), "{body}");
    assert!(!case.folder.path().join("summary.md").exists(), "nothing had to go to the page of the job");
}

#[test]
fn a_check_run_fails_where_the_run_is_to_fail() {
    let stop = "FROM debian:12.8\nEXPOSE 22\nHEALTHCHECK NONE\nUSER 10001:10001\n";
    let warn = "FROM debian:12.8\nWORKDIR srv\nHEALTHCHECK NONE\nUSER 10001:10001\n";
    for (dockerfile, fail_on, code, conclusion) in [
        (stop, None, 0, "failure"),
        (stop, Some("never"), 0, "neutral"),
        (stop, Some("stop"), 1, "failure"),
        (warn, None, 0, "neutral"),
        (warn, Some("stop"), 0, "neutral"),
        (warn, Some("warn"), 1, "failure"),
    ] {
        let case = Case::new();
        case.write(dockerfile);
        let mut args = vec!["--upload-sarif", "never", "--review", "never", "--comment", "never"];
        args.extend(fail_on.into_iter().flat_map(|action| ["--fail-on", action]));
        let text = case.publish(code, &args);
        assert_eq!(case.double.state().checks[0]["conclusion"], conclusion, "{fail_on:?}: {text}");
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let case = Case::new();
    case.publish(0, &["--upload-sarif", "never", "--review", "always"]);
    let before = case.double.writes();
    assert!(before >= 3);
    let text = case.publish(0, &["--upload-sarif", "never", "--review", "always"]);
    assert_eq!(case.double.writes(), before, "{text}\n{:#?}", case.double.log());
    assert_eq!(text.matches("there already").count(), 3, "{text}");
}

#[test]
fn what_is_mended_is_marked_and_comes_back() {
    let case = Case::new();
    case.publish(0, &["--upload-sarif", "never", "--review", "always"]);
    let made = case.double.state().review_comments.len();
    case.write("FROM debian\nRUN true\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n");
    let text = case.publish(0, &["--upload-sarif", "never", "--review", "always"]);
    let state = case.double.state();
    assert_eq!(state.review_comments.len(), made, "{text}");
    let gone: Vec<&Value> =
        state.review_comments.iter().filter(|c| c["body"].as_str().unwrap().starts_with("**Gone**")).collect();
    assert_eq!(gone.len(), 1, "{text}");
    let body = gone[0]["body"].as_str().unwrap();
    assert!(body.contains("sudo") && !body.contains("suggestion\n"), "{body}");
    assert_eq!(gone[0]["isResolved"], true);
    assert_eq!(state.comments.len(), 1, "the summary is brought up to date in place");
    assert!(!state.comments[0]["body"].as_str().unwrap().contains("sudo-used"));
    assert_eq!(state.checks.len(), 2, "annotations cannot be taken away, so there is a new check run");
    let writes = case.double.writes();
    case.publish(0, &["--upload-sarif", "never", "--review", "always"]);
    assert_eq!(case.double.writes(), writes);
    case.write(DOCKERFILE);
    case.publish(0, &["--upload-sarif", "never", "--review", "always"]);
    let state = case.double.state();
    assert_eq!(state.review_comments.len(), made);
    assert_eq!(state.checks.len(), 3, "the newest check run counts, so an older one that says the same is not enough");
    assert!(state.review_comments.iter().all(|c| !c["body"].as_str().unwrap().contains("**Gone**")));
    assert!(state.review_comments.iter().all(|c| c["isResolved"] != true), "what is back is open again");
}

#[test]
fn a_fork_goes_down_the_ladder_and_does_not_fail() {
    let case = Case::new();
    case.double.deny();
    let text = case.publish(0, &[]);
    for rung in ["code scanning", "check run", "review", "summary comment"] {
        let line = text.lines().find(|line| line.starts_with(rung)).unwrap();
        assert!(line.contains("not possible") && line.contains("Resource not accessible"), "{line}");
    }
    assert!(text.contains("::error file=Dockerfile,line=3,endLine=3,col=8,"), "{text}");
    let page = fs::read_to_string(case.folder.path().join("summary.md")).unwrap();
    assert!(page.contains("## dockgate: STOP"), "{page}");
    assert_eq!(case.double.writes(), 0);
    let insisted = case.publish(2, &["--annotations", "always"]);
    assert!(insisted.contains("check run: failed"), "{insisted}");
    case.publish(1, &["--fail-on", "stop"]);
}

#[test]
fn without_a_token_there_is_still_the_output() {
    let case = Case::new();
    let output = case.command(&[]).env_remove("GITHUB_TOKEN").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.contains("::error file=Dockerfile") && text.contains("no token"), "{text}");
}

#[test]
fn a_token_that_github_does_not_know_is_an_error() {
    let case = Case::new();
    case.double.answer_next(1, 401, json!({"message": "Bad credentials"}), &[]);
    let text = case.publish(2, &[]);
    assert!(
        text.contains("refuses the token") && text.contains("GITHUB_TOKEN") && !text.contains("ghs_double"),
        "{text}"
    );
}

#[test]
fn limits_are_waited_for_and_trouble_is_tried_again() {
    let case = Case::new();
    let limited = json!({"message": "You have exceeded a secondary rate limit."});
    case.double.answer_next(1, 403, limited.clone(), &[("retry-after", "1")]);
    let text = case.publish(0, &["--upload-sarif", "never", "--review", "never", "--comment", "never"]);
    assert_eq!(case.double.state().checks.len(), 1, "{text}");
    case.double.answer_next(2, 502, json!({"message": "Server Error"}), &[]);
    let text = case.publish(0, &["--upload-sarif", "never", "--review", "never"]);
    assert_eq!((case.double.state().checks.len(), case.double.state().comments.len()), (1, 1), "{text}");
    let reset = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 2;
    let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &*reset.to_string())];
    case.double.answer_next(1, 403, json!({"message": "API rate limit exceeded"}), &spent);
    let text = case.publish(0, &["--upload-sarif", "never", "--review", "never"]);
    assert!(text.contains("there already") && !text.contains("not possible"), "{text}");
    case.double.answer_next(9, 429, json!({"message": "Too many"}), &[("retry-after", "3600")]);
    let text = case.publish(0, &["--upload-sarif", "never", "--review", "never"]);
    assert!(text.contains("after 3600 s") && text.contains("::error file=Dockerfile"), "{text}");
}

#[test]
fn what_was_carried_out_before_trouble_is_not_done_twice() {
    let case = Case::new();
    case.double.lose_answers_of("POST", 3);
    let text = case.publish(0, &["--upload-sarif", "never"]);
    let state = case.double.state();
    assert_eq!((state.checks.len(), state.comments.len(), state.review_comments.len()), (1, 1, 2), "{text}");
}

#[test]
fn annotations_come_fifty_at_a_time_and_a_broken_run_is_completed() {
    let case = Case::new();
    let lines: String = (0..120).map(|i| format!("RUN sudo tool-{i}\n")).collect();
    fs::write(case.folder.path().join("Dockerfile"), format!("FROM debian:12.8\n{lines}USER app\n")).unwrap();
    let lint = ["lint", "Dockerfile", "--fail-on", "never", "--select", "sudo-used", "--output", "sarif:report.sarif"];
    assert!(command(case.folder.path()).args(lint).output().unwrap().status.success());
    case.double.refuse_after_writes(2);
    let only = ["--upload-sarif", "never", "--review", "never", "--comment", "never"];
    let text = case.publish(0, &only);
    assert!(text.contains("not possible"), "{text}");
    assert_eq!(case.double.state().checks[0]["annotations"].as_array().unwrap().len(), 100);
    case.double.refuse_after_writes(usize::MAX);
    case.publish(0, &only);
    let state = case.double.state();
    assert_eq!(state.checks.len(), 1, "the half done run is completed");
    let annotations = state.checks[0]["annotations"].as_array().unwrap();
    let lines: std::collections::BTreeSet<u64> =
        annotations.iter().map(|a| a["start_line"].as_u64().unwrap()).collect();
    assert_eq!((annotations.len(), lines.len()), (120, 120), "each once");
    assert_eq!(state.checks[0]["status"], "completed");
}

#[test]
fn code_scanning_takes_the_report_and_its_errors_are_told() {
    let case = Case::new();
    let text = case.publish(0, &["--review", "never", "--comment", "never"]);
    let state = case.double.state();
    assert_eq!(state.uploads.len(), 1);
    assert_eq!((&state.uploads[0]["commit_sha"], &state.uploads[0]["ref"]), (&json!(SHA), &json!("refs/pull/7/merge")));
    let report = double::unpacked(state.uploads[0]["sarif"].as_str().unwrap());
    assert_eq!(report, fs::read(case.folder.path().join("report.sarif")).unwrap());
    let lines: Vec<u64> =
        state.checks[0]["annotations"].as_array().unwrap().iter().map(|a| a["start_line"].as_u64().unwrap()).collect();
    assert!(lines.iter().all(|line| *line > 3), "code scanning shows what is in the diff: {lines:?}\n{text}");
    case.write("FROM debian\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n");
    case.double.fail_uploads("rejecting SARIF, as there are more runs than allowed");
    let text = case.publish(0, &["--review", "never", "--comment", "never"]);
    assert!(text.contains("more runs than allowed"), "{text}");
}

#[test]
fn a_stranger_cannot_silence_a_comment() {
    let case = Case::new();
    case.publish(0, &["--upload-sarif", "never"]);
    let state = case.double.state();
    let stolen = Case::new();
    stolen.double.plant(&state.comments[0], &state.review_comments[0], "NONE");
    stolen.publish(0, &["--upload-sarif", "never"]);
    let after = stolen.double.state();
    assert_eq!((after.comments.len(), after.review_comments.len()), (2, 3), "the planted ones are not taken for ours");
}

#[test]
fn only_what_is_new_is_told() {
    let case = Case::new();
    let folder = case.folder.path();
    case.write("FROM debian\nHEALTHCHECK NONE\nUSER app\n");
    fs::rename(folder.join("report.sarif"), folder.join("base.sarif")).unwrap();
    git(folder, &["init", "-q"]);
    git(folder, &["add", "Dockerfile"]);
    git(folder, &["-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "base"]);
    case.write(DOCKERFILE);
    let all = case.publish(0, &["--upload-sarif", "never"]);
    let body = case.double.state().comments[0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains("untagged-base"), "{all}");
    for args in [["--baseline", "base.sarif"], ["--base-ref", "HEAD"]] {
        let lint = ["lint", "Dockerfile", "--fail-on", "never", "--output", "sarif:report.sarif", "--new-only"];
        let output =
            command(folder).env("PATH", std::env::var("PATH").unwrap()).args(lint).args(args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let report: Value = serde_json::from_slice(&fs::read(folder.join("report.sarif")).unwrap()).unwrap();
        let states = report["runs"][0]["results"].as_array().unwrap().iter();
        let states: Vec<(&str, &str)> =
            states.map(|r| (r["ruleId"].as_str().unwrap(), r["baselineState"].as_str().unwrap())).collect();
        assert!(states.contains(&("untagged-base", "unchanged")), "what is there before stays an alert: {states:?}");
        assert!(states.contains(&("exposed-port", "new")), "{states:?}");
        case.publish(0, &["--upload-sarif", "never"]);
        let body = case.double.state().comments[0]["body"].as_str().unwrap().to_owned();
        assert!(!body.contains("untagged-base") && body.contains("exposed-port"), "{body}");
        assert!(body.contains("that were there before"), "{body}");
    }
}

#[test]
fn a_report_that_is_there_already_is_not_uploaded_again() {
    let case = Case::new();
    let only = ["--review", "never", "--comment", "never", "--annotations", "never"];
    assert!(case.publish(0, &only).contains("results processed"));
    let text = case.publish(0, &only);
    assert!(text.contains("there already"), "{text}");
    assert_eq!(case.double.state().uploads.len(), 1);
    case.write("FROM debian\nEXPOSE 22\nHEALTHCHECK NONE\nUSER app\n");
    assert!(case.publish(0, &only).contains("results processed"), "another content");
    assert_eq!(case.double.state().uploads.len(), 2);
    let other = ["--commit", HEAD].into_iter().chain(only).collect::<Vec<_>>();
    case.publish(0, &other);
    assert_eq!(case.double.state().uploads.len(), 3, "another commit");
    case.double.hide_analyses();
    case.publish(0, &only);
    assert_eq!(case.double.state().uploads.len(), 4, "what cannot be looked up is uploaded");
}

#[test]
fn what_github_would_refuse_is_not_sent() {
    let case = Case::new();
    let path = case.folder.path().join("report.sarif");
    let mut report: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    report["runs"][0]["results"][0]["locations"] = json!([]);
    report["runs"][0]["results"][1]["message"]["text"] = json!("");
    fs::write(&path, report.to_string()).unwrap();
    let text = case.publish(2, &[]);
    assert!(text.contains("report.sarif would be refused") && text.contains("and 1 more"), "{text}");
    assert!(text.contains("/runs/0/results/0/locations") && text.contains("dockgate sarif validate"), "{text}");
    assert!(case.double.log().is_empty());
}

fn git(folder: &Path, args: &[&str]) {
    assert!(std::process::Command::new("git").current_dir(folder).args(args).status().unwrap().success());
}

#[test]
fn a_suggestion_never_repeats_a_secret() {
    let case = Case::new();
    let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC12qUI4f");
    let line = format!("RUN sudo env GITHUB_PAT={token} true");
    case.write(&format!("FROM debian:12.8\n{line}\nHEALTHCHECK NONE\nUSER app\n"));
    case.double.change("Dockerfile", &format!("@@ -1 +1,2 @@\n FROM debian:12.8\n+{line}"));
    let text = case.publish(0, &["--review", "always", "--comment", "always"]);
    let state = case.double.state();
    let sudo = state.review_comments.iter().find(|c| c["body"].as_str().unwrap().contains("sudo-used")).unwrap();
    assert!(!sudo["body"].as_str().unwrap().contains("suggestion\n"), "{sudo}");
    assert!(state.review_comments.len() >= 2, "the secret itself is found: {:#?}", state.review_comments);
    let everything = format!("{text}{:?}{:?}{:?}", state.review_comments, state.comments, state.checks);
    assert!(!everything.contains(&token[8..]));
}

#[test]
fn a_fix_of_another_file_is_a_suggestion_where_that_is_in_the_diff() {
    let case = Case::new();
    let folder = case.folder.path();
    fs::create_dir(folder.join("app")).unwrap();
    fs::write(folder.join("app/.env"), "DB_PASSWORD=q3TxWz9kLmN4\n").unwrap();
    fs::write(folder.join("app/main.js"), "1").unwrap();
    fs::write(folder.join(".dockerignore"), ".git\n*.log\n").unwrap();
    fs::write(folder.join("Dockerfile"), "FROM debian:12.8\nCOPY app /srv\nHEALTHCHECK NONE\nUSER app\n").unwrap();
    let check = ["check", "--fail-on", "never", "--output", "sarif:report.sarif"];
    assert!(command(folder).args(check).output().unwrap().status.success());
    case.double.change("Dockerfile", "@@ -1 +1,2 @@\n FROM debian:12.8\n+COPY app /srv");
    let comment = || {
        let state = case.double.state();
        state.review_comments.iter().find(|c| c["body"].as_str().unwrap().contains("dotenv-copied")).unwrap().clone()
    };
    case.publish(0, &["--review", "always"]);
    let plain = comment();
    assert_eq!((plain["path"].as_str(), plain["line"].as_u64()), (Some("Dockerfile"), Some(2)), "{plain}");
    let body = plain["body"].as_str().unwrap();
    assert!(!body.contains("suggestion\n") && body.contains("app/.env") && body.contains(".dockerignore"), "{body}");

    let case = Case { folder: case.folder, double: Double::start() };
    case.double.change("Dockerfile", "@@ -1 +1,2 @@\n FROM debian:12.8\n+COPY app /srv");
    case.double.change(".dockerignore", "@@ -1 +1,2 @@\n .git\n+*.log");
    case.publish(0, &["--review", "always"]);
    let state = case.double.state();
    let bodies = state.review_comments.iter();
    let clicked = bodies.clone().find(|c| c["body"].as_str().unwrap().contains("dotenv-copied")).unwrap();
    assert_eq!((clicked["path"].as_str(), clicked["line"].as_u64()), (Some(".dockerignore"), Some(2)), "{clicked}");
    assert!(clicked["body"].as_str().unwrap().contains("```suggestion\n*.log\napp/.env\n```\n"), "{clicked}");
}

#[test]
fn what_is_no_report_is_an_error() {
    let case = Case::new();
    for (text, word) in [("{}", "/version"), (r#"{"version": "2.1.0", "runs": []}"#, "no run"), ("nonsense", "SARIF")] {
        fs::write(case.folder.path().join("report.sarif"), text).unwrap();
        let said = case.publish(2, &[]);
        assert!(said.contains(word) && said.contains("report.sarif"), "{said}");
    }
}
