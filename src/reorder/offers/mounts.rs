//! A package manager's downloads in a cache mount: on every RUN that uses them, or not at all.

mod cleanings;
mod offline;
mod owners;
mod places;
mod scripts;
mod shipped;
mod stops;
mod written;

use super::Found;
use super::caches::{CACHES, Cache};
use super::sheet::Sheet;
use crate::cost::images;
use crate::dockerfile::ast::{CommandLine, Instruction, InstructionKind, Run};
use crate::reorder::manifests::tasks_of_mix;
use crate::shell::{Call, PathPattern, PathSet};
use cleanings::Cleanings;
use owners::Owner;
use places::Places;
pub(super) use stops::Stop;

/// Images that are not in the catalogue of sizes and in which root runs.
const ROOTS: [&str; 14] = [
    "hexpm/elixir",
    "oven/bun",
    "ghcr.io/astral-sh/uv",
    "lukemathwalker/cargo-chef",
    "rustlang/rust",
    "dunglas/frankenphp",
    "azul/zulu-openjdk",
    "azul/zulu-openjdk-alpine",
    "azul/zulu-openjdk-debian",
    "dart",
    "nvidia/cuda",
    "public.ecr.aws/amazonlinux/amazonlinux",
    "pytorch/pytorch",
    "rubylang/ruby",
];

/// Images that hold programs in /usr/bin and nothing else, which are copied as a whole.
const HOLDS_PROGRAMS: [&str; 2] = ["tonistiigi/xx", "docker.io/tonistiigi/xx"];

/// Programs that build what they are told to by files of the project, which may call any other.
const BUILDERS: [&str; 10] =
    ["make", "cmake", "ninja", "mage", "task", "just", "goreleaser", "bazel", "trunk", "wasm-pack"];

/// Programs that are not in the table of tools, and of which it is known that they call no package manager.
const APART: [&str; 14] = [
    "javac",
    "javadoc",
    "jar",
    "jlink",
    "jdeps",
    "jpackage",
    "keytool",
    "protoc",
    "strip",
    "upx",
    "xx-apk",
    "xx-apt",
    "xx-info",
    "xx-verify",
];

/// Programs that run another as another user.
const BECOMES: [&str; 8] = ["su", "sudo", "gosu", "su-exec", "runuser", "setpriv", "doas", "chroot"];

/// Programs that fill a directory which they are given from above.
const FILLERS: [&str; 8] = ["cp", "mv", "tar", "unzip", "rsync", "ln", "install", "git"];

/// Finds the mounts that a stage, with those built on it, could have, and what keeps it from others.
pub(super) fn find(sheet: &Sheet<'_>, stage: usize) -> Vec<Result<Found, Stop>> {
    if sheet.draft.dockerfile.escape != '\\' || !sheet.knows((1, 2)) {
        return Vec::new();
    }
    CACHES.iter().filter_map(|cache| Search { sheet, stage, cache }.found()).collect()
}

struct Search<'a> {
    sheet: &'a Sheet<'a>,
    stage: usize,
    cache: &'static Cache,
}

/// A RUN that gets the mounts.
struct Use<'a> {
    stage: usize,
    index: usize,
    own: &'a Instruction,
    run: &'a Run,
    /// What is taken out of it.
    cleanings: Cleanings,
}

