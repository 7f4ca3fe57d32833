//! Directories as bytes, each read when it is first asked for: a large tree that did not change costs no more
//! than reading its file.
//!
//! `magic, what it is of, digest of the body, body`; the body is the place of the root and then one block a
//! directory, what a directory holds before the directory itself. A block is `mode, digest, files, bytes, odd
//! modes, plain, noted here, noted here and below, count, place of each entry, entries`; an entry is `kind,
//! name, ` and what there is to say of its kind. Numbers are little-endian, text is preceded by its length in 32
//! bits, entries stand in the order of their names.

use std::sync::Arc;

use super::{Dir, Entry, File, Special};
use crate::context::Digest;
use crate::context::names::Summary;

/// Changes whenever the layout does, or the way digests are made.
const MAGIC: &[u8; 16] = b"layerlab tree  2";
/// Bytes before the body.
const BODY: usize = 16 + 32 + 32;
/// Bytes of a block before the places of its entries.
const HEAD: usize = 4 + 32 + 8 + 8 + 1 + 1 + 4 + 8 + 4;

const FILE: u8 = b'f';
const LINK: u8 = b'l';
const SPECIAL: u8 = b's';
const DIR: u8 = b'd';

/// A directory in a pack.
#[derive(Debug, Clone)]
pub(in crate::context) struct Block {
    pack: Arc<Vec<u8>>,
    at: usize,
}

/// An entry of a block.
#[derive(Debug, Clone)]
pub(in crate::context) enum Packed<'a> {
    /// A regular file, and what was noted of it.
    File(File, &'a [u8]),
    Link(&'a str),
    Special(Special),
    Dir(Block),
}

/// Writes notes of files: given directory and name, it adds bytes (at most 255), and tells whether the note is
/// all there is to know of the file. A file without a note is never plain.
pub(in crate::context) type Notes<'a> = dyn FnMut(&str, &str, &mut Vec<u8>) -> bool + 'a;

/// Writes a directory and all below. `of` tells what it is of, and has to be given again to read it.
pub(in crate::context) fn encode(root: &Dir, of: &Digest, notes: &mut Notes<'_>) -> Vec<u8> {
    let mut out = [MAGIC.as_slice(), &of.0, &[0; 32], &[0; 8]].concat();
    let (at, _) = put_dir(&mut out, root, "", notes);
    out[BODY..BODY + 8].copy_from_slice(&(at as u64).to_le_bytes());
    let digest = digest(&out[BODY..]);
    out[BODY - 32..BODY].copy_from_slice(&digest.0);
    out
}

/// Reads the root of what [`encode`] wrote of this; none of anything else.
pub(in crate::context) fn decode(bytes: Vec<u8>, of: &Digest) -> Option<Block> {
    let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&of.0)?;
    let (said, body) = rest.split_at_checked(32)?;
    if digest(body).0 != said {
        return None;
    }
    let at = u64::from_le_bytes(*body.first_chunk()?) as usize;
    Block::at(&Arc::new(bytes), at)
}

fn digest(body: &[u8]) -> Digest {
    blake3::Hasher::new().update_rayon(body).finalize().into()
}

