//! Bake files: `target` blocks, in HCL and in JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::hcl::{Block, Body, Expression, Kind, Part};
use super::tree::{Node, Value};
use super::{Argument, Definition, Location, Lookup, Read};
use crate::text::{SourceText, Span};

/// Targets that inherit from targets, and variables in variables.
const MAX_DEPTH: usize = 20;

/// A Bake file in JSON as one in HCL: `target`, `group` and `variable` hold one block for each name.
pub(super) fn of_tree(tree: &Node) -> Body {
    let mut body = Body::default();
    for (keyword, blocks) in tree.entries() {
        for (label, block) in blocks.entries() {
            let (Some(keyword), Some(label)) = (keyword.text(), label.text()) else { continue };
            let attributes = block
                .entries()
                .filter_map(|(name, value)| Some((name.text()?.to_owned(), name.span, expression(value))));
            let inner = Body { attributes: attributes.collect(), blocks: Vec::new() };
            let span = block.span;
            body.blocks.push(Block { keyword: keyword.to_owned(), label: label.to_owned(), span, body: inner });
        }
    }
    body
}

fn expression(node: &Node) -> Expression {
    let kind = match &node.value {
        Value::Null => Kind::Null,
        Value::Text(text) => Kind::Text(parts(text)),
        Value::List(list) => Kind::List(list.iter().map(expression).collect()),
        Value::Map(_) => Kind::Object(
            node.entries().filter_map(|(key, value)| Some((key.text()?.to_owned(), expression(value)))).collect(),
        ),
    };
    Expression { span: node.span, kind }
}

/// A JSON string, in which `${…}` counts as it does in HCL.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once("${") {
        let (inner, after) = inner.split_once('}').unwrap_or((inner, ""));
        parts.extend([Part::Literal(before.to_owned()), Part::Interpolated(inner.trim().to_owned())]);
        rest = after;
    }
    parts.push(Part::Literal(rest.to_owned()));
    parts
}

/// The targets that a run without names builds, or those that `only` names, groups among them.
pub(super) fn read(
    source: &Arc<SourceText>,
    body: &Body,
    base: &Path,
    only: &[String],
    environment: Lookup<'_>,
) -> Read {
    let (targets, groups, variables) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut file = File { source, targets, groups, variables, environment };
    let mut order: Vec<&str> = Vec::new();
    for block in &body.blocks {
        match block.keyword.as_str() {
            "target" => {
                if !file.targets.contains_key(block.label.as_str()) {
                    order.push(&block.label);
                }
                file.targets.entry(&block.label).or_default().push(block);
            }
            "group" => drop(file.groups.insert(&block.label, block)),
            "variable" => {
                let default = block.body.attributes.iter().find(|(name, _, _)| name == "default");
                file.variables.insert(&block.label, default.map(|(_, _, value)| value));
            }
            _ => {}
        }
    }
    for (name, _, value) in &body.attributes {
        file.variables.insert(name, Some(value));
    }
    let wanted: BTreeSet<&str> = match only {
        [] => file.built(),
        names => names.iter().flat_map(|name| file.members(name, 0)).collect(),
    };
    let (mut list, mut unknown) = (Vec::new(), Vec::new());
    for name in order.into_iter().filter(|name| wanted.contains(name)) {
        match file.definition(name, base) {
            Ok(definition) => list.push(definition),
            Err(note) => unknown.push(note),
        }
    }
    (list, unknown)
}

/// The groups and targets there are, in the order of the file.
pub(super) fn names(body: &Body) -> Vec<String> {
    let is_named = |block: &&Block| matches!(block.keyword.as_str(), "group" | "target");
    body.blocks.iter().filter(is_named).map(|block| block.label.clone()).collect()
}

struct File<'a> {
    source: &'a Arc<SourceText>,
    targets: BTreeMap<&'a str, Vec<&'a Block>>,
    groups: BTreeMap<&'a str, &'a Block>,
    variables: BTreeMap<&'a str, Option<&'a Expression>>,
    environment: Lookup<'a>,
}

