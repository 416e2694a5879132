//! What to check and what to do about it: policies in TOML and in Anchore's text form, and the verdict.

mod model;

pub use model::*;
