//! dockgate: one gate from Dockerfile to image.
//!
//! The rooms stand in the order of this list; a room uses only rooms above it.

pub mod text;
pub mod rule;
pub mod finding;
pub mod http;
pub mod dockerfile;
pub mod shell;
pub mod context;
pub mod secrets;
pub mod image;
pub mod packages;
pub mod feeds;
pub mod trace;
pub mod policy;
pub mod lint;
pub mod gate;
pub mod check;
pub mod fix;
pub mod output;
pub mod github;
pub mod cli;
