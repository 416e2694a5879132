//! Mends files: the fixes of findings are made as far as they do not overlap, the file is read and checked again, and so
//! on until nothing changes any more. What keeps files out of a build context is mended along with the Dockerfiles that are
//! built from it. A file that would parse worse than before is left as it was.

mod apply;
mod passes;
mod write;

pub use apply::{Fixed, apply};
pub use passes::{MAX_PASSES, Mended, OtherTexts, Wishes, mend};
pub use write::{WriteError, create, write};
