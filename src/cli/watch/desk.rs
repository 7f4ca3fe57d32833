//! A project that is followed: what is on disk, what comes of it, and the answers to what a screen asks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::cli::reorder;
use crate::cli::weights::Weights;
use crate::cli::{BuildFlags, Sources, costs};
use crate::context::{Ignore, WatchMode};
use crate::cost::Day;
use crate::cost::view::SizesView;
use crate::tui::app::{Request, Snapshot, Told};
use crate::tui::model::{Header, Moves, Watching, Words};
use crate::tui::text;
use crate::tui::workbench::{Setting, Workbench, timed};

mod look;
mod notes;
mod proposal;

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
    /// The Dockerfile's path in the context if it lies there, else as the user knows it.
    name: String,
    /// The Dockerfile is not on disk now.
    gone: bool,
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
            name,
            gone: false,
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
                    Ok(()) => {
                        let name = &self.name;
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
    fn write(&self, before: &str, text: &str) -> anyhow::Result<()> {
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
        reorder::write(named, text)
    }

    /// Keeps what is known of files on disk, for the next start.
    pub fn save(&mut self) {
        self.sources.save_index();
    }

    /// The workbench.
    pub fn bench(&mut self) -> &mut Workbench {
        &mut self.bench
    }

    /// All that a screen shows.
    pub fn snapshot(&self) -> Snapshot {
        let known = Snapshot::of(&self.bench);
        Snapshot {
            header: Header {
                context: text::safe(&context_name(&self.sources.context)).into_owned(),
                dockerfile: text::safe(&self.name).into_owned(),
                ignored: self.ignored.len(),
                ..known.header
            },
            ignored: Arc::clone(&self.ignored),
            trap: self.trap.clone(),
            notes: Arc::clone(&self.notes),
            watching: self.watching.clone(),
            moves: self.moves.clone(),
            sizes: self.sizes.clone(),
            dockerfile_path: text::safe(&self.name).into_owned(),
            took: self.took,
            ..known
        }
    }
}

impl Against {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Self { path: path.to_path_buf(), name: shown(path), text })
    }
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
