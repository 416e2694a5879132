//! The catalogue: every rule, detector and key-file name dockgate knows, generated from the pages in `rules/`.
//!
//! A page is the only place a rule is described. `build.rs` reads the pages, refuses what is wrong with them, and writes
//! the tables this room exposes. Nothing here is written by hand twice.

mod code;
mod own;
mod params;

use std::fmt;

pub use code::{Code, Target, targets};
pub use own::OwnCheck;
pub use params::{Default, ParamSpec, Params, ParamsError, Value};

include!(concat!(env!("OUT_DIR"), "/catalogue.rs"));

/// How bad it is when the rule is right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A matter of taste.
    Style,
    /// Good to know.
    Info,
    /// Should be mended.
    Warning,
    /// Must be mended.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Style => "style",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// How sure dockgate is that a finding is real.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A guess worth a look.
    Low,
    /// Usually right.
    Medium,
    /// Nearly always right.
    High,
}

/// What a rule looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The Dockerfile (`rules/lint`).
    Lint,
    /// The build context (`rules/context`).
    Context,
    /// The image (`rules/image`).
    Image,
    /// The run itself: its policy and waivers (`rules/run`).
    Run,
}

/// Whether a rule can mend what it finds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FixKind {
    /// It cannot.
    None,
    /// It can, and the image changes only for the better.
    Safe,
    /// It can, and a person should look at the result.
    Unsafe,
}

/// A ruleset edition, `year.number`. A rule that joined after the edition a policy names never fails a build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Edition(pub u16, pub u16);

impl Edition {
    /// The newest edition this binary has.
    pub const CURRENT: Edition = Edition(2026, 1);

    /// Reads `2026.1`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, number) = text.split_once('.')?;
        Some(Self(year.parse().ok()?, number.parse().ok()?))
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// A fenced example on a rule's page; a test of the rule.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// `bad`, `good` or `fixed`.
    pub kind: ExampleKind,
    /// Line of the page (from 1) on which the block's text starts.
    pub page_line: usize,
    /// The example, without the markers.
    pub text: Veiled,
    /// Lines of `text` (from 1) that a `bad` example must be reported on: those the page marks with `# <-`.
    pub marked: &'static [usize],
    /// Files of the build context, path and content, when the page gives some; of a `fixed` example those that the fix makes
    /// or changes.
    pub context: &'static [(&'static str, Veiled)],
    /// Images and their digests, as far as the page says that they are known.
    pub digests: &'static [(&'static str, &'static str)],
    /// Parameters of the run, as `name=value` after the block's kind.
    pub params: &'static [(&'static str, &'static str)],
    /// Of a `fixed` example: its fixes are to be looked at, though the rule has safe ones too.
    pub is_unsafe: bool,
}

/// What an example shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExampleKind {
    /// The rule fires on the marked lines.
    Bad,
    /// The rule stays silent.
    Good,
    /// What the fix makes of the bad example before it.
    Fixed,
}

/// A rule, as its page describes it.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case, naming the bad thing: `untagged-base`.
    pub id: &'static str,
    /// What it looks at.
    pub phase: Phase,
    /// Default severity.
    pub severity: Severity,
    /// Default confidence.
    pub confidence: Confidence,
    /// One line, no full stop.
    pub summary: &'static str,
    /// Names other tools gave the same check, unique across the catalogue: `DL3006`, `StageNameCasing`.
    pub aliases: &'static [&'static str],
    /// Names shared with other rules: one check of another tool that is several rules here.
    pub groups: &'static [&'static str],
    /// What the codes of its findings begin with, when each has a code of its own: `SC`.
    pub codes: Option<&'static str>,
    /// Anchore's `GATE:TRIGGER` this rule answers to; several rules may answer to one trigger.
    pub triggers: &'static [&'static str],
    /// Free tags, and `external/cwe/cwe-NNN`.
    pub tags: &'static [&'static str],
    /// Whether it can mend what it finds.
    pub fix: FixKind,
    /// The edition it joined.
    pub since: Edition,
    /// What a policy can set.
    pub params: &'static [ParamSpec],
    /// The page's Markdown, without its head.
    pub page: Veiled,
    /// The page's examples.
    pub examples: &'static [Example],
    /// The rule whose code does the work, of one that a policy brings itself.
    works_as: Option<&'static Rule>,
    /// What to do about what it finds, where a policy that brings it says so.
    pub advice: Option<&'static str>,
}

