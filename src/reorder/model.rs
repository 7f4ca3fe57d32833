//! A Dockerfile as items that can change places: what each costs, what reruns it, what holds it where it is.

mod bases;
mod before;
mod edits;
mod price;

use std::collections::BTreeSet;
use std::rc::Rc;

pub(super) use bases::{base_image, base_references};
use bases::{earlier_stage, expanded_bases, stage_of};
pub(super) use edits::{Edits, Reach};
pub(super) use price::Orders;

use super::ReorderInput;
use super::footprint::{Clash, Footprint};
use super::manifests::base_workdir;
use super::rewrite::Draft;
use super::scope::{Scope, global_args};
use crate::context::Tree;
use crate::dockerfile::ast::{CommandLine, CopySpec, Dockerfile, Flag, InstructionKind};
use crate::shell::PathPattern;
use before::Before;

/// Seconds that an added COPY of manifests takes.
const SMALL_COPY: f64 = 0.1;

/// The stages of a Dockerfile as items.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) stages: Vec<StageModel>,
    /// Stages that the target needs.
    pub(super) wanted: Vec<bool>,
    /// Number of the stage that is built.
    pub(super) target: usize,
    /// How many items got a number, those that were taken out since among them.
    numbered: usize,
    /// What the edits of the input reach; the same for all drafts of a proposal.
    pub(super) reach: Rc<Reach>,
}

/// One stage.
#[derive(Debug, Clone)]
pub(super) struct StageModel {
    /// Number of the stage that it is built on, if it is one.
    pub(super) base: Option<usize>,
    /// Variables in the name of its base.
    base_uses: Vec<String>,
    /// In the order written; new ones where they were put in.
    pub(super) items: Vec<Item>,
    /// State before each item.
    pub(super) scopes: Rc<Vec<Scope>>,
}

/// An instruction of a stage, or one to be added.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) source: Source,
    pub(super) footprint: Rc<Footprint>,
    /// Makes a build step.
    pub(super) is_step: bool,
    pub(super) is_run: bool,
    /// Does not depend on what stands before it (COPY --link).
    pub(super) is_linked: bool,
    /// What it makes changes with the manifests of a project alone (`cargo chef prepare`), which its context names.
    pub(super) is_recipe: bool,
    /// Seconds when it reruns.
    pub(super) seconds: f64,
    /// Stages and paths that it takes files from.
    pub(super) from: Vec<(usize, String)>,
    /// Variables that it sets, with those that their values use; an ARG uses itself.
    sets: Vec<(String, Vec<String>)>,
    /// What it sets reaches the stages built on this one (ENV).
    is_env: bool,
    /// Instructions (by number) that it may pass although their footprints meet; proved by the manifests.
    pub(super) free_of: BTreeSet<usize>,
    /// Is not to be moved against any other.
    pub(super) pinned: bool,
    /// Installs, by a list of packages, what may lie in a directory of the stage.
    pub(super) by_path: bool,
    /// The destination to write in place of a relative one, so that a WORKDIR may pass.
    pub(super) absolute: Option<String>,
    /// Its number among all items of the model.
    id: usize,
    /// Numbers of the items of other stages that may make what it takes from there.
    feeds: Vec<usize>,
}

/// Where an item comes from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Source {
    /// The instruction of this number.
    Written(usize),
    /// A COPY to be added for the install step of this instruction number.
    Added { spec: CopySpec, install: usize },
}

impl Item {
    /// The number of the instruction, if it is one of the Dockerfile.
    pub(super) fn written(&self) -> Option<usize> {
        match self.source {
            Source::Written(index) => Some(index),
            Source::Added { .. } => None,
        }
    }

    /// The sources of a COPY that is to be added.
    pub(super) fn added_sources(&self) -> &[String] {
        match &self.source {
            Source::Written(_) => &[],
            Source::Added { spec, .. } => &spec.sources,
        }
    }

    /// Makes a COPY to be added.
    pub(super) fn added(spec: CopySpec, install: usize, footprint: Footprint) -> Self {
        let source = Source::Added { spec, install };
        Self {
            source,
            footprint: Rc::new(footprint),
            is_step: true,
            is_run: false,
            is_linked: false,
            is_recipe: false,
            seconds: SMALL_COPY,
            from: Vec::new(),
            sets: Vec::new(),
            is_env: false,
            free_of: BTreeSet::new(),
            pinned: false,
            by_path: false,
            absolute: None,
            id: 0,
            feeds: Vec::new(),
        }
    }

