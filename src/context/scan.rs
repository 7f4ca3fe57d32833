//! From a folder on disk to a [`Tree`], and from edits on disk to the next one.
//!
//! The first of the two doors to the file system. Nothing outside the folder is looked at: symbolic links are
//! taken as links. Nothing stops a scan once it has begun: what cannot be read is told once and stood in for.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::diff::{Change, diff};
use super::ignore::Ignore;
use super::index::{Index, Known};
use super::path;
use super::tree::{Dir, Entry, File, Tree};

mod gather;
mod known;
mod read;
mod update;
mod walk;

use gather::Gathered;
#[cfg(test)]
pub(super) use gather::entry_of;
use walk::Pending;

/// A folder on disk as the context of a build, and what is needed to follow its edits.
#[derive(Debug)]
pub struct Scan {
    root: PathBuf,
    ignore: Ignore,
    tree: Tree,
    index: Index,
    /// Directories that were listed, with their identities.
    dirs: BTreeMap<String, u64>,
    stale: BTreeSet<String>,
    left_out: BTreeMap<String, bool>,
    warnings: Vec<Warning>,
    told: HashSet<Warning>,
    /// Links found since loops were last told of.
    links: Vec<String>,
    stats: ScanStats,
    unsaved: bool,
}

/// How much work the last scan, update or sweep was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ScanStats {
    /// Files that were read.
    pub read: usize,
    /// Bytes that were read.
    pub read_bytes: u64,
    /// Files that were not read because their stat was known.
    pub known: usize,
}

/// Something on disk that the user should know of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Warning {
    /// Where, in the context.
    pub path: String,
    /// What it is.
    pub kind: WarningKind,
}

/// Kinds of [`Warning`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningKind {
    /// A file or directory cannot be read: a file counts by its header, a directory as empty.
    Unreadable(String),
    /// It went away between being seen and being read, and counts as gone.
    Vanished,
    /// Its name is no UTF-8.
    NotUtf8,
    /// A symbolic link leads in a circle; as the source of a COPY it would fail the build.
    LinkLoop,
    /// A socket, which BuildKit's client sends as an empty file.
    Socket,
    /// A FIFO or a device, which is sent as such and never read.
    Special,
}

/// A folder that cannot be scanned at all.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the context {}: {source}", path.display())]
pub struct ScanError {
    /// The folder.
    pub path: PathBuf,
    /// What the file system said.
    pub source: io::Error,
}

/// One file read of so many is not worth writing an index for.
const FEW: usize = 50;

/// So many bytes read are.
const MUCH: u64 = 64 << 20;

