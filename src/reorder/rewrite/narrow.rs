//! `COPY . .` in a stage of which all steps work in one directory, and from which only that is taken.

use super::{Draft, Rewrite};
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, CopySpec, InstructionKind, Run};
use crate::reorder::footprint::shell_text;
use crate::reorder::installs::{copy_text, local_copy};
use crate::reorder::model::Model;
use crate::reorder::scope::Scope;
use crate::reorder::{MoveKind, ReorderInput, priors};
use crate::shell::Script;

/// Finds what a COPY of all could be narrowed to.
pub(super) fn find(
    draft: &Draft,
    model: &Model,
    stage: usize,
    index: usize,
    input: &ReorderInput<'_>,
) -> Option<Rewrite> {
    let instructions = &draft.dockerfile.stages[stage].instructions;
    let spec = local_copy(&instructions[index])?;
    let scope = &model.stages[stage].scopes[index];
    let source = path::clean(&scope.expand(spec.sources.first()?)?).into_owned();
    let dest = scope.path(&spec.dest)?;
    let is_all =
        spec.sources.len() == 1 && source.is_empty() && spec.exclude.is_empty() && spec.heredocs.is_empty();
    if !is_all || stage == model.target || model.stages.iter().any(|other| other.base == Some(stage)) {
        return None;
    }
    let mut directory: Option<String> = None;
    for (at, instruction) in instructions.iter().enumerate().skip(index) {
        let InstructionKind::Run(run) = &instruction.kind else { continue };
        for first in directories(run, &model.stages[stage].scopes[at], &dest)? {
            if directory.as_ref().is_some_and(|known| *known != first) {
                return None;
            }
            directory = Some(first);
        }
    }
    // Build tools look for manifests and settings above the directory that they work in.
    let above = |name: &str| priors::is_manifest(name) || name.ends_with(".props");
    if input.tree.root().iter().any(|(name, entry)| !entry.is_dir() && above(name)) {
        return None;
    }
    let directory = directory.filter(|name| input.tree.get(name).is_some_and(|entry| entry.is_dir()))?;
    let kept = format!("{}/{directory}", dest.trim_end_matches('/'));
    let mut taken = model.stages.iter().flat_map(|stage| &stage.items).flat_map(|item| &item.from);
    if taken
        .any(|(from, what)| *from == stage && path::is_within(what, &dest) && !path::is_within(what, &kept))
    {
        return None;
    }
    let narrow = CopySpec { sources: vec![directory.clone()], dest: kept, json: false, ..spec.clone() };
    let name = format!("copy only {directory}, where all steps of this stage work");
    let why = "the stage no longer has the rest of the context; look whether a step reads files above that directory";
    Some(Rewrite {
        name,
        why: why.to_owned(),
        ..Rewrite::of_one(MoveKind::NarrowCopy, stage, index, copy_text(&narrow))
    })
}

/// The directories right below a place in which a RUN's commands work; `None` where one works elsewhere.
fn directories(run: &Run, scope: &Scope, dest: &str) -> Option<Vec<String>> {
    let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
    let script = scope.with_scene(&cwd, |scene| match &run.command {
        CommandLine::Shell(text) => Script::read(&shell_text(run, text), scene),
        CommandLine::Exec(words) => Script::of_words(words, &cwd),
    });
    let mut found = Vec::new();
    for command in script.commands {
        if command.words.first().is_none_or(|word| word.text == "cd") {
            continue;
        }
        let inner = command.cwd.as_deref()?.strip_prefix(dest.trim_end_matches('/'))?.trim_start_matches('/');
        let first = inner.split('/').next().unwrap_or_default().to_owned();
        if first.is_empty() {
            return None;
        }
        found.push(first);
    }
    Some(found)
}
