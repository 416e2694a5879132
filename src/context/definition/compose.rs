//! Compose files: `services.*.build`, with what `include` brings in and what services `extends` from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tree::{self, Node, Value};
use super::{Argument, Definition, DefinitionError, Definitions, Location, Lookup, Outside, note};
use crate::text::{SourceText, Span};

/// Variables in variables' defaults.
const MAX_DEPTH: usize = 10;
/// Files that are read for one.
const MAX_FILES: usize = 200;
/// Services that extend each other, one the next.
const MAX_SERVICES: usize = 50;

/// The services with a `build`, those of included files behind those of the file itself.
pub(super) fn read(file: &Arc<SourceText>, base: &Path, outside: Outside<'_>) -> Result<Definitions, DefinitionError> {
    let mut reader = Reader { outside, opened: BTreeMap::new(), found: Definitions::default() };
    let tree = tree::parse(file.text()).map_err(|fault| DefinitionError::of(file, fault))?;
    let own = Document { file, tree: &tree, folder: base.to_owned(), base };
    reader.document(&own, outside.environment, &mut vec![file.path().to_owned()])?;
    Ok(reader.found)
}

/// A file that is read.
struct Document<'d> {
    file: &'d Arc<SourceText>,
    tree: &'d Node,
    /// Where it lies: files that it names count from here.
    folder: PathBuf,
    /// Where build contexts count from.
    base: &'d Path,
}

struct Reader<'a> {
    outside: Outside<'a>,
    /// Files read so far, with what is in them.
    opened: BTreeMap<PathBuf, Arc<(Arc<SourceText>, Node)>>,
    found: Definitions,
}

impl Document<'_> {
    fn fault(&self, node: &Node, reason: String) -> DefinitionError {
        DefinitionError::of(self.file, (node.span.start, reason))
    }
}

