//! What BuildKit refuses of a single instruction, once the file is parsed: missing arguments, unknown flags, bad values.

use super::ast::{Args, ErrorKind, Flag, Instruction, Keyword, SyntaxError, Word};
use super::heredoc;
use crate::text::{Span, closest};

/// What a flag takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// Nothing, `true` or `false`.
    Switch,
    /// A value, once.
    Value,
    /// A value, any number of times.
    Values,
}

/// The flags of each instruction.
fn known_flags(keyword: Keyword) -> &'static [(&'static str, Takes)] {
    use Takes::{Switch, Value, Values};
    match keyword {
        Keyword::From => &[("platform", Value)],
        Keyword::Run => &[("mount", Values), ("network", Value), ("security", Value), ("device", Values)],
        Keyword::Copy => &[
            ("from", Value),
            ("chown", Value),
            ("chmod", Value),
            ("link", Switch),
            ("parents", Switch),
            ("exclude", Values),
        ],
        Keyword::Add => &[
            ("chown", Value),
            ("chmod", Value),
            ("link", Switch),
            ("keep-git-dir", Switch),
            ("checksum", Value),
            ("unpack", Switch),
            ("exclude", Values),
        ],
        Keyword::Healthcheck => &[
            ("interval", Value),
            ("timeout", Value),
            ("start-period", Value),
            ("start-interval", Value),
            ("retries", Value),
        ],
        _ => &[],
    }
}

/// The reason to refuse an instruction, if there is one.
pub(super) fn of(instruction: &Instruction) -> Option<SyntaxError> {
    let Instruction { keyword, args, .. } = instruction;
    if *keyword == Keyword::Unknown {
        return Some(unknown_keyword(&instruction.keyword_word));
    }
    let is_none_check = instruction.check_type.as_ref().is_some_and(|word| word.text.eq_ignore_ascii_case("none"));
    // BuildKit never looks at the flags of these.
    let ignores_flags = matches!(keyword, Keyword::Stopsignal | Keyword::Arg) || is_none_check;
    if let Some(error) = flags(instruction).filter(|_| !ignores_flags) {
        return Some(error);
    }
    let (message, span) = match keyword {
        Keyword::From => from(instruction)?,
        Keyword::Copy | Keyword::Add => sources_and_destination(instruction)?,
        Keyword::Env | Keyword::Label | Keyword::Arg => pairs(instruction)?,
        Keyword::Healthcheck => healthcheck(instruction)?,
        Keyword::Onbuild => onbuild(instruction)?,
        Keyword::Shell => match args {
            Args::Json(words) if !words.is_empty() => return None,
            Args::Text(text) => {
                ("SHELL needs its arguments in JSON form: [\"program\", \"argument\"]".into(), text.span)
            }
            _ => (at_least_one(*keyword), instruction.head_span),
        },
        Keyword::Volume => match args.words().iter().find(|word| word.text.trim().is_empty()) {
            Some(empty) => ("a volume cannot be an empty string".into(), empty.span),
            None if args.words().is_empty() => (at_least_one(*keyword), instruction.head_span),
            None => return None,
        },
        Keyword::Expose if args.words().is_empty() => (at_least_one(*keyword), instruction.head_span),
        Keyword::Maintainer | Keyword::User | Keyword::Workdir | Keyword::Stopsignal if matches!(args, Args::None) => {
            (format!("{} needs one argument", keyword.name()), instruction.head_span)
        }
        _ => return None,
    };
    Some(refused(message, span))
}

fn refused(message: String, span: Span) -> SyntaxError {
    SyntaxError { kind: ErrorKind::Instruction, message, span }
}

fn at_least_one(keyword: Keyword) -> String {
    format!("{} needs at least one argument", keyword.name())
}

fn unknown_keyword(word: &Word) -> SyntaxError {
    let known = Keyword::ALL.iter().map(|keyword| keyword.name());
    refused(with_hint(format!("unknown instruction `{}`", word.text), closest(&word.text, known)), word.span)
}

fn with_hint(message: String, near: Option<&str>) -> String {
    match near {
        Some(near) => format!("{message} (did you mean {near}?)"),
        None => message,
    }
}

fn flags(instruction: &Instruction) -> Option<SyntaxError> {
    let known = known_flags(instruction.keyword);
    for (i, flag) in instruction.flags.iter().enumerate() {
        let Some((_, takes)) = known.iter().find(|(name, _)| *name == flag.name) else {
            let message = format!("{} has no flag --{}", instruction.keyword.name(), flag.name);
            let near = closest(&flag.name, known.iter().map(|(name, _)| *name));
            return Some(refused(with_hint(message, near.map(|name| format!("--{name}")).as_deref()), flag.span));
        };
        if let Some(message) = flag_misuse(flag, *takes, &instruction.flags[..i]) {
            return Some(refused(message, flag.span));
        }
    }
    let misuse = |flag: &Flag| {
        let value = flag.value.as_ref()?;
        let message = value_misuse(instruction.keyword, &flag.name, &value.text)?;
        Some(refused(message, value.span))
    };
    instruction.flags.iter().find_map(misuse)
}

fn flag_misuse(flag: &Flag, takes: Takes, before: &[Flag]) -> Option<String> {
    let name = &flag.name;
    if takes != Takes::Values && before.iter().any(|earlier| earlier.name == *name) {
        return Some(format!("the flag --{name} is given twice"));
    }
    match (&flag.value, takes) {
        (None, Takes::Switch) => None,
        (None, _) => Some(format!("the flag --{name} needs a value: --{name}=…")),
        (Some(value), Takes::Switch) => match value.text.to_ascii_lowercase().as_str() {
            "true" | "false" => None,
            "" => Some(format!("the flag --{name} has an empty value")),
            _ => Some(format!("the flag --{name} takes true or false, not `{}`", value.text)),
        },
        (Some(_), _) => None,
    }
}

