//! What lies between two trees: files by object id, sub-trees of equal id never opened.

use std::cmp::Ordering;
use std::collections::HashMap;

use gix::ObjectId;
use gix::objs::tree::name_order;
use gix::objs::{Find, TreeRefIter, tree::EntryRef};

use super::HistoryError;

/// What git records of an entry that is not a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    /// The blob's object id; a submodule's is the commit it is pinned to.
    pub id: ObjectId,
    /// Kind, which is all that git keeps of a mode.
    pub kind: BlobKind,
}

/// The modes git has for what is not a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlobKind {
    /// 100644.
    File,
    /// 100755.
    Executable,
    /// 120000.
    Symlink,
    /// 160000: another repository at one commit; its files are not in this one.
    Submodule,
}

/// One path that differs between two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path below the root of the trees compared; bytes that are not UTF-8 as `\xHH`.
    pub path: Box<str>,
    /// What stood there.
    pub old: Option<Blob>,
    /// What stands there now.
    pub new: Option<Blob>,
}

/// A file that left one path and came, byte for byte, to another in the same commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// Where it was.
    pub from: Box<str>,
    /// Where it is.
    pub to: Box<str>,
}

/// Pairs deletions with additions of the same object, each at most once, in the order of the changes.
///
/// Git's own rename detection also pairs similar files; a build's cache knows equal bytes only.
pub fn exact_renames(changes: &[Change]) -> Vec<Rename> {
    let mut gone: HashMap<ObjectId, Vec<&str>> = HashMap::new();
    for change in changes.iter().rev() {
        if let (Some(old), None) = (change.old, change.new) {
            gone.entry(old.id).or_default().push(&change.path);
        }
    }
    changes
        .iter()
        .filter_map(|change| match (change.old, change.new) {
            (None, Some(new)) => {
                let from = gone.get_mut(&new.id)?.pop()?;
                Some(Rename { from: from.into(), to: change.path.clone() })
            }
            _ => None,
        })
        .collect()
}

/// Walks pairs of trees over one object database, reusing its buffers.
pub(super) struct TreeDiff<'a, F> {
    objects: &'a F,
    /// Path of the trees being compared, in bytes, with a `/` after each directory.
    path: Vec<u8>,
    /// Buffers to hand out again.
    free: Vec<Vec<u8>>,
    found: Vec<Change>,
}

impl<'a, F: Find> TreeDiff<'a, F> {
    /// Starts a comparison over this object database, with memory to read trees into.
    pub(super) fn new(objects: &'a F, free: Vec<Vec<u8>>) -> Self {
        Self { objects, path: Vec::new(), free, found: Vec::new() }
    }

    /// The memory that trees were read into, for the next one.
    pub(super) fn into_buffers(self) -> Vec<Vec<u8>> {
        self.free
    }

    /// Lists what differs between two trees; no tree is an empty one.
    ///
    /// In git's order: by name, directories as if theirs ended in `/`. Where a file became a directory or the
    /// reverse there is one change for the file and one for each file below the directory.
    pub(super) fn between(
        &mut self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
    ) -> Result<Vec<Change>, HistoryError> {
        if old != new {
            self.trees(old, new)?;
        }
        Ok(std::mem::take(&mut self.found))
    }

    fn trees(&mut self, old: Option<ObjectId>, new: Option<ObjectId>) -> Result<(), HistoryError> {
        let (mut old_bytes, mut new_bytes) =
            (self.free.pop().unwrap_or_default(), self.free.pop().unwrap_or_default());
        let outcome = self
            .read(old, &mut old_bytes)
            .and_then(|()| self.read(new, &mut new_bytes))
            .and_then(|()| self.entries(&old_bytes, &new_bytes));
        self.free.extend([old_bytes, new_bytes]);
        outcome
    }

    fn read(&self, id: Option<ObjectId>, out: &mut Vec<u8>) -> Result<(), HistoryError> {
        out.clear();
        let Some(id) = id else { return Ok(()) };
        match self.objects.try_find(&id, out)? {
            Some(object) if object.kind.is_tree() => Ok(()),
            Some(object) => Err(HistoryError::Git(format!("{id} is a {}, not a tree", object.kind))),
            None => Err(HistoryError::MissingObject { id }),
        }
    }

