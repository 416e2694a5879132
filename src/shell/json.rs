//! Scripts for people and tools: what `debug shell` shows.

use serde_json::{Value, json};

use super::{Command, Script};
use crate::text::{SourceText, Span};

/// A script as JSON: its commands with their words, each with its span (byte offsets) and place (`line:column`).
pub fn script_json(script: &Script, source: &SourceText) -> Value {
    json!({
        "instruction": script.instruction,
        "form": format!("{:?}", script.form).to_lowercase(),
        "shell": script.shell.as_ref().map(|shell| &shell.words),
        "dialect": script.shell.as_ref().map(|shell| shell.dialect.name()),
        "commands": script.commands.iter().map(|command| command_json(command, source)).collect::<Vec<_>>(),
        "error": script.error.as_ref().map(|error| json!({ "message": error.message, "at": place(error.span, source) })),
    })
}

fn command_json(command: &Command, source: &SourceText) -> Value {
    let words = command.words.iter().map(|word| {
        json!({ "text": word.text, "literal": word.literal, "span": span(word.span), "at": place(word.span, source) })
    });
    let assignments = command
        .assignments
        .iter()
        .map(|part| json!({ "name": part.name, "value": part.value, "span": span(part.span) }));
    let redirects = command.redirects.iter().map(|part| {
        json!({
            "kind": format!("{:?}", part.kind),
            "descriptor": part.descriptor,
            "target": part.target.text,
            "span": span(part.span),
        })
    });
    json!({
        "name": command.name(),
        "span": span(command.span),
        "at": place(command.span, source),
        "words": words.collect::<Vec<_>>(),
        "assignments": assignments.collect::<Vec<_>>(),
        "redirects": redirects.collect::<Vec<_>>(),
        "pipeline": command.pipeline.map(|at| json!([at.pipeline, at.element, at.elements])),
        "wrapper": command.wrapper,
    })
}

fn span(span: Span) -> Value {
    json!([span.start, span.end])
}

fn place(span: Span, source: &SourceText) -> String {
    let position = source.position(span.start);
    format!("{}:{}", position.line, position.column)
}
