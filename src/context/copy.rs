//! What each COPY and ADD takes from the context, as BuildKit's copy does it.

use crate::dockerfile::{CopySource, Dockerfile, Env, Instruction, Word, expand_word};

use super::glob::{Glob, has_wildcard};
use super::pattern::Cascade;
use super::{Context, ContextFileKind, Copied, CopiedRoot, CopiedSource, IgnoreFile, IgnorePattern, IgnoreRules, path};

/// Links followed on the way to one source before it is given up.
const MAX_LINKS: usize = 255;

/// For every COPY and ADD that reads the context: the files each source takes. `environments` holds the variables in
/// force before each instruction.
///
/// ONBUILD triggers run in other builds and are left out. A symbolic link below a source is copied as a link, so what
/// it points to is not taken.
pub fn copied(dockerfile: &Dockerfile, environments: &[Env], context: &Context) -> Vec<Copied> {
    copied_from(dockerfile, environments, context, None)
}

/// The same for every COPY that reads the named context `name` (`--from=name`); for the main one without a name.
pub fn copied_from(
    dockerfile: &Dockerfile,
    environments: &[Env],
    context: &Context,
    name: Option<&str>,
) -> Vec<Copied> {
    let no_variables = Env::default();
    let of = |(index, instruction): (usize, &Instruction)| {
        let env = environments.get(index).unwrap_or(&no_variables);
        let expand = |word: &Word| expand(word, env, dockerfile.escape);
        let sources = sources(instruction, name);
        if sources.is_empty() {
            return None;
        }
        let options = Options::of(instruction, &expand);
        let sources: Vec<_> = sources.into_iter().filter_map(|word| source(context, word, &expand, &options)).collect();
        (!sources.is_empty()).then_some(Copied { instruction: index, sources })
    };
    dockerfile.instructions.iter().enumerate().filter_map(of).collect()
}

/// The word's value; `None` when a variable in it has no value here.
fn expand(word: &Word, env: &Env, escape: char) -> Option<String> {
    let expanded = expand_word(&word.text, env, escape).ok()?;
    expanded.missing.is_empty().then_some(expanded.text)
}

/// The source arguments that are not here-documents; none for an instruction that does not read the context.
fn sources<'d>(instruction: &'d Instruction, name: Option<&str>) -> Vec<&'d Word> {
    let is_from = match (instruction.flag_value("from"), name) {
        (None, None) => instruction.flag("from").is_none(),
        (Some(from), Some(name)) => from.text.eq_ignore_ascii_case(name),
        _ => false,
    };
    let reads_context = is_from && instruction.error.is_none();
    let copying = instruction.copy_sources_and_dest().filter(|_| reads_context);
    let path = |source| match source {
        CopySource::Path(word) => Some(word),
        CopySource::Heredoc(..) => None,
    };
    copying.map(|copying| copying.sources.into_iter().filter_map(path).collect()).unwrap_or_default()
}

fn source(
    context: &Context,
    word: &Word,
    expand: &dyn Fn(&Word) -> Option<String>,
    options: &Options,
) -> Option<CopiedSource> {
    let Some(pattern) = expand(word) else {
        return Some(CopiedSource {
            span: word.span,
            pattern: None,
            files: Vec::new(),
            roots: Vec::new(),
            pivot: None,
            is_there: true,
            only_ignored: false,
        });
    };
    if is_remote(&pattern) {
        return None;
    }
    let Taken { files, roots, pivot, is_there, only_ignored } = take(context, &pattern, options);
    Some(CopiedSource { span: word.span, pattern: Some(pattern), files, roots, pivot, is_there, only_ignored })
}

/// A URL or a git reference.
fn is_remote(source: &str) -> bool {
    let has_scheme = ["http://", "https://", "git://", "ssh://"].iter().any(|scheme| source.starts_with(scheme));
    // `user@host:path`
    let is_scp = source.split_once('@').is_some_and(|(user, rest)| {
        let host = rest.split_once(':').map_or("", |(host, _)| host);
        let is_name = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~-".contains(&b));
        is_name(user) && is_name(host)
    });
    has_scheme || is_scp
}

