//! What a report is published to: the repository, the commit and the pull request, from the environment and the event
//! of a workflow run, or as they are given.

use serde::Deserialize;

use super::GithubError;

/// Where GitHub's API is when nothing else is said.
const API: &str = "https://api.github.com";

/// What the options say of the target; what they leave out is found.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `OWNER/NAME`.
    pub repository: Option<String>,
    /// The commit that was checked.
    pub commit: Option<String>,
    /// The ref it is the head of: `refs/heads/main`.
    pub reference: Option<String>,
    /// The number of the pull request.
    pub pull: Option<u64>,
}

/// What a report is published to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The root of the REST API, without a slash at the end.
    pub api: String,
    /// The root of the web pages, likewise.
    pub server: String,
    /// `OWNER/NAME`.
    pub repository: String,
    /// The commit that was checked out; in a pull request GitHub's trial merge.
    pub commit: String,
    /// The ref that was checked out.
    pub reference: Option<String>,
    /// The pull request, when there is one.
    pub pull: Option<Pull>,
    /// The name of the workflow, empty outside of one.
    pub workflow: String,
    /// Whether this is a workflow run, whose output is read for commands.
    pub is_workflow: bool,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its newest commit, when the event tells.
    pub head: Option<String>,
    /// Whether it comes from another repository, whose runs have a token that can only read.
    pub is_from_fork: bool,
}

#[derive(Default, Deserialize)]
struct Event {
    pull_request: Option<PullEvent>,
    workflow_run: Option<WorkflowRun>,
}

