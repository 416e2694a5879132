//! What the builders put into a Dockerfile before they read it: variables of compose and of Bake.

use std::collections::BTreeMap;

use crate::text::{Embedding, Span};

/// As compose hands it on: `$$` is a dollar sign.
pub(super) fn compose(text: &Embedding) -> Embedding {
    let step = |rest: &str| Ok::<_, ()>(rest.starts_with("$$").then(|| (2, "$".to_owned())));
    rewrite(text, step).unwrap_or_default()
}

/// As Bake hands it on: `${name}` is the variable's text, `$${` and `%%{` are `${` and `%{`. Fails where an expression has
/// no text that is known here.
pub(super) fn bake(text: &Embedding, variables: &BTreeMap<String, String>) -> Result<Embedding, &'static str> {
    rewrite(text, |rest| {
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            return Ok(Some((2, rest[..1].to_owned())));
        }
        if rest.starts_with("%{") {
            return Err("a template directive decides on its text");
        }
        let Some(expression) = rest.strip_prefix("${") else { return Ok(None) };
        let known = expression
            .split_once('}')
            .and_then(|(name, _)| Some((name.len() + "${}".len(), variables.get(name.trim())?.clone())));
        known.map(Some).ok_or("an expression in it has no value that is known without running Bake")
    })
}

/// Replaces what `step` finds at the start of the rest: so many bytes, by a text. Everything else stays where it is.
fn rewrite<E>(text: &Embedding, step: impl Fn(&str) -> Result<Option<(usize, String)>, E>) -> Result<Embedding, E> {
    let mut out = Embedding::default();
    let mut at = 0;
    while let Some(c) = text.text().get(at..).and_then(|rest| rest.chars().next()) {
        let (length, new) = match step(&text.text()[at..])? {
            Some(replaced) => replaced,
            None => (c.len_utf8(), c.to_string()),
        };
        out.push(&new, text.place(Span::new(at, at + length)));
        at += length;
    }
    Ok(out)
}