    /// Tells whether it is an ARG.
    pub(super) fn is_argument(&self) -> bool {
        !self.is_env && !self.sets.is_empty()
    }

    /// Finds what keeps this item and a later one in their order.
    pub(super) fn holds(&self, later: &Self) -> Option<Clash> {
        let free = |a: &Self, b: &Self| b.written().is_some_and(|index| a.free_of.contains(&index));
        if free(self, later) || free(later, self) {
            return None;
        }
        self.footprint.clash(&later.footprint)
    }
}

impl Model {
    /// Reads a Dockerfile as drafted so far.
    pub(super) fn new(draft: &Draft, input: &ReorderInput<'_>) -> Self {
        Self::again(draft, input, Rc::new(Reach::new(input.edits.clone(), input.tree)))
    }

    /// Makes the model of nothing, to stand for one that is not known yet.
    pub(super) fn empty(reach: Rc<Reach>) -> Self {
        Self { stages: Vec::new(), wanted: Vec::new(), target: 0, numbered: 0, reach }
    }

    /// As [`Model::new`], where another draft for the same input has been read before: what its edits reach is known.
    pub(super) fn again(draft: &Draft, input: &ReorderInput<'_>, reach: Rc<Reach>) -> Self {
        let dockerfile = &draft.dockerfile;
        let global = global_args(dockerfile, &input.options.build_args);
        let bases = expanded_bases(dockerfile, &global);
        let mut ends: Vec<Scope> = Vec::new();
        let mut stages = Vec::new();
        for (at, stage) in dockerfile.stages.iter().enumerate() {
            let base = earlier_stage(dockerfile, at, &bases[at]);
            let mut scope = match base {
                Some(base) => Scope::after(&ends[base]),
                None => Scope::start(dockerfile, base_workdir(&bases[at])),
            };
            let (mut items, mut scopes) = (Vec::new(), Vec::new());
            for (index, instruction) in stage.instructions.iter().enumerate() {
                let mut footprint = Footprint::of(instruction, &scope, input.tree);
                let before =
                    Before { instructions: &stage.instructions[..index], scopes: &scopes, items: &items };
                let lists = before.lists_read(&instruction.kind, &scope, input);
                let by_path = lists.is_none();
                // By a path code of the project is installed, which may look at anything.
                for place in lists.unwrap_or_else(|| vec!["/".to_owned()]) {
                    footprint.reads.add(PathPattern::tree(place));
                }
                let kind = &instruction.kind;
                let is_recipe = is_recipe(kind);
                if is_recipe {
                    footprint.context.add_named(recipe_sources(input.tree));
                }
                items.push(Item {
                    source: Source::Written(index),
                    footprint: Rc::new(footprint),
                    is_step: is_step(kind),
                    is_run: matches!(kind, InstructionKind::Run(_)),
                    is_linked: is_linked(kind),
                    is_recipe,
                    seconds: if is_step(kind) { draft.seconds[at][index] } else { 0.0 },
                    from: taken_from(dockerfile, at, kind, &scope),
                    sets: variables_set(kind),
                    is_env: matches!(kind, InstructionKind::Env(_)),
                    free_of: BTreeSet::new(),
                    pinned: false,
                    by_path,
                    absolute: None,
                    id: 0,
                    feeds: Vec::new(),
                });
                scopes.push(scope.clone());
                scope.follow(instruction, &global);
            }
            ends.push(scope);
            stages.push(StageModel {
                base,
                base_uses: names_in(&stage.base),
                items,
                scopes: Rc::new(scopes),
            });
        }
        let last = stages.len().saturating_sub(1);
        let named = input.options.target.as_deref().and_then(|name| dockerfile.stage_index(name));
        let target = named.unwrap_or(last);
        Self { wanted: wanted(&stages, target), stages, target, numbered: 0, reach }
    }
}

