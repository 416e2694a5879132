//! `docker dockgate`: under the name `docker-dockgate`, in a folder where Docker looks for plugins, the command is one.
//!
//! Docker asks a plugin who it is with the argument `docker-cli-plugin-metadata`, and calls it with its own name as the
//! first argument.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::UNABLE;

/// What Docker looks for.
const NAME: &str = "docker-dockgate";
const METADATA: &str = "docker-cli-plugin-metadata";

/// How the command was called.
pub(super) enum Call {
    /// With these arguments, the command's name in front.
    Own(Vec<OsString>),
    /// Docker asks who it is.
    Metadata,
}

/// Reads the arguments of this process.
pub(super) fn called() -> Call {
    read(std::env::args_os().collect())
}

fn read(mut args: Vec<OsString>) -> Call {
    let own = args.first().and_then(|own| Path::new(own).file_stem());
    if own.is_none_or(|name| name != NAME) {
        return Call::Own(args);
    }
    if args.get(1).is_some_and(|arg| arg == METADATA) {
        return Call::Metadata;
    }
    if args.get(1).is_some_and(|arg| arg == env!("CARGO_PKG_NAME")) {
        args.remove(1);
        // As people call it, which help texts repeat.
        args[0] = "docker dockgate".into();
    }
    Call::Own(args)
}

/// Answers Docker.
pub(super) fn describe() -> ExitCode {
    let metadata = json!({
        "SchemaVersion": "0.1.0",
        "Vendor": "dockgate",
        "Version": concat!("v", env!("CARGO_PKG_VERSION")),
        "ShortDescription": "One gate from Dockerfile to image",
    });
    match writeln!(io::stdout(), "{metadata}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(UNABLE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(args: &[&str]) -> Option<Vec<String>> {
        match read(args.iter().map(OsString::from).collect()) {
            Call::Own(args) => Some(args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect()),
            Call::Metadata => None,
        }
    }

    #[test]
    fn docker_puts_the_plugin_s_name_in_front() {
        let plugin = "/usr/libexec/docker/cli-plugins/docker-dockgate";
        assert_eq!(
            own(&[plugin, "dockgate", "check", "."]).as_deref(),
            Some(&["docker dockgate", "check", "."].map(String::from)[..])
        );
        assert_eq!(own(&[plugin, "check", "."]).as_deref(), Some(&[plugin, "check", "."].map(String::from)[..]));
        assert_eq!(own(&[plugin, METADATA]), None);
        assert_eq!(own(&["dockgate", "dockgate"]).as_deref(), Some(&["dockgate", "dockgate"].map(String::from)[..]));
    }
}
