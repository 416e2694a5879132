//! The table of the engine's triggers.

use super::super::regexp::{from_python, is_known_name, line_expressions};
use super::{Given, Runs, Trigger, bad, list, string, switch, trigger, vulnerable};
use crate::policy::Fault;
use crate::rule::{Rule, Value, catalogue};

const NONE: &[&str] = &[];

/// Comparisons of the engine; the first eight are those of texts.
const CHECKS: [&str; 12] =
    ["exists", "not_exists", "=", "!=", "like", "not_like", "in", "not_in", ">", "<", ">=", "<="];
/// Keywords of Dockerfiles.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "COPY",
    "CMD",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "USER",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "VOLUME",
    "WORKDIR",
];
/// What is known of an image.
const ATTRIBUTES: [&str; 7] =
    ["size", "architecture", "os_type", "distro", "distro_version", "like_distro", "layer_count"];
/// Comparisons of texts that may have wildcards.
const TEXT_CHECKS: [&str; 4] = ["=", "!=", "like", "not_like"];
/// Comparisons of versions.
const VERSION_CHECKS: [&str; 8] = ["=", "!=", ">", "<", ">=", "<=", "like", "not_like"];

/// Parameters of the trigger over what is known of packages.
const PACKAGE_METADATA: &[&str] =
    &["name", "name_comparison", "type", "type_comparison", "version", "version_comparison"];

/// Instructions compared with a value; the names of two of the parameters have changed once.
pub(super) fn instruction(given: &Given<'_>, keyword: &str, value: &str) -> Result<Runs, Fault> {
    let check = given.one_of("check", &CHECKS[..8])?;
    let params = vec![
        string("instruction", given.one_of(keyword, &KEYWORDS)?),
        string("check", check),
        string("value", given.compared_with(value, check)?),
        switch("dockerfile-only", given.is_on("actual_dockerfile_only", false)?),
    ];
    Ok(vec![(catalogue::DENIED_INSTRUCTION, params)])
}

/// What is known of the image compared with a value, likewise.
pub(super) fn attribute(given: &Given<'_>, name: &str, value: &str) -> Result<Runs, Fault> {
    let check = given.one_of("check", &CHECKS)?;
    let params = vec![
        string("attribute", given.one_of(name, &ATTRIBUTES)?),
        string("check", check),
        string("value", given.compared_with(value, check)?),
    ];
    Ok(vec![(catalogue::IMAGE_ATTRIBUTE_MATCHED, params)])
}

/// Files of packages held against their records, likewise.
pub(super) fn verified(given: &Given<'_>, packages: &str, folders: &str, only: &str) -> Result<Runs, Fault> {
    if !["", "changed", "missing"].contains(&only) {
        return Err(bad("check", Some(only), "changed or missing"));
    }
    let params =
        vec![list("names", given.list(packages)), list("directories", given.list(folders)), string("only", only)];
    Ok(vec![(catalogue::PACKAGE_FILE_ALTERED, params)])
}

/// A package by name, or by name and version.
fn package(given: &Given<'_>, by_name: &'static Rule, by_version: &'static Rule) -> Runs {
    let name = given.text("name");
    match given.get("version").filter(|version| *version != "*") {
        Some(version) => {
            let mut params = vec![list("versions", vec![format!("{name}|{version}")])];
            // The engine kept the distribution's release apart from the version for a long time.
            params.extend((by_version == catalogue::DENIED_PACKAGE_VERSION).then(|| switch("upstream", true)));
            vec![(by_version, params)]
        }
        None => vec![(by_name, vec![list("names", vec![name])])],
    }
}

/// What is known of a package, each compared with a value.
fn package_metadata(given: &Given<'_>) -> Result<Runs, Fault> {
    let mut params = Vec::new();
    for (name, checks) in [("name", &TEXT_CHECKS[..]), ("type", &TEXT_CHECKS), ("version", &VERSION_CHECKS)] {
        let comparison = format!("{name}_comparison");
        let check = given.one_of_or_first(&comparison, checks)?;
        if given.get(name).is_some() {
            params.push(string(name, given.compared_with(name, check)?));
            params.push(string(&format!("{name}-check"), check));
        } else if given.get(&comparison).is_some() {
            return Err(Fault::Bundle(format!("`{comparison}` is there and `{name}` is not")));
        }
    }
    if params.is_empty() {
        return Err(Fault::Bundle("`packages:metadata` needs one of `name`, `type` and `version`".to_owned()));
    }
    Ok(vec![(catalogue::PACKAGE_METADATA_MATCHED, params)])
}

