//! What an instruction depends on and what it changes, so that two can be told to commute or not.

mod clash;
mod intake;
mod placement;

use std::collections::BTreeSet;

pub use clash::Clash;
pub(super) use intake::Intake;
pub(super) use placement::{Placement, placements};

use super::scope::Scope;
use crate::context::{Selector, Tree};
use crate::dockerfile::ast::{CommandLine, Copy, CopySpec, Instruction, InstructionKind, Run};
use crate::shell::{self, Effects, Environment, PathPattern, PathSet, Script};

/// What a build step or a setting reads and changes.
#[derive(Debug, Clone)]
pub(super) struct Footprint {
    /// Paths of the stage's file system that it depends on.
    pub(super) reads: PathSet,
    /// Paths that it makes, changes or removes.
    pub(super) writes: PathSet,
    /// Those of `writes` that it is told to write: what is taken to have changed when it ran anew.
    pub(super) told: PathSet,
    /// Directories that it makes where they are missing, with the owner that they get: two that make the same
    /// directory for the same owner leave the same, in either order.
    pub(super) makes: Vec<(String, String)>,
    /// Variables that it depends on.
    pub(super) uses: Environment,
    /// Variables that it sets.
    pub(super) sets: BTreeSet<String>,
    /// Settings that it depends on.
    pub(super) needs: BTreeSet<Setting>,
    /// Settings that it changes.
    pub(super) changes: BTreeSet<Setting>,
    /// Programs in it that cannot be known.
    pub(super) opaque: Vec<String>,
    /// What it takes in of the build context.
    pub(super) context: Intake,
}

/// A part of a stage's state that instructions set and others depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Setting {
    Workdir,
    User,
    Shell,
    /// CMD and ENTRYPOINT: the later resets the earlier.
    Command,
    Label,
    Expose,
    Volume,
    Signal,
    Health,
    Maintainer,
    Onbuild,
}

impl Setting {
    const fn keyword(self) -> &'static str {
        match self {
            Self::Workdir => "WORKDIR",
            Self::User => "USER",
            Self::Shell => "SHELL",
            Self::Command => "CMD",
            Self::Label => "LABEL",
            Self::Expose => "EXPOSE",
            Self::Volume => "VOLUME",
            Self::Signal => "STOPSIGNAL",
            Self::Health => "HEALTHCHECK",
            Self::Maintainer => "MAINTAINER",
            Self::Onbuild => "ONBUILD",
        }
    }
}

impl Footprint {
    pub(super) fn none() -> Self {
        Self {
            reads: PathSet::nothing(),
            writes: PathSet::nothing(),
            told: PathSet::nothing(),
            makes: Vec::new(),
            uses: Environment::default(),
            sets: BTreeSet::new(),
            needs: BTreeSet::new(),
            changes: BTreeSet::new(),
            opaque: Vec::new(),
            context: Intake::default(),
        }
    }

    /// Works out the footprint of an instruction in the state before it.
    pub(super) fn of(instruction: &Instruction, scope: &Scope, tree: &Tree) -> Self {
        let mut footprint = Self::none();
        match &instruction.kind {
            InstructionKind::Run(run) => footprint.run(run, scope),
            InstructionKind::Copy(copy) => footprint.copy(copy, scope, tree),
            InstructionKind::Add(add) => {
                let unpacks = add.unpack != Some(false);
                footprint.add(&add.spec, unpacks, scope, tree);
            }
            InstructionKind::Workdir(raw) => {
                footprint.uses_text(raw);
                footprint.make(scope.path(raw), scope.user.as_deref().unwrap_or_default());
                footprint.needs.insert(Setting::User);
                if !raw.starts_with('/') {
                    footprint.needs.insert(Setting::Workdir);
                }
                footprint.changes.insert(Setting::Workdir);
                footprint.reads =
                    PathSet::Paths(vec![PathPattern::exact("/etc/passwd"), PathPattern::exact("/etc/group")]);
            }
            InstructionKind::Env(pairs) => {
                for pair in pairs {
                    footprint.uses_text(&pair.key);
                    footprint.uses_text(&pair.value);
                    footprint.sets.insert(pair.key.clone());
                }
            }
            InstructionKind::Arg(declarations) => {
                for arg in declarations {
                    footprint.uses_text(arg.default.as_deref().unwrap_or_default());
                    footprint.sets.insert(arg.name.clone());
                }
            }
            InstructionKind::Volume(paths) => {
                footprint.changes.insert(Setting::Volume);
                for raw in paths {
                    footprint.uses_text(raw);
                    match scope.path(raw) {
                        Some(path) => footprint.writes.add(PathPattern::tree(path)),
                        None => footprint.writes = PathSet::Everything,
                    }
                }
            }
            kind => footprint.setting(kind, &instruction.original),
        }
        footprint
    }

