//! The fix that gives a secret to the commands that use it, where a COPY puts it into a layer for them: the COPY goes, and
//! each RUN that uses the file gets it as a mount.

use super::files::Source;
use super::keep_out::{base_name, speaks_of, stands_in};
use super::{Facts, NotableFile, Run, edits};
use crate::dockerfile::{CopySource, Env, Instruction, Keyword, expand_word};
use crate::finding::Fix;
use crate::shell::{Command, Dialect, RedirectKind};
use crate::text::Edit;

/// Commands that change a file, which a mounted secret does not let them, or make another of it.
const CHANGING: [&str; 17] = [
    "chgrp", "chmod", "chown", "cp", "dd", "install", "ln", "mkdir", "mv", "rm", "rsync", "sed", "shred", "tee",
    "touch", "truncate", "unlink",
];

/// Kinds of files that programs read without being told: the kind, and the programs.
const READERS: [(&str, &[&str]); 11] = [
    ("npmrc", &["npm", "npx", "pnpm", "yarn", "bun"]),
    ("yarnrc", &["yarn"]),
    ("pip-config", &["pip", "pip3", "python", "python3", "uv", "pipenv"]),
    ("netrc", &["git", "curl", "wget", "go", "pip", "pip3"]),
    ("pypirc", &["twine"]),
    ("git-credentials", &["git"]),
    ("maven-settings", &["mvn", "mvnw"]),
    ("gradle-properties", &["gradle", "gradlew"]),
    ("nuget-config", &["dotnet", "nuget"]),
    ("composer-auth", &["composer"]),
    ("gem-credentials", &["gem", "bundle"]),
];

impl Source<'_> {
    /// The fix for a source that names one file: the commands that use it get it as a secret. `None` where what uses it
    /// cannot be told, or is no command of the build.
    pub(super) fn secret_mount(&self, facts: &Facts<'_>, files: &[&NotableFile]) -> Option<Fix> {
        let [file] = files else { return None };
        let path = self.facts.path(file.file);
        if self.taken.path().as_deref() != Some(path) || self.taken.files != [file.file] {
            return None;
        }
        let instructions = &facts.dockerfile.instructions;
        let index = instructions.iter().position(|node| node.span.contains(self.taken.span))?;
        let node = instructions.get(index).filter(|node| matches!(node.keyword, Keyword::Copy | Keyword::Add))?;
        let place = Target::of(facts, index, node, path)?;
        let stage = facts.dockerfile.stages.get(node.stage?)?;
        let name = base_name(&place.path);
        let mut edits = vec![self.without_source(facts, node)?];
        for (at, other) in instructions.iter().enumerate() {
            let is_later = stage.instructions.contains(&at) && at > index;
            let is_run = is_later && other.keyword == Keyword::Run;
            if is_run && let Some(run) = facts.runs().find(|run| run.script.instruction == at && !run.is_trigger) {
                if place.use_in(facts, at, &run, file)? {
                    edits.push(mount(facts, at, other, &place)?);
                }
            } else if at != index && !is_before(facts, at, index) && speaks_of(facts, other, name) {
                // The container, another stage or a later COPY wants it to be there.
                return None;
            }
        }
        let source = self.facts.report_path(path);
        let description = format!(
            "mount it as a secret where it is used; the build is given it with `--secret id={},src={source}`",
            place.id
        );
        (edits.len() > 1).then(|| Fix::unsafe_(description, edits))
    }

    /// Takes the source out, with the instruction when it is the only one.
    fn without_source(&self, facts: &Facts<'_>, node: &Instruction) -> Option<Edit> {
        let words = node.args.words();
        match words.len() {
            0 | 1 => None,
            2 => edits::without(facts, node),
            _ => edits::without_word(words, words.iter().position(|word| word.span == self.taken.span)?),
        }
    }
}

/// Where a COPY puts a file.
struct Target {
    /// Absolute.
    path: String,
    /// The name the build gives the secret.
    id: String,
}

impl Target {
    /// `None` where it depends on the base image, or cannot be written in an option.
    fn of(facts: &Facts<'_>, index: usize, node: &Instruction, path: &str) -> Option<Self> {
        let copying = node.copy_sources_and_dest()?;
        if node.flag("parents").is_some() || copying.sources.iter().any(|s| matches!(s, CopySource::Heredoc(..))) {
            return None;
        }
        let expanded = facts.expanded(index, copying.destination).filter(|expanded| expanded.missing.is_empty())?;
        let folder = workdir(facts, index);
        let whole = joined(folder.as_deref(), &expanded.text)?;
        let is_folder = copying.sources.len() > 1
            || matches!(expanded.text.rsplit('/').next(), Some("" | "." | ".."))
            || folder.as_deref() == Some(whole.as_str());
        let path = if is_folder { joined(Some(&whole), base_name(path))? } else { whole };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@');
        let id: String = base_name(&path).trim_start_matches('.').to_owned();
        (path.chars().all(is_plain) && !id.is_empty()).then_some(Self { path, id })
    }

