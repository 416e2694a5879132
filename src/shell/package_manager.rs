//! The package managers whose command lines are read, and their options as their manuals list them.

use super::{Command, base_name};

/// A package manager. Programs that take the same commands are one: `apt`, `apt-get` and `aptitude`; `dnf` and `microdnf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Manager {
    Apk,
    Apt,
    Dnf,
    Gem,
    Go,
    Npm,
    Pip,
    Pipx,
    Yarn,
    Yum,
    Zypper,
}

/// What a package manager is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Install packages; for Go also to run them.
    Install,
    /// Install groups of packages.
    InstallGroup,
    /// Install modules: streams of packages.
    InstallModule,
    /// Refresh what is known of the repositories.
    Update,
    /// Install newer versions of what is there.
    Upgrade,
    /// Go to another release of the distribution.
    UpgradeRelease,
    /// Take packages away.
    Remove,
    /// Empty the caches.
    Clean,
    /// Something else.
    Other,
}

/// What the first word says of the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// All of it.
    Is(Task),
    /// The next word says it, of groups: `dnf group install`.
    OfGroups,
    /// Of modules: `dnf module install`.
    OfModules,
    /// Of a cache: `yarn cache clean`.
    OfCache,
    /// Of a global installation: `yarn global add`.
    OfGlobal,
}

/// How options are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OptionStyle {
    /// `-q`, `-qy`, `--quiet`.
    Clustered,
    /// `-quiet`.
    SingleDash,
}

/// The package manager a command calls, its program, and the index of the first word after it; `None` for other
/// commands.
pub(super) fn manager_of(command: &Command) -> Option<(Manager, String, usize)> {
    let name = command.name()?;
    if name.starts_with("python") || name.starts_with("pypy") {
        return python_module(command);
    }
    manager_named(name).map(|manager| (manager, name.to_owned(), 1))
}

/// `python -m pip`, with options of Python's own before.
fn python_module(command: &Command) -> Option<(Manager, String, usize)> {
    let words = || command.words.iter().enumerate().map(|(i, word)| (i, word.literal.as_deref().unwrap_or_default()));
    let (at, _) = words().skip(1).find(|(_, word)| *word == "-m" || !word.starts_with('-'))?;
    let (_, flag) = words().nth(at)?;
    let (_, module) = words().nth(at + 1).filter(|_| flag == "-m")?;
    let manager = matches!(module, "pip" | "pipx").then(|| manager_named(module)).flatten()?;
    Some((manager, module.to_owned(), at + 2))
}

fn manager_named(name: &str) -> Option<Manager> {
    // `pip3.11`, `gem2.7`: a version behind the name.
    let is_versioned = |base: &str| {
        name.strip_prefix(base).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-')))
    };
    Some(match base_name(name) {
        "apk" => Manager::Apk,
        "apt-get" | "apt" | "aptitude" => Manager::Apt,
        "dnf" | "dnf5" | "microdnf" => Manager::Dnf,
        "go" => Manager::Go,
        "npm" => Manager::Npm,
        "pipx" => Manager::Pipx,
        "yarn" | "yarnpkg" => Manager::Yarn,
        "yum" => Manager::Yum,
        "zypper" => Manager::Zypper,
        _ if is_versioned("pip") => Manager::Pip,
        _ if is_versioned("gem") => Manager::Gem,
        _ => return None,
    })
}

impl Verb {
    /// The task, with the word that follows this one, which only some verbs need.
    pub(super) fn with(self, next: &str) -> Task {
        match (self, next) {
            (Self::Is(task), _) => task,
            (Self::OfGroups, "install") => Task::InstallGroup,
            (Self::OfModules, "install") => Task::InstallModule,
            (Self::OfCache, "clean" | "purge") => Task::Clean,
            (Self::OfGlobal, "add") => Task::Install,
            _ => Task::Other,
        }
    }
}

