//! How far BuildKit's own checks come in a file it cannot build.
//!
//! BuildKit checks a file while it reads and plans it, and stops at the first error. dockgate reads on; for a policy that
//! wants what BuildKit reports and nothing else, the findings past the error are left out.

use crate::dockerfile::{BuildFailure, BuildPhase, Dockerfile, ErrorKind, Remedy};
use crate::finding::Finding;
use crate::text::Span;

/// The instructions at which BuildKit stops; `None` where it does not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reach {
    /// It does not read the file at all.
    is_unread: bool,
    /// In reading the instructions.
    instruction: Option<Span>,
    /// In the arguments above the first FROM.
    argument: Option<Span>,
    /// In the FROM lines.
    from: Option<Span>,
    /// In what the stages do; empty at the start of the file when it does not begin with that.
    step: Option<Span>,
}

impl Reach {
    /// How far it comes. `has_options` tells whether it can read what the file asks of its checks.
    pub(super) fn of(dockerfile: &Dockerfile, failures: &[BuildFailure], has_options: bool) -> Self {
        let errors = || dockerfile.errors.iter().chain(dockerfile.instructions.iter().filter_map(|i| i.error.as_ref()));
        let instruction = |at: usize| {
            let around = dockerfile.instruction_at(at).and_then(|index| dockerfile.instructions.get(index));
            around.map_or(Span::new(at, at), |instruction| instruction.span)
        };
        // What a build argument can mend stops nothing: the file is meant to be built with it.
        let stops = || failures.iter().filter(|failure| failure.remedy != Remedy::Argument);
        let first = |phase| stops().find(|f| f.phase == phase).map(|failure| instruction(failure.at));
        Self {
            is_unread: !has_options || errors().any(|error| error.kind == ErrorKind::Parser),
            instruction: errors().map(|error| error.span.start).min().map(instruction),
            argument: first(BuildPhase::Arguments),
            from: first(BuildPhase::From),
            step: first(BuildPhase::Base).map(|_| Span::default()).or(first(BuildPhase::Step)),
        }
    }

    /// Whether BuildKit would come to a finding; findings that it does not make are none of its business.
    pub(super) fn covers(&self, finding: &Finding) -> bool {
        let Some(name) = finding.rule().buildkit_name() else { return true };
        if self.is_unread {
            return false;
        }
        let at = finding.silenced_at.unwrap_or_else(|| finding.place().span()).start;
        let is_before = |stop: Option<Span>| stop.is_none_or(|stop| at < stop.start);
        let is_up_to = |stop: Option<Span>| stop.is_none_or(|stop| at < stop.end);
        match name {
            "NoEmptyContinuation" => true,
            "StageNameCasing" | "FromAsCasing" | "MaintainerDeprecated" | "InvalidDefinitionDescription" => {
                is_up_to(self.instruction)
            }
            _ if self.instruction.is_some() => false,
            "ConsistentInstructionCasing" | "DuplicateStageName" | "ReservedStageName" => true,
            _ if self.argument.is_some() => false,
            "InvalidDefaultArgInFrom" => true,
            "UndefinedArgInFrom" | "RedundantTargetPlatform" | "FromPlatformFlagConstDisallowed" => is_up_to(self.from),
            _ if self.from.is_some() => false,
            // It replaces the variables of an instruction before it looks at anything else there.
            "UndefinedVar" => is_up_to(self.step),
            _ => is_before(self.step),
        }
    }
}
