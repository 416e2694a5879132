//! `inspect`: what an image holds, unjudged.

use std::io::Write;

use super::args::{InspectArgs, InspectAs, Inspected};
use super::progress::Bar;
use super::sink::Terminal;
use super::{CliError, cache, discover, options};
use crate::check::{self, InspectRequest};
use crate::output::{self, InspectFormat, View};

/// Shows a view of an image.
///
/// # Errors
/// When the image cannot be read, or no base is known to compare it with.
pub(super) fn run(args: InspectArgs, terminal: &Terminal, out: &mut dyn Write) -> Result<u8, CliError> {
    let view = match args.view {
        Inspected::Packages => View::Packages,
        Inspected::Files => View::Files,
        Inspected::Layers => View::Layers,
        Inspected::History => View::History,
        Inspected::Config => View::Config,
        Inspected::Diff => View::Diff,
    };
    let format = match args.format {
        InspectAs::Table => InspectFormat::Table,
        InspectAs::Json => InspectFormat::Json,
        InspectAs::Cyclonedx => InspectFormat::CycloneDx,
        InspectAs::Spdx => InspectFormat::Spdx,
    };
    let is_bill = matches!(format, InspectFormat::CycloneDx | InspectFormat::Spdx);
    if is_bill && view != View::Packages {
        let value = if format == InspectFormat::Spdx { "spdx" } else { "cyclonedx" };
        let wanted = "a format of this view: bills of materials are of packages".into();
        return Err(CliError::Argument { what: "--format", value: value.into(), wanted });
    }
    let image = options::image_request(Some(&args.image), args.base.as_deref(), None, &args.registries)?;
    let Some(image) = image else { return Err(CliError::Check(check::CheckError::Nothing)) };
    let dockerfile = args.dockerfile.as_deref().map(discover::read).transpose()?;
    let time = if is_bill { source_date_epoch()? } else { None };
    let cache = cache::open(&args.cache, terminal)?;
    let inspection = {
        let bar = Bar::new(terminal);
        check::inspect(&InspectRequest {
            image,
            dockerfile,
            build: options::build_options(&args.build)?,
            with_packages: matches!(view, View::Packages | View::Diff),
            progress: &|progress| bar.advance(progress),
            cache: cache.as_ref(),
        })?
    };
    cache::close(cache.as_ref(), terminal);
    if view == View::Diff && inspection.base.is_none() {
        return Err(CliError::NoBase {
            why: inspection.trace.as_ref().and_then(|t| t.mismatch.clone()),
            has_dockerfile: inspection.trace.is_some(),
        });
    }
    output::write_inspection(&inspection, view, format, time, out).map_err(CliError::Write)?;
    Ok(0)
}

/// The time reproducible builds give, <https://reproducible-builds.org/specs/source-date-epoch/>.
fn source_date_epoch() -> Result<Option<u64>, CliError> {
    let Ok(value) = std::env::var("SOURCE_DATE_EPOCH") else { return Ok(None) };
    match value.parse() {
        Ok(seconds) => Ok(Some(seconds)),
        Err(_) => {
            let wanted = "a number of seconds since 1970".into();
            Err(CliError::Argument { what: "SOURCE_DATE_EPOCH", value, wanted })
        }
    }
}