/// A file by its digest and mode. With neither only its absence can be told.
fn file_attributes(given: &Given<'_>) -> Result<Runs, Fault> {
    given.one_of_or_first("checksum_algorithm", &["sha256"])?;
    let is_not = |name: &str| given.one_of_or_first(name, &["equals", "not_equals"]).map(|word| word == "not_equals");
    let (other_digest, other_mode) = (is_not("checksum_match")?, is_not("mode_op")?);
    let or_missing = !given.is_on("skip_missing", true)?;
    let path = given.text("filename");
    if given.get("checksum").is_none() && given.get("mode").is_none() {
        return Ok(match or_missing {
            true => vec![(catalogue::REQUIRED_FILE_MISSING, vec![list("paths", vec![path])])],
            false => Vec::new(),
        });
    }
    if let Some(mode) = given.get("mode")
        && u32::from_str_radix(mode.trim_start_matches("0o"), 8).is_err()
    {
        return Err(bad("mode", Some(mode), "an octal number, such as 0644"));
    }
    let params = vec![
        string("path", path),
        string("sha256", given.text("checksum")),
        switch("other-sha256", other_digest),
        string("mode", given.text("mode")),
        switch("other-mode", other_mode),
        switch("or-missing", or_missing),
    ];
    Ok(vec![(catalogue::FILE_ATTRIBUTE_MATCHED, params)])
}

/// Lines that look like secrets, or the lack of them.
fn secrets(given: &Given<'_>) -> Result<Runs, Fault> {
    let mut params = Vec::new();
    if given.get("content_regex_name").is_some() {
        let names = given.list("content_regex_name");
        params.push(list(
            "content-regexp",
            match names.iter().all(|name| is_known_name(name)) {
                true => names,
                false => line_expressions(&given.line_expression("content_regex_name")?),
            },
        ));
    }
    params.extend(given.get("filename_regex").map(|path| string("path-regexp", from_python(path))));
    params.push(switch("absent", given.one_of_or_first("match_type", &["found", "notfound"])? == "notfound"));
    Ok(vec![(catalogue::SECRET_CONTENT_MATCHED, params)])
}

