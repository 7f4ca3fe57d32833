//! A project that is followed: what is on disk, what comes of it, and the answers to what a screen asks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::cli::output::words;
use crate::cli::reorder::{self, FolderView};
use crate::cli::weights::Weights;
use crate::cli::{BuildFlags, Sources, costs};
use crate::context::{Change, Ignore, Trap, WatchEvent, WatchMode, find_ignore};
use crate::cost::view::SizesView;
use crate::cost::{Day, StepSeconds};
use crate::dockerfile::Dockerfile;
use crate::explain::findings;
use crate::reorder::{Proposal, ReorderInput, ReorderOptions, propose, propose_checked};
use crate::tui::app::{Request, Snapshot, Told};
use crate::tui::model::{Header, MoveRow, Moves, Tone, Watching, Words, say};
use crate::tui::text;
use crate::tui::workbench::{Setting, Workbench, timed};

/// Edits of a day where no history tells.
const PER_DAY: u32 = Day::EDITS as u32;

/// What to open.
#[derive(Debug, Clone)]
pub struct Open {
    /// The build.
    pub flags: BuildFlags,
    /// A Dockerfile for the right.
    pub against: Option<PathBuf>,
    /// Edits of a day, where they are given.
    pub per_day: Option<u32>,
    /// How edits are noticed.
    pub mode: WatchMode,
}

/// See the module.
pub struct Desk {
    sources: Sources,
    bench: Workbench,
    against: Option<Against>,
    weights: Option<Weights>,
    per_day: Option<u32>,
    skip: BTreeSet<String>,
    moves: Option<Arc<Moves>>,
    watching: Watching,
    ignored: Arc<Vec<(String, bool)>>,
    ignore_problem: Option<String>,
    /// Why something is not watched, where that is so.
    not_watched: Option<String>,
    trap: Option<Words>,
    sizes: Option<Arc<SizesView>>,
    notes: Arc<Vec<Words>>,
    took: Duration,
}

/// The user's Dockerfile for the right.
struct Against {
    path: PathBuf,
    name: String,
    text: String,
}

/// What events came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// The picture is another one.
    pub changed: bool,
    /// Other rules say what is left out: the watcher has to start over.
    pub other_rules: bool,
}

impl Desk {
    /// Reads a project and predicts; the right side comes with [`Desk::propose`].
    pub fn open(open: &Open) -> anyhow::Result<Self> {
        let sources = Sources::load(&open.flags)?;
        if !open.flags.cache_from.is_empty() || !open.flags.cache_to.is_empty() {
            bail!(
                "--cache-from and --cache-to are for build and plan: what is followed here starts as built"
            );
        }
        if sources.dockerfile_path.is_none() {
            bail!("a Dockerfile from standard input cannot be followed: pass a file with -f");
        }
        let against = open.against.as_deref().map(Against::read).transpose()?;
        let setting = Setting {
            options: sources.options.clone(),
            named: sources.named_trees(),
            measured: costs::measured(&sources.context),
            per_day: open.per_day.unwrap_or(PER_DAY),
        };
        let path = sources.dockerfile_path.as_deref();
        let name =
            path.and_then(|p| sources.in_context(p)).unwrap_or_else(|| sources.dockerfile_name.clone());
        let (took, bench) = timed(|| Workbench::new(setting, &name, &sources.text, sources.scan.shipped()));
        let mut desk = Self {
            sources,
            bench,
            against,
            weights: None,
            per_day: open.per_day,
            skip: BTreeSet::new(),
            moves: None,
            watching: Watching::Starting,
            ignored: Arc::default(),
            ignore_problem: None,
            not_watched: None,
            trap: None,
            sizes: None,
            notes: Arc::default(),
            took,
        };
        desk.list_ignored();
        if desk.against.is_none() {
            desk.bench.set_no_right("Looking for a better order…");
            desk.bench.predict();
        }
        Ok(desk)
    }

    /// Fills the right side: the user's file, or a better order if there is one.
    pub fn fill_right(&mut self) {
        match &self.against {
            Some(against) => {
                self.bench.set_right(&against.name, &against.name, &against.text, true);
                self.bench.predict();
            }
            None => self.propose(true),
        }
    }

