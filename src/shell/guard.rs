//! Panics of the shell grammar and linter, which must not end a run.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread runs code whose panics are caught and told in another way: a panic hook has nothing to print.
pub fn is_guarded() -> bool {
    IS_GUARDED.get()
}

/// What the function gives; `None` when it panics.
pub(super) fn guarded<T>(function: impl FnOnce() -> T) -> Option<T> {
    let was_guarded = IS_GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(function)).ok();
    IS_GUARDED.set(was_guarded);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_no_result() {
        assert_eq!(guarded(is_guarded), Some(true));
        assert_eq!(guarded(|| panic!("told in the test's output")), None::<()>);
        assert!(!is_guarded());
    }
}
