use super::apt_lists_left::{is_needed_later, switches_clean_up_off};
use super::run::StageFact;
use super::{Facts, Reporter, Run, chain, edits};
use crate::dockerfile::{Base, Keyword, Lookup};
use crate::finding::Fix;
use crate::shell::{Command, Form};
use crate::text::{Edit, Span};

/// A program that keeps what it downloads for the next time.
struct Tool {
    /// Its programs, and what they are asked to do when they download; nothing for whatever it is.
    calls: &'static [(&'static str, &'static [&'static str])],
    /// Folders it keeps that in.
    folders: &'static [&'static str],
    /// The same in images whose name ends so, which put them somewhere else.
    elsewhere: Option<(&'static str, &'static [&'static str])>,
    /// Only in these images is it known where.
    is_known_there_only: bool,
    /// What else a mount needs to be told.
    option: &'static str,
    /// Options that switch the cache off.
    off: &'static [&'static str],
    /// The variable that does.
    switch: Option<&'static str>,
    /// What the programs are asked to do to empty it.
    clean: &'static [&'static str],
}

const TOOL: Tool = Tool {
    calls: &[],
    folders: &[],
    elsewhere: None,
    is_known_there_only: false,
    option: "",
    off: &[],
    switch: None,
    clean: &[],
};

static TOOLS: [Tool; 7] = [
    Tool {
        calls: &[("apt-get", &["install", "upgrade", "dist-upgrade"])],
        folders: &["/var/cache/apt", "/var/lib/apt"],
        // Two builds at a time would trip over apt's own locks.
        option: ",sharing=locked",
        clean: &["clean", "distclean"],
        ..TOOL
    },
    Tool {
        calls: &[("cargo", &["build", "install", "fetch", "test", "check", "clippy", "chef"])],
        folders: &["~/.cargo/registry", "~/.cargo/git/db"],
        elsewhere: Some(("rust", &["/usr/local/cargo/registry", "/usr/local/cargo/git/db"])),
        ..TOOL
    },
    Tool {
        calls: &[("gem", &["install"]), ("bundle", &["install", ""])],
        folders: &[],
        elsewhere: Some(("ruby", &["/usr/local/bundle/cache"])),
        is_known_there_only: true,
        ..TOOL
    },
    Tool {
        calls: &[("go", &["build", "install", "get", "mod", "test", "generate"])],
        folders: &["~/go/pkg/mod", "~/.cache/go-build"],
        elsewhere: Some(("golang", &["/go/pkg/mod", "~/.cache/go-build"])),
        clean: &["clean"],
        ..TOOL
    },
    Tool {
        calls: &[("npm", &["ci", "install", "i", "add", "clean-install"])],
        folders: &["~/.npm"],
        clean: &["cache"],
        ..TOOL
    },
    Tool {
        calls: &[("pip", &["install"]), ("pip3", &["install"])],
        folders: &["~/.cache/pip"],
        off: &["--no-cache-dir"],
        switch: Some("PIP_NO_CACHE_DIR"),
        clean: &["cache"],
        ..TOOL
    },
    Tool {
        calls: &[("yarn", &["install", "add", ""])],
        folders: &["/usr/local/share/.cache/yarn"],
        clean: &["cache"],
        ..TOOL
    },
];

/// What Debian's images have so that apt keeps no packages.
const DOCKER_CLEAN: &str = "rm -f /etc/apt/apt.conf.d/docker-clean";

