//! Text that is shown though it may hold secrets: a builder's history, an image's environment.

use super::{Scanner, is_placeholder, is_secret_name};
use crate::text::Masked;

/// The text with every secret masked: what a detector knows, and the values assigned to variables named like a secret.
/// After `ENV`, `ARG` and `LABEL` a value reaches to the next assignment, since builders write it without its quotes;
/// elsewhere it is a shell word.
pub fn masked(text: &str) -> String {
    let first = text.trim_start().trim_start_matches("/bin/sh -c #(nop) ").trim_start();
    let is_list = ["ENV ", "ARG ", "LABEL "].iter().any(|keyword| first.starts_with(keyword));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(equals) = rest.find('=') {
        let (before, value) = (rest.get(..equals).unwrap_or_default(), rest.get(equals + 1..).unwrap_or_default());
        let name = before.rsplit(|c: char| !is_name(c)).next().unwrap_or_default();
        out.push_str(before);
        out.push('=');
        rest = value;
        if is_secret_name(name) {
            let (value, after) = value.split_at(if is_list { list_value(value) } else { shell_value(value) });
            out.push_str(&masked_value(name, value));
            rest = after;
        }
    }
    out.push_str(rest);
    for hit in Scanner::shared().scan_text(&out.clone()).iter().rev() {
        let place = usize::try_from(hit.bytes.start).ok().zip(usize::try_from(hit.bytes.end).ok());
        let place = place.filter(|(start, end)| out.get(*start..*end).is_some());
        if let Some((start, end)) = place {
            out.replace_range(start..end, &hit.excerpt.to_string());
        }
    }
    out
}

/// The value of a variable of this name, masked where the name says that it is a secret.
pub fn masked_value(name: &str, value: &str) -> String {
    let bare = value.trim_matches(['"', '\'']);
    if is_secret_name(name) && !bare.is_empty() && !is_placeholder(bare) {
        Masked::new(bare).to_string()
    } else {
        value.to_owned()
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Where a shell word ends.
fn shell_value(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() || matches!(c, ';' | '&' | '|' | ')') => return at,
            None => {}
        }
    }
    text.len()
}

/// Where the next ` NAME=` starts.
fn list_value(text: &str) -> usize {
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let starts_next = |at: &usize| {
        let word = text.get(at + 1..).unwrap_or_default();
        word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_name))
    };
    spaces.into_iter().find(starts_next).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_names_are_masked() {
        for (text, shown) in [
            ("ENV DB_PASSWORD=correct horse PORT=8080", "ENV DB_PASSWORD=******** PORT=8080"),
            ("/bin/sh -c #(nop)  ENV API_TOKEN=abc def", "/bin/sh -c #(nop)  ENV API_TOKEN=********"),
            ("|1 TOKEN=hunter2 /bin/sh -c make a=b", "|1 TOKEN=******** /bin/sh -c make a=b"),
            ("RUN SECRET='x y' && echo a=b", "RUN SECRET=******** && echo a=b"),
            ("ENV PATH=/usr/bin PUBLIC_KEY=x", "ENV PATH=/usr/bin PUBLIC_KEY=x"),
            ("==", "=="),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn tokens_are_masked_wherever_they_are() {
        let token = format!("ghp_{}", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dF3hJ5");
        let shown = masked(&format!("RUN curl -u x:{token} https://example.com"));
        assert!(shown.contains("ghp_********") && !shown.contains(&token), "{shown}");
    }
}
