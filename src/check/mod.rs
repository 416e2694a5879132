//! The run: collect, dispatch, sort, join the phases, decide.
