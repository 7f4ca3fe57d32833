//! What would be better but changes more than the order: told with what it changes, never made.

use super::footprint::shell_text;
use super::installs::local_copy;
use super::model::{Model, base_image};
use super::moves::Attempt;
use super::rewrite;
use super::search::least_gain;
use super::{MoveKind, Offer};
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, Instruction, InstructionKind, Run};
use crate::shell::Script;

/// Where package managers keep what they download, which nothing needs once they are done.
///
/// Each with the words of its install, the cache's directory, and a word that says it is not used.
const CACHES: [(&[&str], &[&str], &str, &str); 8] = [
    (&["npm"], &["ci", "install", "i"], "/root/.npm", "--cache"),
    (&["yarn"], &["install", ""], "/usr/local/share/.cache/yarn", "--cache-folder"),
    (&["pnpm"], &["install", "i", "fetch"], "/root/.local/share/pnpm/store", "--store-dir"),
    (&["bun"], &["install", "i"], "/root/.bun/install/cache", "--cache-dir"),
    (&["pip", "pip3"], &["install", "wheel"], "/root/.cache/pip", "--no-cache-dir"),
    (&["poetry"], &["install", "sync"], "/root/.cache/pypoetry", "--no-cache"),
    (&["uv"], &["sync", "pip"], "/root/.cache/uv", "--no-cache"),
    (&["composer", "composer.phar"], &["install"], "/tmp/cache", "--no-cache"),
];

/// Commands that compile, which a final image has no need of, with what the result is usually called.
const COMPILERS: [(&str, &[&str]); 5] = [
    ("go", &["build", "install"]),
    ("cargo", &["build", "install"]),
    ("mvn", &["package", "install", "verify"]),
    ("gradlew", &["build", "bootJar", "installDist"]),
    ("dotnet", &["publish"]),
];

/// The smallest share of the expected seconds that a step has to make for an offer to be worth reading.
const WORTH_READING: f64 = 0.05;

/// Finds what can be offered.
pub(super) fn find(attempt: &Attempt<'_>) -> Vec<Offer> {
    let each = attempt.arranged.model.expected_each(&attempt.arranged.edits);
    let total = attempt.arranged.seconds;
    let mut offers = Vec::new();
    for (stage, items) in attempt.arranged.model.stages.iter().enumerate() {
        if !attempt.arranged.model.wanted[stage] {
            continue;
        }
        for (place, item) in items.items.iter().enumerate() {
            let Some(index) = item.written() else { continue };
            let spot = Spot { attempt, stage, index, instruction: attempt.instruction(stage, index) };
            if each[stage][place] >= (total * WORTH_READING).max(1.0) {
                offers.extend(spot.cache_mount());
                offers.extend(spot.compile_dependencies());
                offers.extend(spot.multi_stage());
            }
            offers.extend(spot.narrow_copy());
            offers.extend(spot.link_copy());
        }
        offers.extend(parallel_stage(attempt, stage, &each[stage]));
    }
    offers.extend(bind_mounts(attempt));
    offers.extend(unproven_rewrites(attempt));
    offers.retain(|offer| !attempt.input.options.skips(offer.kind, &offer.id));
    offers.sort_by(|a, b| {
        b.saves.unwrap_or(0.0).total_cmp(&a.saves.unwrap_or(0.0)).then(a.lines.start.cmp(&b.lines.start))
    });
    offers
}

struct Spot<'a> {
    attempt: &'a Attempt<'a>,
    stage: usize,
    index: usize,
    instruction: &'a Instruction,
}

