//! A directory tree as an immutable value with shared parts: cheap to copy, cheap to change in one place.

use std::sync::{Arc, OnceLock};

use super::names::{Names, Summary};
use super::{Digest, path};

pub(super) mod pack;

use pack::Block;

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

/// A directory.
#[derive(Debug, Clone, Default)]
pub struct Dir {
    /// Permission bits with setuid, setgid and sticky. Not part of the digest.
    pub mode: u32,
    /// From the block when first asked for, if there is one.
    names: OnceLock<Names>,
    summary: OnceLock<Summary>,
    /// The bytes that it was read from; none once it was changed.
    block: Option<Block>,
}

/// What stands at a path.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A regular file (hard links count as files).
    File(File),
    /// A symbolic link, with the text of its target.
    Symlink(Arc<str>),
    /// A directory.
    Dir(Arc<Dir>),
    /// A FIFO or device, which BuildKit transfers by its header alone.
    Special(Special),
}

/// A regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    /// Digest of its bytes (and of its extended attributes, where it has any that count).
    pub content: Digest,
}

/// A FIFO or device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// File type and permission bits.
    pub mode: u32,
    /// Device number, 0 for a FIFO.
    pub device: u64,
}

/// A path led through more than 255 symbolic links, where BuildKit gives up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("too many symbolic links on the way to /{path}")]
pub struct TooManyLinks {
    /// The path asked for.
    pub path: String,
}

const MAX_LINKS: usize = 255;

/// The mode that git records for a file: whether its owner may run it is all that counts.
pub(super) fn git_mode(mode: u32) -> u32 {
    if mode & 0o100 == 0 { 0o644 } else { 0o755 }
}

impl Entry {
    /// Makes a regular file of some bytes.
    pub fn file(mode: u32, bytes: &[u8]) -> Self {
        Self::File(File { mode, size: bytes.len() as u64, content: Digest::of(bytes) })
    }

    /// Makes a symbolic link.
    pub fn symlink(target: &str) -> Self {
        Self::Symlink(target.into())
    }

    /// Digest of what stands here, without its name.
    pub fn digest(&self) -> Digest {
        match self {
            Self::File(f) => {
                let mut bytes = [0; 45];
                bytes[0] = b'f';
                bytes[1..5].copy_from_slice(&f.mode.to_le_bytes());
                bytes[5..13].copy_from_slice(&f.size.to_le_bytes());
                bytes[13..].copy_from_slice(&f.content.0);
                Digest::of(&bytes)
            }
            Self::Symlink(target) => Digest::of_parts([b"symlink".as_slice(), target.as_bytes()]),
            Self::Dir(dir) => dir.digest(),
            Self::Special(s) => {
                Digest::of_parts([b"special".as_slice(), &s.mode.to_le_bytes(), &s.device.to_le_bytes()])
            }
        }
    }

    /// Files (anything but directories) at and below, and bytes of the regular ones.
    pub fn weight(&self) -> (usize, u64) {
        match self {
            Self::File(f) => (1, f.size),
            Self::Symlink(_) | Self::Special(_) => (1, 0),
            Self::Dir(d) => (d.files(), d.bytes()),
        }
    }

    /// Tells whether it is a file with a mode that git does not record, or holds one.
    pub fn has_odd_modes(&self) -> bool {
        match self {
            Self::File(f) => f.mode != git_mode(f.mode),
            Self::Dir(d) => d.has_odd_modes(),
            Self::Symlink(_) | Self::Special(_) => false,
        }
    }

    /// The directory, if it is one.
    pub fn as_dir(&self) -> Option<&Arc<Dir>> {
        if let Self::Dir(d) = self { Some(d) } else { None }
    }

    /// Tells whether it is a directory.
    pub fn is_dir(&self) -> bool {
        matches!(self, Self::Dir(_))
    }
}