#[derive(Deserialize)]
struct PullEvent {
    number: u64,
    head: Head,
    base: Base,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Base {
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
struct WorkflowRun {
    head_sha: String,
    head_branch: Option<String>,
    #[serde(default)]
    pull_requests: Vec<PullEvent>,
}

impl Target {
    /// Finds the target. `variable` looks an environment variable up; `event` is the content of the file that
    /// `GITHUB_EVENT_PATH` names, when there is one.
    ///
    /// # Errors
    /// When the repository or the commit is not known, and when a name cannot be one.
    pub fn find(
        given: Given,
        variable: &dyn Fn(&str) -> Option<String>,
        event: Option<&str>,
    ) -> Result<Self, GithubError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let event: Event = match event {
            Some(text) => serde_json::from_str(text).map_err(|e| GithubError::Event(e.to_string()))?,
            None => Event::default(),
        };
        let missing = |what, variable| GithubError::NoTarget { what, variable };
        let repository = given.repository.or_else(|| variable("GITHUB_REPOSITORY"));
        let repository = repository.ok_or_else(|| missing("repository", "GITHUB_REPOSITORY"))?;
        check("the repository", &repository, is_repository, "OWNER/NAME")?;
        // A run that another run has started has the default branch for its own commit and ref.
        let run = event.workflow_run;
        let started_by = run.as_ref().map(|run| (run.head_sha.clone(), run.head_branch.clone()));
        let run_commit = started_by.as_ref().map(|(sha, _)| sha.clone());
        let run_reference = started_by.and_then(|(_, branch)| branch).map(|branch| format!("refs/heads/{branch}"));
        let is_started = run_commit.is_some();
        let commit = given.commit.or(run_commit).or_else(|| variable("GITHUB_SHA"));
        let commit = commit.ok_or_else(|| missing("commit", "GITHUB_SHA"))?;
        check("the commit", &commit, is_commit, "the full digest of a commit")?;
        let own_reference = if is_started { run_reference } else { variable("GITHUB_REF") };
        let reference = given.reference.or(own_reference);
        if let Some(reference) = &reference {
            check("the ref", reference, |r| r.starts_with("refs/"), "a full one: refs/heads/main")?;
        }
        let event_pull = event.pull_request.or_else(|| run.and_then(|run| run.pull_requests.into_iter().next()));
        let pull = match (given.pull, event_pull) {
            (Some(number), Some(pull)) if number == pull.number => Some(Pull::of(pull)),
            (Some(number), _) => Some(Pull { number, head: None, is_from_fork: false }),
            (None, pull) => pull.map(Pull::of),
        };
        let root = |name: &str, otherwise: &str| {
            variable(name).unwrap_or_else(|| otherwise.to_owned()).trim_end_matches('/').to_owned()
        };
        let api = root("GITHUB_API_URL", API);
        check(
            "GITHUB_API_URL",
            &api,
            |url| url.starts_with("https://") || url.starts_with("http://"),
            "a web address",
        )?;
        Ok(Self {
            api,
            server: root("GITHUB_SERVER_URL", "https://github.com"),
            repository,
            commit,
            reference,
            pull,
            workflow: variable("GITHUB_WORKFLOW").unwrap_or_default(),
            is_workflow: variable("GITHUB_ACTIONS").as_deref() == Some("true"),
        })
    }

    /// The commit that checks and comments belong to: the pull request's own, not the trial merge.
    pub(super) fn head(&self) -> &str {
        self.pull.as_ref().and_then(|pull| pull.head.as_deref()).unwrap_or(&self.commit)
    }
}

impl Pull {
    fn of(event: PullEvent) -> Self {
        let is_from_fork = match (&event.head.repo, &event.base.repo) {
            (Some(head), Some(base)) => head.full_name != base.full_name,
            // The repository of a fork can be gone.
            (None, Some(_)) => true,
            _ => false,
        };
        Self { number: event.number, head: Some(event.head.sha).filter(|sha| is_commit(sha)), is_from_fork }
    }
}

fn check(
    what: &'static str,
    value: &str,
    is_good: impl Fn(&str) -> bool,
    wanted: &'static str,
) -> Result<(), GithubError> {
    if is_good(value) {
        return Ok(());
    }
    Err(GithubError::BadTarget { what, value: value.to_owned(), wanted })
}

/// Both parts become segments of a route, so nothing but what GitHub allows in names may be in them.
fn is_repository(text: &str) -> bool {
    let is_name = |name: &str| {
        let is_dots = name.bytes().all(|b| b == b'.');
        !name.is_empty() && !is_dots && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    text.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SHA: &str = "0123456789012345678901234567890123456789";
    const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn variables(name: &str) -> Option<String> {
        let value = match name {
            "GITHUB_REPOSITORY" => "acme/site",
            "GITHUB_SHA" => SHA,
            "GITHUB_REF" => "refs/pull/7/merge",
            "GITHUB_API_URL" => "https://ghes.example/api/v3/",
            "GITHUB_ACTIONS" => "true",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn checks_go_to_the_head_of_the_pull_request_and_uploads_to_the_trial_merge() {
        let event = format!(
            r#"{{"pull_request": {{"number": 7, "head": {{"sha": "{HEAD}", "repo": {{"full_name": "fork/site"}}}},
                 "base": {{"sha": "{SHA}", "repo": {{"full_name": "acme/site"}}}}}}}}"#
        );
        let target = Target::find(Given::default(), &variables, Some(&event)).unwrap();
        assert_eq!((target.head(), target.commit.as_str()), (HEAD, SHA));
        assert!(target.pull.as_ref().unwrap().is_from_fork);
        assert_eq!(target.api, "https://ghes.example/api/v3");
    }

    #[test]
    fn a_run_started_by_another_run_is_about_that_one() {
        let event =
            format!(r#"{{"workflow_run": {{"head_sha": "{HEAD}", "head_branch": "topic", "pull_requests": []}}}}"#);
        let target = Target::find(Given::default(), &variables, Some(&event)).unwrap();
        assert_eq!((target.commit.as_str(), target.reference.as_deref()), (HEAD, Some("refs/heads/topic")));
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_a_route() {
        for repository in ["acme", "acme/", "acme/../x", "../..", "acme/site?x=1", "acme/a b"] {
            let given = Given { repository: Some(repository.into()), ..Given::default() };
            assert!(Target::find(given, &variables, None).is_err(), "{repository}");
        }
        let given = Given { commit: Some("main".into()), ..Given::default() };
        assert!(Target::find(given, &variables, None).is_err());
    }
}