impl Spot<'_> {
    fn offer(&self, kind: MoveKind, name: String, changes: &str, text: String, saves: Option<f64>) -> Offer {
        let lines = self.attempt.draft.lines_of(self.instruction);
        Offer {
            id: self.attempt.draft.id(kind, self.instruction),
            name,
            kind,
            lines,
            changes: changes.to_owned(),
            text,
            saves,
        }
    }

    fn run(&self) -> Option<&Run> {
        match &self.instruction.kind {
            InstructionKind::Run(run) => Some(run),
            _ => None,
        }
    }

    fn text(&self) -> &str {
        &self.attempt.draft.dockerfile.text[self.instruction.span.clone()]
    }

    fn script(&self, run: &Run) -> Script {
        script(self.attempt, self.stage, self.index, run)
    }

    /// The words of the first command whose program is one of these and whose next plain word one of those.
    fn command(&self, run: &Run, programs: &[&str], verbs: &[&str]) -> Option<Vec<String>> {
        command(&self.script(run), programs, verbs)
    }

    /// A mount that keeps a package manager's downloads between builds.
    fn cache_mount(&self) -> Option<Offer> {
        let run = self.run()?;
        let is_root = self.attempt.original.stages[self.stage].scopes[self.index].user.is_none();
        if !is_root || run.mounts.iter().any(|mount| mount.value.contains("type=cache")) {
            return None;
        }
        let (words, cache) = CACHES.iter().find_map(|(programs, verbs, cache, without)| {
            let words = self.command(run, programs, verbs)?;
            // yarn's newer versions keep their cache in the project.
            let newer_yarn = programs[0] == "yarn" && self.attempt.input.tree.contains(".yarnrc.yml");
            let unused = words.iter().any(|word| word.starts_with(without)) || newer_yarn;
            (!unused).then_some((words, *cache))
        })?;
        let body = self.text().get(3..)?.trim_start();
        let text = format!("RUN --mount=type=cache,target={cache} {body}");
        Some(self.offer(
            MoveKind::CacheMount,
            format!("keep the downloads of {} in a cache mount", words[0]),
            "the downloads stay with the builder and are no longer in this layer; a builder that is new starts without them",
            text,
            None,
        ))
    }

    /// Cargo compiles the dependencies again with every source: cargo-chef compiles them from the manifests alone.
    fn compile_dependencies(&self) -> Option<Offer> {
        let run = self.run()?;
        let words = self.command(run, &["cargo"], &["build", "install", "test", "leptos", "auditable"])?;
        let dockerfile = &self.attempt.draft.dockerfile;
        let has_chef = dockerfile.text.contains("chef") || words.iter().any(|word| word == "chef");
        let caches_target = run
            .mounts
            .iter()
            .any(|mount| mount.value.contains("type=cache") && mount.value.contains("target"));
        if has_chef || caches_target || !self.attempt.input.tree.contains("Cargo.toml") {
            return None;
        }
        let stage = &dockerfile.stages[self.stage];
        let workdir = self.attempt.original.stages[self.stage].scopes[self.index].workdir.clone()?;
        let profile = if words.iter().any(|word| word == "--release" || word == "-r") || words[1] == "install"
        {
            " --release"
        } else {
            ""
        };
        let name = stage.name.clone().unwrap_or_else(|| "builder".to_owned());
        let text = format!(
            "FROM {base} AS chef\nRUN cargo install cargo-chef --locked\nWORKDIR {workdir}\n\nFROM chef AS planner\nCOPY . .\nRUN cargo chef prepare --recipe-path recipe.json\n\nFROM chef AS {name}\n# the packages that this stage installs today come here\nCOPY --from=planner {workdir}/recipe.json recipe.json\nRUN cargo chef cook{profile} --recipe-path recipe.json\nCOPY . .\n{own}",
            base = stage.base,
            own = self.text(),
        );
        Some(self.offer(
            MoveKind::CompileDependencies,
            "compile the dependencies from the manifests alone, with cargo-chef".to_owned(),
            "adds a tool (cargo-chef) and two stages; the same crates are compiled with the same flags only while `cargo chef cook` gets the flags, features and variables of the build",
            text,
            None,
        ))
    }

    /// A final image that holds a compiler.
    fn multi_stage(&self) -> Option<Offer> {
        let run = self.run()?;
        let model = &self.attempt.original;
        if self.stage != model.target || model.stages[self.stage].base.is_some() {
            return None;
        }
        let (tool, words) =
            COMPILERS.iter().find_map(|(tool, verbs)| Some((*tool, self.command(run, &[tool], verbs)?)))?;
        let output =
            words.iter().position(|word| word == "-o" || word == "--output").and_then(|at| words.get(at + 1));
        let scope = &model.stages[self.stage].scopes[self.index];
        let output = scope.path(output?)?;
        let (base, runtime) = match tool {
            "go" => ("build", "alpine"),
            "dotnet" => ("build", "mcr.microsoft.com/dotnet/aspnet"),
            _ => return None,
        };
        let text = format!(
            "FROM {} AS {base}\n# … all that stands here today, to the build\n\nFROM {runtime}\nCOPY --from={base} {output} {output}\n# … ENV, EXPOSE, USER, CMD and what runs need",
            self.attempt.draft.dockerfile.stages[self.stage].base
        );
        Some(self.offer(
            MoveKind::MultiStage,
            format!("leave {tool} and the sources out of the final image"),
            "the image becomes smaller: the compiler, the sources and all that was fetched are no longer in it; whatever runs at run time and comes from them has to be copied too",
            text,
            None,
        ))
    }

    /// `COPY . .` in a stage of which all steps work in one directory, and from which only that is taken.
    fn narrow_copy(&self) -> Option<Offer> {
        let attempt = self.attempt;
        let model = &attempt.original;
        let spec = local_copy(self.instruction)?;
        let scope = &model.stages[self.stage].scopes[self.index];
        let source = path::clean(&scope.expand(spec.sources.first()?)?).into_owned();
        let dest = scope.path(&spec.dest)?;
        let is_all = spec.sources.len() == 1
            && source.is_empty()
            && spec.exclude.is_empty()
            && spec.heredocs.is_empty();
        if !is_all
            || self.stage == model.target
            || model.stages.iter().any(|other| other.base == Some(self.stage))
        {
            return None;
        }
        let mut directory: Option<String> = None;
        for (index, instruction) in
            attempt.draft.dockerfile.stages[self.stage].instructions.iter().enumerate()
        {
            let InstructionKind::Run(run) = &instruction.kind else { continue };
            if index < self.index {
                continue;
            }
            for command in script(attempt, self.stage, index, run).commands {
                if command.words.first().is_none_or(|word| word.text == "cd") {
                    continue;
                }
                let inner = command
                    .cwd
                    .as_deref()?
                    .strip_prefix(dest.trim_end_matches('/'))?
                    .trim_start_matches('/')
                    .to_owned();
                let first = inner.split('/').next().unwrap_or_default().to_owned();
                if first.is_empty() || directory.as_ref().is_some_and(|known| *known != first) {
                    return None;
                }
                directory = Some(first);
            }
        }
        // Build tools look for manifests and settings above the directory that they work in.
        let above = |name: &str| super::priors::is_manifest(name) || name.ends_with(".props");
        if attempt.input.tree.root().iter().any(|(name, entry)| !entry.is_dir() && above(name)) {
            return None;
        }
        let directory =
            directory.filter(|name| attempt.input.tree.get(name).is_some_and(|entry| entry.is_dir()))?;
        let kept = format!("{}/{directory}", dest.trim_end_matches('/'));
        let taken = model.stages.iter().flat_map(|stage| &stage.items).flat_map(|item| &item.from);
        if taken.clone().any(|(from, what)| {
            *from == self.stage && path::is_within(what, &dest) && !path::is_within(what, &kept)
        }) {
            return None;
        }
        let text = format!("COPY {directory} {kept}");
        let rewrite = rewrite::Rewrite::of_one(MoveKind::NarrowCopy, self.stage, self.index, text.clone());
        let saves = gain(attempt, &rewrite)?;
        Some(self.offer(
            MoveKind::NarrowCopy,
            format!("copy only {directory}, where all steps of this stage work"),
            "the stage no longer has the rest of the context; look whether a step reads files above that directory",
            text,
            Some(saves),
        ))
    }

    /// A COPY into the final stage that is made again only because a step before it was.
    fn link_copy(&self) -> Option<Offer> {
        let attempt = self.attempt;
        let InstructionKind::Copy(copy) = &self.instruction.kind else { return None };
        let spec = &copy.spec;
        let is_numeric = |owner: &String| owner.chars().all(|c| c.is_ascii_digit() || c == ':');
        let is_plain = !spec.link
            && spec.chmod.is_none()
            && spec.chown.as_ref().is_none_or(is_numeric)
            && spec.dest.starts_with('/');
        if !is_plain || self.stage != attempt.original.target {
            return None;
        }
        let mut model = attempt.arranged.model.clone();
        let place =
            model.stages[self.stage].items.iter().position(|item| item.written() == Some(self.index))?;
        let item = model.stages[self.stage].items.remove(place);
        let reruns = |model: &Model| model.expected_each(&attempt.arranged.edits);
        let each = reruns(&attempt.arranged.model);
        // First in its stage it reruns for its own reasons alone.
        model.stages[self.stage].items.insert(0, item);
        let alone = reruns(&model)[self.stage][0];
        let saves = each[self.stage][place] - alone;
        if saves < least_gain(attempt.arranged.seconds) {
            return None;
        }
        let text = self.text().replacen("COPY", "COPY --link", 1);
        Some(self.offer(
            MoveKind::LinkCopy,
            "let the COPY not depend on what stands before it".to_owned(),
            "with --link the destination is made anew: a symbolic link on the way to it is not followed, and a directory that is there gets the mode and owner of the copied one. Needs BuildKit and `# syntax=docker/dockerfile:1.4` or later",
            text,
            Some(saves),
        ))
    }
}