impl Manager {
    /// What the first word that is no option asks for; empty when there is none.
    pub(super) fn verb(self, verb: &str) -> Verb {
        Verb::Is(match (self, verb) {
            (Self::Apk, "add") => Task::Install,
            (Self::Apk, "update") => Task::Update,
            (Self::Apk, "upgrade" | "fix") => Task::Upgrade,
            (Self::Apk, "del") => Task::Remove,
            (Self::Apk, "cache") => return Verb::OfCache,
            (Self::Apt, "install" | "reinstall" | "build-dep") => Task::Install,
            (Self::Apt, "update") => Task::Update,
            (Self::Apt, "upgrade" | "safe-upgrade" | "full-upgrade" | "dist-upgrade") => Task::Upgrade,
            (Self::Apt, "remove" | "purge" | "autoremove" | "autopurge") => Task::Remove,
            (Self::Apt, "clean" | "distclean" | "dist-clean") => Task::Clean,
            (
                Self::Dnf | Self::Yum,
                "install" | "in" | "localinstall" | "install-n" | "install-na" | "install-nevra",
            ) => Task::Install,
            (Self::Dnf | Self::Yum, "groupinstall") => Task::InstallGroup,
            (Self::Dnf | Self::Yum, "group" | "groups" | "grp") => return Verb::OfGroups,
            (Self::Dnf | Self::Yum, "module") => return Verb::OfModules,
            (Self::Dnf | Self::Yum, "makecache" | "check-update") => Task::Update,
            (
                Self::Dnf | Self::Yum,
                "upgrade" | "up" | "update" | "upgrade-minimal" | "up-min" | "update-minimal" | "upgrade-to"
                | "update-to",
            ) => Task::Upgrade,
            (Self::Dnf | Self::Yum, "distro-sync" | "dsync" | "system-upgrade") => Task::UpgradeRelease,
            (Self::Dnf | Self::Yum, "remove" | "rm" | "erase" | "autoremove") => Task::Remove,
            (Self::Dnf | Self::Yum, "clean") => Task::Clean,
            (Self::Gem, "install" | "i") => Task::Install,
            (Self::Gem, "update") => Task::Upgrade,
            (Self::Go, "install" | "get" | "run") => Task::Install,
            (Self::Go, "clean") => Task::Clean,
            (Self::Npm, "install" | "i" | "in" | "ins" | "inst" | "isntall" | "add") => Task::Install,
            (Self::Npm, "update" | "up" | "upgrade") => Task::Upgrade,
            (Self::Npm, "cache") => return Verb::OfCache,
            (Self::Pip | Self::Pipx, "install") => Task::Install,
            (Self::Pip, "uninstall") => Task::Remove,
            (Self::Pip, "cache") => return Verb::OfCache,
            (Self::Yarn, "" | "install" | "add") => Task::Install,
            (Self::Yarn, "global") => return Verb::OfGlobal,
            (Self::Yarn, "cache") => return Verb::OfCache,
            (Self::Zypper, "install" | "in") => Task::Install,
            (Self::Zypper, "refresh" | "ref") => Task::Update,
            (Self::Zypper, "update" | "up" | "patch") => Task::Upgrade,
            (Self::Zypper, "dist-upgrade" | "dup") => Task::UpgradeRelease,
            (Self::Zypper, "remove" | "rm") => Task::Remove,
            (Self::Zypper, "clean" | "cc") => Task::Clean,
            _ => Task::Other,
        })
    }

    pub(super) fn option_style(self) -> OptionStyle {
        if self == Self::Go { OptionStyle::SingleDash } else { OptionStyle::Clustered }
    }

