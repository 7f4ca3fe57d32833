//! Install steps that need only the manifests of what a broad COPY brings.

mod before;
mod copies;
mod needs;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(super) use copies::copy_text;
pub(super) use copies::files_of;
use needs::Needs;

use super::ReorderInput;
use super::footprint::{Footprint, Placement, Setting, placements, shell_text};
use super::manifests::{Why, ecosystem_of, led_by_pnpm};
use super::model::{Item, Source, StageModel};
use super::scope::Scope;
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, CopySpec, Dockerfile, Instruction, InstructionKind, Run};
use crate::shell::{self, PathPattern, Script};

/// An install step that may go before the COPYs of the sources.
pub(super) struct Split {
    /// Number of its instruction.
    pub(super) run: usize,
    /// Numbers of the COPYs that it may pass, rising; at least one.
    pub(super) copies: Vec<usize>,
    /// Name of the ecosystem.
    pub(super) ecosystem: String,
    /// Context paths of the manifests that those COPYs bring.
    pub(super) manifests: Vec<String>,
    /// Directories of packages that the step makes where those COPYs put the sources, as paths of the context.
    pub(super) made: Vec<String>,
    /// For each of those COPYs, numbers of the manifests that it brings.
    brought: Vec<Vec<usize>>,
    /// Places of the manifests in the stage, one a manifest.
    places: Vec<String>,
    /// Destinations in full, of COPYs that a WORKDIR stands behind.
    absolute: BTreeMap<usize, String>,
    /// COPYs to put in before the first of those COPYs.
    added: Vec<Item>,
    /// The step's footprint, now that its needs are known.
    footprint: Rc<Footprint>,
    /// Numbers of the instructions that it commutes with, by their files.
    free_of: BTreeSet<usize>,
}

/// Directories of packages in a working copy, which a developer has and a fresh checkout has not.
const PACKAGES: [&str; 5] = ["node_modules", "vendor", ".venv", "deps", "_build"];

/// A directory of the context, and where in the stage what it holds is put.
struct Spread {
    source: String,
    dest: String,
}

impl Spread {
    /// The place in the stage of a path of the context.
    fn place(&self, context: &str) -> String {
        let inner = context.strip_prefix(&self.source).unwrap_or(context).trim_start_matches('/');
        shell::join(&self.dest, inner)
    }

    /// The path of the context that is put at a place in the stage, if it is one.
    fn context(&self, place: &str) -> Option<String> {
        let inner = if self.dest == "/" { Some(place) } else { place.strip_prefix(&self.dest) }?;
        let is_whole_name = inner.is_empty() || inner.starts_with('/') || self.dest == "/";
        is_whole_name
            .then(|| path::clean(&path::join(&self.source, inner.trim_start_matches('/'))).into_owned())
    }
}

/// Looks at every RUN of a stage that holds an install command, and splits what can be split.
///
/// The second list has the steps that cannot be, with the reason.
pub(super) fn splits(
    dockerfile: &Dockerfile,
    stage: usize,
    model: &StageModel,
    input: &ReorderInput<'_>,
) -> (Vec<Split>, Vec<(usize, Why)>) {
    let instructions = &dockerfile.stages[stage].instructions;
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for (index, instruction) in instructions.iter().enumerate() {
        let InstructionKind::Run(run) = &instruction.kind else { continue };
        let view = View { instructions, model, input, index, run };
        match view.split() {
            Some(Ok(split)) => found.push(split),
            // What an earlier step has installed is found again; that the project itself comes last is as it should be.
            Some(Err(Why::InstallsProject(_))) if before::installs(dockerfile, stage, index) => {}
            Some(Err(why)) => refused.push((index, why)),
            None => {
                refused
                    .extend(before::sources_below(dockerfile, stage, index, input).map(|why| (index, why)));
            }
        }
    }
    (found, refused)
}

