//! Vulnerability data: records of the Open Source Vulnerability format in an embedded store, what registries know of
//! packages, and which packages of an image they are about.

mod checksum;
mod download;
mod ecosystem;
mod error;
mod intake;
mod matching;
mod osv;
mod range;
mod record;
mod registry;
mod report;
mod request;
mod severity;
mod store;
mod sync;

pub use ecosystem::{COMMON, ECOSYSTEMS, named};
pub use error::FeedError;
pub use matching::{Scanned, Unmatched, Vulnerabilities, Vulnerability, match_packages};
pub use registry::{NPM, RUBYGEMS, Registered, Registries};
pub use report::ScanReport;
pub use request::{Patience, Step};
pub use severity::{Level, Scores};
pub use store::{Description, Source, Store};
pub use sync::{Mirror, OSV, SyncStep, Synced, WriteLock};
