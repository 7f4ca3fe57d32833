//! The entries of one directory: an ordered map from names to entries that shares what does not change.
//!
//! A directory may hold tens of thousands of entries, and one edit must not copy or hash them all. So the
//! sorted list is cut into chunks where a hash of the name says so (one name in 32 ends its chunk). The cuts
//! follow from the set of names alone, never from the history of edits, so equal directories have equal
//! chunks, a change touches one chunk, and each chunk keeps its own digest.

use std::cmp::Ordering;
use std::sync::{Arc, OnceLock};

use super::Digest;
use super::tree::Entry;

/// One name and what stands there.
pub(super) type Named = (Arc<str>, Entry);

/// What is known of some entries together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    /// Digest of names and contents.
    pub digest: Digest,
    /// Regular files, symlinks and specials, at any depth.
    pub files: usize,
    /// Bytes of the regular files.
    pub bytes: u64,
    /// One of them has a mode that git does not record.
    pub odd_modes: bool,
}

/// Sorted, never empty; only its last name may be a cut.
#[derive(Debug, Default)]
struct Chunk {
    entries: Vec<Named>,
    summary: OnceLock<Summary>,
}

/// The map.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    chunks: Vec<Arc<Chunk>>,
}

impl Chunk {
    fn new(entries: Vec<Named>) -> Arc<Self> {
        Arc::new(Self { entries, summary: OnceLock::new() })
    }

    fn last(&self) -> &str {
        &self.entries[self.entries.len() - 1].0
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(n, _)| (**n).cmp(name))
    }

    fn summary(&self) -> Summary {
        *self.summary.get_or_init(|| {
            let mut h = blake3::Hasher::new();
            let (mut files, mut bytes, mut odd_modes) = (0, 0, false);
            for (name, entry) in &self.entries {
                h.update(&(name.len() as u64).to_le_bytes());
                h.update(name.as_bytes());
                h.update(&entry.digest().0);
                let (f, b) = entry.weight();
                files += f;
                bytes += b;
                odd_modes |= entry.has_odd_modes();
            }
            Summary { digest: h.finalize().into(), files, bytes, odd_modes }
        })
    }
}

/// Whether a name ends its chunk: FNV-1a, of which the middle bits mix best.
fn is_cut(name: &str) -> bool {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
    (hash ^ (hash >> 29)).is_multiple_of(32)
}

/// Cuts sorted entries into chunks.
fn cut(entries: Vec<Named>) -> Vec<Arc<Chunk>> {
    let mut chunks = Vec::new();
    let mut open = Vec::with_capacity(entries.len().min(32));
    for entry in entries {
        let end = is_cut(&entry.0);
        open.push(entry);
        if end {
            chunks.push(Chunk::new(std::mem::take(&mut open)));
        }
    }
    if !open.is_empty() {
        chunks.push(Chunk::new(open));
    }
    chunks
}

/// Chunks being made of sorted entries.
struct Cutter {
    chunks: Vec<Arc<Chunk>>,
    open: Vec<Named>,
}

impl Cutter {
    fn put(&mut self, name: Arc<str>, entry: Option<Entry>) {
        let Some(entry) = entry else { return };
        let end = is_cut(&name);
        self.open.push((name, entry));
        if end {
            self.chunks.push(Chunk::new(std::mem::take(&mut self.open)));
        }
    }

    fn finish(mut self) -> Names {
        if !self.open.is_empty() {
            self.chunks.push(Chunk::new(self.open));
        }
        Names { chunks: self.chunks }
    }
}

impl Names {
    /// Takes entries in any order; of two of one name the later counts.
    pub fn from_unsorted(mut entries: Vec<Named>) -> Self {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self { chunks: cut(entries) }
    }

    /// Index of the chunk where a name stands or would stand.
    fn chunk_of(&self, name: &str) -> usize {
        self.chunks.partition_point(|c| c.last() < name).min(self.chunks.len().saturating_sub(1))
    }

    pub fn get(&self, name: &str) -> Option<&Entry> {
        let chunk = self.chunks.get(self.chunk_of(name))?;
        chunk.find(name).ok().map(|i| &chunk.entries[i].1)
    }

    /// Puts an entry, in place of the one of that name where there is one.
    pub fn set(&mut self, name: &str, entry: Entry) {
        if self.chunks.is_empty() {
            self.chunks = cut(vec![(name.into(), entry)]);
            return;
        }
        let at = self.chunk_of(name);
        let mut entries = self.chunks[at].entries.clone();
        match self.chunks[at].find(name) {
            Ok(i) => entries[i].1 = entry,
            Err(i) => entries.insert(i, (name.into(), entry)),
        }
        self.chunks.splice(at..=at, cut(entries));
    }

