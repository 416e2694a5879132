//! Compose files: `services.*.build`.

use std::collections::BTreeMap;
use std::path::Path;

use super::tree::{self, Node, Value};
use super::{Definition, Fault, Location, Lookup, Read};
use crate::text::Span;

/// Variables in variables' defaults.
const MAX_DEPTH: usize = 10;

/// The services with a `build`.
pub(super) fn read(text: &str, base: &Path, environment: Lookup<'_>) -> Result<Read, Fault> {
    let tree = tree::parse(text)?;
    let (mut list, mut unknown) = (Vec::new(), Vec::new());
    if let Some(include) = tree.get("include") {
        unknown.push((include.span, "what `include` brings in; name those files too".to_owned()));
    }
    let Some(services) = tree.get("services") else { return Ok((list, unknown)) };
    for (name, service) in services.entries() {
        let Some(name_text) = name.text() else { continue };
        match service.get("build") {
            Some(build) if !matches!(build.value, Value::Null) => {
                list.push(definition(name_text, name.span, build, base, environment));
            }
            _ if service.get("extends").and_then(|extends| extends.get("file")).is_some() => {
                unknown
                    .push((name.span, format!("`{name_text}` extends a service of another file; name that file too")));
            }
            _ => {}
        }
    }
    Ok((list, unknown))
}

fn definition(name: &str, span: Span, build: &Node, base: &Path, environment: Lookup<'_>) -> Definition {
    let text = |node: &Node| node.text().map(|text| interpolated(text, environment));
    let location =
        |node: Option<&Node>, default: &str| match node.map(|node| text(node).unwrap_or(Ok(default.to_owned()))) {
            None => Location::parse(default, base),
            Some(Ok(path)) => Location::parse(&path, base),
            Some(Err(why)) => Location::Unknown(why),
        };
    let get = |key: &str| build.get(key).and_then(text).and_then(Result::ok).filter(|text| !text.is_empty());
    if build.text().is_some() {
        let context = location(Some(build), ".");
        return Definition { name: name.to_owned(), span, context, ..Definition::empty() };
    }
    let mut context = location(build.get("context"), ".");
    if let Some(Err(why)) = build.get("dockerfile").and_then(text) {
        context = Location::Unknown(why);
    }
    let mut args: BTreeMap<String, (String, Span)> = BTreeMap::new();
    for (name, value, span) in build.get("args").map(pairs).unwrap_or_default() {
        // A name alone has the value it has in the environment.
        let value = match value {
            Some(value) => interpolated(&value, environment).ok(),
            None => environment(&name),
        };
        args.extend(value.map(|value| (name, (value, span))));
    }
    let mut contexts: BTreeMap<String, Location> = BTreeMap::new();
    for (name, value, _) in build.get("additional_contexts").map(pairs).unwrap_or_default() {
        let value = value.unwrap_or_default();
        let location = match interpolated(&value, environment) {
            Ok(value) => Location::parse(&value, base),
            Err(why) => Location::Unknown(why),
        };
        contexts.insert(name, location);
    }
    let platforms = build.get("platforms").map(Node::list).unwrap_or_default();
    Definition {
        name: name.to_owned(),
        span,
        context,
        dockerfile: get("dockerfile"),
        inline: build.get("dockerfile_inline").map(|node| node.span),
        target: get("target"),
        platform: platforms.first().filter(|_| platforms.len() == 1).and_then(text).and_then(Result::ok),
        args,
        contexts,
    }
}

impl Definition {
    /// One that says nothing.
    pub(super) fn empty() -> Self {
        Self {
            name: String::new(),
            span: Span::default(),
            context: Location::Local(".".into()),
            dockerfile: None,
            inline: None,
            target: None,
            platform: None,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
        }
    }
}

/// Names and values of a mapping, or of a list of `NAME=VALUE`; no value for a name alone.
fn pairs(node: &Node) -> Vec<(String, Option<String>, Span)> {
    let listed = node.list().iter().filter_map(|item| {
        let text = item.text()?;
        Some(match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned()), item.span),
            None => (text.to_owned(), None, item.span),
        })
    });
    let mut pairs: Vec<_> = listed.collect();
    for (key, value) in node.entries() {
        match key.text() {
            Some("<<") => pairs.splice(0..0, merged(value)).for_each(drop),
            Some(name) => pairs.push((name.to_owned(), value.text().map(str::to_owned), value.span)),
            None => {}
        }
    }
    pairs
}

fn merged(node: &Node) -> Vec<(String, Option<String>, Span)> {
    match &node.value {
        Value::List(list) => list.iter().rev().flat_map(pairs).collect(),
        _ => pairs(node),
    }
}

/// A text with its variables replaced as compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
/// `${NAME:+other}`, `${NAME:?error}`, and `$$` for a dollar. Fails with why, for a variable that has no value.
fn interpolated(text: &str, environment: Lookup<'_>) -> Result<String, String> {
    expand(text, environment, 0)
}

fn expand(text: &str, environment: Lookup<'_>, depth: usize) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(rest.get(..dollar).unwrap_or_default());
        let behind = rest.get(dollar + 1..).unwrap_or_default();
        if let Some(after) = behind.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inner) = behind.strip_prefix('{') {
            let end = closing(inner).ok_or_else(|| "it has a `${` that is not closed".to_owned())?;
            out.push_str(&variable(inner.get(..end).unwrap_or_default(), environment, depth)?);
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
            let name = behind.get(..end).unwrap_or_default();
            if name.is_empty() {
                out.push('$');
            } else {
                out.push_str(&variable(name, environment, depth)?);
            }
            rest = behind.get(end..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the `}` of a `${` is.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn variable(inner: &str, environment: Lookup<'_>, depth: usize) -> Result<String, String> {
    if depth > MAX_DEPTH {
        return Err("its variables are too deep inside each other".to_owned());
    }
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, operation) = inner.split_at(end);
    let value = environment(name);
    let (counts_empty, operation) = match operation.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, operation),
    };
    let is_set = value.as_ref().is_some_and(|value| !counts_empty || !value.is_empty());
    let mut operation = operation.chars();
    let (mark, word) = (operation.next(), operation.as_str());
    match (mark, value) {
        (Some('-'), value) if !is_set => expand(word, environment, depth + 1).inspect(|_| drop(value)),
        (Some('+'), _) if is_set => expand(word, environment, depth + 1),
        (Some('+'), _) => Ok(String::new()),
        (_, Some(value)) if is_set || mark.is_none() => Ok(value),
        _ => Err(format!("the variable `{name}` has no value here")),
    }
}
