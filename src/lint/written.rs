//! Settings that a build writes into configuration files, by echo, sed, tee or a here-document.

use std::ops::Range;

use super::Facts;
use crate::dockerfile::Keyword;
use crate::shell::Form;
use crate::text::Span;

/// Places in the commands of RUN and in the here-documents of RUN, COPY and ADD where `find` finds something. `find` is given
/// the text as it stands in the file.
pub(super) fn places(facts: &Facts<'_>, find: impl Fn(&str) -> Option<Range<usize>>) -> Vec<Span> {
    let commands = facts.run_scripts().flat_map(|script| &script.commands).map(|command| command.span);
    let script = |index: usize| {
        let at = facts.scripts.binary_search_by_key(&index, |script| script.instruction).ok()?;
        facts.scripts.get(at)
    };
    let documents = facts.dockerfile.instructions.iter().enumerate().flat_map(|(index, instruction)| {
        let instruction = instruction.innermost();
        let is_code = instruction.keyword == Keyword::Run
            && !instruction.heredocs.is_empty()
            && script(index).is_some_and(|script| script.form == Form::Heredoc);
        let documents = if is_code { &[][..] } else { &instruction.heredocs };
        documents.iter().map(|document| document.body_span)
    });
    let source = &facts.dockerfile.source;
    let place = |span: Span| {
        let found = find(source.slice(span))?;
        Some(Span::new(span.start + found.start, span.start + found.end))
    };
    let mut places: Vec<Span> = commands.chain(documents).filter_map(place).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// Where a text sets `key` to one of the values, as `key value`, `key=value` or `key "value"`. Of several settings the
/// last counts: in `s/Key no/Key yes/` it is what comes out.
pub(super) fn setting(text: &str, key: &str, values: &[&str]) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let start = lower.rfind(&key.to_ascii_lowercase())?;
    let after = start + key.len();
    let rest = lower.get(after..)?;
    // `s/\(Key \).*/\1yes/`: the key is behind the group it was matched in.
    let (_, value) = rest.split_once("\\1").filter(|(between, _)| between.len() < 16).unwrap_or(("", rest));
    let value = value.trim_start_matches([' ', '\t', '=', '\\', '"', '\'']);
    if value.len() == rest.len() {
        return None;
    }
    let value_start = after + rest.len() - value.len();
    let length = value.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(value.len());
    values.contains(&value.get(..length)?).then_some(start..value_start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_found_in_any_spelling() {
        let found = |text: &'static str| setting(text, "PermitLogin", &["yes"]).map(|range| &text[range]);
        assert_eq!(found("echo PermitLogin yes >> f"), Some("PermitLogin yes"));
        assert_eq!(found("printf 'permitlogin\\tyes\\n'"), None);
        assert_eq!(found("-o PermitLogin=yes"), Some("PermitLogin=yes"));
        assert_eq!(found("s/#PermitLogin no/PermitLogin yes/"), Some("PermitLogin yes"));
        assert_eq!(found("s/PermitLogin yes/PermitLogin no/"), None);
        assert_eq!(found("s/#\\(PermitLogin \\).*/\\1yes/g"), Some("PermitLogin \\).*/\\1yes"));
        assert_eq!(found("s/#\\(PermitLogin \\).*/\\1no/g"), None);
        assert_eq!(found("PermitLogin yesterday"), None);
        assert_eq!(found("PermitLoginyes"), None);
        assert_eq!(found("PermitLogin"), None);
    }
}