    /// Whether a RUN uses the file; `None` when it does something to it that cannot be done to a secret, or when that is not
    /// known.
    fn use_in(&self, facts: &Facts<'_>, index: usize, run: &Run<'_>, file: &NotableFile) -> Option<bool> {
        let is_named = speaks_of(facts, run.instruction, base_name(&self.path));
        let is_read = self.is_read_unasked(facts, index, run, file);
        if !is_named {
            return Some(is_read);
        }
        let is_known =
            run.script.error.is_none() && run.script.shell.as_ref().is_none_or(|shell| shell.dialect != Dialect::Other);
        let names = |command: &&Command| self.names_of(facts, index).iter().any(|name| is_about(command, name));
        let about: Vec<&Command> = run.script.commands.iter().filter(names).collect();
        let changes = |command: &&Command| {
            let is_written = command.redirects.iter().any(|redirect| {
                let is_out = !matches!(redirect.kind, RedirectKind::Input | RedirectKind::HereString);
                is_out && stands_in(&redirect.target.text, base_name(&self.path))
            });
            is_written || command.name().is_none_or(|name| CHANGING.contains(&name))
        };
        (is_known && !about.is_empty() && !about.iter().any(changes)).then_some(true)
    }

    /// The ways a command may write the path.
    fn names_of(&self, facts: &Facts<'_>, index: usize) -> Vec<String> {
        let mut names = vec![self.path.clone()];
        if let Some(home) = self.path.strip_prefix("/root/") {
            names.extend([format!("~/{home}"), format!("$HOME/{home}"), format!("${{HOME}}/{home}")]);
        }
        let here = workdir(facts, index).and_then(|folder| {
            let inside = self.path.strip_prefix(folder.as_str())?;
            let relative = if folder == "/" { inside } else { inside.strip_prefix('/')? };
            Some(relative.to_owned())
        });
        names.extend(here);
        names
    }

    /// Whether a RUN calls a program that reads the file where it lies.
    fn is_read_unasked(&self, facts: &Facts<'_>, index: usize, run: &Run<'_>, file: &NotableFile) -> bool {
        let Some(key) = &file.key else { return false };
        let Some((kind, programs)) = READERS.iter().find(|(kind, _)| *kind == key.kind.id) else { return false };
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_here = workdir(facts, index).is_some_and(|workdir| workdir.trim_end_matches('/') == folder);
        let is_at_home = self.path.starts_with("/root/") || self.path.starts_with("/etc/");
        let is_found = match *kind {
            "npmrc" | "yarnrc" | "nuget-config" | "composer-auth" | "gradle-properties" => is_here || is_at_home,
            _ => is_at_home,
        };
        is_found && run.script.commands.iter().any(|c| c.name().is_some_and(|name| programs.contains(&name)))
    }
}

/// Whether a command has a path among its words, or as the end of one: `--config=/etc/pip.conf`, `@key`.
fn is_about(command: &Command, path: &str) -> bool {
    let is_it = |text: &str| {
        let at = text.rfind(path).filter(|at| at + path.len() == text.trim_end_matches(['"', '\'']).len());
        at.is_some_and(|at| {
            let before = text.get(..at).unwrap_or_default();
            before.is_empty() || before.ends_with(['=', '@', '"', '\'', ':', ',']) || before.ends_with("./")
        })
    };
    command.words.iter().any(|word| is_it(&word.text))
        || command.redirects.iter().any(|redirect| is_it(&redirect.target.text))
        || command.assignments.iter().any(|assignment| assignment.value.as_deref().is_some_and(is_it))
}

/// The mount, behind the keyword of a RUN. Whoever is not root gets it readable.
fn mount(facts: &Facts<'_>, index: usize, run: &Instruction, target: &Target) -> Option<Edit> {
    let user = chain_before(facts, index).filter(|(_, node)| node.keyword == Keyword::User).last();
    let user = user.and_then(|(at, node)| Some(facts.text_of(at, node.args.text()?)));
    let name = user.as_deref().and_then(|user| user.split(':').next());
    let mode = if name.is_none_or(|name| matches!(name, "" | "0" | "root")) { "" } else { ",mode=0444" };
    let Target { path, id } = target;
    (run.keyword == Keyword::Run)
        .then(|| edits::insert(run.keyword_word.span.end, format!(" --mount=type=secret,id={id},target={path}{mode}")))
}

/// Whether an instruction is over before another runs: it stands before it in its stage, or in a stage below.
fn is_before(facts: &Facts<'_>, index: usize, than: usize) -> bool {
    index < than && chain_before(facts, than).any(|(at, _)| at == index)
}

/// The instructions that a step stands on, oldest first: those of the stages below, and those before it in its own.
fn chain_before<'a>(facts: &Facts<'a>, index: usize) -> impl Iterator<Item = (usize, &'a Instruction)> {
    let dockerfile = facts.dockerfile;
    let stage = dockerfile.instructions.get(index).and_then(|node| node.stage);
    let chain = stage.map(|stage| dockerfile.stage_chain(stage)).unwrap_or_default();
    let stages = chain.into_iter().rev().filter_map(|stage| dockerfile.stages.get(stage));
    let instructions = stages.flat_map(|stage| stage.instructions.clone()).filter(move |at| *at < index);
    instructions.filter_map(|at| Some((at, dockerfile.instructions.get(at)?)))
}

/// The working directory at an instruction; `None` where it is the base image's.
fn workdir(facts: &Facts<'_>, index: usize) -> Option<String> {
    let no_variables = Env::default();
    let mut folder = None;
    for (at, node) in chain_before(facts, index).filter(|(_, node)| node.keyword == Keyword::Workdir) {
        let env = facts.environments.get(at).unwrap_or(&no_variables);
        let path = expand_word(&node.args.text()?.text, env, facts.dockerfile.escape).ok();
        folder = joined(folder.as_deref(), &path.filter(|path| path.missing.is_empty())?.text);
    }
    folder
}

/// A path from a folder on, cleaned; `None` for a relative one from a folder that is not known.
fn joined(folder: Option<&str>, path: &str) -> Option<String> {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", folder?) };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}
