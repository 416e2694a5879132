use super::{Facts, Reporter, labels};

/// Reports labels that have to hold an SPDX licence expression and do not.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let is_licence = |text: &str| spdx::Expression::parse(text).is_ok();
    labels::report_values(facts, report, "an SPDX licence expression", "MIT OR Apache-2.0", is_licence);
}
