use super::{Facts, Reporter, stages};
use crate::dockerfile::{ImageName, Keyword, Word};
use crate::text::Span;

/// The registry of an image that names none.
const DEFAULT: &str = "docker.io";
/// Other names of it.
const DEFAULT_NAMES: [&str; 4] = [DEFAULT, "index.docker.io", "registry-1.docker.io", "hub.docker.com"];

/// Reports every image of FROM, COPY --from and RUN --mount=from= that comes from a registry that is not trusted.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let trusted = report.params().list("trusted-registries");
    if trusted.is_empty() {
        return;
    }
    for (stage, image) in facts.base_images() {
        judge(report, trusted, stage.base.span, &image);
    }
    for (_, copy) in facts.instructions_of(Keyword::Copy) {
        if let Some(from) = copy.flag_value("from") {
            judge_source(facts, report, copy.stage, &from.text, from);
        }
    }
    for (_, run) in facts.instructions_of(Keyword::Run) {
        for mount in run.flags_named("mount") {
            let from = mount.options().find(|(key, _)| key.eq_ignore_ascii_case("from")).and_then(|(_, value)| value);
            if let (Some(name), Some(word)) = (from, &mount.value) {
                judge_source(facts, report, run.stage, name, word);
            }
        }
    }
}

/// Judges what a `from` names, at `word` or at the part of it that is the name.
fn judge_source(facts: &Facts<'_>, report: &mut Reporter<'_>, stage: Option<usize>, name: &str, word: &Word) {
    let is_number = name.bytes().all(|b| b.is_ascii_digit());
    if is_number || name == "scratch" || stages::earlier(facts, stage, name).is_some() {
        return;
    }
    let written = facts.dockerfile.source.slice(word.span);
    let span =
        written.find(name).map_or(word.span, |at| Span::new(word.span.start + at, word.span.start + at + name.len()));
    let trusted = report.params().list("trusted-registries");
    judge(report, trusted, span, &ImageName::parse(name));
}

fn judge(report: &mut Reporter<'_>, trusted: &[String], span: Span, image: &ImageName) {
    let registry = image.registry.as_deref().unwrap_or(DEFAULT);
    let names: &[&str] = if DEFAULT_NAMES.contains(&registry) { &DEFAULT_NAMES } else { &[registry] };
    let is_open = image.registry.is_none() && image.name.starts_with('$');
    let is_trusted = |pattern: &String| match is_open {
        true => pattern == "*",
        false => names.iter().any(|name| matches(pattern, name)),
    };
    if trusted.iter().any(is_trusted) {
        return;
    }
    let list = trusted.join(", ");
    let message = if is_open {
        format!("the registry of `{}` cannot be known here, and only {list} is trusted", image.reference)
    } else {
        format!("`{}` comes from {registry}, and only {list} is trusted", image.reference)
    };
    report.push(
        report
            .at(span, message)
            .subject(image.reference.clone())
            .help("take the image from a registry that is trusted"),
    );
}

/// Whether `name` fits a pattern in which `*` stands for any text. Hosts have no case.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return left.ends_with(piece);
        }
        match left.split_once(piece) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name) in [("*", ""), ("*.a.io", "x.y.a.io"), ("a*z", "az"), ("a*b*c", "aXbYc"), ("A.io", "a.IO")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.a.io", "a.io"), ("a*a", "a"), ("a*b*c", "acb"), ("", "a"), ("a", "ab")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
