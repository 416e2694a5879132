//! Answers to `dockgate debug ignore`: what the ignore rules make of patterns and trees, for comparison with BuildKit.

use serde_json::{Value, json};

use super::{Context, ContextFileKind, IgnoreRules};

/// Answers one request: `{id, patterns, path}` with `{id, ignored}`, or `{id, files, dockerignore}` with `{id, kept}`;
/// with `{id, error}` where a pattern is malformed or the request is neither.
pub fn ignore_json(request: &Value) -> Value {
    let id = &request["id"];
    let strings =
        |key: &str| -> Option<Vec<&str>> { request.get(key)?.as_array()?.iter().map(Value::as_str).collect() };
    if let (Some(patterns), Some(path)) = (strings("patterns"), request["path"].as_str()) {
        return match IgnoreRules::new(patterns) {
            Ok(rules) => json!({ "id": id, "ignored": rules.is_ignored(path) }),
            Err(error) => json!({ "id": id, "error": error.to_string() }),
        };
    }
    let Some(files) = strings("files") else {
        return json!({ "id": id, "error": "a request has `patterns` and `path`, or `files` and `dockerignore`" });
    };
    match Context::of_paths(files, request["dockerignore"].as_str()) {
        Ok(context) => {
            let files = context.files.iter().filter(|f| f.kind == ContextFileKind::File);
            json!({ "id": id, "kept": files.map(|f| f.path.as_str()).collect::<Vec<_>>() })
        }
        Err(error) => json!({ "id": id, "error": error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_answered() {
        let answer = ignore_json(&json!({ "id": 1, "patterns": ["a"], "path": "a/b" }));
        assert_eq!(answer, json!({ "id": 1, "ignored": true }));
        let answer = ignore_json(&json!({ "id": 2, "files": ["b", "a/x", "c"], "dockerignore": "/a\n" }));
        assert_eq!(answer, json!({ "id": 2, "kept": ["b", "c"] }));
        assert!(ignore_json(&json!({ "id": 3, "patterns": ["["], "path": "a" }))["error"].is_string());
        assert!(ignore_json(&json!({}))["error"].is_string());
    }
}
