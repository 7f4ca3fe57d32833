//! Selections by wildcard, --exclude and --parents: the list of matched paths with their digests.
//!
//! BuildKit hashes a flat list. Here the same list is hashed as the nested directories that it describes: two
//! lists are equal exactly when their nestings are, and an unchanged directory keeps its part.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::glob::{self, Glob, Level};
use super::super::patterns::{BadEntry, Matched, Patterns};
use super::super::tree::{Dir, Entry, Tree};
use super::super::{Digest, path};
use super::{SelectError, Selection, Selector, plain};

/// Parts of filtered selections, kept between calls; it holds one part per selector and directory.
#[derive(Debug, Clone, Default)]
pub struct Memo {
    parts: HashMap<Selector, HashMap<String, (Digest, Part)>>,
}

/// What a filter takes from one entry and below.
#[derive(Debug, Clone, Default)]
struct Part {
    /// None where nothing is taken.
    digest: Option<Digest>,
    /// Paths in BuildKit's list, directories included.
    listed: usize,
    files: usize,
    bytes: u64,
    /// The last name and digest of the one path, where one path is listed.
    only: Option<(String, Digest)>,
}

/// How the patterns judged a directory, for what it holds.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    include: Option<Matched>,
    exclude: Option<Matched>,
}

/// A selector with its patterns read.
pub(super) struct Filter<'a> {
    pub selector: &'a Selector,
    include: Option<Patterns>,
    exclude: Option<Patterns>,
    /// The fixed prefix of a wildcard, and the pattern below it.
    glob: Option<(&'a str, Glob)>,
}

impl<'a> Filter<'a> {
    pub fn new(selector: &'a Selector) -> Result<Self, SelectError> {
        let glob = if selector.wildcard {
            let (prefix, rest) = glob::split_wildcards(&selector.path);
            let glob = Glob::new(rest).map_err(|bad| SelectError::BadPattern {
                pattern: selector.path.clone(),
                message: bad.why.to_string(),
            })?;
            Some((prefix, glob))
        } else {
            None
        };
        Ok(Self { selector, include: read(&selector.include)?, exclude: read(&selector.exclude)?, glob })
    }

    /// The path where the filter begins, and whether a link at its end is followed: as in BuildKit those of a
    /// wildcard's prefix all are, those of a plain path all but the last.
    pub fn base(&self) -> (&'a str, bool) {
        match &self.glob {
            Some((prefix, _)) => (prefix, true),
            None => (&self.selector.path, false),
        }
    }

    /// Judges a candidate: its path relative to the match or to the plain source.
    pub fn judge(&self, candidate: &str, dir: Option<&State>) -> (bool, State) {
        let mut state = State::default();
        if let Some(include) = &self.include {
            let (taken, matched, _) = include.judge(candidate, dir.and_then(|d| d.include.as_ref()));
            state.include = Some(matched);
            if !taken {
                return (false, state);
            }
        }
        if let Some(exclude) = &self.exclude {
            let (left_out, matched, _) = exclude.judge(candidate, dir.and_then(|d| d.exclude.as_ref()));
            state.exclude = Some(matched);
            if left_out {
                return (false, state);
            }
        }
        (true, state)
    }

    /// The pattern below the fixed prefix, if the source is one.
    pub fn glob(&self) -> Option<&Glob> {
        self.glob.as_ref().map(|(_, glob)| glob)
    }
}

fn read(patterns: &[String]) -> Result<Option<Patterns>, SelectError> {
    let bad = |e: BadEntry| SelectError::BadPattern {
        pattern: patterns[e.index].clone(),
        message: e.bad.why.to_string(),
    };
    if patterns.is_empty() { Ok(None) } else { Patterns::new(patterns).map(Some).map_err(bad) }
}

/// Where in the tree a filter is.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// From the root, as the selector names it.
    path: &'p str,
    /// Relative to the match or the plain source.
    candidate: &'p str,
    /// How the directory was judged; none at the top, where links are followed.
    dir: Option<&'p State>,
}

struct Walk<'a> {
    tree: &'a Tree,
    filter: &'a Filter<'a>,
    parts: &'a mut HashMap<String, (Digest, Part)>,
}

pub(super) fn select(tree: &Tree, selector: &Selector, memo: &mut Memo) -> Result<Selection, SelectError> {
    let filter = Filter::new(selector)?;
    let (named, follow) = filter.base();
    let mut missing = None;
    let part = match tree.resolve(named, follow)? {
        Some((_, entry)) => {
            let parts = memo.parts.entry(selector.clone()).or_default();
            Walk { tree, filter: &filter, parts }.base(named, &entry)?
        }
        None => {
            missing = (!selector.wildcard).then(|| format!("/{named}"));
            Part::default()
        }
    };
    if let Some(required) = selector.required.as_ref().filter(|_| part.listed == 0) {
        return Err(SelectError::not_found(required));
    }
    let base_name = path::split(&selector.path).1;
    let digest = match part.only {
        Some((name, digest)) if name == base_name => digest,
        _ => Digest::of_parts([b"list".as_slice(), &part.digest.unwrap_or_default().0]),
    };
    Ok(Selection { digest, files: part.files, bytes: part.bytes, missing })
}

