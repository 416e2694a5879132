//! What is known of an image as a whole: size, platform, distribution; and the two gates that only speak for themselves.

use super::compare::Comparison;
use super::end_of_life::release_field;
use super::{Facts, Reporter};

/// An attribute of the image that compares as the policy says.
pub fn image_attribute_matched(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let name = params.str("attribute");
    let own = match name {
        "size" => Some(facts.image.layers.iter().map(|layer| layer.size).sum::<u64>().to_string()),
        "architecture" => Some(facts.image.config.architecture.clone()),
        "os_type" => Some(facts.image.config.os.clone()),
        "layer_count" => Some(facts.image.layers.len().to_string()),
        "distro" => release_field(facts.tree, "ID"),
        "distro_version" => release_field(facts.tree, "VERSION_ID"),
        "like_distro" => release_field(facts.tree, "ID_LIKE"),
        other => {
            let message = format!("`{other}` was not compared: an image has no such attribute");
            return report.push(report.on_image(message).subject(other));
        }
    };
    let own = own.filter(|value| !value.is_empty());
    let value = match name {
        "size" => bytes(params.str("value")).map_or_else(|| params.str("value").to_owned(), |bytes| bytes.to_string()),
        _ => params.str("value").to_owned(),
    };
    let comparison = match Comparison::new(params.str("check"), &value) {
        Ok(comparison) => comparison,
        Err(why) => return report.push(report.on_image(format!("{name} was not compared: {why}")).subject(name)),
    };
    let holds = match &own {
        // What is not known is not what it should be.
        None => comparison.is_negative(),
        // Each of the distributions it is like counts.
        Some(own) if name == "like_distro" => {
            let mut all = own.split_whitespace();
            if comparison.is_negative() {
                all.all(|one| comparison.holds(one))
            } else {
                all.any(|one| comparison.holds(one))
            }
        }
        Some(own) => comparison.holds(own),
    };
    if holds {
        let shown = own.map(|own| format!(" ({own})")).unwrap_or_default();
        let message = format!("the image's {name}{shown} {}, and the policy does not want that", comparison.told());
        report.push(report.on_image(message).subject(name));
    }
}

/// Tells of an image that is made of a distribution the policy denies, in the releases it names.
pub fn denied_distro(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let params = report.params();
    let (wanted, version) = (params.str("distro"), params.str("version"));
    let own = release_field(facts.tree, "ID").unwrap_or_default();
    if !own.eq_ignore_ascii_case(wanted) {
        return;
    }
    let release = release_field(facts.tree, "VERSION_ID").unwrap_or_default();
    let comparison = match Comparison::new(params.str("check"), version) {
        Ok(comparison) => comparison,
        Err(why) => {
            return report.push(report.on_image(format!("the distribution was not compared: {why}")).subject(own));
        }
    };
    let message = if version.is_empty() {
        format!("the image is made of {own} {release}, and the policy does not want that").replace(" ,", ",")
    } else if release.is_empty() {
        format!("the image is made of {own} and does not tell the release, so it was not compared with {version}")
    } else if comparison.holds(&release) {
        format!("the image is made of {own} {release}, which {}, and the policy does not want that", comparison.told())
    } else {
        return;
    };
    report.push(report.on_image(message).subject(own).help("take a base of another release"));
}

/// Tells of an image that has no other name than `latest`.
pub fn latest_image_tag(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let tags = &facts.image.tags;
    if !tags.is_empty() && tags.iter().all(|tag| tag.ends_with(":latest")) {
        let message = format!("the image is called {} alone, a name that the next build takes away", tags.join(", "));
        report.push(report.on_image(message).help("give it a name that stays as well: a version or the commit"));
    }
}

/// Bytes as people write them: `100`, `100KB`, `2GB`, in powers of 1024.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c.is_whitespace());
    let power = match text.get(digits.len()..)?.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1024_u64.checked_pow(power)?)
}