impl<'a> File<'a> {
    /// Every target but those that are there for others to inherit from.
    fn built(&self) -> BTreeSet<&'a str> {
        let grouped: BTreeSet<&str> = self.groups.keys().flat_map(|group| self.members(group, 0)).collect();
        let inherited: BTreeSet<String> = self.targets.keys().flat_map(|name| self.parents(name)).collect();
        let names = self.targets.keys().copied();
        names.filter(|name| grouped.contains(name) || !inherited.contains(*name)).collect()
    }

    /// The targets of a group, of groups in it too, or the target itself.
    fn members(&self, name: &str, depth: usize) -> Vec<&'a str> {
        match (self.groups.get(name), self.targets.get_key_value(name)) {
            (Some(group), _) if depth < MAX_DEPTH => {
                let targets = group.body.attributes.iter().find(|(name, _, _)| name == "targets");
                let names = targets.map(|(_, _, value)| self.texts(value)).unwrap_or_default();
                names.iter().flat_map(|name| self.members(name, depth + 1)).collect()
            }
            (None, Some((name, _))) => vec![name],
            _ => Vec::new(),
        }
    }

    fn parents(&self, name: &str) -> Vec<String> {
        let blocks = self.targets.get(name).into_iter().flatten();
        let inherits = blocks.flat_map(|block| &block.body.attributes).filter(|(name, _, _)| name == "inherits");
        inherits.flat_map(|(_, _, value)| self.texts(value)).collect()
    }

    /// The attributes of a target, those it inherits before its own, so that of two the later counts.
    fn attributes(&self, name: &str, depth: usize) -> Vec<&'a (String, Span, Expression)> {
        let mut attributes = Vec::new();
        if depth < MAX_DEPTH {
            for parent in self.parents(name) {
                attributes.extend(self.attributes(&parent, depth + 1));
                // A web of targets that all inherit from all is nobody's file.
                attributes.truncate(10_000);
            }
        }
        let blocks = self.targets.get(name).into_iter().flatten();
        attributes.extend(blocks.flat_map(|block| &block.body.attributes));
        attributes
    }

    fn definition(&self, name: &str, base: &Path) -> Result<Definition, (Span, String)> {
        let span = self.targets.get(name).and_then(|blocks| blocks.first()).map(|block| block.span).unwrap_or_default();
        let attributes = self.attributes(name, 0);
        let last =
            |wanted: &str| attributes.iter().rev().find(|(name, _, _)| name == wanted).map(|(_, _, value)| value);
        let text = |wanted: &str| match last(wanted) {
            None => Ok(None),
            Some(Expression { kind: Kind::Null, .. }) => Ok(None),
            Some(value) => self.text(value, 0).map(Some).ok_or_else(|| {
                (value.span, format!("target `{name}`: its {wanted} is an expression whose value is not known here"))
            }),
        };
        let mut definition = Definition { name: name.to_owned(), span, ..Definition::empty(self.source) };
        definition.context = Location::parse(text("context")?.as_deref().unwrap_or("."), base);
        definition.dockerfile = text("dockerfile")?;
        definition.target = text("target")?;
        definition.inline = last("dockerfile-inline").map(|value| (Arc::clone(self.source), value.span));
        for (_, _, value) in attributes.iter().filter(|(name, _, _)| name == "args") {
            for (name, value) in entries(value) {
                // What is computed is not known, and what is null is not given.
                definition.args.remove(name);
                let argument = |text| Argument {
                    value: text,
                    path: self.source.path().to_owned(),
                    line: self.source.line(value.span.start),
                };
                definition.args.extend(self.text(value, 0).map(|text| (name.clone(), argument(text))));
            }
        }
        for (_, _, value) in attributes.iter().filter(|(name, _, _)| name == "contexts") {
            for (name, value) in entries(value) {
                let location = match self.text(value, 0) {
                    Some(text) => Location::parse(&text, base),
                    None => Location::Unknown("it is an expression whose value is not known here".to_owned()),
                };
                definition.contexts.insert(name.clone(), location);
            }
        }
        let platforms = last("platforms").map(|value| self.texts(value)).unwrap_or_default();
        definition.platform = platforms.first().filter(|_| platforms.len() == 1).cloned();
        Ok(definition)
    }

    fn texts(&self, value: &Expression) -> Vec<String> {
        match &value.kind {
            Kind::List(items) => items.iter().filter_map(|item| self.text(item, 0)).collect(),
            _ => Vec::new(),
        }
    }

    /// The text that an expression comes to; `None` when that is not known.
    fn text(&self, value: &Expression, depth: usize) -> Option<String> {
        let Kind::Text(parts) = &value.kind else { return None };
        let part = |part: &Part| match part {
            Part::Literal(text) => Some(text.clone()),
            Part::Interpolated(name) => self.variable(name, depth),
        };
        parts.iter().map(part).collect()
    }

    fn variable(&self, name: &str, depth: usize) -> Option<String> {
        let default = self.variables.get(name)?;
        match (self.environment)(name) {
            Some(value) => Some(value),
            None if depth < MAX_DEPTH => match default {
                Some(Expression { kind: Kind::Null, .. }) | None => None,
                Some(default) => self.text(default, depth + 1),
            },
            None => None,
        }
    }
}

fn entries(value: &Expression) -> &[(String, Expression)] {
    match &value.kind {
        Kind::Object(entries) => entries,
        _ => &[],
    }
}
