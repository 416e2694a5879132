//! One binary for all integration tests.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod book;
mod catalogue;
mod checks;
mod command;
mod context_fixes;
mod contexts;
mod digests;
mod engine;
mod engine_feed_rows;
mod engine_rows;
mod feed_rows;
mod feeds;
mod fix;
mod floors;
mod gates;
mod grammar;
mod home;
mod hooks;
mod html;
mod ignores;
mod images;
mod inventories;
mod new_only;
mod pages;
mod plugin;
mod policies;
mod publish;
mod readme;
mod sboms;
mod shell;
mod sources;
mod traces;
mod vulnerabilities;