/// Puts a split into a stage: the added COPYs before those of the sources, the narrower footprint, what it may pass.
pub(super) fn apply(split: &Split, stage: &mut StageModel) {
    let Some(at) = stage.items.iter().position(|item| item.written() == Some(split.copies[0])) else {
        return;
    };
    let scope = stage.scopes[at].clone();
    for item in &mut stage.items {
        if let Some(dest) = item.written().and_then(|index| split.absolute.get(&index)) {
            item.absolute = Some(dest.clone());
            Rc::make_mut(&mut item.footprint).needs.remove(&Setting::Workdir);
        }
        if item.written() == Some(split.run) {
            item.footprint = Rc::clone(&split.footprint);
            item.free_of.extend(&split.free_of);
        }
    }
    for (offset, item) in split.added.iter().enumerate() {
        stage.items.insert(at + offset, item.clone());
        Rc::make_mut(&mut stage.scopes).insert(at + offset, scope.clone());
    }
}

struct View<'a> {
    instructions: &'a [Instruction],
    model: &'a StageModel,
    input: &'a ReorderInput<'a>,
    index: usize,
    run: &'a Run,
}

impl View<'_> {
    fn scope(&self, index: usize) -> &Scope {
        &self.model.scopes[index]
    }

    /// Splits this RUN from the COPYs before it; `None` where there is nothing to split.
    fn split(&self) -> Option<Result<Split, Why>> {
        let script = self.script();
        let installs: Vec<usize> = (0..script.commands.len())
            .filter(|at| ecosystem_of(&script.commands[*at].words).is_some())
            .collect();
        let first = &script.commands[*installs.first()?];
        let cwd = first.cwd.clone()?;
        let cwd = led_by_pnpm(&first.words, &cwd).map_or(cwd, |(dir, _)| dir);
        let spread = self.spread(&cwd)?;
        self.split_from(&spread, &script, &installs)
    }

    fn script(&self) -> Script {
        let scope = self.scope(self.index);
        let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
        scope.with_scene(&cwd, |scene| match &self.run.command {
            CommandLine::Shell(text) => Script::read(&shell_text(self.run, text), scene),
            CommandLine::Exec(words) => Script::of_words(words, &cwd),
        })
    }

    /// The COPYs of local paths before this RUN, with where they put what is there now.
    fn copies(&self) -> impl DoubleEndedIterator<Item = (usize, &CopySpec, Vec<Placement>)> {
        (0..self.index).filter_map(|index| {
            let spec = local_copy(&self.instructions[index])?;
            Some((index, spec, placements(spec, self.scope(index), self.input.tree)?))
        })
    }

    /// Finds out which directory of the context lies where the RUN works: from the last COPY that puts a whole
    /// directory around it, else from where the last COPY puts what below it.
    fn spread(&self, cwd: &str) -> Option<Spread> {
        let around = (0..self.index).rev().find_map(|index| {
            let spec = local_copy(&self.instructions[index])?;
            let scope = self.scope(index);
            let dest = scope.path(&spec.dest)?;
            let covers = dest == "/" || path::is_within(cwd, &dest);
            let source = spec.sources.iter().find_map(|raw| {
                let source = path::clean(&scope.expand(raw)?).into_owned();
                self.input.tree.get(&source)?.is_dir().then_some(source)
            })?;
            covers.then_some(Spread { source, dest })
        });
        around.or_else(|| {
            self.copies().rev().find_map(|(_, _, placed)| {
                placed.iter().find_map(|placement| {
                    let inner =
                        if cwd == "/" { &placement.dest } else { placement.dest.strip_prefix(cwd)? };
                    let inner = inner.strip_prefix('/')?;
                    let rest = placement.source.strip_suffix(inner)?;
                    let is_whole_name = rest.is_empty() || rest.ends_with('/');
                    is_whole_name.then(|| Spread {
                        source: rest.trim_end_matches('/').to_owned(),
                        dest: cwd.to_owned(),
                    })
                })
            })
        })
    }

    fn split_from(&self, spread: &Spread, script: &Script, installs: &[usize]) -> Option<Result<Split, Why>> {
        // Where no whole directory is copied near it, its manifests come alone already: then a reason is not worth
        // telling.
        let brings_directory = |index: usize| {
            let Some(spec) = local_copy(&self.instructions[index]) else { return false };
            let scope = self.scope(index);
            let dest = scope.path(&spec.dest).unwrap_or_default();
            let is_near = spread.dest == "/"
                || dest == "/"
                || path::is_within(&dest, &spread.dest)
                || path::is_within(&spread.dest, &dest);
            let is_dir = |raw: &String| {
                let source = scope.expand(raw).unwrap_or_default();
                self.input.tree.get(&path::clean(&source)).is_some_and(|entry| entry.is_dir())
            };
            is_near && spec.sources.iter().any(is_dir)
        };
        let split = self.needs(spread, script, installs).and_then(|needs| self.finish(spread, needs));
        split.transpose().filter(|split| split.is_ok() || (0..self.index).any(brings_directory))
    }

    /// Tells whether the manifests that the step finds are those that were read in the context: each comes from
    /// there by the last COPY that brings anything to its place, and nothing has written there since.
    fn are_as_read(&self, paths: &[String], spread: &Spread) -> bool {
        let mut found = paths.is_empty();
        for context in paths {
            let place = spread.place(context);
            let brought = self.copies().rev().find_map(|(index, _, placed)| {
                let own = |placement: &Placement| {
                    let is_own = if path::is_within(&placement.dest, &place) {
                        path::join(context, placement.dest[place.len()..].trim_start_matches('/'))
                            .trim_end_matches('/')
                            == placement.source
                    } else if path::is_within(&place, &placement.dest) {
                        let inner = place[placement.dest.len()..].trim_start_matches('/');
                        let source = path::join(&placement.source, inner);
                        if !self.input.tree.contains(&source) {
                            return None;
                        }
                        source == *context
                    } else {
                        return None;
                    };
                    Some((index, is_own))
                };
                placed.iter().filter_map(own).reduce(|(index, a), (_, b)| (index, a && b))
            });
            match brought {
                Some((index, true)) if self.is_left_alone(index, &place) => found = true,
                Some(_) => return false,
                // It may have come with the stage that this one goes on from.
                None if self.model.base.is_some() => return false,
                None => {}
            }
        }
        found
    }

    /// Tells whether nothing but COPYs of the context is told to write to a place after an instruction, and nothing
    /// runs there of which that is not known.
    fn is_left_alone(&self, index: usize, place: &str) -> bool {
        (index + 1..self.index).all(|at| {
            let own = &self.model.items[at].footprint;
            local_copy(&self.instructions[at]).is_some() || own.opaque.is_empty() && !own.told.touches(place)
        })
    }

    /// Finds the COPYs that the step may pass and what has to be copied for it instead; `None` where it already
    /// stands where it can.
    fn finish(&self, spread: &Spread, needs: Needs) -> Result<Option<Split>, Why> {
        let Needs { ecosystem, paths, writes, mut footprint } = needs;
        if !self.are_as_read(&paths, spread) {
            return Ok(None);
        }
        for context in &paths {
            footprint.reads.add(PathPattern::tree(spread.place(context)));
        }
        for context in &writes {
            footprint.writes.add(PathPattern::tree(spread.place(context)));
            footprint.told.add(PathPattern::tree(spread.place(context)));
        }
        let is_need = |file: &Placement| {
            paths
                .iter()
                .any(|need| path::is_within(&file.source, need) && spread.place(&file.source) == file.dest)
        };
        // From the step backwards. What has to stay before it, directly or through others, has to get above a COPY
        // as well if the step is to.
        let items = &self.model.items;
        let (mut passed, mut free) = (Vec::new(), BTreeSet::new());
        let mut before: Vec<usize> = Vec::new();
        for index in (0..self.index).rev() {
            let own = &items[index].footprint;
            let Some(spec) = local_copy(&self.instructions[index]) else {
                let is_held = own.clash(&footprint).is_some()
                    || before.iter().any(|later| own.clash(&items[*later].footprint).is_some());
                // A WORKDIR gets above a COPY whose destination is written in full.
                if is_held && items[index].is_step && !is_workdir(&self.instructions[index]) {
                    before.push(index);
                }
                continue;
            };
            if before.iter().any(|later| own.clash(&items[*later].footprint).is_some()) {
                break;
            }
            let Some(placed) = placements(spec, self.scope(index), self.input.tree) else { break };
            let files = files_of(&placed, self.input);
            let meets = files.iter().find(|file| {
                footprint.writes.touches(&file.dest)
                    || (!is_need(file) && footprint.reads.touches(&file.dest))
            });
            if let Some(file) = meets {
                let covers_all =
                    placed.iter().any(|p| p.dest == spread.dest) || files.len() > paths.len() + 8;
                if passed.is_empty() && covers_all {
                    return Err(Why::InContext(file.source.clone()));
                }
                break;
            }
            // A COPY of nothing but what the step needs brings it, and stays before it.
            if !files.iter().all(is_need) {
                free.insert(index);
                passed.push(index);
            }
        }
        passed.reverse();
        let Some(first) = passed.first().copied() else { return Ok(None) };
        let supplied = self.supplied_before(&passed);
        let missing: Vec<&String> =
            paths.iter().filter(|context| !supplied.contains(&spread.place(context))).collect();
        let added = self.added(first, &passed, spread, &missing)?;
        // What stands between the COPYs must not mind that the manifests come earlier.
        let last = passed.last().copied().unwrap_or(first);
        let minds = |index: &usize| {
            let own = &items[*index].footprint;
            !passed.contains(index) && added.iter().any(|item| item.footprint.clash(own).is_some())
        };
        if (first..last).any(|index| minds(&index)) {
            return Ok(None);
        }
        let paths: Vec<String> = paths
            .iter()
            .filter(|context| passed.iter().any(|copy| self.brings(*copy, context, spread)))
            .cloned()
            .collect();
        let brought = passed
            .iter()
            .map(|copy| (0..paths.len()).filter(|at| self.brings(*copy, &paths[*at], spread)).collect());
        let brought = brought.collect();
        let is_of_packages = |context: &&String| PACKAGES.contains(&path::split(context).1);
        let made = writes.iter().filter(is_of_packages).cloned().collect();
        let absolute =
            passed.iter().filter_map(|index| Some((*index, self.full_destination(*index)?))).collect();
        Ok(Some(Split {
            run: self.index,
            copies: passed,
            ecosystem,
            places: paths.iter().map(|context| spread.place(context)).collect(),
            manifests: paths,
            made,
            brought,
            absolute,
            added,
            footprint: Rc::new(footprint),
            free_of: free,
        }))
    }
}

