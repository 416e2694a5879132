//! Downloads that can be broken off: what is here stays, and the next try asks for the rest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reqwest::header::{self, HeaderMap, HeaderName};
use reqwest::{Client, Response, StatusCode};
use serde::{Deserialize, Serialize};

use super::FeedError;
use super::checksum::Announced;
use super::request::{Patience, Step, Trouble, patiently, reason_of, send_trouble, status_trouble};
use super::store;
use super::sync::shown;

/// Bytes of a file.
const MAX_FILE: u64 = 8 << 30;
/// Bytes that come at least while a download is allowed to idle; less is nothing.
const MIN_FLOW: u64 = 64 << 10;

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
    patiently(url, patience, told, async || once(client, url, part, known, patience, told).await).await
}

async fn once(
    client: &Client,
    url: &str,
    part: &Path,
    known: &Version,
    patience: Patience,
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
    let response = request.send().await.map_err(|e| send_trouble(url, &e))?;
    let status = response.status();
    match status {
        StatusCode::NOT_MODIFIED => return Ok(Fetched::Unchanged),
        // What is here is all there is, or more.
        StatusCode::RANGE_NOT_SATISFIABLE => {
            Begun::forget(part);
            return Err(Trouble::Again(failed(String::from("the part that is here does not fit what the server has"))));
        }
        StatusCode::OK | StatusCode::PARTIAL_CONTENT => {}
        _ => return Err(status_trouble(url, &response)),
    }
    receive(response, url, part, begun, patience.idle, told).await
}

/// Writes a response's body behind what is here, or in its place, and checks the whole.
async fn receive(
    mut response: Response,
    url: &str,
    part: &Path,
    begun: Option<Begun>,
    idle: Duration,
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
    // A server that sends a byte now and then is not waited for.
    let (mut since, mut got_then) = (Instant::now(), got);
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
        if since.elapsed() >= idle {
            if got - got_then < MIN_FLOW {
                let reason = String::from("next to nothing arrived for too long");
                return Err(Trouble::Again(FeedError::Interrupted { url: shown(url), got, whole, reason }));
            }
            (since, got_then) = (Instant::now(), got);
        }
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

/// The first byte of `Content-Range: bytes 100-199/200`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    text.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
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