/// Says what the policy wants said of every image.
pub fn always(_: &Facts<'_>, report: &mut Reporter<'_>) {
    report.push(report.on_image("the policy asks for this with every image"));
}

/// Says that nothing was looked for.
pub fn malware_not_scanned(_: &Facts<'_>, report: &mut Reporter<'_>) {
    let message = "malware was not looked for: this version has no malware scanner";
    report.push(report.on_image(message).help("run a malware scanner beside this gate"));
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, file, messages, text};

    #[test]
    fn attributes_are_compared() {
        let release = text("/etc/os-release", "ID=ubuntu\nID_LIKE=\"debian linux\"\nVERSION_ID=\"24.04\"\n");
        let mut case = Case::new(0).layer([release], []).layer([file("/x")], []);
        case.sizes = vec![1024 * 1024, 512];
        case.config.architecture = "amd64".into();
        let run = |attribute, check, value| {
            messages(
                &case.run("image-attribute-matched", &[("attribute", attribute), ("check", check), ("value", value)]),
            )
        };
        assert_eq!(
            run("size", ">", "1MB"),
            ["- the image's size (1049088) is more than 1048576, and the policy does not want that"]
        );
        assert!(run("size", ">", "2MB").is_empty());
        assert_eq!(run("distro", "not_in", "debian,alpine").len(), 1);
        assert_eq!(run("distro_version", "<", "24.10").len(), 1);
        assert_eq!(run("like_distro", "=", "debian").len(), 1);
        assert_eq!(run("layer_count", ">=", "2").len(), 1);
        assert_eq!(run("os_type", "not_exists", "").len(), 1);
        assert!(run("os_type", "=", "linux").is_empty());
        // What is not known is not `linux`.
        assert_eq!(
            run("os_type", "!=", "linux"),
            ["- the image's os_type is not `linux`, and the policy does not want that"]
        );
        assert_eq!((run("like_distro", "!=", "debian").len(), run("like_distro", "not_in", "rhel,suse").len()), (0, 1));
        assert_eq!(run("colour", "=", "red"), ["- `colour` was not compared: an image has no such attribute"]);
        assert!(run("distro", "like", "(").first().is_some_and(|told| told.contains("was not compared")));
    }

    #[test]
    fn releases_of_a_distribution_are_denied() {
        let run = |release: &str, version: &str, check: &str| {
            let case = Case::new(0).layer([text("/etc/os-release", release)], []);
            messages(&case.run("denied-distro", &[("distro", "debian"), ("version", version), ("check", check)]))
        };
        let twelve = "ID=debian\nVERSION_ID=\"12\"\n";
        assert_eq!(
            run(twelve, "13", "<"),
            ["- the image is made of debian 12, which is less than 13, and the policy does not want that"]
        );
        assert!(run(twelve, "9", "<").is_empty() && run("ID=ubuntu\nVERSION_ID=12\n", "13", "<").is_empty());
        assert_eq!(run(twelve, "", "="), ["- the image is made of debian 12, and the policy does not want that"]);
        assert_eq!(
            run("ID=debian\n", "9", "<"),
            ["- the image is made of debian and does not tell the release, so it was not compared with 9"]
        );
    }

    #[test]
    fn two_gates_speak_every_time() {
        let case = Case::new(0).layer([], []);
        assert_eq!(messages(&case.run("always", &[])), ["- the policy asks for this with every image"]);
        assert_eq!(
            messages(&case.run("malware-not-scanned", &[])),
            ["- malware was not looked for: this version has no malware scanner"]
        );
    }

    #[test]
    fn latest_alone_is_no_name() {
        let told = |tags: &[&str]| {
            let mut case = Case::new(0).layer([file("/x")], []);
            case.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            messages(&case.run("latest-image-tag", &[])).len()
        };
        assert_eq!((told(&[]), told(&["app:latest"]), told(&["app:1.4", "app:latest"])), (0, 1, 0));
    }
}