impl Warning {
    fn of(path: &str, error: &io::Error) -> Self {
        let kind = if is_gone(error) {
            WarningKind::Vanished
        } else {
            WarningKind::Unreadable(error.kind().to_string())
        };
        Self { path: path.to_string(), kind }
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Finds the ignore file of a build: `<Dockerfile>.dockerignore` beside the Dockerfile, or else
/// `.dockerignore` at the root of the context (`ignore-other-dockerfile`). Yields its path and text.
pub fn find_ignore(root: &Path, dockerfile: &Path) -> io::Result<Option<(PathBuf, String)>> {
    let mut own = dockerfile.as_os_str().to_os_string();
    own.push(".dockerignore");
    for candidate in [PathBuf::from(own), root.join(".dockerignore")] {
        // Anything but a file, a FIFO say, is not waited for.
        if candidate.metadata().is_ok_and(|m| m.is_file()) {
            let text = String::from_utf8_lossy(&std::fs::read(&candidate)?).into_owned();
            return Ok(Some((candidate, text)));
        }
    }
    Ok(None)
}

impl Scan {
    /// Scans a folder. What the index knows is not read again; an empty index makes a scan from nothing.
    pub fn new(root: &Path, ignore: Ignore, index: Index) -> Result<Self, ScanError> {
        let error = |source| ScanError { path: root.to_path_buf(), source };
        std::fs::read_dir(root).map_err(error)?;
        let mut scan = Self {
            // Watchers name absolute paths.
            root: std::path::absolute(root).map_err(error)?,
            ignore,
            tree: Tree::default(),
            index,
            dirs: BTreeMap::new(),
            stale: BTreeSet::new(),
            left_out: BTreeMap::new(),
            warnings: Vec::new(),
            told: HashSet::new(),
            links: Vec::new(),
            stats: ScanStats::default(),
            unsaved: false,
        };
        scan.sweep();
        Ok(scan)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The rules that were applied.
    pub fn ignore(&self) -> &Ignore {
        &self.ignore
    }

    /// What the folder holds, by its bytes.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What a daemon would see that was shipped the folder before: files of [`Scan::stale`] as they were.
    pub fn shipped(&self) -> Tree {
        let mut tree = self.tree.clone();
        for path in &self.stale {
            let (dir, name) = path::split(path);
            let known = self.index.get(dir, name).and_then(|r| Some((r.stat, *r.shipped?)));
            if let Some((stat, content)) = known {
                tree.insert(path, Entry::File(File { mode: stat.mode, size: stat.size, content }));
            }
        }
        tree
    }

    /// Files whose bytes changed while size, mode and modification time stayed, which the daemon's transfer
    /// does not notice (`meta-same-mtime-size`). Needs an index that knew the file before.
    pub fn stale(&self) -> impl Iterator<Item = &str> {
        self.stale.iter().map(String::as_str)
    }

    /// What the ignore file leaves out, in order: files one by one, directories as a whole (`true`) where
    /// nothing in them can be brought back.
    pub fn ignored(&self) -> impl Iterator<Item = (&str, bool)> {
        self.left_out.iter().map(|(path, whole)| (path.as_str(), *whole))
    }

    /// How many paths [`Scan::ignored`] yields.
    pub fn ignored_len(&self) -> usize {
        self.left_out.len()
    }

    /// What the user should know of; each thing is told once in the life of a scan.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The work of the last scan, update or sweep.
    pub fn stats(&self) -> ScanStats {
        self.stats
    }

    /// Keeps what is known in a folder for [`Index::load`]; writes nothing if nothing changed since.
    pub fn save_index(&mut self, folder: &Path) -> io::Result<()> {
        if self.unsaved {
            self.index.save(folder, &self.root, &self.tree)?;
            self.unsaved = false;
        }
        Ok(())
    }

    /// Tells whether keeping what is known saves the next start more than it costs: an index is written as a
    /// whole, and a few files of many are as soon read again.
    pub fn is_worth_saving(&self) -> bool {
        let ScanStats { read, read_bytes, .. } = self.stats;
        self.unsaved && (read * FEW >= self.index.len() || read_bytes > MUCH)
    }

    /// Takes other rules and scans by them.
    pub fn set_ignore(&mut self, ignore: Ignore) -> Vec<Change> {
        self.ignore = ignore;
        self.sweep()
    }

    /// Stats everything, reads what changed, and yields the changes: for polling, and when events were lost.
    pub fn sweep(&mut self) -> Vec<Change> {
        let known = self.index.len();
        let gathered = gather::gather(&self.ignore, Pending::root(&self.root), &self.index);
        self.stats = ScanStats::default();
        let other_rules = self.index.ignore != self.ignore.digest();
        self.index = Index::under(self.ignore.digest());
        self.dirs.clear();
        self.left_out.clear();
        self.stale.clear();
        let before = std::mem::take(&mut self.tree);
        self.unsaved |= other_rules || gathered.differ > 0;
        self.tree = Tree::from(self.absorb(gathered));
        self.unsaved |= self.stats.read > 0 || self.stats.known != known;
        self.tell_loops();
        diff(&before, &self.tree)
    }

    /// Takes over what was gathered, but for the directory itself, which it yields.
    fn absorb(&mut self, gathered: Gathered) -> Arc<Dir> {
        for (dir, known) in &gathered.records {
            // A directory that is as it was kept holds no such file.
            let Known::Loose(records) = known else { continue };
            let stale = records.iter().filter(|(_, r)| r.shipped.is_some());
            self.stale.extend(stale.map(|(name, _)| path::join(dir, name)));
        }
        self.index.extend(gathered.records);
        self.dirs.extend(gathered.dirs);
        self.left_out.extend(gathered.left_out);
        gathered.warnings.into_iter().for_each(|w| self.warn(w));
        self.links.extend(gathered.links);
        self.stats.add(gathered.stats);
        gathered.dir
    }

    fn warn(&mut self, warning: Warning) {
        if self.told.insert(warning.clone()) {
            self.warnings.push(warning);
        }
    }

    /// Tells of links that were found since and lead in a circle.
    fn tell_loops(&mut self) {
        for path in std::mem::take(&mut self.links) {
            if self.tree.resolve(&path, true).is_err() {
                self.warn(Warning { path, kind: WarningKind::LinkLoop });
            }
        }
    }
}

impl ScanStats {
    fn add(&mut self, other: Self) {
        self.read += other.read;
        self.read_bytes += other.read_bytes;
        self.known += other.known;
    }
}

#[cfg(test)]
mod tests;
