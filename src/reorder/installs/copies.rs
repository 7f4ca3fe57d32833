//! The COPYs that are put before an install step, and how those that it passes are written then.

use std::collections::{BTreeMap, BTreeSet};

use super::{Spread, View, is_workdir, local_copy};
use crate::context::path;
use crate::dockerfile::ast::{Copy, CopySpec, Instruction, InstructionKind};
use crate::reorder::ReorderInput;
use crate::reorder::footprint::{Footprint, Placement, placements};
use crate::reorder::manifests::Why;
use crate::reorder::model::Item;
use crate::shell;

impl View<'_> {
    /// A COPY's destination in full, if it is relative and a WORKDIR follows before the install step.
    pub(super) fn full_destination(&self, copy: usize) -> Option<String> {
        let spec = local_copy(&self.instructions[copy])?;
        let is_plain = !spec.json && !spec.dest.starts_with(['/', '$']) && spec.heredocs.is_empty();
        let has_workdir = self.instructions[copy..self.index].iter().any(is_workdir);
        let dest = self.scope(copy).path(&spec.dest)?;
        (is_plain && has_workdir).then(|| format!("{}/", dest.trim_end_matches('/')))
    }

    /// Container paths that the COPYs before the RUN bring, file by file, those that it passes left out.
    pub(super) fn supplied_before(&self, passed: &[usize]) -> BTreeSet<String> {
        let kept = self.copies().filter(|(index, _, _)| !passed.contains(index));
        kept.flat_map(|(_, _, placed)| placed)
            .flat_map(|placement| {
                let below = files_of(std::slice::from_ref(&placement), self.input);
                below.into_iter().map(|file| file.dest).chain([placement.dest])
            })
            .collect()
    }

    /// Tells whether a COPY before the RUN puts a path of the context where the step looks for it.
    pub(super) fn brings(&self, copy: usize, context: &str, spread: &Spread) -> bool {
        let place = spread.place(context);
        let placed = local_copy(&self.instructions[copy])
            .and_then(|spec| placements(spec, self.scope(copy), self.input.tree));
        placed.iter().flatten().any(|placement| {
            let inner = context.strip_prefix(&placement.source);
            path::is_within(context, &placement.source)
                && inner
                    .is_some_and(|inner| shell::join(&placement.dest, inner.trim_start_matches('/')) == place)
        })
    }

    /// The COPYs of the manifests, one a directory, each in the manner of the COPY that brings it now, to stand
    /// before the first of those that are passed.
    pub(super) fn added(
        &self,
        first: usize,
        passed: &[usize],
        spread: &Spread,
        missing: &[&String],
    ) -> Result<Vec<Item>, Why> {
        let mut groups: BTreeMap<(usize, String), Vec<&str>> = BTreeMap::new();
        for context in missing {
            // The last of the COPYs that bring it decides its owner and mode; what none brings is not there when
            // the step runs, today or tomorrow.
            let brings = |index: &&usize| self.brings(**index, context, spread);
            let Some(copy) = passed.iter().rev().find(brings) else { continue };
            let is_dir = self.input.tree.get(context).is_some_and(|entry| entry.is_dir());
            let dir = if is_dir { context.as_str() } else { path::split(context).0 };
            groups.entry((*copy, dir.to_owned())).or_default().push(context);
        }
        groups
            .into_iter()
            .map(|((copy, dir), sources)| self.one_added(first, copy, spread, &dir, &sources))
            .collect()
    }

    fn one_added(
        &self,
        first: usize,
        copy: usize,
        spread: &Spread,
        dir: &str,
        sources: &[&str],
    ) -> Result<Item, Why> {
        let instruction = &self.instructions[copy];
        // Only COPYs of local paths are passed.
        let spec = local_copy(instruction).ok_or(Why::Dynamic)?;
        let (scope, home) = (self.scope(first), self.scope(copy));
        let manner = [&spec.chown, &spec.chmod];
        if manner.iter().any(|raw| raw.as_deref().is_some_and(|raw| scope.expand(raw) != home.expand(raw))) {
            return Err(Why::Dynamic);
        }
        let place = spread.place(dir);
        let mut dest = format!("{}/", place.trim_end_matches('/'));
        // Written as the COPY that brings it all is: relative where that is, and means the same there.
        let written = spec.dest.trim_end_matches('/').trim_end_matches("/.");
        if let Some(base) = home.path(&spec.dest).filter(|base| scope.path(&spec.dest).as_ref() == Some(base))
        {
            let inner = if base == "/" { Some(place.as_str()) } else { place.strip_prefix(&base) };
            if let Some(inner) = inner.map(|inner| inner.trim_start_matches('/')) {
                dest = match (written, inner) {
                    ("." | "", "") if !spec.dest.starts_with('/') => "./".to_owned(),
                    (written, "") => format!("{written}/"),
                    ("." | "", inner) if !spec.dest.starts_with('/') => format!("{inner}/"),
                    (written, inner) => format!("{written}/{inner}/"),
                };
            }
        }
        let sources: Vec<String> = sources.iter().map(|source| (*source).to_owned()).collect();
        let spec = CopySpec {
            sources,
            dest,
            heredocs: Vec::new(),
            exclude: Vec::new(),
            json: false,
            ..spec.clone()
        };
        let added = Instruction {
            kind: InstructionKind::Copy(Copy { spec: spec.clone(), ..Copy::default() }),
            ..instruction.clone()
        };
        Ok(Item::added(spec, self.index, Footprint::of(&added, scope, self.input.tree)))
    }
}

/// A COPY as text.
pub(in crate::reorder) fn copy_text(spec: &CopySpec) -> String {
    let mut words = vec!["COPY".to_owned()];
    words.extend(spec.chown.iter().map(|owner| format!("--chown={owner}")));
    words.extend(spec.chmod.iter().map(|mode| format!("--chmod={mode}")));
    words.extend(spec.link.then(|| "--link".to_owned()));
    let has_blanks = spec.sources.iter().chain([&spec.dest]).any(|word| word.contains(char::is_whitespace));
    if has_blanks {
        let list: Vec<String> =
            spec.sources.iter().chain([&spec.dest]).map(|word| format!("{word:?}")).collect();
        words.push(format!("[{}]", list.join(", ")));
    } else {
        words.extend(spec.sources.iter().cloned());
        words.push(spec.dest.clone());
    }
    words.join(" ")
}

/// The files below placements.
pub(in crate::reorder) fn files_of(placed: &[Placement], input: &ReorderInput<'_>) -> Vec<Placement> {
    let mut files = Vec::new();
    for placement in placed {
        match input.tree.subtree(&placement.source) {
            Some(subtree) => {
                let below = subtree.iter().filter(|(_, entry)| !entry.is_dir()).map(|(inner, _)| Placement {
                    source: path::join(&placement.source, &inner),
                    dest: shell::join(&placement.dest, &inner),
                });
                files.extend(below);
            }
            None => files.push(placement.clone()),
        }
    }
    files
}
