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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::scripts;
    use super::*;
    use crate::dockerfile::parse;

    #[test]
    fn a_script_is_shown_with_its_places() {
        let source = SourceText::new("Dockerfile", "FROM x\nRUN A=1 make \\\n  'all' | tee log\n");
        let shown: Vec<Value> = scripts(&parse(&source)).iter().map(|script| script_json(script, &source)).collect();
        assert_eq!(shown[0]["dialect"], "posix");
        assert_eq!(
            shown[0]["commands"][0],
            json!({
                "name": "make",
                "span": [15, 29],
                "at": "2:9",
                "words": [
                    { "text": "make", "literal": "make", "span": [15, 19], "at": "2:9" },
                    { "text": "'all'", "literal": "all", "span": [24, 29], "at": "3:3" },
                ],
                "assignments": [{ "name": "A", "value": "1", "span": [11, 14] }],
                "redirects": [],
                "pipeline": [0, 0, 2],
                "wrapper": null,
            })
        );
    }
}
