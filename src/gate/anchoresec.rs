//! ANCHORESEC: known vulnerabilities. There is no data yet, and that is what it says.

use super::{Facts, Reporter};

/// Says, once for the image, that nothing was checked.
pub fn vulnerability_data_missing(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let message = match facts.packages.list.len() {
        0 => String::from("vulnerabilities were not looked for: this version has no vulnerability feed"),
        1 => String::from("1 package was not checked for vulnerabilities: this version has no vulnerability feed"),
        many => format!("{many} packages were not checked for vulnerabilities: this version has no vulnerability feed"),
    };
    report.push(report.on_image(message).help("run a vulnerability scanner beside this gate"));
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Case, messages};

    #[test]
    fn it_never_passes_in_silence() {
        let case = Case::new(0).layer([], []);
        assert_eq!(
            messages(&case.run("vulnerability-data-missing", &[])),
            ["- vulnerabilities were not looked for: this version has no vulnerability feed"]
        );
        let case = case.packages([("curl", "1"), ("tar", "2")]);
        assert_eq!(
            messages(&case.run("vulnerability-data-missing", &[])),
            ["- 2 packages were not checked for vulnerabilities: this version has no vulnerability feed"]
        );
    }
}
