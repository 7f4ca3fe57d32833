//! What changed between two trees.

use std::sync::Arc;

use serde::Serialize;

use super::path;
use super::tree::{Dir, Entry, Tree};

/// One path that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Change {
    /// Where.
    pub path: String,
    /// How.
    pub kind: ChangeKind,
}

/// How a path differs. Of several, the first in this order is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is no longer there.
    Removed,
    /// It is another kind of thing: a file became a directory, a symlink a file.
    Kind,
    /// A file's bytes.
    Content,
    /// A symlink's target.
    Target,
    /// Permission bits alone.
    Mode,
}

/// Lists what changed from `old` to `new`, in path order.
///
/// A directory is named only where it was added or removed empty; otherwise the files in it are. Directories'
/// own modes do not count. Equal subtrees are skipped by pointer and by digest, so the cost follows the change.
pub fn diff(old: &Tree, new: &Tree) -> Vec<Change> {
    let mut out = Vec::new();
    dirs(old.root(), new.root(), "", &mut out);
    out
}

/// Lists what changed from one entry to the other, as if both stood at `path`.
pub fn diff_entries(old: Option<&Entry>, new: Option<&Entry>, path: &str) -> Vec<Change> {
    let mut out = Vec::new();
    entries(old, new, path, &mut out);
    out
}

fn dirs(old: &Arc<Dir>, new: &Arc<Dir>, at: &str, out: &mut Vec<Change>) {
    if Arc::ptr_eq(old, new) || old.digest() == new.digest() {
        return;
    }
    old.compare(new, |name, a, b| entries(a, b, &path::join(at, name), out));
}

fn entries(old: Option<&Entry>, new: Option<&Entry>, at: &str, out: &mut Vec<Change>) {
    let mut tell = |kind| out.push(Change { path: at.to_string(), kind });
    match (old, new) {
        (None, None) => {}
        (Some(Entry::Dir(a)), Some(Entry::Dir(b))) => dirs(a, b, at, out),
        (None, Some(entry)) => whole(entry, at, ChangeKind::Added, out),
        (Some(entry), None) => whole(entry, at, ChangeKind::Removed, out),
        (Some(Entry::File(a)), Some(Entry::File(b))) => {
            if (a.content, a.size) != (b.content, b.size) {
                tell(ChangeKind::Content);
            } else if a.mode != b.mode {
                tell(ChangeKind::Mode);
            }
        }
        (Some(Entry::Symlink(a)), Some(Entry::Symlink(b))) => {
            if a != b {
                tell(ChangeKind::Target);
            }
        }
        (Some(Entry::Special(a)), Some(Entry::Special(b))) => {
            if a != b {
                tell(ChangeKind::Mode);
            }
        }
        (Some(a), Some(b)) => {
            tell(ChangeKind::Kind);
            // What stood below a directory that became a file went, and the other way round.
            if let Entry::Dir(d) = a {
                below(d, at, ChangeKind::Removed, out);
            }
            if let Entry::Dir(d) = b {
                below(d, at, ChangeKind::Added, out);
            }
        }
    }
}

fn whole(entry: &Entry, at: &str, kind: ChangeKind, out: &mut Vec<Change>) {
    match entry {
        Entry::Dir(dir) if !dir.is_empty() => below(dir, at, kind, out),
        _ => out.push(Change { path: at.to_string(), kind }),
    }
}

fn below(dir: &Dir, at: &str, kind: ChangeKind, out: &mut Vec<Change>) {
    for (name, entry) in dir.iter() {
        whole(entry, &path::join(at, name), kind, out);
    }
}
