//! The run: collect what there is to know, run the rules the policy asks for, join the phases, decide.

mod attested;
mod base;
mod buildkit;
mod collect;
mod contexts;
mod digests;
mod inspect;
mod join;
mod layers;
mod platforms;
mod report;
mod request;
mod run;
mod suppress;

pub use attested::SbomSummary;
pub use inspect::{DiffKind, Difference, InspectRequest, InspectedBase, Inspection, inspect};
pub use layers::{LayerFacts, LayerOrigin};
pub use platforms::run_on;
pub use report::{
    Compared, Comparison, Coverage, ImageSummary, Judged, PolicySummary, Report, Repository, Scope, Waived,
};
pub use request::{
    Build, CheckError, ContextProgress, ContextRequest, ContextSource, ImageRequest, Request, Selection,
};
pub use run::run;
pub use suppress::Suppressed;
