//! hadolint's configuration file: where it is and what it says.

use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use super::Surroundings;
use super::settings::{Code, LabelType, Settings, threshold};
use crate::policy::{Fault, PolicyError, PolicyLine, read};
use crate::rule::Severity;
use crate::text::{SourceText, Span, closest};

/// The keys hadolint knows, sorted.
const KEYS: [&str; 11] = [
    "disable-ignore-pragma",
    "failure-threshold",
    "format",
    "ignored",
    "label-schema",
    "no-color",
    "no-fail",
    "override",
    "strict-labels",
    "trustedRegistries",
    "verbose",
];

/// The first of hadolint's configuration files that is there: in the current folder, in the user's configuration folder,
/// in `~/.hadolint`, in the home folder.
///
/// # Errors
/// When it cannot be read.
pub(super) fn find(around: &Surroundings) -> Result<Option<Arc<SourceText>>, PolicyError> {
    let variable = |name: &str| around.variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = variable("HOME");
    let config = variable("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")));
    let own = home.as_ref().map(|home| home.join(".hadolint"));
    let places = [
        (Some(around.folder.clone()), ".hadolint"),
        (config, "hadolint"),
        (own.clone(), "hadolint"),
        (own, "config"),
        (home, ".hadolint"),
    ];
    for (folder, stem) in places {
        let Some(folder) = folder else { continue };
        for suffix in ["yaml", "yml"] {
            let path = folder.join(format!("{stem}.{suffix}"));
            if path.is_file() {
                return read::file("hadolint's configuration", &shown(&path), &read::from_disk).map(Some);
            }
        }
    }
    Ok(None)
}

/// A path as reports print it.
fn shown(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).to_string_lossy().into_owned()
}

/// The file's keys with values that may have several forms or need a place.
#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    disable_ignore_pragma: Option<bool>,
    failure_threshold: Option<Spanned<String>>,
    format: Option<String>,
    ignored: Option<Vec<Spanned<String>>>,
    label_schema: Option<Pairs<Spanned<String>>>,
    no_color: Option<bool>,
    no_fail: Option<bool>,
    r#override: Option<Overrides>,
    strict_labels: Option<bool>,
    #[serde(rename = "trustedRegistries")]
    trusted_registries: Option<OneOrMany>,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Overrides {
    error: Option<Vec<Spanned<String>>>,
    warning: Option<Vec<Spanned<String>>>,
    info: Option<Vec<Spanned<String>>>,
    style: Option<Vec<Spanned<String>>>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Reads a configuration file.
///
/// # Errors
/// When hadolint would not take it: no YAML, a value of the wrong kind, a threshold or type of label that there is not.
pub(super) fn read(text: &Arc<SourceText>) -> Result<Settings, PolicyError> {
    let wrong = |span: Span, why: String| PolicyError::at(text, span, Fault::Syntax(why));
    let refused = |error: serde_saphyr::Error| {
        let span = error.location().map_or(Span::default(), |location| place(text, &location));
        wrong(span, format!("not a configuration of hadolint's: {}", in_short(&error.to_string())))
    };
    let keys: Option<Pairs<IgnoredAny>> = serde_saphyr::from_str(text.text()).map_err(refused)?;
    let file: Option<File> = serde_saphyr::from_str(text.text()).map_err(refused)?;
    let file = file.unwrap_or_default();
    let mut settings = Settings {
        sources: vec![text.path().to_owned()],
        file: Some(Arc::clone(text)),
        no_fail: file.no_fail,
        no_color: file.no_color,
        format: file.format,
        strict_labels: file.strict_labels,
        disable_ignore_pragma: file.disable_ignore_pragma,
        ..Settings::default()
    };
    for (key, _) in keys.map(|keys| keys.0).unwrap_or_default() {
        if !KEYS.contains(&key.value.as_str()) {
            let line = text.line(place(text, &key.referenced).start);
            let near = closest(&key.value, KEYS).map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
            settings.notes.push(format!("{}:{line}: unknown key `{}`{near}", text.path(), key.value));
        }
    }
    if let Some(name) = file.failure_threshold {
        let found = threshold(&name.value).map_err(|why| wrong(place(text, &name.referenced), why))?;
        settings.threshold = Some(found);
    }
    let codes = |names: Option<Vec<Spanned<String>>>| -> Vec<Code> {
        let names = names.unwrap_or_default().into_iter();
        names
            .map(|name| {
                let line = PolicyLine { source: Arc::clone(text), span: place(text, &name.referenced) };
                Code { text: name.value, line: Some(line) }
            })
            .collect()
    };
    settings.ignored = codes(file.ignored);
    let overrides = file.r#override.unwrap_or_default();
    for (severity, names) in [
        (Severity::Error, overrides.error),
        (Severity::Warning, overrides.warning),
        (Severity::Info, overrides.info),
        (Severity::Style, overrides.style),
    ] {
        settings.overrides.insert(severity, codes(names));
    }
    settings.registries = match file.trusted_registries {
        Some(OneOrMany::One(registry)) => vec![registry],
        Some(OneOrMany::Many(registries)) => registries,
        None => Vec::new(),
    };
    for (label, kind) in file.label_schema.map(|schema| schema.0).unwrap_or_default() {
        let kind = LabelType::parse(&kind.value).map_err(|why| wrong(place(text, &kind.referenced), why))?;
        settings.labels.insert(label.value, kind);
    }
    Ok(settings)
}

/// The place of a YAML node; the line when its bytes are not known.
fn place(text: &SourceText, location: &Location) -> Span {
    let offset = |offset: Option<u64>| offset.and_then(|offset| usize::try_from(offset).ok());
    match (offset(location.span().byte_offset()), offset(location.span().byte_len())) {
        (Some(start), Some(length)) => {
            let end = text.text().len();
            Span::new(start.min(end), start.saturating_add(length).min(end))
        }
        _ => text.line_span(usize::try_from(location.line()).unwrap_or(1)),
    }
}

/// A parser's message without its place and excerpt.
fn in_short(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    match line.split_once(": ") {
        Some((place, rest)) if place.starts_with("line ") => rest,
        _ => line,
    }
}

/// Keys with their places, and values, in order.
struct Pairs<V>(Vec<(Spanned<String>, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Reader<V> {
            type Value = Pairs<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("keys and values")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Reader(PhantomData))
    }
}
