//! The file tree: which lines it has, given what is open, what changed and what is looked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Snapshot;
use crate::context::{Dir, Entry, path};
use crate::explain::How;
use crate::tui::model::{FileKind, FileRow, FileState, Impact};

/// With no more files than this, all directories are open from the start.
const FEW: usize = 40;
/// A filter shows no more matches than this.
const MATCHES: usize = 2000;

/// What the pane remembers.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// Lines as they are shown.
    pub rows: Vec<FileRow>,
    /// The line under the cursor.
    pub selected: usize,
    /// The first line that is shown.
    pub offset: usize,
    /// Files marked for the next pretended edit.
    pub marked: BTreeSet<String>,
    /// What is looked for.
    pub filter: String,
    /// What a change of each file would rebuild, and of which prediction that is told.
    pub impacts: HashMap<String, (u64, Impact, Option<Impact>)>,
    open: BTreeSet<String>,
    closed: BTreeSet<String>,
    /// Directories above changes were opened once.
    shown: BTreeSet<String>,
}

/// What there is to show.
struct Source<'a> {
    changed: BTreeMap<&'a str, How>,
    snapshot: &'a Snapshot,
    ignored: BTreeMap<&'a str, Vec<(&'a str, bool)>>,
    all_open: bool,
}

impl Files {
    /// The path under the cursor.
    pub fn selected_path(&self) -> Option<&str> {
        self.rows.get(self.selected).map(|row| row.path.as_str())
    }

    /// Puts the cursor on a path, opening what leads there.
    pub fn reveal(&mut self, path: &str, snapshot: &Snapshot) {
        let mut at = path::split(path).0;
        while !at.is_empty() {
            self.open.insert(at.to_string());
            self.closed.remove(at);
            at = path::split(at).0;
        }
        self.rebuild(snapshot);
        if let Some(found) = self.rows.iter().position(|row| row.path == path) {
            self.selected = found;
        }
    }

    /// Opens or closes the directory under the cursor; `wanted` says which, none means the other.
    pub fn toggle(&mut self, wanted: Option<bool>, snapshot: &Snapshot) -> bool {
        let Some(row) = self.rows.get(self.selected) else { return false };
        let FileKind::Dir { open, .. } = row.kind else { return false };
        let wanted = wanted.unwrap_or(!open);
        if wanted == open {
            return false;
        }
        let path = row.path.clone();
        if wanted {
            self.closed.remove(&path);
            self.open.insert(path);
        } else {
            self.open.remove(&path);
            self.closed.insert(path);
        }
        self.rebuild(snapshot);
        true
    }

    /// Goes to the directory above.
    pub fn go_up(&mut self) {
        let Some(parent) = self.selected_path().map(|p| path::split(p).0.to_string()) else { return };
        if let Some(at) = self.rows.iter().position(|row| row.path == parent) {
            self.selected = at;
        }
    }

    /// Makes the lines anew and keeps the cursor on its path where that is still there.
    pub fn rebuild(&mut self, snapshot: &Snapshot) {
        let before = self.selected_path().map(str::to_string);
        let mut source = Source::of(snapshot);
        source.all_open = snapshot.tree.len() <= FEW;
        // What changed should be seen, once; what the user closes after that stays closed.
        let changed: Vec<String> = source.changed.keys().map(|p| (*p).to_string()).collect();
        for path in changed.iter().chain(&snapshot.pretended).take(200) {
            if self.shown.insert(path.clone()) {
                let mut at = path::split(path).0;
                while !at.is_empty() {
                    self.open.insert(at.to_string());
                    at = path::split(at).0;
                }
            }
        }
        self.rows = if self.filter.is_empty() { self.tree(&source) } else { self.matches(&source) };
        for row in &mut self.rows {
            row.marked = self.marked.contains(&row.path);
            row.impact = self.impacts.get(&row.path).map(|(_, left, right)| (left.clone(), right.clone()));
        }
        let kept = before.and_then(|path| self.rows.iter().position(|row| row.path == path));
        self.selected = kept.unwrap_or(self.selected.min(self.rows.len().saturating_sub(1)));
    }

