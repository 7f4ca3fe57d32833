//! A directory tree as an immutable value with shared parts: cheap to copy, cheap to change in one place.

use std::sync::Arc;

use super::{Digest, path};

mod dir;
mod entries;
mod entry;
mod links;
pub(super) mod pack;

pub use dir::Dir;
use dir::by_parts;
pub use entries::Entries;
pub(super) use entry::git_mode;
pub use entry::{Entry, File, Special};
pub use links::TooManyLinks;

/// A tree of files: the build context, or what is known of a stage's file system.
///
/// Paths are relative, `/`-separated, clean (no `.`, `..`, empty parts); the root is `""`. Every method cleans
/// what it is given. Names that are not UTF-8 are held with each bad byte written as `\xHH`. Cloning is one
/// reference count; a change copies the directories from the root to the changed entry and shares the rest. A
/// directory's digest is computed when first asked and kept, so that after a change only the changed path is
/// hashed anew.
///
/// Digests follow section 5 of the cache semantics: a regular file's mode, size and bytes; a symlink's target; a
/// directory's names with their digests in order. A directory's own permission bits do not count
/// (`meta-chmod-dir`, `meta-setuid`). Owners are not held: files of a context belong to 0:0.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    root: Arc<Dir>,
}

impl Tree {
    /// Makes a tree of a directory.
    pub fn new(root: Dir) -> Self {
        Self { root: Arc::new(root) }
    }

    /// Makes a tree of path and text pairs, all files of mode 0644.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut tree = Self::default();
        for (path, text) in pairs {
            tree.insert(path, Entry::file(0o644, text.as_bytes()));
        }
        tree
    }

    /// The root directory.
    pub fn root(&self) -> &Arc<Dir> {
        &self.root
    }

    /// What stands at a path; symbolic links are not followed.
    pub fn get(&self, path: &str) -> Option<Entry> {
        let path = path::clean(path);
        if path.is_empty() {
            return Some(Entry::Dir(Arc::clone(&self.root)));
        }
        let (dirs, name) = path::split(&path);
        let mut dir = &self.root;
        for part in dirs.split('/').filter(|p| !p.is_empty()) {
            dir = dir.get(part)?.as_dir()?;
        }
        dir.get(name).cloned()
    }

    /// Tells whether anything stands at a path.
    pub fn contains(&self, path: &str) -> bool {
        self.get(path).is_some()
    }

    /// Puts an entry at a path, in place of what stood there; makes the directories that lead there, in
    /// place of any file in the way. At the root only a directory is taken, anything else is left out.
    pub fn insert(&mut self, path: &str, entry: Entry) {
        let path = path::clean(path);
        if path.is_empty() {
            if let Entry::Dir(dir) = entry {
                self.root = dir;
            }
            return;
        }
        Arc::make_mut(&mut self.root).put(&path, entry);
    }

    /// Lays an entry over what stands at a path: directories are merged, anything else takes its place.
    pub fn lay(&mut self, path: &str, entry: Entry) {
        match (self.get(path), entry) {
            (Some(Entry::Dir(lower)), Entry::Dir(upper)) => {
                self.insert(path, Entry::Dir(lower.under(&upper)));
            }
            (_, entry) => self.insert(path, entry),
        }
    }

    /// Puts an entry at a path, or takes out what stood there.
    pub fn set(&mut self, path: &str, entry: Option<Entry>) {
        match entry {
            Some(entry) => self.insert(path, entry),
            None => {
                self.remove(path);
            }
        }
    }

    /// Takes the entry at a path out, with all below, and tells whether it was there. The root is emptied.
    pub fn remove(&mut self, path: &str) -> bool {
        let path = path::clean(path);
        if path.is_empty() {
            let was = !self.root.is_empty();
            self.root = Arc::new(Dir::new(self.root.mode, []));
            return was;
        }
        // Nothing is copied for a path that is not there.
        self.root.reaches(&path) && Arc::make_mut(&mut self.root).take(&path)
    }

    /// Makes many changes at once: clean paths, each with what is put there, or nothing where what stands there goes.
    ///
    /// What goes, goes first: a file may take a directory's place, and a directory that of a file. Directories that
    /// become empty go as well, as git has none. Costs as much as making anew the directories that hold a change.
    pub fn edit(&mut self, edits: &mut [(&str, Option<Entry>)]) {
        if !edits.is_empty() {
            edits.sort_by(|a, b| by_parts(a.0, b.0));
            self.root = Arc::new(self.root.edited_below(edits, 0));
        }
    }

    /// The tree below a directory, or none where no directory stands.
    pub fn subtree(&self, path: &str) -> Option<Self> {
        self.get(path)?.as_dir().map(|dir| Self::from(Arc::clone(dir)))
    }

    /// Digest of the whole tree.
    pub fn digest(&self) -> Digest {
        self.root.digest()
    }

    /// Files (anything but directories) in the tree.
    pub fn len(&self) -> usize {
        self.root.files()
    }

    /// Tells whether the tree holds nothing, not even an empty directory.
    pub fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// Bytes of all regular files.
    pub fn bytes(&self) -> u64 {
        self.root.bytes()
    }

    /// The tree as bytes, for [`Tree::from_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        pack::encode(&self.root, &Digest::default(), &mut |_, _, _| false)
    }

    /// Reads what [`Tree::to_bytes`] wrote, of which directories are looked into when first asked for; none where
    /// a byte is another than it was, or another version wrote it.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        pack::decode(bytes, &Digest::default()).map(|root| Self::new(root.into()))
    }

    /// All entries with their paths, directories before what they hold, in the byte order of names.
    pub fn iter(&self) -> Entries<'_> {
        Entries::new(self)
    }
}

impl From<Arc<Dir>> for Tree {
    fn from(root: Arc<Dir>) -> Self {
        Self { root }
    }
}

impl PartialEq for Tree {
    /// Equal digests: a directory's own mode does not count.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.root, &other.root) || self.digest() == other.digest()
    }
}

impl Eq for Tree {}

#[cfg(test)]
mod tests;
