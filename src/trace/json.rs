//! Traces for people and tools: what `debug trace` shows.

use serde_json::{Value, json};

use super::{Maker, Trace};
use crate::dockerfile::Dockerfile;

/// A trace as JSON. Makers are `"base"`, `"unknown"`, or the instruction with its line.
pub fn trace_json(trace: &Trace, dockerfile: &Dockerfile) -> Value {
    let maker = |maker: &Maker| match maker {
        Maker::Base => json!("base"),
        Maker::Unknown => json!("unknown"),
        Maker::Instruction(index) => instruction(*index, dockerfile),
    };
    json!({
        "base_from": trace.base_from.map(|index| instruction(index, dockerfile)),
        "base_layers": trace.base_layers,
        "layers": trace.layers.iter().map(maker).collect::<Vec<_>>(),
        "history": trace.history.iter().map(maker).collect::<Vec<_>>(),
        "mismatch": trace.mismatch,
        "merged": trace.is_merged,
    })
}

fn instruction(index: usize, dockerfile: &Dockerfile) -> Value {
    let node = dockerfile.instructions.get(index);
    json!({
        "instruction": index,
        "line": node.map(|node| node.lines.0),
        "text": node.map(|node| dockerfile.source.slice(node.head_span)),
    })
}
