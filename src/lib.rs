//! dockgate: one gate from Dockerfile to image.
//!
//! The rooms stand in the order of this list; a room uses only rooms above it.

pub mod check;
pub mod cli;
pub mod context;
pub mod dockerfile;
pub mod finding;
pub mod fix;
pub mod gate;
pub mod image;
pub mod lint;
pub mod output;
pub mod packages;
pub mod policy;
pub mod rule;
pub mod secrets;
pub mod shell;
pub mod text;
pub mod trace;
