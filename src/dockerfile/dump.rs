//! The model as BuildKit's parser would give it, for conformance runs and for those who write rules.

use serde_json::{Value, json};

use super::ast::{Args, Dockerfile, ErrorKind, Flag, Instruction, Keyword};
use super::env::Lookup;
use super::words::{expand_word, expand_words};

/// The instructions with BuildKit's own field names, and the first error that would keep BuildKit from reading the file.
///
/// `{error, instructions: [{cmd, start, end, flags, args, json, heredocs: [{Name, FileDescriptor, Expand, Chomp,
/// Content}]}]}`; lines count from 1, ENV and LABEL are triples of name, value and separator.
pub fn ast_json(dockerfile: &Dockerfile) -> Value {
    let of_instructions = dockerfile.instructions.iter().filter_map(|instruction| instruction.error.as_ref());
    let errors = of_instructions.chain(&dockerfile.errors).filter(|error| error.kind == ErrorKind::Parser);
    let first = errors.min_by_key(|error| error.span);
    let instructions = dockerfile.instructions.iter().map(|instruction| node(dockerfile, instruction));
    json!({
        "error": first.map(|error| error.message.as_str()),
        "instructions": instructions.collect::<Vec<_>>(),
    })
}

fn node(dockerfile: &Dockerfile, instruction: &Instruction) -> Value {
    let heredocs = instruction.heredocs.iter().map(|heredoc| {
        json!({
            "Name": heredoc.name,
            "FileDescriptor": heredoc.fd,
            "Expand": heredoc.expand,
            "Chomp": heredoc.chomp,
            // BuildKit's parser leaves the tabs in.
            "Content": dockerfile.source.slice(heredoc.body_span),
        })
    });
    json!({
        "cmd": instruction.keyword_word.text,
        "start": instruction.lines.0,
        "end": instruction.lines.1,
        "flags": instruction.flags.iter().map(flag).collect::<Vec<_>>(),
        "args": args(instruction),
        "json": instruction.args.is_json(),
        "heredocs": heredocs.collect::<Vec<_>>(),
    })
}

fn flag(flag: &Flag) -> String {
    match &flag.value {
        Some(value) => format!("--{}={}", flag.name, value.text),
        None => format!("--{}", flag.name),
    }
}

fn args(instruction: &Instruction) -> Vec<String> {
    if let Some(trigger) = &instruction.trigger {
        let mut all = vec![trigger.keyword_word.text.clone()];
        all.extend(args(trigger));
        return all;
    }
    if instruction.keyword == Keyword::Unknown {
        return vec![String::new()];
    }
    let mut all: Vec<String> = instruction.check_type.iter().map(|word| word.text.clone()).collect();
    match &instruction.args {
        Args::Json(words) | Args::Words(words) => all.extend(words.iter().map(|word| word.text.clone())),
        Args::Text(text) => all.push(text.text.clone()),
        Args::None => {}
        Args::Pairs(pairs) => {
            for pair in pairs {
                let value = pair.value.as_ref().map(|value| value.text.as_str());
                match (instruction.keyword, value) {
                    (Keyword::Arg, Some(value)) => all.push(format!("{}={value}", pair.key.text)),
                    (Keyword::Arg, None) => all.push(pair.key.text.clone()),
                    (_, value) => {
                        let separator = if pair.is_legacy { "" } else { "=" };
                        all.extend([pair.key.text.as_str(), value.unwrap_or_default(), separator].map(str::to_owned));
                    }
                }
            }
        }
    }
    all
}

/// `input` expanded to one word and split into words: `{word, word_error, words, words_error}`.
pub fn words_json(input: &str, env: &dyn Lookup, escape: char) -> Value {
    let (word, word_error) = match expand_word(input, env, escape) {
        Ok(expanded) => (Some(expanded.text), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let (words, words_error) = match expand_words(input, env, escape) {
        Ok(words) => (Some(words), None),
        Err(error) => (None, Some(error.to_string())),
    };
    json!({ "word": word, "word_error": word_error, "words": words, "words_error": words_error })
}
