//! One repository of a registry, spoken to over HTTP: who asks, again when it fails in passing, and from where it broke off.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RANGE, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::challenge::Challenge;
use super::credentials::{Credential, Credentials};
use super::failure::{Failure, FailureKind};
use crate::image::limits::MAX_DOCUMENT;
use crate::image::network::Sink;

/// Attempts at what fails in passing.
const ATTEMPTS: u32 = 5;
/// The wait before the second attempt; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest a registry may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Bytes of an error or a token that are read.
const MAX_ANSWER: u64 = 1 << 20;

/// What manifests may be.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// A repository, and what lets in to it.
pub(super) struct Session {
    pub(super) http: Client,
    /// The registry's root: `https://host:port/`.
    pub(super) root: Url,
    pub(super) repository: String,
    pub(super) credentials: Credentials,
    /// The `Authorization` that was last good.
    pub(super) authorization: Mutex<Option<HeaderValue>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("root", &self.root.as_str()).field("repository", &self.repository).finish()
    }
}

/// The token server's answer.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// The registry's errors.
#[derive(Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<ErrorItem>,
}

#[derive(Deserialize)]
struct ErrorItem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Session {
    /// A manifest or index, by tag or digest.
    pub(super) async fn manifest(&self, reference: &str) -> Result<Vec<u8>, Failure> {
        self.document(&format!("manifests/{reference}")).await
    }

    /// A small blob.
    pub(super) async fn blob(&self, digest: &str) -> Result<Vec<u8>, Failure> {
        self.document(&format!("blobs/{digest}")).await
    }

    async fn document(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let mut attempt = 1;
        loop {
            let read = match self.get(path, 0).await {
                Ok(response) => whole(response, MAX_DOCUMENT).await,
                Err(failure) => return Err(failure),
            };
            match read {
                Err(failure) if failure.kind == FailureKind::Passing && attempt < ATTEMPTS => {
                    sleep(wait_before(attempt)).await;
                    attempt += 1;
                }
                read => return read,
            }
        }
    }

    /// Sends the blob of a layer to its reader. What was sent already is not fetched again after a failure.
    pub(super) async fn download(&self, digest: &str, size: u64, sink: &Sink) -> Result<(), Failure> {
        let path = format!("blobs/{digest}");
        let (mut at, mut attempt) = (0_u64, 1);
        loop {
            let mut response = self.get(&path, at).await?;
            let mut skip = if response.status() == StatusCode::PARTIAL_CONTENT { 0 } else { at };
            let failure = loop {
                match response.chunk().await {
                    Ok(Some(bytes)) => {
                        let known = usize::try_from(skip).unwrap_or(usize::MAX).min(bytes.len());
                        skip -= known as u64;
                        let bytes = bytes.get(known..).unwrap_or_default();
                        at = at.saturating_add(bytes.len() as u64);
                        if at > size {
                            return Err(Failure::lasting(format!(
                                "the registry sends more than the {size} bytes the manifest tells of"
                            )));
                        }
                        if !bytes.is_empty() {
                            attempt = 1;
                            if sink.send(bytes).await.is_err() {
                                return Ok(());
                            }
                        }
                    }
                    Ok(None) if at >= size => return Ok(()),
                    Ok(None) => {
                        break Failure::new(
                            FailureKind::Passing,
                            format!("the registry ends it after {at} of {size} bytes"),
                        );
                    }
                    Err(error) => break Failure::from(error),
                }
            };
            if failure.kind != FailureKind::Passing || attempt >= ATTEMPTS {
                return Err(failure);
            }
            sleep(wait_before(attempt)).await;
            attempt += 1;
        }
    }

