//! Why something could not be published, told apart by what helps: other rights, waiting, or another request.

use std::time::Duration;

use octocrab::Error as OctocrabError;
use thiserror::Error;

/// The errors behind the first.
fn more(errors: usize) -> String {
    if errors > 1 { format!(", and {} more", errors - 1) } else { String::new() }
}

/// Why nothing can be published at all.
#[derive(Debug, Error)]
pub enum GithubError {
    /// What to publish to is not known.
    #[error("it is not known which {what} to publish to: {variable} is not set")]
    NoTarget {
        /// What is missing.
        what: &'static str,
        /// Where it would be read from.
        variable: &'static str,
    },
    /// A name from the options or the environment cannot be one.
    #[error("{what} `{value}` is not {wanted}")]
    BadTarget {
        /// What it stands for.
        what: &'static str,
        /// What was given.
        value: String,
        /// What it should look like.
        wanted: &'static str,
    },
    /// The event of the workflow run is not what GitHub writes.
    #[error("the event of this workflow run is not JSON: {0}")]
    Event(String),
    /// A report is not SARIF 2.1.0.
    #[error("{name} is not a SARIF 2.1.0 report: {reason}")]
    NotSarif {
        /// The report.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// GitHub would refuse a report.
    #[error("{name} would be refused: {reason}{}", more(*errors))]
    Refused {
        /// The report.
        name: String,
        /// How many things are wrong with it.
        errors: usize,
        /// The first of them, with its place in the report.
        reason: String,
    },
    /// The client could not be made.
    #[error("cannot publish by way of {api}: {reason}")]
    Client {
        /// Where GitHub's API is.
        api: String,
        /// What is in the way.
        reason: String,
    },
    /// GitHub does not know the token.
    #[error("GitHub refuses the token: {0}")]
    BadToken(String),
}

/// Why a request came to nothing.
#[derive(Clone, Debug, Error)]
#[error("{doing}: {message}")]
pub(super) struct ApiError {
    /// What was being done.
    pub(super) doing: String,
    pub(super) kind: Kind,
    message: String,
}

/// What can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// GitHub does not know the token.
    BadToken,
    /// The token lacks a right, or the repository a feature.
    Denied,
    /// Too many requests; it may be asked again after so long.
    Limited(Duration),
    /// The request is not valid, or no longer.
    Rejected,
    /// GitHub is in trouble, or cannot be reached; the request may or may not have been carried out.
    Troubled,
}

/// How long to wait where GitHub names a limit but no time, as its documentation asks.
const UNNAMED_WAIT: Duration = Duration::from_secs(60);
/// Characters of a message of GitHub's that are told.
const LONGEST: usize = 400;

impl ApiError {
    pub(super) fn new(doing: &str, kind: Kind, message: impl Into<String>) -> Self {
        Self { doing: doing.to_owned(), kind, message: message.into() }
    }

    /// An answer that is not what GitHub's documentation says.
    pub(super) fn unreadable(doing: &str, error: &serde_json::Error) -> Self {
        Self::new(doing, Kind::Rejected, format!("no usable answer: {error}"))
    }

    /// Reads octocrab's error. `now` is the time in seconds since 1970, which limits are told in.
    pub(super) fn of(doing: &str, error: &OctocrabError, now: u64) -> Self {
        if let OctocrabError::Graphql { source, .. } = error {
            let messages: Vec<&str> = source.0.iter().map(|error| error.message.as_str()).collect();
            return Self::new(doing, Kind::Denied, short(&messages.join("; ")));
        }
        let OctocrabError::GitHub { source, .. } = error else {
            // The chain of sources says it better than octocrab's own words, which end in a place in its code.
            let mut reason = String::from("no usable answer");
            let mut cause = std::error::Error::source(error);
            while let Some(error) = cause {
                reason = error.to_string();
                cause = error.source();
            }
            let kind = if matches!(error, OctocrabError::Serde { .. } | OctocrabError::Json { .. }) {
                Kind::Rejected
            } else {
                Kind::Troubled
            };
            return Self::new(doing, kind, short(&reason));
        };
        let status = source.status_code.as_u16();
        let header = |name: &str| {
            let value = source.headers.as_ref()?.get(name)?.to_str().ok()?;
            value.trim().parse::<u64>().ok()
        };
        let mut message = format!("{status} {}", source.message.trim());
        for detail in source.errors.iter().flatten() {
            let text = detail.get("message").and_then(|m| m.as_str()).or_else(|| detail.as_str());
            message = format!("{message}; {}", text.map_or_else(|| detail.to_string(), str::to_owned));
        }
        let kind = match status {
            401 => Kind::BadToken,
            403 | 429 => {
                let lower = source.message.to_ascii_lowercase();
                let reset = || header("x-ratelimit-reset").map(|at| Duration::from_secs(at.saturating_sub(now).max(1)));
                let is_spent = header("x-ratelimit-remaining") == Some(0);
                match header("retry-after") {
                    Some(seconds) => Kind::Limited(Duration::from_secs(seconds)),
                    None if is_spent => Kind::Limited(reset().unwrap_or(UNNAMED_WAIT)),
                    None if status == 429 || lower.contains("rate limit") || lower.contains("abuse") => {
                        Kind::Limited(UNNAMED_WAIT)
                    }
                    None => Kind::Denied,
                }
            }
            404 | 410 | 451 => Kind::Denied,
            500.. => Kind::Troubled,
            _ => Kind::Rejected,
        };
        if let Kind::Limited(wait) = kind {
            message = format!("{message} (to be asked again after {} s)", wait.as_secs());
        }
        Self::new(doing, kind, short(&message))
    }
}

impl ApiError {
    /// As an error that ends everything.
    pub(super) fn into_fatal(self, api: &str) -> GithubError {
        match self.kind {
            Kind::BadToken => GithubError::BadToken(self.to_string()),
            _ => GithubError::Client { api: api.to_owned(), reason: self.to_string() },
        }
    }
}

/// One line of bounded length.
fn short(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
