//! Anchore's JSON policies: one policy, or a bundle of several with whitelists and the mappings that say which holds for
//! which image. The bundles of the 2017 tool and of the engine after it are told by nothing but the gates they name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::anchore::{self, Object};
use super::engine::{self, Known};
use super::image_name::{ImageNames, ImagePattern, Pattern, Which};
use super::json::{self, Document, Json, JsonValue, Member};
use super::layer::{Layer, Wanted, Wish, params};
use super::toml::first_line;
use super::whitelist::whitelist;
use super::{Action, Fault, PolicyError, PolicyLine, Waiver};
use crate::rule::{self, catalogue};
use crate::text::{SourceText, Span};

/// A bundle, read.
#[derive(Debug)]
pub(super) struct Bundle {
    text: Arc<SourceText>,
    policies: BTreeMap<String, Part>,
    whitelists: BTreeMap<String, Vec<Waiver>>,
    /// First match wins.
    mappings: Vec<Mapping>,
    allowed: Vec<Listed>,
    denied: Vec<Listed>,
}

/// A policy of a bundle.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    wanted: Vec<Wanted>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Mapping {
    name: String,
    pattern: ImagePattern,
    policies: Vec<String>,
    whitelists: Vec<String>,
}

/// An image of the list of those that are always, or never, let pass.
#[derive(Debug)]
struct Listed {
    name: String,
    pattern: ImagePattern,
    span: Span,
}

/// What holds for one image.
pub(super) struct Chosen {
    pub(super) layer: Layer,
    /// The policy and the mapping that chose it, for people; empty where there is only one.
    pub(super) name: String,
}

const BUNDLE_KEYS: [&str; 14] = [
    "allowlisted_images",
    "allowlists",
    "blacklisted_images",
    "comment",
    "denylisted_images",
    "description",
    "id",
    "mappings",
    "name",
    "policies",
    "rule_sets",
    "version",
    "whitelisted_images",
    "whitelists",
];
const MAPPING_KEYS: [&str; 11] = [
    "allowlist_ids",
    "description",
    "id",
    "image",
    "name",
    "policy_id",
    "policy_ids",
    "registry",
    "repository",
    "rule_set_ids",
    "whitelist_ids",
];
/// What Anchore's documents give as their version.
const VERSIONS: [&str; 2] = ["1_0", "2"];
const POLICY_KEYS: [&str; 7] = ["artifact_type", "comment", "description", "id", "name", "rules", "version"];
const RULE_KEYS: [&str; 7] = ["action", "comment", "gate", "id", "params", "recommendation", "trigger"];

/// Reads a JSON policy.
///
/// # Errors
/// On the first thing in it that is wrong, or asks for something that cannot be checked. A policy that no mapping names
/// is held to its form only.
pub(super) fn parse(text: &Arc<SourceText>) -> Result<Bundle, PolicyError> {
    let document = Document { text };
    let json = json::parse(text)?;
    let mut bundle = Bundle {
        text: Arc::clone(text),
        policies: BTreeMap::new(),
        whitelists: BTreeMap::new(),
        mappings: Vec::new(),
        allowed: Vec::new(),
        denied: Vec::new(),
    };
    // What the engine's client prints may have the bundle one level down.
    let JsonValue::Object(outer) = &json.value else { return Err(not_a_policy(&document, json.span)) };
    let json = document.find(outer, &["policybundle"]).unwrap_or(&json);
    let JsonValue::Object(members) = &json.value else { return Err(not_a_policy(&document, json.span)) };
    if document.find(members, &["rules"]).is_some() {
        let (id, part) = policy(&document, json)?;
        bundle.policies.insert(id, part);
        return Ok(bundle);
    }
    let members = document.members("the bundle", json, &BUNDLE_KEYS)?;
    version(&document, members)?;
    let list = |keys: &[&str; 2]| match document.find(members, keys) {
        Some(list) => document.items(keys[0], list),
        None => Ok(&[][..]),
    };
    let mappings = list(&["mappings", "mappings"])?;
    for json in mappings {
        bundle.mappings.push(mapping(&document, json)?);
    }
    let has_policies = document.find(members, &["policies", "rule_sets"]).is_some();
    if !has_policies {
        return Err(not_a_policy(&document, json.span));
    }
    for json in list(&["policies", "rule_sets"])? {
        let id = id(&document, "the policy", json)?;
        let is_used = mappings.is_empty() || bundle.mappings.iter().any(|m| m.policies.contains(&id));
        if bundle.policies.contains_key(&id) {
            return Err(document.error(json.span, Fault::Bundle(format!("a second policy has the id `{id}`"))));
        }
        if is_used {
            let (id, part) = policy(&document, json)?;
            bundle.policies.insert(id, part);
        }
    }
    for json in list(&["whitelists", "allowlists"])? {
        version(&document, document.members("the whitelist", json, &[])?)?;
        let (id, waivers) = whitelist(&document, json)?;
        if bundle.whitelists.contains_key(&id) {
            return Err(document.error(json.span, Fault::Bundle(format!("a second whitelist has the id `{id}`"))));
        }
        bundle.whitelists.insert(id, waivers);
    }
    for json in list(&["whitelisted_images", "allowlisted_images"])? {
        bundle.allowed.push(listed(&document, json)?);
    }
    for json in list(&["blacklisted_images", "denylisted_images"])? {
        bundle.denied.push(listed(&document, json)?);
    }
    bundle.check_references(&document, mappings)?;
    Ok(bundle)
}