fn script(attempt: &Attempt<'_>, stage: usize, index: usize, run: &Run) -> Script {
    let scope = &attempt.original.stages[stage].scopes[index];
    let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
    scope.with_scene(&cwd, |scene| match &run.command {
        CommandLine::Shell(text) => Script::read(&shell_text(run, text), scene),
        CommandLine::Exec(words) => Script::of_words(words, &cwd),
    })
}

fn command(script: &Script, programs: &[&str], verbs: &[&str]) -> Option<Vec<String>> {
    script.commands.iter().find_map(|command| {
        let words: Vec<String> = command.words.iter().map(|word| word.text.clone()).collect();
        let program = words.first()?.rsplit('/').next()?;
        let verb = words[1..].iter().find(|word| !word.starts_with('-')).map_or("", String::as_str);
        (programs.contains(&program) && verbs.contains(&verb)).then_some(words)
    })
}

/// What a rewrite would gain once all is ordered, if it is enough.
fn gain(attempt: &Attempt<'_>, rewrite: &rewrite::Rewrite) -> Option<f64> {
    let draft = attempt.draft.rewritten(rewrite)?;
    let model = Model::new(&draft, attempt.input);
    let other = Attempt::new(draft, model, attempt.input);
    let saves = attempt.arranged.seconds - other.arranged.seconds;
    (saves >= least_gain(attempt.arranged.seconds)).then_some(saves)
}

