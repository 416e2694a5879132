//! DOCKERFILECHECK, as far as it is about an image: whether there is a Dockerfile. The other triggers are rules about
//! Dockerfiles.

use super::{Facts, Reporter};

/// Tells that the image is judged without its Dockerfile.
pub fn dockerfile_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    if facts.dockerfile.is_none() {
        let message =
            "the image is judged without its Dockerfile: no Dockerfile rule ran, and no finding can name a line";
        report.push(report.on_image(message).help("give the Dockerfile the image was built from"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::Case;

    #[test]
    fn an_image_alone_is_told_apart() {
        let case = Case::new(0).layer([], []);
        assert_eq!(case.run("dockerfile-missing", &[]).len(), 1);
        assert!(case.dockerfile("FROM scratch\n").run("dockerfile-missing", &[]).is_empty());
    }
}