    /// Looks for a better order and puts it on the right; `anew` as in [`Workbench::set_right`].
    fn propose(&mut self, anew: bool) {
        let Some(dockerfile) = self.bench.left().1.cloned() else { return };
        // While the text on disk cannot be read, the proposal for the last good one stays.
        if *dockerfile.text != **self.bench.left().0 {
            return;
        }
        let proposal = self.proposal(&dockerfile);
        self.moves = Some(Arc::new(moves_of(&dockerfile.text, &proposal)));
        if proposal.improves() {
            let same = self.bench.right_text().is_some_and(|text| **text == *proposal.text);
            if !same {
                self.bench.set_right("reordered", "reordered Dockerfile", &proposal.text, anew);
            }
        } else if self.skip.is_empty() {
            self.bench.set_no_right("No safe better order was found; m says what was looked at.");
        } else {
            self.bench.set_no_right("All moves that help are switched off; m shows them.");
        }
        self.bench.predict();
    }

    fn proposal(&mut self, dockerfile: &Dockerfile) -> Proposal {
        let tree = self.bench.tree().clone();
        let ignore = self.sources.ignore_file.as_ref().map(|(_, text)| Arc::from(text.as_str()));
        let context = &self.sources.context;
        let weights = self.weights.get_or_insert_with(|| Weights::of(context, dockerfile, &tree, ignore));
        let seconds = match self.bench.left_outcome() {
            Some(outcome) => {
                let costs = costs::of_input(&outcome.input, &outcome.graph, &costs::measured(context));
                StepSeconds::new(dockerfile, &outcome.graph, &costs)
            }
            None => StepSeconds::default(),
        };
        let options = ReorderOptions {
            target: self.sources.options.target.clone(),
            build_args: self.sources.options.build_args.clone(),
            skip: self.skip.clone(),
        };
        let input = ReorderInput {
            tree: &tree,
            files: &FolderView::new(context),
            edits: &weights.edits,
            seconds: &|stage, instruction| seconds.get(stage, instruction),
            options: &options,
        };
        let built = self.bench.left_outcome().map(|outcome| outcome.input.clone());
        let proposal = match built {
            Some(build) => propose_checked(dockerfile, &input, &build),
            None => propose(dockerfile, &input),
        };
        if self.per_day.is_none()
            && let Some(per_day) = weights.per_day.filter(|n| *n >= 1.0)
        {
            self.bench.set_per_day(per_day.round() as u32);
        }
        proposal
    }

    /// Files to watch besides the context.
    pub fn besides(&self) -> Vec<PathBuf> {
        let mut also = Vec::new();
        if let Some(dockerfile) = &self.sources.dockerfile_path {
            let mut own = dockerfile.as_os_str().to_os_string();
            own.push(".dockerignore");
            also.extend([dockerfile.clone(), PathBuf::from(own)]);
        }
        also.push(self.sources.context.join(".dockerignore"));
        also.extend(self.against.as_ref().map(|a| a.path.clone()));
        also
    }

    /// The folder that is watched, and the rules of what is left out.
    pub fn watched(&self) -> (&Path, &Ignore) {
        (self.sources.scan.root(), self.sources.scan.ignore())
    }

    /// Takes note of how edits are noticed.
    pub fn set_watching(&mut self, watching: Watching) {
        self.watching = watching;
    }

    /// How edits are noticed.
    pub fn watching(&self) -> &Watching {
        &self.watching
    }

    /// Looks at what the watcher's hints name.
    pub fn look(&mut self, events: &[WatchEvent]) -> Seen {
        let mut dirty: Vec<&Path> = Vec::new();
        let (mut sweep, mut told) = (false, false);
        for event in events {
            match event {
                WatchEvent::Dirty(paths) => dirty.extend(paths.iter().map(PathBuf::as_path)),
                WatchEvent::SweepNeeded => sweep = true,
                WatchEvent::FellBackToPolling(why) => {
                    self.watching = Watching::Polling(Some(why.clone()));
                    told = true;
                }
                WatchEvent::Error(why) => {
                    self.not_watched = Some(why.clone());
                    told = true;
                }
            }
        }
        let mut changes = if sweep { self.sources.scan.sweep() } else { self.sources.scan.update(&dirty) };
        let other_rules = self.look_at_rules(&mut changes);
        let texts = self.look_at_texts();
        if changes.is_empty() && !texts.left && !texts.right && !other_rules {
            return Seen { changed: told, other_rules };
        }
        self.take(&changes, texts);
        Seen { changed: true, other_rules }
    }