impl Dir {
    /// Makes a directory of entries in any order; of two of one name the later counts.
    pub fn new(mode: u32, entries: impl IntoIterator<Item = (Arc<str>, Entry)>) -> Self {
        let names = Names::from_unsorted(entries.into_iter().collect()).into();
        Self { mode, names, summary: OnceLock::new(), block: None }
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| match &self.block {
            Some(block) => Names::from_unsorted(block.entries()),
            None => Names::default(),
        })
    }

    /// Its names, to be changed: what was known of them together is forgotten.
    fn names_mut(&mut self) -> &mut Names {
        self.names();
        self.block = None;
        self.summary = OnceLock::new();
        self.names.get_mut().expect("they were just read")
    }

    /// The block that it was read from, if it did not change since.
    pub(super) fn block(&self) -> Option<&Block> {
        self.block.as_ref()
    }

    /// What stands under a name of this directory.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.names().get(name)
    }

    /// Its entries in the byte order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.names().iter()
    }

    /// How many entries it holds itself.
    pub fn len(&self) -> usize {
        self.block.as_ref().map_or_else(|| self.names().len(), Block::len)
    }

    /// Tells whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn summary(&self) -> &Summary {
        self.summary.get_or_init(|| self.names().summary())
    }

    /// Digest of all below: names and their digests in order, not its own mode.
    pub fn digest(&self) -> Digest {
        self.summary().digest
    }

    /// Files (anything but directories) at any depth.
    pub fn files(&self) -> usize {
        self.summary().files
    }

    /// Bytes of all regular files at any depth.
    pub fn bytes(&self) -> u64 {
        self.summary().bytes
    }

    /// Tells whether any file here or below has a mode that git does not record.
    pub fn has_odd_modes(&self) -> bool {
        self.summary().odd_modes
    }

    /// Calls `see(name, old, new)` for names that may differ between this directory and a newer one, in order.
    pub(super) fn compare<'a>(
        &'a self,
        newer: &'a Self,
        see: impl FnMut(&'a str, Option<&'a Entry>, Option<&'a Entry>),
    ) {
        self.names().compare(newer.names(), see);
    }

    /// Calls `see(name, old, new)` for names that may differ between this directory and one made of it, in order.
    ///
    /// What both share is skipped; nothing is hashed.
    pub fn compare_shared<'a>(
        &'a self,
        newer: &'a Self,
        see: impl FnMut(&'a str, Option<&'a Entry>, Option<&'a Entry>),
    ) {
        self.names().compare_shared(newer.names(), see);
    }

    /// Makes a directory of this one with some names put or taken out, given in order and each at most once.
    pub fn edited(&self, edits: Vec<(&str, Option<Entry>)>) -> Self {
        let names = self.names().edited(edits).into();
        Self { mode: self.mode, names, summary: OnceLock::new(), block: None }
    }

    /// Changes the entries at some paths below, sorted by [`by_parts`], whose first `skip` bytes are this
    /// directory's; directories that become empty go.
    fn edited_below(&self, edits: &[(&str, Option<Entry>)], skip: usize) -> Self {
        let mut own: Vec<(&str, Option<Entry>)> = Vec::new();
        let mut rest = edits;
        while let Some((path, _)) = rest.first() {
            let name = path[skip..].split('/').next().unwrap_or_default();
            let end = skip + name.len();
            let of_name = rest.iter().take_while(|(path, _)| {
                path.as_bytes()[skip..].starts_with(name.as_bytes())
                    && path.as_bytes().get(end).is_none_or(|&next| next == b'/')
            });
            let (group, others) = rest.split_at(of_name.count());
            rest = others;
            let here = group.iter().take_while(|(path, _)| path.len() == end).count();
            let (here, below) = group.split_at(here);
            let is_dir = self.names().get(name).is_some_and(Entry::is_dir);
            if here.is_empty() && !is_dir && below.iter().all(|(_, entry)| entry.is_none()) {
                continue;
            }
            let put = here.iter().rev().find_map(|(_, entry)| entry.clone());
            let entry = if below.is_empty() || put.is_some() {
                put
            } else {
                let empty = Self { mode: 0o755, ..Self::default() };
                let dir = match self.names().get(name) {
                    Some(Entry::Dir(dir)) if here.is_empty() => dir.edited_below(below, end + 1),
                    _ => empty.edited_below(below, end + 1),
                };
                (!dir.is_empty()).then(|| Entry::Dir(Arc::new(dir)))
            };
            own.push((name, entry));
        }
        self.edited(own)
    }

    /// Changes the entry at a path below, making the directories that lead there.
    fn put(&mut self, path: &str, entry: Entry) {
        let Some((name, rest)) = path.split_once('/') else {
            self.names_mut().set(path, entry);
            return;
        };
        let mut dir = match self.names().get(name) {
            Some(Entry::Dir(d)) => Arc::clone(d),
            _ => Arc::new(Self { mode: 0o755, ..Self::default() }),
        };
        Arc::make_mut(&mut dir).put(rest, entry);
        self.names_mut().set(name, Entry::Dir(dir));
    }

    /// Takes the entry at a path below out, and tells whether it was there.
    fn take(&mut self, path: &str) -> bool {
        match path.split_once('/') {
            None => self.get(path).is_some() && self.names_mut().remove(path),
            Some((name, rest)) => {
                let Some(Entry::Dir(dir)) = self.names().get(name) else { return false };
                let mut dir = Arc::clone(dir);
                let taken = dir.reaches(rest) && Arc::make_mut(&mut dir).take(rest);
                if taken {
                    self.names_mut().set(name, Entry::Dir(dir));
                }
                taken
            }
        }
    }

    /// This directory with another laid over it: directories that both have are merged, of all else the upper
    /// one's is taken. Costs no more than the smaller of two directories that differ.
    fn under(self: &Arc<Self>, upper: &Arc<Self>) -> Arc<Self> {
        if upper.is_empty() || Arc::ptr_eq(self, upper) || self.digest() == upper.digest() {
            return Arc::clone(self);
        }
        let small_below = self.len() <= upper.len();
        let (mut merged, few) = if small_below {
            (Self { mode: self.mode, ..Self::clone(upper) }, self)
        } else {
            (Self::clone(self), upper)
        };
        for (name, entry) in few.iter() {
            match (self.get(name), upper.get(name)) {
                (Some(Entry::Dir(a)), Some(Entry::Dir(b))) => merged.put(name, Entry::Dir(a.under(b))),
                // What the upper one has is there already.
                (_, Some(_)) if small_below => {}
                _ => merged.put(name, entry.clone()),
            }
        }
        Arc::new(merged)
    }

    fn reaches(&self, path: &str) -> bool {
        match path.split_once('/') {
            None => self.get(path).is_some(),
            Some((name, rest)) => self.get(name).and_then(Entry::as_dir).is_some_and(|d| d.reaches(rest)),
        }
    }
}

