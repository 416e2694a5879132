//! The run: collect what there is to know, run the rules the policy asks for, join the phases, decide.

mod collect;
mod inspect;
mod join;
mod report;
mod run;

pub use inspect::{DiffKind, Difference, InspectRequest, InspectedBase, Inspection, inspect};
pub use report::{Coverage, ImageSummary, Judged, PolicySummary, Report, Waived};
pub use run::{CheckError, ContextRequest, ImageRequest, Request, Selection, run};