/// Fetches that cannot be proved to be whole.
fn unproven_rewrites(attempt: &Attempt<'_>) -> Vec<Offer> {
    let found = rewrite::find(&attempt.draft, &attempt.original, attempt.input);
    found
        .into_iter()
        .filter(|rewrite| !rewrite.proven)
        .filter_map(|rewrite| {
            let saves = gain(attempt, &rewrite)?;
            let own = attempt.draft.replaced(&rewrite).first()?;
            let lines = attempt.draft.lines_of(own);
            let fetch = rewrite.text().lines().next().unwrap_or_default().to_owned();
            let text = format!("# before the COPY of the sources, after one of the manifests\n{fetch}");
            Some(Offer {
                id: attempt.draft.id(rewrite.kind, own),
                name: rewrite.name.clone(),
                kind: rewrite.kind,
                lines,
                changes: rewrite.why.clone(),
                text,
                saves: Some(saves),
            })
        })
        .collect()
}

/// Manifests bound into an install step in place of a COPY of their own.
fn bind_mounts(attempt: &Attempt<'_>) -> Vec<Offer> {
    let chosen = attempt.chosen.iter().map(|at| &attempt.splits[*at]);
    chosen
        .filter(|(stage, split)| !split.manifests.is_empty() && split.manifests.len() <= 8 && *stage != attempt.original.target)
        .take(1)
        .filter_map(|(stage, split)| {
            let spot = Spot { attempt, stage: *stage, index: split.run, instruction: attempt.instruction(*stage, split.run) };
            let is_file = |context: &&String| attempt.input.tree.get(context).is_some_and(|entry| !entry.is_dir());
            if !split.manifests.iter().all(|context| is_file(&context)) {
                return None;
            }
            let mounts: Vec<String> = split
                .manifests
                .iter()
                .map(|context| format!("--mount=type=bind,source={context},target={}", split.place(context)))
                .collect();
            let body = spot.text().get(3..)?.trim_start();
            let text = format!("RUN {} \\\n    {body}", mounts.join(" \\\n    "));
            Some(spot.offer(
                MoveKind::BindMount,
                "bind the manifests into the install step in place of copying them".to_owned(),
                "saves the layers of the COPYs before it; the manifests can only be read while the step runs, so a tool that writes to them fails",
                text,
                None,
            ))
        })
        .collect()
}

