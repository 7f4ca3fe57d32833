//! A directory: its names, what is known of all below, and how it is changed in place.

use std::sync::{Arc, OnceLock};

use super::super::Digest;
use super::super::names::{Names, Summary};
use super::Entry;
use super::pack::Block;

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
    pub(in crate::context) fn block(&self) -> Option<&Block> {
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

    pub(in crate::context) fn summary(&self) -> &Summary {
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
    pub(in crate::context) fn compare<'a>(
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
    pub(super) fn edited_below(&self, edits: &[(&str, Option<Entry>)], skip: usize) -> Self {
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
    pub(super) fn put(&mut self, path: &str, entry: Entry) {
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
    pub(super) fn take(&mut self, path: &str) -> bool {
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
    pub(super) fn under(self: &Arc<Self>, upper: &Arc<Self>) -> Arc<Self> {
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

    pub(super) fn reaches(&self, path: &str) -> bool {
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

/// Orders paths so that a directory stands right before all below it.
pub(super) fn by_parts(a: &str, b: &str) -> std::cmp::Ordering {
    let part = |byte| if byte == b'/' { 0 } else { byte };
    a.bytes().map(part).cmp(b.bytes().map(part))
}
