//! Files that a template engine makes Dockerfiles of. Their text is no Dockerfile yet, so that nothing can be said of it.

use std::sync::Arc;

use super::ast::{Instruction, Keyword};
use super::parse::parse;
use crate::text::{SourceText, Span};

/// Endings that template engines' files have.
const ENDINGS: [&str; 19] = [
    "cue",
    "ejs",
    "epp",
    "erb",
    "ftl",
    "gotmpl",
    "handlebars",
    "hbs",
    "in",
    "j2",
    "jinja",
    "jinja2",
    "m4",
    "mako",
    "mustache",
    "template",
    "templ",
    "tmpl",
    "tpl",
];

/// The first mark of a template engine, when `source`, a file called `name`, is a template.
///
/// A name that says so is believed where there is any mark in the text. Under another name a mark counts only where no
/// Dockerfile has one: for an instruction, in an image's name, a port or a user. `docker inspect -f '{{.Id}}'` is none.
pub fn template(name: &str, source: &Arc<SourceText>) -> Option<Span> {
    let first = mark(source.text())?;
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)) {
        return Some(first);
    }
    let dockerfile = parse(source);
    dockerfile.instructions.iter().find_map(in_instruction)
}

fn in_instruction(instruction: &Instruction) -> Option<Span> {
    let inner = instruction.innermost();
    let word = &inner.keyword_word;
    let in_text = |text: &str, span: Span| mark(text).map(|_| span);
    match inner.keyword {
        Keyword::Unknown => mark(&word.text).filter(|mark| mark.start == 0).map(|_| word.span),
        Keyword::From | Keyword::Expose => inner.args.words().iter().find_map(|word| in_text(&word.text, word.span)),
        Keyword::User => inner.args.text().and_then(|text| in_text(&text.text, text.span)),
        _ => None,
    }
}

/// The first mark in a text: `{{`, `{%`, `{#`, `<%`, `%%NAME%%`, `@NAME@`.
fn mark(text: &str) -> Option<Span> {
    let bytes = text.as_bytes();
    let named = |at: usize, fence: &str| {
        let rest = text.get(at..)?.strip_prefix(fence)?;
        let name = rest.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_')?;
        (name > 0 && rest[name..].starts_with(fence)).then(|| Span::new(at, at + name + 2 * fence.len()))
    };
    bytes.iter().enumerate().find_map(|(at, byte)| match (byte, bytes.get(at + 1)?) {
        (b'{', b'{' | b'%' | b'#') | (b'<', b'%') => Some(Span::new(at, at + 2)),
        (b'%', b'%') => named(at, "%%"),
        (b'@', _) => named(at, "@"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(name: &str, text: &str) -> Option<String> {
        let source = SourceText::new(name, text);
        template(name, &source).map(|span| source.slice(span).to_owned())
    }

    #[test]
    fn templates_are_known_by_what_no_dockerfile_has() {
        for (text, mark) in [
            ("FROM node:{{ version }}\n", "node:{{"),
            ("FROM --platform=x %%BASE%%:1 AS b\n", "%%BASE%%:1"),
            ("FROM @BASE_IMAGE@\n", "@BASE_IMAGE@"),
            ("# x\n{% if slim %}\nFROM a\n{% endif %}\n", "{%"),
            ("{{- define \"x\" }}\nFROM a\n", "{{-"),
            ("<% if x %>\nFROM a\n", "<%"),
            ("FROM a\nEXPOSE {{port}}\n", "{{port}}"),
            ("FROM a\nUSER ${{ values.user }}\n", "${{ values.user }}"),
        ] {
            assert_eq!(marked("Dockerfile", text).as_deref(), Some(mark), "{text}");
        }
    }

    #[test]
    fn a_dockerfile_may_hold_marks_elsewhere() {
        let text = "# {{ x }} {% y %}\nFROM a@sha256:0 AS b\nENV F={{.Id}} G=\"%%A%%\"\nRUN docker inspect -f '{{.Id}}' x \\\n  \
                    && sed -i s/@HOME@/x/ y\nRUN <<E\n{{ x }}\n{% y %}\nE\nCOPY <<E /t\n{{ x }}\nE\nLABEL a=\"{{b}}\"\nUSER a@b\n";
        assert_eq!(marked("Dockerfile", text), None);
        assert_eq!(marked("Dockerfile.in", text).as_deref(), Some("{{"), "under a template's name they count");
        assert_eq!(marked("Dockerfile.j2", "FROM a\n"), None, "a template's name alone makes none");
    }
}