    /// Reads the ignore file again; yields whether its rules are others.
    fn look_at_rules(&mut self, changes: &mut Vec<Change>) -> bool {
        let Some(dockerfile) = &self.sources.dockerfile_path else { return false };
        // What cannot be read now may be read at the next event.
        let Ok(found) = find_ignore(&self.sources.context, dockerfile) else { return false };
        if found == self.sources.ignore_file {
            return false;
        }
        let ignore = match &found {
            None => Ok(Ignore::default()),
            Some((_, text)) => Ignore::parse(text),
        };
        let name = found.as_ref().map(|(path, _)| path.display().to_string()).unwrap_or_default();
        self.sources.ignore_file = found;
        match ignore {
            Ok(ignore) => {
                self.ignore_problem = None;
                changes.extend(self.sources.scan.set_ignore(ignore));
                changes.sort();
                changes.dedup();
                true
            }
            Err(problem) => {
                self.ignore_problem = Some(format!("{name}:{problem}; the rules before it still hold"));
                true
            }
        }
    }

    /// Reads both Dockerfiles again.
    fn look_at_texts(&mut self) -> Texts {
        let mut texts = Texts::default();
        // A file that is away for a moment is being saved.
        if let Some(text) = self.sources.dockerfile_path.as_deref().and_then(read_lossy)
            && text != *self.sources.text
        {
            self.sources.text = Arc::from(text);
            texts.left = true;
        }
        if let Some(against) = &mut self.against
            && let Some(text) = read_lossy(&against.path)
            && text != against.text
        {
            against.text = text;
            texts.right = true;
        }
        texts
    }

    fn take(&mut self, changes: &[Change], texts: Texts) {
        let mut what: Vec<String> = changes.iter().map(|c| c.path.clone()).collect();
        self.bench.set_tree(self.sources.scan.shipped(), &what);
        if texts.left {
            self.bench.set_left(&self.sources.text.clone());
            self.name(&mut what, self.sources.dockerfile_path.clone());
        }
        if texts.right {
            let path = self.against.as_ref().map(|a| a.path.clone());
            self.name(&mut what, path);
        }
        if let Some(against) = self.against.as_ref().filter(|_| texts.right) {
            self.bench.set_right(&against.name, &against.name, &against.text, false);
        }
        if self.against.is_none() && (texts.left || changes.iter().any(may_change_proposal)) {
            self.propose(false);
        }
        let (took, ()) = timed(|| self.bench.edited(&what, false));
        self.took = took;
        self.list_ignored();
    }

    /// Adds a Dockerfile to what was edited, by its path in the context or its name.
    fn name(&self, what: &mut Vec<String>, path: Option<PathBuf>) {
        let Some(path) = path else { return };
        let inside = self.sources.in_context(&path);
        let name = inside.unwrap_or_else(|| path.display().to_string());
        if !what.contains(&name) {
            what.insert(0, name);
        }
    }

    fn list_ignored(&mut self) {
        self.ignored =
            Arc::new(self.sources.scan.ignored().map(|(p, whole)| (p.to_string(), whole)).collect());
    }

    /// Looks for traps, gathers what to know and weighs the image; yields whether any of it is other than before.
    /// Costs a walk over all files, so it waits until the picture was drawn.
    pub fn look_closer(&mut self) -> bool {
        let sizes = self.bench.sizes();
        let other_sizes = self.sizes.as_deref() != sizes.as_ref();
        self.sizes = sizes.map(Arc::new);
        self.look_for_traps() || other_sizes
    }

