//! Why a build fails although its file can be read: words that cannot be expanded, FROM lines that name nothing.

use super::ast::{Base, Dockerfile, Keyword, Stage, Word};
use super::env::{Env, Setter};
use super::image_ref::ImageName;
use super::node::Expandable;
use super::platform::Platform;
use super::scope::Step;
use super::words::{Expanded, Expander, WordError};
use crate::text::Span;

/// When BuildKit comes to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BuildPhase {
    /// The arguments above the first FROM, in order.
    Arguments,
    /// All FROM lines, in order.
    From,
    /// All base images.
    Base,
    /// What the stages do, in order.
    Step,
}

/// What may keep the build from failing after all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Remedy {
    /// Nothing: the file must change.
    None,
    /// A variable that the base image sets.
    Image,
    /// A build argument that the file declares.
    Argument,
}

/// A reason for the build to fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFailure {
    /// When.
    pub phase: BuildPhase,
    /// The text BuildKit cannot use.
    pub span: Span,
    /// The instruction at which it stops, by its first byte; for what an ONBUILD holds, the FROM it happens at.
    pub at: usize,
    /// What is wrong, no full stop.
    pub message: String,
    /// What may keep it from failing.
    pub remedy: Remedy,
}

/// The reasons there are for the build to fail at what can be judged here, the first of each instruction and step that is
/// not refused already, in the order BuildKit meets them. `environments`, `bases` and `steps` are those of the build.
pub fn failures(dockerfile: &Dockerfile, environments: &[Env], bases: &[Base], steps: &[Step]) -> Vec<BuildFailure> {
    let first = dockerfile.stages.first().map_or(dockerfile.instructions.len(), |stage| stage.from);
    let globals = dockerfile.instructions.iter().take(first).zip(environments).filter_map(|(instruction, env)| {
        if instruction.error.is_some() {
            return None;
        }
        let words = instruction.expandable();
        let place = Place { phase: BuildPhase::Arguments, at: instruction.span.start, env };
        words.into_iter().find_map(|word| place.expand(dockerfile, word).err())
    });
    let mut found: Vec<BuildFailure> = globals.collect();
    let of_stage = |stage: &Stage| {
        let from = dockerfile.instructions.get(stage.from).filter(|from| from.error.is_none())?;
        let place = Place { phase: BuildPhase::From, at: from.span.start, env: environments.get(stage.from)? };
        place.check_from(dockerfile, stage, bases.get(stage.index)).err()
    };
    found.extend(dockerfile.stages.iter().filter_map(of_stage));
    found.extend(steps.iter().filter_map(|step| of_step(dockerfile, step)));
    found.sort_by_key(|failure| failure.phase);
    found
}

fn of_step(dockerfile: &Dockerfile, step: &Step) -> Option<BuildFailure> {
    let node = step.node(dockerfile).filter(|node| node.error.is_none())?;
    let at = match step.is_trigger {
        true => dockerfile.instructions.get(dockerfile.stages.get(step.stage)?.from)?.span.start,
        false => node.span.start,
    };
    let place = Place { phase: BuildPhase::Step, at, env: &step.env };
    node.expandable().into_iter().find_map(|word| match place.expand(dockerfile, word) {
        Ok(volume) if node.keyword == Keyword::Volume && volume.text.is_empty() => {
            Some(place.failure(word.span, "a volume cannot be an empty string".to_owned(), place.remedy(&volume)))
        }
        Ok(_) => None,
        Err(failure) => Some(failure),
    })
}

/// Where BuildKit is, and the variables it has there.
struct Place<'e> {
    phase: BuildPhase,
    at: usize,
    env: &'e Env,
}

impl Place<'_> {
    fn failure(&self, span: Span, message: String, remedy: Remedy) -> BuildFailure {
        BuildFailure { phase: self.phase, span, at: self.at, message, remedy }
    }

    fn expand(&self, dockerfile: &Dockerfile, word: Expandable<'_>) -> Result<Expanded, BuildFailure> {
        let expander = match word.is_document {
            true => Expander::for_heredoc(self.env),
            false => Expander::new(self.env, dockerfile.escape),
        };
        expander.word(word.text).map_err(|error| {
            let remedy = match &error {
                WordError::Required { name, .. } => self.remedy_by([name]),
                WordError::Length | WordError::Pattern(_) => Remedy::Argument,
                _ => Remedy::None,
            };
            self.failure(word.span, error.to_string(), remedy)
        })
    }

    /// What may change a text with these variables in it.
    fn remedy(&self, expanded: &Expanded) -> Remedy {
        self.remedy_by(expanded.matched.iter().chain(&expanded.unmatched))
    }

    fn remedy_by<'n>(&self, names: impl IntoIterator<Item = &'n String>) -> Remedy {
        let is_argument =
            |name: &str| self.env.variable(name).is_some_and(|variable| matches!(variable.setter, Setter::Arg(_)));
        let remedy = |name: &String| match is_argument(name) {
            true => Remedy::Argument,
            false if self.phase == BuildPhase::Step => Remedy::Image,
            false => Remedy::None,
        };
        names.into_iter().map(remedy).max().unwrap_or(Remedy::None)
    }

    fn check_from(&self, dockerfile: &Dockerfile, stage: &Stage, base: Option<&Base>) -> Result<(), BuildFailure> {
        let word =
            |word: &Word| self.expand(dockerfile, Expandable { text: &word.text, span: word.span, is_document: false });
        let name = word(&stage.base)?;
        if name.text.is_empty() {
            return Err(self.failure(stage.base.span, "the base has no name".to_owned(), self.remedy(&name)));
        }
        let platform = dockerfile.instructions.get(stage.from).and_then(|from| from.flag_value("platform"));
        if let Some(value) = platform.filter(|value| !value.text.is_empty()) {
            let platform = word(value)?;
            if Platform::parse(&platform.text).is_none() {
                let message = format!("`{}` is no platform", platform.text);
                return Err(self.failure(value.span, message, self.remedy(&platform)));
            }
        }
        match base {
            Some(Base::Image(_) | Base::Unknown) if !ImageName::is_valid(&name.text) => {
                let message = format!("`{}` is no name an image can have", name.text);
                let failure = self.failure(stage.base.span, message, self.remedy(&name));
                Err(BuildFailure { phase: BuildPhase::Base, ..failure })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::dockerfile::{BuildOptions, Remedy, bases, environments, failures, parse, steps};
    use crate::text::SourceText;

    #[test]
    fn each_from_and_step_fails_once_and_in_buildkits_order() {
        let text = "ARG T\nARG U='\nFROM a\nCOPY ${} $x /\nVOLUME $x\nARG y\nCOPY ${y?no} /\nFROM $x\nFROM --platform=q A\n\
                    FROM B:$T\nLABEL \"a b\" c\n";
        let dockerfile = parse(&SourceText::new("Dockerfile", text));
        let build = BuildOptions::default();
        let (environments, bases) = (environments(&dockerfile, &build), bases(&dockerfile, &build));
        let found = failures(&dockerfile, &environments, &bases, &steps(&dockerfile, &build));
        let told = found.iter().map(|f| (&text[f.span.range()], dockerfile.source.line(f.at), f.remedy));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("'", 2, Remedy::None),
                ("$x", 8, Remedy::None),
                ("q", 9, Remedy::None),
                ("B:$T", 10, Remedy::Argument),
                ("${}", 4, Remedy::None),
                ("$x", 5, Remedy::Image),
                ("${y?no}", 7, Remedy::Argument),
                ("\"a", 11, Remedy::None)
            ]
        );
    }
}