/// Two kinds of work in one stage, each of which would run beside the other.
fn parallel_stage(attempt: &Attempt<'_>, stage: usize, each: &[f64]) -> Option<Offer> {
    const WEB: (&[&str], &[&str]) =
        (&["npm", "yarn", "pnpm", "bun"], &["run", "build", "ci", "install", "i", ""]);
    const REST: [(&[&str], &[&str]); 5] = [
        (&["go"], &["build", "install"]),
        (&["cargo"], &["build", "install"]),
        (&["mvn", "mvnw"], &["package", "install", "verify"]),
        (&["gradle", "gradlew"], &["build", "bootJar", "installDist"]),
        (&["dotnet"], &["publish", "build"]),
    ];
    let model = &attempt.arranged.model.stages[stage];
    let mut web: Option<(usize, f64)> = None;
    let mut rest = 0.0;
    for (place, item) in model.items.iter().enumerate() {
        let Some(index) = item.written() else { continue };
        let InstructionKind::Run(run) = &attempt.instruction(stage, index).kind else { continue };
        let script = script(attempt, stage, index, run);
        let compiles = REST.iter().any(|(programs, verbs)| command(&script, programs, verbs).is_some());
        if compiles {
            rest += each[place];
        } else if command(&script, WEB.0, WEB.1).is_some() {
            let before = web.map_or(0.0, |(_, seconds)| seconds);
            web = Some((index, before + each[place]));
        }
    }
    let (index, seconds) = web?;
    let saves = seconds.min(rest);
    if saves < least_gain(attempt.arranged.seconds) {
        return None;
    }
    let spot = Spot { attempt, stage, index, instruction: attempt.instruction(stage, index) };
    let base = base_image(&attempt.draft.dockerfile, stage).unwrap_or_else(|| "node".to_owned());
    let text = format!(
        "FROM node AS web\n# … the web part's manifests, install and build, as they stand here on {base}\n\n# and in this stage, in place of them, with the directory that the build makes:\nCOPY --from=web <built> <built>"
    );
    Some(spot.offer(
        MoveKind::ParallelStage,
        "build the web part in a stage of its own, beside the rest".to_owned(),
        "the two run at the same time, and edits of one no longer rerun the other; the base image of the new stage, and what it has to copy over, are yours to choose",
        text,
        Some(saves),
    ))
}
