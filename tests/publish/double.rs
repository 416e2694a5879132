//! GitHub's side: as much of the REST API as `publish` uses, with what it keeps.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// The trial merge, and the base.
pub(super) const SHA: &str = "0123456789012345678901234567890123456789";
/// The head of the pull request.
pub(super) const HEAD: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// What was written.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) checks: Vec<Value>,
    pub(super) comments: Vec<Value>,
    pub(super) review_comments: Vec<Value>,
    pub(super) uploads: Vec<Value>,
    files: Vec<Value>,
    log: Vec<String>,
    writes: usize,
    is_denied: bool,
    refuse_after: Option<usize>,
    upload_error: Option<String>,
    /// Whether what was uploaded cannot be looked up.
    hides_analyses: bool,
    /// Answers to give before any other.
    queued: Option<Queued>,
    /// Requests of a method that are carried out and then answered with 502.
    lost: Option<(String, usize)>,
}

/// How often, status, body, headers.
type Queued = (usize, u16, Value, Vec<(String, String)>);

pub(super) struct Double {
    state: Arc<Mutex<State>>,
    server: MockServer,
}

struct Server(Arc<Mutex<State>>);

impl Double {
    pub(super) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            Mock::given(any()).respond_with(Server(Arc::clone(&state))).mount(&server).await;
            server
        });
        Self { state, server }
    }

    pub(super) fn url(&self) -> String {
        // As GHES has it, with a path before the routes.
        format!("{}/api/v3", self.server.uri())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn state(&self) -> State {
        self.lock().clone()
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.lock().log.clone()
    }

    pub(super) fn writes(&self) -> usize {
        self.lock().writes
    }

    pub(super) fn change(&self, path: &str, patch: &str) {
        let mut state = self.lock();
        state.files.retain(|file| file["filename"] != path);
        state.files.push(json!({"filename": path, "patch": patch}));
    }

    pub(super) fn deny(&self) {
        self.lock().is_denied = true;
    }

    pub(super) fn answer_next(&self, times: usize, status: u16, body: Value, headers: &[(&str, &str)]) {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.lock().queued = Some((times, status, body, headers));
    }

    pub(super) fn lose_answers_of(&self, method: &str, times: usize) {
        self.lock().lost = Some((method.to_owned(), times));
    }

    /// Denies everything that would be written after `writes` more.
    pub(super) fn refuse_after_writes(&self, writes: usize) {
        let mut state = self.lock();
        state.refuse_after = Some(state.writes.saturating_add(writes));
    }

    pub(super) fn hide_analyses(&self) {
        self.lock().hides_analyses = true;
    }

    pub(super) fn fail_uploads(&self, error: &str) {
        self.lock().upload_error = Some(error.to_owned());
    }

    /// Puts comments there, as written by somebody.
    pub(super) fn plant(&self, comment: &Value, review_comment: &Value, association: &str) {
        let by = |comment: &Value| {
            let mut comment = comment.clone();
            comment["user"] = json!({"type": "User"});
            comment["author_association"] = json!(association);
            comment
        };
        let mut state = self.lock();
        state.comments.push(by(comment));
        state.review_comments.push(by(review_comment));
    }
}

pub(super) fn unpacked(base64: &str) -> Vec<u8> {
    let gzip = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut bytes).unwrap();
    bytes
}

impl Respond for Server {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        let method = request.method.as_str().to_owned();
        state.log.push(format!("{method} {}", request.url.path()));
        if request.headers.get("authorization").is_none_or(|value| value != "Bearer ghs_double") {
            return answer(401, json!({"message": "Requires authentication"}));
        }
        if let Some((times, status, body, headers)) = state.queued.as_mut().filter(|queued| queued.0 > 0) {
            *times -= 1;
            let response = answer(*status, body.clone());
            return headers.iter().fold(response, |r, (name, value)| r.insert_header(name.as_str(), value.as_str()));
        }
        let is_write = method != "GET";
        let is_refused = state.is_denied || state.refuse_after.is_some_and(|limit| state.writes >= limit);
        if is_write && is_refused {
            return answer(403, json!({"message": "Resource not accessible by integration"}));
        }
        if request.url.path() == "/api/graphql" {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            return state.graph(body["query"].as_str().unwrap(), &body["variables"]);
        }
        let path = request.url.path().strip_prefix("/api/v3/repos/acme/site/").unwrap_or_default().to_owned();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let page = request.url.query_pairs().find(|(name, _)| name == "page").map(|(_, value)| value.into_owned());
        let name = request.url.query_pairs().find(|(name, _)| name == "check_name").map(|(_, v)| v.into_owned());
        let response = state.route(&method, &path, &body, page.as_deref(), name.as_deref());
        if let Some((_, times)) = state.lost.as_mut().filter(|(lost, times)| *lost == method && *times > 0) {
            *times -= 1;
            return answer(502, json!({"message": "Bad Gateway"}));
        }
        response
    }
}

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

