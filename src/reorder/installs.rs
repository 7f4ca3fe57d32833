//! Install steps that need only the manifests of what a broad COPY brings.

use std::collections::{BTreeMap, BTreeSet};

use super::ReorderInput;
use super::footprint::{Footprint, Placement, Setting, placements, shell_text};
use super::manifests::{Install, Plan, Why, ecosystem_of};
use super::model::{Item, Source, StageModel};
use super::scope::Scope;
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, Copy, CopySpec, Dockerfile, Instruction, InstructionKind, Run};
use crate::shell::{self, Effects, PathPattern, PathSet, Script, Word};

/// An install step that may go before the COPY of all sources.
pub(super) struct Split {
    /// Number of its instruction.
    pub(super) run: usize,
    /// Number of the COPY that it may pass.
    pub(super) copy: usize,
    /// Name of the ecosystem.
    pub(super) ecosystem: String,
    /// Context paths of the manifests.
    pub(super) manifests: Vec<String>,
    /// The destination of that COPY in full, where a WORKDIR stands between the two.
    absolute: Option<String>,
    /// COPYs to put in before that COPY.
    added: Vec<Item>,
    /// The step's footprint, now that its needs are known.
    footprint: Footprint,
    /// Numbers of the instructions that it commutes with, by their files.
    free_of: BTreeSet<usize>,
}

/// A directory of the context, and where a COPY puts what it holds.
struct Spread {
    source: String,
    dest: String,
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
            Some(Err(why)) => refused.push((index, why)),
            None => {}
        }
    }
    (found, refused)
}

