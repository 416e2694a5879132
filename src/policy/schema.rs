//! The JSON schema of dockgate's own policies, for editors.

use serde_json::{Map, Value, json};

use super::toml::{CHECK_KEYS, FILLED, LOOKS_AT};
use crate::rule::{self, Default as Kind, Edition, ParamSpec};

/// The schema (draft 2020-12) of a policy in TOML, made from the catalogue. What one value means for another, as that a
/// check looks at one thing, it does not say.
pub fn schema() -> Value {
    let mut named: Map<String, Value> = Map::new();
    let mut definitions: Map<String, Value> = Map::new();
    for rule in rule::all() {
        definitions.insert(rule.id.to_owned(), of_rule(rule));
        for name in std::iter::once(rule.id).chain(rule.other_names()) {
            named.entry(name).or_insert_with(|| json!({ "$ref": format!("#/$defs/{}", rule.id) }));
        }
    }
    let mut codes: Map<String, Value> = Map::new();
    for rule in rule::all() {
        if let Some(family) = rule.codes {
            codes.insert(format!("^{family}[0-9]{{4}}$"), json!({ "$ref": format!("#/$defs/{}", rule.id) }));
        }
    }
    named.sort_keys();
    definitions.insert("action".into(), json!({ "enum": ["stop", "warn", "go", "off"] }));
    definitions.insert("severity".into(), json!({ "enum": ["error", "warning", "info", "style"] }));
    definitions.insert("actions".into(), actions());
    definitions.insert(
        "rules".into(),
        json!({ "type": "object", "properties": named, "patternProperties": codes, "additionalProperties": { "$ref": "#/$defs/own" } }),
    );
    // A check of a policy that is extended goes by a name that is not known here.
    definitions.insert(
        "own".into(),
        json!({
            "description": "What is done about a check of a policy that this one extends",
            "anyOf": [
                { "$ref": "#/$defs/action" },
                {
                    "type": "object",
                    "properties": { "action": { "$ref": "#/$defs/action" }, "severity": { "$ref": "#/$defs/severity" } },
                    "additionalProperties": false,
                },
            ],
        }),
    );
    definitions.insert("check".into(), check());
    definitions.insert("waiver".into(), waiver());
    definitions.insert("image".into(), image());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dockgate policy",
        "type": "object",
        "properties": {
            "ruleset": { "type": "string", "pattern": "^[0-9]{4}\\.[0-9]+$", "description": "The ruleset the policy was written for", "examples": [Edition::CURRENT.to_string()] },
            "extends": { "type": "string", "description": "A built-in policy, or a file beside this one" },
            "named-only": { "type": "boolean", "description": "Rules that no policy names are left out" },
            "until-build-fails": { "type": "boolean", "description": "Findings that BuildKit does not come to, because the build fails before, are left out" },
            "inline-ignores": { "type": "boolean", "description": "Comments in a Dockerfile may silence findings in it" },
            "actions": { "$ref": "#/$defs/actions" },
            "rules": { "$ref": "#/$defs/rules" },
            "check": { "type": "array", "items": { "$ref": "#/$defs/check" } },
            "image": { "type": "array", "items": { "$ref": "#/$defs/image" } },
            "waiver": { "type": "array", "items": { "$ref": "#/$defs/waiver" } },
        },
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn actions() -> Value {
    let action = || json!({ "$ref": "#/$defs/action" });
    json!({
        "type": "object",
        "properties": {
            "error": action(), "warning": action(), "info": action(), "style": action(),
            "base": { "enum": ["stop", "warn", "go"], "description": "The most that is done about what came with the base image" },
        },
        "additionalProperties": false,
    })
}

fn of_rule(rule: &rule::Rule) -> Value {
    let mut properties = Map::new();
    properties.insert("action".into(), json!({ "$ref": "#/$defs/action" }));
    properties.insert("severity".into(), json!({ "$ref": "#/$defs/severity" }));
    properties.extend(rule.params.iter().map(|p| (p.name.to_owned(), of_param(p))));
    let required: Vec<&str> = rule.params.iter().filter(|p| p.required).map(|p| p.name).collect();
    let table = json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    });
    json!({
        "description": rule.summary,
        "anyOf": [
            { "$ref": "#/$defs/action" },
            table,
            { "type": "array", "items": { "$ref": format!("#/$defs/{}/anyOf/1", rule.id) } },
        ],
    })
}

