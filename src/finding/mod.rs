//! What a rule found: always at a place, with the evidence for it.

mod fix;
mod place;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub use fix::{Fix, OtherFile};
pub use place::{ImagePlace, LayerRef, Place};

use crate::rule::{Code, Confidence, Phase, Rule, Severity, Target};
use crate::text::Span;

/// Whose doing a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The Dockerfile's author can change it.
    Yours,
    /// It came with the base image.
    Base,
}

/// A second place that helps to understand the first.
#[derive(Clone, Debug)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What is there, one clause.
    pub message: String,
}

/// The vulnerability a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VulnerabilityRef {
    /// Every name it goes by, sorted: CVE ids and those of advisories.
    pub names: Vec<String>,
    /// Name of the package it is in.
    pub package: String,
    /// Package URL of the package; empty when it is not known.
    pub purl: String,
}

/// One thing a rule found. It cannot be made without a primary place.
#[derive(Clone, Debug)]
pub struct Finding {
    rule: &'static Rule,
    message: String,
    place: Place,
    /// The code it is reported under, for a rule that has many.
    pub code: Option<Code>,
    /// How bad; the rule's own unless the case at hand is another.
    pub severity: Severity,
    /// How sure; the rule's own unless the case at hand is another.
    pub confidence: Confidence,
    /// Whose doing.
    pub origin: Origin,
    /// Where in the image it was seen, for a finding whose primary place is the Dockerfile line behind it.
    pub in_image: Option<ImagePlace>,
    /// Second places.
    pub related: Vec<Related>,
    /// The files of a build context it is about, as reports print them, sorted; all of them, where the message names some.
    pub files: Vec<String>,
    /// What to do, one imperative sentence without full stop.
    pub help: Option<String>,
    /// How to mend it.
    pub fix: Option<Fix>,
    /// What identifies the thing found beside rule and place, so that two in one place stay two: a path, a port,
    /// a package. Part of the fingerprint, and of Anchore's trigger ids.
    pub subject: String,
    /// The instruction a comment that silences the finding must stand at, when it is not the one of the primary place.
    pub silenced_at: Option<Span>,
    /// The vulnerability it is about, when it is about one.
    pub vulnerability: Option<Box<VulnerabilityRef>>,
    /// Lint findings only: what the image said of it (`confirmed`, `refuted`), in words.
    pub verdict_of_image: Option<ImageWord>,
}

/// What the image says of a finding made before the build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "because", rename_all = "lowercase")]
pub enum ImageWord {
    /// The image shows it is so; the clause says by what.
    Confirmed(String),
    /// The image shows it is not so; the clause says by what.
    Refuted(String),
}

impl Finding {
    /// A finding of `rule` at `place`. `message` says what is wrong and why it matters, without a full stop when it is
    /// one sentence.
    pub fn new(rule: &'static Rule, place: Place, message: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            place,
            code: None,
            severity: rule.severity,
            confidence: rule.confidence,
            origin: Origin::Yours,
            in_image: None,
            related: Vec::new(),
            files: Vec::new(),
            help: rule.advice.map(str::to_owned),
            fix: None,
            subject: String::new(),
            silenced_at: None,
            vulnerability: None,
            verdict_of_image: None,
        }
    }

    /// The rule that made it.
    pub fn rule(&self) -> &'static Rule {
        self.rule
    }

    /// Every name it goes by beside its rule's id: its code, then the rule's other names.
    pub fn other_names(&self) -> Vec<String> {
        let code = self.code.map(|code| code.to_string());
        code.into_iter().chain(self.rule.other_names().map(str::to_owned)).collect()
    }

    /// Whether a name that was given for rules means it.
    pub fn is_of(&self, target: &Target) -> bool {
        target.covers(self.rule, self.code)
    }

    /// The primary place.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Sets the code it is reported under.
    #[must_use]
    pub fn code(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }

    /// Sets what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets what identifies the thing found.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn related(mut self, place: Place, message: impl Into<String>) -> Self {
        self.related.push(Related { place, message: message.into() });
        self
    }

    /// Sets the files of a build context it is about.
    #[must_use]
    pub fn files(mut self, files: Vec<String>) -> Self {
        self.files = files;
        self
    }

    /// Sets where a comment that silences it must stand.
    #[must_use]
    pub fn silenced_at(mut self, span: Span) -> Self {
        self.silenced_at = Some(span);
        self
    }

    /// Sets the vulnerability it is about.
    #[must_use]
    pub fn vulnerability(mut self, vulnerability: VulnerabilityRef) -> Self {
        self.vulnerability = Some(Box::new(vulnerability));
        self
    }

    /// Sets where in the image it was seen.
    #[must_use]
    pub fn in_image(mut self, place: ImagePlace) -> Self {
        self.in_image = Some(place);
        self
    }

    /// Sets how to mend it.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Sets how sure this case is.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// Sets how bad this case is.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets whose doing it is.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Says in the message on which platforms of an image it is so.
    #[must_use]
    pub fn on_platforms(mut self, platforms: &[&str]) -> Self {
        self.message = format!("{} ({})", self.message, platforms.join(", "));
        self
    }

    /// Identity that survives moved lines: 16 hexadecimal digits from rule, code, file, the text at the place and the
    /// subject, never from line numbers. Two equal findings in one file share it; `check` numbers them apart.
    pub fn fingerprint(&self) -> String {
        let name = self.code.map_or_else(|| self.rule.id.to_owned(), |code| format!("{}/{code}", self.rule.id));
        digest(&[&name, &self.place.file(), self.place.text(), &self.subject])
    }

    /// The same for a finding about an image, whatever the image is called and wherever in a Dockerfile it is told: what it is
    /// about inside the image, by which two states of an image are held against each other. Another kind of secret in the same
    /// file is another one. `None` for a finding about anything else.
    pub fn image_fingerprint(&self) -> Option<String> {
        if self.rule.phase != Phase::Image {
            return None;
        }
        let inside = match &self.place {
            Place::Image(place) => Some(place),
            Place::Source { .. } | Place::File { .. } => self.in_image.as_ref(),
        };
        let path = inside.and_then(|place| place.path.as_deref()).unwrap_or_default();
        // Which kind of secret it is stands in the message alone, beside lines and layers that move.
        let is_secret = self.rule.tags.contains(&"secrets");
        let told: String = self.message.chars().filter(|c| is_secret && !c.is_ascii_digit()).collect();
        let code = self.code.map(|code| code.to_string()).unwrap_or_default();
        Some(digest(&[self.rule.id, &code, path, &self.subject, &told]))
    }

    /// The order of reports: file, position, rule, code, subject, message.
    pub fn sort_key(&self) -> impl Ord + use<> {
        let span = self.place.in_file().map_or(self.place.span(), |(_, span)| span);
        let place = (self.place.file().into_owned(), span.start, span.end);
        (place, self.rule.id, self.code, self.subject.clone(), self.message.clone())
    }
}

/// Sixteen hexadecimal digits that stand for the parts.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}
