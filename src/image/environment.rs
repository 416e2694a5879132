//! The variables of the process that say where engines, credentials and certificates are.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What is looked at.
const NAMES: [&str; 11] = [
    "HOME",
    "USERPROFILE",
    "XDG_RUNTIME_DIR",
    "DOCKER_CONFIG",
    "DOCKER_AUTH_CONFIG",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_HOST",
    "REGISTRY_AUTH_FILE",
];

/// Variables, by name. A variable that is empty counts as not set, as it does for the tools it belongs to.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<&'static str, String>);

impl fmt::Debug for Environment {
    /// The names alone, for one of them holds passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        let set = |name: &&'static str| Some((*name, std::env::var(name).ok()?));
        Self(NAMES.iter().filter_map(set).collect())
    }

    /// These and no others.
    #[cfg(test)]
    pub(super) fn of<const N: usize>(variables: [(&'static str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name, value.to_owned())).into())
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that is a path.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// The user's home, under its name on Windows as well.
    pub(super) fn home(&self) -> Option<PathBuf> {
        self.path("HOME").or_else(|| self.path("USERPROFILE").filter(|_| cfg!(windows)))
    }

    /// The folder of Docker's client.
    pub(super) fn docker_config(&self) -> Option<PathBuf> {
        self.path("DOCKER_CONFIG").or_else(|| Some(self.home()?.join(".docker")))
    }
}