    /// Merges two sorted lists of entries.
    fn entries(&mut self, old: &[u8], new: &[u8]) -> Result<(), HistoryError> {
        let hash = gix::hash::Kind::Sha1;
        let (mut old, mut new) = (TreeRefIter::from_bytes(old, hash), TreeRefIter::from_bytes(new, hash));
        let (mut left, mut right) = (old.next().transpose()?, new.next().transpose()?);
        loop {
            let order = match (&left, &right) {
                (None, None) => return Ok(()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(l), Some(r)) => name_order(l.filename, l.mode.is_tree(), r.filename, r.mode.is_tree()),
            };
            let (gone, come) = match order {
                Ordering::Less => (left.take(), None),
                Ordering::Greater => (None, right.take()),
                Ordering::Equal => (left.take(), right.take()),
            };
            self.pair(gone, come)?;
            if order.is_le() {
                left = old.next().transpose()?;
            }
            if order.is_ge() {
                right = new.next().transpose()?;
            }
        }
    }

    /// Compares what stands under one name on both sides; where both are there, both or neither are trees.
    fn pair(&mut self, old: Option<EntryRef<'_>>, new: Option<EntryRef<'_>>) -> Result<(), HistoryError> {
        let Some(either) = old.or(new) else { return Ok(()) };
        if old.map(|e| (e.oid, e.mode)) == new.map(|e| (e.oid, e.mode)) {
            return Ok(());
        }
        let parent = self.path.len();
        self.path.extend_from_slice(either.filename);
        let outcome = if either.mode.is_tree() {
            self.path.push(b'/');
            self.trees(old.map(|e| e.oid.to_owned()), new.map(|e| e.oid.to_owned()))
        } else {
            let (old, new) = (old.map(blob), new.map(blob));
            // Two spellings of one mode (100664 of early git) are no change.
            if old != new {
                self.found.push(Change { path: path_text(&self.path), old, new });
            }
            Ok(())
        };
        self.path.truncate(parent);
        outcome
    }
}

fn blob(entry: EntryRef<'_>) -> Blob {
    let kind = if entry.mode.is_commit() {
        BlobKind::Submodule
    } else if entry.mode.is_link() {
        BlobKind::Symlink
    } else if entry.mode.is_executable() {
        BlobKind::Executable
    } else {
        BlobKind::File
    };
    Blob { id: entry.oid.to_owned(), kind }
}

/// Looks a path up from a tree; `None` where nothing stands there. An empty path is the tree itself.
pub(super) fn entry_at(
    objects: &impl Find,
    tree: ObjectId,
    path: &str,
) -> Result<Option<Found>, HistoryError> {
    let mut at = Found::Tree(tree);
    let mut bytes = Vec::new();
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let Found::Tree(id) = at else { return Ok(None) };
        let Some(object) = objects.try_find(&id, &mut bytes)? else {
            return Err(HistoryError::MissingObject { id });
        };
        let entries = TreeRefIter::from_bytes(object.data, gix::hash::Kind::Sha1);
        let Some(entry) = entries.filter_map(Result::ok).find(|e| &*path_text(e.filename) == name) else {
            return Ok(None);
        };
        at = if entry.mode.is_tree() { Found::Tree(entry.oid.to_owned()) } else { Found::Blob(blob(entry)) };
    }
    Ok(Some(at))
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A directory.
    Tree(ObjectId),
    /// Anything else.
    Blob(Blob),
}

/// A path as text, in the form of [`crate::context::Tree`]: each byte that is not UTF-8 as `\xHH`.
fn path_text(bytes: &[u8]) -> Box<str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes
            .utf8_chunks()
            .flat_map(|chunk| {
                let bad = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
                std::iter::once(chunk.valid().to_owned()).chain(bad)
            })
            .collect::<String>()
            .into(),
    }
}
