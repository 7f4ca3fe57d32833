//! What a RUN that installs needs of the project, command by command.

use std::collections::BTreeSet;

use super::copies::files_of;
use super::{Spread, View};
use crate::context::path;
use crate::dockerfile::ast::InstructionKind;
use crate::reorder::footprint::{Footprint, placements};
use crate::reorder::manifests::{Install, Plan, Why, behind_sudo, ecosystem_of, led_by_pnpm};
use crate::reorder::model;
use crate::shell::{self, Command, Effects, PathPattern, PathSet, Script};

/// What a RUN needs of the project.
pub(super) struct Needs {
    pub(super) ecosystem: String,
    /// Context paths of manifests.
    pub(super) paths: Vec<String>,
    /// Context paths of what it makes in the project.
    pub(super) writes: BTreeSet<String>,
    pub(super) footprint: Footprint,
}

impl View<'_> {
    /// Works out what the RUN needs of the project, command by command.
    pub(super) fn needs(&self, spread: &Spread, script: &Script, installs: &[usize]) -> Result<Needs, Why> {
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
            needs.footprint.uses.any |= plan.runs_code;
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
            footprint.uses.names.extend(model::names_in(&mount.value));
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
        let words = behind_sudo(&command.words);
        if words.iter().any(|word| word.dynamic || word.glob) {
            return Err(Why::Dynamic);
        }
        // The caller saw that these words belong to an ecosystem.
        let ecosystem = ecosystem_of(words).ok_or(Why::Dynamic)?;
        let called_in = command.cwd.as_deref().ok_or(Why::Dynamic)?;
        let (cwd, words) = match led_by_pnpm(words, called_in) {
            Some(led) => led,
            None => (called_in.to_owned(), words.to_vec()),
        };
        let words = words.as_slice();
        let dir = spread.context(&cwd).ok_or(Why::Dynamic)?;
        let set = |name: &str| {
            command.assigns.iter().any(|(assigned, _)| assigned == name)
                || self.scope(self.index).vars.contains_key(name)
        };
        if let Some(word) = ecosystem.leads_elsewhere(words, set) {
            return Err(Why::Elsewhere(word));
        }
        let value = |name: &str| {
            let given = command.assigns.iter().rev().find(|(assigned, _)| assigned == name);
            let given = given.map(|(_, word)| (!word.dynamic).then(|| word.text.clone()));
            given.or_else(|| self.scope(self.index).vars.get(name).cloned())
        };
        ecosystem.check_options(value)?;
        let env = |name: &str| value(name).flatten();
        let words: Vec<String> = words.iter().map(|word| relative(&word.text, spread, &dir)).collect();
        let install = Install {
            ecosystem,
            words: &words,
            dir: &dir,
            tree: self.input.tree,
            files: self.input.files,
            env: &env,
        };
        self.check_settings(&install)?;
        let mut plan = install.plan()?;
        if cwd != called_in {
            self.check_corepack(called_in, spread, &mut plan)?;
        }
        // A list that lies elsewhere is in no plan.
        if self.model.items[self.index].by_path {
            let (path, what) = ("a list of packages".to_owned(), "what may be a path".to_owned());
            return Err(Why::LocalDependency { path, what });
        }
        Ok(plan)
    }

    /// Takes in the package.json files, up to the root, from which Corepack may take pnpm's version, where pnpm is led to another directory.
    fn check_corepack(&self, called_in: &str, spread: &Spread, plan: &mut Plan) -> Result<(), Why> {
        // Where that is no part of what was copied as a whole, it is not known what lies there.
        let mut dir = spread.context(called_in).ok_or_else(|| Why::Elsewhere("--dir".to_owned()))?;
        loop {
            let manifest = path::join(&dir, "package.json");
            plan.looks_at.insert(manifest.clone());
            if self.input.tree.contains(&manifest) {
                plan.need(manifest);
            }
            if dir.is_empty() {
                return Ok(());
            }
            dir = path::split(&dir).0.to_owned();
        }
    }

    /// Refuses settings outside of the project that lead the command elsewhere, or that are not known: what a step
    /// or another stage put there.
    fn check_settings(&self, install: &Install<'_>) -> Result<(), Why> {
        let reads_settings = |place: &str| install.ecosystem.has_settings_at(place);
        for (index, own) in self.instructions[..self.index].iter().enumerate() {
            let unknown = || Why::Elsewhere("settings.xml, which a step above puts in place,".to_owned());
            let spec = match &own.kind {
                InstructionKind::Run(_) if own.original.contains("settings.xml") => {
                    if reads_settings("/.m2/settings.xml") {
                        return Err(unknown());
                    }
                    continue;
                }
                InstructionKind::Copy(copy) => &copy.spec,
                InstructionKind::Add(add) => &add.spec,
                _ => continue,
            };
            let dest = self.scope(index).path(&spec.dest).unwrap_or_default();
            let may_be = reads_settings(&dest) || reads_settings(&shell::join(&dest, "settings.xml"));
            let placed = super::local_copy(own).filter(|spec| spec.heredocs.is_empty());
            let placed = placed.and_then(|spec| placements(spec, self.scope(index), self.input.tree));
            let Some(placed) = placed else {
                if may_be {
                    return Err(unknown());
                }
                continue;
            };
            let files = files_of(&placed, self.input);
            for file in files.iter().filter(|file| reads_settings(&file.dest)) {
                install.check_settings(&file.source)?;
            }
        }
        Ok(())
    }
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