    fn setting(&mut self, kind: &InstructionKind, original: &str) {
        let setting = match kind {
            InstructionKind::User(_) => Setting::User,
            InstructionKind::Shell(_) => Setting::Shell,
            InstructionKind::Cmd(_) | InstructionKind::Entrypoint(_) => Setting::Command,
            InstructionKind::Label(_) => Setting::Label,
            InstructionKind::Expose(_) => Setting::Expose,
            InstructionKind::Stopsignal(_) => Setting::Signal,
            InstructionKind::Healthcheck(_) => Setting::Health,
            InstructionKind::Maintainer(_) => Setting::Maintainer,
            _ => Setting::Onbuild,
        };
        self.changes.insert(setting);
        if matches!(setting, Setting::Command | Setting::Health) {
            self.needs.insert(Setting::Shell);
        } else {
            self.uses_text(original);
        }
    }

    fn run(&mut self, run: &Run, scope: &Scope) {
        self.needs.extend([Setting::Workdir, Setting::User]);
        let effects = run_effects(run, scope);
        if matches!(run.command, CommandLine::Shell(_)) {
            self.needs.insert(Setting::Shell);
        }
        self.take_effects(&effects, scope);
        for mount in &run.mounts {
            self.mount(&mount.value, scope);
        }
    }

    /// Takes over what a command does.
    pub(super) fn take_effects(&mut self, effects: &Effects, scope: &Scope) {
        self.reads.extend(effects.reads.all());
        self.writes.extend(effects.writes.all());
        self.told.extend(effects.writes.named.clone());
        // A file can be made only where its directory is, and what makes a directory may make those above it.
        for pattern in effects.writes.named.patterns() {
            for above in directories_above(&pattern.text).filter(|path| !EXIST.contains(path)) {
                self.reads.add(PathPattern::exact(above));
                self.writes.add(PathPattern::exact(above));
            }
        }
        self.uses.any |= effects.environment.any;
        self.uses.packages |= effects.environment.packages;
        self.uses.names.extend(effects.environment.names.iter().cloned());
        self.opaque.extend(effects.opaque.iter().cloned());
        if !effects.programs.is_empty() {
            // Directories on PATH come besides those that the system always looks into.
            for path in shell::SYSTEM {
                self.reads.add(PathPattern::tree(path));
            }
            for directory in
                scope.value("PATH").unwrap_or_default().split(':').filter(|path| path.starts_with('/'))
            {
                let root =
                    directory.strip_suffix("/bin").filter(|root| !root.is_empty()).unwrap_or(directory);
                self.reads.add(PathPattern::tree(shell::normalise(root)));
            }
        }
    }

    /// Reads a `--mount`: a bind of the context takes files in, what stands at its target is not the stage's.
    fn mount(&mut self, raw: &str, scope: &Scope) {
        self.uses_text(raw);
        let option = |names: &[&str]| {
            raw.split(',').find_map(|part| {
                let (key, value) = part.split_once('=')?;
                names.contains(&key.trim().to_ascii_lowercase().as_str()).then(|| value.trim())
            })
        };
        let kind = option(&["type"]).unwrap_or("bind");
        if kind != "bind" || option(&["from"]).is_some() {
            return;
        }
        let source = option(&["source", "src"]).unwrap_or(".");
        self.context.add(scope.expand(source).map(|path| Selector::of_mount(&path)));
    }

    fn copy(&mut self, copy: &Copy, scope: &Scope, tree: &Tree) {
        self.copy_settings(&copy.spec, scope);
        self.uses_text(copy.from.as_deref().unwrap_or_default());
        let placed =
            if copy.from.is_some() || copy.parents { None } else { placements(&copy.spec, scope, tree) };
        if copy.from.is_none() {
            self.take_sources(&copy.spec, copy.parents, scope);
        }
        self.place(&copy.spec, placed, scope);
    }

    fn add(&mut self, spec: &CopySpec, unpacks: bool, scope: &Scope, tree: &Tree) {
        self.copy_settings(spec, scope);
        let local = spec.sources.iter().all(|source| !is_remote(source));
        let archives = spec.sources.iter().any(|source| is_archive(source));
        let placed = if local && !(unpacks && archives) { placements(spec, scope, tree) } else { None };
        if local {
            self.take_sources(spec, false, scope);
        }
        self.place(spec, placed, scope);
    }

