use super::{Facts, Reporter, labels};

/// Reports labels that have to hold a semantic version and do not.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    labels::report_values(facts, report, "a semantic version", "1.4.0", is_version);
}

/// `major.minor.patch[-pre.release][+build.metadata]`, as Semantic Versioning 2.0.0 defines it.
fn is_version(text: &str) -> bool {
    let (text, build) = text.split_once('+').map_or((text, None), |(text, build)| (text, Some(build)));
    let (core, pre) = text.split_once('-').map_or((text, None), |(core, pre)| (core, Some(pre)));
    let is_number = |part: &str| is_digits(part) && (part == "0" || !part.starts_with('0'));
    let is_identifier = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.into_iter().all(is_number)
        && pre.is_none_or(|pre| pre.split('.').all(|part| is_identifier(part) && (!is_digits(part) || is_number(part))))
        && build.is_none_or(|build| build.split('.').all(is_identifier))
}

fn is_digits(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_version;

    #[test]
    fn versions_have_three_numbers() {
        for version in ["0.0.0", "1.2.3-rc.1+build.5", "1.0.0--", "10.20.30+001"] {
            assert!(is_version(version), "{version}");
        }
        for other in ["", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3.4", "1.2.3-a..b"] {
            assert!(!is_version(other), "{other}");
        }
    }
}