/// Writes a directory after all that it holds; yields where, and how many files below have a note.
fn put_dir(out: &mut Vec<u8>, dir: &Dir, path: &str, notes: &mut Notes<'_>) -> (usize, u64) {
    let mut entries = Vec::new();
    let mut places = Vec::with_capacity(dir.len());
    let (mut plain, mut noted, mut below) = (true, 0_u32, 0_u64);
    for (name, entry) in dir.iter() {
        places.push(entries.len() as u32);
        let kind = match entry {
            Entry::File(_) => FILE,
            Entry::Symlink(_) => LINK,
            Entry::Special(_) => SPECIAL,
            Entry::Dir(_) => DIR,
        };
        entries.push(kind);
        put_text(&mut entries, name);
        match entry {
            Entry::File(file) => {
                entries.extend_from_slice(&file.mode.to_le_bytes());
                entries.extend_from_slice(&file.size.to_le_bytes());
                entries.extend_from_slice(&file.content.0);
                let at = entries.len();
                entries.push(0);
                let is_plain = notes(path, name, &mut entries);
                let len = entries.len() - at - 1;
                // A note is short by its writer's word.
                entries[at] = u8::try_from(len).unwrap_or_default();
                plain &= is_plain && len > 0;
                noted += u32::from(len > 0);
            }
            Entry::Symlink(target) => put_text(&mut entries, target),
            Entry::Special(special) => {
                plain = false;
                entries.extend_from_slice(&special.mode.to_le_bytes());
                entries.extend_from_slice(&special.device.to_le_bytes());
            }
            Entry::Dir(child) => {
                let (at, more) = put_dir(out, child, &crate::context::path::join(path, name), notes);
                below += more;
                entries.extend_from_slice(&(at as u64).to_le_bytes());
            }
        }
    }
    below += u64::from(noted);
    let (at, summary) = (out.len(), dir.summary());
    let start = (HEAD + places.len() * 4) as u32;
    out.extend_from_slice(&dir.mode.to_le_bytes());
    out.extend_from_slice(&summary.digest.0);
    out.extend_from_slice(&(summary.files as u64).to_le_bytes());
    out.extend_from_slice(&summary.bytes.to_le_bytes());
    out.push(u8::from(summary.odd_modes));
    out.push(u8::from(plain));
    out.extend_from_slice(&noted.to_le_bytes());
    out.extend_from_slice(&below.to_le_bytes());
    out.extend_from_slice(&(places.len() as u32).to_le_bytes());
    for place in places {
        out.extend_from_slice(&(start + place).to_le_bytes());
    }
    out.extend_from_slice(&entries);
    (at, below)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

impl Block {
    /// A block at a place, if one can begin there.
    fn at(pack: &Arc<Vec<u8>>, at: usize) -> Option<Self> {
        pack.get(at..at.checked_add(HEAD)?)?;
        Some(Self { pack: Arc::clone(pack), at })
    }

    /// Tells whether it is this very block.
    pub fn is(&self, other: &Self) -> bool {
        self.at == other.at && Arc::ptr_eq(&self.pack, &other.pack)
    }

    /// A number of the head; there is always a whole one.
    fn number<const N: usize>(&self, offset: usize) -> [u8; N] {
        let from = self.pack.get(self.at + offset..).and_then(<[u8]>::first_chunk);
        from.copied().unwrap_or([0; N])
    }

    /// Permission bits of the directory.
    pub fn mode(&self) -> u32 {
        u32::from_le_bytes(self.number(0))
    }

    pub(in crate::context) fn summary(&self) -> Summary {
        Summary {
            digest: Digest(self.number(4)),
            files: u64::from_le_bytes(self.number(36)) as usize,
            bytes: u64::from_le_bytes(self.number(44)),
            odd_modes: self.number::<1>(52) != [0],
        }
    }

    /// Tells whether it holds nothing but directories, links, and files of which the note is all there is to know.
    pub fn is_plain(&self) -> bool {
        self.number::<1>(53) != [0]
    }

    /// How many of its files have a note.
    pub fn noted(&self) -> usize {
        u32::from_le_bytes(self.number(54)) as usize
    }

    /// How many files here and below have a note.
    pub fn noted_below(&self) -> usize {
        u64::from_le_bytes(self.number(58)) as usize
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        u32::from_le_bytes(self.number(66)) as usize
    }

    /// The entry of a number, in the order of names.
    pub fn entry(&self, number: usize) -> Option<(&str, Packed<'_>)> {
        let place = u32::from_le_bytes(self.number(HEAD + number * 4)) as usize;
        let mut from = self.pack.get(self.at + place..)?;
        let [kind] = take(&mut from)?;
        let name = take_text(&mut from)?;
        let packed = match kind {
            FILE => {
                let (mode, size) =
                    (u32::from_le_bytes(take(&mut from)?), u64::from_le_bytes(take(&mut from)?));
                let content = Digest(take(&mut from)?);
                let [len] = take(&mut from)?;
                Packed::File(File { mode, size, content }, from.get(..usize::from(len))?)
            }
            LINK => Packed::Link(take_text(&mut from)?),
            SPECIAL => {
                let mode = u32::from_le_bytes(take(&mut from)?);
                Packed::Special(Special { mode, device: u64::from_le_bytes(take(&mut from)?) })
            }
            _ => {
                let at = u64::from_le_bytes(take(&mut from)?) as usize;
                // What a directory holds stands before it, so that nothing can hold itself.
                Packed::Dir(Self::at(&self.pack, at).filter(|b| b.at < self.at)?)
            }
        };
        Some((name, packed))
    }

    fn name(&self, number: usize) -> Option<&str> {
        let place = u32::from_le_bytes(self.number(HEAD + number * 4)) as usize;
        let mut from = self.pack.get(self.at + place + 1..)?;
        take_text(&mut from)
    }

    /// The number of a name's entry.
    pub fn find(&self, name: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.name(middle)?.cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// What stands under a name.
    pub fn get(&self, name: &str) -> Option<Packed<'_>> {
        self.entry(self.find(name)?).map(|(_, packed)| packed)
    }

    /// The block of a directory at a clean path below.
    pub fn below(&self, path: &str) -> Option<Self> {
        let mut here = self.clone();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let Some(Packed::Dir(next)) = here.get(name) else { return None };
            here = next;
        }
        Some(here)
    }

    /// Its entries in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Packed<'_>)> {
        (0..self.len()).map_while(|number| self.entry(number))
    }

    /// Its entries as a directory's.
    pub(super) fn entries(&self) -> Vec<(Arc<str>, Entry)> {
        self.iter().map(|(name, packed)| (name.into(), packed.into())).collect()
    }
}

