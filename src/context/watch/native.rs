//! The system's own events: which directories are watched, and what their events mean.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use notify::event::{MetadataKind, ModifyKind};
use notify::{ErrorKind, Event, EventKind, RecursiveMode};

use super::super::ignore::{DirRules, Ignore};
use super::super::path;
use super::run::Message;

/// The watched directories of a context.
pub(super) struct Native {
    watcher: Box<dyn notify::Watcher + Send>,
    root: PathBuf,
    ignore: Ignore,
    watched: BTreeSet<PathBuf>,
    /// Directories that are watched for a few files alone, and those files as they are to be named.
    beside: HashMap<PathBuf, HashSet<PathBuf>>,
    /// Paths at which directories may have come or gone since they were last seen to.
    unsettled: BTreeSet<PathBuf>,
}

/// What an event comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Nothing,
    Dirty(Vec<PathBuf>),
    /// Events were lost.
    Lost,
}

/// The path as the watchers name it; unlike canonical paths it keeps links.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Says in words why the system refuses.
pub(super) fn reason(error: &notify::Error) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => "the system allows no more watches (fs.inotify.max_user_watches)".into(),
        ErrorKind::Io(e) => e.to_string(),
        other => format!("{other:?}"),
    }
}

impl Native {
    pub fn start(
        root: &Path,
        ignore: &Ignore,
        also: &[PathBuf],
        messages: mpsc::Sender<Message>,
    ) -> notify::Result<Self> {
        let deliver = move |event| {
            // Nobody listens any more when the watcher is being dropped.
            let _ = messages.send(Message::Event(event));
        };
        let watcher = Box::new(notify::recommended_watcher(deliver)?);
        Self::with(watcher, root, ignore, also)
    }

    pub fn with(
        watcher: Box<dyn notify::Watcher + Send>,
        root: &Path,
        ignore: &Ignore,
        also: &[PathBuf],
    ) -> notify::Result<Self> {
        let root = absolute(root);
        let mut native = Self {
            watcher,
            root: root.clone(),
            ignore: ignore.clone(),
            watched: BTreeSet::new(),
            beside: HashMap::new(),
            unsettled: BTreeSet::new(),
        };
        native.watch_below(&root)?;
        for file in also {
            let file = absolute(file);
            let Some(dir) = file.parent().map(Path::to_path_buf) else { continue };
            if !native.watched.contains(&dir) && !native.beside.contains_key(&dir) {
                native.watcher.watch(&dir, RecursiveMode::NonRecursive)?;
            }
            native.beside.entry(dir).or_default().insert(file);
        }
        Ok(native)
    }

    /// Takes an event in.
    pub fn meaning(&mut self, event: &Event) -> Meaning {
        if event.need_rescan() {
            self.unsettled.insert(self.root.clone());
            return Meaning::Lost;
        }
        let structural = match event.kind {
            // Reading is no change, and it is this program that reads.
            EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => {
                return Meaning::Nothing;
            }
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)) => false,
            _ => true,
        };
        let paths: Vec<PathBuf> = event.paths.iter().filter(|p| self.concerns(p)).cloned().collect();
        if paths.is_empty() {
            return Meaning::Nothing;
        }
        if structural {
            for path in &paths {
                self.forget(path);
                self.unsettled.insert(path.clone());
            }
        }
        Meaning::Dirty(paths)
    }

    fn concerns(&self, path: &Path) -> bool {
        let watched_dir = path.parent().is_some_and(|dir| self.watched.contains(dir));
        let in_root =
            path.starts_with(&self.root) && (watched_dir || path == self.root || self.watched.contains(path));
        in_root
            || path.parent().and_then(|dir| self.beside.get(dir)).is_some_and(|files| files.contains(path))
    }

    /// Stops to watch a directory that came, went or moved, and those below: a watch follows what it was put
    /// on, wherever that goes.
    fn forget(&mut self, path: &Path) {
        let below = self.watched.range(path.to_path_buf()..);
        let gone: Vec<PathBuf> = below.take_while(|p| p.starts_with(path)).cloned().collect();
        for dir in gone.iter().filter(|dir| !self.beside.contains_key(*dir)) {
            // It may be gone already.
            let _ = self.watcher.unwatch(dir);
            self.watched.remove(dir);
        }
    }

    /// Watches what came where directories may have; to be done before what is dirty is looked at, so that
    /// nothing falls between.
    pub fn settle(&mut self) -> notify::Result<()> {
        for path in std::mem::take(&mut self.unsettled) {
            if path.starts_with(&self.root) {
                self.watch_below(&path)?;
            }
        }
        Ok(())
    }

    /// Tells whether the root itself is watched.
    pub fn has_root(&self) -> bool {
        self.watched.contains(&self.root)
    }

    /// Watches a directory, and those below that the ignore file keeps. Nothing where none stands.
    fn watch_below(&mut self, top: &Path) -> notify::Result<()> {
        let mut found = Vec::new();
        if let Some(rules) = self.rules_of(top) {
            self.kept_below(top, rules, &mut found);
        }
        let mut paths = self.watcher.paths_mut();
        let mut result = Ok(());
        for dir in &found {
            // What went away meanwhile, or may not be read, does not matter; that no more can be watched does.
            match paths.add(dir, RecursiveMode::NonRecursive) {
                Err(e) if dir == &self.root || is_fatal(&e) => {
                    result = Err(e);
                    break;
                }
                _ => {}
            }
        }
        let committed = paths.commit();
        self.watched.extend(found);
        result.and(committed)
    }

    /// How the directories down to a path are judged: none if it is no directory or not kept.
    fn rules_of(&self, top: &Path) -> Option<(String, Option<DirRules>)> {
        let (mut at, mut disk, mut rules) = (String::new(), self.root.clone(), None);
        for name in top.strip_prefix(&self.root).ok()?.components() {
            disk.push(name);
            at = path::join(&at, &path::name_of(name.as_os_str()));
            if !fs::symlink_metadata(&disk).is_ok_and(|m| m.is_dir()) {
                return None;
            }
            rules = Some(self.judge(&at, rules.as_ref())?);
        }
        Some((at, rules))
    }

    /// Judges a directory: none if nothing in it can be part of the context.
    fn judge(&self, at: &str, dir: Option<&DirRules>) -> Option<DirRules> {
        let verdict = self.ignore.judge(at, dir);
        (!(verdict.ignored && self.ignore.can_prune(at))).then_some(verdict.rules)
    }

    fn kept_below(&self, top: &Path, rules: (String, Option<DirRules>), found: &mut Vec<PathBuf>) {
        let mut pending = vec![(top.to_path_buf(), rules)];
        while let Some((disk, (at, rules))) = pending.pop() {
            let entries = fs::read_dir(&disk).into_iter().flatten().flatten();
            for entry in entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir())) {
                let below = path::join(&at, &path::name_of(&entry.file_name()));
                if let Some(rules) = self.judge(&below, rules.as_ref()) {
                    pending.push((entry.path(), (below, Some(rules))));
                }
            }
            found.push(disk);
        }
    }
}

fn is_fatal(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(e) => !matches!(
            e.kind(),
            std::io::ErrorKind::NotFound
                | std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::PermissionDenied
        ),
        ErrorKind::PathNotFound => false,
        _ => true,
    }
}
