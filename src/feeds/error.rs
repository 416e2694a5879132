//! What can go wrong with vulnerability data.

use thiserror::Error;

use super::ecosystem::{is_elsewhere, named, root};
use crate::text::closest;

/// Why vulnerability data could not be read, downloaded or imported.
#[derive(Debug, Error)]
pub enum FeedError {
    /// The store cannot be read.
    #[error("cannot open the vulnerability data {path}: {reason}")]
    Open {
        /// The folder or file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file of the store is not what this version writes.
    #[error("{path} is damaged, or of another version of dockgate")]
    Damaged {
        /// The file.
        path: String,
    },
    /// The store cannot be written.
    #[error("cannot write the vulnerability data to {path}: {reason}")]
    Write {
        /// The folder or file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Another process writes the store.
    #[error("another sync or import is writing to {path}")]
    Locked {
        /// The folder.
        path: String,
    },
    /// No feed has such an ecosystem, or packages of it are not read from images.
    #[error("{}", if is_elsewhere(name) { format!("packages of {name} are not read from images, so its data is of no use") } else { format!("no ecosystem is called `{name}`") })]
    UnknownEcosystem {
        /// The name.
        name: String,
    },
    /// A mirror is neither an address that can be asked nor a folder.
    #[error("`{mirror}` is no mirror: it can be a folder, or begin with https://, http:// or file://")]
    Mirror {
        /// What it was said to be.
        mirror: String,
    },
    /// What was to be read cannot be.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// The file.
        path: String,
        /// Why, as a clause.
        reason: String,
    },
    /// A download failed.
    #[error("cannot download {url}: {reason}")]
    Download {
        /// The address.
        url: String,
        /// Why, as a clause.
        reason: String,
    },
    /// A download ended before its end, as often as it was tried.
    #[error("the download of {url} broke off after {got} of {} bytes: {reason}", whole.map_or("?".to_owned(), |w| w.to_string()))]
    Interrupted {
        /// The address.
        url: String,
        /// Bytes that are here.
        got: u64,
        /// Bytes there are.
        whole: Option<u64>,
        /// Why, as a clause.
        reason: String,
    },
    /// The server asks to come back later, too late to wait for.
    #[error("{url} asks to be left alone{}", seconds.map_or_else(|| ", and does not say for how long".to_owned(), |s| format!(" for {s} seconds")))]
    TooBusy {
        /// The address.
        url: String,
        /// As long as it asks for, when it says so.
        seconds: Option<u64>,
    },
    /// What arrived is not what the server says it sent.
    #[error("{url} sent something else than it announced: its {kind} is {got}, not {wanted}")]
    Checksum {
        /// The address.
        url: String,
        /// Which checksum.
        kind: &'static str,
        /// That of what arrived.
        got: String,
        /// That of what was announced.
        wanted: String,
    },
    /// Something is larger than anything of its kind.
    #[error("{what} is larger than {limit} bytes, which none is")]
    TooLarge {
        /// What.
        what: String,
        /// The bound.
        limit: u64,
    },
    /// No record was found.
    #[error("there are no vulnerability records in {path}")]
    Empty {
        /// The file or folder.
        path: String,
    },
    /// An ecosystem's archive has no record of it that counts.
    #[error("{origin} has no record of {ecosystem} that counts, so it does not take the place of what is here")]
    Nothing {
        /// Where it is.
        origin: String,
        /// The ecosystem.
        ecosystem: String,
    },
    /// A report or document of another tool is not understood.
    #[error("{path} is no {wanted}: {reason}")]
    Foreign {
        /// The file.
        path: String,
        /// What it should be.
        wanted: &'static str,
        /// Why it is not.
        reason: String,
    },
    /// There is no data at all, where its age is asked about.
    #[error("there is no vulnerability data in {path}")]
    Missing {
        /// The folder.
        path: String,
    },
    /// The data is too old.
    #[error("the vulnerability data of {names} is older than {days} days")]
    Stale {
        /// The sources.
        names: String,
        /// The bound.
        days: u64,
    },
}

impl FeedError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Damaged { .. } => "remove it and run `dockgate feeds sync` again".into(),
            Self::UnknownEcosystem { name } => {
                let names = || super::ECOSYSTEMS.iter().map(|(name, _)| *name);
                let near = named(root(name)).or_else(|| closest(name, names()));
                match near.filter(|_| !is_elsewhere(name)) {
                    Some(near) if name.contains(':') => format!("`{near}` has all its releases"),
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("it can be {}", names().collect::<Vec<_>>().join(", ")),
                }
            }
            Self::Interrupted { .. } => {
                "run it again and it goes on where it stopped; the data that was there before is still in place".into()
            }
            Self::Download { .. } | Self::TooBusy { .. } | Self::Checksum { .. } => {
                "the data that was there before is still in place; try again later, or name another server with --mirror".into()
            }
            Self::Stale { .. } | Self::Missing { .. } => "run `dockgate feeds sync`".into(),
            Self::Locked { .. } => "wait until it is done".into(),
            _ => return None,
        })
    }
}
