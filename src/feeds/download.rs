//! Downloads that can be broken off: what is here stays, and the next try asks for the rest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Client, Response, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::FeedError;
use super::store;
use super::sync::shown;

/// Bytes of a file.
const MAX_FILE: u64 = 8 << 30;

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Times a request is made before it counts as failed.
    pub tries: u32,
    /// How long to wait before the second try; twice as long before each that follows.
    pub pause: Duration,
    /// The longest a server may ask to wait.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 5, pause: Duration::from_secs(1), longest: Duration::from_secs(120) }
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

/// What a server calls the state of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl Version {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| Some(headers.get(name)?.to_str().ok()?.to_owned());
        Self { etag: text(header::ETAG), last_modified: text(header::LAST_MODIFIED) }
    }

    /// What `If-Range` takes: a strong name, or the day.
    fn strong(&self) -> Option<&String> {
        self.etag.as_ref().filter(|etag| !etag.starts_with("W/")).or(self.last_modified.as_ref())
    }
}

/// What came of a download.
pub(super) enum Fetched {
    /// The file is here, at the path that was given.
    New(Version),
    /// The server has what is known already.
    Unchanged,
}

/// Downloads a file to `part`, going on where an earlier try stopped.
///
/// # Errors
/// When it does not come whole and right, as often as `patience` has tries.
pub(super) async fn fetch(
    client: &Client,
    url: &str,
    part: &Path,
    known: &Version,
    patience: Patience,
    told: &dyn Fn(Step),
) -> Result<Fetched, FeedError> {
    let mut pause = patience.pause;
    let mut last = FeedError::Download { url: shown(url), reason: String::from("it was never tried") };
    for attempt in 0..patience.tries {
        if attempt > 0 {
            told(Step::Waiting(pause));
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        match once(client, url, part, known, told).await {
            Ok(fetched) => return Ok(fetched),
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Again(error)) => last = error,
            Err(Trouble::Busy(asked)) => {
                let seconds = asked.map_or(0, |wait| wait.as_secs());
                last = FeedError::TooBusy { url: shown(url), seconds };
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

enum Trouble {
    /// No use in trying again.
    Final(FeedError),
    /// It may go better.
    Again(FeedError),
    /// The server asks to come back, and may say when.
    Busy(Option<Duration>),
}

async fn once(
    client: &Client,
    url: &str,
    part: &Path,
    known: &Version,
    told: &dyn Fn(Step),
) -> Result<Fetched, Trouble> {
    let failed = |reason: String| FeedError::Download { url: shown(url), reason };
    let begun = Begun::find(part, url);
    let mut request = client.get(url);
    match &begun {
        Some(begun) => {
            request = request.header(header::RANGE, format!("bytes={}-", begun.length));
            if let Some(version) = begun.note.version.strong() {
                request = request.header(header::IF_RANGE, version);
            }
        }
        None => {
            if let Some(etag) = &known.etag {
                request = request.header(header::IF_NONE_MATCH, etag);
            }
            if let Some(day) = &known.last_modified {
                request = request.header(header::IF_MODIFIED_SINCE, day);
            }
        }
    }
    let response = request.send().await.map_err(|e| Trouble::Again(failed(reason_of(&e))))?;
    let status = response.status();
    match status {
        StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            return Err(Trouble::Busy(retry_after(response.headers())));
        }
        // What is here is all there is, or more.
        StatusCode::RANGE_NOT_SATISFIABLE => {
            Begun::forget(part);
            return Err(Trouble::Again(failed(String::from("the part that is here does not fit what the server has"))));
        }
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => {}
        status if status.is_server_error() => return Err(Trouble::Again(failed(format!("the server says {status}")))),
        status => return Err(Trouble::Final(failed(format!("the server says {status}")))),
    }
    receive(response, url, part, begun, told).await
}

/// Writes a response's body behind what is here, or in its place, and checks the whole.
async fn receive(
    mut response: Response,
    url: &str,
    part: &Path,
    begun: Option<Begun>,
    told: &dyn Fn(Step),
) -> Result<Fetched, Trouble> {
    let write_failed = |error: io::Error| {
        Trouble::Final(FeedError::Write { path: part.display().to_string(), reason: error.to_string() })
    };
    let headers = response.headers().clone();
    let version = Version::of(&headers);
    let announced = Announced::of(&headers);
    let start = match (&begun, response.status()) {
        (Some(begun), StatusCode::PARTIAL_CONTENT) if range_start(&headers) == Some(begun.length) => begun.length,
        (_, StatusCode::PARTIAL_CONTENT) => {
            Begun::forget(part);
            let reason = String::from("the server sent another part than it was asked for");
            return Err(Trouble::Again(FeedError::Download { url: shown(url), reason }));
        }
        _ => 0,
    };
    let whole = response.content_length().and_then(|rest| rest.checked_add(start));
    if whole.is_some_and(|whole| whole > MAX_FILE) {
        return Err(Trouble::Final(FeedError::TooLarge { what: shown(url), limit: MAX_FILE }));
    }
    let mut file = match start {
        0 => File::create(part).map_err(write_failed)?,
        _ => OpenOptions::new().append(true).open(part).map_err(write_failed)?,
    };
    Note { url: shown(url), version: version.clone() }.write(part).map_err(write_failed)?;
    let mut got = start;
    told(Step::Bytes(got, whole));
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => break,
            Err(error) => {
                file.flush().map_err(write_failed)?;
                let reason = reason_of(&error);
                return Err(Trouble::Again(FeedError::Interrupted { url: shown(url), got, whole, reason }));
            }
        };
        got += chunk.len() as u64;
        if got > MAX_FILE {
            Begun::forget(part);
            return Err(Trouble::Final(FeedError::TooLarge { what: shown(url), limit: MAX_FILE }));
        }
        file.write_all(&chunk).map_err(write_failed)?;
        told(Step::Bytes(got, whole));
    }
    file.flush().map_err(write_failed)?;
    if whole.is_some_and(|whole| whole != got) {
        let reason = String::from("the connection was closed");
        return Err(Trouble::Again(FeedError::Interrupted { url: shown(url), got, whole, reason }));
    }
    if let Some((kind, got, wanted)) = announced.differs(part).map_err(write_failed)? {
        Begun::forget(part);
        return Err(Trouble::Final(FeedError::Checksum { url: shown(url), kind, got, wanted }));
    }
    Ok(Fetched::New(version))
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
    let failed = |reason: String| FeedError::Download { url: shown(url), reason };
    let mut pause = patience.pause;
    let mut last = failed(String::from("it was never tried"));
    for attempt in 0..patience.tries {
        if attempt > 0 {
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        let mut response = match client.get(url).header(header::ACCEPT, accept).send().await {
            Ok(response) => response,
            Err(error) => {
                last = failed(reason_of(&error));
                continue;
            }
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let asked = retry_after(response.headers());
                last = FeedError::TooBusy { url: shown(url), seconds: asked.map_or(0, |wait| wait.as_secs()) };
                match asked {
                    Some(wait) if wait > patience.longest => return Err(last),
                    Some(wait) => pause = wait.max(patience.pause),
                    None => {}
                }
                continue;
            }
            status if status.is_server_error() => {
                last = failed(format!("the server says {status}"));
                continue;
            }
            status => return Err(failed(format!("the server says {status}"))),
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() as u64 + chunk.len() as u64 > limit => {
                    return Err(FeedError::TooLarge { what: shown(url), limit });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Some(body)),
                Err(error) => {
                    last = failed(reason_of(&error));
                    break;
                }
            }
        }
    }
    Err(last)
}

