//! Requests to GitHub's REST API, through octocrab: paced, bounded in time, and asked again where that is safe.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use octocrab::service::middleware::retry::RetryConfig;
use octocrab::{FromResponse, Octocrab, Page};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{ApiError, Kind};
use super::pace::Pace;
use super::{GithubError, Target};

/// A token for GitHub. It can be used, not shown.
#[derive(Clone)]
pub struct Token(octocrab::secrecy::SecretString);

impl Token {
    /// Takes a token, without the white space around it; `None` when nothing is left.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.into()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(********)")
    }
}

/// For a request and its answer.
const ANSWER: Duration = Duration::from_secs(60);
/// For a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Times a request is made before its failure is told.
const TRIES: u32 = 3;
/// The first wait after trouble on GitHub's side; each further one is twice as long.
const BACKOFF: Duration = Duration::from_millis(500);
/// Items a page is asked for, GitHub's most.
const PAGE: usize = 100;
/// Pages of one list that are read.
const PAGES: usize = 30;

/// A repository, as it is talked to.
pub(super) struct Client {
    crab: Octocrab,
    /// The same for GraphQL, which GHES has beside the REST API rather than below it.
    graph: Octocrab,
    repository: String,
    pace: RefCell<Pace>,
}

impl Client {
    /// A client for the repository of `target`. Must be called inside the runtime that its requests will be made in.
    ///
    /// # Errors
    /// When the address cannot be used, or there are no root certificates.
    pub(super) fn new(target: &Target, token: &Token, patience: Duration) -> Result<Self, GithubError> {
        let wrong = |reason: String| GithubError::Client { api: target.api.clone(), reason };
        crate::http::install_cryptography();
        let http = reqwest::Client::builder().connect_timeout(CONNECT).timeout(ANSWER).build();
        let http = http.map_err(|e| wrong(e.to_string()))?;
        let crab = |root: &str| {
            let builder = Octocrab::builder().base_uri(root).map_err(|e| wrong(e.to_string()))?;
            let builder = builder.add_retry_config(RetryConfig::None).personal_token(token.0.clone());
            builder.build_with_reqwest(http.clone()).map_err(|e| wrong(e.to_string()))
        };
        let graph = crab(target.api.strip_suffix("/v3").unwrap_or(&target.api))?;
        Ok(Self {
            crab: crab(&target.api)?,
            graph,
            repository: target.repository.clone(),
            pace: RefCell::new(Pace::new(patience)),
        })
    }

    /// What stands at `path` below the repository.
    pub(super) async fn get<T: FromResponse>(&self, doing: &str, path: &str) -> Result<T, ApiError> {
        let route = self.route(path);
        self.ask(doing, true, async || self.crab.get(&route, None::<&()>).await).await
    }