/// Reports every RUN that downloads what a cache mount would keep for the next build, and every one whose mount is kept empty.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let mut keeps_packages = StageFact::default();
    for run in facts.runs().filter(|run| !run.is_trigger) {
        let keeps_packages = keeps_packages.of(facts, &run);
        let kept_before = *keeps_packages;
        *keeps_packages |= switches_clean_up_off(&run);
        if !edits::is_readable(run.script) || !is_root(facts, &run) {
            continue;
        }
        let mut mounts: Vec<String> = Vec::new();
        let mut undone: Vec<Option<Vec<Edit>>> = Vec::new();
        let (mut first, mut first_off) = (None, None);
        let mut unlocks = false;
        for tool in &TOOLS {
            let Some(use_) = Use::of(facts, &run, tool) else { continue };
            let new = use_.folders.iter().filter(|folder| !run.mounts_over(&[folder.as_str()]));
            let new: Vec<String> =
                new.map(|folder| format!("--mount=type=cache,target={folder}{}", tool.option)).collect();
            let is_new = !new.is_empty();
            if is_new || use_.off.is_some() {
                first = first.or(Some(use_.span));
                first_off = first_off.or(use_.off.filter(|_| !is_new));
                unlocks |= is_new && !tool.option.is_empty();
                undone.push(use_.undone);
                mounts.extend(new);
            }
        }
        let Some(call) = first else { continue };
        let text = facts.dockerfile.source.slice(call);
        let finding = match first_off.filter(|_| mounts.is_empty()) {
            Some(off) => report.at(off, "this keeps the cache that is mounted here empty").help("leave it out"),
            None => report
                .at(call, format!("`{text}` downloads in every build what a cache mount would keep for the next one"))
                .help(format!("give the RUN {}", mounts.join(" "))),
        };
        let unlocks = unlocks && !kept_before && !switches_clean_up_off(&run);
        let edits = undone.into_iter().collect::<Option<Vec<_>>>().and_then(|undone| {
            let mut edits: Vec<Edit> = undone.into_iter().flatten().collect();
            edits.extend(mounted(facts, &run, &mounts, unlocks)?);
            Some(edits)
        });
        let what = if mounts.is_empty() { "leave the mounted cache filled" } else { "mount a cache" };
        let mut finding = finding;
        finding.fix = edits.map(|edits| Fix::unsafe_(what, edits));
        report.push(finding);
    }
}

/// What a RUN does with a tool.
struct Use {
    /// The first call that downloads.
    span: Span,
    folders: Vec<String>,
    /// What keeps the cache empty, the first of it.
    off: Option<Span>,
    /// The edits that take all of that out; `None` where that cannot be done word for word.
    undone: Option<Vec<Edit>>,
}

impl Use {
    fn of(facts: &Facts<'_>, run: &Run<'_>, tool: &Tool) -> Option<Self> {
        let calls: Vec<&Command> = run.script.commands.iter().filter(|command| tool.is_call(command)).collect();
        let first = calls.first()?;
        let is_apt = !tool.option.is_empty();
        // Lists that another RUN has left in the image would be hidden by the mount.
        let has_lists =
            || run.script.commands.iter().any(|c| c.name() == Some("apt-get") && asked(c) == Some("update"));
        let is_off = tool.switch.is_some_and(|switch| {
            let by_env = run.env.and_then(|env| env.get(switch)).is_some();
            by_env || facts.dockerfile.source.slice(run.instruction.span).contains(switch)
        });
        if is_off || (is_apt && (!has_lists() || is_needed_later(facts, run))) {
            return None;
        }
        let folders = tool.folders_in(facts, run)?;
        let program = first.words.first()?.span;
        let verb = first.args().iter().find(|word| asked(first).is_some() && word.literal.as_deref() == asked(first));
        let span = verb.map_or(program, |verb| program.to(verb.span));
        let mut undone: Option<Vec<Edit>> = Some(Vec::new());
        let mut off: Option<Span> = None;
        let mut undo = |at: Span, edits: Option<Vec<Edit>>| {
            off = Some(off.map_or(at, |off| off.min(at)));
            undone = undone.take().zip(edits).map(|(all, more)| all.into_iter().chain(more).collect());
        };
        for call in calls {
            for (index, word) in call.words.iter().enumerate() {
                if tool.off.iter().any(|option| word.literal.as_deref() == Some(option)) {
                    undo(word.span, chain::without_words(call, &[index]));
                }
            }
        }
        for (index, command) in run.script.commands.iter().enumerate() {
            let is_clean = tool.calls.iter().any(|(program, _)| command.name() == Some(program))
                && asked(command).is_some_and(|asked| tool.clean.contains(&asked));
            if is_clean {
                undo(command.span, chain::without(facts, run, index).map(|edit| vec![edit]));
                continue;
            }
            let lists: &[&str] = if is_apt { &["/var/lib/apt/lists", "/var/cache/apt/archives"] } else { &[] };
            let emptied = folders.iter().map(String::as_str).chain(lists.iter().copied());
            let words = super::run::removed_words(command, &emptied.collect::<Vec<_>>());
            if let Some(word) = words.first().and_then(|index| command.words.get(*index)) {
                let others = command.operands(&[]).len() > words.len();
                let is_plain =
                    words.iter().all(|index| command.words.get(*index).is_some_and(|w| !w.text.contains('{')));
                let edits = match (command.name().filter(|_| is_plain), others) {
                    (Some("rm"), false) => chain::without(facts, run, index).map(|edit| vec![edit]),
                    (Some("rm"), true) => chain::without_words(command, &words),
                    _ => None,
                };
                undo(word.span, edits);
            }
        }
        // Commands side by side cannot be taken out one by one.
        let is_apart = |edits: &Vec<Edit>| {
            let mut spans: Vec<Span> = edits.iter().map(|edit| edit.span).collect();
            spans.sort();
            spans.windows(2).all(|pair| matches!(pair, [one, other] if one.end <= other.start))
        };
        Some(Self { span, folders, off, undone: undone.filter(is_apart) })
    }
}

