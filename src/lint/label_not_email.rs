use super::{Facts, Reporter, labels};

/// Reports labels that have to hold an e-mail address and do not.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    labels::report_values(facts, report, "an e-mail address", "team@example.com", is_address);
}

/// One `local@domain` of plain characters (the dot-atom of RFC 5322), without a name before it.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b) || !b.is_ascii())
    };
    let is_host = |part: &str| {
        !part.starts_with('-')
            && !part.ends_with('-')
            && is_atom(part)
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || !b.is_ascii())
    };
    local.split('.').all(is_atom) && domain.split('.').all(is_host)
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_is_one_local_part_and_one_domain() {
        for address in ["a@b", "first.last+tag@mail.example.com", "x_1@sub-domain.example"] {
            assert!(is_address(address), "{address}");
        }
        for other in ["", "a", "@b", "a@", "a b@c", "Name <a@b.example>", "a..b@c", "a@b..c", "a@-b", "a@b@"] {
            assert!(!is_address(other), "{other}");
        }
    }
}
