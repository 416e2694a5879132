//! What made the file a finding is about: in layers that hold the work of several instructions, and behind `COPY --from`.

use super::{BaseFacts, Reporter};
use crate::finding::{Finding, Place};
use crate::image::{Change, Entry};
use crate::packages::Package;
use crate::trace::{FileMaker, Maker};

impl Reporter<'_> {
    /// The entry of a layer that a path names, as the tree or the layer spells it.
    pub(super) fn file_of(&self, layer: usize, path: &str) -> Option<&Entry> {
        let node = self.facts.tree.get(path).filter(|node| node.layer == layer);
        let in_layer = || {
            let changes = self.facts.image.layers.get(layer)?.changes.iter();
            changes.rev().find_map(|change| match change {
                Change::Add(entry) if entry.path == path => Some(&**entry),
                _ => None,
            })
        };
        node.map(|node| &*node.entry).or_else(in_layer)
    }

    /// What made a layer, or where several instructions did, the file in it.
    pub(super) fn maker_of(&self, layer: usize, file: Option<&Entry>) -> (Maker, Option<FileMaker>) {
        let known = self.facts.trace.and_then(|trace| trace.layers.get(layer)).copied();
        let (Maker::Unknown, Some(file)) = (known.unwrap_or(Maker::Unknown), file) else {
            return (known.unwrap_or(Maker::Unknown), None);
        };
        let merged = self.facts.trace.filter(|trace| trace.is_merged);
        let found = merged.zip(self.facts.copies);
        match found.and_then(|(trace, copies)| copies.maker(file, trace.base_layers.is_some())) {
            Some(found) => (Maker::Instruction(found.instruction), Some(found)),
            None if self.is_of_base(file) => (Maker::Base, None),
            None => (Maker::Unknown, None),
        }
    }

    /// The base given beside an image that shares no layer with it, so that only single things can be compared.
    fn base_apart(&self) -> Option<&BaseFacts<'_>> {
        self.facts.base.as_ref().filter(|base| base.layers == 0 && base.current_layers.is_some())
    }

    /// Whether such a base has the file too.
    fn is_of_base(&self, file: &Entry) -> bool {
        let seen = |e: &Entry| (e.kind, e.size, e.mode, e.uid, e.gid, e.link.clone());
        self.base_apart().and_then(|base| base.tree.landed(&file.path)).is_some_and(|node| {
            let differs = node.entry.sha256.is_some() && file.sha256.is_some() && node.entry.sha256 != file.sha256;
            seen(&node.entry) == seen(file) && !differs
        })
    }

    /// Whether such a base has the package too.
    pub(super) fn is_package_of_base(&self, package: &Package) -> bool {
        let is_it = |p: &Package| {
            (p.kind, &p.version, &p.architecture) == (package.kind, &package.version, &package.architecture)
        };
        self.base_apart().is_some_and(|base| base.packages.named(&package.name).iter().any(is_it))
    }

    /// The finding with the file of the build context, or the line of the stage, behind it.
    pub(super) fn with_sources(
        &self,
        finding: Finding,
        maker: Maker,
        path: Option<&str>,
        source: Option<FileMaker>,
    ) -> Finding {
        let (Maker::Instruction(instruction), Some(copies)) = (maker, self.facts.copies) else { return finding };
        if let Some(FileMaker { source: Some(file), by_content, .. }) = source {
            let what = if by_content { "path and content" } else { "path and size" };
            return finding.related(Place::file_path(file), format!("the file of the build context with this {what}"));
        }
        let stage = copies.of_stage(instruction, path);
        let Some((from, dockerfile)) = stage.zip(self.facts.dockerfile) else { return finding };
        let Some(line) = dockerfile.instructions.get(from.instruction) else { return finding };
        let stage = &from.stage;
        let message = match (from.is_maker, from.may_be_base) {
            (false, _) => format!("copied from stage `{stage}`, which starts here"),
            (true, false) => format!("made here, in stage `{stage}`"),
            (true, true) => format!("made here in stage `{stage}`, unless its base image brought it"),
        };
        finding.related(Place::source(&dockerfile.source, line.head_span), message)
    }
}