/// Every trigger that is answered to, sorted by name.
pub(super) static TRIGGERS: &[Trigger] = &[
    trigger!("always:always", NONE, NONE, |_| Ok(vec![(catalogue::ALWAYS, Vec::new())])),
    trigger!("distro:deny", &["check", "distro", "version"], &["distro", "version", "check"], |given| {
        let params = vec![
            string("distro", given.text("distro")),
            string("version", given.text("version")),
            string("check", given.one_of("check", &VERSION_CHECKS[..6])?),
        ];
        Ok(vec![(catalogue::DENIED_DISTRO, params)])
    }),
    trigger!("dockerfile:effective_user", &["type", "users"], &["users", "type"], |given| {
        let list_name = if given.is_allow_list()? { "allowed-users" } else { "denied-users" };
        Ok(vec![(catalogue::DENIED_EFFECTIVE_USER, vec![list(list_name, given.list("users"))])])
    }),
    trigger!("dockerfile:exposed_ports", &["actual_dockerfile_only", "ports", "type"], &["ports", "type"], |given| {
        let list_name = if given.is_allow_list()? { "allowed-ports" } else { "denied-ports" };
        let own = switch("dockerfile-only", given.is_on("actual_dockerfile_only", false)?);
        Ok(vec![(catalogue::DENIED_EXPOSED_PORT, vec![list(list_name, given.list("ports")), own])])
    }),
    trigger!(
        "dockerfile:instruction",
        &["actual_dockerfile_only", "check", "instruction", "value"],
        &["instruction", "check"],
        |given| instruction(given, "instruction", "value")
    ),
    trigger!("dockerfile:no_dockerfile_provided", NONE, NONE, |_| {
        Ok(vec![(catalogue::DOCKERFILE_MISSING, Vec::new())])
    }),
    trigger!(
        "files:attribute_match",
        &["checksum", "checksum_algorithm", "checksum_match", "filename", "mode", "mode_op", "skip_missing"],
        &["filename"],
        file_attributes
    ),
    trigger!("files:content_regex_match", &["regex_name"], NONE, |given| {
        if given.get("regex_name").is_none() {
            let why = "`files:content_regex_match` without `regex_name` is about every expression of an analyzer's configuration, \
                       which is not here; give it `regex_name`";
            return Err(Fault::Bundle(why.to_owned()));
        }
        let expression = line_expressions(&given.line_expression("regex_name")?).join("|");
        Ok(vec![(catalogue::FILE_CONTENT_MATCHED, vec![string("content-regexp", expression)])])
    }),
    trigger!("files:name_match", &["regex"], &["regex"], |given| {
        Ok(vec![(catalogue::FILE_NAME_MATCHED, vec![string("name-regexp", from_python(&given.text("regex")))])])
    }),
    trigger!("files:suid_or_guid_set", NONE, NONE, |_| {
        Ok(vec![(catalogue::SETUID_FILE_PRESENT, vec![switch("directories", true)])])
    }),
    trigger!("licenses:blacklist_exact_match", &["licenses"], &["licenses"], |given| {
        Ok(vec![(catalogue::DENIED_LICENCE, vec![list("licences", given.list("licenses"))])])
    }),
    trigger!("licenses:blacklist_partial_match", &["licenses"], &["licenses"], |given| {
        Ok(vec![(catalogue::DENIED_LICENCE_PART, vec![list("licences", given.list("licenses"))])])
    }),
    trigger!("malware:scan_not_run", NONE, NONE, |_| Ok(vec![(catalogue::MALWARE_NOT_SCANNED, Vec::new())])),
    trigger!("malware:scans", NONE, NONE, |_| Ok(vec![(catalogue::MALWARE_NOT_SCANNED, Vec::new())])),
    trigger!("metadata:attribute", &["attribute", "check", "value"], &["attribute", "check"], |given| {
        attribute(given, "attribute", "value")
    }),
    trigger!("npms:blacklisted_name_version", &["name", "version"], &["name"], |given| {
        Ok(package(given, catalogue::DENIED_NPM_PACKAGE, catalogue::DENIED_NPM_VERSION))
    }),
    trigger!("npms:feed_data_unavailable", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("npms:newer_version_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_VERSION_OUTDATED, Vec::new()), (catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("npms:unknown_in_feeds", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_PACKAGE_UNOFFICIAL, Vec::new()), (catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("npms:version_not_in_feeds", NONE, NONE, |_| {
        Ok(vec![(catalogue::NPM_VERSION_UNOFFICIAL, Vec::new()), (catalogue::NPM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("packages:blacklist", &["name", "version"], &["name"], |given| {
        Ok(package(given, catalogue::DENIED_PACKAGE, catalogue::DENIED_PACKAGE_VERSION))
    }),
    trigger!("packages:metadata", PACKAGE_METADATA, NONE, package_metadata),
    trigger!("packages:required_package", &["name", "version", "version_match_type"], &["name"], |given| {
        let name = given.text("name");
        let kind = given.one_of_or_first("version_match_type", &["exact", "minimum"])?;
        let params = match given.get("version") {
            None => list("names", vec![name]),
            Some(version) => list(&format!("{kind}-versions"), vec![format!("{name}|{version}")]),
        };
        Ok(vec![(catalogue::REQUIRED_PACKAGE_MISSING, vec![params])])
    }),
    trigger!("packages:verify", &["check", "only_directories", "only_packages"], NONE, |given| {
        verified(given, "only_packages", "only_directories", &given.text("check").to_ascii_lowercase())
    }),
    trigger!("passwd_file:blacklist_full_entry", &["entry"], &["entry"], |given| {
        Ok(vec![(catalogue::DENIED_PASSWD_ENTRY, vec![list("entries", vec![given.text("entry")])])])
    }),
    trigger!("passwd_file:blacklist_groupids", &["group_ids"], &["group_ids"], |given| {
        Ok(vec![(catalogue::DENIED_GROUP_ID, vec![list("ids", given.list("group_ids"))])])
    }),
    trigger!("passwd_file:blacklist_shells", &["shells"], &["shells"], |given| {
        Ok(vec![(catalogue::DENIED_SHELL, vec![list("shells", given.list("shells"))])])
    }),
    trigger!("passwd_file:blacklist_userids", &["user_ids"], &["user_ids"], |given| {
        Ok(vec![(catalogue::DENIED_USER_ID, vec![list("ids", given.list("user_ids"))])])
    }),
    trigger!("passwd_file:blacklist_usernames", &["user_names"], &["user_names"], |given| {
        Ok(vec![(catalogue::DENIED_USER_NAME, vec![list("names", given.list("user_names"))])])
    }),
    trigger!("passwd_file:content_not_available", NONE, NONE, |_| Ok(vec![(catalogue::PASSWD_MISSING, Vec::new())])),
    trigger!("retrieved_files:content_not_available", &["path"], &["path"], |given| {
        Ok(vec![(catalogue::REQUIRED_FILE_MISSING, vec![list("paths", vec![given.text("path")])])])
    }),
    trigger!("retrieved_files:content_regex", &["check", "path", "regex"], &["path", "check", "regex"], |given| {
        let is_absent = given.one_of("check", &["match", "no_match"])? == "no_match";
        // The engine tries the words of a file one by one, each from its start.
        let expression = given.text("regex");
        let expression = format!(r"(?:^|\s)(?:{})", from_python(expression.trim_start_matches('^')));
        let params =
            vec![string("path", given.text("path")), string("content-regexp", expression), switch("absent", is_absent)];
        Ok(vec![(catalogue::FILE_LINE_MISMATCH, params)])
    }),
    trigger!("ruby_gems:blacklist", &["name", "version"], &["name"], |given| {
        Ok(package(given, catalogue::DENIED_GEM_PACKAGE, catalogue::DENIED_GEM_VERSION))
    }),
    trigger!("ruby_gems:feed_data_unavailable", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("ruby_gems:newer_version_found_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_VERSION_OUTDATED, Vec::new()), (catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("ruby_gems:not_found_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_PACKAGE_UNOFFICIAL, Vec::new()), (catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!("ruby_gems:version_not_found_in_feed", NONE, NONE, |_| {
        Ok(vec![(catalogue::GEM_VERSION_UNOFFICIAL, Vec::new()), (catalogue::GEM_REGISTRY_DATA_MISSING, Vec::new())])
    }),
    trigger!(
        "secret_scans:content_regex_checks",
        &["content_regex_name", "filename_regex", "match_type"],
        NONE,
        secrets
    ),
    trigger!("vulnerabilities:blacklist", &["vendor_only", "vulnerability_ids"], &["vulnerability_ids"], |given| {
        let attended = switch("attended-only", given.is_on("vendor_only", true)?);
        let params = vec![list("ids", given.list("vulnerability_ids")), attended];
        Ok(vec![(catalogue::DENIED_VULNERABILITY, params), (catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
    trigger!("vulnerabilities:package", vulnerable::PARAMS, &["package_type"], |given| {
        let params = vulnerable::params(given)?;
        Ok(vec![(catalogue::VULNERABLE_PACKAGE, params), (catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
    trigger!("vulnerabilities:stale_feed_data", &["max_days_since_sync"], &["max_days_since_sync"], |given| {
        let params = vec![("max-age".to_owned(), Value::Int(given.number("max_days_since_sync")?))];
        Ok(vec![(catalogue::VULNERABILITY_DATA_STALE, params), (catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
    trigger!("vulnerabilities:vulnerability_data_unavailable", NONE, NONE, |_| {
        Ok(vec![(catalogue::VULNERABILITY_DATA_MISSING, Vec::new())])
    }),
];
