//! Secrets in a Dockerfile's own text: variables named like one, and text that a detector knows.

use crate::dockerfile::{Args, Dockerfile, Keyword, Pair, Word};
use crate::rule::Detector;
use crate::text::Span;

use super::Scanner;

/// A secret in the text of a Dockerfile. It holds places only, never the value.
#[derive(Clone, Debug)]
pub struct TextSecret {
    /// Index into `Dockerfile::instructions`; `None` in a comment.
    pub instruction: Option<usize>,
    /// The ENV or ARG name, when it is the value of one.
    pub variable: Option<Word>,
    /// The value, to be masked wherever the text is shown; empty for a variable without one.
    pub value: Span,
    /// The detector that knows the value; `None` when only the name tells.
    pub detector: Option<&'static Detector>,
}

/// Parts of a variable's name, split at `_`, that say it holds a secret (those BuildKit's check looks for).
const SECRET_WORDS: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];
/// Parts that say it does not: it is public, or names something about a secret.
const HARMLESS_WORDS: [&str; 3] = ["public", "file", "version"];

/// Whether a variable's name says that it holds a secret: `DB_PASSWORD` does, `PASSWORD_FILE` and `PUBLIC_KEY` do not.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let parts: Vec<&str> = name.split('_').collect();
    parts.iter().any(|part| SECRET_WORDS.contains(part)) && !parts.iter().any(|part| HARMLESS_WORDS.contains(part))
}

/// Every secret in the text, sorted by place.
pub fn in_dockerfile(dockerfile: &Dockerfile) -> Vec<TextSecret> {
    let text = dockerfile.source.text();
    let mut found: Vec<TextSecret> = Vec::new();
    for known in Scanner::shared().scan_text(text) {
        let offset = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(text.len());
        let value = Span::new(offset(known.bytes.start), offset(known.bytes.end));
        let instruction = dockerfile.instruction_at(value.start);
        let args = instruction.and_then(|i| dockerfile.instructions.get(i)).map(|i| &i.args);
        let holds = |p: &&Pair| p.value.as_ref().is_some_and(|v| v.span.contains(value));
        let variable = args.into_iter().flat_map(pairs).find(holds).map(|p| p.key.clone());
        found.push(TextSecret { instruction, variable, value, detector: Some(known.detector) });
    }
    for (index, instruction) in dockerfile.instructions.iter().enumerate() {
        if !matches!(instruction.keyword, Keyword::Env | Keyword::Arg) {
            continue;
        }
        for pair in pairs(&instruction.args).filter(|p| is_secret_name(p.key.text.trim_matches(['"', '\'']))) {
            let value = pair.value.as_ref().map_or(Span::new(pair.key.span.end, pair.key.span.end), |v| v.span);
            let is_known = |s: &TextSecret| s.variable.as_ref() == Some(&pair.key);
            if found.iter().any(is_known) {
                // The detector may know only a part of the value; the name says that all of it is secret.
                found.iter_mut().filter(|s| is_known(s)).for_each(|s| s.value = value);
            } else {
                found.push(TextSecret {
                    instruction: Some(index),
                    variable: Some(pair.key.clone()),
                    value,
                    detector: None,
                });
            }
        }
    }
    found.sort_by_key(|s| s.value);
    found
}

fn pairs(args: &Args) -> impl Iterator<Item = &Pair> {
    match args {
        Args::Pairs(pairs) => pairs.iter(),
        _ => [].iter(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in ["TOKEN", "NPM_TOKEN", "apiKey", "API_KEY", "AWS_ACCESS_KEY_ID", "db_password", "AUTH_X"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["TOKENIZER", "PUBLIC_KEY", "PASSWORD_FILE", "KEY_VERSION", "AUTHOR", "PATH", "NPMTOKEN"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
