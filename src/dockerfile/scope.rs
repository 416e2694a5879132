//! ARG and ENV: which variables are in force before each instruction.
//!
//! As in BuildKit: arguments before the first FROM are seen by FROM lines only, and by a stage that declares them again;
//! a stage that is FROM another has its variables; `ENV` and `ARG` of a stage set the same variables, the later one wins,
//! but only `ENV` is part of the image; all values of one ENV are expanded with what was in force before it, those of
//! ARG one after the other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ast::{Base, Dockerfile, Instruction, Keyword, Stage};
use super::env::{Env, Lookup, Setter, Variable};
use super::words::Expander;

/// What is asked of a build, as far as it changes how the Dockerfile reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// `--build-arg name=value`.
    pub build_args: BTreeMap<String, String>,
    /// `--target`: a stage's name or number; the last stage without it.
    pub target: Option<String>,
    /// `--platform os/arch[/variant]`; `linux/amd64` without it.
    pub platform: Option<String>,
}

/// What the builder runs on.
const DEFAULT_PLATFORM: &str = "linux/amd64";
/// What BuildKit sets where the base image has no PATH.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Values of one file may take this many bytes together; past them variables are declared but have no value.
const MAX_VALUE_BYTES: usize = 16 << 20;
/// So many ONBUILD instructions are followed into the stages they fire in.
const MAX_TRIGGER_STEPS: usize = 10_000;

/// The environment before each instruction of the file, in order. A FROM line, and what stands before the first one, has
/// the global arguments. A file without any FROM is read as a piece of a stage.
pub fn environments(dockerfile: &Dockerfile, options: &BuildOptions) -> Vec<Env> {
    let mut walk = Walk::new(dockerfile, options);
    let has_stages = !dockerfile.stages.is_empty();
    let mut environments = Vec::with_capacity(dockerfile.instructions.len());
    for (i, instruction) in dockerfile.instructions.iter().enumerate() {
        match instruction.keyword {
            Keyword::From => {
                environments.push(walk.global.clone());
                if let Some(stage) = instruction.stage.and_then(|index| dockerfile.stages.get(index)) {
                    walk.enter(stage);
                }
            }
            _ if instruction.stage.is_none() && has_stages => {
                environments.push(walk.global.clone());
                walk.global_argument(i, instruction);
            }
            _ => {
                environments.push(walk.stage.env.clone());
                walk.step(i, instruction);
            }
        }
    }
    environments
}

/// One thing the build of a stage does: an instruction of the stage, or one that an ONBUILD of its base holds, which
/// happens right after the stage's FROM.
#[derive(Clone, Debug)]
pub struct Step {
    /// The stage it happens in.
    pub stage: usize,
    /// Index into [`Dockerfile::instructions`]: the instruction, or the ONBUILD that holds it.
    pub instruction: usize,
    /// It is what the ONBUILD holds.
    pub is_trigger: bool,
    /// The variables in force before it.
    pub env: Env,
}

impl Step {
    /// The instruction that is run.
    pub fn node<'d>(&self, dockerfile: &'d Dockerfile) -> Option<&'d Instruction> {
        let node = dockerfile.instructions.get(self.instruction)?;
        if self.is_trigger { node.trigger.as_deref() } else { Some(node) }
    }
}

/// Everything the build of each stage does, in order, FROM lines left out.
pub fn steps(dockerfile: &Dockerfile, options: &BuildOptions) -> Vec<Step> {
    let mut walk = Walk::new(dockerfile, options);
    for (i, instruction) in dockerfile.instructions.iter().enumerate() {
        match (instruction.keyword, instruction.stage) {
            (Keyword::From, Some(stage)) => walk.enter(&dockerfile.stages[stage]),
            (_, Some(stage)) => {
                walk.steps.push(Step { stage, instruction: i, is_trigger: false, env: walk.stage.env.clone() });
                walk.step(i, instruction);
            }
            (_, None) => walk.global_argument(i, instruction),
        }
    }
    walk.steps
}

