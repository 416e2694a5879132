//! The platforms of an image and its base.

use super::{Facts, Reporter};

/// Tells that the base that was given is for another platform than the image says it is.
pub fn base_platform_mismatch(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let base = facts.base.as_ref().and_then(|base| Some((&base.name, base.platform.as_ref()?)));
    let (Some((name, of_base)), Some(own)) = (base, facts.image.config.platform()) else { return };
    if *of_base != own {
        let message = format!("the base ({name}) is for {of_base}, and the image calls itself one for {own}");
        let help = "build on a base of the image's platform: give `docker build --platform`, not FROM, the platform";
        report.push(report.on_image(message).help(help));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::fixtures::{Case, messages};
    use crate::image::ImageConfig;

    #[test]
    fn only_a_base_of_another_platform_is_told() {
        let image = || ImageConfig { os: "linux".into(), architecture: "arm64".into(), ..ImageConfig::default() };
        let told = |base: Option<&str>, config: ImageConfig| {
            let mut case = Case::new(1).layer([], []);
            (case.base_platform, case.config) = (base.map(str::to_owned), config);
            messages(&case.run("base-platform-mismatch", &[]))
        };
        assert_eq!(
            told(Some("linux/amd64"), image()),
            ["- the base (the base) is for linux/amd64, and the image calls itself one for linux/arm64"]
        );
        for (base, config) in
            [(Some("linux/arm64"), image()), (None, image()), (Some("linux/amd64"), ImageConfig::default())]
        {
            assert!(told(base, config).is_empty());
        }
    }
}
