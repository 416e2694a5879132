//! What to check and what to do about it: policies in TOML and in Anchore's forms, text and JSON, and the verdict.
//!
//! Every form is read to `Layer`s: one for a file, one for each policy of a bundle. Layers are stacked (`extends`), the
//! blocks that fit the image laid over them, and what comes of it is resolved against the catalogue to a [`Policy`].

mod anchore;
mod baseline;
mod bundle;
mod convert;
mod date;
mod engine;
mod error;
mod glob;
mod hadolint;
mod image_name;
mod json;
mod layer;
mod model;
mod openvex;
mod pinned;
mod proposal;
mod read;
mod regexp;
mod schema;
mod template;
mod toml;
mod verdict;
mod vulnerability;
mod whitelist;

pub use baseline::{Baseline, BaselineError, Hider, Known};
pub use date::Date;
pub use engine::engine_triggers;
pub use error::{Fault, Located, PolicyError};
pub use glob::PathGlob;
pub use image_name::{ImageNames, wildcard};
pub use layer::tellers;
pub use model::*;
pub use pinned::is_url;
pub use proposal::proposed;
pub use read::{Policies, ReadFile, from_disk};
pub use regexp::{find_regex, line_regex, path_regex};
pub use schema::schema;
pub use template::{starter, template};
pub use verdict::{Decision, ExpiredWaiver, FailOn, UnusedWaiver, Verdict, Waived, decide};
pub use vulnerability::WaivedVulnerability;
pub use whitelist::WhitelistItem;