/// What each stage stands on, with these options.
pub fn bases(dockerfile: &Dockerfile, options: &BuildOptions) -> Vec<Base> {
    let mut walk = Walk::new(dockerfile, options);
    let first = dockerfile.stages.first().map_or(dockerfile.instructions.len(), |stage| stage.from);
    for (i, instruction) in dockerfile.instructions[..first].iter().enumerate() {
        walk.global_argument(i, instruction);
    }
    let mut bases = Vec::with_capacity(dockerfile.stages.len());
    for stage in &dockerfile.stages {
        bases.push(walk.base(stage));
        walk.name(stage);
    }
    bases
}

/// Arguments that steer the builder and are never variables.
pub const BUILDER_ARGS: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// A walk over the file from its start.
struct Walk<'d> {
    dockerfile: &'d Dockerfile,
    options: &'d BuildOptions,
    /// Global and platform arguments.
    global: Env,
    /// The stage at hand.
    stage: StageScope,
    /// What each stage so far leaves to those that are FROM it.
    left: Vec<StageScope>,
    /// The latest stage of each name: in lower case, as BuildKit keeps it, and as written.
    names: HashMap<String, usize>,
    value_bytes: usize,
    trigger_steps: usize,
    /// What happened so far, as far as it is recorded.
    steps: Vec<Step>,
}

#[derive(Clone, Default)]
struct StageScope {
    /// All variables.
    env: Env,
    /// Those of the image: set by ENV.
    image: Env,
    /// Variables of the image that an ARG hides to the end of the stage.
    hidden: Vec<Arc<str>>,
}

impl<'d> Walk<'d> {
    fn new(dockerfile: &'d Dockerfile, options: &'d BuildOptions) -> Self {
        let mut global = Env::default();
        for (name, default) in platform_arguments(dockerfile, options) {
            let value = options.build_args.get(name).cloned().unwrap_or(default);
            global.set(Variable { name: name.into(), value: Some(value.into()), setter: Setter::Builder });
        }
        Self {
            dockerfile,
            options,
            global,
            stage: StageScope::default(),
            left: Vec::new(),
            names: HashMap::new(),
            value_bytes: 0,
            trigger_steps: 0,
            steps: Vec::new(),
        }
    }

    fn global_argument(&mut self, index: usize, instruction: &Instruction) {
        if instruction.keyword != Keyword::Arg {
            return;
        }
        for pair in instruction.args.pairs() {
            let name = pair.key.text.as_str();
            let value = match (self.options.build_args.get(name), &pair.value) {
                (Some(given), _) => Some(given.clone()),
                (None, Some(default)) => self.expanded(&default.text, &self.global),
                (None, None) if self.global.is_declared(name) => continue,
                (None, None) => None,
            };
            let value = self.within_bounds(value);
            self.global.set(Variable { name: name.into(), value, setter: Setter::Arg(index) });
        }
    }

    fn base(&self, stage: &Stage) -> Base {
        let expanded = Expander::new(&self.global, self.dockerfile.escape).word(&stage.base.text);
        match expanded {
            Ok(expanded) if expanded.missing.is_empty() && !expanded.text.is_empty() => {
                match self.names.get(&expanded.text) {
                    Some(earlier) => Base::Stage(*earlier),
                    None if expanded.text == "scratch" => Base::Scratch,
                    None => Base::Image(expanded.text),
                }
            }
            _ => Base::Unknown,
        }
    }

    fn name(&mut self, stage: &Stage) {
        if let Some(name) = &stage.name {
            self.names.insert(name.text.to_lowercase(), stage.index);
            self.names.insert(name.text.clone(), stage.index);
        }
    }

    /// Leaves the stage at hand and starts another.
    fn enter(&mut self, stage: &Stage) {
        if stage.index > 0 {
            let mut done = std::mem::take(&mut self.stage);
            for name in done.hidden.drain(..) {
                if let Some(variable) = done.image.variable(&name) {
                    done.env.set(variable.clone());
                }
            }
            self.left.push(done);
        }
        let base = self.base(stage);
        self.name(stage);
        match base {
            Base::Stage(earlier) => {
                self.stage = self.left.get(earlier).cloned().unwrap_or_default();
                self.run_triggers(earlier, stage.index);
            }
            _ => {
                let path = Variable { name: "PATH".into(), value: Some(DEFAULT_PATH.into()), setter: Setter::Builder };
                self.stage = StageScope::default();
                self.stage.env.set(path.clone());
                self.stage.image.set(path);
            }
        }
    }

