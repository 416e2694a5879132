//! Turns `rules/` into the catalogue and the dispatch tables; see `build/catalogue.rs`.

use std::path::Path;
use std::process::ExitCode;

#[path = "build/catalogue.rs"]
mod catalogue;

fn main() -> ExitCode {
    for watched in ["rules", "src/lint", "src/gate", "src/check", "build.rs", "build"] {
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
    for problem in &problems {
        println!("cargo::error={problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