impl Search<'_> {
    /// The offer, or what stands in its way; `None` where the tool is not used, or there is nothing to tell.
    fn found(&self) -> Option<Result<Found, Stop>> {
        let sheet = self.sheet;
        if !self.runs_tool(self.stage) || self.has_it_below() || self.is_mounted_already() {
            return None;
        }
        let first = sheet.runs(self.stage).find(|(index, ..)| self.uses(self.stage, *index))?.0;
        let stop = |why: &str| Some(Err(self.stop(first, why.to_owned())));
        if self.is_moved_by_a_file() {
            // The two Yarns have settings of their own, by which they are told apart.
            return if self.cache.tool.eq_ignore_ascii_case("yarn") { None } else { stop(stops::BY_A_FILE) };
        }
        if self.is_moved_by_a_step() {
            return stop(stops::BY_A_STEP);
        }
        let family = sheet.family(self.stage);
        if self.cache.beside.is_some() && family.iter().any(|own| self.compiles_all_anew(*own)) {
            return stop(stops::ALL_ANEW);
        }
        if self.works_offline(&family) {
            return stop(stops::OFFLINE);
        }
        if self.is_removed_by_a_script() {
            return stop(stops::BY_A_SCRIPT);
        }
        let Some(mut places) = self.places(first) else { return stop(self.why_no_place(first)) };
        self.leave_out_what_goes(&mut places);
        // Stages that this target does not need are those of another, which has to build as well.
        let is_run = |stage: &usize| sheet.instructions(*stage).iter().any(|own| is_command(&own.kind));
        let is_shipped = sheet.is_shipped(&family) || family.iter().any(is_run);
        if self.cache.whole && is_shipped && !self.runs_only_what_was_built(&family) {
            return stop(stops::SHIPPED);
        }
        if self.is_taken_over(&family, &places.targets) {
            return stop(stops::TAKEN_OVER);
        }
        let uses = match self.all_uses(&family, first, &places) {
            Ok(uses) => uses,
            Err(own) => return stop(&self.in_the_way(own)),
        };
        let not_plain = || self.stop(first, stops::NOT_PLAIN.to_owned());
        Some(self.offer(&uses, &places, is_shipped).ok_or_else(not_plain))
    }

    /// The RUNs that get the mounts, or the instruction that stands in the way.
    fn all_uses(
        &self,
        family: &[usize],
        first: usize,
        places: &Places,
    ) -> Result<Vec<Use<'_>>, &Instruction> {
        let targets = &places.targets;
        let mut uses = Vec::new();
        for stage in family {
            for (index, own) in self.sheet.instructions(*stage).iter().enumerate() {
                match &own.kind {
                    InstructionKind::Run(run) => {
                        let is_early = *stage == self.stage && index < first && self.is_bare(index);
                        let used = !is_early && self.may_use(*stage, index);
                        let cleanings = if used && self.removes(*stage, index, targets) {
                            self.cleanings((*stage, index), own, run, targets)
                        } else {
                            None
                        };
                        self.allows((*stage, index), run, used, cleanings.is_some(), places).ok_or(own)?;
                        if used {
                            let cleanings = cleanings.unwrap_or_default();
                            uses.push(Use { stage: *stage, index, own, run, cleanings });
                        }
                    }
                    // What is put there would be hidden from the RUN.
                    _ if self.puts_there(*stage, index, own, targets)
                        && (self.cache.whole
                            || self.is_meant(*stage, index, targets)
                                && self.is_used_after(*stage, index)) =>
                    {
                        return Err(own);
                    }
                    _ => {}
                }
            }
        }
        Ok(uses)
    }

    /// Tells whether an instruction puts something right into the directories, and not around them, where it would at most
    /// be fetched once more.
    fn is_meant(&self, stage: usize, index: usize, targets: &[String]) -> bool {
        let writes = &self.sheet.stage(stage).items[index].footprint.writes;
        let inside = |pattern: &PathPattern| {
            targets.iter().any(|target| crate::context::path::is_within(&pattern.text, target))
        };
        writes.patterns().iter().any(inside)
    }

    /// Tells whether a RUN after an instruction uses the cache, in its stage or in one built on it.
    fn is_used_after(&self, stage: usize, index: usize) -> bool {
        let uses =
            |of: usize, from: usize| self.sheet.runs(of).any(|(at, ..)| at >= from && self.uses(of, at));
        let above = self.sheet.family(stage).into_iter().filter(|other| *other != stage);
        uses(stage, index) || above.into_iter().any(|other| uses(other, 0))
    }

    /// Tells whether the image that the stage goes back to is known to start as root.
    fn is_root_image(&self) -> bool {
        let reference = self.sheet.base(self.stage);
        let repository = images::on_docker_hub(reference.split('@').next().unwrap_or(reference));
        let known = images::find(reference).is_some_and(|(image, _)| image.user.is_none());
        known || ROOTS.iter().any(|root| repository == *root || repository.starts_with(&format!("{root}:")))
    }

    /// Tells whether nothing of the project is there yet at an instruction, so that nothing can be fetched for it.
    fn is_bare(&self, index: usize) -> bool {
        let before = &self.sheet.instructions(self.stage)[..index];
        let brings = |own: &Instruction| match &own.kind {
            InstructionKind::Copy(copy) => copy.from.is_none(),
            InstructionKind::Add(_) => true,
            InstructionKind::Run(run) => !run.mounts.is_empty(),
            _ => false,
        };
        self.sheet.stage(self.stage).base.is_none() && !before.iter().any(brings)
    }

    /// Tells whether an instruction that is no RUN puts something into the directories.
    fn puts_there(&self, stage: usize, index: usize, own: &Instruction, targets: &[String]) -> bool {
        let is_known = match &own.kind {
            InstructionKind::Copy(copy) => {
                let from = copy.from.as_deref().unwrap_or_default();
                let stage = self.sheet.draft.dockerfile.stage_index(from);
                let image = stage.map_or_else(|| from.to_owned(), |stage| self.sheet.base(stage).to_owned());
                HOLDS_PROGRAMS.iter().any(|name| image.starts_with(name))
            }
            _ => false,
        };
        let writes = &self.sheet.stage(stage).items[index].footprint.writes;
        !is_known && !self.is_told_by_a_variable(writes) && overlaps(writes, targets)
    }

    /// Tells whether what is written goes where a variable of the image says (`COPY a.ini $PHP_INI_DIR/`), and would at most
    /// be hidden from a tool that fetches it once more.
    fn is_told_by_a_variable(&self, writes: &PathSet) -> bool {
        *writes == PathSet::Everything && !self.cache.whole
    }

    /// Tells whether a RUN of the stage calls the tool in a way that uses the cache.
    fn runs_tool(&self, stage: usize) -> bool {
        self.sheet.runs(stage).any(|(index, ..)| self.uses(stage, index))
    }

    /// The offer of a stage holds those built on it, too.
    fn has_it_below(&self) -> bool {
        let mut below = self.sheet.stage(self.stage).base;
        while let Some(stage) = below {
            if self.runs_tool(stage) {
                return true;
            }
            below = self.sheet.stage(stage).base;
        }
        false
    }

    fn is_call(&self, call: &Call) -> bool {
        let verb = call.operands.first().map_or("", |word| word.text.as_str());
        // `mix do deps.get, compile` fetches, `mix do compile + release` does not.
        let fetches = |call: &Call| {
            let words: Vec<&str> = call.operands.iter().map(|word| word.text.as_str()).collect();
            tasks_of_mix(&words).iter().any(|task| task == "deps.get")
        };
        self.cache.programs.contains(&call.program.as_str())
            && (self.cache.verbs.is_empty() || self.cache.verbs.contains(&verb))
            && (call.program != "mix" || verb != "do" || fetches(call))
    }

    fn uses(&self, stage: usize, index: usize) -> bool {
        let uses = |call: &Call| {
            if self.is_call(call) {
                self.cache.script.is_empty() || self.runs_script(stage, index, call)
            } else {
                BUILDERS.contains(&call.program.as_str()) && self.lies_beside(stage, index, call)
            }
        };
        self.sheet.calls(stage, index).iter().any(uses)
    }

    /// Tells whether a RUN uses the cache, or may: where the cache is part of the work, anything that is not known.
    fn may_use(&self, stage: usize, index: usize) -> bool {
        if self.uses(stage, index) {
            return true;
        }
        let Some(effects) = self.sheet.effects(stage, index) else { return false };
        // Without the manifest a builder has nothing to fetch by it.
        let is_apart = |name: &String| {
            APART.contains(&name.as_str()) || self.cache.beside.is_some() && BUILDERS.contains(&name.as_str())
        };
        let builds = |name: &String| self.cache.beside.is_none() && BUILDERS.contains(&name.as_str());
        self.cache.whole
            && (effects.programs.iter().any(builds) || effects.opaque.iter().any(|name| !is_apart(name)))
    }

    /// Tells whether a RUN removes something of the directories, or has the tool empty them wherever they are.
    fn removes(&self, stage: usize, index: usize, targets: &[String]) -> bool {
        let is_emptied = || self.sheet.calls(stage, index).iter().any(|call| self.is_emptying(call));
        self.deletes(stage, index).is_some_and(|deletes| overlaps(&deletes, targets)) || is_emptied()
    }

    /// Leaves out those of several directories around which a step removes more (`rm -rf ~/.bundle`).
    fn leave_out_what_goes(&self, places: &mut Places) {
        if self.cache.whole || !places.sets.is_empty() {
            return;
        }
        let depth = |path: &str| path.matches('/').count();
        let family = self.sheet.family(self.stage);
        let runs = family.iter().flat_map(|stage| self.sheet.runs(*stage).map(|run| (*stage, run)));
        let removed: Vec<PathPattern> = runs
            .filter(|(stage, (index, ..))| self.uses(*stage, *index))
            .flat_map(|(stage, (index, _, run))| self.removed((stage, index), run).patterns().to_vec())
            .collect();
        let goes = |target: &String| {
            removed.iter().any(|pattern| pattern.touches(target) && depth(&pattern.text) < depth(target))
        };
        if places.targets.iter().any(|target| !goes(target)) {
            places.targets.retain(|target| !goes(target));
        }
    }

    /// What a RUN removes. Where the tool's own cleaning has been looked at already, without that.
    fn deletes(&self, stage: usize, index: usize) -> Option<PathSet> {
        let all = &self.sheet.effects(stage, index)?.deletes;
        if self.cache.needs.is_empty() || *all == PathSet::Everything {
            return Some(all.clone());
        }
        let mut rest = PathSet::nothing();
        let calls = self.sheet.calls(stage, index).iter();
        for call in calls.filter(|call| !self.cache.programs.contains(&call.program.as_str())) {
            rest.extend(self.sheet.effects_of(stage, index, call).deletes);
        }
        Some(rest)
    }

    /// Refuses where a RUN stands in the way: `None`.
    fn allows(
        &self,
        (stage, index): (usize, usize),
        run: &Run,
        used: bool,
        cleaned: bool,
        places: &Places,
    ) -> Option<()> {
        let targets = places.targets.as_slice();
        let scope = self.sheet.scope(stage, index);
        let calls = self.sheet.calls(stage, index);
        // A directory that is a mount cannot be removed, and what is emptied is no cache. Where it is not mounted, and
        // nothing of the work lies in it, there is nothing to remove.
        if (used || self.cache.whole) && !cleaned && self.removes(stage, index, targets) {
            return None;
        }
        let removes = |call: &&Call| ["rm", "rmdir", "unlink"].contains(&call.program.as_str());
        let is_own = |call: &&Call| self.cache.programs.contains(&call.program.as_str());
        let is_harmless =
            |call: &&Call| is_own(call) || (cleaned || !used && !self.cache.whole) && removes(call);
        for call in calls.iter().filter(|call| !is_harmless(call)) {
            let writes = self.sheet.writes_of(stage, index, call);
            let inside = |pattern: &PathPattern| {
                targets.iter().any(|target| crate::context::path::is_within(&pattern.text, target))
            };
            let from_above = FILLERS.contains(&call.program.as_str())
                && (used || !self.is_told_by_a_variable(&writes))
                && overlaps(&writes, targets);
            if writes.patterns().iter().any(inside) || from_above {
                return None;
            }
        }
        let mentions = |name: &str| mentions(run, name);
        let choices = self.cache.places.iter().flat_map(|place| place.iter());
        let names = choices
            .filter_map(|place| place.strip_prefix('$'))
            .map(|place| place.split('/').next().unwrap_or(place));
        let given = |word: &&str| match word.strip_prefix('$') {
            Some(name) => match name.split_once('=') {
                Some((name, value)) => scope.value(name).as_deref() == Some(value),
                None => scope.vars.contains_key(name) || mentions(name),
            },
            None if word.starts_with("--") || word.len() > 2 => mentions(word),
            None => calls.iter().any(|call| self.is_call(call) && call.has(&[*word])),
        };
        let user = self.user(stage, index);
        let is_same_user = match &places.owner {
            Owner::Root => user == Some("root") || user.is_none() && self.is_root_image(),
            Owner::Numbered(..) | Owner::Whoever(_) => user == self.user(self.stage, places.first),
        };
        let other_user = || {
            let script = self.sheet.script(stage, index, run);
            let mut programs = script.commands.iter().filter_map(|command| command.words.first());
            programs.any(|word| BECOMES.contains(&word.text.rsplit('/').next().unwrap_or(&word.text)))
        };
        // That a step only looks at it (`rm -rf "$BUNDLE_PATH"/x`) moves nothing.
        let sets = |name: &str| {
            [format!("{name}="), format!("{name}:="), format!("unset {name}")]
                .iter()
                .any(|text| mentions(text))
        };
        let moved = self.cache.unless.iter().any(given)
            || names.into_iter().any(sets)
            || self.cache.off.is_some_and(sets);
        let meets = |mount: &crate::dockerfile::ast::Flag| {
            let target = mount.value.split(',').find_map(|part| {
                let (key, value) = part.split_once('=')?;
                ["target", "dst", "destination"].contains(&key.trim()).then(|| value.trim())
            });
            // A target with variables in it may be any.
            let place = target.and_then(|raw| scope.path(raw));
            target.is_some()
                && place
                    .is_none_or(|place| overlaps(&PathSet::Paths(vec![PathPattern::tree(place)]), targets))
        };
        let in_the_way = used && (!is_same_user || other_user() || moved);
        (!in_the_way && !run.mounts.iter().any(meets)).then_some(())
    }
}

/// Tells whether a stage with this instruction is meant to be run.
fn is_command(kind: &InstructionKind) -> bool {
    matches!(kind, InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_))
}

fn mentions(run: &Run, word: &str) -> bool {
    let command = match &run.command {
        CommandLine::Shell(text) => text.contains(word),
        CommandLine::Exec(words) => words.iter().any(|own| own.contains(word)),
    };
    command || run.heredocs.iter().any(|heredoc| heredoc.body.contains(word))
}

fn overlaps(set: &PathSet, targets: &[String]) -> bool {
    set.overlaps(&PathSet::Paths(targets.iter().map(|target| PathPattern::tree(target.as_str())).collect()))
}
