//! Install steps that need only the manifests of what a broad COPY brings.

use std::collections::{BTreeMap, BTreeSet};

use super::ReorderInput;
use super::footprint::{Footprint, Placement, Setting, placements, shell_text};
use super::manifests::{Install, Plan, Why, ecosystem_of};
use super::model::{Item, Source, StageModel};
use super::scope::Scope;
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, Copy, CopySpec, Dockerfile, Instruction, InstructionKind, Run};
use crate::shell::{self, Command, Effects, PathPattern, PathSet, Script};

/// An install step that may go before the COPYs of the sources.
pub(super) struct Split {
    /// Number of its instruction.
    pub(super) run: usize,
    /// Numbers of the COPYs that it may pass, rising; at least one.
    pub(super) copies: Vec<usize>,
    /// Name of the ecosystem.
    pub(super) ecosystem: String,
    /// Context paths of the manifests.
    pub(super) manifests: Vec<String>,
    /// Places of the manifests in the stage, one a manifest.
    places: Vec<String>,
    /// Destinations in full, of COPYs that a WORKDIR stands behind.
    absolute: BTreeMap<usize, String>,
    /// COPYs to put in before the first of those COPYs.
    added: Vec<Item>,
    /// The step's footprint, now that its needs are known.
    footprint: Footprint,
    /// Numbers of the instructions that it commutes with, by their files.
    free_of: BTreeSet<usize>,
}

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
            Some(Err(why)) => refused.push((index, why)),
            None => {}
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
            item.footprint.needs.remove(&Setting::Workdir);
        }
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

    /// Splits this RUN from the COPYs before it; `None` where there is nothing to split.
    fn split(&self) -> Option<Result<Split, Why>> {
        let script = self.script();
        let installs: Vec<usize> = (0..script.commands.len())
            .filter(|at| ecosystem_of(&script.commands[*at].words).is_some())
            .collect();
        let first = &script.commands[*installs.first()?];
        let cwd = first.cwd.clone()?;
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
        // A whole directory must be copied near it, else its manifests already come alone.
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
        if !(0..self.index).any(brings_directory) {
            return None;
        }
        match self.needs(spread, script, installs) {
            Ok(needs) => self.finish(spread, needs).transpose(),
            Err(why) => Some(Err(why)),
        }
    }

    /// Works out what the RUN needs of the project, command by command.
    fn needs(&self, spread: &Spread, script: &Script, installs: &[usize]) -> Result<Needs, Why> {
        if !script.understood {
            return Err(Why::SharesStep("shell text that cannot be read".to_owned()));
        }
        let mut needs = Needs {
            ecosystem: String::new(),
            paths: Vec::new(),
            writes: BTreeSet::new(),
            footprint: self.bare_footprint(script),
        };
        for (at, command) in script.commands.iter().enumerate() {
            let effects = self.effects(script, at);
            if !installs.contains(&at) {
                if let Some(name) = effects.opaque.first() {
                    return Err(Why::SharesStep(name.clone()));
                }
                needs.footprint.take_effects(&effects, self.scope(self.index));
                continue;
            }
            let plan = self.plan(command, spread)?;
            for looked_at in &plan.looks_at {
                needs.footprint.reads.add(PathPattern::tree(spread.place(looked_at)));
            }
            needs.ecosystem = plan.ecosystem;
            needs.paths.extend(
                plan.needs.into_iter().filter(|path| !needs.paths.contains(path)).collect::<Vec<_>>(),
            );
            needs.writes.extend(plan.writes);
            needs.footprint.take_effects(&outside(effects, &spread.dest), self.scope(self.index));
        }
        Ok(needs)
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

    fn plan(&self, command: &Command, spread: &Spread) -> Result<Plan, Why> {
        let words = &command.words;
        if words.iter().any(|word| word.dynamic || word.glob) {
            return Err(Why::Dynamic);
        }
        // The caller saw that these words belong to an ecosystem.
        let ecosystem = ecosystem_of(words).ok_or(Why::Dynamic)?;
        let cwd = command.cwd.as_deref().ok_or(Why::Dynamic)?;
        let dir = spread.context(cwd).ok_or(Why::Dynamic)?;
        let set = |name: &str| {
            command.assigns.iter().any(|(assigned, _)| assigned == name)
                || self.scope(self.index).vars.contains_key(name)
        };
        if let Some(word) = ecosystem.leads_elsewhere(words, set) {
            return Err(Why::Elsewhere(word));
        }
        let words: Vec<String> = words.iter().map(|word| relative(&word.text, spread, &dir)).collect();
        let install =
            Install { ecosystem, words: &words, dir: &dir, tree: self.input.tree, files: self.input.files };
        install.plan()
    }

    /// Finds the COPYs that the step may pass and what has to be copied for it instead; `None` where it already
    /// stands where it can.
    fn finish(&self, spread: &Spread, needs: Needs) -> Result<Option<Split>, Why> {
        let Needs { ecosystem, paths, writes, mut footprint } = needs;
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
        let absolute =
            passed.iter().filter_map(|index| Some((*index, self.full_destination(*index)?))).collect();
        Ok(Some(Split {
            run: self.index,
            copies: passed,
            ecosystem,
            places: paths.iter().map(|context| spread.place(context)).collect(),
            manifests: paths,
            absolute,
            added,
            footprint,
            free_of: free,
        }))
    }

    /// A COPY's destination in full, if it is relative and a WORKDIR follows before the install step.
    fn full_destination(&self, copy: usize) -> Option<String> {
        let spec = local_copy(&self.instructions[copy])?;
        let is_plain = !spec.json && !spec.dest.starts_with(['/', '$']) && spec.heredocs.is_empty();
        let has_workdir = self.instructions[copy..self.index].iter().any(is_workdir);
        let dest = self.scope(copy).path(&spec.dest)?;
        (is_plain && has_workdir).then(|| format!("{}/", dest.trim_end_matches('/')))
    }

    /// Container paths that the COPYs before the RUN bring, file by file, those that it passes left out.
    fn supplied_before(&self, passed: &[usize]) -> BTreeSet<String> {
        let kept = self.copies().filter(|(index, _, _)| !passed.contains(index));
        kept.flat_map(|(_, _, placed)| placed)
            .flat_map(|placement| {
                let below = files_of(std::slice::from_ref(&placement), self.input);
                below.into_iter().map(|file| file.dest).chain([placement.dest])
            })
            .collect()
    }

    /// The COPYs of the manifests, one a directory, each in the manner of the COPY that brings it now, to stand
    /// before the first of those that are passed.
    fn added(
        &self,
        first: usize,
        passed: &[usize],
        spread: &Spread,
        missing: &[&String],
    ) -> Result<Vec<Item>, Why> {
        let mut groups: BTreeMap<(usize, String), Vec<&str>> = BTreeMap::new();
        for context in missing {
            let place = spread.place(context);
            // The last of the COPYs that bring it decides its owner and mode; what none brings is not there when
            // the step runs, today or tomorrow.
            let brings = |index: &&usize| {
                let placed = local_copy(&self.instructions[**index])
                    .and_then(|spec| placements(spec, self.scope(**index), self.input.tree));
                placed.iter().flatten().any(|placement| {
                    path::is_within(context, &placement.source)
                        && shell::join(
                            &placement.dest,
                            context[placement.source.len()..].trim_start_matches('/'),
                        ) == place
                })
            };
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
        let text = copy_text(&spec);
        let added = Instruction {
            kind: InstructionKind::Copy(Copy { spec, ..Copy::default() }),
            ..instruction.clone()
        };
        Ok(Item::added(text, self.index, Footprint::of(&added, scope, self.input.tree)))
    }
}

/// What a RUN needs of the project.
struct Needs {
    ecosystem: String,
    /// Context paths of manifests.
    paths: Vec<String>,
    /// Context paths of what it makes in the project.
    writes: BTreeSet<String>,
    footprint: Footprint,
}

/// A word of an install command, an absolute path in the project made relative to where the command runs.
fn relative(word: &str, spread: &Spread, dir: &str) -> String {
    let (flag, value) = match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (format!("{flag}="), value),
        _ => (String::new(), word),
    };
    let Some(context) = value.strip_prefix('/').and_then(|_| spread.context(value)) else {
        return word.to_owned();
    };
    let up = dir.split('/').filter(|name| !name.is_empty()).count();
    let inner = if dir.is_empty() { Some(context.as_str()) } else { context.strip_prefix(dir) };
    match inner.filter(|inner| dir.is_empty() || inner.is_empty() || inner.starts_with('/')) {
        Some(inner) if inner.trim_start_matches('/').is_empty() => format!("{flag}."),
        Some(inner) => format!("{flag}./{}", inner.trim_start_matches('/')),
        None => format!("{flag}{}{context}", "../".repeat(up)),
    }
}

fn is_workdir(instruction: &Instruction) -> bool {
    matches!(instruction.kind, InstructionKind::Workdir(_))
}

/// A COPY as text.
pub(super) fn copy_text(spec: &CopySpec) -> String {
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
    // No code of the project runs: its plan says so. That of packages may.
    if effects.opaque.is_empty() {
        effects.environment.packages |= effects.environment.any;
        effects.environment.any = false;
    }
    effects
}

impl Split {
    /// The place of a manifest in the stage.
    pub(super) fn place(&self, context: &str) -> &str {
        let at = self.manifests.iter().position(|known| known == context);
        at.and_then(|at| self.places.get(at)).map_or("", String::as_str)
    }

    /// Tells whether an item was added for this step.
    pub(super) fn owns(&self, item: &Item) -> bool {
        matches!(item.source, Source::Added { install, .. } if install == self.run)
    }
}
