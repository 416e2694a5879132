//! Reads the pages and tables under `rules/` and writes them as Rust: the catalogue, and the dispatch from rule to code.
//!
//! Whatever is wrong is told as `file:line: what`, all of it in one go: an unknown key, a duplicate id or alias, a page
//! without code, code without a page, an example without a mark.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{
        // Writing to a string cannot fail.
        let _ = write!($out, $($arg)*);
    }};
}

/// Names and texts of the generated files, or every problem found.
pub(crate) fn generate(root: &Path) -> Result<Vec<(&'static str, String)>, Vec<String>> {
    let mut build = Build { root, problems: Vec::new() };
    let mut pages = Vec::new();
    for (folder, phase) in PHASES {
        for path in build.files(&format!("rules/{folder}"), ".md") {
            pages.extend(build.page(&path, phase));
        }
    }
    pages.sort_by(|a, b| a.id.cmp(&b.id));
    build.check_names(&pages);
    build.check_code(&pages);
    let detectors = build.tables::<DetectorFile, _>("rules/detectors", |f| f.detector);
    let keys = build.tables::<KeyFileTable, _>("rules/files", |f| f.key_file);
    build.check_tables(&detectors, &keys);
    let policies = build.policies();
    if !build.problems.is_empty() {
        return Err(build.problems);
    }
    Ok(vec![
        ("catalogue.rs", catalogue(&pages, &detectors, &keys, &policies)),
        ("lint_dispatch.rs", dispatch(&pages, &["Lint", "Context"])),
        ("gate_dispatch.rs", dispatch(&pages, &["Image"])),
    ])
}

/// Folders of pages and the phase their rules belong to.
const PHASES: [(&str, &str); 4] = [("lint", "Lint"), ("context", "Context"), ("image", "Image"), ("run", "Run")];