/// The innermost reason of an error, without the address, which may hold a password.
fn reason_of(error: &reqwest::Error) -> String {
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
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
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

/// The first byte of `Content-Range: bytes 100-199/200`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    text.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// Checksums a server sends of what it sends.
#[derive(Default)]
struct Announced {
    md5: Option<Vec<u8>>,
    sha256: Option<Vec<u8>>,
}

impl Announced {
    /// `x-goog-hash: md5=…`, `content-md5`, and `sha-256` of `digest` and `repr-digest`; all of the whole file in base 64.
    fn of(headers: &HeaderMap) -> Self {
        let mut announced = Self::default();
        let texts = |name: &'static str| {
            headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','))
        };
        let decode = |text: &str| STANDARD.decode(text.trim().trim_matches(':')).ok();
        for item in texts("x-goog-hash").chain(texts("digest")).chain(texts("repr-digest")) {
            let Some((kind, value)) = item.trim().split_once('=') else { continue };
            match kind.to_ascii_lowercase().as_str() {
                "md5" => announced.md5 = decode(value).filter(|d| d.len() == 16).or(announced.md5),
                "sha-256" => announced.sha256 = decode(value).filter(|d| d.len() == 32).or(announced.sha256),
                _ => {}
            }
        }
        // Of the whole file only when the whole file is sent.
        if !headers.contains_key(header::CONTENT_RANGE) {
            announced.md5 = texts("content-md5").next().and_then(decode).filter(|d| d.len() == 16).or(announced.md5);
        }
        announced
    }

    /// The checksum that is another than announced: its kind, what it is and what it should be.
    fn differs(&self, path: &Path) -> io::Result<Option<(&'static str, String, String)>> {
        if self.md5.is_none() && self.sha256.is_none() {
            return Ok(None);
        }
        let mut file = File::open(path)?;
        let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer)?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            if self.md5.is_some() {
                md5.update(bytes);
            }
            if self.sha256.is_some() {
                sha256.update(bytes);
            }
        }
        let (md5, sha256) = (md5.finalize().to_vec(), sha256.finalize().to_vec());
        let mut sums = [("SHA-256", &self.sha256, sha256), ("MD5", &self.md5, md5)].into_iter();
        Ok(sums.find_map(|(kind, wanted, got)| {
            let wanted = wanted.as_ref().filter(|wanted| **wanted != got)?;
            Some((kind, hex(&got), hex(wanted)))
        }))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is noted beside a part.
#[derive(Serialize, Deserialize)]
struct Note {
    url: String,
    version: Version,
}

impl Note {
    fn path(part: &Path) -> PathBuf {
        part.with_extension("part.json")
    }

    fn write(&self, part: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        store::write_whole(&Self::path(part), |file| file.write_all(&bytes))
    }
}

/// A part of a file that an earlier try left.
struct Begun {
    note: Note,
    length: u64,
}

impl Begun {
    /// The part, when it is of this address and of something that can be told apart from what came after it.
    fn find(part: &Path, url: &str) -> Option<Self> {
        let length = File::open(part).and_then(|mut file| file.seek(io::SeekFrom::End(0))).ok().filter(|l| *l > 0)?;
        let note: Note = serde_json::from_slice(&fs::read(Note::path(part)).ok()?).ok()?;
        (note.url == shown(url) && note.version.strong().is_some()).then_some(Self { note, length })
    }

    fn forget(part: &Path) {
        let _ = fs::remove_file(part);
        let _ = fs::remove_file(Note::path(part));
    }
}

/// Takes away what a download leaves beside its file.
pub(super) fn forget(part: &Path) {
    Begun::forget(part);
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
        assert_eq!(retry_after(&headers("soon")), None);
    }
}