    fn look_for_traps(&mut self) -> bool {
        let mut notes: Vec<Words> = Vec::new();
        if let Some(problem) = &self.ignore_problem {
            notes.push(vec![say(Tone::Bad, text::safe(problem).into_owned())]);
        }
        if let Watching::Polling(Some(why)) = &self.watching {
            let why = format!("Edits are noticed by looking every second: {}.", text::safe(why));
            notes.push(vec![say(Tone::Maybe, why)]);
        }
        if let Some(why) = &self.not_watched {
            notes.push(vec![say(Tone::Maybe, format!("Not everything is watched: {}.", text::safe(why)))]);
        }
        let ignore_file = self.sources.ignore_file.as_ref().map(|(p, _)| shown(p));
        let of_context = self.sources.traps();
        let mut told: Vec<(String, String)> = of_context
            .iter()
            .filter(|trap| self.bites(trap))
            .map(|trap| words::trap(trap, ignore_file.as_deref()))
            .collect();
        if let Some(outcome) = self.bench.left_outcome() {
            let input = &outcome.input;
            let found = findings(&input.dockerfile, &outcome.graph, &input.options);
            told.extend(found.iter().map(|f| words::finding(f, &self.sources.dockerfile_name)));
        }
        for (what, instead) in told {
            notes.push(vec![
                say(Tone::Maybe, "Trap: "),
                say(Tone::Plain, format!("{}. ", text::safe(&what))),
                say(Tone::Dim, "Instead: "),
                say(Tone::Path, text::safe(&instead).into_owned()),
            ]);
        }
        let trap = notes.first().cloned().map(|mut words| {
            if notes.len() > 1 {
                words.push(say(Tone::Dim, format!("  ({} more: i)", notes.len() - 1)));
            }
            words
        });
        for warning in self.sources.scan.warnings().iter().take(20) {
            notes.push(vec![say(
                Tone::Plain,
                text::safe(&crate::cli::project::warning(warning)).into_owned(),
            )]);
        }
        notes.extend(self.facts());
        let changed = *self.notes != notes || self.trap != trap;
        self.trap = trap;
        self.notes = Arc::new(notes);
        changed
    }

    /// Tells whether a trap concerns what is built: a Dockerfile in the context harms only who copies it.
    fn bites(&mut self, trap: &Trap) -> bool {
        match trap {
            Trap::OwnContext { path } if path == ".git" => {
                let some =
                    self.bench.tree().subtree(".git").and_then(|git| {
                        git.iter().find(|(_, e)| !e.is_dir()).map(|(p, _)| format!(".git/{p}"))
                    });
                some.is_some_and(|path| self.counts(&path))
            }
            Trap::OwnContext { path } => self.counts(&path.clone()),
            _ => true,
        }
    }

    fn counts(&mut self, path: &str) -> bool {
        self.bench.impacts(&[path.to_string()]).iter().any(|(_, left, _)| left.steps > 0)
    }

    fn facts(&self) -> Vec<Words> {
        let stats = self.sources.scan.stats();
        let how = match &self.watching {
            Watching::Native => "by the system's events",
            Watching::Polling(_) => "by looking every second",
            Watching::Off => "not at all",
            Watching::Starting => "not yet",
        };
        let ignore = match &self.sources.ignore_file {
            Some((path, _)) => {
                format!("{} leaves out {}.", shown(path), text::plural(self.ignored.len(), "path"))
            }
            None => "There is no .dockerignore: every file is part of the context.".to_string(),
        };
        let weights = match self.weights.as_ref().and_then(|w| w.commits) {
            Some(n) => format!("What is edited how often was counted over {n} commits of the git history."),
            None => "What is edited how often is guessed by kind of file: there is no git history to count."
                .into(),
        };
        let read = format!(
            "The last look read {} and knew {} by their stat.",
            text::plural(stats.read, "file"),
            text::count(stats.known)
        );
        [ignore, format!("Edits are noticed {how}."), read, weights]
            .into_iter()
            .map(|fact| vec![say(Tone::Plain, text::safe(&fact).into_owned())])
            .collect()
    }

    /// Does what the screen asks for.
    pub fn answer(&mut self, request: Request) -> Vec<Told> {
        match request {
            Request::Pretend(paths) => {
                let (took, ()) = timed(|| self.bench.pretend(&paths));
                self.took = took;
            }
            Request::Undo => {
                self.bench.undo();
            }
            Request::Build => self.bench.build(),
            Request::Skip(skip) => {
                self.skip = skip;
                self.propose(true);
            }
            Request::Impacts(generation, paths) => {
                return vec![Told::Impacts(generation, self.bench.impacts(&paths))];
            }
            Request::Write { before, text } => {
                return match self.write(&before, &text) {
                    Ok(name) => {
                        let note =
                            format!("{name} is written; once built (b), the new order is what is cached");
                        vec![Told::Note(note)]
                    }
                    Err(error) => vec![Told::Note(format!("not written: {error:#}"))],
                };
            }
        }
        vec![Told::Snapshot(Box::new(self.snapshot()))]
    }

    /// Writes the Dockerfile, in one go and with the permissions it has, if it is still what the screen showed.
    fn write(&self, before: &str, text: &str) -> anyhow::Result<String> {
        let named = self.sources.dockerfile_path.as_deref().context("there is no Dockerfile on disk")?;
        if !self.sources.exact {
            bail!(
                "{} is not UTF-8 throughout, so writing it could change what is not moved",
                named.display()
            );
        }
        let now =
            std::fs::read_to_string(named).with_context(|| format!("cannot read {}", named.display()))?;
        if now != before {
            bail!("{} was changed meanwhile", named.display());
        }
        reorder::write(named, text)?;
        Ok(named.display().to_string())
    }