fn is_workdir(instruction: &Instruction) -> bool {
    matches!(instruction.kind, InstructionKind::Workdir(_))
}

/// The COPY or ADD of local paths that an instruction is.
pub(super) fn local_copy(instruction: &Instruction) -> Option<&CopySpec> {
    match &instruction.kind {
        InstructionKind::Copy(copy) if copy.from.is_none() && !copy.parents => Some(&copy.spec),
        InstructionKind::Add(add) if add.spec.sources.iter().all(|source| !source.contains("://")) => {
            Some(&add.spec)
        }
        _ => None,
    }
}

impl Split {
    /// The manifests that some of the COPYs bring, in their order.
    pub(super) fn brought_by(&self, copies: &[usize]) -> Vec<String> {
        let own = self.copies.iter().zip(&self.brought).filter(|(copy, _)| copies.contains(copy));
        let numbers: BTreeSet<usize> = own.flat_map(|(_, at)| at).copied().collect();
        numbers.into_iter().map(|at| self.manifests[at].clone()).collect()
    }

    /// The place of a manifest in the stage.
    pub(super) fn place(&self, context: &str) -> &str {
        let at = self.manifests.iter().position(|known| known == context);
        at.and_then(|at| self.places.get(at)).map_or("", String::as_str)
    }

    /// Takes what was added for this step out of its stage as far as a COPY that stayed above the step brings it, too.
    pub(super) fn leave_out_needless(&self, items: &mut Vec<Item>) {
        let Some(run) = items.iter().position(|item| item.written() == Some(self.run)) else { return };
        let stayed = |copy: &usize| items[..run].iter().any(|item| item.written() == Some(*copy));
        let brought = self.copies.iter().zip(&self.brought).filter(|(copy, _)| stayed(copy));
        let needless: BTreeSet<&str> =
            brought.flat_map(|(_, at)| at).map(|at| self.manifests[*at].as_str()).collect();
        items.retain_mut(|item| match &mut item.source {
            Source::Added { spec, install } if *install == self.run => {
                spec.sources.retain(|source| !needless.contains(source.as_str()));
                !spec.sources.is_empty()
            }
            _ => true,
        });
    }

    /// Tells whether an item was added for this step.
    pub(super) fn owns(&self, item: &Item) -> bool {
        matches!(item.source, Source::Added { install, .. } if install == self.run)
    }
}