fn value_misuse(keyword: Keyword, flag: &str, value: &str) -> Option<String> {
    let one_of = |allowed: &[&str]| {
        let is_allowed = allowed.contains(&value);
        (!is_allowed).then(|| format!("--{flag} takes one of {}, not `{value}`", allowed.join(", ")))
    };
    match (keyword, flag) {
        (Keyword::Run, "network") => one_of(&["default", "none", "host"]),
        (Keyword::Run, "security") => one_of(&["sandbox", "insecure"]),
        (Keyword::Run, "mount") => {
            let source = value.split(',').find_map(|option| option.strip_prefix("from="))?;
            let has_variable = source.find('$').is_some_and(|at| at + 1 < source.len());
            has_variable.then(|| "a mount's `from` takes no variables: name a stage that is FROM it".to_owned())
        }
        (Keyword::Healthcheck, "retries") if !value.is_empty() => match value.parse::<i32>() {
            Ok(count) if count >= 0 => None,
            _ => Some(format!("--retries takes a number from 0, not `{value}`")),
        },
        (Keyword::Healthcheck, _) if !value.is_empty() => match duration_in_ns(value) {
            None => Some(format!("--{flag} takes a duration such as 1m30s, not `{value}`")),
            Some(ns) if ns != 0.0 && ns < 1e6 => Some(format!("--{flag} cannot be less than 1ms")),
            Some(_) => None,
        },
        _ => None,
    }
}

/// A duration as Go writes them: signed decimal numbers with units, `1h30m`, `1.5s`; or `0`.
fn duration_in_ns(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(number_end);
        let number: f64 = number.parse().ok()?;
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let ns = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return None,
        };
        total += number * ns;
        rest = after;
    }
    // Go counts nanoseconds in 64 bits.
    (total < 9.3e18).then_some(sign * total)
}

fn from(instruction: &Instruction) -> Option<(String, Span)> {
    match instruction.args.words() {
        [_] => None,
        [_, as_, name] if as_.text.eq_ignore_ascii_case("as") => {
            let lower = name.text.to_lowercase();
            let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
            let is_valid = lower.starts_with(|c: char| c.is_ascii_lowercase()) && lower.chars().all(is_inner);
            (!is_valid).then(|| {
                let message = format!(
                    "`{}` is no name for a stage: it must start with a letter and hold letters, digits, `-`, `_`, `.`",
                    name.text
                );
                (message, name.span)
            })
        }
        _ => Some(("FROM needs one argument, or three: image AS name".into(), instruction.head_span)),
    }
}

fn sources_and_destination(instruction: &Instruction) -> Option<(String, Span)> {
    let name = instruction.keyword.name();
    match instruction.args.words() {
        [] | [_] => {
            Some((format!("{name} needs at least two arguments, a source and a destination"), instruction.head_span))
        }
        [.., destination] => {
            let is_heredoc = heredoc::marker(&destination.text).is_ok_and(|marker| marker.is_some());
            is_heredoc.then(|| (format!("{name} cannot have a here-document as its destination"), destination.span))
        }
    }
}

fn pairs(instruction: &Instruction) -> Option<(String, Span)> {
    match &instruction.args {
        Args::Pairs(pairs) => {
            let blank = pairs.iter().find(|pair| pair.key.text.is_empty())?;
            Some((format!("a name in {} is blank", instruction.keyword.name()), blank.key.span))
        }
        _ => Some((at_least_one(instruction.keyword), instruction.head_span)),
    }
}

fn healthcheck(instruction: &Instruction) -> Option<(String, Span)> {
    let Some(kind) = &instruction.check_type else {
        return Some((at_least_one(instruction.keyword), instruction.head_span));
    };
    let has_command = match &instruction.args {
        Args::Json(words) => !words.is_empty(),
        args => !matches!(args, Args::None),
    };
    match kind.text.to_ascii_uppercase().as_str() {
        "NONE" if has_command => Some(("HEALTHCHECK NONE takes no arguments".into(), instruction.head_span)),
        "CMD" if !has_command => Some(("HEALTHCHECK CMD needs a command".into(), instruction.head_span)),
        "NONE" | "CMD" => None,
        _ => Some((format!("HEALTHCHECK takes CMD or NONE, not `{}`", kind.text), kind.span)),
    }
}

fn onbuild(instruction: &Instruction) -> Option<(String, Span)> {
    let Some(trigger) = &instruction.trigger else {
        let is_bare = matches!(instruction.args, Args::None);
        return is_bare.then(|| (at_least_one(instruction.keyword), instruction.head_span));
    };
    let span = trigger.keyword_word.span;
    match trigger.keyword {
        Keyword::Onbuild => Some(("ONBUILD cannot hold another ONBUILD".into(), span)),
        Keyword::From | Keyword::Maintainer => Some((format!("ONBUILD cannot hold {}", trigger.keyword.name()), span)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(duration_in_ns("1m30s"), Some(90e9));
        assert_eq!(duration_in_ns("1.5ms"), Some(1.5e6));
        assert_eq!(duration_in_ns("-.5s"), Some(-0.5e9));
        assert_eq!(duration_in_ns("0"), Some(0.0));
        for text in ["", "5", "1x", "s", "1 s", ".s", "$q", "300000000h"] {
            assert_eq!(duration_in_ns(text), None, "{text}");
        }
    }
}
