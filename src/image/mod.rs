//! Images: opened from archives and layouts, their layers read once in a bounded stream, merged to the tree a container
//! would see. The tree remembers for each entry the layer it came from.

mod model;

pub use model::*;