impl From<Block> for Dir {
    fn from(block: Block) -> Self {
        let summary = block.summary().into();
        Self { mode: block.mode(), names: OnceLock::new(), summary, block: Some(block) }
    }
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
            self.root = Arc::new(Dir { mode: self.root.mode, ..Dir::default() });
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
        Entries { stack: vec![(String::new(), Box::new(self.root.iter()))] }
    }

    /// Follows a path as BuildKit's content hash does: links on the way always, one at the end if asked.
    ///
    /// Yields where it led and what stands there. Links cannot leave the root; an absolute target starts from
    /// it. A part that is missing is taken literally, so that `missing/..` is where it began.
    pub fn resolve(&self, path: &str, follow_last: bool) -> Result<Option<(String, Entry)>, TooManyLinks> {
        let (at, entry) = self.trace(path, follow_last, |_| {})?;
        Ok(entry.map(|entry| (at, entry)))
    }

    /// Follows a path like [`Tree::resolve`] and tells of every link that it follows; yields also where a path
    /// led that is not there.
    pub(super) fn trace(
        &self,
        path: &str,
        follow_last: bool,
        mut follows: impl FnMut(&str),
    ) -> Result<(String, Option<Entry>), TooManyLinks> {
        let asked = path::clean(path);
        match self.get(&asked) {
            Some(Entry::Symlink(_)) if follow_last => {}
            Some(entry) => return Ok((asked.into_owned(), Some(entry))),
            None => {}
        }
        let (mut here, mut links) = (String::new(), 0);
        let mut rest: Vec<String> = asked.rsplit('/').map(String::from).collect();
        while let Some(part) = rest.pop() {
            let next = path::clean(&path::join(&here, &part)).into_owned();
            match self.get(&next) {
                Some(Entry::Symlink(target)) if follow_last || !rest.is_empty() => {
                    follows(&next);
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TooManyLinks { path: asked.into_owned() });
                    }
                    rest.extend(target.rsplit('/').filter(|p| !p.is_empty()).map(String::from));
                    if target.starts_with('/') {
                        here.clear();
                    }
                }
                _ => here = next,
            }
        }
        let entry = self.get(&here);
        Ok((here, entry))
    }
}

/// Orders paths so that a directory stands right before all below it.
fn by_parts(a: &str, b: &str) -> std::cmp::Ordering {
    let part = |byte| if byte == b'/' { 0 } else { byte };
    a.bytes().map(part).cmp(b.bytes().map(part))
}

impl<'a> IntoIterator for &'a Tree {
    type Item = (String, &'a Entry);
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.iter()
    }
}

/// Iterates over all entries of a tree; see [`Tree::iter`].
pub struct Entries<'a> {
    /// Directories that were entered, with what is left of each.
    stack: Vec<(String, Listing<'a>)>,
}

type Listing<'a> = Box<dyn Iterator<Item = (&'a str, &'a Entry)> + 'a>;

impl<'a> Iterator for Entries<'a> {
    type Item = (String, &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (dir, entries) = self.stack.last_mut()?;
            let Some((name, entry)) = entries.next() else {
                self.stack.pop();
                continue;
            };
            let path = path::join(dir, name);
            if let Entry::Dir(d) = entry {
                self.stack.push((path.clone(), Box::new(d.iter())));
            }
            return Some((path, entry));
        }
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