impl State {
    fn route(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
        page: Option<&str>,
        name: Option<&str>,
    ) -> ResponseTemplate {
        let parts: Vec<&str> = path.split('/').collect();
        if method != "GET" {
            self.writes += 1;
        }
        let list = |items: &[Value]| answer(200, json!(if page == Some("1") { items } else { &[] }));
        match (method, parts.as_slice()) {
            ("GET", ["commits", commit, "check-runs"]) => {
                let here = |c: &&Value| c["head_sha"] == *commit && c["name"].as_str() == name;
                let runs: Vec<Value> = self.checks.iter().filter(here).cloned().map(counted).collect();
                answer(200, json!({"total_count": runs.len(), "check_runs": runs}))
            }
            ("POST", ["check-runs"]) => {
                let mut check = body.clone();
                check["id"] = json!(self.checks.len() + 1);
                check["annotations"] = json!([]);
                self.checks.push(check);
                let last = self.checks.len() - 1;
                self.annotate(last, body)
            }
            ("PATCH", ["check-runs", id]) => self.annotate(index(id), body),
            ("GET", ["pulls", "7", "files"]) => list(&self.files),
            ("GET", ["pulls", "7", "comments"]) => list(&self.review_comments),
            ("GET", ["issues", "7", "comments"]) => list(&self.comments),
            ("POST", ["issues", "7", "comments"]) => {
                let made = authored(body, self.comments.len() + 1);
                self.comments.push(made.clone());
                answer(201, made)
            }
            ("PATCH", ["issues", "comments", id]) => edit(&mut self.comments, id, body),
            ("PATCH", ["pulls", "comments", id]) => edit(&mut self.review_comments, id, body),
            ("POST", ["pulls", "7", "reviews"]) => {
                let comments = body["comments"].as_array().cloned().unwrap_or_default();
                if body["commit_id"] != HEAD || !comments.iter().all(|comment| self.is_in_hunk(comment)) {
                    return answer(
                        422,
                        json!({"message": "Unprocessable Entity", "errors": ["line must be part of the diff"]}),
                    );
                }
                for comment in comments {
                    let made = authored(&comment, self.review_comments.len() + 1);
                    self.review_comments.push(made);
                }
                answer(200, json!({"id": 1}))
            }
            ("POST", ["code-scanning", "sarifs"]) => {
                self.uploads.push(body.clone());
                answer(202, json!({"id": format!("upload-{}", self.uploads.len()), "url": "https://example.com"}))
            }
            ("GET", ["code-scanning", "analyses", ..]) if self.hides_analyses => {
                answer(403, json!({"message": "Resource not accessible by integration"}))
            }
            ("GET", ["code-scanning", "analyses"]) => {
                let analyses: Vec<Value> = self.uploads.iter().enumerate().rev().map(analysis).collect();
                answer(200, json!(analyses))
            }
            ("GET", ["code-scanning", "analyses", id]) => {
                let report = unpacked(self.uploads[index(id)]["sarif"].as_str().unwrap());
                ResponseTemplate::new(200).set_body_raw(report, "application/sarif+json")
            }
            ("GET", ["code-scanning", "sarifs", _]) => match &self.upload_error {
                Some(error) => answer(200, json!({"processing_status": "failed", "errors": [error]})),
                None => answer(200, json!({"processing_status": "complete"})),
            },
            _ => answer(404, json!({"message": "Not Found"})),
        }
    }

