//! Code scanning: uploads reports and waits until they are taken.

use std::io::Write;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use serde_json::json;

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

#[derive(Deserialize)]
struct Status {
    processing_status: Option<String>,
    errors: Option<Vec<String>>,
}

/// Uploads all reports, each under its own category. An analysis takes the place of the one before it with the same commit,
/// ref and category, so an upload can be made twice.
pub(super) async fn upload(client: &Client, target: &Target, reports: &[SarifReport]) -> Result<String, ApiError> {
    let doing = "uploading to code scanning";
    let Some(reference) = &target.reference else {
        return Err(ApiError::new(doing, Kind::Denied, "the ref is not known: GITHUB_REF is not set"));
    };
    let mut is_pending = false;
    for report in reports {
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
    let state = if is_pending { "taken, and still being processed" } else { "processed" };
    Ok(format!("{results} results {state}"))
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