    /// Options whose value may be the next word.
    #[rustfmt::skip]
    pub(super) fn value_options(self) -> &'static [&'static str] {
        match self {
            Self::Apk => &[
                "-t", "--virtual", "-X", "--repository", "-p", "--root", "--arch", "--cache-dir", "--cache-max-age",
                "--keys-dir", "--progress-fd", "--repositories-file", "--timeout", "--wait",
            ],
            Self::Apt => &[
                "-t", "--target-release", "--default-release", "-o", "--option", "-c", "--config-file", "-a",
                "--host-architecture", "-P", "--build-profiles", "--solver", "--planner",
            ],
            Self::Dnf | Self::Yum => &[
                "-c", "--config", "-d", "--debuglevel", "-e", "--errorlevel", "-R", "--randomwait", "-x", "--exclude",
                "--excludepkgs", "--repo", "--repoid", "--enablerepo", "--enable-repo", "--disablerepo", "--disable-repo",
                "--repofrompath", "--from-repo", "--installroot", "--releasever", "--setopt", "--setvar", "--disableexcludes",
                "--disableexcludepkgs", "--downloaddir", "--destdir", "--comment", "--forcearch", "--enableplugin",
                "--disableplugin", "--advisory", "--bz", "--cve", "--sec-severity", "--color", "--rpmverbosity",
            ],
            Self::Gem => &[
                "-v", "--version", "-i", "--install-dir", "-n", "--bindir", "-s", "--source", "-P", "--trust-policy",
                "--platform", "--build-root", "-g", "--file", "-B", "--bulk-threshold", "-p", "--http-proxy",
                "--config-file", "--target-rbconfig",
            ],
            Self::Go => &[
                "-C", "-asmflags", "-buildmode", "-buildvcs", "-compiler", "-covermode", "-coverpkg", "-exec", "-gccgoflags",
                "-gcflags", "-installsuffix", "-ldflags", "-mod", "-modfile", "-o", "-overlay", "-p", "-pgo", "-pkgdir",
                "-tags", "-toolexec",
            ],
            Self::Npm => &[
                "--registry", "--prefix", "-C", "--loglevel", "--cache", "--userconfig", "--globalconfig", "-w", "--workspace",
                "--omit", "--include", "--only", "--tag", "--install-strategy", "--cpu", "--os", "--libc", "--before",
                "--fetch-retries", "--fetch-retry-factor", "--fetch-retry-mintimeout", "--fetch-retry-maxtimeout",
                "--fetch-timeout", "--network-timeout", "--maxsockets", "--proxy", "--https-proxy", "--noproxy", "--scope",
                "--script-shell", "--cafile", "--ca", "--cert", "--key", "--user-agent", "--python", "--user", "--umask",
                "--node-options", "--otp", "--target", "--arch", "--runtime", "--disturl", "--dist-url",
            ],
            Self::Pip => &[
                "-r", "--requirement", "-c", "--constraint", "--build-constraint", "-e", "--editable", "-t", "--target",
                "--platform", "--python-version", "--implementation", "--abi", "--root", "--prefix", "--src", "-b", "--build",
                "--upgrade-strategy", "-C", "--config-settings", "--global-option", "--install-option", "--build-option",
                "--no-binary", "--only-binary", "--progress-bar", "--root-user-action", "--report", "--group", "-i",
                "--index-url", "--pypi-url", "--extra-index-url", "-f", "--find-links", "--python", "--log", "--log-file", "--proxy",
                "--retries", "--timeout", "--default-timeout", "--exists-action", "--trusted-host", "--cert", "--client-cert",
                "--cache-dir", "--download-cache", "-d", "--download", "--use-feature", "--use-deprecated",
                "--keyring-provider", "--uploaded-prior-to",
            ],
            Self::Pipx => &[
                "--python", "--suffix", "-i", "--index-url", "--pip-args", "--preinstall", "--backend", "--fetch-missing-python",
            ],
            Self::Yarn => &[
                "--cache-folder", "--cwd", "--global-folder", "--https-proxy", "--link-folder", "--modules-folder", "--mutex",
                "--network-concurrency", "--network-timeout", "--otp", "--preferred-cache-folder", "--prefix", "--proxy",
                "--registry", "--use-yarnrc", "--mode",
            ],
            Self::Zypper => &[
                "-r", "--repo", "--from", "-t", "--type", "-R", "--root", "--installroot", "-c", "--config", "-D", "--reposd-dir",
                "-C", "--cache-dir", "--pkg-cache-dir", "--raw-cache-dir", "--solv-cache-dir", "--releasever", "-p",
                "--plus-repo", "--plus-content", "--userdata", "--download", "--solver-focus",
            ],
        }
    }
}