impl From<Packed<'_>> for Entry {
    fn from(packed: Packed<'_>) -> Self {
        match packed {
            Packed::File(file, _) => Self::File(file),
            Packed::Link(target) => Self::symlink(target),
            Packed::Special(special) => Self::Special(special),
            Packed::Dir(block) => Self::Dir(Arc::new(block.into())),
        }
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*head)
}

fn take_text<'a>(from: &mut &'a [u8]) -> Option<&'a str> {
    let len = u32::from_le_bytes(take(from)?) as usize;
    let (head, rest) = from.split_at_checked(len)?;
    *from = rest;
    std::str::from_utf8(head).ok()
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::*;

    fn sample() -> Tree {
        let mut tree = Tree::from_pairs([("a/b/c.js", "c"), ("a/b.js", "b"), ("a/ü", ""), ("z", "z")]);
        tree.insert("a/link", Entry::symlink("../z"));
        tree.insert("a/odd", Entry::file(0o600, b"odd"));
        tree.insert("pipe/x", Entry::Special(Special { mode: 0o010_644, device: 7 }));
        tree.insert("empty", Entry::Dir(Arc::new(Dir::new(0o700, []))));
        tree
    }

    /// Notes a file by its name, unless it is called `z`; what is odd is not plain.
    fn note(_: &str, name: &str, out: &mut Vec<u8>) -> bool {
        if name != "z" {
            out.extend_from_slice(name.as_bytes());
        }
        name != "odd"
    }

    fn packed(tree: &Tree) -> (Vec<u8>, Digest) {
        let of = Digest::of(b"this");
        (encode(tree.root(), &of, &mut note), of)
    }

    #[test]
    fn there_and_back() {
        let tree = sample();
        let (bytes, of) = packed(&tree);
        let root = decode(bytes.clone(), &of).unwrap();
        let back = Tree::new(root.clone().into());
        // Once by what was kept, once by what is computed of each directory anew.
        assert_eq!((back.digest(), back.len(), back.bytes()), (tree.digest(), tree.len(), tree.bytes()));
        let listed = |t: &Tree| -> Vec<_> { t.iter().map(|(p, e)| (p, e.digest())).collect() };
        assert_eq!(listed(&back), listed(&tree));
        assert_eq!(back.subtree("empty").unwrap().root().mode, 0o700);
        let mut anew = Tree::default();
        for (path, entry) in back.iter().filter(|(p, e)| !e.is_dir() || p == "empty") {
            anew.insert(&path, entry.clone());
        }
        assert_eq!(anew, tree);
        assert!(decode(bytes, &Digest::of(b"that")).is_none(), "another's is not taken");
    }

    #[test]
    fn notes_and_what_is_plain() {
        let (bytes, of) = packed(&sample());
        let root = decode(bytes, &of).unwrap();
        let at = |path: &str| root.below(path).unwrap();
        assert!(matches!(at("a").get("ü"), Some(Packed::File(_, note)) if note == "ü".as_bytes()));
        assert!(at("a/b").is_plain() && at("empty").is_plain());
        assert!(!root.is_plain(), "z has no note");
        assert!(!at("a").is_plain() && !at("pipe").is_plain());
        assert_eq!((at("a").noted(), at("a").noted_below(), root.noted(), root.noted_below()), (3, 4, 0, 4));
        assert!(at("a").summary().odd_modes && root.summary().odd_modes && !at("a/b").summary().odd_modes);
        assert!(at("a").find("b").is_some() && at("a").find("bb").is_none() && root.below("a/x").is_none());
    }

    #[test]
    fn a_changed_directory_shares_the_rest() {
        let (bytes, of) = packed(&sample());
        let mut back = Tree::new(decode(bytes, &of).unwrap().into());
        let mut tree = sample();
        for t in [&mut back, &mut tree] {
            t.insert("a/b/new", Entry::file(0o644, b"new"));
            t.remove("z");
        }
        assert_eq!(back, tree);
        assert!(back.root().get("pipe").and_then(Entry::as_dir).is_some_and(|d| d.block().is_some()));
        assert!(back.root().get("a").and_then(Entry::as_dir).is_some_and(|d| d.block().is_none()));
    }

    #[test]
    fn spoilt_bytes_are_nothing() {
        let (good, of) = packed(&sample());
        for spoil in 0..good.len() {
            let mut bad = good.clone();
            bad[spoil] ^= 1;
            assert!(decode(bad, &of).is_none(), "byte {spoil}");
            assert!(decode(good[..spoil].to_vec(), &of).is_none(), "cut at {spoil}");
        }
    }
}