/// The TOML head of a page.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    severity: Severity,
    confidence: Confidence,
    summary: Spanned<String>,
    #[serde(default)]
    aliases: Vec<Spanned<String>>,
    /// Names several rules share: another tool's one check that is several here.
    #[serde(default)]
    groups: Vec<Spanned<String>>,
    #[serde(default)]
    triggers: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    fix: FixKind,
    since: Spanned<String>,
    code: Option<Spanned<String>>,
    /// What the codes of its findings begin with.
    codes: Option<Spanned<String>>,
    #[serde(default)]
    param: Vec<Param>,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Error,
    Warning,
    Info,
    Style,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Confidence {
    High,
    Medium,
    Low,
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum FixKind {
    None,
    Safe,
    Unsafe,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Param {
    name: Spanned<String>,
    anchore: Option<String>,
    kind: Option<ParamKind>,
    default: Option<toml::Value>,
    #[serde(default)]
    required: bool,
    help: String,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum ParamKind {
    String,
    List,
    Int,
    Bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DetectorFile {
    detector: Vec<Detector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Detector {
    id: Spanned<String>,
    name: String,
    #[serde(default)]
    keywords: Vec<String>,
    regex: String,
    #[serde(default)]
    lines: u32,
    entropy: Option<f64>,
    confidence: Confidence,
    check: Option<String>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    paths: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    r#match: Vec<String>,
    #[serde(rename = "no-match")]
    no_match: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFileTable {
    #[serde(rename = "key-file")]
    key_file: Vec<KeyFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    id: Spanned<String>,
    name: String,
    paths: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
    #[serde(default)]
    content: Vec<String>,
    confidence: Confidence,
}

/// A page, read.
struct Page {
    id: String,
    file: String,
    phase: &'static str,
    head: Head,
    head_text: String,
    body: String,
    examples: Vec<Example>,
    code: String,
}

struct Example {
    kind: &'static str,
    page_line: usize,
    text: String,
    marked: Vec<usize>,
    context: Vec<(String, String)>,
    digests: Vec<(String, String)>,
    params: Vec<(String, String)>,
    is_unsafe: bool,
}

/// An entry of a table, the file it stands in and its line.
struct Row<T> {
    value: T,
    file: String,
    text: String,
}

struct Build<'a> {
    root: &'a Path,
    problems: Vec<String>,
}

impl Build<'_> {
    fn problem(&mut self, file: &str, line: usize, message: impl std::fmt::Display) {
        self.problems.push(format!("{file}:{line}: {message}"));
    }

    /// Files of a folder with a suffix, as paths relative to the root, sorted. A folder that is not there has none.
    fn files(&mut self, folder: &str, suffix: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else { return Vec::new() };
        let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        let (wanted, others): (Vec<_>, Vec<_>) = names.into_iter().partition(|n| n.ends_with(suffix));
        for other in others.iter().filter(|o| !o.starts_with('.')) {
            self.problem(
                &format!("{folder}/{other}"),
                1,
                format!("only files ending in `{suffix}` belong in {folder}"),
            );
        }
        wanted.into_iter().map(|n| format!("{folder}/{n}")).collect()
    }

    fn read(&mut self, file: &str) -> String {
        match fs::read_to_string(self.root.join(file)) {
            Ok(text) => text.replace("\r\n", "\n"),
            Err(e) => {
                self.problem(file, 1, e);
                String::new()
            }
        }
    }

    fn page(&mut self, file: &str, phase: &'static str) -> Option<Page> {
        let text = self.read(file);
        let id = file.rsplit('/').next()?.trim_end_matches(".md").to_owned();
        if !is_kebab(&id) {
            self.problem(file, 1, format!("`{id}` is not kebab-case"));
        }
        let Some((head_text, body)) = text.strip_prefix("```toml\n").and_then(|rest| rest.split_once("\n```\n")) else {
            self.problem(file, 1, "a page starts with its head: a fenced block marked `toml`");
            return None;
        };
        let head: Head = match toml::from_str(head_text) {
            Ok(head) => head,
            Err(e) => {
                let line = e.span().map_or(1, |s| line_of(head_text, s.start) + 1);
                self.problem(file, line, e.message());
                return None;
            }
        };
        let at = |s: std::ops::Range<usize>| line_of(head_text, s.start) + 1;
        let summary = head.summary.get_ref();
        if summary.is_empty() || summary.ends_with('.') || summary.contains('\n') {
            self.problem(file, at(head.summary.span()), "`summary` is one line without a full stop");
        }
        if edition(head.since.get_ref()).is_none() {
            self.problem(file, at(head.since.span()), "`since` is an edition such as \"2026.1\"");
        }
        for trigger in &head.triggers {
            if trigger.split_once(':').is_none_or(|(g, t)| g.is_empty() || t.is_empty()) {
                self.problem(file, 1, format!("trigger `{trigger}` is not GATE:TRIGGER"));
            }
        }
        for param in &head.param {
            if !is_kebab(param.name.get_ref()) || (param.required == param.default.is_some()) {
                self.problem(
                    file,
                    at(param.name.span()),
                    "a param has a kebab-case name, and either a default or `required`",
                );
            }
        }
        let first_line = head_text.lines().count() + 3;
        if !body.trim_start().starts_with(&format!("# {id}\n")) {
            self.problem(file, first_line, format!("the text starts with the heading `# {id}`"));
        }
        let examples = self.examples(file, body, first_line);
        let has = |kind| examples.iter().any(|e| e.kind == kind);
        if matches!(phase, "Lint" | "Context") && !(has("Bad") && has("Good")) {
            self.problem(file, first_line, "a rule's page has a `dockerfile bad` and a `dockerfile good` block");
        }
        if matches!(phase, "Lint" | "Context") && has("Fixed") != !matches!(head.fix, FixKind::None) {
            self.problem(
                file,
                first_line,
                "a page has a `dockerfile fixed` block when, and only when, `fix` is not \"none\"",
            );
        }
        let default_code = format!("{}::check", id.replace('-', "_"));
        let code = head.code.as_ref().map_or(default_code, |c| c.get_ref().clone());
        let (head_text, body) = (head_text.to_owned(), body.trim().to_owned() + "\n");
        Some(Page { id, file: file.to_owned(), phase, head, head_text, body, examples, code })
    }

    /// The fenced `dockerfile bad|good|fixed` blocks; `context` blocks before them give their files, `digests` blocks what is
    /// known of images, and a `context fixed` block before a `fixed` one those files that the fix makes or changes.
    fn examples(&mut self, file: &str, body: &str, first_line: usize) -> Vec<Example> {
        let mut examples = Vec::new();
        let mut context: Vec<(String, String)> = Vec::new();
        let mut digests: Vec<(String, String)> = Vec::new();
        let mut changed: Vec<(String, String)> = Vec::new();
        let files = |block: &[&str]| -> Vec<(String, String)> {
            let pairs = block.iter().map(|l| l.split_once(": ").unwrap_or((l, "")));
            pairs.map(|(path, content)| (path.into(), unescape(content))).collect()
        };
        let mut lines = body.lines().enumerate();
        while let Some((index, line)) = lines.next() {
            let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
            let page_line = first_line + index + 1;
            let block: Vec<&str> = lines.by_ref().map(|(_, l)| l).take_while(|l| *l != "```").collect();
            let mut words = info.split_whitespace();
            match (words.next(), words.next()) {
                (Some("context"), None) => context = files(&block),
                (Some("context"), Some("fixed")) => changed = files(&block),
                (Some("digests"), None) => digests = files(&block),
                (Some("dockerfile"), Some(kind @ ("bad" | "good" | "fixed"))) => {
                    let words: Vec<&str> = words.collect();
                    let params =
                        words.iter().filter_map(|w| w.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
                    let mut example = Example {
                        kind: capital(kind),
                        page_line,
                        text: String::new(),
                        marked: Vec::new(),
                        context: if kind == "fixed" { std::mem::take(&mut changed) } else { context.clone() },
                        digests: digests.clone(),
                        params,
                        is_unsafe: kind == "fixed" && words.contains(&"unsafe"),
                    };
                    for (n, line) in block.iter().enumerate() {
                        if line.trim_end().ends_with("# <-") {
                            example.marked.push(n + 1);
                        }
                        let line = line.trim_end().strip_suffix("# <-").map_or(*line, str::trim_end);
                        example.text.push_str(line);
                        example.text.push('\n');
                    }
                    if example.marked.is_empty() == (kind == "bad") {
                        self.problem(
                            file,
                            page_line - 1,
                            "a `bad` block marks the lines it is reported on with `# <-`; others have no mark",
                        );
                    }
                    examples.push(example);
                }
                (Some("dockerfile"), _) => {
                    self.problem(
                        file,
                        page_line - 1,
                        "an example is `dockerfile bad`, `dockerfile good` or `dockerfile fixed`",
                    );
                }
                _ => {}
            }
        }
        examples
    }

    /// Ids and aliases name one rule each, without regard to case; a group has a name of its own.
    fn check_names(&mut self, pages: &[Page]) {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for page in pages {
            let aliases = page.head.aliases.iter().map(|a| (a.get_ref(), line_of(&page.head_text, a.span().start) + 1));
            for (name, line) in std::iter::once((&page.id, 1)).chain(aliases) {
                if let Some(other) = seen.insert(name.to_ascii_lowercase(), page.file.clone()) {
                    self.problem(&page.file, line, format!("`{name}` is already the name of a rule in {other}"));
                }
            }
        }
        for page in pages {
            for group in &page.head.groups {
                if let Some(other) = seen.get(&group.get_ref().to_ascii_lowercase()) {
                    let line = line_of(&page.head_text, group.span().start) + 1;
                    let name = group.get_ref();
                    self.problem(
                        &page.file,
                        line,
                        format!("the group `{name}` is already the name of a rule in {other}"),
                    );
                }
            }
        }
    }

    /// Every page has its function, every function its page.
    fn check_code(&mut self, pages: &[Page]) {
        for (folder, phases) in [("src/lint", ["Lint", "Context"]), ("src/gate", ["Image", "Image"])] {
            let mut functions: BTreeMap<String, (String, usize)> = BTreeMap::new();
            for file in self.files(folder, ".rs").iter().filter(|f| !f.ends_with("/mod.rs")) {
                let module = file.trim_start_matches(folder).trim_matches('/').trim_end_matches(".rs");
                for (index, line) in self.read(file).lines().enumerate() {
                    if let Some((name, arguments)) = line.strip_prefix("pub fn ").and_then(|l| l.split_once('('))
                        && arguments.contains("Facts<")
                    {
                        functions.insert(format!("{module}::{name}"), (file.clone(), index + 1));
                    }
                }
            }
            let wanted: Vec<&Page> = pages.iter().filter(|p| phases.contains(&p.phase)).collect();
            for page in &wanted {
                if !functions.contains_key(&page.code) {
                    let line = page.head.code.as_ref().map_or(1, |c| line_of(&page.head_text, c.span().start) + 1);
                    self.problem(&page.file, line, format!("no code: {folder} has no `pub fn` for `{}`", page.code));
                }
            }
            for (code, (file, line)) in &functions {
                if !wanted.iter().any(|p| p.code == *code) {
                    self.problem(file, *line, format!("no page: nothing in rules/ names `{code}`"));
                }
            }
        }
        let mut check = String::new();
        for file in self.files("src/check", ".rs") {
            check += &self.read(&file);
        }
        for page in pages.iter().filter(|p| p.phase == "Run") {
            if !check.contains(&format!("catalogue::{}", constant(&page.id))) {
                self.problem(
                    &page.file,
                    1,
                    format!("no code: src/check does not use `catalogue::{}`", constant(&page.id)),
                );
            }
        }
    }

    fn tables<F: for<'de> Deserialize<'de>, T>(&mut self, folder: &str, rows: impl Fn(F) -> Vec<T>) -> Vec<Row<T>> {
        let mut all = Vec::new();
        for file in self.files(folder, ".toml") {
            let text = self.read(&file);
            match toml::from_str::<F>(&text) {
                Ok(table) => {
                    all.extend(rows(table).into_iter().map(|value| Row {
                        value,
                        file: file.clone(),
                        text: text.clone(),
                    }));
                }
                Err(e) => {
                    let line = e.span().map_or(1, |s| line_of(&text, s.start));
                    self.problem(&file, line, e.message());
                }
            }
        }
        all
    }

    fn check_tables(&mut self, detectors: &[Row<Detector>], keys: &[Row<KeyFile>]) {
        let mut seen = BTreeMap::new();
        let ids = detectors
            .iter()
            .map(|r| (&r.value.id, &r.file, &r.text))
            .chain(keys.iter().map(|r| (&r.value.id, &r.file, &r.text)));
        for (id, file, text) in ids {
            let line = line_of(text, id.span().start);
            if !is_kebab(id.get_ref()) {
                self.problem(file, line, format!("`{}` is not kebab-case", id.get_ref()));
            }
            if let Some(other) = seen.insert(id.get_ref().clone(), file.clone()) {
                self.problem(file, line, format!("`{}` already stands in {other}", id.get_ref()));
            }
        }
        for row in detectors {
            let d = &row.value;
            let (id, line) = (d.id.get_ref(), line_of(&row.text, d.id.span().start));
            if d.keywords.is_empty() == d.paths.is_empty() || d.r#match.is_empty() || d.no_match.is_empty() {
                self.problem(
                    &row.file,
                    line,
                    format!("detector `{id}` needs a match, a no-match, and either keywords or paths"),
                );
            }
            for keyword in &d.keywords {
                if keyword.len() < 3 || keyword.bytes().any(|b| !b.is_ascii() || b.is_ascii_uppercase()) {
                    let what = "a keyword is three characters or more, in ASCII without capitals";
                    self.problem(&row.file, line, format!("detector `{id}`: {what}: `{keyword}`"));
                }
            }
        }
    }

    fn policies(&mut self) -> Vec<(String, String, String)> {
        let Ok(entries) = fs::read_dir(self.root.join("rules/policies")) else { return Vec::new() };
        let mut names: Vec<String> = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        let mut all = Vec::new();
        for name in names {
            let file = format!("rules/policies/{name}");
            match name.rsplit_once('.') {
                Some((stem, "toml" | "policy")) => {
                    let text = self.read(&file);
                    all.push((stem.to_owned(), name, text));
                }
                _ => self.problem(&file, 1, "a policy's name ends in .toml or .policy"),
            }
        }
        all
    }
}

fn catalogue(
    pages: &[Page],
    detectors: &[Row<Detector>],
    keys: &[Row<KeyFile>],
    policies: &[(String, String, String)],
) -> String {
    let mut out = format!("static RULES: [Rule; {}] = [\n", pages.len());
    for page in pages {
        let head = &page.head;
        let (year, number) = edition(head.since.get_ref()).unwrap_or_default();
        put!(
            out,
            "Rule {{ id: {:?}, phase: Phase::{}, severity: Severity::{:?}, confidence: Confidence::{:?}, summary: {:?}, \
             aliases: &{:?}, groups: &{:?}, codes: {:?}, triggers: &{:?}, tags: &{:?}, fix: FixKind::{:?}, since: Edition({year}, {number}), params: &[",
            page.id,
            page.phase,
            head.severity,
            head.confidence,
            head.summary.get_ref(),
            head.aliases.iter().map(Spanned::get_ref).collect::<Vec<_>>(),
            head.groups.iter().map(Spanned::get_ref).collect::<Vec<_>>(),
            head.codes.as_ref().map(Spanned::get_ref),
            head.triggers,
            head.tags,
            head.fix,
        );
        for p in &head.param {
            put!(
                out,
                "ParamSpec {{ name: {:?}, anchore: {:?}, default: {}, required: {}, help: {:?} }}, ",
                p.name.get_ref(),
                p.anchore,
                param_default(p),
                p.required,
                p.help
            );
        }
        put!(out, "], page: {}, examples: &[", veiled(&page.body));
        for e in &page.examples {
            let context: String =
                e.context.iter().map(|(path, text)| format!("({path:?}, {}), ", veiled(text))).collect();
            put!(
                out,
                "Example {{ kind: ExampleKind::{}, page_line: {}, text: {}, marked: &{:?}, context: &[{context}], digests: &{:?}, params: &{:?}, is_unsafe: {} }}, ",
                e.kind,
                e.page_line,
                veiled(&e.text),
                e.marked,
                e.digests,
                e.params,
                e.is_unsafe,
            );
        }
        out += "], works_as: None, advice: None },\n";
    }
    out += "];\n/// Every rule by name, for code that makes its findings itself.\npub mod catalogue {\nuse super::{Rule, RULES};\n";
    for (index, page) in pages.iter().enumerate() {
        put!(
            out,
            "/// {}.\npub static {}: &Rule = &RULES[{index}];\n",
            page.head.summary.get_ref(),
            constant(&page.id)
        );
    }
    out += "}\nstatic DETECTORS: &[Detector] = &[\n";
    let mut detectors: Vec<&Detector> = detectors.iter().map(|r| &r.value).collect();
    detectors.sort_by(|a, b| a.id.get_ref().cmp(b.id.get_ref()));
    for d in detectors {
        let samples =
            |texts: &[String]| texts.iter().map(|text| veiled(&text.replace("{}", "")) + ", ").collect::<String>();
        put!(
            out,
            "Detector {{ id: {:?}, name: {:?}, keywords: &[{}], regex: {:?}, lines: {}, entropy: {:?}, \
             confidence: Confidence::{:?}, check: {:?}, allow: &{:?}, paths: &{:?}, except: &{:?}, matches: &[{}], \
             no_matches: &[{}] }},\n",
            d.id.get_ref(),
            d.name,
            d.keywords.iter().map(|keyword| apart(keyword) + ", ").collect::<String>(),
            d.regex,
            d.lines,
            d.entropy,
            d.confidence,
            d.check,
            d.allow,
            d.paths,
            d.except,
            samples(&d.r#match),
            samples(&d.no_match)
        );
    }
    out += "];\nstatic KEY_FILES: &[KeyFile] = &[\n";
    for k in keys.iter().map(|r| &r.value) {
        put!(
            out,
            "KeyFile {{ id: {:?}, name: {:?}, paths: &{:?}, except: &{:?}, content: &{:?}, confidence: Confidence::{:?} }},\n",
            k.id.get_ref(),
            k.name,
            k.paths,
            k.except,
            k.content,
            k.confidence
        );
    }
    put!(out, "];\nstatic POLICIES: &[(&str, &str, &str)] = &{policies:?};\n");
    out
}

/// A keyword with a byte behind it that is not part of it. In the program keywords lie one behind the other, and `glrt-` with others
/// behind it would be a token.
fn apart(keyword: &str) -> String {
    let ended = format!("{keyword}\0");
    format!("{ended:?}.split_at({}).0", keyword.len())
}

/// A text as `Veiled` holds it.
fn veiled(text: &str) -> String {
    let bytes: Vec<u8> = text.bytes().map(|byte| byte ^ 0x80).collect();
    format!("Veiled(b\"{}\")", bytes.escape_ascii())
}

fn param_default(param: &Param) -> String {
    let kind = param.kind.unwrap_or(match &param.default {
        Some(toml::Value::Array(_)) => ParamKind::List,
        Some(toml::Value::Integer(_)) => ParamKind::Int,
        Some(toml::Value::Boolean(_)) => ParamKind::Bool,
        _ => ParamKind::String,
    });
    let default = param.default.as_ref();
    match kind {
        ParamKind::String => format!("Default::Str({:?})", default.and_then(toml::Value::as_str).unwrap_or_default()),
        ParamKind::Int => format!("Default::Int({})", default.and_then(toml::Value::as_integer).unwrap_or_default()),
        ParamKind::Bool => format!("Default::Bool({})", default.and_then(toml::Value::as_bool).unwrap_or_default()),
        ParamKind::List => {
            let items = default.and_then(toml::Value::as_array).cloned().unwrap_or_default();
            let texts: Vec<String> =
                items.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
            format!("Default::List(&{texts:?})")
        }
    }
}

fn dispatch(pages: &[Page], phases: &[&str]) -> String {
    let mut out = String::from(
        "/// Runs the code of a rule; `false` for a rule that has none here.\n\
         pub fn run(rule: &Rule, facts: &Facts<'_>, report: &mut Reporter<'_>) -> bool {\nmatch rule.of_catalogue().id {\n",
    );
    for page in pages.iter().filter(|p| phases.contains(&p.phase)) {
        put!(out, "{:?} => {}(facts, report),\n", page.id, page.code);
    }
    out + "_ => return false,\n}\ntrue\n}\n"
}

fn is_kebab(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

fn constant(id: &str) -> String {
    id.replace('-', "_").to_ascii_uppercase()
}

fn capital(kind: &str) -> &'static str {
    match kind {
        "bad" => "Bad",
        "good" => "Good",
        _ => "Fixed",
    }
}

fn unescape(text: &str) -> String {
    text.replace("\\n", "\n")
}

fn edition(text: &str) -> Option<(u16, u16)> {
    let (year, number) = text.split_once('.')?;
    Some((year.parse().ok()?, number.parse().ok()?))
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}