impl Tool {
    fn is_call(&self, command: &Command) -> bool {
        let called = self.calls.iter().find(|(program, _)| command.name() == Some(program));
        // `--version` and the like.
        let is_about_itself = command.has_flag(&["--version", "--help"]);
        called.is_some_and(|(_, verbs)| verbs.contains(&asked(command).unwrap_or_default())) && !is_about_itself
    }

    /// The folders as this RUN has them.
    fn folders_in(&self, facts: &Facts<'_>, run: &Run<'_>) -> Option<Vec<String>> {
        let base = run.instruction.stage.and_then(|stage| facts.lowest(stage));
        let image = base.and_then(|stage| match facts.bases.get(stage.index) {
            Some(Base::Image(image)) => Some(image.split(['@', ':']).next()?.rsplit('/').next()?.to_owned()),
            _ => None,
        });
        let elsewhere = self.elsewhere.filter(|(name, _)| image.as_deref() == Some(name));
        if self.is_known_there_only && elsewhere.is_none() {
            return None;
        }
        let home = run.env.and_then(|env| env.get("HOME")).unwrap_or("/root");
        if !home.starts_with('/') || home.contains([',', ' ', '"', '\\', '$']) {
            return None;
        }
        let folders = elsewhere.map_or(self.folders, |(_, folders)| folders);
        Some(folders.iter().map(|folder| folder.replacen('~', home.trim_end_matches('/'), 1)).collect())
    }
}

/// What a program is asked to do: its first word that is no option.
fn asked(command: &Command) -> Option<&str> {
    command.subcommand(&["-o", "-c", "-t", "-C", "--prefix", "--cwd"])
}

/// Whether the RUN is root's, as far as the file tells.
fn is_root(facts: &Facts<'_>, run: &Run<'_>) -> bool {
    let Some(stage) = run.instruction.stage else { return false };
    let chain = facts.dockerfile.stage_chain(stage);
    let last = chain.into_iter().filter_map(|stage| facts.dockerfile.stages.get(stage)).find_map(|stage| {
        let users = facts.dockerfile.instructions_of(stage).filter(|(_, node)| node.keyword == Keyword::User);
        users.filter(|(_, node)| node.span.start < run.instruction.span.start).last()
    });
    let user = last.and_then(|(index, node)| Some(facts.text_of(index, node.args.text()?)));
    user.is_none_or(|user| matches!(user.split(':').next().map(str::trim), Some("root" | "0")))
}

/// The mounts in front of the code; with them, where apt would throw its packages away, the command that ends that.
fn mounted(facts: &Facts<'_>, run: &Run<'_>, mounts: &[String], unlocks: bool) -> Option<Vec<Edit>> {
    let at = run.instruction.args.text()?.span.start;
    let (escape, newline) = (facts.dockerfile.escape, edits::line_end(facts.dockerfile));
    let next = format!(" {escape}{newline}    ");
    let is_document = run.script.form == Form::Heredoc;
    let mut front = match mounts {
        [] => return Some(Vec::new()),
        // A marker stays on the line of its RUN.
        mounts if is_document => format!("{} ", mounts.join(" ")),
        [mount] if !unlocks => format!("{mount} "),
        mounts => format!("{}{next}", mounts.join(&next)),
    };
    let mut edits = Vec::new();
    if unlocks && is_document {
        let [document] = run.instruction.heredocs.as_slice() else { return None };
        let body = facts.dockerfile.source.slice(document.body_span);
        if body.starts_with("#!") {
            return None;
        }
        let indent = &body[..body.len() - body.trim_start_matches(['\t', ' ']).len()];
        edits.push(edits::insert(document.body_span.start, format!("{indent}{DOCKER_CLEAN}{newline}")));
    } else if unlocks {
        front += &format!("{DOCKER_CLEAN} &&{next}");
    }
    edits.push(edits::insert(at, front));
    Some(edits)
}