fn not_a_policy(document: &Document<'_>, span: Span) -> PolicyError {
    let start = Span::new(span.start, (span.start + 1).min(span.end));
    let fault = Fault::Bundle(String::from("this is no policy: there are neither `policies` nor `rules`"));
    document.error(start, fault)
}

fn id(document: &Document<'_>, what: &str, json: &Json) -> Result<String, PolicyError> {
    let members = document.members(what, json, &[])?;
    document.required(what, json, members, "id").map(str::to_owned)
}

/// Refuses a version of the format that is not known: its words may mean something else.
fn version(document: &Document<'_>, members: &[Member]) -> Result<(), PolicyError> {
    let Some(at) = document.find(members, &["version"]) else { return Ok(()) };
    let version = document.scalar("version", at)?;
    if version.is_empty() || VERSIONS.contains(&version.as_str()) {
        return Ok(());
    }
    let fault = Fault::Bundle(format!(
        "`{version}` is no version of the format that is known here; {} are",
        VERSIONS.join(" and ")
    ));
    Err(document.error(at.span, fault))
}

/// A policy: its id and what its rules ask for.
fn policy(document: &Document<'_>, json: &Json) -> Result<(String, Part), PolicyError> {
    let members = document.members("the policy", json, &POLICY_KEYS)?;
    version(document, members)?;
    let text = |key: &str| document.find(members, &[key]).map(|v| document.scalar(key, v)).transpose();
    let id = text("id")?.unwrap_or_default();
    let name = text("name")?.filter(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
    let Some(rules) = document.find(members, &["rules"]) else {
        let (what, key) = (String::from("the policy"), String::from("rules"));
        return Err(document.error(json.span, Fault::MissingKey { what, key }));
    };
    let mut part = Part { name, wanted: Vec::new(), notes: Vec::new() };
    for json in document.items("rules", rules)? {
        rule_of(document, json, &mut part)?;
    }
    Ok((id, part))
}

fn rule_of(document: &Document<'_>, json: &Json, part: &mut Part) -> Result<(), PolicyError> {
    let what = "the rule";
    let members = document.members(what, json, &RULE_KEYS)?;
    let word = |key: &str| {
        let text = document.required(what, json, members, key)?;
        let span = document.find(members, &[key]).map_or(json.span, |value| value.span);
        Ok::<_, PolicyError>((text.trim(), span))
    };
    let (gate, trigger, (action, action_span)) = (word("gate")?, word("trigger")?, word("action")?);
    let Some(action) = Action::parse(action) else {
        let fault = Fault::BadAction(action.to_owned());
        return Err(document.error(action_span, fault).did_you_mean(action, ["STOP", "WARN", "GO"]));
    };
    let given = match document.find(members, &["params"]) {
        Some(params) => document.items("params", params)?,
        None => &[],
    };
    let given = given.iter().map(|json| param(document, json)).collect::<Result<Vec<_>, _>>()?;
    match engine::find(gate.0, trigger.0) {
        Known::Foreign => {
            let object = Object {
                text: document.text,
                span: first_line(document.text, json.span),
                gate,
                trigger,
                action,
                params: given,
            };
            part.wanted.extend(object.wanted()?);
        }
        Known::Unsupported if action == Action::Go => part.notes.push(format!(
            "{}:{}: nothing here answers to {}:{}; its action is GO, so no verdict depends on it",
            document.text.path(),
            document.text.line(json.span.start),
            gate.0,
            trigger.0
        )),
        Known::Unsupported => {
            let fault = Fault::UnsupportedTrigger(format!("{}:{}", gate.0, trigger.0));
            return Err(document
                .error(trigger.1, fault)
                .with_help("take the rule out, or give it the action GO, if you can do without it"));
        }
        Known::Answered(known) => {
            let is_known = |name: &str| known.params.iter().any(|param| param.eq_ignore_ascii_case(name));
            if let Some((name, _, span)) = given.iter().find(|(name, ..)| !is_known(name)) {
                let fault = Fault::UnknownParam { owner: known.name.to_owned(), name: name.clone() };
                return Err(document.error(*span, fault).did_you_mean(name, known.params.iter().copied()));
            }
            let values = given.iter().map(|(n, v, _)| (n.to_ascii_lowercase(), v.as_str())).collect();
            let runs = known.runs(values).map_err(|fault| document.error(json.span, fault))?;
            if runs.is_empty() {
                let (path, line) = (document.text.path(), document.text.line(json.span.start));
                part.notes
                    .push(format!("{path}:{line}: {}:{} asks for nothing, so it finds nothing", gate.0, trigger.0));
            }
            for (rule, own) in runs {
                part.wanted.push(Wanted {
                    rule,
                    code: None,
                    wish: Wish::Do(action),
                    severity: None,
                    params: params(rule, own).map_err(|fault| document.error(json.span, fault))?,
                    trigger: Some(format!("{}:{}", gate.0, trigger.0)),
                    line: Some(PolicyLine {
                        source: Arc::clone(document.text),
                        span: first_line(document.text, json.span),
                    }),
                    is_built_in: false,
                });
            }
        }
    }
    Ok(())
}

/// A parameter: name, value and place.
fn param(document: &Document<'_>, json: &Json) -> Result<(String, String, Span), PolicyError> {
    let what = "the parameter";
    let members = document.members(what, json, &["name", "value"])?;
    let name = document.required(what, json, members, "name")?.trim().to_owned();
    let Some(value) = document.find(members, &["value"]) else {
        let (what, key) = (what.to_owned(), String::from("value"));
        return Err(document.error(json.span, Fault::MissingKey { what, key }));
    };
    Ok((name, document.scalar("value", value)?, json.span))
}

fn mapping(document: &Document<'_>, json: &Json) -> Result<Mapping, PolicyError> {
    let members = document.members("the mapping", json, &MAPPING_KEYS)?;
    let ids = |keys: &[&str]| -> Result<Vec<String>, PolicyError> {
        let Some(list) = document.find(members, keys) else { return Ok(Vec::new()) };
        document.items("ids", list)?.iter().map(|id| document.string("ids", id).map(str::to_owned)).collect()
    };
    let mut policies = ids(&["policy_ids", "rule_set_ids"])?;
    let single = document.find(members, &["policy_id"]).map(|id| document.string("policy_id", id)).transpose()?;
    if !policies.is_empty() && single.is_some_and(|id| !id.is_empty()) {
        let fault = Fault::Bundle("a mapping has either `policy_id` or `policy_ids`".to_owned());
        return Err(document.error(json.span, fault));
    }
    if policies.is_empty() {
        policies.push(document.required("the mapping", json, members, "policy_id")?.to_owned());
    }
    let whitelists = ids(&["whitelist_ids", "allowlist_ids"])?;
    Ok(Mapping { name: name(document, members)?, pattern: pattern(document, json, members)?, policies, whitelists })
}

fn listed(document: &Document<'_>, json: &Json) -> Result<Listed, PolicyError> {
    let members = document.members("the image", json, &["id", "image", "name", "registry", "repository"])?;
    let span = first_line(document.text, json.span);
    Ok(Listed { name: name(document, members)?, pattern: pattern(document, json, members)?, span })
}

fn name(document: &Document<'_>, members: &[Member]) -> Result<String, PolicyError> {
    let name = document.find(members, &["name"]).map(|v| document.scalar("name", v)).transpose()?;
    Ok(name.unwrap_or_default())
}

fn pattern(document: &Document<'_>, json: &Json, members: &[Member]) -> Result<ImagePattern, PolicyError> {
    let what = "the mapping";
    let pattern =
        |json: &Json, text: &str| Pattern::parse(text).map_err(|why| document.error(json.span, Fault::Bundle(why)));
    let registry = pattern(json, document.required(what, json, members, "registry")?)?;
    let repository = pattern(json, document.required(what, json, members, "repository")?)?;
    let Some(image) = document.find(members, &["image"]) else {
        let (what, key) = (what.to_owned(), String::from("image"));
        return Err(document.error(json.span, Fault::MissingKey { what, key }));
    };
    let of_image = document.members("the mapping's image", image, &["type", "value"])?;
    let kind = document.required("the mapping's image", image, of_image, "type")?;
    let value = document.required("the mapping's image", image, of_image, "value")?;
    let image = match kind {
        "tag" => Which::Tag(pattern(image, value)?),
        "digest" => Which::Digest(value.to_owned()),
        "id" => Which::Id(value.to_owned()),
        other => {
            let fault = Fault::Bundle(format!("`{other}` is no way to name an image; write tag, digest or id"));
            return Err(document.error(image.span, fault));
        }
    };
    Ok(ImagePattern { registry, repository, image })
}

impl Bundle {
    /// Whether every mapping's policies and whitelists are there.
    fn check_references(&self, document: &Document<'_>, mappings: &[Json]) -> Result<(), PolicyError> {
        for (mapping, json) in self.mappings.iter().zip(mappings) {
            let missing = |kind: &str, id: &str| {
                let fault = Fault::Bundle(format!(
                    "the mapping `{}` names the {kind} `{id}`, which is not there",
                    mapping.name
                ));
                document.error(json.span, fault)
            };
            if let Some(id) = mapping.policies.iter().find(|id| !self.policies.contains_key(*id)) {
                let known = self.policies.keys().map(String::as_str);
                return Err(missing("policy", id).did_you_mean(id, known));
            }
            if let Some(id) = mapping.whitelists.iter().find(|id| !self.whitelists.contains_key(*id)) {
                return Err(missing("whitelist", id).did_you_mean(id, self.whitelists.keys().map(String::as_str)));
            }
        }
        if self.mappings.is_empty() && self.policies.len() != 1 {
            let fault =
                Fault::Bundle(String::from("nothing says which of the policies holds: there are no `mappings`"));
            return Err(document.error(Span::default(), fault));
        }
        Ok(())
    }

    /// Whether what holds depends on the image.
    pub(super) fn depends_on_image(&self) -> bool {
        !self.mappings.is_empty() || !self.allowed.is_empty() || !self.denied.is_empty()
    }

    /// What holds for an image: the policies and whitelists of the first mapping that fits. An image of the list of
    /// denied ones stops, one of the list of allowed ones passes, whatever is found in it; the first list wins.
    ///
    /// # Errors
    /// When no mapping fits.
    pub(super) fn for_image(&self, image: &ImageNames) -> Result<Chosen, PolicyError> {
        if let Some(listed) = self.denied.iter().find(|l| l.pattern.fits(image)) {
            return Ok(self.by_list(listed, catalogue::DENIED_IMAGE, Action::Stop));
        }
        if let Some(listed) = self.allowed.iter().find(|l| l.pattern.fits(image)) {
            return Ok(self.by_list(listed, catalogue::ALLOWED_IMAGE, Action::Go));
        }
        if self.mappings.is_empty() {
            let parts = self.policies.values();
            return Ok(Chosen { layer: self.layer(parts, self.whitelists.values().flatten()), name: String::new() });
        }
        let Some(mapping) = self.mappings.iter().find(|m| m.pattern.fits(image)) else {
            let fault = Fault::Bundle(format!("no mapping of the bundle fits {image}, so no policy holds for it"));
            return Err(PolicyError::at(&self.text, Span::default(), fault)
                .with_help("name the image with --image-name, or add a mapping that fits it"));
        };
        let parts: Vec<&Part> = mapping.policies.iter().filter_map(|id| self.policies.get(id)).collect();
        let waivers = mapping.whitelists.iter().filter_map(|id| self.whitelists.get(id)).flatten();
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        let name = format!("{} by mapping {}", names.join(", "), mapping.name);
        Ok(Chosen { layer: self.layer(parts, waivers), name })
    }

    fn layer<'b>(
        &self,
        parts: impl IntoIterator<Item = &'b Part>,
        waivers: impl IntoIterator<Item = &'b Waiver>,
    ) -> Layer {
        let parts: Vec<&Part> = parts.into_iter().collect();
        let mut layer = anchore::layer(parts.iter().flat_map(|part| part.wanted.clone()).collect());
        layer.waivers = waivers.into_iter().cloned().collect();
        layer.notes.extend(parts.iter().flat_map(|part| part.notes.clone()));
        layer
    }

    fn by_list(&self, listed: &Listed, rule: &'static rule::Rule, action: Action) -> Chosen {
        let line = PolicyLine { source: Arc::clone(&self.text), span: listed.span };
        let mut layer = anchore::layer(vec![Wanted {
            rule,
            code: None,
            wish: Wish::Do(action),
            severity: None,
            params: rule::Params::defaults(rule),
            trigger: None,
            line: Some(line),
            is_built_in: false,
        }]);
        if action == Action::Go {
            layer.rules.retain(|(id, _), _| *id == rule.id);
        }
        let list = if action == Action::Go { "allowed" } else { "denied" };
        Chosen { layer, name: format!("{list} image {}", listed.name) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
