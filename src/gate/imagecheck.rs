//! IMAGECHECK: whether an image stands on its base as the base is today.

use super::{Facts, Reporter};

/// Compares the image's lowest layers with those of the base it is given.
pub fn base_out_of_date(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let Some(base) = &facts.base else { return };
    let Some(current) = base.current_layers.filter(|current| *current != base.layers) else { return };
    let layers = if current == 1 { "layer" } else { "layers" };
    let message = match base.layers {
        0 => format!("the image has none of the {current} {layers} of {}: its base is out of date", base.name),
        shared => format!("the image has {shared} of the {current} {layers} of {}: its base is out of date", base.name),
    };
    report.push(report.on_image(message).help("build the image again on the base as it is now"));
}

/// Tells that the base as it is today is not at hand.
pub fn base_date_unknown(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    if facts.base.as_ref().and_then(|base| base.current_layers).is_none() {
        let message = "whether the base is out of date is not known: there is no current base to compare with";
        report.push(report.on_image(message).help("name the base as it is now with --base"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages};

    #[test]
    fn layers_are_compared_with_those_of_the_base_as_it_is() {
        let mut case = Case::new(2).layer([], []).layer([], []).layer([], []);
        assert!(case.run("base-out-of-date", &[]).is_empty());
        assert_eq!(
            messages(&case.run("base-date-unknown", &[])),
            ["- whether the base is out of date is not known: there is no current base to compare with"]
        );
        case.current_layers = Some(2);
        assert!(case.run("base-out-of-date", &[]).is_empty() && case.run("base-date-unknown", &[]).is_empty());
        case.current_layers = Some(3);
        assert_eq!(
            messages(&case.run("base-out-of-date", &[])),
            ["- the image has 2 of the 3 layers of the base: its base is out of date"]
        );
        let mut other = Case::new(0).layer([], []);
        other.current_layers = Some(1);
        assert_eq!(
            messages(&other.run("base-out-of-date", &[])),
            ["- the image has none of the 1 layer of the base: its base is out of date"]
        );
    }
}