    /// Keeps what is known of files on disk, for the next start.
    pub fn save(&mut self) {
        self.sources.save_index();
    }

    /// The workbench.
    pub fn bench(&mut self) -> &mut Workbench {
        &mut self.bench
    }

    /// The Dockerfile's path in the context if it lies there, else as the user knows it.
    fn dockerfile_shown(&self) -> String {
        let path = self.sources.dockerfile_path.as_deref();
        path.and_then(|p| self.sources.in_context(p)).unwrap_or_else(|| self.sources.dockerfile_name.clone())
    }

    /// All that a screen shows.
    pub fn snapshot(&self) -> Snapshot {
        let known = Snapshot::of(&self.bench);
        Snapshot {
            header: Header {
                context: text::safe(&context_name(&self.sources.context)).into_owned(),
                dockerfile: text::safe(&self.dockerfile_shown()).into_owned(),
                ignored: self.ignored.len(),
                ..known.header
            },
            ignored: Arc::clone(&self.ignored),
            trap: self.trap.clone(),
            notes: Arc::clone(&self.notes),
            watching: self.watching.clone(),
            moves: self.moves.clone(),
            sizes: self.sizes.clone(),
            dockerfile_path: text::safe(&self.dockerfile_shown()).into_owned(),
            took: self.took,
            ..known
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Texts {
    left: bool,
    right: bool,
}

impl Against {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Self { path: path.to_path_buf(), name: shown(path), text })
    }
}

fn read_lossy(path: &Path) -> Option<String> {
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn shown(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}

/// The context as people know it: where it lies below their home.
fn context_name(context: &Path) -> String {
    let absolute = context.canonicalize().unwrap_or_else(|_| context.to_path_buf());
    let home = etcetera::home_dir().ok().filter(|home| home.parent().is_some());
    match home.and_then(|home| absolute.strip_prefix(home).map(Path::to_path_buf).ok()) {
        Some(below) if below.as_os_str().is_empty() => "~".into(),
        Some(below) => format!("~/{}", below.display()),
        None => absolute.display().to_string(),
    }
}

/// Tells whether a change may lead to another proposal: what is there, and what manifests say. The content of
/// sources does not count.
fn may_change_proposal(change: &Change) -> bool {
    use crate::context::ChangeKind;
    if change.kind != ChangeKind::Content {
        return true;
    }
    let name = change.path.rsplit('/').next().unwrap_or_default();
    let manifest =
        [".json", ".lock", ".toml", ".txt", ".yaml", ".yml", ".xml", ".gradle", ".kts", ".mod", ".sum"];
    let project = [".cfg", ".sln", ".slnx", "proj", ".props", ".config", "file", ".work"];
    let lower = name.to_lowercase();
    manifest.iter().chain(&project).any(|end| lower.ends_with(end)) || lower.starts_with('.')
}

/// The moves of a proposal, with their lines before and after.
fn moves_of(before: &str, proposal: &Proposal) -> Moves {
    let lines = |text: &str, ranges: &[std::ops::Range<usize>]| -> Vec<(usize, String)> {
        let all: Vec<&str> = text.lines().collect();
        let numbers = ranges.iter().cloned().flatten();
        numbers.filter_map(|n| Some((n, text::safe(all.get(n.checked_sub(1)?)?).into_owned()))).collect()
    };
    let row = |made: &crate::reorder::Move| MoveRow {
        id: made.id.clone(),
        name: text::safe(&made.name).into_owned(),
        why_safe: text::safe(&made.why_safe).into_owned(),
        saves: made.saves,
        before: lines(before, &made.before),
        after: lines(&proposal.text, &made.after),
        on: true,
    };
    let safe = |text: &str| text::safe(text).into_owned();
    Moves {
        rows: proposal.moves.iter().map(row).collect(),
        offered: proposal.offered.iter().map(|o| (safe(&o.name), safe(&o.changes))).collect(),
        refused: proposal.refused.iter().map(|r| (r.line, safe(&r.what), safe(&r.why))).collect(),
        expected: (proposal.expected_before, proposal.expected_after),
    }
}
