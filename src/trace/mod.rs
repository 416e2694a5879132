//! Which instruction made a layer, and where the base ends: history aligned with the Dockerfile.

/// An image's layers, traced to the Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// For each layer, lowest first, what made it.
    pub layers: Vec<Maker>,
    /// For each history entry, oldest first, what made it.
    pub history: Vec<Maker>,
    /// Number of leading layers that came with the base image; `None` when the Dockerfile does not match the image.
    pub base_layers: Option<usize>,
    /// The FROM instruction that names the base image (the first of the chain of stages the final stage stands on).
    pub base_from: Option<usize>,
    /// Why the alignment is not whole: the first history entry (its index) or instruction that has no partner, in words.
    pub mismatch: Option<String>,
}

/// What made a layer or history entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// It came with the base image.
    Base,
    /// An instruction, as an index into `Dockerfile::instructions`.
    Instruction(usize),
    /// Not known.
    Unknown,
}
