//! Code scanning: uploads reports and waits until they are taken.

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::{Value, json};

use super::checks::query;
use super::client::Client;
use super::error::{ApiError, Kind};
use super::{SarifReport, Target};

/// Bytes of a compressed report that code scanning takes.
const LARGEST: usize = 10 << 20;
/// The first wait for the outcome; each further one is twice as long, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
struct Receipt {
    id: Option<String>,
}

/// What was uploaded before.
#[derive(Deserialize)]
struct Analysis {
    id: u64,
    commit_sha: String,
    category: Option<String>,
    error: Option<String>,
    tool: Option<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    version: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    processing_status: Option<String>,
    errors: Option<Vec<String>>,
}

/// Uploads all reports, each under its own category, but for those that are there already. An analysis takes the place of the
/// one before it with the same commit, ref and category, so that an upload that is made twice does no harm.
pub(super) async fn upload(client: &Client, target: &Target, reports: &[SarifReport]) -> Result<String, ApiError> {
    let doing = "uploading to code scanning";
    let Some(reference) = &target.reference else {
        return Err(ApiError::new(doing, Kind::Denied, "the ref is not known: GITHUB_REF is not set"));
    };
    let (mut is_pending, mut uploaded) = (false, 0);
    for report in reports {
        if is_there(client, target, reference, report).await? {
            continue;
        }
        uploaded += 1;
        let packed = packed(&report.bytes).map_err(|e| ApiError::new(doing, Kind::Rejected, e.to_string()))?;
        if packed.len() > LARGEST {
            let reason = format!("the report has {} bytes compressed, and it takes {LARGEST}", packed.len());
            return Err(ApiError::new(doing, Kind::Rejected, reason));
        }
        let body = json!({
            "commit_sha": target.commit,
            "ref": reference,
            "sarif": STANDARD.encode(packed),
            "tool_name": env!("CARGO_PKG_NAME"),
        });
        let receipt: Receipt = client.settle(async || client.post(doing, "code-scanning/sarifs", &body).await).await?;
        match receipt.id {
            Some(id) if id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
                is_pending |= !is_processed(client, &id).await?;
            }
            _ => is_pending = true,
        }
    }
    let results: usize = reports.iter().map(|report| report.items.len()).sum();
    let state = match (uploaded, is_pending) {
        (0, _) => "there already",
        (_, true) => "taken, and still being processed",
        (_, false) => "processed",
    };
    Ok(format!("{results} results {state}"))
}

/// Whether the newest analysis of this commit, ref and category says what the report says. It need not be known: what cannot
/// be looked up is uploaded.
async fn is_there(client: &Client, target: &Target, reference: &str, report: &SarifReport) -> Result<bool, ApiError> {
    let doing = "looking for the analysis";
    if report.runs != 1 {
        return Ok(false);
    }
    let (tool, reference) = (env!("CARGO_PKG_NAME"), query(reference));
    let route = format!("code-scanning/analyses?tool_name={tool}&ref={reference}&per_page=100");
    let known = match client.get::<Vec<Analysis>>(doing, &route).await {
        Ok(analyses) => analyses.into_iter().find(|analysis| {
            let category = analysis.category.as_deref().unwrap_or_default().trim_end_matches('/');
            analysis.commit_sha == target.commit && category == report.category
        }),
        Err(error) => return unless_token(error),
    };
    let Some(known) = known.filter(|known| known.error.as_deref().unwrap_or_default().is_empty()) else {
        return Ok(false);
    };
    // Another version may tell more of the same rules.
    let version = known.tool.and_then(|tool| tool.version);
    if version.is_some_and(|version| version != env!("CARGO_PKG_VERSION")) {
        return Ok(false);
    }
    let route = format!("code-scanning/analyses/{}", known.id);
    match client.get_as(doing, "application/sarif+json", &route).await {
        Ok(there) => Ok(serde_json::from_slice(&report.bytes).is_ok_and(|own: Value| said(&own) == said(&there))),
        Err(error) => unless_token(error),
    }
}

/// A token that GitHub does not know ends everything; anything else only leaves something unknown.
fn unless_token(error: ApiError) -> Result<bool, ApiError> {
    if error.kind == Kind::BadToken { Err(error) } else { Ok(false) }
}

/// What a report says, as far as GitHub gives it back: rule, message, file and line of each result.
fn said(sarif: &Value) -> Vec<(String, String, String, u64)> {
    let results = sarif.get("runs").and_then(Value::as_array).into_iter().flatten();
    let results = results.filter_map(|run| run.get("results")?.as_array()).flatten();
    let mut said: Vec<_> = results
        .map(|result| {
            let at = |pointer: &str| result.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            let line = result.pointer("/locations/0/physicalLocation/region/startLine").and_then(Value::as_u64);
            let uri = at("/locations/0/physicalLocation/artifactLocation/uri");
            (at("/ruleId"), at("/message/text"), uri, line.unwrap_or(1))
        })
        .collect();
    said.sort();
    said
}

/// Waits for the outcome. False when patience ends before it is there.
async fn is_processed(client: &Client, id: &str) -> Result<bool, ApiError> {
    let doing = "waiting for code scanning";
    let mut wait = FIRST_WAIT;
    loop {
        if !client.wait(wait).await {
            return Ok(false);
        }
        wait = (wait * 2).min(LONGEST_WAIT);
        match client.get::<Status>(doing, &format!("code-scanning/sarifs/{id}")).await {
            Ok(Status { processing_status: Some(status), .. }) if status == "complete" => return Ok(true),
            Ok(Status { processing_status: Some(status), errors }) if status == "failed" => {
                let reason = errors.unwrap_or_default().join("; ");
                return Err(ApiError::new(doing, Kind::Rejected, format!("the report was not taken: {reason}")));
            }
            Ok(_) => {}
            // The outcome can be asked for before it is known at all.
            Err(error) if error.kind == Kind::Denied => {}
            Err(error) => return Err(error),
        }
    }
}

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    gzip.finish()
}
