use super::{Facts, Reporter};
use crate::dockerfile::Keyword;

/// Reports every COPY --from of the stage it stands in.
pub fn check(facts: &Facts<'_>, report: &mut Reporter<'_>) {
    for (_, copy) in facts.instructions_of(Keyword::Copy) {
        let own = copy.stage.and_then(|stage| facts.dockerfile.stages.get(stage));
        let (Some(from), Some(stage)) = (copy.flag_value("from"), own) else { continue };
        if stage.is_named(&from.text) {
            let message = format!("`{}` is the stage this line stands in, which is not built yet", from.text);
            report.push(report.at(from.span, message).help("copy within a stage with RUN cp, or name another stage"));
        }
    }
}