/// Puts a split into a stage: the added COPYs before the broad one, the narrower footprint, what it may pass.
pub(super) fn apply(split: &Split, stage: &mut StageModel) {
    let Some(at) = stage.items.iter().position(|item| item.written() == Some(split.copy)) else { return };
    let scope = stage.scopes[at].clone();
    if let Some(dest) = &split.absolute {
        stage.items[at].absolute = Some(dest.clone());
        stage.items[at].footprint.needs.remove(&Setting::Workdir);
    }
    for item in &mut stage.items {
        if item.written() == Some(split.run) {
            item.footprint.clone_from(&split.footprint);
            item.free_of.extend(&split.free_of);
        }
    }
    for (offset, item) in split.added.iter().enumerate() {
        stage.items.insert(at + offset, item.clone());
        stage.scopes.insert(at + offset, scope.clone());
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

    /// Splits this RUN from the COPY before it; `None` where there is nothing to split.
    fn split(&self) -> Option<Result<Split, Why>> {
        let script = self.script();
        let installs: Vec<usize> = (0..script.commands.len())
            .filter(|at| ecosystem_of(&script.commands[*at].words).is_some())
            .collect();
        let first = &script.commands[*installs.first()?];
        let cwd = first.cwd.clone()?;
        let (copy, spread) = self.broad_copy(&cwd)?;
        Some(self.split_from(copy, &spread, &script, &installs))
    }

    fn script(&self) -> Script {
        let scope = self.scope(self.index);
        let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
        scope.with_scene(&cwd, |scene| match &self.run.command {
            CommandLine::Shell(text) => Script::read(&shell_text(self.run, text), scene),
            CommandLine::Exec(words) => Script::of_words(words, &cwd),
        })
    }

    /// Finds the last COPY before the RUN that puts a whole directory of the context where the RUN works.
    fn broad_copy(&self, cwd: &str) -> Option<(usize, Spread)> {
        (0..self.index).rev().find_map(|index| {
            let spec = local_copy(&self.instructions[index])?;
            let scope = self.scope(index);
            let dest = scope.path(&spec.dest)?;
            let covers = dest == "/" || path::is_within(cwd, &dest);
            let source = spec.sources.iter().find_map(|raw| {
                let source = path::clean(&scope.expand(raw)?).into_owned();
                self.input.tree.get(&source)?.is_dir().then_some(source)
            })?;
            covers.then_some((index, Spread { source, dest }))
        })
    }

    fn split_from(
        &self,
        copy: usize,
        spread: &Spread,
        script: &Script,
        installs: &[usize],
    ) -> Result<Split, Why> {
        if !script.understood {
            return Err(Why::SharesStep("shell text that cannot be read".to_owned()));
        }
        let mut needs: Vec<String> = Vec::new();
        let mut writes = BTreeSet::new();
        let mut footprint = self.bare_footprint(script);
        let mut ecosystem = String::new();
        for (at, command) in script.commands.iter().enumerate() {
            let effects = self.effects(script, at);
            if !installs.contains(&at) {
                if let Some(name) = effects.opaque.first() {
                    return Err(Why::SharesStep(name.clone()));
                }
                footprint.take_effects(&effects, self.scope(self.index));
                continue;
            }
            let plan = self.plan(&command.words, command.cwd.as_deref(), spread)?;
            ecosystem = plan.ecosystem;
            needs.extend(plan.needs.into_iter().filter(|path| !needs.contains(path)).collect::<Vec<_>>());
            writes.extend(plan.writes);
            footprint.take_effects(&outside(effects, &spread.dest), self.scope(self.index));
        }
        self.finish(copy, spread, ecosystem, &needs, &writes, footprint)
    }

    /// The part of the footprint that does not come from commands: settings and mounts.
    fn bare_footprint(&self, script: &Script) -> Footprint {
        let item = &self.model.items[self.index].footprint;
        let mut footprint = Footprint::none();
        footprint.needs.clone_from(&item.needs);
        footprint.context.clone_from(&item.context);
        footprint.uses.names.extend(script.variables.iter().cloned());
        for mount in &self.run.mounts {
            footprint.uses.names.extend(super::model::names_in(&mount.value));
        }
        footprint
    }

    fn effects(&self, script: &Script, at: usize) -> Effects {
        let single = Script {
            commands: vec![script.commands[at].clone()],
            understood: true,
            variables: BTreeSet::new(),
        };
        let scope = self.scope(self.index);
        scope.with_scene("/", |scene| shell::effects_of_script(&single, scene))
    }

    fn plan(&self, words: &[Word], cwd: Option<&str>, spread: &Spread) -> Result<Plan, Why> {
        if words.iter().any(|word| word.dynamic || word.glob) {
            return Err(Why::Dynamic);
        }
        // The caller saw that these words belong to an ecosystem.
        let ecosystem = ecosystem_of(words).ok_or(Why::Dynamic)?;
        let cwd = cwd.ok_or(Why::Dynamic)?;
        let inner = cwd.strip_prefix(spread.dest.trim_end_matches('/')).ok_or(Why::Dynamic)?;
        let dir = path::clean(&path::join(&spread.source, inner.trim_start_matches('/'))).into_owned();
        let words: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
        let install =
            Install { ecosystem, words: &words, dir: &dir, tree: self.input.tree, files: self.input.files };
        install.plan()
    }

    fn finish(
        &self,
        copy: usize,
        spread: &Spread,
        ecosystem: String,
        needs: &[String],
        writes: &BTreeSet<String>,
        mut footprint: Footprint,
    ) -> Result<Split, Why> {
        let place = |context: &String| {
            let inner = context.strip_prefix(&spread.source).unwrap_or(context).trim_start_matches('/');
            shell::join(&spread.dest, inner)
        };
        for context in needs {
            footprint.reads.add(PathPattern::tree(place(context)));
        }
        for context in writes {
            footprint.writes.add(PathPattern::tree(place(context)));
            footprint.told.add(PathPattern::tree(place(context)));
        }
        let supplied = self.supplied_before(copy);
        let missing: Vec<&String> =
            needs.iter().filter(|context| !supplied.contains(&place(context))).collect();
        let outside = missing
            .iter()
            .find(|context| !(spread.source.is_empty() || path::is_within(context, &spread.source)));
        if let Some(context) = outside {
            return Err(Why::LocalDependency {
                path: (*context).clone(),
                what: "a path that the COPY does not bring".to_owned(),
            });
        }
        let free_of = self.free_of(copy, &footprint, needs)?;
        let added = self.added(copy, spread, &missing);
        let manifests = needs.to_vec();
        let absolute = self.full_destination(copy, spread);
        Ok(Split { run: self.index, copy, ecosystem, manifests, absolute, added, footprint, free_of })
    }

    /// The COPY's destination in full, if it is relative and a WORKDIR follows before the install step.
    fn full_destination(&self, copy: usize, spread: &Spread) -> Option<String> {
        let spec = local_copy(&self.instructions[copy])?;
        let is_plain = !spec.json && !spec.dest.starts_with(['/', '$']) && spec.heredocs.is_empty();
        let between = &self.instructions[copy..self.index];
        let has_workdir =
            between.iter().any(|instruction| matches!(instruction.kind, InstructionKind::Workdir(_)));
        (is_plain && has_workdir).then(|| format!("{}/", spread.dest.trim_end_matches('/')))
    }

    /// Container paths that earlier COPYs bring, file by file.
    fn supplied_before(&self, copy: usize) -> BTreeSet<String> {
        (0..copy)
            .filter_map(|index| {
                placements(local_copy(&self.instructions[index])?, self.scope(index), self.input.tree)
            })
            .flatten()
            .map(|placement| placement.dest)
            .collect()
    }

    /// The COPYs between that the install step commutes with, file by file: none of their files is read by it,
    /// but the manifests of the broad COPY, and none is written.
    fn free_of(&self, copy: usize, footprint: &Footprint, needs: &[String]) -> Result<BTreeSet<usize>, Why> {
        let mut free = BTreeSet::new();
        for index in 0..self.index {
            let Some(spec) = local_copy(&self.instructions[index]) else { continue };
            let Some(placed) = placements(spec, self.scope(index), self.input.tree) else { continue };
            let mut clash = None;
            for file in files_of(&placed, self.input) {
                let is_manifest =
                    index == copy && needs.iter().any(|need| path::is_within(&file.source, need));
                let meets = footprint.writes.touches(&file.dest)
                    || (!is_manifest && footprint.reads.touches(&file.dest));
                if meets {
                    clash = Some(file.source);
                    break;
                }
            }
            match clash {
                None => {
                    free.insert(index);
                }
                Some(file) if index == copy => return Err(Why::InContext(file)),
                Some(_) => {}
            }
        }
        Ok(free)
    }

    /// The COPYs of the manifests, one a directory, in the manner of the broad COPY.
    fn added(&self, copy: usize, spread: &Spread, missing: &[&String]) -> Vec<Item> {
        let instruction = &self.instructions[copy];
        let (Some(spec), scope) = (local_copy(instruction), self.scope(copy)) else { return Vec::new() };
        let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for context in missing {
            let is_dir = self.input.tree.get(context).is_some_and(|entry| entry.is_dir());
            let dir = if is_dir { context.as_str() } else { path::split(context).0 };
            groups.entry(dir.to_owned()).or_default().push(context);
        }
        let make = |(dir, sources): (String, Vec<&str>)| {
            let inner = dir.strip_prefix(&spread.source).unwrap_or(&dir).trim_start_matches('/');
            let base = spec.dest.trim_end_matches('/');
            let dest = match (base, inner) {
                (".", "") => "./".to_owned(),
                (base, "") => format!("{base}/"),
                ("." | "./", inner) => format!("{inner}/"),
                (base, inner) => format!("{base}/{inner}/"),
            };
            let sources: Vec<String> = sources.into_iter().map(str::to_owned).collect();
            let spec = CopySpec {
                sources,
                dest,
                heredocs: Vec::new(),
                exclude: Vec::new(),
                json: false,
                ..spec.clone()
            };
            let text = copy_text(&spec);
            let added = Instruction {
                kind: InstructionKind::Copy(Copy { spec, ..Copy::default() }),
                ..instruction.clone()
            };
            Item::added(text, self.index, Footprint::of(&added, scope, self.input.tree))
        };
        groups.into_iter().map(make).collect()
    }
}

/// A COPY as text.
fn copy_text(spec: &CopySpec) -> String {
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

/// The files below placements.
fn files_of(placed: &[Placement], input: &ReorderInput<'_>) -> Vec<Placement> {
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

/// What a command does outside of the project, as its table names it: what it does within is in the plan.
fn outside(effects: Effects, project: &str) -> Effects {
    let keep = |set: PathSet| {
        let within = |pattern: &PathPattern| project != "/" && path::is_within(&pattern.text, project);
        PathSet::Paths(set.patterns().iter().filter(|pattern| !within(pattern)).cloned().collect())
    };
    let mut effects = effects;
    effects.reads.named = keep(effects.reads.named);
    effects.writes.named = keep(effects.writes.named);
    effects.reads.possible = PathSet::nothing();
    effects.writes.possible = PathSet::nothing();
    effects
}

impl Split {
    /// Tells whether an item was added for this step.
    pub(super) fn owns(&self, item: &Item) -> bool {
        matches!(item.source, Source::Added { install, .. } if install == self.run)
    }
}
