//! Values given to names such as `password`: secrets, or the rest of a program?

use std::ops::Range;

use super::check::Candidate;
use super::placeholder::entropy;

/// Values this long are judged by their letters; shorter ones are no passwords worth the name.
const MIN_LENGTH: usize = 8;
/// Words that stand in for a value, or say that it is no secret.
const STAND_INS: [&str; 34] = [
    "admin",
    "authorization",
    "bearer",
    "credential",
    "default",
    "demo",
    "dummy",
    "fake",
    "false",
    "foobar",
    "hidden",
    "invalid",
    "mock",
    "mypass",
    "none",
    "null",
    "optional",
    "passphrase",
    "passw",
    "prompt",
    "qwerty",
    "required",
    "root",
    "sample",
    "secret",
    "some",
    "string",
    "test",
    "token",
    "true",
    "undefined",
    "username",
    "value",
    "your",
];
/// Words before a name that make it another thing.
const OTHER_NAMES: [&str; 14] = [
    "public",
    "pub",
    "csrf",
    "xsrf",
    "next",
    "page",
    "sync",
    "id",
    "hash",
    "hashed",
    "encrypted",
    "cancel",
    "sort",
    "primary",
];

/// The secret among what is assigned, without its quotes; `None` when it is an expression, a word or a stand-in.
pub(super) fn judge(candidate: &Candidate<'_>) -> Option<Range<usize>> {
    if candidate.kind.ignores_names || candidate.is_binary {
        return None;
    }
    let range = candidate.matched.secret.clone();
    let raw = candidate.text.get(range.clone())?;
    let quote = raw.first().copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let (start, end) = match quote {
        Some(quote) => (range.start + 1, range.end - usize::from(raw.len() > 1 && raw.ends_with(&[quote]))),
        None => (range.start, range.end),
    };
    if quote.is_none() && candidate.kind.is_code {
        return None;
    }
    let value = candidate.text.get(start..end)?;
    let value = std::str::from_utf8(value).ok()?;
    if is_other_name(candidate) || !is_strong(value) || is_expression(value, quote.is_some()) {
        return None;
    }
    Some(start..end)
}

/// Whether the name that ends in the keyword says something else: `public_key`, `next_page_token`.
fn is_other_name(candidate: &Candidate<'_>) -> bool {
    let before = candidate.text.get(candidate.matched.whole.start.saturating_sub(40)..candidate.matched.whole.start);
    let before = before.unwrap_or_default();
    let length = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        .count();
    let name = String::from_utf8_lossy(before.get(before.len() - length..).unwrap_or_default()).to_ascii_lowercase();
    name.split(['_', '-', '.']).any(|part| OTHER_NAMES.contains(&part))
        || name.ends_with("public")
        || name.ends_with('$')
}

/// Whether it has the variety of something made to be hard to guess.
fn is_strong(value: &str) -> bool {
    let has = |test: fn(&u8) -> bool| value.bytes().any(|byte| test(&byte));
    let classes = [
        has(u8::is_ascii_lowercase),
        has(u8::is_ascii_uppercase),
        has(u8::is_ascii_digit),
        has(|byte| byte.is_ascii_punctuation() && !matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')),
    ];
    let variety = classes.iter().filter(|class| **class).count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let bits = entropy(value.as_bytes());
    let is_long = value.len() >= MIN_LENGTH;
    let lower = value.to_ascii_lowercase();
    is_long
        && value.is_ascii()
        && variety >= 2
        && bits >= 2.7
        && (digits >= 2 || variety >= 3 || classes[3])
        && digits < value.len()
        && !STAND_INS.iter().any(|word| lower.contains(word))
}

/// Whether it is code, a path, an address or a sentence.
fn is_expression(value: &str, is_quoted: bool) -> bool {
    // A web token is told by what is in it.
    let is_template = value.starts_with("eyJ")
        || value.starts_with(['$', '{', '<', '%', '&', '@', '#', '!', '/', '.', '[', '(', '*', '~', '\\'])
        || ["${", "{{", "}}", "$(", "%s", "%(", "<%", "://", "::", "->", "=>", "()", "\\u", "\\x", "\\n"]
            .iter()
            .any(|mark| value.contains(mark));
    let is_call = value.contains('(') && value.ends_with(')') || value.contains("env.") || value.contains("environ");
    let has_space = value.contains(char::is_whitespace);
    let is_path = value.matches('/').count() > 1 && !value.ends_with('=');
    let words = value.split(['_', '-', '.', '/', ':', ',', ' ']);
    // `aws_secretsmanager_v2`, `com.example.Thing`: words, some with a number at their end.
    let is_word = |part: &str| {
        let letters = part.trim_end_matches(|c: char| c.is_ascii_digit());
        part.is_empty() || part.len() <= 4 || (letters.len() + 2 >= part.len() && is_word(letters))
    };
    let is_words = value.contains(['_', '-', '.', '/', ':', ',']) && words.into_iter().all(is_word);
    let is_code_like = !is_quoted && value.contains(['(', ')', '[', ']', '{', '}', ';', '<', '>']);
    is_template || is_call || has_space || is_path || is_words || is_code_like || is_word(value)
}

/// Letters as a word has them: of one case, a capital first, or in camel case with vowels between.
fn is_word(text: &str) -> bool {
    if !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return false;
    }
    let changes =
        text.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count();
    changes * 4 <= text.len()
}

#[cfg(test)]
mod tests {
    use super::super::Scanner;

    fn found(path: &str, text: &str) -> usize {
        Scanner::shared().search().scan(path, text.as_bytes()).hits.len()
    }

    #[test]
    fn values_are_told_from_expressions_and_words() {
        for text in ["password = 'q3Tx-Wz9kLm'", "DB_PASSWORD: \"Wz9k!q3TxLm\"", "api_key=\"f4Kq93ZpXw71LmTb0sRv\""] {
            assert_eq!(found("src/a.py", text), 1, "{text}");
        }
        for text in [
            "password = get_password_v2()",
            "password = os.environ['DB_PASSWORD']",
            "password: 'please enter 1 password'",
            "token = 'com.example.auth.TokenV2'",
            "secret = '/run/secrets/db_v2'",
            "password = 'Passw0rd'",
            "public_key = 'f4Kq93ZpXw71LmTb0sRv'",
            "token: 'https://auth.test/oauth2/token/v2'",
        ] {
            assert_eq!(found("src/a.py", text), 0, "{text}");
        }
    }

    #[test]
    fn what_stands_without_quotes_counts_in_configuration_only() {
        let text = "password=q3TxWz9kLm\n";
        assert_eq!((found("a.env", text), found("a.py", text), found("node_modules/x/a.env", text)), (1, 0, 0));
    }
}
