//! What can go wrong with vulnerability data.

use thiserror::Error;

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
    /// No feed has such an ecosystem.
    #[error("no ecosystem is called `{name}`")]
    UnknownEcosystem {
        /// The name.
        name: String,
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
    #[error("{url} asks to be left alone for {seconds} seconds")]
    TooBusy {
        /// The address.
        url: String,
        /// As long as it asks for.
        seconds: u64,
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
            Self::UnknownEcosystem { .. } => {
                let names: Vec<&str> = super::ECOSYSTEMS.iter().map(|(name, _)| *name).collect();
                format!("it can be {}", names.join(", "))
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