impl Reader<'_> {
    /// Takes in what a file builds. `chain` holds the files on the way to it, itself last.
    fn document(
        &mut self,
        document: &Document<'_>,
        environment: Lookup<'_>,
        chain: &mut Vec<String>,
    ) -> Result<(), DefinitionError> {
        for (name, service) in document.tree.get("services").into_iter().flat_map(Node::entries) {
            let Some(name_text) = name.text() else { continue };
            let mut services = vec![(document.file.path().to_owned(), name_text.to_owned())];
            if let Some(built) = self.service(document, service, environment, &mut services)? {
                let (name, file, span) = (name_text.to_owned(), Arc::clone(document.file), name.span);
                self.found.list.push(Definition { name, file, span, ..built });
            }
        }
        let include = document.tree.get("include");
        let entries = include.map(|node| if node.list().is_empty() { std::slice::from_ref(node) } else { node.list() });
        for entry in entries.unwrap_or_default() {
            self.include(document, entry, environment, chain)?;
        }
        Ok(())
    }

    /// Takes in what one entry of `include` brings.
    fn include(
        &mut self,
        document: &Document<'_>,
        entry: &Node,
        environment: Lookup<'_>,
        chain: &mut Vec<String>,
    ) -> Result<(), DefinitionError> {
        let path = entry.get("path").unwrap_or(entry);
        let (path, others) = path.list().split_first().map_or((path, &[][..]), |(first, others)| (first, others));
        for other in others {
            let text = format!("what {} changes of what is included here", other.text().unwrap_or("another file"));
            self.found.notes.push(note(document.file, other.span, &text));
        }
        let Some(text) = path.text() else { return Ok(()) };
        let text = match interpolated(text, environment) {
            Ok(text) => text,
            Err(why) => {
                self.found.notes.push(note(document.file, path.span, &format!("what `include` brings in: {why}")));
                return Ok(());
            }
        };
        if let Some(remote) = remote(&text) {
            let text = format!("what `include` brings in from {remote}, which is remote and is not fetched");
            self.found.notes.push(note(document.file, path.span, &text));
            return Ok(());
        }
        let at = document.folder.join(&text);
        let opened = self.open(document, path, &at)?;
        let (file, tree) = &*opened;
        if chain.iter().any(|known| is_same(known, file.path())) {
            let way: Vec<&str> = chain.iter().map(String::as_str).chain([file.path()]).collect();
            return Err(document.fault(path, format!("files include each other: {}", way.join(" → "))));
        }
        let folder = folder_of(&at);
        let project = entry.get("project_directory").and_then(Node::text);
        let base = match project.map(|text| interpolated(text, environment)).transpose() {
            Ok(project) => project.map_or_else(|| folder.clone(), |project| document.folder.join(project)),
            Err(why) => {
                let text = format!("what `include` brings in for a folder that is not known: {why}");
                self.found.notes.push(note(document.file, entry.span, &text));
                return Ok(());
            }
        };
        let settings = (self.outside.settings)(&base);
        let within = |name: &str| environment(name).or_else(|| settings.get(name).cloned());
        chain.push(file.path().to_owned());
        self.document(&Document { file, tree, folder, base: &base }, &within, chain)?;
        chain.pop();
        Ok(())
    }

    /// What a service builds, with what it takes from the service it extends. `chain` holds the services on the way to it,
    /// itself last, each with its file.
    fn service(
        &mut self,
        document: &Document<'_>,
        service: &Node,
        environment: Lookup<'_>,
        chain: &mut Vec<(String, String)>,
    ) -> Result<Option<Definition>, DefinitionError> {
        let below = match service.get("extends") {
            Some(extends) => self.extended(document, extends, environment, chain)?,
            None => None,
        };
        let build = service.get("build").filter(|build| !matches!(build.value, Value::Null));
        let read = |build: &Node| definition(document, build, below.clone(), environment);
        Ok(build.map(read).or(below))
    }

    /// What the service builds that another extends.
    fn extended(
        &mut self,
        document: &Document<'_>,
        extends: &Node,
        environment: Lookup<'_>,
        chain: &mut Vec<(String, String)>,
    ) -> Result<Option<Definition>, DefinitionError> {
        let name = extends.text().or_else(|| extends.get("service").and_then(Node::text));
        let Some(name) = name else { return Ok(None) };
        let path = extends.get("file").and_then(Node::text).map(|text| interpolated(text, environment));
        let path = match path {
            Some(Ok(path)) => Some(path),
            Some(Err(why)) => {
                let text = format!("what `{name}` of another file builds: {why}");
                self.found.notes.push(note(document.file, extends.span, &text));
                return Ok(None);
            }
            None => None,
        };
        let (opened, folder);
        let other = match &path {
            None => Document {
                file: document.file,
                tree: document.tree,
                folder: document.folder.clone(),
                base: document.base,
            },
            Some(path) => {
                let at = document.folder.join(path);
                opened = self.open(document, extends, &at)?;
                folder = folder_of(&at);
                Document { file: &opened.0, tree: &opened.1, folder: folder.clone(), base: &folder }
            }
        };
        let step = (other.file.path().to_owned(), name.to_owned());
        if chain.iter().any(|(file, service)| is_same(file, &step.0) && *service == step.1) {
            let way: Vec<&str> = chain.iter().map(|(_, service)| service.as_str()).chain([name]).collect();
            return Err(document.fault(extends, format!("services extend each other: {}", way.join(" → "))));
        }
        if chain.len() >= MAX_SERVICES {
            return Err(document.fault(extends, format!("more than {MAX_SERVICES} services extend each other")));
        }
        let services = other.tree.get("services");
        let Some(service) = services.and_then(|services| services.get(name)) else {
            let reason = format!("`{name}` is to be extended, and {} has no such service", other.file.path());
            return Err(document.fault(extends, reason));
        };
        chain.push(step);
        let built = self.service(&other, service, environment, chain)?;
        chain.pop();
        Ok(built)
    }

    /// Reads a file that another names.
    fn open(
        &mut self,
        document: &Document<'_>,
        node: &Node,
        path: &Path,
    ) -> Result<Arc<(Arc<SourceText>, Node)>, DefinitionError> {
        if let Some(opened) = self.opened.get(path) {
            return Ok(Arc::clone(opened));
        }
        if self.opened.len() >= MAX_FILES {
            return Err(document.fault(node, format!("more than {MAX_FILES} files are taken in")));
        }
        let refused = |why| document.fault(node, why);
        let file = (self.outside.read)(path).map_err(refused)?;
        let tree = tree::parse(file.text()).map_err(|fault| DefinitionError::of(&file, fault))?;
        let opened = Arc::new((file, tree));
        self.opened.insert(path.to_owned(), Arc::clone(&opened));
        Ok(opened)
    }
}

/// Whether two paths, as reports print them, are of the same file.
fn is_same(a: &str, b: &str) -> bool {
    let file = |path: &str| Path::new(path).canonicalize();
    a == b || matches!((file(a), file(b)), (Ok(a), Ok(b)) if a == b)
}

/// Where a file lies.
fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// Where compose would fetch a file from, if not from this machine.
fn remote(path: &str) -> Option<String> {
    match Location::parse(path, Path::new("")) {
        Location::Remote(url) => Some(url),
        _ => path.starts_with("oci://").then(|| path.to_owned()),
    }
}

