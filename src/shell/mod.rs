//! RUN bodies: commands and words with their places in the Dockerfile.
//!
//! [`scripts`] reads the code of every instruction that hands some to a shell, and the exec forms beside it. A rule asks
//! a [`Script`] for its commands and never looks at quotes, continuations, substitutions or wrappers itself. The shell
//! grammar is that of the shuck crates; their types do not leave this room.

mod code;
mod collect;
mod command;
mod diagnose;
mod guard;
mod json;
mod package_call;
mod package_manager;
mod quoting;
mod scan;
mod script;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod values;
mod walk;
mod wrapper;

pub use command::{Assignment, Command, CommandWord, PipelinePosition, Redirect, RedirectKind, base_name};
pub use diagnose::{Diagnosis, Diagnostic, Linter, ShellCheck};
pub use guard::is_guarded;
pub use json::script_json;
pub use package_call::{CallOption, PackageArgument, PackageCall, package_calls};
pub use package_manager::{Manager, Task};
pub use script::{Dialect, Form, Script, ScriptError, Shell, scripts};