    fn tree(&self, source: &Source<'_>) -> Vec<FileRow> {
        let mut rows = Vec::new();
        self.directory(source, source.snapshot.tree.root(), "", 0, &mut rows);
        rows
    }

    fn is_open(&self, path: &str, source: &Source<'_>) -> bool {
        !self.closed.contains(path) && (source.all_open || self.open.contains(path))
    }

    fn directory(&self, source: &Source<'_>, dir: &Dir, at: &str, depth: usize, rows: &mut Vec<FileRow>) {
        for (name, entry) in dir.iter() {
            let Entry::Dir(below) = entry else { continue };
            let path = path::join(at, name);
            let open = self.is_open(&path, source);
            let changed = source.changed_below(&path);
            let kind = FileKind::Dir { open, files: below.files(), changed };
            rows.push(source.row(path.clone(), name, depth, kind));
            if open {
                self.directory(source, below, &path, depth + 1, rows);
            }
        }
        for (name, entry) in dir.iter() {
            if !entry.is_dir() {
                rows.push(source.row(path::join(at, name), name, depth, FileKind::File));
            }
        }
        for path in source.gone_in(at) {
            let name = path::split(path).1;
            rows.push(source.row(path.to_string(), name, depth, FileKind::File));
        }
        for (path, whole) in source.ignored.get(at).into_iter().flatten() {
            let name = path::split(path).1;
            let name = if *whole { format!("{name}/") } else { name.to_string() };
            let mut row = source.row((*path).to_string(), &name, depth, FileKind::File);
            row.state = FileState::Ignored;
            rows.push(row);
        }
    }

    fn matches(&self, source: &Source<'_>) -> Vec<FileRow> {
        let wanted = self.filter.to_lowercase();
        let files = source.snapshot.tree.iter().filter(|(_, entry)| !entry.is_dir()).map(|(path, _)| path);
        let hits = files.filter(|path| path.to_lowercase().contains(&wanted)).take(MATCHES);
        hits.map(|path| source.row(path.clone(), &path, 0, FileKind::File)).collect()
    }
}

impl<'a> Source<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let changed = snapshot.changes.iter().map(|(path, how)| (path.as_str(), *how)).collect();
        let mut ignored: BTreeMap<&str, Vec<(&str, bool)>> = BTreeMap::new();
        for (path, whole) in snapshot.ignored.iter() {
            ignored.entry(path::split(path).0).or_default().push((path, *whole));
        }
        Self { changed, snapshot, ignored, all_open: false }
    }

    fn changed_below(&self, dir: &str) -> usize {
        let from = format!("{dir}/");
        let on_disk = self.changed.range(from.as_str()..).take_while(|(p, _)| p.starts_with(&from)).count();
        let only_pretended = |p: &&String| p.starts_with(&from) && !self.changed.contains_key(p.as_str());
        on_disk + self.snapshot.pretended.iter().filter(only_pretended).count()
    }

    fn gone_in(&self, dir: &str) -> Vec<&'a str> {
        let gone = |(path, how): (&&'a str, &How)| {
            (*how == How::Removed && path::split(path).0 == dir && !self.snapshot.tree.contains(path))
                .then_some(*path)
        };
        self.changed.iter().filter_map(gone).collect()
    }

    fn row(&self, path: String, name: &str, depth: usize, kind: FileKind) -> FileRow {
        let state = if self.snapshot.pretended.contains(&path) {
            FileState::Pretended
        } else {
            self.changed.get(path.as_str()).map_or(FileState::Same, |how| FileState::Changed(*how))
        };
        FileRow { name: name.to_string(), path, depth, kind, state, marked: false, impact: None }
    }
}