impl Walk<'_> {
    fn base(&mut self, at: &str, entry: &Entry) -> Result<Part, SelectError> {
        match (entry, self.filter.glob()) {
            (Entry::Dir(dir), Some(glob)) => self.matches(dir, glob, at, "", 0),
            (_, Some(_)) => Ok(Part::default()),
            // BuildKit leaves the header of a source that ends in a slash out; only the root does.
            (Entry::Dir(dir), None) if at.is_empty() => self.entries(dir, at, "", None),
            (_, None) => self.entry(entry, Place { path: at, candidate: "", dir: None }),
        }
    }

    /// Looks for matches of the wildcard in a directory that leads to them.
    fn matches(
        &mut self,
        dir: &Arc<Dir>,
        glob: &Glob,
        at: &str,
        below: &str,
        depth: usize,
    ) -> Result<Part, SelectError> {
        let mut list = List::default();
        for (name, entry) in dir.iter() {
            let rest = path::join(below, name);
            let part = match (glob.level(&rest, name, depth), entry) {
                (Level::Match, _) => {
                    let full = path::join(at, name);
                    self.entry(entry, Place { path: &full, candidate: "", dir: None })?
                }
                (Level::Below, Entry::Dir(d)) => {
                    self.matches(d, glob, &path::join(at, name), &rest, depth + 1)?
                }
                _ => continue,
            };
            list.add(name, part);
        }
        Ok(list.close(None))
    }

    fn entry(&mut self, entry: &Entry, place: Place<'_>) -> Result<Part, SelectError> {
        let (taken, state) = self.filter.judge(place.candidate, place.dir);
        let name = path::split(place.path).1;
        if let Entry::Dir(dir) = entry {
            let digest = dir.digest();
            if let Some((was, part)) = self.parts.get(place.path)
                && *was == digest
            {
                return Ok(part.clone());
            }
            let mut part = self.entries(dir, place.path, place.candidate, Some(&state))?;
            // A directory is listed if it is taken itself or if anything below it is.
            if taken || part.listed > 0 {
                part = List::of(part).close(Some(name));
            }
            self.parts.insert(place.path.to_string(), (digest, part.clone()));
            return Ok(part);
        }
        if !taken {
            return Ok(Part::default());
        }
        let followed = match entry {
            Entry::Symlink(_) if place.dir.is_none() && self.filter.selector.follow_links => {
                Some(plain(self.tree, place.path, true)?)
            }
            _ => None,
        };
        let entry = followed.as_ref().unwrap_or(entry);
        let (digest, (files, bytes)) = (entry.digest(), entry.weight());
        Ok(Part { digest: Some(digest), listed: 1, files, bytes, only: Some((name.to_string(), digest)) })
    }

    /// Goes through what a directory holds. Without a state, the entries are at the top.
    fn entries(
        &mut self,
        dir: &Dir,
        at: &str,
        candidate: &str,
        state: Option<&State>,
    ) -> Result<Part, SelectError> {
        let mut list = List::default();
        for (name, entry) in dir.iter() {
            let (path, candidate) = (path::join(at, name), path::join(candidate, name));
            let part = self.entry(entry, Place { path: &path, candidate: &candidate, dir: state })?;
            list.add(name, part);
        }
        Ok(list.close(None))
    }
}

/// The parts of one directory, being put together.
#[derive(Default)]
struct List {
    hash: blake3::Hasher,
    part: Part,
}

impl List {
    fn of(part: Part) -> Self {
        let mut list = Self::default();
        if let Some(digest) = part.digest {
            list.hash.update(&digest.0);
        }
        Self { part, ..list }
    }

    fn add(&mut self, name: &str, part: Part) {
        let Some(digest) = part.digest else { return };
        self.hash.update(&(name.len() as u64).to_le_bytes());
        self.hash.update(name.as_bytes());
        self.hash.update(&digest.0);
        self.part.listed += part.listed;
        self.part.files += part.files;
        self.part.bytes += part.bytes;
        self.part.only = part.only.filter(|_| self.part.listed == 1);
    }

    /// Ends the list; the directory itself is listed too if its name is given.
    fn close(mut self, header: Option<&str>) -> Part {
        if let Some(name) = header {
            self.hash.update(b"directory");
            self.part.only = (self.part.listed == 0).then(|| (name.to_string(), Digest::of(b"directory")));
            self.part.listed += 1;
        }
        self.part.digest = (self.part.listed > 0).then(|| self.hash.finalize().into());
        self.part
    }
}
