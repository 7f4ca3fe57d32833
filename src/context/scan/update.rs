//! Following edits: only what is said to be dirty is looked at again.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Component, Path};

use super::super::diff::{Change, diff};
use super::super::index::{Record, Stat};
use super::super::path;
use super::super::tree::Entry;
use super::gather::{self, Settled};
use super::walk::{self, Item, Pending, What};
use super::{Scan, ScanStats, Warning, is_gone};

/// With more dirty paths than this, looking at everything is no dearer.
const MANY: usize = 5000;

impl Scan {
    /// Looks again at paths on disk that may have changed, appeared or gone, and yields what did change.
    ///
    /// Paths are in the root or relative to it; others are left aside. A file is looked at, a directory is
    /// listed with its children looked at, and new directories are taken in with all below them. The result
    /// is what a scan from nothing would find, provided that all paths that changed were named.
    pub fn update<P: AsRef<Path>>(&mut self, dirty: &[P]) -> Vec<Change> {
        if dirty.len() > MANY {
            return self.sweep();
        }
        let before = self.tree.clone();
        self.stats = ScanStats::default();
        for path in dirty {
            let path = path.as_ref();
            let inside = if path.is_absolute() { path.strip_prefix(&self.root).ok() } else { Some(path) };
            // Watchers name paths within the root; a `..` would lead out of it.
            let inside = inside.filter(|p| !p.components().any(|c| c == Component::ParentDir));
            if let Some(inside) = inside {
                let touched = self.touch(inside);
                self.drop_hollow(&touched);
            }
        }
        self.tell_loops();
        diff(&before, &self.tree)
    }

    /// Looks at one path, from the root down, so that no link on the way is followed; yields where it ended.
    fn touch(&mut self, inside: &Path) -> String {
        let mut names = inside.components().filter_map(|c| match c {
            Component::Normal(name) => Some(name),
            _ => None,
        });
        let (mut at, mut disk, mut rules) = (String::new(), self.root.clone(), None);
        let mut next = names.next();
        if next.is_none() {
            self.relist(Pending::root(&self.root));
        }
        while let Some(name) = next {
            at = path::join(&at, &path::name_of(name));
            disk.push(name);
            next = names.next();
            let verdict = self.ignore.judge(&at, rules.as_ref());
            let meta = match fs::symlink_metadata(&disk) {
                Ok(meta) => meta,
                Err(e) => {
                    self.lose(&at, &e);
                    break;
                }
            };
            if !meta.is_dir() {
                self.look_at(&at, &disk, &meta, verdict.ignored);
                break;
            }
            if verdict.ignored && self.ignore.can_prune(&at) {
                self.leave_out(&at, true);
                break;
            }
            let dir = Pending::new(at.clone(), disk.clone(), verdict, &meta);
            if !self.knows(&dir) {
                self.adopt(dir);
                break;
            }
            if next.is_none() {
                self.relist(dir);
                break;
            }
            rules = dir.rules;
        }
        at
    }

    /// Takes a path out that is no longer there, or cannot be looked at.
    fn lose(&mut self, at: &str, error: &io::Error) {
        if !is_gone(error) {
            self.warn(Warning::of(at, error));
        }
        self.forget(at);
    }

    /// Takes a path out, with all that is known of it and below.
    fn forget(&mut self, at: &str) {
        let (dir, name) = path::split(at);
        self.unsaved |= self.index.remove(dir, name);
        for dir in within(&self.dirs, at) {
            self.unsaved |= self.index.remove_dir(&dir);
            self.dirs.remove(&dir);
        }
        self.tree.remove(at);
        self.stale.retain(|p| !path::is_within(p, at));
        for path in within(&self.left_out, at) {
            self.left_out.remove(&path);
        }
    }

    fn leave_out(&mut self, at: &str, whole: bool) {
        self.forget(at);
        self.left_out.insert(at.to_string(), whole);
    }

    /// Tells whether a directory was listed before, and is still the same one: another may have been moved to
    /// its place with no word of what it holds.
    fn knows(&self, dir: &Pending) -> bool {
        self.dirs.get(&dir.path) == Some(&dir.identity)
    }

    /// Takes a new directory in with all below it.
    fn adopt(&mut self, pending: Pending) {
        self.forget(&pending.path);
        let (at, ignored) = (pending.path.clone(), pending.ignored);
        let gathered = gather::gather(&self.ignore, pending, &self.index);
        let dir = self.absorb(gathered);
        self.unsaved = true;
        if !(ignored && dir.is_empty()) {
            self.tree.insert(&at, Entry::Dir(dir));
        }
    }

