use super::{Facts, Reporter};
use crate::dockerfile::{Instruction, Keyword};

/// Reports the last USER of the final image, or of every stage, when it is root.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    let is_user = |(_, instruction): &(usize, &Instruction)| instruction.keyword == Keyword::User;
    if report.params().bool("every-stage") {
        for stage in &facts.dockerfile.stages {
            report_root(facts, report, facts.dockerfile.instructions_of(stage).filter(is_user).last());
        }
    } else {
        report_root(facts, report, facts.final_instructions().filter(is_user).last());
    }
}

fn report_root(facts: &Facts<'_>, report: &mut Reporter<'_>, user: Option<(usize, &Instruction)>) {
    let Some((index, word)) = user.and_then(|(index, user)| Some((index, user.args.text()?))) else { return };
    let user = facts.text_of(index, word);
    if matches!(user.split(':').next().map(str::trim), Some("root" | "0")) {
        let message = "the image runs as root: whoever breaks into the process owns the container";
        report.push(report.at(word.span, message).help("end with a user of its own, as in `USER 10001:10001`"));
    }
}