impl Rule {
    /// Every name the rule goes by beside its id: aliases, then groups, then triggers.
    pub fn other_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.aliases.iter().chain(self.groups).chain(self.triggers).copied()
    }

    /// The name of BuildKit's check that finds the same, when there is one: the only names of letters alone that start
    /// with a capital.
    pub fn buildkit_name(&self) -> Option<&'static str> {
        let is_one = |name: &&str| {
            name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(|b| b.is_ascii_alphabetic())
        };
        self.aliases.iter().chain(self.groups).copied().find(|name| is_one(name))
    }

    /// The first paragraph of the page's "What", on one line.
    pub fn what(&self) -> String {
        let page = self.page.text();
        let section = page.split_once("## What\n").map_or(self.summary, |(_, rest)| rest.trim_start());
        section.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether the rule runs only where a policy names it: its page is tagged `opt-in`.
    pub fn is_opt_in(&self) -> bool {
        self.tags.contains(&"opt-in")
    }

    /// Whether a policy must give a parameter before the rule can run.
    pub fn needs_params(&self) -> bool {
        self.params.iter().any(|p| p.required)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

/// A pattern for a secret, from `rules/detectors`.
#[derive(Debug)]
pub struct Detector {
    /// Kebab-case, naming the secret: `github-pat`.
    pub id: &'static str,
    /// What it is, for people: `GitHub personal access token`.
    pub name: &'static str,
    /// Lower-case literals of three bytes or more, one of which is part of every match (compared without regard to
    /// ASCII case). Empty, when, and only when, `paths` is not.
    pub keywords: &'static [&'static str],
    /// A regular expression over bytes, not Unicode, in which `^` and `$` are the ends of a line; group `secret`, else
    /// group 1, else the whole match, is the secret.
    pub regex: &'static str,
    /// How many lines below that of the keyword a match may reach.
    pub lines: u32,
    /// Shannon entropy in bits a character below which a match is no secret.
    pub entropy: Option<f64>,
    /// How sure a match is.
    pub confidence: Confidence,
    /// The name of code that looks closer at a match, and raises or lowers its confidence or refuses it.
    pub check: Option<&'static str>,
    /// Regular expressions; a secret that matches one is not reported.
    pub allow: &'static [&'static str],
    /// Globs of the only files it looks at, in a form as in `rules/files/keys.toml`; all of their text, not just near keywords.
    pub paths: &'static [&'static str],
    /// Globs of files it does not look at.
    pub except: &'static [&'static str],
    /// Texts the detector finds one secret in.
    pub matches: &'static [Veiled],
    /// Texts it finds nothing in.
    pub no_matches: &'static [Veiled],
}

/// Text that shows what secrets look like. In this program each of its bytes has its highest bit turned, so that nobody who
/// searches the program for secrets finds one.
#[derive(Clone, Copy, Debug)]
pub struct Veiled(&'static [u8]);

impl Veiled {
    /// The text itself.
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.0.iter().map(|byte| byte ^ 0x80).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// File names that carry keys, credentials or dumps, from `rules/files/keys.toml`.
#[derive(Debug)]
pub struct KeyFile {
    /// Kebab-case kind: `ssh-private-key`.
    pub id: &'static str,
    /// What it is, for people: `SSH private key`.
    pub name: &'static str,
    /// Glob patterns over the path, `/`-separated, matched against every suffix that starts at a path component
    /// (`id_rsa`, `.aws/credentials`, `*.pem`).
    pub paths: &'static [&'static str],
    /// Globs of names that look alike and are not meant (`*.pub`).
    pub except: &'static [&'static str],
    /// Regular expressions over the file's head, one of which confirms it; empty where the name alone is proof.
    pub content: &'static [&'static str],
    /// Severity is the rule's; this is how sure a match by name alone is.
    pub confidence: Confidence,
}

/// Every rule, sorted by id.
pub fn all() -> &'static [Rule] {
    &RULES
}

/// The rule with this id or alias. Ids and aliases are compared without regard to ASCII case.
pub fn find(name: &str) -> Option<&'static Rule> {
    let by_id = RULES.iter().find(|r| r.id.eq_ignore_ascii_case(name));
    by_id.or_else(|| RULES.iter().find(|r| r.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))))
}

/// The rules a name stands for: one for an id or alias, all that answer to it for a group or a `GATE:TRIGGER`.
pub fn named(name: &str) -> Vec<&'static Rule> {
    let shares = |rule: &&Rule| rule.groups.iter().chain(rule.triggers).any(|shared| shared.eq_ignore_ascii_case(name));
    match find(name) {
        Some(rule) => vec![rule],
        None => RULES.iter().filter(shares).collect(),
    }
}

/// The rule that a report calls so: as [`named`], or one that a policy of this run brought.
pub fn reported(name: &str) -> Option<Target> {
    targets(name).first().copied().or_else(|| own::made(name).map(Target::from))
}

/// The known name closest to one that is not known, for a hint.
pub fn similar(name: &str) -> Option<&'static str> {
    let names = RULES.iter().flat_map(|r| std::iter::once(r.id).chain(r.other_names()));
    crate::text::closest(name, names)
}

/// Every secret detector, sorted by id.
pub fn detectors() -> &'static [Detector] {
    DETECTORS
}

/// Every kind of key file, in the order of the file that lists them.
pub fn key_files() -> &'static [KeyFile] {
    KEY_FILES
}

/// The text of a built-in policy (`default`, `strict`, `cis`, `anchore-2017`) and its file name in `rules/policies`.
pub fn builtin_policy(name: &str) -> Option<(&'static str, &'static str)> {
    POLICIES.iter().find(|(n, _, _)| *n == name).map(|(_, file, text)| (*file, *text))
}

/// Names of the built-in policies.
pub fn builtin_policies() -> impl Iterator<Item = &'static str> {
    POLICIES.iter().map(|(n, _, _)| *n)
}
