//! The build context: what `.dockerignore` lets through, and what each COPY and ADD really takes.

mod model;

pub use model::*;
