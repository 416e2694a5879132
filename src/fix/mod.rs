//! Applies fixes: edits grouped by file, overlaps left for the next pass.
