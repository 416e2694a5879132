//! What to check and what to do about it: policies in TOML and in Anchore's text form, and the verdict.
//!
//! Both forms are read to a `Layer`; layers are stacked (`extends`) and resolved against the catalogue to a [`Policy`].

mod anchore;
mod date;
mod error;
mod glob;
mod hadolint;
mod layer;
mod model;
mod read;
mod regexp;
mod toml;
mod verdict;

pub use date::Date;
pub use error::{Fault, Located, PolicyError};
pub use glob::PathGlob;
pub use model::*;
pub use regexp::{line_regex, path_regex};
pub use verdict::{Decision, ExpiredWaiver, FailOn, UnusedWaiver, Verdict, Waived, decide};
