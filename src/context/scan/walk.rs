//! Listing directories on disk: what is there and what the ignore file leaves, without reading a file.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::super::ignore::{DirRules, Ignore, Verdict};
use super::super::index::{Index, Stat};
use super::super::path;
use super::super::tree::Special;
use super::super::tree::pack::Block;
use super::{Warning, WarningKind, known};

/// A directory to be listed.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    /// In the context.
    pub path: String,
    /// On disk.
    pub disk: PathBuf,
    /// How it was judged; none for the root.
    pub rules: Option<DirRules>,
    pub mode: u32,
    /// Tells it from another that takes its place; 0 where there is no telling.
    pub identity: u64,
    /// It is in the context only for what is brought back below it.
    pub ignored: bool,
}

impl Pending {
    pub fn new(path: String, disk: PathBuf, verdict: Verdict, meta: &Metadata) -> Self {
        let (mode, identity) = (mode_of(meta), identity_of(meta));
        Self { path, disk, rules: Some(verdict.rules), mode, identity, ignored: verdict.ignored }
    }

    /// The root, whose link is followed if it is one.
    pub fn root(disk: &Path) -> Self {
        let meta = fs::metadata(disk).ok();
        let (mode, identity) = meta.map_or((0o755, 0), |m| (mode_of(&m), identity_of(&m)));
        Self { path: String::new(), disk: disk.to_path_buf(), rules: None, mode, identity, ignored: false }
    }
}

/// A directory that was listed.
#[derive(Debug)]
pub(super) struct Listed {
    pub dir: Pending,
    pub items: Vec<Item>,
    pub left_out: Vec<(String, bool)>,
    pub warnings: Vec<Warning>,
    /// What the index has of it, where that is just what is there; the items are then its directories alone,
    /// and its links are told.
    pub same: Option<Block>,
    pub links: Vec<String>,
    /// It is not what the index has of it, though that could have been seen.
    pub differs: bool,
}

/// Something in a directory that takes part in the context, or may hold what does.
#[derive(Debug)]
pub(super) struct Item {
    pub name: Arc<str>,
    /// Where its name is no UTF-8.
    pub disk_name: Option<OsString>,
    pub what: What,
}

#[derive(Debug)]
pub(super) enum What {
    File(Stat),
    Link(Arc<str>),
    Special(Special),
    /// BuildKit's client drops the socket bit, so that a socket arrives as an empty file.
    Socket(u32),
    Dir(Pending),
}

impl Item {
    /// Makes an item of a name on disk.
    pub fn new(disk_name: &OsStr, what: What) -> Self {
        let name = path::name_of(disk_name).into();
        Self { name, disk_name: disk_name.to_str().is_none().then(|| disk_name.to_os_string()), what }
    }

    /// What should be told of an item.
    pub fn warnings(&self, dir: &str) -> Vec<Warning> {
        let name = self.disk_name.as_ref().map(|_| WarningKind::NotUtf8);
        let kind = match &self.what {
            What::Socket(_) => Some(WarningKind::Socket),
            What::Special(_) => Some(WarningKind::Special),
            _ => None,
        };
        let told = |kind| Warning { path: path::join(dir, &self.name), kind };
        name.into_iter().chain(kind).map(told).collect()
    }

    /// Where the item is on disk, given its directory.
    pub fn disk(&self, dir: &Path) -> PathBuf {
        match &self.disk_name {
            Some(name) => dir.join(name),
            None => dir.join(&*self.name),
        }
    }
}

/// One entry of a directory as found.
enum Found {
    Item(Item),
    /// Left out by the ignore file; whether it is a whole directory.
    LeftOut(String, bool),
    Gone(Warning),
}

/// Lists directories and all below them, level by level.
///
/// Not by recursion: a tree may be two thousand levels deep.
pub(super) fn walk(ignore: &Ignore, start: Vec<Pending>, index: &Index) -> Vec<Listed> {
    // Under other rules, what the index has says nothing of what is left out.
    let trusted = index.ignore == ignore.digest();
    let (mut all, mut level) = (Vec::new(), start);
    while !level.is_empty() {
        let listed: Vec<Listed> =
            level.into_par_iter().map(|dir| look_over(ignore, dir, index, trusted)).collect();
        let dirs = listed.iter().flat_map(|l| &l.items).filter_map(|i| match &i.what {
            What::Dir(pending) => Some(pending.clone()),
            _ => None,
        });
        level = dirs.collect();
        all.extend(listed);
    }
    all
}