    /// The same, in the form of a media type.
    pub(super) async fn get_as(&self, doing: &str, media_type: &'static str, path: &str) -> Result<Value, ApiError> {
        let route = self.route(path);
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(media_type))]);
        let call = async || self.crab.get_with_headers(&route, None::<&()>, Some(headers.clone())).await;
        self.ask(doing, true, call).await
    }

    /// All items of a list.
    pub(super) async fn list<T: DeserializeOwned>(&self, doing: &str, path: &str) -> Result<Vec<T>, ApiError> {
        let mut items = Vec::new();
        let joint = if path.contains('?') { '&' } else { '?' };
        for page in 1..=PAGES {
            let mut got: Page<T> = self.get(doing, &format!("{path}{joint}per_page={PAGE}&page={page}")).await?;
            items.append(&mut got.items);
            if !got.next.is_some_and(|next| leads_on(next.query().unwrap_or_default(), page)) {
                return Ok(items);
            }
        }
        Err(ApiError::new(doing, Kind::Rejected, format!("there are more than {} items", PAGE * PAGES)))
    }

    /// Makes something new. After trouble it is not known whether it was made, so that the caller has to look.
    pub(super) async fn post<B: Serialize, T: FromResponse>(
        &self,
        doing: &str,
        path: &str,
        body: &B,
    ) -> Result<T, ApiError> {
        let route = self.route(path);
        self.write(doing, false, async || self.crab.post(&route, Some(body)).await).await
    }

    /// Changes something to what `body` says, which can be said twice.
    pub(super) async fn set<B: Serialize>(&self, doing: &str, path: &str, body: &B) -> Result<(), ApiError> {
        let route = self.route(path);
        let call = async || self.crab.patch::<Value, _, _>(&route, Some(body)).await.map(drop);
        self.write(doing, true, call).await
    }

    /// Adds to something, which must not be said twice: as for [`Self::post`].
    pub(super) async fn add<B: Serialize>(&self, doing: &str, path: &str, body: &B) -> Result<(), ApiError> {
        let route = self.route(path);
        let call = async || self.crab.patch::<Value, _, _>(&route, Some(body)).await.map(drop);
        self.write(doing, false, call).await
    }

    /// Asks by GraphQL; `owner` and `name` are added to the variables.
    pub(super) async fn query(&self, doing: &str, query: &str, mut variables: Value) -> Result<Value, ApiError> {
        let (owner, name) = self.repository.split_once('/').unwrap_or_default();
        variables["owner"] = json!(owner);
        variables["name"] = json!(name);
        let payload = json!({ "query": query, "variables": variables });
        self.ask(doing, true, async || self.graph.graphql(&payload).await).await
    }

    /// Changes something by GraphQL to how it may be already.
    pub(super) async fn mutate(&self, doing: &str, query: &str, variables: Value) -> Result<Value, ApiError> {
        let payload = json!({ "query": query, "variables": variables });
        self.write(doing, true, async || self.graph.graphql(&payload).await).await
    }

    /// Does what first looks at how things are and then changes them, again after trouble: what was carried out after all is
    /// seen then.
    pub(super) async fn settle<T>(&self, act: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
        let mut tries = 0;
        loop {
            let error = match act().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            tries += 1;
            if error.kind != Kind::Troubled || tries == TRIES || !self.wait(BACKOFF * 2_u32.pow(tries)).await {
                return Err(error);
            }
        }
    }

    /// Waits, unless that is longer than the patience that is left.
    pub(super) async fn wait(&self, wait: Duration) -> bool {
        let may = self.pace.borrow_mut().spend(wait);
        if may {
            tokio::time::sleep(wait).await;
        }
        may
    }

    fn route(&self, path: &str) -> String {
        format!("/repos/{}/{path}", self.repository)
    }

    async fn write<T>(
        &self,
        doing: &str,
        is_repeatable: bool,
        call: impl AsyncFn() -> octocrab::Result<T>,
    ) -> Result<T, ApiError> {
        let paced = async || {
            let wait = self.pace.borrow_mut().write(Instant::now());
            tokio::time::sleep(wait).await;
            call().await
        };
        self.ask(doing, is_repeatable, paced).await
    }

    async fn ask<T>(
        &self,
        doing: &str,
        is_repeatable: bool,
        call: impl AsyncFn() -> octocrab::Result<T>,
    ) -> Result<T, ApiError> {
        let mut tries = 0;
        loop {
            let error = match call().await {
                Ok(answer) => return Ok(answer),
                Err(error) => ApiError::of(doing, &error, now()),
            };
            tries += 1;
            let wait = match error.kind {
                // What was refused for its rate was not carried out.
                Kind::Limited(wait) => wait,
                Kind::Troubled if is_repeatable => BACKOFF * 2_u32.pow(tries),
                _ => return Err(error),
            };
            if tries == TRIES || !self.wait(wait).await {
                return Err(error);
            }
        }
    }
}

/// Whether the query of a link to the next page is of a page after `page`: a server that names the same page again has no more.
fn leads_on(query: &str, page: usize) -> bool {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("page="));
    named.and_then(|number| number.parse::<usize>().ok()).is_none_or(|number| number > page)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends() {
        assert!(leads_on("per_page=100&page=2", 1));
        assert!(!leads_on("per_page=100&page=2", 2));
        assert!(leads_on("after=abc", 2));
    }

    #[test]
    fn a_token_is_not_shown() {
        let token = Token::new(" ghs_abcdefghij\n");
        assert!(!format!("{token:?}").contains("abc"));
        assert!(Token::new(" \n").is_none());
    }
}