/// The flags that change what is taken.
#[derive(Default)]
struct Options {
    /// `--exclude`, compiled; relative to the directory a source names.
    excludes: IgnoreRules,
    /// `--parents`.
    keeps_parents: bool,
}

impl Options {
    fn of(instruction: &Instruction, expand: &dyn Fn(&Word) -> Option<String>) -> Self {
        let excludes = instruction.flags_named("exclude").filter_map(|flag| expand(flag.value.as_ref()?));
        let excludes: Vec<String> = excludes.collect();
        let parents = instruction.flag("parents");
        Self {
            // A malformed pattern stops the build; here it excludes nothing.
            excludes: IgnoreRules::new(excludes.iter().map(String::as_str)).unwrap_or_default(),
            keeps_parents: parents.is_some_and(|flag| flag.value.as_ref().is_none_or(|value| value.text != "false")),
        }
    }
}

/// What one expanded source takes: the fields of [`CopiedSource`].
struct Taken {
    files: Vec<usize>,
    roots: Vec<CopiedRoot>,
    pivot: Option<String>,
    is_there: bool,
    only_ignored: bool,
}

fn take(context: &Context, source: &str, options: &Options) -> Taken {
    let (base, includes) = match source.split_once("/./") {
        _ if !options.keeps_parents => (path::inside(source), None),
        Some((pivot, rest)) => (path::inside(pivot), Some(path::inside(rest))),
        None => (String::new(), Some(path::inside(source))),
    };
    let wanted = match &includes {
        Some(pattern) if base.is_empty() => pattern.clone(),
        Some(pattern) => path::inside(&format!("{base}/{pattern}")),
        None => base.clone(),
    };
    // The directory itself, with `--parents`, is everything in it.
    let includes = includes.filter(|pattern| !pattern.is_empty());
    let includes = includes.map(|pattern| IgnoreRules::new([pattern.as_str()]).unwrap_or_default());
    let mut files = Vec::new();
    let root = |named: String| {
        let path = follow(context, &named)?;
        Some(CopiedRoot { name: named.rsplit('/').next().unwrap_or(&named).to_owned(), path })
    };
    let roots: Vec<CopiedRoot> = matching(context, &base).into_iter().filter_map(root).collect();
    let is_there = roots.iter().any(|root| root.path.is_empty() || context.find(&root.path).is_some());
    for root in &roots {
        collect(context, &root.path, includes.as_ref(), &options.excludes, &mut files);
    }
    files.sort_unstable();
    files.dedup();
    let only_ignored = files.is_empty() && !wanted.is_empty() && is_only_ignored(context, &wanted);
    let pivot = options.keeps_parents.then_some(base);
    Taken { files, roots, pivot, is_there, only_ignored }
}

/// The paths a source names: itself, or what its wildcards match. A matched directory stands for what is in it.
fn matching(context: &Context, source: &str) -> Vec<String> {
    let Some((fixed, pattern)) = split_at_wildcard(source) else { return vec![source.to_owned()] };
    let (Some(dir), Ok(glob)) = (follow(context, fixed), Glob::new(pattern)) else { return Vec::new() };
    let mut matched: Vec<String> = Vec::new();
    let below = context.files.get(context.below(&dir)).unwrap_or_default();
    for file in below {
        // What is inside a matched directory is taken with it, even where it matches too.
        let is_known = |dir: &str| matched.binary_search_by(|known| known.as_str().cmp(dir)).is_ok();
        let is_inside = file.path.match_indices('/').any(|(slash, _)| is_known(&file.path[..slash]));
        if !is_inside && glob.matches(relative_to(&file.path, &dir)) {
            matched.push(file.path.clone());
        }
    }
    matched
}

/// The components before the first one with a wildcard, and the rest from there; `None` without wildcards.
fn split_at_wildcard(source: &str) -> Option<(&str, &str)> {
    let mut start = 0;
    for component in source.split('/') {
        if has_wildcard(component) {
            return Some((source.get(..start)?.trim_end_matches('/'), source.get(start..)?));
        }
        start += component.len() + 1;
    }
    None
}

