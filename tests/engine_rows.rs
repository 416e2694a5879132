//! Rules of the engine's JSON policies: with every parameter of every trigger, an image that the rule must find something in, and how
//! it must find nothing: in another image, or with other values.

use crate::engine::{Made, Row, Silent, built_from, config, files};

const STATUS: &str = "var/lib/dpkg/status";
const NOTHING: Made = files(&[("x", 0o644, Some(""))]);
const CURL: Made = files(&[(STATUS, 0o644, Some("Package: curl\nStatus: install ok installed\nVersion: 7.88-1\n\n"))]);
const NEWER_CURL: Made =
    files(&[(STATUS, 0o644, Some("Package: curl\nStatus: install ok installed\nVersion: 8.1-1\n\n"))]);
const TAR: Made = files(&[(STATUS, 0o644, Some("Package: tar\nStatus: install ok installed\nVersion: 1.3\n\n"))]);
const LARGE: Made = files(&[("x", 0o644, Some("")), ("y", 0o644, Some("")), ("z", 0o644, Some("z"))]);
const PASSWD: Made = files(&[(
    "etc/passwd",
    0o644,
    Some("root:x:0:0:root:/root:/bin/bash\napp:x:10001:20:App:/app:/usr/sbin/nologin\n"),
)]);
const APP: Made = files(&[("etc/passwd", 0o644, Some("app:x:10001:20:App:/app:/usr/sbin/nologin\n"))]);
const KEY: Made = files(&[("root/.ssh/id_rsa", 0o600, Some("-----BEGIN RSA PRIVATE KEY-----\n"))]);
const SETGID: Made = files(&[("bin/wall", 0o2755, Some("x"))]);
const OTHER_WALL: Made = files(&[("bin/wall", 0o755, Some("y"))]);
const LEFT_PAD: Made = files(&[(
    "app/node_modules/left-pad/package.json",
    0o644,
    Some("{\"name\": \"left-pad\", \"version\": \"1.3.0\", \"license\": \"WTFPL\"}"),
)]);
const RAKE: Made = files(&[(
    "usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec",
    0o644,
    Some(
        "Gem::Specification.new do |s|\n  s.name = \"rake\".freeze\n  s.version = \"13.0.6\"\n  s.licenses = [\"MIT\".freeze]\nend\n",
    ),
)]);
const DEBIAN: Made = files(&[("etc/os-release", 0o644, Some("ID=debian\nVERSION_ID=\"12\"\n"))]);
const ALPINE: Made = files(&[("etc/os-release", 0o644, Some("ID=alpine\nVERSION_ID=3.19\n"))]);
const TOOL: &str = "Package: tool\nStatus: install ok installed\nVersion: 1\n\n";
/// The MD5 sum of `x`.
const SUMS: &str = "9dd4e461268c8034f5c8564e155c67a6  usr/bin/tool\n";
const UNTOUCHED: Made = files(&[
    (STATUS, 0o644, Some(TOOL)),
    ("var/lib/dpkg/info/tool.md5sums", 0o644, Some(SUMS)),
    ("usr/bin/tool", 0o755, Some("x")),
]);
const ALTERED: Made = files(&[
    (STATUS, 0o644, Some(TOOL)),
    ("var/lib/dpkg/info/tool.md5sums", 0o644, Some(SUMS)),
    ("usr/bin/tool", 0o755, Some("y")),
]);
const REMOVED: Made = files(&[(STATUS, 0o644, Some(TOOL)), ("var/lib/dpkg/info/tool.md5sums", 0o644, Some(SUMS))]);
const OPEN: Made = config(r#"{"ExposedPorts": {"22/tcp": {}}}"#);
const WEB: Made = config(r#"{"ExposedPorts": {"80/tcp": {}}}"#);
const ROOT: Made = config(r#"{"User": "root"}"#);
const USER: Made = config(r#"{"User": "app"}"#);
const SHA256_OF_X: &str = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

use Silent::{In, Never, With};

pub(crate) const ROWS: &[Row] = &[
    ("always:always", &[], NOTHING, Never),
    ("distro:deny", &[("distro", "debian"), ("version", "13"), ("check", "<")], DEBIAN, In(ALPINE)),
    (
        "distro:deny",
        &[("distro", "debian"), ("version", "12"), ("check", "=")],
        DEBIAN,
        With(&[("distro", "debian"), ("version", "12"), ("check", "!=")]),
    ),
    ("dockerfile:effective_user", &[("users", "root,0"), ("type", "blacklist")], ROOT, In(USER)),
    ("dockerfile:effective_user", &[("users", "app"), ("type", "allowlist")], config("{}"), In(USER)),
    ("dockerfile:exposed_ports", &[("ports", "22,23"), ("type", "denylist")], OPEN, In(WEB)),
    (
        "dockerfile:exposed_ports",
        &[("ports", "80"), ("type", "whitelist"), ("actual_dockerfile_only", "false")],
        OPEN,
        With(&[("ports", "80"), ("type", "whitelist"), ("actual_dockerfile_only", "true")]),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "RUN"), ("check", "like"), ("value", ".*sudo.*"), ("actual_dockerfile_only", "true")],
        built_from("FROM a:1\nRUN sudo make\n"),
        In(built_from("FROM a:1\nRUN make\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "COPY"), ("check", "exists"), ("actual_dockerfile_only", "false")],
        NOTHING,
        With(&[("instruction", "COPY"), ("check", "exists"), ("actual_dockerfile_only", "true")]),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "HEALTHCHECK"), ("check", "not_exists")],
        built_from("FROM a:1\n"),
        In(built_from("FROM a:1\nHEALTHCHECK NONE\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "FROM"), ("check", "not_in"), ("value", "a:1, b:1")],
        built_from("FROM c:1\n"),
        In(built_from("FROM b:1\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "FROM"), ("check", "in"), ("value", "a:1, b:1")],
        built_from("FROM b:1\n"),
        In(built_from("FROM c:1\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "USER"), ("check", "="), ("value", "root")],
        built_from("FROM a:1\nUSER root\n"),
        In(built_from("FROM a:1\nUSER app\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "user"), ("check", "!="), ("value", "app")],
        built_from("FROM a:1\nUSER root\n"),
        In(built_from("FROM a:1\nUSER app\n")),
    ),
    (
        "dockerfile:instruction",
        &[("instruction", "FROM"), ("check", "not_like"), ("value", "registry[.]example/.*")],
        built_from("FROM a:1\n"),
        In(built_from("FROM registry.example/a:1\n")),
    ),
    ("dockerfile:no_dockerfile_provided", &[], NOTHING, In(built_from("FROM a:1\n"))),
    (
        "files:attribute_match",
        &[("filename", "/bin/wall"), ("mode", "02755"), ("mode_op", "equals"), ("skip_missing", "true")],
        SETGID,
        In(NOTHING),
    ),
    (
        "files:attribute_match",
        &[("filename", "/bin/wall"), ("mode", "2755"), ("mode_op", "not_equals")],
        OTHER_WALL,
        In(SETGID),
    ),
    ("files:attribute_match", &[("filename", "/bin/wall"), ("skip_missing", "false")], NOTHING, In(SETGID)),
    (
        "files:attribute_match",
        &[("filename", "/bin/wall"), ("mode", "0755"), ("skip_missing", "false")],
        NOTHING,
        With(&[("filename", "/bin/wall"), ("mode", "0755"), ("skip_missing", "true")]),
    ),
    (
        "files:attribute_match",
        &[
            ("filename", "/bin/wall"),
            ("checksum_algorithm", "sha256"),
            ("checksum", SHA256_OF_X),
            ("checksum_match", "not_equals"),
        ],
        OTHER_WALL,
        In(SETGID),
    ),
    ("files:attribute_match", &[("filename", "/bin/wall"), ("checksum", SHA256_OF_X)], SETGID, In(OTHER_WALL)),
    ("files:content_regex_match", &[("regex_name", ".*BEGIN.*")], KEY, In(NOTHING)),
    ("files:content_regex_match", &[("regex_name", "OUR_KEY=.*BEGIN.*")], KEY, In(NOTHING)),
    ("files:name_match", &[("regex", ".*/id_rsa$")], KEY, In(NOTHING)),
    ("files:suid_or_guid_set", &[], SETGID, In(KEY)),
    ("files:suid_or_guid_set", &[], files(&[("var/mail", 0o2775, None)]), In(files(&[("var/mail", 0o775, None)]))),
    ("licenses:blacklist_exact_match", &[("licenses", "WTFPL,GPL")], LEFT_PAD, In(RAKE)),
    ("licenses:denylist_partial_match", &[("licenses", "WTF")], LEFT_PAD, In(RAKE)),
    ("malware:scan_not_run", &[], NOTHING, Never),
    ("malware:scans", &[], NOTHING, Never),
    ("metadata:attribute", &[("attribute", "distro"), ("check", "="), ("value", "debian")], DEBIAN, In(NOTHING)),
    ("metadata:attribute", &[("attribute", "distro"), ("check", "!="), ("value", "debian")], NOTHING, In(DEBIAN)),
    ("metadata:attribute", &[("attribute", "distro_version"), ("check", ">="), ("value", "12")], DEBIAN, In(ALPINE)),
    ("metadata:attribute", &[("attribute", "distro_version"), ("check", "<"), ("value", "3.9")], DEBIAN_2, In(ALPINE)),
    (
        "metadata:attribute",
        &[("attribute", "like_distro"), ("check", "in"), ("value", "debian, rhel")],
        files(&[("etc/os-release", 0o644, Some("ID=ubuntu\nID_LIKE=debian\n"))]),
        In(ALPINE),
    ),
    (
        "metadata:attribute",
        &[("attribute", "like_distro"), ("check", "not_exists")],
        ALPINE,
        In(files(&[("etc/os-release", 0o644, Some("ID_LIKE=x\n"))])),
    ),
    (
        "metadata:attribute",
        &[("attribute", "architecture"), ("check", "like"), ("value", "amd.*")],
        NOTHING,
        With(&[("attribute", "architecture"), ("check", "not_like"), ("value", "amd.*")]),
    ),
    (
        "metadata:attribute",
        &[("attribute", "os_type"), ("check", "exists")],
        NOTHING,
        With(&[("attribute", "os_type"), ("check", "not_in"), ("value", "windows,linux")]),
    ),
    (
        "metadata:attribute",
        &[("attribute", "layer_count"), ("check", "<="), ("value", "1")],
        NOTHING,
        With(&[("attribute", "layer_count"), ("check", ">"), ("value", "1")]),
    ),
    ("metadata:attribute", &[("attribute", "size"), ("check", ">"), ("value", "2KB")], LARGE, In(NOTHING)),
    ("npms:blacklisted_name_version", &[("name", "left-pad"), ("version", "1.3.0")], LEFT_PAD, In(RAKE)),
    (
        "npms:denylisted_name_version",
        &[("name", "left-pad")],
        LEFT_PAD,
        With(&[("name", "left-pad"), ("version", "1.3.1")]),
    ),
    ("packages:blacklist", &[("name", "curl")], CURL, In(TAR)),
    ("packages:denylist", &[("name", "curl"), ("version", "7.88-1")], CURL, In(NEWER_CURL)),
    ("packages:denylist", &[("name", "curl"), ("version", "7.88")], CURL, In(NEWER_CURL)),
    (
        "packages:metadata",
        &[("name", "cu*"), ("version", "8"), ("version_comparison", "<"), ("type", "dpkg")],
        CURL,
        In(NEWER_CURL),
    ),
    (
        "packages:metadata",
        &[("name", "c.*"), ("name_comparison", "like"), ("type", "npm"), ("type_comparison", "!=")],
        CURL,
        With(&[("name", "c.*"), ("name_comparison", "not_like"), ("type", "npm"), ("type_comparison", "!=")]),
    ),
    ("packages:metadata", &[("type", "gem")], RAKE, In(LEFT_PAD)),
    ("packages:required_package", &[("name", "curl")], TAR, In(CURL)),
    ("packages:required_package", &[("name", "curl"), ("version", "7.88-1")], NEWER_CURL, In(CURL)),
    (
        "packages:required_package",
        &[("name", "curl"), ("version", "7.90"), ("version_match_type", "minimum")],
        CURL,
        In(NEWER_CURL),
    ),
    (
        "packages:required_package",
        &[("name", "curl"), ("version", "7.80"), ("version_match_type", "exact")],
        CURL,
        With(&[("name", "curl"), ("version", "7.80"), ("version_match_type", "minimum")]),
    ),
    ("packages:verify", &[], ALTERED, In(UNTOUCHED)),
    ("packages:verify", &[("only_packages", "tar,tool")], ALTERED, With(&[("only_packages", "tar")])),
    ("packages:verify", &[("only_directories", "/bin,/usr")], REMOVED, With(&[("only_directories", "/bin")])),
    ("packages:verify", &[("check", "changed")], ALTERED, In(REMOVED)),
    ("packages:verify", &[("check", "missing")], REMOVED, In(ALTERED)),
    ("passwd_file:blacklist_full_entry", &[("entry", "root:x:0:0:root:/root:/bin/bash")], PASSWD, In(APP)),
    ("passwd_file:blacklist_groupids", &[("group_ids", "0")], PASSWD, In(APP)),
    ("passwd_file:blacklist_shells", &[("shells", "/bin/bash,/bin/sh")], PASSWD, In(APP)),
    ("passwd_file:blacklist_userids", &[("user_ids", "0")], PASSWD, In(APP)),
    ("passwd_file:denylist_usernames", &[("user_names", "root")], PASSWD, In(APP)),
    ("passwd_file:content_not_available", &[], NOTHING, In(PASSWD)),
    ("retrieved_files:content_not_available", &[("path", "/etc/passwd")], NOTHING, In(PASSWD)),
    (
        "retrieved_files:content_regex",
        &[("path", "/etc/passwd"), ("check", "match"), ("regex", "^root:")],
        PASSWD,
        In(APP),
    ),
    (
        "retrieved_files:content_regex",
        &[("path", "/etc/passwd"), ("check", "no_match"), ("regex", "root:")],
        APP,
        In(PASSWD),
    ),
    ("ruby_gems:blacklist", &[("name", "rake")], RAKE, In(LEFT_PAD)),
    (
        "ruby_gems:denylist",
        &[("name", "rake"), ("version", "13.0.6")],
        RAKE,
        With(&[("name", "rake"), ("version", "13")]),
    ),
    (
        "secret_scans:content_regex_checks",
        &[("content_regex_name", "PRIV_KEY"), ("match_type", "found")],
        KEY,
        In(NOTHING),
    ),
    (
        "secret_scans:content_regex_checks",
        &[("content_regex_name", "PRIV_KEY,API_KEY"), ("match_type", "notfound")],
        NOTHING,
        In(KEY),
    ),
    (
        "secret_scans:content_regex_checks",
        &[("filename_regex", "/root/.*")],
        KEY,
        With(&[("filename_regex", "/etc/.*")]),
    ),
    // Triggers that only the first versions of the engine had.
    (
        "DOCKERFILECHECK:DIRECTIVECHECK",
        &[("DIRECTIVES", "RUN"), ("CHECK", "like"), ("CHECK_VALUE", "sudo")],
        built_from("FROM a:1\nRUN sudo x\n"),
        In(built_from("FROM a:1\nRUN x\n")),
    ),
    (
        "DOCKERFILECHECK:EFFECTIVEUSER",
        &[("DENIED", "root")],
        built_as("FROM a:1\nUSER root\n", r#"{"User": "root"}"#),
        In(built_as("FROM a:1\nUSER app\n", r#"{"User": "app"}"#)),
    ),
    (
        "DOCKERFILECHECK:EFFECTIVEUSER",
        &[("ALLOWED", "app")],
        built_as("FROM a:1\n", "{}"),
        In(built_as("FROM a:1\nUSER app\n", r#"{"User": "app"}"#)),
    ),
    ("FILECHECK:SUIDSGIDCHECK", &[], SETGID, In(KEY)),
    (
        "METADATACHECK:ATTRIBUTECHECK",
        &[("ATTRIBUTES", "distro"), ("CHECK", "="), ("CHECK_VALUE", "debian")],
        DEBIAN,
        In(ALPINE),
    ),
    ("PKGCHECK:VERIFY", &[("PKGS", "tool"), ("DIRS", "/usr"), ("CHECK_ONLY", "changed")], ALTERED, In(REMOVED)),
    // Those of 2017, in the engine's JSON.
    ("dockerfilecheck:notag", &[], built_from("FROM a\n"), In(built_from("FROM a:1\n"))),
    ("FILECHECK:FILENAMEMATCH", &[("filecheck_nameregexp", ".*/id_rsa$")], KEY, In(NOTHING)),
    ("PKGBLACKLIST:PKGNAMEMATCH", &[("blacklist_namematch", "curl,wget")], CURL, In(TAR)),
];

const DEBIAN_2: Made = files(&[("etc/os-release", 0o644, Some("ID=debian\nVERSION_ID=\"2\"\n"))]);

const fn built_as(dockerfile: &'static str, run: &'static str) -> Made {
    Made { config: run, ..built_from(dockerfile) }
}