    /// What ONBUILD of a stage asks for happens at the start of a stage that is FROM it.
    fn run_triggers(&mut self, base: usize, stage: usize) {
        let Some(base) = self.dockerfile.stages.get(base) else { return };
        for (instruction, node) in self.dockerfile.instructions_of(base) {
            if let Some(trigger) = &node.trigger {
                self.trigger_steps += 1;
                if self.trigger_steps <= MAX_TRIGGER_STEPS {
                    self.steps.push(Step { stage, instruction, is_trigger: true, env: self.stage.env.clone() });
                    self.step(instruction, trigger);
                }
            }
        }
    }

    /// What an instruction changes for those after it in its stage.
    fn step(&mut self, index: usize, instruction: &Instruction) {
        match instruction.keyword {
            Keyword::Env => {
                let before = self.stage.env.clone();
                for pair in instruction.args.pairs() {
                    let Some(value) = &pair.value else { continue };
                    let name = self.expanded(&pair.key.text, &before).unwrap_or_else(|| pair.key.text.clone());
                    let value = self.within_bounds(self.expanded(&value.text, &before));
                    let variable = Variable { name: name.into(), value, setter: Setter::Env(index) };
                    self.stage.env.set(variable.clone());
                    self.stage.image.set(variable);
                }
            }
            Keyword::Arg => {
                for pair in instruction.args.pairs() {
                    let name = pair.key.text.as_str();
                    let value = match (self.options.build_args.get(name), &pair.value) {
                        (Some(given), _) => Some(given.clone()),
                        (None, Some(default)) => self.expanded(&default.text, &self.stage.env),
                        (None, None) => self.global.get(name).map(str::to_owned),
                    };
                    self.set_argument(index, name, value);
                }
            }
            _ => {}
        }
    }

    fn set_argument(&mut self, index: usize, name: &str, value: Option<String>) {
        let value = if BUILDER_ARGS.contains(&name) { None } else { self.within_bounds(value) };
        if value.is_none() && self.stage.env.is_declared(name) {
            return;
        }
        let name: Arc<str> = name.into();
        if self.stage.image.is_declared(&name) {
            self.stage.hidden.push(Arc::clone(&name));
        }
        self.stage.env.set(Variable { name, value, setter: Setter::Arg(index) });
    }

    /// `None` where BuildKit would stop: the word is malformed or asks for a variable that is not set.
    fn expanded(&self, text: &str, env: &Env) -> Option<String> {
        Expander::new(env, self.dockerfile.escape).word(text).ok().map(|expanded| expanded.text)
    }

    fn within_bounds(&mut self, value: Option<String>) -> Option<Arc<str>> {
        let value = value?;
        self.value_bytes = self.value_bytes.saturating_add(value.len());
        (self.value_bytes <= MAX_VALUE_BYTES).then(|| value.into())
    }
}

/// The arguments every build has before the first FROM.
fn platform_arguments(dockerfile: &Dockerfile, options: &BuildOptions) -> Vec<(&'static str, String)> {
    let target = options.platform.as_deref().unwrap_or(DEFAULT_PLATFORM);
    let part = |platform: &str, i| platform.split('/').nth(i).unwrap_or_default().to_owned();
    let last_name = || Some(dockerfile.stages.last()?.name.as_ref()?.text.to_lowercase());
    let stage = options.target.clone().filter(|name| !name.is_empty()).or_else(last_name);
    vec![
        ("BUILDPLATFORM", DEFAULT_PLATFORM.to_owned()),
        ("BUILDOS", part(DEFAULT_PLATFORM, 0)),
        ("BUILDOSVERSION", String::new()),
        ("BUILDARCH", part(DEFAULT_PLATFORM, 1)),
        ("BUILDVARIANT", String::new()),
        ("TARGETPLATFORM", target.to_owned()),
        ("TARGETOS", part(target, 0)),
        ("TARGETOSVERSION", String::new()),
        ("TARGETARCH", part(target, 1)),
        ("TARGETVARIANT", part(target, 2)),
        ("TARGETSTAGE", stage.unwrap_or_else(|| "default".to_owned())),
    ]
}
