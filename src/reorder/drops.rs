//! COPYs that bring nothing new once an install stands where it belongs.

use super::MoveKind;
use super::footprint::{Placement, placements};
use super::installs::local_copy;
use super::model::{Item, Model};
use super::moves::Attempt;
use crate::dockerfile::ast::CopySpec;

/// A COPY that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dropped {
    pub(super) stage: usize,
    /// Number of its instruction.
    pub(super) index: usize,
    /// Another COPY brings the same files right after it; else one before it did.
    pub(super) is_overwritten: bool,
}

impl Attempt<'_> {
    /// Leaves out a COPY whose files an earlier COPY has just put there, with nothing in between that writes them, and
    /// one whose files the next instruction puts there again.
    pub(super) fn drop_redundant(&self, model: &mut Model) -> Vec<Dropped> {
        let mut dropped = Vec::new();
        for (stage, model) in model.stages.iter_mut().enumerate() {
            let items = &mut model.items;
            let find = |items: &[Item]| {
                (0..items.len()).find_map(|at| {
                    let is_overwritten = self.is_overwritten(stage, items, at);
                    let is_needless = is_overwritten || self.is_redundant(stage, items, at);
                    is_needless.then_some((at, is_overwritten))
                })
            };
            while let Some((at, is_overwritten)) = find(items) {
                let index = items.remove(at).written();
                dropped.extend(index.map(|index| Dropped { stage, index, is_overwritten }));
            }
        }
        dropped
    }

    fn is_redundant(&self, stage: usize, items: &[Item], at: usize) -> bool {
        // The nearest item that touches the same paths decides.
        let meets = |item: &Item| item.footprint.writes.overlaps(&items[at].footprint.writes);
        let earlier = items[..at].iter().rev().find(|item| meets(item));
        earlier.is_some_and(|earlier| self.brings_all_of(stage, earlier, &items[at]))
    }

    /// Tells whether the COPY right after this one brings all its files anew. Where they stood next to each other
    /// before, they are left as they are: somebody may want them so.
    fn is_overwritten(&self, stage: usize, items: &[Item], at: usize) -> bool {
        let Some(next) = items.get(at + 1) else { return false };
        let (Some(index), Some(after)) = (items[at].written(), next.written()) else { return false };
        let comes_to_stand_there = items[..at].iter().any(|item| {
            item.written().is_some_and(|before| self.is_install(stage, before) && before > index)
        });
        index < after && comes_to_stand_there && self.brings_all_of(stage, next, &items[at])
    }

    /// Tells whether an instruction is an install step that came to stand above the sources.
    fn is_install(&self, stage: usize, index: usize) -> bool {
        self.splits.iter().any(|(of, split)| *of == stage && split.run == index)
    }

    /// Tells whether one COPY puts all files of another, which may be left out, in the same places and manner.
    fn brings_all_of(&self, stage: usize, one: &Item, other: &Item) -> bool {
        let (Some(one), Some(other)) = (one.written(), other.written()) else { return false };
        if self.skips(MoveKind::DropRedundant, self.instruction(stage, other)) {
            return false;
        }
        let (Some((by, all)), Some((spec, own))) = (self.placed(stage, one), self.placed(stage, other))
        else {
            return false;
        };
        let same_manner = spec.chown == by.chown && spec.chmod == by.chmod && spec.link == by.link;
        let covers = |file: &Placement| {
            all.iter().any(|known| {
                let inner = file
                    .source
                    .strip_prefix(&known.source)
                    .filter(|rest| known.source.is_empty() || rest.is_empty() || rest.starts_with('/'));
                inner.is_some_and(|rest| {
                    crate::shell::join(&known.dest, rest.trim_start_matches('/')) == file.dest
                })
            })
        };
        same_manner && !own.is_empty() && own.iter().all(covers)
    }

    /// What a plain COPY of local paths puts where.
    fn placed(&self, stage: usize, index: usize) -> Option<(&CopySpec, Vec<Placement>)> {
        let spec = local_copy(self.instruction(stage, index))?;
        let is_plain = spec.exclude.is_empty() && spec.heredocs.is_empty();
        let scope = &self.original.stages[stage].scopes[index];
        is_plain.then(|| placements(spec, scope, self.input.tree).map(|placed| (spec, placed))).flatten()
    }
}
