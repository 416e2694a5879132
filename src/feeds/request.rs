//! Requests that are made again when they fail in a way that may pass.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Response, StatusCode};

use super::FeedError;
use super::sync::shown;

/// How long a document may take.
const DOCUMENT: Duration = Duration::from_secs(120);

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Times a request is made before it counts as failed.
    pub tries: u32,
    /// How long to wait before the second try; twice as long before each that follows.
    pub pause: Duration,
    /// The longest a server may ask to wait.
    pub longest: Duration,
    /// How long a download may go on with next to nothing coming.
    pub idle: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 5,
            pause: Duration::from_secs(1),
            longest: Duration::from_secs(120),
            idle: Duration::from_secs(60),
        }
    }
}

/// Told while a file is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes that are here, of how many.
    Bytes(u64, Option<u64>),
    /// A wait before the next try.
    Waiting(Duration),
}

/// Why a request has not succeeded.
pub(super) enum Trouble {
    /// No use in trying again.
    Final(FeedError),
    /// It may go better.
    Again(FeedError),
    /// The server asks to come back, and may say when.
    Busy(Option<Duration>),
}

/// Makes a request until it succeeds, or fails for good, or as often as `patience` has tries.
///
/// # Errors
/// What the last try failed with.
pub(super) async fn patiently<T>(
    url: &str,
    patience: Patience,
    told: &dyn Fn(Step),
    mut request: impl AsyncFnMut() -> Result<T, Trouble>,
) -> Result<T, FeedError> {
    let mut pause = patience.pause;
    let mut last = FeedError::Download { url: shown(url), reason: String::from("it was never tried") };
    for attempt in 0..patience.tries {
        if attempt > 0 {
            told(Step::Waiting(pause));
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        match request().await {
            Ok(done) => return Ok(done),
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Again(error)) => last = error,
            Err(Trouble::Busy(asked)) => {
                last = FeedError::TooBusy { url: shown(url), seconds: asked.map(|wait| wait.as_secs()) };
                match asked {
                    Some(wait) if wait > patience.longest => return Err(last),
                    Some(wait) => pause = wait.max(patience.pause),
                    None => {}
                }
            }
        }
    }
    Err(last)
}

/// What a status means that is no success.
pub(super) fn status_trouble(url: &str, response: &Response) -> Trouble {
    let status = response.status();
    let failed = FeedError::Download { url: shown(url), reason: format!("the server says {status}") };
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            Trouble::Busy(retry_after(response.headers()))
        }
        status if status.is_server_error() => Trouble::Again(failed),
        _ => Trouble::Final(failed),
    }
}

/// What a request means that got no answer.
pub(super) fn send_trouble(url: &str, error: &reqwest::Error) -> Trouble {
    let failed = FeedError::Download { url: shown(url), reason: reason_of(error) };
    if error.is_redirect() { Trouble::Final(failed) } else { Trouble::Again(failed) }
}

/// A small document, whole in memory; `None` when the server does not have it.
///
/// # Errors
/// When it does not come whole, as often as `patience` has tries, or is larger than `limit` bytes.
pub(super) async fn document(
    client: &Client,
    url: &str,
    accept: &str,
    limit: u64,
    patience: Patience,
) -> Result<Option<Vec<u8>>, FeedError> {
    patiently(url, patience, &|_| {}, async || {
        let failed =
            |error: &reqwest::Error| Trouble::Again(FeedError::Download { url: shown(url), reason: reason_of(error) });
        let request = client.get(url).header(header::ACCEPT, accept).timeout(DOCUMENT);
        let mut response = request.send().await.map_err(|e| send_trouble(url, &e))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            _ => return Err(status_trouble(url, &response)),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| failed(&e))? {
            if body.len() as u64 + chunk.len() as u64 > limit {
                return Err(Trouble::Final(FeedError::TooLarge { what: shown(url), limit }));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Some(body))
    })
    .await
}

/// The innermost reason of an error, without the address, which may hold a password.
pub(super) fn reason_of(error: &reqwest::Error) -> String {
    let mut reason = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        reason = inner.to_string();
        source = inner.source();
    }
    match (reason.is_empty(), error.is_timeout()) {
        (_, true) => String::from("nothing arrived for too long"),
        (true, false) => String::from("the connection failed"),
        (false, false) => reason,
    }
}

/// How long a server asks to wait: seconds, or a day and time.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // A number that is too large is a long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = http_date(text)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    Some(Duration::from_secs(at.saturating_sub(now)))
}

/// Seconds since 1970 of `Wed, 21 Oct 2015 07:28:00 GMT`.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = fields.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? as u64 + 1;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let mut clock = time.split(':').map(str::parse::<u64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    if !(1..=31).contains(&day) || !(1970..=9999).contains(&year) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days from the civil calendar, years beginning in March.
    let (y, m) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_seconds_or_a_time() {
        assert_eq!(http_date("Wed, 21 Oct 2015 07:28:00 GMT"), Some(1_445_412_480));
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(http_date("Tue, 29 Feb 2000 12:00:00 GMT"), Some(951_825_600));
        assert_eq!(http_date("tomorrow"), None);
        let headers = |value: &str| HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers("99999999999999999999999")), Some(Duration::from_secs(u64::MAX)));
        assert_eq!((retry_after(&headers("soon")), retry_after(&headers("-5"))), (None, None));
    }
}
