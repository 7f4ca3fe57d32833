//! What a COPY puts down, as whole directories that share what does not change from one edit to the next.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::glob::{Glob, Level};
use super::super::tree::{Dir, Entry, File, Tree};
use super::super::{Digest, path};
use super::filtered::{Filter, State};
use super::{SelectError, Selector};

/// One thing that a COPY puts down, and where it belongs below the destination.
#[derive(Debug, Clone)]
pub struct Landing {
    /// Path below the destination; empty for a directory, whose contents go there.
    pub below: String,
    /// The source itself is a file, which the destination may rename.
    pub is_source: bool,
    /// What is put there, with all below.
    pub entry: Entry,
}

/// What became of directories when they were last put down, by their path in the source, so that only those
/// that an edit touches are gone through again. Good for one COPY.
#[derive(Debug, Clone, Default)]
pub struct Landed {
    dirs: HashMap<String, (Digest, Arc<Dir>)>,
}

/// What a COPY does to each file: `--chown` and `--chmod`.
pub type Dress<'a> = Option<&'a dyn Fn(File) -> File>;

/// Lists what a COPY with this selector puts down, in path order.
///
/// A directory that is a source gives its contents; a file keeps its name. With --parents, paths are kept from
/// the pivot on. A directory that no pattern takes stands there only for what is taken below it.
pub fn landings(
    tree: &Tree,
    selector: &Selector,
    dress: Dress<'_>,
    landed: &mut Landed,
) -> Result<Vec<Landing>, SelectError> {
    if !selector.is_filtered() {
        let Some((_, entry)) = tree.resolve(&selector.path, selector.follow_links)? else {
            return Ok(Vec::new());
        };
        let mut lander = Lander { filter: None, dress, landed };
        let name = path::split(&selector.path).1;
        return Ok(lander.source(&entry, &selector.path, name).into_iter().collect());
    }
    let filter = Filter::new(selector)?;
    let (named, follow) = filter.base();
    let Some((real, entry)) = tree.resolve(named, follow)? else { return Ok(Vec::new()) };
    let mut lander = Lander { filter: Some(&filter), dress, landed };
    let mut out = Vec::new();
    match (&entry, filter.glob()) {
        (Entry::Dir(dir), Some(glob)) => lander.matches(dir, glob, &real, "", 0, &mut out),
        (_, Some(_)) => {}
        // The root is not judged by itself: what it holds is at the top.
        (Entry::Dir(dir), None) if real.is_empty() => {
            let dir = lander.contents(dir, "", "", None);
            if !dir.is_empty() {
                out.push(Landing { below: String::new(), is_source: false, entry: Entry::Dir(dir) });
            }
        }
        (_, None) => out.extend(lander.source(&entry, &real, path::split(&real).1)),
    }
    Ok(out)
}

struct Lander<'a> {
    filter: Option<&'a Filter<'a>>,
    dress: Dress<'a>,
    landed: &'a mut Landed,
}

impl Lander<'_> {
    /// Puts down a source, or a match of a wildcard.
    fn source(&mut self, entry: &Entry, at: &str, name: &str) -> Option<Landing> {
        let (taken, state) = self.filter.map_or((true, None), |filter| {
            let (taken, state) = filter.judge("", None);
            (taken, Some(state))
        });
        if let Entry::Dir(dir) = entry {
            let dir = self.contents(dir, at, "", state.as_ref());
            let there = taken || !dir.is_empty();
            return there.then(|| Landing { below: String::new(), is_source: false, entry: Entry::Dir(dir) });
        }
        taken.then(|| Landing { below: name.to_string(), is_source: true, entry: self.dressed(entry) })
    }

    /// Looks for matches of the wildcard in a directory that leads to them.
    fn matches(
        &mut self,
        dir: &Dir,
        glob: &Glob,
        at: &str,
        below: &str,
        depth: usize,
        out: &mut Vec<Landing>,
    ) {
        for (name, entry) in dir.iter() {
            let (at, rest) = (path::join(at, name), path::join(below, name));
            match (glob.level(&rest, name, depth), entry) {
                (Level::Match, _) => out.extend(self.source(entry, &at, name)),
                (Level::Below, Entry::Dir(d)) => self.matches(d, glob, &at, &rest, depth + 1, out),
                _ => {}
            }
        }
    }

    /// What of a directory's contents is put down.
    fn contents(&mut self, dir: &Arc<Dir>, at: &str, candidate: &str, state: Option<&State>) -> Arc<Dir> {
        if self.filter.is_none() && self.dress.is_none() {
            return Arc::clone(dir);
        }
        let digest = dir.digest();
        if let Some((was, made)) = self.landed.dirs.get(at)
            && *was == digest
        {
            return Arc::clone(made);
        }
        let mut entries = Vec::with_capacity(dir.len());
        for (name, entry) in dir.iter() {
            let candidate = path::join(candidate, name);
            let (taken, state) = self.filter.map_or((true, None), |filter| {
                let (taken, state) = filter.judge(&candidate, state);
                (taken, Some(state))
            });
            let entry = match entry {
                Entry::Dir(d) => {
                    let made = self.contents(d, &path::join(at, name), &candidate, state.as_ref());
                    (taken || !made.is_empty()).then_some(Entry::Dir(made))
                }
                other => taken.then(|| self.dressed(other)),
            };
            entries.extend(entry.map(|entry| (Arc::from(name), entry)));
        }
        let made = Arc::new(Dir::new(dir.mode, entries));
        self.landed.dirs.insert(at.to_string(), (digest, Arc::clone(&made)));
        made
    }

    fn dressed(&self, entry: &Entry) -> Entry {
        match (entry, self.dress) {
            (Entry::File(file), Some(dress)) => Entry::File(dress(*file)),
            _ => entry.clone(),
        }
    }
}