fn relative_to<'p>(path: &'p str, dir: &str) -> &'p str {
    if dir.is_empty() { path } else { path.get(dir.len() + 1..).unwrap_or_default() }
}

/// Adds the regular files that copying `root`, links followed, takes.
fn collect(
    context: &Context,
    root: &str,
    includes: Option<&IgnoreRules>,
    excludes: &IgnoreRules,
    files: &mut Vec<usize>,
) {
    let is_file = |index: &usize| context.files.get(*index).is_some_and(|f| f.kind == ContextFileKind::File);
    if let Some(index) = context.find(root).filter(is_file) {
        // BuildKit holds `--exclude` against what is inside a directory, never against a source that is a file.
        files.push(index);
        return;
    }
    let nothing = IgnoreRules::default();
    let mut included = Cascade::new(includes.unwrap_or(&nothing));
    let mut excluded = Cascade::new(excludes);
    for index in context.below(root).filter(is_file) {
        let Some(file) = context.files.get(index) else { continue };
        let relative = relative_to(&file.path, root);
        if (includes.is_none() || included.matches(relative)) && !excluded.matches(relative) {
            files.push(index);
        }
    }
}

/// Resolves symbolic links in `path`, with the context as the root of the file system. `None` for what is not in the
/// context.
fn follow(context: &Context, path: &str) -> Option<String> {
    let mut pending: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
    let mut at = String::new();
    let mut links = 0;
    while let Some(component) = pending.pop() {
        match component.as_str() {
            "" | "." => continue,
            ".." => {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let next = if at.is_empty() { component } else { format!("{at}/{component}") };
        let entry = context.files.get(context.find(&next)?)?;
        if entry.kind != ContextFileKind::Symlink {
            at = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return None;
        }
        let target = context.read_link(&next)?;
        if target.starts_with('/') {
            at.clear();
        }
        pending.extend(target.rsplit('/').map(str::to_owned));
    }
    Some(at)
}

/// Whether what `source` names is left out by the ignore file, given that nothing in the context answers to it.
fn is_only_ignored(context: &Context, source: &str) -> bool {
    let Some(ignore_file) = &context.ignore_file else { return false };
    let is_left_out = |path: &str| context.left_out.binary_search_by(|known| known.as_str().cmp(path)).is_ok();
    match split_at_wildcard(source) {
        None => {
            let is_there = is_left_out(source) || context.has_left_out_below(source);
            is_there || (context.is_ignored(source) && !ignore_file.rules.may_reach_below(source))
        }
        Some((fixed, pattern)) => {
            let Ok(glob) = Glob::new(pattern) else { return false };
            let prefix = if fixed.is_empty() { String::new() } else { format!("{fixed}/") };
            let matches = |path: &String| path.strip_prefix(&prefix).is_some_and(|rest| glob.matches(rest));
            context.is_ignored(source) || context.left_out.iter().any(matches)
        }
    }
}

impl IgnoreFile {
    /// Whether COPY and ADD find nothing at `source` (its variables replaced) because of this file, as far as that can
    /// be told without the files: what an exception may let through again is not left out, and a source with wildcards is
    /// when a pattern covers it as it is written.
    pub fn leaves_out(&self, source: &str) -> bool {
        if is_remote(source) {
            return false;
        }
        match path::inside(source) {
            // The context itself is there, but for a pattern that leaves nothing in it.
            root if root.is_empty() => {
                let all = |pattern: &IgnorePattern| matches!(pattern.text.as_str(), "*" | "**" | "**/*");
                self.patterns.iter().any(all) && !self.rules.has_exceptions()
            }
            inside => {
                let may_let_through = if has_wildcard(&inside) {
                    self.rules.has_exceptions()
                } else {
                    self.rules.may_reach_below(&inside)
                };
                self.rules.is_ignored(&inside) && !may_let_through
            }
        }
    }
}

impl Context {
    fn has_left_out_below(&self, dir: &str) -> bool {
        let prefix = format!("{dir}/");
        let start = self.left_out.partition_point(|path| *path < prefix);
        self.left_out.get(start).is_some_and(|path| path.starts_with(&prefix))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
