//! Turns `rules/` into the catalogue and the dispatch tables (see `build/catalogue.rs`), and fingerprints what reads layers
//! (see `build/reader.rs`).

use std::path::Path;
use std::process::ExitCode;

#[path = "build/catalogue.rs"]
mod catalogue;
#[path = "build/reader.rs"]
mod reader;

fn main() -> ExitCode {
    let watched = ["rules", "src/lint", "src/gate", "src/check", "build.rs", "build"];
    for watched in watched.into_iter().chain(reader::INPUTS) {
        println!("cargo::rerun-if-changed={watched}");
    }
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let out = std::env::var("OUT_DIR").unwrap_or_default();
    let problems = match catalogue::generate(Path::new(&root)) {
        Ok(files) => files
            .iter()
            .filter_map(|(name, text)| {
                let path = Path::new(&out).join(name);
                std::fs::write(&path, text).err().map(|e| format!("{}: {e}", path.display()))
            })
            .collect(),
        Err(problems) => problems,
    };
    match reader::fingerprint(Path::new(&root)) {
        Ok(fingerprint) => println!("cargo::rustc-env=DOCKGATE_READER={fingerprint}"),
        Err(error) => println!("cargo::error=what reads layers cannot be fingerprinted: {error}"),
    }
    for problem in &problems {
        println!("cargo::error={problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