/// What a `build` says, and what it leaves to the one below.
fn definition(document: &Document<'_>, build: &Node, below: Option<Definition>, environment: Lookup<'_>) -> Definition {
    let (file, base) = (document.file, document.base);
    let text = |node: &Node| node.text().map(|text| interpolated(text, environment));
    let location = |node: &Node| match text(node).unwrap_or(Ok(".".to_owned())) {
        Ok(path) => Location::parse(&path, base),
        Err(why) => Location::Unknown(why),
    };
    let below = below.unwrap_or_else(|| Definition { context: Location::parse(".", base), ..Definition::empty(file) });
    if build.text().is_some() {
        return Definition { context: location(build), ..below };
    }
    let get = |key: &str| build.get(key).and_then(text).and_then(Result::ok).filter(|text| !text.is_empty());
    let mut context = build.get("context").map_or(below.context, location);
    if let Some(Err(why)) = build.get("dockerfile").and_then(text) {
        context = Location::Unknown(why);
    }
    let mut args = below.args;
    for (name, value, span) in build.get("args").map(pairs).unwrap_or_default() {
        // A name alone has the value it has in the environment.
        let value = match value {
            Some(value) => interpolated(&value, environment).ok(),
            None => environment(&name),
        };
        let argument = |value| Argument { value, path: file.path().to_owned(), line: file.line(span.start) };
        args.extend(value.map(|value| (name, argument(value))));
    }
    let mut contexts = below.contexts;
    for (name, value, _) in build.get("additional_contexts").map(pairs).unwrap_or_default() {
        let value = value.unwrap_or_default();
        let location = match interpolated(&value, environment) {
            Ok(value) => Location::parse(&value, base),
            Err(why) => Location::Unknown(why),
        };
        contexts.insert(name, location);
    }
    let platforms = build.get("platforms").map(Node::list).unwrap_or_default();
    let platform = platforms.first().filter(|_| platforms.len() == 1).and_then(text).and_then(Result::ok);
    let own_inline = build.get("dockerfile_inline").map(|node| (Arc::clone(file), node.span));
    let dockerfile = get("dockerfile");
    Definition {
        context,
        // The one takes the place of the other.
        inline: own_inline.or(below.inline.filter(|_| dockerfile.is_none())),
        dockerfile: dockerfile.or(below.dockerfile),
        target: get("target").or(below.target),
        platform: if platforms.is_empty() { below.platform } else { platform },
        args,
        contexts,
        name: below.name,
        file: below.file,
        span: below.span,
    }
}

impl Definition {
    /// One that says nothing.
    pub(super) fn empty(file: &Arc<SourceText>) -> Self {
        Self {
            name: String::new(),
            file: Arc::clone(file),
            span: Span::default(),
            context: Location::Local(".".into()),
            dockerfile: None,
            inline: None,
            target: None,
            platform: None,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
        }
    }
}

/// Names and values of a mapping, or of a list of `NAME=VALUE`; no value for a name alone.
fn pairs(node: &Node) -> Vec<(String, Option<String>, Span)> {
    let listed = node.list().iter().filter_map(|item| {
        let text = item.text()?;
        Some(match text.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned()), item.span),
            None => (text.to_owned(), None, item.span),
        })
    });
    let mut pairs: Vec<_> = listed.collect();
    for (key, value) in node.entries() {
        match key.text() {
            Some("<<") => pairs.splice(0..0, merged(value)).for_each(drop),
            Some(name) => pairs.push((name.to_owned(), value.text().map(str::to_owned), value.span)),
            None => {}
        }
    }
    pairs
}

fn merged(node: &Node) -> Vec<(String, Option<String>, Span)> {
    match &node.value {
        Value::List(list) => list.iter().rev().flat_map(pairs).collect(),
        _ => pairs(node),
    }
}

/// A text with its variables replaced as compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`,
/// `${NAME:+other}`, `${NAME:?error}`, and `$$` for a dollar. Fails with why, for a variable that has no value.
fn interpolated(text: &str, environment: Lookup<'_>) -> Result<String, String> {
    expand(text, environment, 0)
}

fn expand(text: &str, environment: Lookup<'_>, depth: usize) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(rest.get(..dollar).unwrap_or_default());
        let behind = rest.get(dollar + 1..).unwrap_or_default();
        if let Some(after) = behind.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inner) = behind.strip_prefix('{') {
            let end = closing(inner).ok_or_else(|| "it has a `${` that is not closed".to_owned())?;
            out.push_str(&variable(inner.get(..end).unwrap_or_default(), environment, depth)?);
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
            let name = behind.get(..end).unwrap_or_default();
            if name.is_empty() {
                out.push('$');
            } else {
                out.push_str(&variable(name, environment, depth)?);
            }
            rest = behind.get(end..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the `}` of a `${` is.
fn closing(inner: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn variable(inner: &str, environment: Lookup<'_>, depth: usize) -> Result<String, String> {
    if depth > MAX_DEPTH {
        return Err("its variables are too deep inside each other".to_owned());
    }
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
    let (name, operation) = inner.split_at(end);
    let value = environment(name);
    let (counts_empty, operation) = match operation.strip_prefix(':') {
        Some(rest) => (true, rest),
        None => (false, operation),
    };
    let is_set = value.as_ref().is_some_and(|value| !counts_empty || !value.is_empty());
    let mut operation = operation.chars();
    let (mark, word) = (operation.next(), operation.as_str());
    match (mark, value) {
        (Some('-'), value) if !is_set => expand(word, environment, depth + 1).inspect(|_| drop(value)),
        (Some('+'), _) if is_set => expand(word, environment, depth + 1),
        (Some('+'), _) => Ok(String::new()),
        (_, Some(value)) if is_set || mark.is_none() => Ok(value),
        _ => Err(format!("the variable `{name}` has no value here")),
    }
}
