//! Why a build fails although its file can be read: words that cannot be expanded, FROM lines that name nothing.

use super::ast::{Base, Dockerfile, Keyword};
use super::env::Env;
use super::image_ref::ImageName;
use super::platform::Platform;
use super::scope::Step;
use super::words::{Expander, WordError};
use crate::text::Span;

/// When BuildKit comes to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BuildPhase {
    /// All FROM lines, in order.
    From,
    /// All base images.
    Base,
    /// What the stages do, in order.
    Step,
}

/// A reason for the build to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFailure {
    /// When.
    pub phase: BuildPhase,
    /// The text BuildKit cannot use.
    pub span: Span,
    /// The FROM or instruction at which it stops, by its first byte; of what an ONBUILD holds, the FROM it happens at.
    pub at: usize,
    /// What is wrong, no full stop.
    pub message: String,
    /// No build argument or variable can mend it.
    pub is_certain: bool,
}

/// The reasons there are for the build to fail at what can be judged here, the first of each FROM and step, in the order
/// BuildKit meets them. `environments`, `bases` and `steps` are those of the build.
pub fn failures(dockerfile: &Dockerfile, environments: &[Env], bases: &[Base], steps: &[Step]) -> Vec<BuildFailure> {
    let mut found = Vec::new();
    for stage in &dockerfile.stages {
        let (Some(from), Some(env)) = (dockerfile.instructions.get(stage.from), environments.get(stage.from)) else {
            continue;
        };
        let failure =
            |phase, span, message| BuildFailure { phase, span, at: from.span.start, message, is_certain: false };
        let expander = Expander::new(env, dockerfile.escape);
        let base = match expander.word(&stage.base.text) {
            Err(error) => Some(word_failure(BuildPhase::From, stage.base.span, from.span.start, &error)),
            Ok(base) if base.text.is_empty() => {
                Some(failure(BuildPhase::From, stage.base.span, "the base has no name".to_owned()))
            }
            Ok(_) => None,
        };
        let platform = from.flag_value("platform").filter(|value| !value.text.is_empty()).and_then(|value| {
            match expander.word(&value.text) {
                Err(error) => Some(word_failure(BuildPhase::From, value.span, from.span.start, &error)),
                Ok(platform) if Platform::parse(&platform.text).is_some() => None,
                Ok(platform) => {
                    Some(failure(BuildPhase::From, value.span, format!("`{}` is no platform", platform.text)))
                }
            }
        });
        let image = match bases.get(stage.index) {
            Some(Base::Image(name)) if base.is_none() && !ImageName::is_valid(name) => {
                Some(failure(BuildPhase::Base, stage.base.span, format!("`{name}` is no name an image can have")))
            }
            _ => None,
        };
        found.extend(base.or(platform).or(image));
    }
    found.extend(steps.iter().filter_map(|step| of_step(dockerfile, step)));
    found.sort_by_key(|failure| failure.phase);
    found
}

fn of_step(dockerfile: &Dockerfile, step: &Step) -> Option<BuildFailure> {
    let node = step.node(dockerfile)?;
    let at = match step.is_trigger {
        true => dockerfile.instructions.get(dockerfile.stages.get(step.stage)?.from)?.span.start,
        false => node.span.start,
    };
    for text in node.expandable() {
        let expander = match text.is_document {
            true => Expander::for_heredoc(&step.env),
            false => Expander::new(&step.env, dockerfile.escape),
        };
        match expander.word(text.text) {
            Err(error) => return Some(word_failure(BuildPhase::Step, text.span, at, &error)),
            Ok(volume) if node.keyword == Keyword::Volume && volume.text.is_empty() => {
                let message = "a volume cannot be an empty string".to_owned();
                return Some(BuildFailure { phase: BuildPhase::Step, span: text.span, at, message, is_certain: false });
            }
            Ok(_) => {}
        }
    }
    None
}

fn word_failure(phase: BuildPhase, span: Span, at: usize, error: &WordError) -> BuildFailure {
    let depends = matches!(error, WordError::Required { .. } | WordError::Length | WordError::Pattern(_));
    BuildFailure { phase, span, at, message: error.to_string(), is_certain: !depends }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::dockerfile::{BuildOptions, bases, environments, failures, parse, steps};
    use crate::text::SourceText;

    #[test]
    fn each_from_and_step_fails_once_and_in_buildkits_order() {
        let text =
            "FROM a\nCOPY ${} $x /\nVOLUME $x\nCOPY ${y?no} /\nFROM $x\nFROM --platform=q A\nFROM B\nLABEL \"a b\" c\n";
        let dockerfile = parse(&SourceText::new("Dockerfile", text));
        let build = BuildOptions::default();
        let (environments, bases) = (environments(&dockerfile, &build), bases(&dockerfile, &build));
        let found = failures(&dockerfile, &environments, &bases, &steps(&dockerfile, &build));
        let told: Vec<_> =
            found.iter().map(|f| (&text[f.span.range()], dockerfile.source.line(f.at), f.is_certain)).collect();
        assert_eq!(
            told,
            [
                ("$x", 5, false),
                ("q", 6, false),
                ("B", 7, false),
                ("${}", 2, true),
                ("$x", 3, false),
                ("${y?no}", 4, false),
                ("\"a", 8, true)
            ]
        );
    }
}
