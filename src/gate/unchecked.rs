//! What was not checked, so that nothing passes unseen.

use std::collections::BTreeSet;

use super::{Facts, Reporter};
use crate::finding::{Finding, Origin};
use crate::image::Problem;

/// Parts of the image that could not be read, one finding each.
pub fn image_part_unchecked(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for problem in &facts.image.problems {
        let message = format!("not all of the image could be checked: {}", problem.message);
        report.push(unread(problem, message, report));
    }
}

/// Package databases of the image and its base that could not be read, one finding each.
pub fn packages_unread(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let of_base = facts.base.iter().flat_map(|base| &base.packages.problems);
    // The base's database is mostly the image's as well.
    let mut told = BTreeSet::new();
    for problem in facts.packages.problems.iter().chain(of_base) {
        if told.insert(&problem.message) {
            report.push(unread(problem, problem.message.clone(), report));
        }
    }
}

fn unread(problem: &Problem, message: String, report: &Reporter<'_>) -> Finding {
    let finding = match problem.layer {
        Some(layer) => report.in_layer(layer, None, message),
        None => report.on_image(message),
    };
    // Also of a layer of the base: it is the copy at hand that cannot be read.
    finding.subject(&problem.message).origin(Origin::Yours)
}

/// Tells that the image could not be compared with its base.
pub fn base_unknown(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    if facts.base.is_some() {
        return;
    }
    let mismatch = facts.trace.and_then(|t| t.mismatch.as_deref());
    let (why, help) = match (facts.dockerfile, mismatch) {
        (None, _) => (String::new(), "give the Dockerfile the image was built from, or name the base".to_owned()),
        (Some(_), Some(mismatch)) => (
            format!(", since the Dockerfile does not fit the image: {mismatch}"),
            "give the Dockerfile the image was built from".to_owned(),
        ),
        (Some(_), None) => {
            (String::from(", since the Dockerfile does not tell where the base ends"), "name the base".to_owned())
        }
    };
    let message = format!("setuid files and packages were not compared with the base: the base is not known{why}");
    let told = facts.image.base.as_ref().map_or_else(String::new, |base| {
        let digest = base.digest.as_ref().map_or_else(String::new, |digest| format!("@{digest}"));
        format!("; the image itself says it stands on {}{digest}", base.name)
    });
    report.push(report.on_image(message).help(format!("{help}{told}")));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, messages};
    use crate::finding::{Origin, Place};
    use crate::image::Problem;
    use crate::trace::{Maker, Trace};

    #[test]
    fn every_problem_is_a_finding() {
        let mut case = Case::new(1).layer([], []).layer([], []);
        case.problems = vec![
            Problem { layer: Some(0), message: "the gzip stream ends early".into() },
            Problem { layer: None, message: "the index names an artifact of unknown type".into() },
        ];
        let findings = case.run("image-part-unchecked", &[]);
        assert_eq!(
            messages(&findings),
            [
                "0 not all of the image could be checked: the gzip stream ends early",
                "- not all of the image could be checked: the index names an artifact of unknown type",
            ]
        );
        assert!(findings.iter().all(|f| f.origin == Origin::Yours));
        assert!(Case::new(0).run("image-part-unchecked", &[]).is_empty());
    }

    #[test]
    fn an_unread_package_database_is_told_once_for_image_and_base() {
        let mut case = Case::new(1).layer([], []).layer([], []);
        assert!(case.run("packages-unread", &[]).is_empty());
        case.package_problems = vec![Problem { layer: Some(0), message: "apk packages are not read".into() }];
        assert_eq!(messages(&case.run("packages-unread", &[])), ["0 apk packages are not read"]);
        assert!(case.run("image-part-unchecked", &[]).is_empty());
    }

    #[test]
    fn an_unknown_base_is_told_with_the_reason() {
        let known = Case::new(0).layer([], []);
        assert!(known.run("base-unknown", &[]).is_empty());
        let alone = known.without_base();
        let said = "- setuid files and packages were not compared with the base: the base is not known";
        assert_eq!(messages(&alone.run("base-unknown", &[])), [said]);
        let misfit = alone.dockerfile("FROM debian:12\n").trace(Trace {
            layers: vec![Maker::Unknown],
            history: Vec::new(),
            base_layers: None,
            base_from: None,
            mismatch: Some("history entry 1 has no instruction".into()),
            is_merged: false,
        });
        let findings = misfit.run("base-unknown", &[]);
        assert_eq!(
            messages(&findings),
            [format!("{said}, since the Dockerfile does not fit the image: history entry 1 has no instruction")]
        );
        assert!(matches!(findings[0].place(), Place::Image(_)));
    }
}