    fn copy_settings(&mut self, spec: &CopySpec, scope: &Scope) {
        for raw in
            spec.sources.iter().chain([&spec.dest]).chain(&spec.chown).chain(&spec.chmod).chain(&spec.exclude)
        {
            self.uses_text(raw);
        }
        for heredoc in spec.heredocs.iter().filter(|heredoc| heredoc.expand) {
            self.uses_text(&heredoc.body);
        }
        if scope.expand(&spec.dest).is_none_or(|dest| !dest.starts_with('/')) {
            self.needs.insert(Setting::Workdir);
        }
        if spec.chown.as_deref().is_some_and(|owner| !owner.chars().all(|c| c.is_ascii_digit() || c == ':')) {
            self.reads.add(PathPattern::exact("/etc/passwd"));
            self.reads.add(PathPattern::exact("/etc/group"));
        }
    }

    fn take_sources(&mut self, spec: &CopySpec, parents: bool, scope: &Scope) {
        for source in &spec.sources {
            self.context.add(scope.expand(source).map(|source| {
                if parents {
                    Selector::of_parents(&source, &spec.exclude)
                } else {
                    Selector::of_source(&source, &spec.exclude)
                }
            }));
        }
    }

    fn place(&mut self, spec: &CopySpec, placed: Option<Vec<Placement>>, scope: &Scope) {
        let Some(dest) = scope.path(&spec.dest) else {
            self.writes = PathSet::Everything;
            return;
        };
        let is_directory = spec.dest.ends_with(['/', '.'])
            || placed.as_ref().is_some_and(|placed| placed.iter().any(|p| p.dest != dest));
        if is_directory {
            self.make(Some(dest.clone()), spec.chown.as_deref().unwrap_or_default());
        } else {
            self.make(Some(parent(&dest).to_owned()), spec.chown.as_deref().unwrap_or_default());
        }
        match placed {
            Some(placed) => {
                for placement in placed {
                    self.writes.add(PathPattern::tree(placement.dest));
                }
            }
            None => self.writes.add(PathPattern::tree(dest)),
        }
        self.told = self.writes.clone();
    }

    /// Makes a directory with its parents, where they are missing.
    fn make(&mut self, path: Option<String>, owner: &str) {
        let Some(path) = path else {
            self.writes = PathSet::Everything;
            return;
        };
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        self.makes.extend(ends.filter(|end| *end > 1).map(|end| (path[..end].to_owned(), owner.to_owned())));
    }

    /// Notes the variables that a raw text names; a dollar sign before anything else uses none.
    fn uses_text(&mut self, raw: &str) {
        let mut rest = raw;
        while let Some(at) = rest.find('$') {
            rest = rest[at + 1..].trim_start_matches('{');
            let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            if end > 0 {
                self.uses.names.push(rest[..end].to_owned());
            }
        }
    }
}

/// Directories that every image in which a command can run has (Filesystem Hierarchy Standard, chapters 3 to 5).
const EXIST: [&str; 34] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/go",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/include",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
    "/usr/src",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/log",
    "/var/spool",
];

/// The directories above a path, the root left out.
fn directories_above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at]).filter(|above| !above.is_empty())
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(directory, _)| if directory.is_empty() { "/" } else { directory })
}

/// What a RUN's command does.
pub(super) fn run_effects(run: &Run, scope: &Scope) -> Effects {
    let cwd = scope.workdir.as_deref().unwrap_or("/");
    scope.with_scene(cwd, |scene| match &run.command {
        CommandLine::Shell(text) => shell::effects(&shell_text(run, text), scene),
        CommandLine::Exec(words) => shell::effects_of_exec(words, scene),
    })
}

/// A RUN's command as a script.
pub(super) fn run_script(run: &Run, scope: &Scope) -> Script {
    let cwd = scope.workdir.as_deref().unwrap_or("/");
    scope.with_scene(cwd, |scene| match &run.command {
        CommandLine::Shell(text) => Script::read(&shell_text(run, text), scene),
        CommandLine::Exec(words) => Script::of_words(words, cwd),
    })
}

/// The text that the shell gets.
pub(super) fn shell_text(run: &Run, command: &str) -> String {
    shell::run_text(
        command,
        run.heredocs.iter().map(|heredoc| (heredoc.name.as_str(), heredoc.body.as_str())),
    )
}

fn is_remote(source: &str) -> bool {
    ["http://", "https://", "git@", "git://"].iter().any(|start| source.starts_with(start))
}

fn is_archive(source: &str) -> bool {
    [".tar", ".tgz", ".gz", ".xz", ".bz2", ".zst", ".txz", ".tbz2"].iter().any(|end| source.ends_with(end))
        || source.contains(['*', '$'])
}