    /// Asks for something, from a byte on; gives an answer that has it.
    async fn get(&self, path: &str, from: u64) -> Result<Response, Failure> {
        let url = self.url(path)?;
        let (mut attempt, mut asked_again) = (1, 0);
        loop {
            let authorization = self.authorization.lock().await.clone();
            let mut request = self.http.get(url.clone()).header(ACCEPT, MANIFESTS);
            if let Some(value) = &authorization {
                request = request.header(AUTHORIZATION, value.clone());
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let (failure, wait) = match request.send().await {
                Ok(response) => match response.status() {
                    StatusCode::OK => return Ok(response),
                    StatusCode::PARTIAL_CONTENT if starts_at(&response, from) => return Ok(response),
                    StatusCode::UNAUTHORIZED if asked_again < 2 => {
                        asked_again += 1;
                        self.authorize(&response, authorization).await?;
                        continue;
                    }
                    _ => self.refusal(response).await,
                },
                Err(error) => (Failure::from(error), None),
            };
            if failure.kind != FailureKind::Passing || attempt >= ATTEMPTS {
                return Err(failure);
            }
            sleep(wait.unwrap_or_else(|| wait_before(attempt)).min(LONGEST_WAIT)).await;
            attempt += 1;
        }
    }

    /// Whether there is a registry at the root that speaks this scheme.
    pub(super) async fn ping(&self) -> Result<(), Failure> {
        let url = self.root.join("v2/").map_err(|_| Failure::lasting("its address cannot be understood"))?;
        self.http.get(url).send().await.map(drop).map_err(Failure::from)
    }

    fn url(&self, path: &str) -> Result<Url, Failure> {
        let path = format!("v2/{}/{path}", self.repository);
        self.root.join(&path).map_err(|_| Failure::lasting("its address cannot be understood"))
    }

    /// Gets what the challenge in an answer asks for. `used` was not good enough.
    async fn authorize(&self, response: &Response, used: Option<HeaderValue>) -> Result<(), Failure> {
        let headers = response.headers().get_all(WWW_AUTHENTICATE);
        let challenge = Challenge::of(headers.iter().filter_map(|value| value.to_str().ok()));
        let mut current = self.authorization.lock().await;
        if *current != used {
            // Another layer's download has done it meanwhile.
            return Ok(());
        }
        let value = match (challenge, &self.credentials.credential) {
            (Some(Challenge::Bearer { realm, service, scope }), credential) => {
                let token = self.token(&realm, service.as_deref(), scope.as_deref(), credential.as_ref()).await?;
                format!("Bearer {token}")
            }
            (Some(Challenge::Basic), Some(Credential::Password { user, password })) => basic(user, password),
            _ => return Err(self.denied()),
        };
        let mut value = HeaderValue::from_str(&value).map_err(|_| Failure::lasting("its token cannot be sent back"))?;
        value.set_sensitive(true);
        // The same once more would be refused once more.
        if used.as_ref() == Some(&value) {
            return Err(self.denied());
        }
        *current = Some(value);
        Ok(())
    }

    /// A token from the server the registry names.
    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scope: Option<&str>,
        credential: Option<&Credential>,
    ) -> Result<String, Failure> {
        let bad = || Failure::lasting("the registry names no token server that can be asked");
        let mut url = Url::parse(realm).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(bad());
        }
        if self.root.scheme() == "https" && url.scheme() == "http" {
            return Err(Failure::lasting(
                "the registry wants its tokens fetched over plain http, where anybody reads along",
            ));
        }
        let scope = scope.map_or_else(|| format!("repository:{}:pull", self.repository), str::to_owned);
        let service = service.unwrap_or_default();
        let request: RequestBuilder = match credential {
            Some(Credential::IdentityToken(token)) => {
                let mut form = Url::parse("form:").map_err(|_| bad())?;
                form.query_pairs_mut()
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("service", service)
                    .append_pair("scope", &scope)
                    .append_pair("client_id", "dockgate")
                    .append_pair("refresh_token", token);
                let body = form.query().unwrap_or_default().to_owned();
                self.http.post(url).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
            }
            credential => {
                url.query_pairs_mut().append_pair("service", service).append_pair("scope", &scope);
                let request = self.http.get(url);
                match credential {
                    Some(Credential::Password { user, password }) => {
                        request.header(AUTHORIZATION, basic(user, password))
                    }
                    _ => request,
                }
            }
        };
        let mut attempt = 1;
        let response = loop {
            let again = request.try_clone().ok_or_else(bad)?;
            let failure = match again.send().await {
                Ok(response) if response.status().is_success() => break response,
                Ok(response) if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    return Err(self.denied());
                }
                Ok(response) => {
                    let status = response.status();
                    let kind = if is_passing(status) { FailureKind::Passing } else { FailureKind::Lasting };
                    Failure::new(kind, format!("its token server answers {status}"))
                }
                Err(error) => {
                    let failure = Failure::from(error);
                    Failure { reason: format!("its token server cannot be asked: {}", failure.reason), ..failure }
                }
            };
            if failure.kind != FailureKind::Passing || attempt >= ATTEMPTS {
                return Err(failure);
            }
            sleep(wait_before(attempt)).await;
            attempt += 1;
        };
        let answer = whole(response, MAX_ANSWER).await?;
        let token: Option<Token> = serde_json::from_slice(&answer).ok();
        token
            .and_then(|t| t.token.or(t.access_token))
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Failure::lasting("its token server gives no token"))
    }

    /// The registry does not let this user in.
    fn denied(&self) -> Failure {
        let Credentials { credential, origin, problem } = &self.credentials;
        let host = host(&self.root);
        let again = format!("log in with `docker login {host}`, with an account that may pull {}", self.repository);
        match (credential, problem) {
            (Some(_), _) => {
                Failure::lasting(format!("the registry refuses the credentials that {origin} has for it")).hint(again)
            }
            (None, Some(problem)) => Failure::lasting(format!(
                "the registry wants to know who asks, and no credentials could be had ({problem})"
            ))
            .hint(again),
            (None, None) => {
                let looked = if origin.is_empty() { String::new() } else { format!(" in {origin}") };
                let reason =
                    format!("the registry wants to know who asks, and there are no credentials for it{looked}");
                Failure::lasting(reason).hint(again)
            }
        }
    }

    /// What an answer that is no success comes to, and how long the registry asks to wait.
    async fn refusal(&self, response: Response) -> (Failure, Option<Duration>) {
        let status = response.status();
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let wait = asked.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
        let said = whole(response, MAX_ANSWER).await.unwrap_or_default();
        let errors = serde_json::from_slice::<Errors>(&said).map(|errors| errors.errors).unwrap_or_default();
        let words = errors.first().map(|item| if item.message.is_empty() { &item.code } else { &item.message });
        let words = words.map_or_else(String::new, |words| format!(": {}", self.without_secrets(words)));
        let failure = match status {
            StatusCode::UNAUTHORIZED => self.denied(),
            StatusCode::FORBIDDEN => Failure { reason: format!("the registry denies access{words}"), ..self.denied() },
            StatusCode::NOT_FOUND => {
                Failure::new(FailureKind::Absent, format!("the registry has no such image{words}"))
            }
            StatusCode::TOO_MANY_REQUESTS => {
                Failure::new(FailureKind::Passing, format!("the registry answers that it was asked too often{words}"))
                    .hint(format!("wait, or log in with `docker login {}` for a higher limit", host(&self.root)))
            }
            status if is_passing(status) => {
                Failure::new(FailureKind::Passing, format!("the registry answers {status}{words}"))
            }
            status => Failure::lasting(format!("the registry answers {status}{words}")),
        };
        (failure, wait)
    }

    /// What a server says, without what it was told.
    fn without_secrets(&self, words: &str) -> String {
        let words: String = words.chars().take(300).collect();
        match &self.credentials.credential {
            Some(Credential::Password { password: secret, .. } | Credential::IdentityToken(secret))
                if !secret.is_empty() =>
            {
                words.replace(secret.as_str(), "********")
            }
            _ => words,
        }
    }
}

/// `host[:port]` of an address.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

fn wait_before(attempt: u32) -> Duration {
    FIRST_WAIT.saturating_mul(1 << attempt.min(8)) / 2
}

/// Whether a part is the one that was asked for.
fn starts_at(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    let start = range.and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok());
    start == Some(from)
}

/// All of an answer that is meant to be small.
async fn whole(mut response: Response, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(run) = response.chunk().await? {
        if (bytes.len() + run.len()) as u64 > most {
            return Err(Failure::lasting(format!("its answer is longer than {most} bytes")));
        }
        bytes.extend_from_slice(&run);
    }
    Ok(bytes)
}