/// Lists one directory, by what the index has of it if that is what is there.
fn look_over(ignore: &Ignore, dir: Pending, index: &Index, trusted: bool) -> Listed {
    let block = if trusted { index.block(&dir.path) } else { None };
    let Some(block) = block else {
        // An ignored directory in which nothing was brought back is in no index.
        let differs = !(trusted && dir.ignored);
        return Listed { differs, ..list(ignore, dir) };
    };
    if !block.is_plain() {
        return list(ignore, dir);
    }
    match known::compare(ignore, &dir, &block) {
        Some(found) => Listed {
            dir,
            items: found.dirs,
            left_out: found.left_out,
            warnings: Vec::new(),
            same: Some(block),
            links: found.links,
            differs: false,
        },
        None => Listed { differs: true, ..list(ignore, dir) },
    }
}

/// Lists one directory.
pub(super) fn list(ignore: &Ignore, dir: Pending) -> Listed {
    let mut listed = Listed {
        dir,
        items: Vec::new(),
        left_out: Vec::new(),
        warnings: Vec::new(),
        same: None,
        links: Vec::new(),
        differs: false,
    };
    let entries = fs::read_dir(&listed.dir.disk).and_then(Iterator::collect::<io::Result<Vec<DirEntry>>>);
    let entries = match entries {
        Ok(entries) => entries,
        Err(e) => {
            listed.warnings.push(Warning::of(&listed.dir.path, &e));
            return listed;
        }
    };
    let dir = &listed.dir;
    let found: Vec<Found> =
        entries.into_par_iter().with_min_len(256).map(|entry| look(ignore, dir, &entry)).collect();
    for found in found {
        match found {
            Found::Item(item) => {
                listed.warnings.extend(item.warnings(&listed.dir.path));
                listed.items.push(item);
            }
            Found::LeftOut(path, whole) => listed.left_out.push((path, whole)),
            Found::Gone(warning) => listed.warnings.push(warning),
        }
    }
    listed
}

fn look(ignore: &Ignore, dir: &Pending, entry: &DirEntry) -> Found {
    let disk_name = entry.file_name();
    let name = path::name_of(&disk_name);
    let at = path::join(&dir.path, &name);
    let verdict = ignore.judge(&at, dir.rules.as_ref());
    let kind = match entry.file_type() {
        Ok(kind) => kind,
        Err(e) => return Found::Gone(Warning::of(&at, &e)),
    };
    if verdict.ignored && (!kind.is_dir() || ignore.can_prune(&at)) {
        return Found::LeftOut(at, kind.is_dir());
    }
    let disk = || entry.path();
    let what = match what(kind, disk, || entry.metadata()) {
        Ok(Some(what)) => what,
        Ok(None) => match entry.metadata() {
            Ok(meta) => What::Dir(Pending::new(at, disk(), verdict, &meta)),
            Err(e) => return Found::Gone(Warning::of(&at, &e)),
        },
        Err(e) => return Found::Gone(Warning::of(&at, &e)),
    };
    Found::Item(Item::new(&disk_name, what))
}

/// Tells what something on disk is; none for a directory.
pub(super) fn what(
    kind: FileType,
    disk: impl FnOnce() -> PathBuf,
    meta: impl FnOnce() -> io::Result<Metadata>,
) -> io::Result<Option<What>> {
    Ok(if kind.is_dir() {
        None
    } else if kind.is_symlink() {
        Some(What::Link(path::name_of(fs::read_link(disk())?.as_os_str()).into()))
    } else if kind.is_file() {
        Some(What::File(Stat::of(&meta()?)))
    } else {
        Some(other(kind, &meta()?))
    })
}

#[cfg(unix)]
fn other(kind: FileType, meta: &Metadata) -> What {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    if kind.is_socket() {
        return What::Socket(mode_of(meta));
    }
    What::Special(Special { mode: meta.mode(), device: if kind.is_fifo() { 0 } else { meta.rdev() } })
}

#[cfg(not(unix))]
fn other(_: FileType, meta: &Metadata) -> What {
    What::Special(Special { mode: mode_of(meta), device: 0 })
}

#[cfg(unix)]
fn mode_of(meta: &Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o7777
}

/// Numbers of removed directories are given out again, hence the time of birth where there is one.
#[cfg(unix)]
fn identity_of(meta: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let born = meta.created().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
    meta.ino() ^ born.map_or(0, |b| (b.as_nanos() as u64).rotate_left(32))
}

#[cfg(not(unix))]
fn identity_of(_: &Metadata) -> u64 {
    0
}

#[cfg(not(unix))]
fn mode_of(_: &Metadata) -> u32 {
    0o755
}