/// Tells whether a RUN makes a recipe for cargo-chef and nothing else.
fn is_recipe(kind: &InstructionKind) -> bool {
    let InstructionKind::Run(run) = kind else { return false };
    let CommandLine::Shell(text) = &run.command else { return false };
    text.trim_start().starts_with("cargo chef prepare") && !text.contains(['&', ';', '|'])
}

/// What a recipe for cargo-chef is made of.
fn recipe_sources(tree: &Tree) -> impl Iterator<Item = String> {
    const NAMES: [&str; 6] =
        ["Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml", "config.toml", "config"];
    let is_one = |path: &str| NAMES.contains(&path.rsplit('/').next().unwrap_or(path));
    tree.iter().filter(move |(path, entry)| !entry.is_dir() && is_one(path)).map(|(path, _)| path)
}

fn is_linked(kind: &InstructionKind) -> bool {
    match kind {
        InstructionKind::Copy(copy) => copy.spec.link,
        InstructionKind::Add(add) => add.spec.link,
        _ => false,
    }
}

fn is_step(kind: &InstructionKind) -> bool {
    match kind {
        InstructionKind::Workdir(raw) => raw != "/",
        kind => matches!(kind, InstructionKind::Run(_) | InstructionKind::Copy(_) | InstructionKind::Add(_)),
    }
}

/// Stages and paths that an instruction takes files from.
fn taken_from(
    dockerfile: &Dockerfile,
    at: usize,
    kind: &InstructionKind,
    scope: &Scope,
) -> Vec<(usize, String)> {
    match kind {
        InstructionKind::Copy(copy) => {
            let Some(stage) = copy.from.as_deref().and_then(|name| stage_of(dockerfile, at, name)) else {
                return Vec::new();
            };
            let path = |raw: &String| {
                let text = scope.expand(raw).unwrap_or_default();
                // A wildcard stands for all of its directory.
                let fixed = text.split(['*', '?', '[']).next().unwrap_or_default();
                let fixed = if fixed.len() == text.len() {
                    fixed
                } else {
                    fixed.rsplit_once('/').map_or("", |(dir, _)| dir)
                };
                (stage, crate::shell::normalise(fixed))
            };
            copy.spec.sources.iter().map(path).collect()
        }
        InstructionKind::Run(run) => {
            let taken = |mount: &Flag| {
                let option = |names: &[&str]| {
                    mount.value.split(',').find_map(|part| {
                        let (name, value) = part.split_once('=')?;
                        names.contains(&name.trim()).then(|| value.trim())
                    })
                };
                let stage = stage_of(dockerfile, at, option(&["from"])?)?;
                // What is bound counts by its content; the seed of a cache as a whole.
                let is_bind = option(&["type"]).is_none_or(|kind| kind == "bind");
                let source = option(&["source", "src"]).filter(|_| is_bind).and_then(|raw| scope.expand(raw));
                Some((stage, source.map_or_else(|| "/".to_owned(), |path| crate::shell::join("/", &path))))
            };
            run.mounts.iter().filter_map(taken).collect()
        }
        _ => Vec::new(),
    }
}

fn variables_set(kind: &InstructionKind) -> Vec<(String, Vec<String>)> {
    match kind {
        InstructionKind::Arg(declarations) => declarations
            .iter()
            .map(|arg| {
                let mut uses = names_in(arg.default.as_deref().unwrap_or_default());
                uses.push(arg.name.clone());
                (arg.name.clone(), uses)
            })
            .collect(),
        InstructionKind::Env(pairs) => {
            pairs.iter().map(|pair| (pair.key.clone(), names_in(&pair.value))).collect()
        }
        _ => Vec::new(),
    }
}

/// Names after a dollar sign.
pub(super) fn names_in(raw: &str) -> Vec<String> {
    raw.split('$')
        .skip(1)
        .map(|rest| rest.trim_start_matches('{'))
        .map(|rest| {
            rest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Marks the stages that the target needs, itself included.
fn wanted(stages: &[StageModel], target: usize) -> Vec<bool> {
    let mut wanted = vec![false; stages.len()];
    let mut open = vec![target];
    while let Some(at) = open.pop() {
        if !std::mem::replace(&mut wanted[at], true) {
            open.extend(stages[at].base);
            open.extend(stages[at].items.iter().flat_map(|item| item.from.iter().map(|(stage, _)| *stage)));
        }
    }
    wanted
}