    /// Lists a directory that is known and looks at what it holds; directories below only if they are new.
    fn relist(&mut self, pending: Pending) {
        let listed = walk::list(&self.ignore, pending);
        let at = listed.dir.path.clone();
        listed.warnings.into_iter().for_each(|w| self.warn(w));
        let known = self.tree.subtree(&at).unwrap_or_default();
        let names: HashSet<&str> = listed.items.iter().map(|i| &*i.name).collect();
        for (name, _) in known.root().iter().filter(|(name, _)| !names.contains(name)) {
            self.forget(&path::join(&at, name));
        }
        for path in within(&self.left_out, &at).into_iter().filter(|p| path::split(p).0 == at) {
            self.left_out.remove(&path);
        }
        self.left_out.extend(listed.left_out);
        for item in listed.items {
            let full = path::join(&at, &item.name);
            match item.what {
                What::Dir(pending) => {
                    if !self.knows(&pending) {
                        self.adopt(pending);
                    }
                }
                _ => {
                    let disk = item.disk(&listed.dir.disk);
                    self.place(&full, &disk, item);
                }
            }
        }
    }

    /// Looks at something that is no directory.
    fn look_at(&mut self, at: &str, disk: &Path, meta: &Metadata, ignored: bool) {
        if ignored {
            return self.leave_out(at, false);
        }
        let name = disk.file_name().unwrap_or_default();
        match walk::what(meta.file_type(), || disk.to_path_buf(), || Ok(meta.clone())) {
            Ok(Some(what)) => self.place(at, disk, Item::new(name, what)),
            Ok(None) => {}
            Err(e) => self.lose(at, &e),
        }
    }

    /// Puts a file, link or special where it was found, reading it if its stat is not known.
    fn place(&mut self, at: &str, disk: &Path, item: Item) {
        // Only a file in a file's place goes on from what is known of it.
        let is_file = matches!(item.what, What::File(_));
        let there = self.tree.get(at).filter(|t| is_file && matches!(t, Entry::File(_)));
        if there.is_none() {
            self.forget(at);
        }
        item.warnings(path::split(at).0).into_iter().for_each(|w| self.warn(w));
        self.left_out.remove(at);
        let entry = match item.what {
            What::File(stat) => self.read(at, disk, stat),
            What::Link(target) => {
                self.links.push(at.to_string());
                Some(Entry::Symlink(target))
            }
            What::Special(special) => Some(Entry::Special(special)),
            What::Socket(mode) => Some(Entry::file(mode, b"")),
            What::Dir(_) => None,
        };
        let same = |entry: &Entry| there.as_ref().is_some_and(|t| t.digest() == entry.digest());
        match entry {
            None => self.forget(at),
            Some(entry) if same(&entry) => {}
            Some(entry) => self.tree.insert(at, entry),
        }
    }

    fn read(&mut self, at: &str, disk: &Path, stat: Stat) -> Option<Entry> {
        let (dir, name) = path::split(at);
        match gather::settle(|| disk.to_path_buf(), dir, name, &stat, &self.index) {
            Settled::Known(record) => {
                self.stats.known += 1;
                Some(gather::entry_of(&record))
            }
            Settled::Read(record) => {
                self.stats.read += 1;
                self.stats.read_bytes += record.stat.size;
                let entry = gather::entry_of(&record);
                self.remember(at, record);
                Some(entry)
            }
            Settled::Unreadable(warning) => {
                self.warn(warning);
                Some(gather::stand_in(&stat))
            }
            Settled::Gone(_) => None,
        }
    }

    fn remember(&mut self, at: &str, record: Record) {
        if record.shipped.is_some() {
            self.stale.insert(at.to_string());
        } else {
            self.stale.remove(at);
        }
        let (dir, name) = path::split(at);
        self.index.set(dir, name, record);
        self.unsaved = true;
    }

    /// Drops directories that the ignore file leaves out and nothing is brought back in, from a path upwards.
    fn drop_hollow(&mut self, from: &str) {
        let mut at = from;
        while !at.is_empty() {
            if let Some(Entry::Dir(dir)) = self.tree.get(at)
                && dir.is_empty()
                && self.ignore.is_ignored(at)
            {
                self.tree.remove(at);
            }
            at = path::split(at).0;
        }
    }
}

/// The keys that are a path or lie below it.
fn within<V>(map: &BTreeMap<String, V>, at: &str) -> Vec<String> {
    let (from, to) = (format!("{at}/"), format!("{at}0"));
    // `0` comes right after `/`, and everything is below the root.
    let below = if at.is_empty() { map.range::<str, _>(..) } else { map.range(from..to) };
    let own = map.get_key_value(at).filter(|_| !at.is_empty());
    own.into_iter().chain(below).map(|(path, _)| path.clone()).collect()
}