    /// Takes a name out and tells whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let at = self.chunk_of(name);
        let Some(Ok(i)) = self.chunks.get(at).map(|c| c.find(name)) else { return false };
        let mut entries = self.chunks[at].entries.clone();
        entries.remove(i);
        // The chunk may have lost its cut, so that the next one belongs to it.
        let end = (at + 1).min(self.chunks.len() - 1);
        if end > at {
            entries.extend_from_slice(&self.chunks[end].entries);
        }
        self.chunks.splice(at..=end, cut(entries));
        true
    }

    /// Puts and takes out many names at once, given in order and each at most once; a chunk is made anew at most once.
    pub fn edited(&self, edits: Vec<(&str, Option<Entry>)>) -> Self {
        let mut edits = edits.into_iter().peekable();
        let mut out = Cutter { chunks: Vec::with_capacity(self.chunks.len() + 1), open: Vec::new() };
        for (at, chunk) in self.chunks.iter().enumerate() {
            // What stands after the last name belongs to the last chunk, unless that one is complete.
            let endless = at + 1 == self.chunks.len() && !is_cut(chunk.last());
            let is_here = |name: &str| endless || name <= chunk.last();
            if out.open.is_empty() && !edits.peek().is_some_and(|(name, _)| is_here(name)) {
                out.chunks.push(Arc::clone(chunk));
                continue;
            }
            for (name, entry) in &chunk.entries {
                while let Some((new, put)) = edits.next_if(|(new, _)| *new < &**name) {
                    out.put(new.into(), put);
                }
                match edits.next_if(|(new, _)| *new == &**name) {
                    Some((_, put)) => out.put(Arc::clone(name), put),
                    None => out.put(Arc::clone(name), Some(entry.clone())),
                }
            }
            if endless {
                edits.by_ref().for_each(|(new, put)| out.put(new.into(), put));
            }
        }
        edits.for_each(|(new, put)| out.put(new.into(), put));
        out.finish()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.chunks.iter().flat_map(|c| &c.entries).map(|(n, e)| (&**n, e))
    }

    pub fn len(&self) -> usize {
        self.chunks.iter().map(|c| c.entries.len()).sum()
    }

    pub fn summary(&self) -> Summary {
        let mut h = blake3::Hasher::new();
        h.update(b"directory");
        let (mut files, mut bytes, mut odd_modes) = (0, 0, false);
        for chunk in &self.chunks {
            let s = chunk.summary();
            h.update(&s.digest.0);
            files += s.files;
            bytes += s.bytes;
            odd_modes |= s.odd_modes;
        }
        Summary { digest: h.finalize().into(), files, bytes, odd_modes }
    }

    /// Calls `see(name, old, new)` for the names of the chunks that differ, in order.
    pub fn compare<'a>(
        &'a self,
        other: &'a Self,
        see: impl FnMut(&'a str, Option<&'a Entry>, Option<&'a Entry>),
    ) {
        self.compare_by(other, |x, y| Arc::ptr_eq(x, y) || x.summary().digest == y.summary().digest, see);
    }

    /// The same for the names of the chunks that are not one and the same, and hashes nothing.
    pub fn compare_shared<'a>(
        &'a self,
        other: &'a Self,
        see: impl FnMut(&'a str, Option<&'a Entry>, Option<&'a Entry>),
    ) {
        self.compare_by(other, Arc::ptr_eq, see);
    }

    fn compare_by<'a>(
        &'a self,
        other: &'a Self,
        is_same: impl Fn(&Arc<Chunk>, &Arc<Chunk>) -> bool,
        mut see: impl FnMut(&'a str, Option<&'a Entry>, Option<&'a Entry>),
    ) {
        let (mut olds, mut news): (Vec<&Named>, Vec<&Named>) = (Vec::new(), Vec::new());
        let (mut a, mut b) = (self.chunks.iter().peekable(), other.chunks.iter().peekable());
        loop {
            let order = match (a.peek(), b.peek()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(x), Some(y)) => x.last().cmp(y.last()),
            };
            let x = if order.is_le() { a.next() } else { None };
            let y = if order.is_ge() { b.next() } else { None };
            if let (Some(x), Some(y)) = (x, y)
                && is_same(x, y)
            {
                continue;
            }
            olds.extend(x.into_iter().flat_map(|c| &c.entries));
            news.extend(y.into_iter().flat_map(|c| &c.entries));
        }
        let (mut a, mut b) = (olds.into_iter().peekable(), news.into_iter().peekable());
        while let Some(name) = [a.peek(), b.peek()].into_iter().flatten().map(|named| &*named.0).min() {
            let old = a.next_if(|x| &*x.0 == name);
            let new = b.next_if(|y| &*y.0 == name);
            see(name, old.map(|x| &x.1), new.map(|y| &y.1));
        }
    }
}
