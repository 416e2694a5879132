//! `debug`: what the models see, JSON lines in and out, a line an answer.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::CliError;
use super::args::DebugCommand;
use crate::context::{Context, ContextFileKind};
use crate::dockerfile;
use crate::image::ImageConfig;
use crate::secrets::Scanner;
use crate::text::SourceText;
use crate::{context, shell, trace};

/// Answers every line of `input`.
///
/// # Errors
/// When a line is not JSON, or `out` cannot be written to.
pub(super) fn run(command: &DebugCommand, input: &mut dyn BufRead, out: &mut dyn Write) -> Result<(), CliError> {
    for (index, line) in input.lines().enumerate() {
        let line = line.map_err(|e| CliError::Read { path: "standard input".into(), reason: e.to_string() })?;
        if line.trim().is_empty() {
            continue;
        }
        let request: Value =
            serde_json::from_str(&line).map_err(|e| CliError::Json { line: index + 1, reason: e.to_string() })?;
        let mut answer = Map::new();
        if let Some(id) = request.get("id") {
            answer.insert("id".into(), id.clone());
        }
        if let Value::Object(fields) = self::answer(command, &request) {
            answer.extend(fields);
        }
        serde_json::to_writer(&mut *out, &answer).map_err(|e| CliError::Write(e.into()))?;
        writeln!(out).map_err(CliError::Write)?;
    }
    Ok(())
}

fn answer(command: &DebugCommand, request: &Value) -> Value {
    let text = |key: &str| request.get(key).and_then(Value::as_str).unwrap_or_default();
    let parse = || dockerfile::parse(&SourceText::new("Dockerfile", text("dockerfile")));
    match command {
        DebugCommand::Ast => dockerfile::ast_json(&parse()),
        DebugCommand::Words => {
            let list = request.get("env").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let pairs = list.iter().filter_map(Value::as_str).filter_map(|pair| pair.split_once('='));
            let env: BTreeMap<String, String> = pairs.map(|(name, value)| (name.into(), value.into())).collect();
            dockerfile::words_json(text("input"), &env, text("escape").chars().next().unwrap_or('\\'))
        }
        DebugCommand::Ignore => context::ignore_json(request),
        DebugCommand::Shell => {
            let dockerfile = parse();
            let scripts: Vec<Value> =
                shell::scripts(&dockerfile).iter().map(|s| shell::script_json(s, &dockerfile.source)).collect();
            json!({ "scripts": scripts })
        }
        DebugCommand::Secrets => secrets_of(text("folder")),
        DebugCommand::Trace => {
            let dockerfile = parse();
            match serde_json::from_value::<ImageConfig>(request.get("config").cloned().unwrap_or_default()) {
                Ok(config) => {
                    let layers = config.rootfs.diff_ids.len();
                    trace::trace_json(&trace::trace(&dockerfile, None, &config, layers), &dockerfile)
                }
                Err(e) => json!({ "error": e.to_string() }),
            }
        }
    }
}

/// The secrets in a folder's files, as a search of a build context finds them.
fn secrets_of(folder: &str) -> Value {
    let context = match Context::open(Path::new(folder), None) {
        Ok(context) => context,
        Err(e) => return json!({ "error": e.to_string() }),
    };
    let files = context.files.iter().enumerate().filter(|(_, file)| file.kind == ContextFileKind::File);
    let (indexes, paths): (Vec<usize>, Vec<&str>) = files.map(|(index, file)| (index, file.path.as_str())).unzip();
    let bytes: u64 = context.files.iter().map(|file| file.size).sum();
    let open = |file: usize| {
        let index = indexes.get(file).copied().unwrap_or(usize::MAX);
        context.open_file(index).map_err(io::Error::other)
    };
    let (mut hits, mut problems) = (Vec::new(), context.problems.clone());
    for found in Scanner::shared().scan_files(&paths, open, |_| {}) {
        let path = paths.get(found.file).copied().unwrap_or_default();
        problems.extend(found.scan.error.map(|e| format!("{path} was not searched to its end: {e}")));
        problems.extend(found.scan.is_cut.then(|| format!("{path} has more secrets than are kept")));
        hits.extend(found.scan.hits.iter().map(|hit| {
            json!({
                "path": path, "line": hit.line, "column": hit.column, "detector": hit.detector.id,
                "confidence": hit.confidence, "excerpt": hit.excerpt,
                "fingerprint": format!("{:016x}", hit.fingerprint), "encrypted": hit.is_encrypted,
            })
        }));
    }
    json!({ "files": paths.len(), "bytes": bytes, "hits": hits, "problems": problems })
}
