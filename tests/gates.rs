//! Every gate, trigger and parameter of the 2017 tool: a policy line, an image that it must find something in, and one
//! that it must find nothing in.

use std::collections::BTreeSet;
use std::path::Path;

use dockgate::check::{Build, ImageRequest, Request, run};
use dockgate::dockerfile::BuildOptions;
use dockgate::image::ImageReference;
use dockgate::policy::{Date, Policy};
use dockgate::rule::{self, Phase, Rule};
use dockgate::text::SourceText;
use serde_json::{Value, json};

use crate::images::{Entry, Step, docker_archive};

/// An image and what is known of it: its base, what its own layer changes, and the Dockerfile.
#[derive(Clone, Copy, Default)]
struct Made {
    base: &'static [Entry],
    own: &'static [Entry],
    /// Without one, `FROM` a tagged base and one `RUN`.
    dockerfile: Option<&'static str>,
    /// The image is judged alone.
    is_alone: bool,
    /// Content of the one layer of the base given beside the image.
    newer_base: Option<&'static [Entry]>,
}

/// A policy line and the two images.
struct Row {
    line: &'static str,
    fires: Made,
    silent: Made,
}

const fn own(entries: &'static [Entry]) -> Made {
    Made { base: &[], own: entries, dockerfile: None, is_alone: false, newer_base: None }
}

const fn over(base: &'static [Entry], own: &'static [Entry]) -> Made {
    Made { base, own, dockerfile: None, is_alone: false, newer_base: None }
}

const fn built_from(dockerfile: &'static str) -> Made {
    Made { base: &[], own: &[], dockerfile: Some(dockerfile), is_alone: false, newer_base: None }
}

const fn with_newer_base(newer_base: &'static [Entry]) -> Made {
    Made { base: SETUID, own: &[], dockerfile: None, is_alone: false, newer_base: Some(newer_base) }
}

const ALONE: Made = Made { base: &[], own: &[], dockerfile: None, is_alone: true, newer_base: None };

const SETUID: &[Entry] = &[("bin/su", 0o4755, Some("su"))];
const PLAIN: &[Entry] = &[("bin/su", 0o755, Some("su"))];

const STATUS: &str = "var/lib/dpkg/status";
const CURL: Entry = (STATUS, 0o644, Some("Package: curl\nStatus: install ok installed\nVersion: 7.88-1\n\n"));
const NEWER_CURL: Entry = (STATUS, 0o644, Some("Package: curl\nStatus: install ok installed\nVersion: 1:7.10\n\n"));
const NO_PACKAGE: Entry = (STATUS, 0o644, Some(""));

