use super::{Facts, Reporter};

/// Reports every link that takes the place of the image's sh.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for command in facts.run_commands().filter(|command| command.name() == Some("ln")) {
        let link = command.operands(&["-S", "--suffix", "-t", "--target-directory"]).last().copied();
        if let Some(word) = link.filter(|word| matches!(word.literal.as_deref(), Some("/bin/sh" | "/usr/bin/sh"))) {
            let message = "another shell takes the place of sh for every program of the image, not only for RUN";
            report
                .push(report.at(word.span, message).help("name the shell of RUN with `SHELL [\"/bin/bash\", \"-c\"]`"));
        }
    }
}