    /// Threads, of which each has one comment.
    fn graph(&mut self, query: &str, variables: &Value) -> ResponseTemplate {
        if query.starts_with("query") {
            let thread = |c: &Value| {
                json!({"id": format!("T{}", c["id"]), "isResolved": c["isResolved"] == true,
                "comments": {"nodes": [{"body": c["body"]}]}})
            };
            let nodes: Vec<Value> = self.review_comments.iter().map(thread).collect();
            let threads = json!({"nodes": nodes, "pageInfo": {"hasNextPage": false, "endCursor": null}});
            return answer(200, json!({"data": {"repository": {"pullRequest": {"reviewThreads": threads}}}}));
        }
        self.writes += 1;
        let wanted = query.contains("{ resolveReviewThread");
        for comment in &mut self.review_comments {
            if variables["thread"] == format!("T{}", comment["id"]) {
                comment["isResolved"] = json!(wanted);
            }
        }
        answer(200, json!({"data": {"x": {"thread": {"isResolved": wanted}}}}))
    }

    fn annotate(&mut self, index: usize, body: &Value) -> ResponseTemplate {
        let added = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
        let wrong = |a: &Value| {
            let columns = a.get("start_column").is_some() && a["start_line"] != a["end_line"];
            columns || a["start_line"].as_u64() > a["end_line"].as_u64() || a["start_line"] == 0
        };
        if added.len() > 50 || added.iter().any(wrong) {
            return answer(422, json!({"message": "Invalid request."}));
        }
        let Some(check) = self.checks.get_mut(index) else { return answer(404, json!({"message": "Not Found"})) };
        check["annotations"].as_array_mut().unwrap().extend(added);
        for field in ["status", "conclusion"] {
            if let Some(value) = body.get(field) {
                check[field] = value.clone();
            }
        }
        answer(200, counted(check.clone()))
    }

    fn is_in_hunk(&self, comment: &Value) -> bool {
        let Some(file) = self.files.iter().find(|file| file["filename"] == comment["path"]) else { return false };
        let mut line = 0;
        let mut lines = Vec::new();
        for text in file["patch"].as_str().unwrap().lines() {
            if let Some(rest) = text.strip_prefix("@@ ") {
                let new = rest.split('+').nth(1).unwrap();
                line = new.split([',', ' ']).next().unwrap().parse().unwrap();
            } else if !text.starts_with('-') {
                lines.push(line);
                line += 1;
            }
        }
        let last = comment["line"].as_u64().unwrap();
        let first = comment.get("start_line").map_or(last, |first| first.as_u64().unwrap());
        (first..=last).all(|line| lines.contains(&line)) && (comment.get("start_line").is_none() || first < last)
    }
}

/// An upload as GitHub lists it.
fn analysis((index, upload): (usize, &Value)) -> Value {
    let report: Value = serde_json::from_slice(&unpacked(upload["sarif"].as_str().unwrap())).unwrap();
    let run = &report["runs"][0];
    let version = &run["tool"]["driver"]["semanticVersion"];
    json!({
        "id": index + 1, "ref": upload["ref"], "commit_sha": upload["commit_sha"], "error": "",
        "category": run["automationDetails"]["id"], "tool": {"name": "dockgate", "version": version},
    })
}

fn authored(body: &Value, id: usize) -> Value {
    let mut made = body.clone();
    made["id"] = json!(id);
    made["user"] = json!({"type": "Bot"});
    made["author_association"] = json!("NONE");
    made
}

fn counted(mut check: Value) -> Value {
    check["output"] = json!({"annotations_count": check["annotations"].as_array().map(Vec::len)});
    check
}

fn edit(comments: &mut [Value], id: &str, body: &Value) -> ResponseTemplate {
    match comments.iter_mut().find(|comment| comment["id"].as_u64() == id.parse().ok()) {
        Some(comment) => {
            comment["body"] = body["body"].clone();
            answer(200, comment.clone())
        }
        None => answer(404, json!({"message": "Not Found"})),
    }
}

fn index(id: &str) -> usize {
    id.parse::<usize>().unwrap() - 1
}