const CURLS_LICENCE: Entry = (
    "usr/share/doc/curl/copyright",
    0o644,
    Some("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: curl\n"),
);
const NPM: &[Entry] = &[(
    "app/node_modules/left-pad/package.json",
    0o644,
    Some(r#"{"name": "left-pad", "version": "1.3.0", "license": "GPL-3.0-only"}"#),
)];
const NEWER_NPM: &[Entry] =
    &[("app/node_modules/left-pad/package.json", 0o644, Some(r#"{"name": "left-pad", "version": "1.3.1"}"#))];
const GEM: &[Entry] =
    &[("usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec", 0o644, Some("# stub: rake 13.0.6 ruby lib\n"))];

const PASSWD: &[Entry] =
    &[("etc/passwd", 0o644, Some("root:x:0:0:root:/root:/bin/bash\napp:x:10001:20:App:/app:/usr/sbin/nologin\n"))];
const KEY: &[Entry] = &[("root/.ssh/id_rsa", 0o600, Some("-----BEGIN RSA PRIVATE KEY-----\n"))];
const NO_KEY: &[Entry] = &[("root/.ssh/id_rsa.pub", 0o644, Some("x -----BEGIN RSA PRIVATE KEY-----\n"))];

const LICENCES: Entry = (
    "usr/share/doc/curl/copyright",
    0o644,
    Some("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-3+\n"),
);
const PROSE: Entry =
    ("usr/share/doc/curl/copyright", 0o644, Some("Made by A.\n\nLicense: GPL-3, in /usr/share/common-licenses\n"));
const LICENSED_NPM: Entry = (
    "app/node_modules/left-pad/package.json",
    0o644,
    Some(r#"{"name": "left-pad", "version": "1.3.0", "license": "MIT"}"#),
);

/// A trigger, and its parameters.
type Trigger = (&'static str, &'static [&'static str]);

/// Every gate of the 2017 tool with its triggers and the parameters of each, as its help lists them.
const OF_2017: &[(&str, &[Trigger])] = &[
    (
        "ANCHORESEC",
        &[
            ("FEEDOUTOFDATE", &["MAXAGE"]),
            ("UNSUPPORTEDDISTRO", &[]),
            ("VULNCRITICAL", &[]),
            ("VULNHIGH", &[]),
            ("VULNLOW", &[]),
            ("VULNMEDIUM", &[]),
            ("VULNUNKNOWN", &[]),
        ],
    ),
    (
        "DOCKERFILECHECK",
        &[
            ("EXPOSE", &["ALLOWEDPORTS", "DENIEDPORTS"]),
            ("FROMSCRATCH", &[]),
            ("NODOCKERFILE", &[]),
            ("NOFROM", &[]),
            ("NOHEALTHCHECK", &[]),
            ("NOTAG", &[]),
            ("SUDO", &[]),
            ("VOLUMEPRESENT", &[]),
        ],
    ),
    ("FILECHECK", &[("CONTENTMATCH", &["FILECHECK_CONTENTREGEXP"]), ("FILENAMEMATCH", &["FILECHECK_NAMEREGEXP"])]),
    (
        "FILEPARSE_PASSWD",
        &[
            ("FILENOTSTORED", &[]),
            ("GROUPIDMATCH", &["GROUPIDBLACKLIST"]),
            ("PENTRYMATCH", &["PENTRYBLACKLIST"]),
            ("SHELLMATCH", &["SHELLBLACKLIST"]),
            ("USERIDMATCH", &["USERIDBLACKLIST"]),
            ("USERNAMEMATCH", &["USERNAMEBLACKLIST"]),
        ],
    ),
    (
        "GEMCHECK",
        &[
            ("GEMBADVERSION", &[]),
            ("GEMNOFEED", &[]),
            ("GEMNOTLATEST", &[]),
            ("GEMNOTOFFICIAL", &[]),
            ("GEMPKGFULLMATCH", &["BLACKLIST_GEMFULLMATCH"]),
            ("GEMPKGNAMEMATCH", &["BLACKLIST_GEMNAMEMATCH"]),
        ],
    ),
    ("IMAGECHECK", &[("BASEOUTOFDATE", &[])]),
    ("LICBLACKLIST", &[("LICFULLMATCH", &["LICBLACKLIST_FULLMATCH"]), ("LICSUBMATCH", &["LICBLACKLIST_SUBMATCH"])]),
    (
        "NPMCHECK",
        &[
            ("NPMBADVERSION", &[]),
            ("NPMNOFEED", &[]),
            ("NPMNOTLATEST", &[]),
            ("NPMNOTOFFICIAL", &[]),
            ("NPMPKGFULLMATCH", &["BLACKLIST_NPMFULLMATCH"]),
            ("NPMPKGNAMEMATCH", &["BLACKLIST_NPMNAMEMATCH"]),
        ],
    ),
    ("PKGBLACKLIST", &[("PKGFULLMATCH", &["BLACKLIST_FULLMATCH"]), ("PKGNAMEMATCH", &["BLACKLIST_NAMEMATCH"])]),
    ("PKGCHECK", &[("PKGNOTPRESENT", &["PKGFULLMATCH", "PKGNAMEMATCH", "PKGVERSMATCH"])]),
    ("PKGDIFF", &[("PKGADD", &[]), ("PKGDEL", &[]), ("PKGDIFF", &[]), ("PKGVERSIONDIFF", &[])]),
    (
        "SECRETCHECK",
        &[("CONTENTMATCH", &["SECRETCHECK_CONTENTREGEXP"]), ("FILENAMEMATCH", &["SECRETCHECK_NAMEREGEXP"])],
    ),
    ("SUIDDIFF", &[("SUIDDIFF", &[]), ("SUIDFILEADD", &[]), ("SUIDFILEDEL", &[]), ("SUIDMODEDIFF", &[])]),
];

const ROWS: &[Row] = &[
    Row {
        line: "DOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS=22",
        fires: built_from("FROM a:1\nEXPOSE 80\n"),
        silent: built_from("FROM a:1\nEXPOSE 22\n"),
    },
    Row {
        line: "DOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS=",
        fires: built_from("FROM a:1\nEXPOSE 80\n"),
        silent: built_from("FROM a:1\n"),
    },
    Row {
        line: "DOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS=80",
        fires: built_from("FROM a:1\nARG P\nEXPOSE $P\n"),
        silent: built_from("FROM a:1\nARG P=80\nEXPOSE $P\n"),
    },
    Row {
        line: "DOCKERFILECHECK:EXPOSE:STOP:DENIEDPORTS=ALL",
        fires: built_from("FROM a:1\nARG P\nEXPOSE $P\n"),
        silent: built_from("FROM a:1\nARG P\n"),
    },
    Row { line: "dockerfilecheck:notag:stop", fires: built_from("FROM a\n"), silent: built_from("FROM a:1\n") },
    Row {
        line: "PKGBLACKLIST:PKGNAMEMATCH:STOP:BLACKLIST_NAMEMATCH=curl BLACKLIST_NAMEMATCH=tar",
        fires: own(&[CURL]),
        silent: own(&[NO_PACKAGE]),
    },
    Row {
        line: "PKGBLACKLIST:PKGNAMEMATCH:STOP\nPKGBLACKLIST:PKGFULLMATCH:GO:BLACKLIST_FULLMATCH=tar|1 BLACKLIST_NAMEMATCH=curl",
        fires: own(&[CURL]),
        silent: own(&[NO_PACKAGE]),
    },
    Row { line: "PKGCHECK:PKGNOTPRESENT:STOP:PKGNAMEMATCH=curl|9", fires: own(&[NO_PACKAGE]), silent: own(&[CURL]) },
    Row {
        line: "LICBLACKLIST:LICSUBMATCH:STOP:LICBLACKLIST_SUBMATCH=GPL-3+",
        fires: own(&[CURL, LICENCES]),
        silent: own(&[CURL, CURLS_LICENCE]),
    },
    Row {
        line: "LICBLACKLIST:LICFULLMATCH:STOP:LICBLACKLIST_FULLMATCH=GPL-3",
        fires: own(&[CURL, PROSE]),
        silent: own(&[CURL, CURLS_LICENCE]),
    },
    Row {
        line: "LICBLACKLIST:LICFULLMATCH:WARN:LICBLACKLIST_FULLMATCH=Unknown",
        fires: own(&[CURL, LICENSED_NPM]),
        silent: own(&[CURL, CURLS_LICENCE, LICENSED_NPM]),
    },
    Row {
        line: "PKGBLACKLIST:PKGNAMEMATCH:STOP:BLACKLIST_NAMEMATCH=curl",
        fires: own(&[("var/lib/pacman/local/curl-8.0-1/desc", 0o644, Some("%NAME%\ncurl\n"))]),
        silent: own(&[NO_PACKAGE]),
    },
    Row {
        line: "DOCKERFILECHECK:EXPOSE:STOP:DENIEDPORTS=22",
        fires: built_from("FROM a:1\nEXPOSE 22/tcp\n"),
        silent: built_from("FROM a:1\nEXPOSE 2222\n"),
    },
    Row {
        line: "DOCKERFILECHECK:EXPOSE:STOP:DENIEDPORTS=ALL",
        fires: built_from("FROM a:1\nEXPOSE 80\n"),
        silent: built_from("FROM a:1\n"),
    },
    Row {
        line: "DOCKERFILECHECK:EXPOSE:WARN:ALLOWEDPORTS=80,443",
        fires: built_from("FROM a:1\nEXPOSE 80 8080\n"),
        silent: built_from("FROM a:1\nEXPOSE 80 443\n"),
    },
    Row {
        line: "DOCKERFILECHECK:EXPOSE:WARN:ALLOWEDPORTS=NONE",
        fires: built_from("FROM a:1\nEXPOSE 80\n"),
        silent: built_from("FROM a:1\n"),
    },
    Row { line: "DOCKERFILECHECK:NOFROM:STOP", fires: built_from("RUN make\n"), silent: built_from("FROM a:1\n") },
    Row {
        line: "DOCKERFILECHECK:FROMSCRATCH:WARN",
        fires: built_from("FROM scratch\nCOPY a /\n"),
        silent: built_from("FROM a:1\n"),
    },
    Row { line: "DOCKERFILECHECK:NOTAG:STOP", fires: built_from("FROM a\n"), silent: built_from("FROM a:1\n") },
    Row { line: "DOCKERFILECHECK:NOTAG:STOP", fires: built_from("FROM a:latest\n"), silent: built_from("FROM a:1\n") },
    Row {
        line: "DOCKERFILECHECK:SUDO:GO",
        fires: built_from("FROM a:1\nRUN sudo make\n"),
        silent: built_from("FROM a:1\nRUN make\n"),
    },
    Row {
        line: "DOCKERFILECHECK:VOLUMEPRESENT:WARN",
        fires: built_from("FROM a:1\nVOLUME /data\n"),
        silent: built_from("FROM a:1\n"),
    },
    Row {
        line: "DOCKERFILECHECK:NOHEALTHCHECK:WARN",
        fires: built_from("FROM a:1\n"),
        silent: built_from("FROM a:1\nHEALTHCHECK CMD true\n"),
    },
    Row { line: "DOCKERFILECHECK:NODOCKERFILE:WARN", fires: ALONE, silent: built_from("FROM a:1\n") },
    Row {
        line: "FILECHECK:CONTENTMATCH:STOP:FILECHECK_CONTENTREGEXP=-----BEGIN.*PRIVATE KEY-----",
        fires: own(KEY),
        silent: own(NO_KEY),
    },
    Row {
        line: "FILECHECK:FILENAMEMATCH:STOP:FILECHECK_NAMEREGEXP=.*/.ssh/id_rsa$",
        fires: own(KEY),
        silent: own(NO_KEY),
    },
    Row { line: "SECRETCHECK:CONTENTMATCH:STOP", fires: own(KEY), silent: own(&[("a", 0o644, Some("key"))]) },
    Row {
        line: "SECRETCHECK:CONTENTMATCH:STOP:SECRETCHECK_CONTENTREGEXP=PRIV_KEY",
        fires: own(KEY),
        silent: own(&[("a", 0o644, Some("-----BEGIN CERTIFICATE-----"))]),
    },
    Row {
        line: "SECRETCHECK:CONTENTMATCH:STOP:SECRETCHECK_CONTENTREGEXP=NO_SUCH=.*nothing|MY_OWN=.*pass=.*",
        fires: own(&[("a", 0o644, Some("my pass=1"))]),
        silent: own(KEY),
    },
    Row { line: "SECRETCHECK:FILENAMEMATCH:STOP", fires: own(KEY), silent: own(NO_KEY) },
    Row {
        line: "SECRETCHECK:FILENAMEMATCH:STOP:SECRETCHECK_NAMEREGEXP=/nothing|/root/.ssh/id_rsa$",
        fires: own(KEY),
        silent: own(NO_KEY),
    },
    Row { line: "SUIDDIFF:SUIDFILEADD:STOP", fires: over(&[], SETUID), silent: over(SETUID, SETUID) },
    Row {
        line: "SUIDDIFF:SUIDFILEADD:STOP:SETGID=true",
        fires: over(&[], &[("bin/wall", 0o2755, Some("wall"))]),
        silent: over(&[], PLAIN),
    },
    Row { line: "SUIDDIFF:SUIDFILEDEL:GO", fires: over(SETUID, PLAIN), silent: over(SETUID, &[]) },
    Row {
        line: "SUIDDIFF:SUIDMODEDIFF:STOP",
        fires: over(SETUID, &[("bin/su", 0o4711, Some("su"))]),
        silent: over(SETUID, PLAIN),
    },
    Row { line: "SUIDDIFF:SUIDDIFF:WARN", fires: over(SETUID, PLAIN), silent: over(SETUID, KEY) },
    Row { line: "PKGDIFF:PKGADD:WARN", fires: over(&[NO_PACKAGE], &[CURL]), silent: over(&[CURL], &[CURL]) },
    Row { line: "PKGDIFF:PKGDEL:WARN", fires: over(&[CURL], &[NO_PACKAGE]), silent: over(&[NO_PACKAGE], &[CURL]) },
    Row { line: "PKGDIFF:PKGVERSIONDIFF:STOP", fires: over(&[CURL], &[NEWER_CURL]), silent: over(&[CURL], &[]) },
    Row { line: "PKGDIFF:PKGDIFF:GO", fires: over(&[CURL], &[NEWER_CURL]), silent: over(&[CURL], &[CURL]) },
    Row {
        line: "PKGCHECK:PKGNOTPRESENT:STOP:PKGFULLMATCH=curl|7.88-1",
        fires: own(&[NEWER_CURL]),
        silent: own(&[CURL]),
    },
    Row {
        line: "PKGCHECK:PKGNOTPRESENT:STOP:PKGFULLMATCH=curl|7.88-1",
        fires: own(&[NO_PACKAGE]),
        silent: own(&[CURL]),
    },
    Row { line: "PKGCHECK:PKGNOTPRESENT:WARN:PKGNAMEMATCH=curl", fires: own(&[NO_PACKAGE]), silent: own(&[CURL]) },
    Row { line: "PKGCHECK:PKGNOTPRESENT:STOP:PKGVERSMATCH=curl|8.0", fires: own(&[CURL]), silent: own(&[NEWER_CURL]) },
    Row {
        line: "PKGBLACKLIST:PKGFULLMATCH:STOP:BLACKLIST_FULLMATCH=tar|1,curl|7.88-1",
        fires: own(&[CURL]),
        silent: own(&[NEWER_CURL]),
    },
    Row {
        line: "PKGBLACKLIST:PKGNAMEMATCH:STOP:BLACKLIST_NAMEMATCH=tar,curl",
        fires: own(&[CURL]),
        silent: own(&[NO_PACKAGE]),
    },
    Row {
        line: "LICBLACKLIST:LICFULLMATCH:STOP:LICBLACKLIST_FULLMATCH=MIT,GPL-3",
        fires: own(NPM),
        silent: own(&[CURL, CURLS_LICENCE]),
    },
    Row {
        line: "LICBLACKLIST:LICSUBMATCH:STOP:LICBLACKLIST_SUBMATCH=GPL",
        fires: own(NPM),
        silent: own(&[CURL, CURLS_LICENCE]),
    },
    Row { line: "LICBLACKLIST:LICFULLMATCH:WARN:LICBLACKLIST_FULLMATCH=MIT", fires: own(&[CURL]), silent: own(NPM) },
    Row {
        line: "NPMCHECK:NPMPKGFULLMATCH:STOP:BLACKLIST_NPMFULLMATCH=left-pad|1.3.0",
        fires: own(NPM),
        silent: own(GEM),
    },
    Row {
        line: "NPMCHECK:NPMPKGFULLMATCH:STOP:BLACKLIST_NPMFULLMATCH=left-pad|1.3.1",
        fires: own(NEWER_NPM),
        silent: own(NPM),
    },
    Row { line: "NPMCHECK:NPMPKGNAMEMATCH:STOP:BLACKLIST_NPMNAMEMATCH=left-pad", fires: own(NPM), silent: own(GEM) },
    Row { line: "NPMCHECK:NPMNOTLATEST:WARN", fires: own(NPM), silent: own(GEM) },
    Row { line: "NPMCHECK:NPMNOTOFFICIAL:STOP", fires: own(NPM), silent: own(GEM) },
    Row { line: "NPMCHECK:NPMBADVERSION:GO", fires: own(NPM), silent: own(GEM) },
    Row { line: "NPMCHECK:NPMNOFEED:GO", fires: own(NPM), silent: own(GEM) },
    Row { line: "GEMCHECK:GEMPKGFULLMATCH:STOP:BLACKLIST_GEMFULLMATCH=rake|13.0.6", fires: own(GEM), silent: own(NPM) },
    Row { line: "GEMCHECK:GEMPKGNAMEMATCH:STOP:BLACKLIST_GEMNAMEMATCH=rake", fires: own(GEM), silent: own(NPM) },
    Row { line: "GEMCHECK:GEMNOTLATEST:WARN", fires: own(GEM), silent: own(NPM) },
    Row { line: "GEMCHECK:GEMNOTOFFICIAL:STOP", fires: own(GEM), silent: own(NPM) },
    Row { line: "GEMCHECK:GEMBADVERSION:GO", fires: own(GEM), silent: own(NPM) },
    Row { line: "GEMCHECK:GEMNOFEED:GO", fires: own(GEM), silent: own(NPM) },
    Row { line: "IMAGECHECK:BASEOUTOFDATE:WARN", fires: with_newer_base(PLAIN), silent: with_newer_base(SETUID) },
    Row { line: "IMAGECHECK:BASEOUTOFDATE:WARN", fires: over(SETUID, &[]), silent: with_newer_base(SETUID) },
    Row { line: "FILEPARSE_PASSWD:FILENOTSTORED:GO", fires: own(PLAIN), silent: own(PASSWD) },
    Row {
        line: "FILEPARSE_PASSWD:USERNAMEMATCH:STOP:USERNAMEBLACKLIST=games,app",
        fires: own(PASSWD),
        silent: own(&[("etc/passwd", 0o644, Some("apps:x:1:1::/:/bin/sh\n"))]),
    },
    Row {
        line: "FILEPARSE_PASSWD:USERIDMATCH:STOP:USERIDBLACKLIST=10001",
        fires: own(PASSWD),
        silent: own(&[("etc/passwd", 0o644, Some("app:x:100:10001::/:/bin/sh\n"))]),
    },
    Row {
        line: "FILEPARSE_PASSWD:GROUPIDMATCH:STOP:GROUPIDBLACKLIST=20",
        fires: own(PASSWD),
        silent: own(&[("etc/passwd", 0o644, Some("app:x:20:100::/:/bin/sh\n"))]),
    },
    Row {
        line: "FILEPARSE_PASSWD:SHELLMATCH:STOP:SHELLBLACKLIST=/bin/bash",
        fires: own(PASSWD),
        silent: own(&[("etc/passwd", 0o644, Some("app:x:20:100::/:/bin/sh\n"))]),
    },
    Row {
        line: "FILEPARSE_PASSWD:PENTRYMATCH:STOP:PENTRYBLACKLIST=app:x:10001:20:App:/app:/usr/sbin/nologin",
        fires: own(PASSWD),
        silent: own(&[("etc/passwd", 0o644, Some("app:x:10001:20:App:/app:/bin/sh\n"))]),
    },
];

/// Without vulnerability data no line finds nothing; `feeds.rs` has the rows with data.
const NEVER_SILENT: &str = "ANCHORESEC:";

impl Made {
    fn write(&self, folder: &Path) -> Option<std::sync::Arc<SourceText>> {
        let run = json!({ "ExposedPorts": { "22/tcp": {}, "80/tcp": {}, "8080/tcp": {} } });
        let layer = |entries: &[Entry]| Some(entries.to_vec());
        let base = |entries| Step { created_by: "/bin/sh -c #(nop) ADD file:01 in / ", layer: layer(entries) };
        let own = Step { created_by: "RUN /bin/sh -c make # buildkit", layer: layer(self.own) };
        docker_archive(&folder.join("image.tar"), &[base(self.base), own], &run);
        if let Some(entries) = self.newer_base {
            docker_archive(&folder.join("base.tar"), &[base(entries)], &json!({}));
        }
        let text = self.dockerfile.unwrap_or("FROM example.test/base:1\nRUN make\n");
        (!self.is_alone).then(|| SourceText::new("Dockerfile", text))
    }

    /// Trigger, action and message of each finding.
    fn judged(&self, line: &str) -> Vec<(String, String, String)> {
        self.judged_by("gate.policy", line)
    }

    fn judged_by(&self, name: &str, line: &str) -> Vec<(String, String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let dockerfile = self.write(folder.path());
        let policy = Policy::parse(&SourceText::new(name, line)).unwrap_or_else(|e| panic!("{line}: {e}"));
        let reference = |name: &str| {
            ImageReference::parse(&format!("docker-archive:{}", folder.path().join(name).display())).unwrap()
        };
        let builds = dockerfile.map(|text| Build::alone(text, BuildOptions::default())).into_iter().collect();
        let request = Request {
            image: Some(ImageRequest {
                reference: reference("image.tar"),
                base: self.newer_base.map(|_| reference("base.tar")),
                previous: None,
            }),
            ..Request::new(builds, &policy, Date::parse("2026-01-01").unwrap())
        };
        let report = run(&request).unwrap();
        let told = report.findings.iter().filter(|f| f.finding.rule().id != "parse-error");
        told.map(|f| {
            let trigger = f.trigger.clone().unwrap_or_default();
            (trigger, f.action.to_string(), f.finding.message().to_owned())
        })
        .collect()
    }
}

#[test]
fn every_line_finds_what_it_asks_for_and_nothing_else() {
    for Row { line, fires, silent } in ROWS {
        let mut fields = line.lines().next().unwrap().splitn(4, ':').map(str::to_ascii_uppercase);
        let trigger = [fields.next().unwrap(), fields.next().unwrap()].join(":");
        let action = fields.next().unwrap();
        let found = fires.judged(line);
        assert!(found.iter().any(|(t, a, _)| *t == trigger && *a == action), "{line} finds nothing: {found:?}");
        let found = silent.judged(line);
        assert!(found.is_empty(), "{line} finds {found:?}");
    }
}

#[test]
fn every_trigger_of_2017_is_answered() {
    let lines: Vec<&str> = ROWS.iter().map(|row| row.line).chain(crate::feed_rows::lines()).collect();
    let all: Vec<_> = OF_2017.iter().flat_map(|(gate, triggers)| triggers.iter().map(move |t| (gate, t))).collect();
    assert_eq!((OF_2017.len(), all.len()), (13, 51));
    for (gate, (trigger, params)) in all {
        let name = format!("{gate}:{trigger}");
        let rows = || lines.iter().filter(|line| line.split(':').take(2).eq(name.split(':')));
        assert!(!rule::named(&name).is_empty() && rows().count() > 0, "{name} has no row");
        for param in *params {
            let of_rule = |rule: &&Rule| rule.params.iter().any(|p| p.anchore == Some(param));
            assert!(rule::named(&name).iter().any(of_rule), "no rule knows {param} of {name}");
            assert!(rows().any(|line| line.contains(&format!("{param}="))), "{param} of {name} has no row");
        }
    }
}

#[test]
fn every_trigger_and_parameter_has_a_row() {
    let rows: BTreeSet<String> = ROWS.iter().map(|r| r.line.split(':').take(2).collect::<Vec<_>>().join(":")).collect();
    for rule in rule::all().iter().filter(|rule| rule.phase == Phase::Image || is_dockerfilecheck(rule)) {
        for trigger in rule.triggers.iter().filter(|trigger| is_of_2017(trigger) && !trigger.starts_with(NEVER_SILENT))
        {
            // The short names of what a language's gates look for stand for the long ones.
            let is_short = rule
                .triggers
                .iter()
                .any(|long| long.len() == trigger.len() + 3 && long.ends_with(after_colon(trigger)));
            assert!(is_short || rows.contains(*trigger), "{trigger} has no row");
            for param in rule.params.iter().filter_map(|p| p.anchore).filter(|_| !is_short) {
                let is_given =
                    ROWS.iter().any(|r| r.line.starts_with(trigger) && r.line.contains(&format!("{param}=")));
                assert!(is_given || param == "SETGID", "{param} of {trigger} has no row");
            }
        }
    }
}

/// The engine that came later writes its gates in small letters.
fn is_of_2017(trigger: &str) -> bool {
    trigger.starts_with(|c: char| c.is_ascii_uppercase())
}

fn is_dockerfilecheck(rule: &Rule) -> bool {
    rule.triggers.iter().any(|trigger| trigger.starts_with("DOCKERFILECHECK:"))
}

fn after_colon(trigger: &str) -> &str {
    trigger.split(':').nth(1).unwrap_or_default()
}

#[test]
fn a_file_in_the_place_of_a_folder_wastes_what_was_in_it() {
    let policy = "extends = \"default\"\n[rules]\nwasted-bytes = { action = \"stop\", threshold-mb = 0 }\n";
    let wasted = |own: &'static [Entry]| {
        let found = over(&[("opt/app/lib", 0o644, Some("lib"))], own).judged_by("p.toml", policy);
        found.into_iter().filter(|(.., message)| message.contains("/opt/app/lib (3 bytes")).count()
    };
    assert_eq!(wasted(&[("opt/app", 0o644, Some("now a file"))]), 1);
    assert_eq!(wasted(&[("opt/app", 0o755, None)]), 0);
}

#[test]
fn vulnerability_lines_are_never_silent() {
    for trigger in ["VULNUNKNOWN", "VULNLOW", "VULNMEDIUM", "VULNHIGH", "VULNCRITICAL", "FEEDOUTOFDATE"] {
        let found = own(&[CURL]).judged(&format!("ANCHORESEC:{trigger}:STOP"));
        assert!(found.len() == 1 && found[0].1 == "WARN", "{found:?}");
    }
    for image in [own(&[CURL]), own(KEY)] {
        let found = image.judged("ANCHORESEC:UNSUPPORTEDDISTRO:STOP");
        assert!(found.len() == 1 && found[0].1 == "STOP", "{found:?}");
    }
}

#[test]
fn whitelists_of_2017_name_findings_by_hash() {
    let folder = tempfile::tempdir().unwrap();
    own(NO_KEY).write(folder.path());
    std::fs::write(folder.path().join("Dockerfile"), "FROM a\nRUN make\n").unwrap();
    std::fs::write(folder.path().join("p.policy"), "DOCKERFILECHECK:NOTAG:STOP\n").unwrap();
    let judged = |whitelist: &str, code: i32| {
        std::fs::write(folder.path().join("w.txt"), whitelist).unwrap();
        let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
        let args = ["gate", "image.tar", "--dockerfile", "Dockerfile", "--policy", "p.policy", "--whitelist", "w.txt"];
        let output = command.env_clear().current_dir(folder.path()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stdout));
    };
    // As the 2017 tool made it for `FROM a`.
    judged("DOCKERFILECHECK 5f07580502e1a29d0e623a6aad334a8d\n", 0);
    judged("DOCKERFILECHECK 00000000000000000000000000000000\n", 1);
    let of = |dockerfile: &str, line: &str, id: &str| {
        std::fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
        std::fs::write(folder.path().join("p.policy"), line).unwrap();
        judged("DOCKERFILECHECK 00000000000000000000000000000000\n", 1);
        judged(&format!("DOCKERFILECHECK {id}\n"), 0);
    };
    // As that tool made them of these Dockerfiles and lines.
    of("FROM a:latest\nRUN make\n", "DOCKERFILECHECK:NOTAG:STOP\n", "779e655cfc703622174176181ebe4216");
    of(
        "FROM a:1\nRUN make\nEXPOSE 22\n",
        "DOCKERFILECHECK:EXPOSE:STOP:ALLOWEDPORTS=80\n",
        "31b27a262d9a6860e24eb3f2b34d4760",
    );
    of(
        "FROM a:1\nRUN make\nEXPOSE 80 443\n",
        "DOCKERFILECHECK:EXPOSE:STOP:DENIEDPORTS=ALL\n",
        "20dea3f2d225e52a5cac2d32dcc99a99",
    );
    of("FROM a:1\nRUN sudo make\n", "DOCKERFILECHECK:SUDO:STOP\n", "e169eed8ab51f547beda830940d7af0c");
    of(
        "FROM a:1\nRUN make\nVOLUME /data\n",
        "DOCKERFILECHECK:VOLUMEPRESENT:STOP\n",
        "a1e8da8bcfd590f59665fb9dd7e93f4d",
    );
}

#[test]
fn trigger_ids_are_a_column_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    over(&[], SETUID).write(folder.path());
    std::fs::write(folder.path().join("Dockerfile"), "FROM a:1\nRUN make\n").unwrap();
    std::fs::write(folder.path().join("p.policy"), "SUIDDIFF:SUIDFILEADD:STOP\nSUIDDIFF:SUIDDIFF:GO\n").unwrap();
    let table = |more: &[&str]| {
        let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
        let common = ["gate", "image.tar", "--dockerfile", "Dockerfile", "--policy", "p.policy", "--format", "table"];
        let output = command.env_clear().current_dir(folder.path()).args(common).args(more).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let columns = |text: &str, row: usize| -> Vec<String> {
        text.lines().nth(row).unwrap().split('|').map(|cell| cell.trim().to_owned()).filter(|c| !c.is_empty()).collect()
    };
    let plain = table(&[]);
    assert_eq!(columns(&plain, 0), ["Image Id", "Repo Tag", "Gate", "Trigger", "Check Output", "Gate Action"]);
    let shown = table(&["--show-triggerids"]);
    assert_eq!(columns(&shown, 0)[2..4], ["Trigger Id", "Gate"]);
    assert_eq!([2, 3, 4].map(|row| columns(&shown, row)[2].clone()), ["SUIDDIFF", "/bin/su-SUIDFILEADD", "N/A"]);
    let report: Value = {
        let mut command = assert_cmd::Command::cargo_bin("dockgate").unwrap();
        let args = ["gate", "image.tar", "--dockerfile", "Dockerfile", "--policy", "p.policy", "--format", "json"];
        let output = command.env_clear().current_dir(folder.path()).args(args).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(report["findings"][1]["trigger_id"], "/bin/su-SUIDFILEADD");
}