fn of_param(param: &ParamSpec) -> Value {
    let items = json!({ "type": ["string", "integer"] });
    let mut schema = match param.default {
        Kind::Str(_) => json!({ "type": ["string", "integer"] }),
        Kind::List(_) => json!({ "anyOf": [{ "type": "array", "items": items }, items] }),
        Kind::Int(_) => json!({ "type": ["integer", "string"] }),
        Kind::Bool(_) => json!({ "type": "boolean" }),
    };
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("description".into(), param.help.into());
    }
    schema
}

fn check() -> Value {
    let mut properties = Map::new();
    for key in CHECK_KEYS {
        let schema = match key {
            "action" | "severity" => json!({ "$ref": format!("#/$defs/{key}") }),
            "id" => json!({ "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" }),
            _ => json!({ "type": "string", "minLength": 1 }),
        };
        properties.insert(key.into(), schema);
    }
    for (key, rule) in LOOKS_AT {
        let own = rule.params.iter().filter(|p| !FILLED.contains(&p.name));
        let fields: Map<String, Value> = own.clone().map(|p| (p.name.to_owned(), of_param(p))).collect();
        let required: Vec<&str> = own.filter(|p| p.required).map(|p| p.name).collect();
        let table = json!({
            "type": "object", "properties": fields, "required": required, "additionalProperties": false,
        });
        let schema = match key {
            "instruction" => table,
            _ => json!({ "anyOf": [{ "type": ["string", "integer"] }, table] }),
        };
        properties.insert(key.into(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": ["id", "message"], "additionalProperties": false })
}

fn waiver() -> Value {
    json!({
        "type": "object",
        "properties": {
            "rule": { "type": "string" },
            "rules": { "type": "array", "items": { "type": "string" } },
            "path": { "type": "string", "description": "Glob over the file's path, or the path in the image" },
            "fingerprint": { "type": "string", "pattern": "^[0-9a-fA-F]{16}$" },
            "vulnerability": { "type": "string", "description": "A vulnerability by any of its names: CVE-2023-45853" },
            "package": { "type": "string", "description": "The package in which the vulnerability is waived: its name, or a package URL" },
            "gate": { "type": "string", "description": "Anchore's gate, with trigger-id in place of a rule" },
            "trigger-id": { "type": "string", "description": "Anchore's trigger id, in which * is any text" },
            "reason": { "type": "string", "minLength": 1 },
            "owner": { "type": "string", "description": "Who answers for it" },
            "expires": { "description": "The last day it holds" },
        },
        "required": ["reason"],
        "additionalProperties": false,
    })
}

fn image() -> Value {
    let name = json!({ "type": "string" });
    json!({
        "type": "object",
        "properties": {
            "names": { "anyOf": [name, { "type": "array", "items": name }], "description": "Names of images, in which * is any text" },
            "category": { "type": "string" },
            "actions": { "$ref": "#/$defs/actions" },
            "rules": { "$ref": "#/$defs/rules" },
            "check": { "type": "array", "items": { "$ref": "#/$defs/check" } },
        },
        "required": ["names"],
        "additionalProperties": false,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::toml::{IMAGE_KEYS, KEYS, WAIVER_KEYS};
    use super::*;

    #[test]
    fn the_schema_has_the_keys_that_the_reader_takes() {
        let schema = schema();
        let keys = |pointer: &str| -> BTreeSet<String> {
            schema.pointer(pointer).and_then(Value::as_object).unwrap().keys().cloned().collect()
        };
        let own = |keys: &[&str]| -> BTreeSet<String> { keys.iter().map(|key| (*key).to_owned()).collect() };
        assert_eq!(keys("/properties"), own(&KEYS));
        assert_eq!(keys("/$defs/image/properties"), own(&IMAGE_KEYS));
        assert_eq!(keys("/$defs/waiver/properties"), own(&WAIVER_KEYS));
        assert_eq!(schema.pointer("/$defs/rules/properties/DL3006/$ref"), Some(&json!("#/$defs/untagged-base")));
        let names = ["action", "actions", "severity", "rules", "check", "waiver", "image"];
        assert!(rule::all().iter().all(|rule| !names.contains(&rule.id)));
    }

    #[test]
    fn the_schema_in_the_repository_is_this_one() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.schema.json");
        let stored: Value =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_default()).unwrap_or_default();
        assert!(stored == schema(), "run `dockgate policy schema > docs/policy.schema.json`");
    }
}
