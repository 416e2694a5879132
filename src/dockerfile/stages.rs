//! Stages: which instruction is in which, what each stands on, which a target needs.

use std::collections::HashMap;
use std::ops::Range;

use super::ast::{Base, Dockerfile, ErrorKind, Instruction, Keyword, Stage, SyntaxError, Word};
use super::scope::{self, BuildOptions};
use crate::text::Span;

/// Fills the stages of a Dockerfile and the stage of each instruction, and refuses what stands before the first FROM.
pub(super) fn assign(dockerfile: &mut Dockerfile) {
    let mut stages: Vec<Stage> = Vec::new();
    for (i, instruction) in dockerfile.instructions.iter_mut().enumerate() {
        if instruction.keyword == Keyword::From {
            stages.push(stage(stages.len(), i, instruction));
        }
        let index = stages.len().checked_sub(1);
        set_stage(instruction, index);
        match stages.last_mut() {
            Some(stage) => stage.instructions.end = i + 1,
            None if instruction.keyword != Keyword::Arg && instruction.error.is_none() => {
                let message = format!("{} stands before the first FROM, in no stage", instruction.keyword.name());
                let span = instruction.keyword_word.span;
                instruction.error = Some(SyntaxError { kind: ErrorKind::Instruction, message, span });
            }
            None => {}
        }
    }
    dockerfile.stages = stages;
    let bases = scope::bases(dockerfile, &BuildOptions::default());
    for (stage, base) in dockerfile.stages.iter_mut().zip(bases) {
        stage.base_kind = base;
    }
}

fn stage(index: usize, from: usize, instruction: &Instruction) -> Stage {
    let words = instruction.args.words();
    let end = instruction.keyword_word.span.end;
    let base = words.first().cloned().unwrap_or(Word { text: String::new(), span: Span::new(end, end) });
    let name = match words {
        [_, as_, name, ..] if as_.text.eq_ignore_ascii_case("as") => Some(name.clone()),
        _ => None,
    };
    Stage { index, from, instructions: Range { start: from, end: from + 1 }, name, base, base_kind: Base::Unknown }
}

fn set_stage(instruction: &mut Instruction, stage: Option<usize>) {
    let mut inner = instruction;
    inner.stage = stage;
    while let Some(trigger) = &mut inner.trigger {
        inner = trigger;
        inner.stage = stage;
    }
}

impl Dockerfile {
    /// The stage a build without a target makes: the last.
    pub fn final_stage(&self) -> Option<&Stage> {
        self.stages.last()
    }

    /// The stage of an instruction; `None` before the first FROM.
    pub fn stage_of(&self, instruction: usize) -> Option<&Stage> {
        self.stages.get(self.instructions.get(instruction)?.stage?)
    }

    /// The stage a name or a number means, wherever it stands. Of stages with the same name it is the last.
    pub fn stage_named(&self, name: &str) -> Option<&Stage> {
        if let Ok(index) = name.parse::<usize>() {
            return self.stages.get(index);
        }
        self.stages.iter().rev().find(|stage| stage.is_named(name))
    }

    /// The stage that `--target` asks for; the last one without a target. `None` when there is no such stage.
    pub fn target_stage(&self, target: Option<&str>) -> Option<&Stage> {
        target.filter(|name| !name.is_empty()).map_or_else(|| self.final_stage(), |name| self.stage_named(name))
    }

    /// A stage and the stages it stands on through FROM, from itself down to the one that stands on an image.
    pub fn stage_chain(&self, stage: usize) -> Vec<usize> {
        let mut chain = Vec::new();
        let mut next = self.stages.get(stage);
        while let Some(stage) = next {
            chain.push(stage.index);
            next = match stage.base_kind {
                // A base stands before what is FROM it, so this ends.
                Base::Stage(base) if base < stage.index => self.stages.get(base),
                _ => None,
            };
        }
        chain
    }

    /// The stages a build of the target needs, sorted: those it is FROM, and those its files come from. All stages when
    /// there is no such target.
    pub fn reachable_stages(&self, target: Option<&str>) -> Vec<usize> {
        let Some(target) = self.target_stage(target) else { return (0..self.stages.len()).collect() };
        let mut by_name: HashMap<String, usize> = HashMap::new();
        for stage in &self.stages {
            if let Some(name) = &stage.name {
                by_name.insert(name.text.to_lowercase(), stage.index);
            }
        }
        let mut is_reached = vec![false; self.stages.len()];
        let mut open = vec![target.index];
        while let Some(index) = open.pop() {
            if std::mem::replace(&mut is_reached[index], true) {
                continue;
            }
            let stage = &self.stages[index];
            if let Base::Stage(base) = stage.base_kind {
                open.push(base);
            }
            for name in self.instructions[stage.instructions.clone()].iter().flat_map(Instruction::sources_of_files) {
                let number = name.parse::<usize>().ok().filter(|number| *number < self.stages.len());
                open.extend(number.or_else(|| by_name.get(&name.to_lowercase()).copied()));
            }
        }
        (0..self.stages.len()).filter(|index| is_reached[*index]).collect()
    }

    /// The instructions of a stage with their indexes, FROM included.
    pub fn instructions_of(&self, stage: &Stage) -> impl Iterator<Item = (usize, &Instruction)> {
        let range = stage.instructions.clone();
        range.clone().zip(self.instructions.get(range).unwrap_or_default())
    }
}

impl Stage {
    /// Whether that is the stage's name; names have no case.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.as_ref().is_some_and(|own| own.text.eq_ignore_ascii_case(name))
    }
}
