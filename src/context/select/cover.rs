//! Which paths of a tree a selector covers, by their names, so that the cost follows the change.

use std::collections::BTreeSet;

use super::super::diff::{Change, diff};
use super::super::glob::{Glob, Level};
use super::super::path;
use super::super::tree::{Dir, Entry, Tree};
use super::filtered::{Filter, State};
use super::{SelectError, Selector};

/// Lists what changed from one tree to another among what a selector takes in, in path order.
///
/// Paths are those of the context. A symbolic link that was followed on the way is named where its target
/// changed.
pub fn changed_paths(old: &Tree, new: &Tree, selector: &Selector) -> Vec<Change> {
    changed_among(&diff(old, new), old, new, selector)
}

/// The same, where all that changed from one tree to the other is known already.
pub fn changed_among(changes: &[Change], old: &Tree, new: &Tree, selector: &Selector) -> Vec<Change> {
    // What cannot be read or followed covers nothing.
    let covers = [Cover::new(old, selector), Cover::new(new, selector)];
    let covered = |c: &Change| covers.iter().flatten().any(|cover| cover.takes(&c.path));
    changes.iter().filter(|change| covered(change)).cloned().collect()
}

/// Lists the paths that a selector takes in, directories left out, in path order.
pub fn paths(tree: &Tree, selector: &Selector) -> Result<Vec<String>, SelectError> {
    let cover = Cover::new(tree, selector)?;
    let mut found = BTreeSet::new();
    let filtered = cover.filtered.as_ref().map(|(real, _)| real);
    for base in cover.links.iter().chain(&cover.whole).chain(filtered) {
        match tree.get(base) {
            Some(Entry::Dir(dir)) => {
                let below = Tree::from(dir);
                let files = below.iter().filter(|(_, entry)| !entry.is_dir());
                let files = files.map(|(path, _)| path::join(base, &path)).filter(|path| cover.takes(path));
                found.extend(files);
            }
            Some(_) if cover.takes(base) => {
                found.insert(base.clone());
            }
            _ => {}
        }
    }
    Ok(found.into_iter().collect())
}

/// What a selector covers in one tree, by names.
#[derive(Default)]
pub struct Cover<'a> {
    /// Links that were followed.
    links: BTreeSet<String>,
    /// Paths that are covered with all below.
    whole: Vec<String>,
    /// Where the filter really begins, and the filter.
    filtered: Option<(String, Filter<'a>)>,
}

/// Where a selector led to in a tree, and by which links.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Places {
    links: BTreeSet<String>,
    whole: Vec<String>,
    real: Option<String>,
}

impl<'a> Cover<'a> {
    /// Follows the links that a selector follows in a tree.
    ///
    /// # Errors
    /// A pattern that cannot be read, a link that leads in a circle.
    pub fn new(tree: &Tree, selector: &'a Selector) -> Result<Self, SelectError> {
        let mut cover = Self::default();
        if !selector.is_filtered() {
            cover.follow(tree, &selector.path, selector.follow_links)?;
            return Ok(cover);
        }
        let filter = Filter::new(selector)?;
        let (named, follow) = filter.base();
        let (real, entry) = tree.trace(named, follow, |link| {
            cover.links.insert(link.to_string());
        })?;
        match (&entry, filter.glob()) {
            (Some(Entry::Dir(dir)), Some(glob)) => cover.follow_matches(tree, dir, glob, named, "", 0)?,
            (Some(Entry::Dir(dir)), None) if named.is_empty() => cover.follow_links(tree, dir, named)?,
            (Some(Entry::Symlink(_)), None) => cover.follow(tree, named, selector.follow_links)?,
            _ => {}
        }
        cover.filtered = Some((real, filter));
        Ok(cover)
    }

    fn follow(&mut self, tree: &Tree, path: &str, follow: bool) -> Result<(), SelectError> {
        let (real, _) = tree.trace(path, follow, |link| {
            self.links.insert(link.to_string());
        })?;
        self.whole.push(real);
        Ok(())
    }

    /// Follows the links among the matches of a wildcard.
    fn follow_matches(
        &mut self,
        tree: &Tree,
        dir: &Dir,
        glob: &Glob,
        at: &str,
        below: &str,
        depth: usize,
    ) -> Result<(), SelectError> {
        for (name, entry) in dir.iter() {
            let rest = path::join(below, name);
            match (glob.level(&rest, name, depth), entry) {
                (Level::Match, Entry::Symlink(_)) => self.follow(tree, &path::join(at, name), true)?,
                (Level::Below, Entry::Dir(d)) => {
                    self.follow_matches(tree, d, glob, &path::join(at, name), &rest, depth + 1)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Follows the links at the top of a tree that is filtered as a whole.
    fn follow_links(&mut self, tree: &Tree, dir: &Dir, at: &str) -> Result<(), SelectError> {
        let links = dir.iter().filter(|(_, e)| matches!(e, Entry::Symlink(_)));
        for (name, _) in links {
            let (taken, _) =
                self.filtered.as_ref().map_or((true, State::default()), |(_, f)| f.judge(name, None));
            if taken {
                self.follow(tree, &path::join(at, name), true)?;
            }
        }
        Ok(())
    }

    /// What of the tree it rests on: covers of one selector with equal places take in the same paths.
    pub fn places(&self) -> Places {
        let real = self.filtered.as_ref().map(|(real, _)| real.clone());
        Places { links: self.links.clone(), whole: self.whole.clone(), real }
    }

    /// Tells whether every path is taken in.
    pub fn is_all(&self) -> bool {
        self.whole.iter().any(String::is_empty)
    }

    /// Tells whether a path of the tree is taken in.
    pub fn takes(&self, path: &str) -> bool {
        self.links.contains(path)
            || self.whole.iter().any(|w| path::is_within(path, w))
            || self.filtered.as_ref().is_some_and(|(real, filter)| filters(filter, real, path))
    }
}

/// Judges a path by its names alone.
fn filters(filter: &Filter<'_>, real: &str, path: &str) -> bool {
    if !path::is_within(path, real) {
        return false;
    }
    let below = path[real.len()..].trim_start_matches('/');
    let Some(glob) = filter.glob() else {
        // The root has no judgement of its own: what it holds is at the top.
        let top = (!real.is_empty()).then(|| filter.judge("", None));
        return judge_below(filter, below, top);
    };
    let ends = below.match_indices('/').map(|(i, _)| i).chain([below.len()]);
    for (depth, end) in ends.enumerate() {
        let rest = &below[..end];
        match glob.level(rest, path::split(rest).1, depth) {
            Level::Match => {
                let candidate = below[end..].trim_start_matches('/');
                return judge_below(filter, candidate, Some(filter.judge("", None)));
            }
            Level::Below => {}
            Level::Miss => return false,
        }
    }
    false
}

fn judge_below(filter: &Filter<'_>, candidate: &str, top: Option<(bool, State)>) -> bool {
    let mut judged = top;
    if !candidate.is_empty() {
        for end in candidate.match_indices('/').map(|(i, _)| i).chain([candidate.len()]) {
            judged = Some(filter.judge(&candidate[..end], judged.as_ref().map(|(_, state)| state)));
        }
    }
    judged.is_some_and(|(taken, _)| taken)
}
