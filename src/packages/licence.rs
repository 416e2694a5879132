//! Licences as the many ecosystems spell them, brought to SPDX where the spelling leaves no doubt.

use std::collections::HashMap;
use std::sync::OnceLock;

use spdx::{Expression, ParseMode};

/// Bytes of a licence field that is still a name; longer ones are the text of a licence.
const MAX_FIELD: usize = 256;

/// Spellings that stand for one licence only, lower-case: Debian's, Fedora's from before it took SPDX, and those common in
/// npm and Python metadata. What could mean several (`BSD`, `GPL`, `Artistic`) is not here.
const KNOWN: &[(&str, &str)] = &[
    ("agplv3", "AGPL-3.0-only"),
    ("agplv3+", "AGPL-3.0-or-later"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("boost", "BSL-1.0"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd-2", "BSD-2-Clause"),
    ("bsd-3", "BSD-3-Clause"),
    ("cc0", "CC0-1.0"),
    ("expat", "MIT"),
    ("gnu general public license v2 (gplv2)", "GPL-2.0-only"),
    ("gnu general public license v2 or later (gplv2+)", "GPL-2.0-or-later"),
    ("gnu general public license v3 (gplv3)", "GPL-3.0-only"),
    ("gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"),
    ("gnu lesser general public license v2 or later (lgplv2+)", "LGPL-2.0-or-later"),
    ("gnu lesser general public license v3 (lgplv3)", "LGPL-3.0-only"),
    ("gnu lesser general public license v3 or later (lgplv3+)", "LGPL-3.0-or-later"),
    ("gpl2", "GPL-2.0-only"),
    ("gpl2+", "GPL-2.0-or-later"),
    ("gpl3", "GPL-3.0-only"),
    ("gpl3+", "GPL-3.0-or-later"),
    ("gplv2", "GPL-2.0-only"),
    ("gplv2+", "GPL-2.0-or-later"),
    ("gplv3", "GPL-3.0-only"),
    ("gplv3+", "GPL-3.0-or-later"),
    ("isc license", "ISC"),
    ("isc license (iscl)", "ISC"),
    ("lgplv2", "LGPL-2.0-only"),
    ("lgplv2+", "LGPL-2.0-or-later"),
    ("lgplv2.1", "LGPL-2.1-only"),
    ("lgplv2.1+", "LGPL-2.1-or-later"),
    ("lgplv3", "LGPL-3.0-only"),
    ("lgplv3+", "LGPL-3.0-or-later"),
    ("mit license", "MIT"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mpl 2.0", "MPL-2.0"),
    ("mplv1.1", "MPL-1.1"),
    ("mplv2.0", "MPL-2.0"),
    ("new bsd license", "BSD-3-Clause"),
    ("revised bsd license", "BSD-3-Clause"),
    ("simplified bsd license", "BSD-2-Clause"),
    ("the apache license, version 2.0", "Apache-2.0"),
    ("the apache software license, version 2.0", "Apache-2.0"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("the unlicense (unlicense)", "Unlicense"),
    ("the unlicense", "Unlicense"),
    ("zlib license", "Zlib"),
    ("zlib/libpng license", "Zlib"),
];

/// A licence field as an SPDX expression where it surely is one, else as it is; `None` when it says nothing.
pub fn normalise(field: &str) -> Option<String> {
    let field = field.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if field.is_empty() || matches!(field.to_ascii_uppercase().as_str(), "UNKNOWN" | "NONE" | "NOASSERTION") {
        return None;
    }
    if field.len() > MAX_FIELD {
        let mut end = MAX_FIELD;
        while !field.is_char_boundary(end) {
            end -= 1;
        }
        return Some(format!("{}…", field.get(..end).unwrap_or_default().trim_end()));
    }
    Some(expression(&field).unwrap_or(field))
}

/// How a package's licence is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenceForm {
    /// The identifier of one licence of the SPDX list.
    Identifier,
    /// A valid SPDX expression of more than that.
    Expression,
    /// The metadata's own words.
    Words,
}

impl LicenceForm {
    /// Tells how a licence is written.
    pub fn of(licence: &str) -> Self {
        if spdx::license_id(licence).is_some() {
            Self::Identifier
        } else if is_spdx(licence) {
            Self::Expression
        } else {
            Self::Words
        }
    }
}

/// Whether a licence is a valid SPDX expression.
pub(super) fn is_spdx(licence: &str) -> bool {
    Expression::parse_mode(licence, ParseMode::STRICT).is_ok()
}

/// Brings every operand of an expression to SPDX; `None` when one of them cannot be.
fn expression(field: &str) -> Option<String> {
    let mut out = String::new();
    let mut operand: Vec<&str> = Vec::new();
    let close = |operand: &mut Vec<&str>, out: &mut String| -> Option<()> {
        if !operand.is_empty() {
            out.push_str(&identifier(&operand.join(" "))?);
            operand.clear();
        }
        Some(())
    };
    if let Some(whole) = identifier(field) {
        return Some(whole);
    }
    let spaced = field.replace('(', " ( ").replace(')', " ) ");
    for word in spaced.split_ascii_whitespace() {
        let operator = match word.to_ascii_lowercase().as_str() {
            "and" => " AND ",
            "or" => " OR ",
            "with" => " WITH ",
            "(" => "(",
            ")" => ")",
            _ => {
                operand.push(word);
                continue;
            }
        };
        close(&mut operand, &mut out)?;
        out.push_str(operator);
    }
    close(&mut operand, &mut out)?;
    is_spdx(&out).then_some(out)
}

/// The SPDX identifier of one licence or exception.
fn identifier(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, id)) = KNOWN.iter().find(|(known, _)| *known == lower) {
        return Some((*id).to_owned());
    }
    let (stem, is_later) = match lower.strip_suffix('+') {
        Some(stem) => (stem, true),
        None => (lower.as_str(), false),
    };
    // GNU licences say `-only` or `-or-later`; the bare name stands for `-only`. Debian leaves out `.0`.
    if is_gnu(stem) {
        let ending = if is_later { "-or-later" } else { "-only" };
        let full = |stem: &str| spdx_id(&format!("{stem}{ending}"));
        return full(stem).or_else(|| full(&format!("{stem}.0")));
    }
    let id = spdx_id(stem).or_else(|| (!is_later).then(|| spdx::exception_id(name).map(|e| e.name.to_owned()))?)?;
    Some(if is_later { format!("{id}+") } else { id })
}

fn is_gnu(stem: &str) -> bool {
    let version = ["gpl-", "lgpl-", "agpl-", "gfdl-"].iter().find_map(|prefix| stem.strip_prefix(prefix));
    version.is_some_and(|v| v.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// The identifier of the licence list, without regard to case.
fn spdx_id(lower: &str) -> Option<String> {
    static IDS: OnceLock<HashMap<String, &'static str>> = OnceLock::new();
    let ids = IDS.get_or_init(|| {
        let listed = spdx::identifiers::LICENSES.iter().map(|license| license.name);
        listed.filter(|id| !matches!(*id, "NOASSERTION" | "NONE")).map(|id| (id.to_ascii_lowercase(), id)).collect()
    });
    ids.get(lower).map(|id| (*id).to_owned())
}

/// Fields brought to SPDX, and the fields as they are where that is another spelling; both sorted and each once.
pub(super) fn read_all<S: AsRef<str>>(fields: impl IntoIterator<Item = S>) -> (Vec<String>, Vec<String>) {
    let (mut licences, mut words) = (Vec::new(), Vec::new());
    for field in fields {
        let field = field.as_ref().trim();
        let Some(licence) = normalise(field) else { continue };
        // The text of a licence is no spelling of its name.
        if licence != field && field.len() <= MAX_FIELD {
            words.push(field.to_owned());
        }
        licences.push(licence);
    }
    for list in [&mut licences, &mut words] {
        list.sort();
        list.dedup();
    }
    (licences, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_without_doubt_become_spdx() {
        for (field, spdx) in [
            ("MIT", "MIT"),
            ("mit", "MIT"),
            ("(MIT OR Apache-2.0)", "(MIT OR Apache-2.0)"),
            ("GPL-2.0", "GPL-2.0-only"),
            ("GPL-2+", "GPL-2.0-or-later"),
            ("LGPL-2.1+ and Expat", "LGPL-2.1-or-later AND MIT"),
            ("GPLv2+ and (LGPLv2+ or ASL 2.0)", "GPL-2.0-or-later AND (LGPL-2.0-or-later OR Apache-2.0)"),
            ("GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-3.0-or-later WITH GCC-exception-3.1"),
            ("GFDL-1.3+", "GFDL-1.3-or-later"),
            ("bsd-3-clause", "BSD-3-Clause"),
            ("Apache  License 2.0", "Apache-2.0"),
        ] {
            assert_eq!(normalise(field).as_deref(), Some(spdx), "{field}");
            assert!(is_spdx(spdx), "{spdx}");
        }
    }

    #[test]
    fn what_is_in_doubt_stays_as_it_is() {
        for field in ["BSD", "GPL", "GPLv2+ with exceptions", "SEE LICENSE IN LICENSE.md", "MIT BSD", "and", "GPL-9"] {
            assert_eq!(normalise(field).as_deref(), Some(field));
            assert!(!is_spdx(field), "{field}");
        }
        assert_eq!(normalise(" UNKNOWN "), None);
        assert_eq!(normalise(&"é ".repeat(200)).map(|l| l.len() < 300), Some(true));
    }

    #[test]
    fn every_known_spelling_leads_to_an_identifier() {
        for (known, id) in KNOWN {
            assert!(spdx::license_id(id).is_some(), "{id}");
            assert_eq!(*known, known.to_ascii_lowercase());
        }
    }
}
