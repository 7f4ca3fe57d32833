//! The edits to expect of a project, with their paths told apart once for all proposals.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

use super::Edit;
use super::footprint::Intake;
use crate::context::select::Places;
use crate::context::{ChangeKind, Tree, diff, path};

/// Edits to expect: those of files, which several proposals may share, and those of build arguments.
///
/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    files: Arc<Files>,
    arguments: Arc<[Edit]>,
}

/// A mark for each path of the edits, in order.
type Marks = Arc<[bool]>;

/// An intake with the places that it led to in a tree.
type Led = (Intake, Option<Vec<Places>>);

#[derive(Debug, Default)]
struct Files {
    edits: Vec<Edit>,
    /// All paths of the edits, sorted.
    paths: Vec<String>,
    /// The numbers of each edit's paths.
    numbers: Vec<Vec<usize>>,
    /// The tree that a thread asked about last, and which of the paths are files of it: one thread may come from the
    /// beginning of a history while another comes from its end.
    last: Mutex<HashMap<ThreadId, (Tree, Marks)>>,
    /// Which of the paths an intake takes in, by the places that it led to.
    taken: Mutex<BTreeMap<Led, Marks>>,
}

impl Expected {
    /// Tells the paths of edits apart.
    pub fn new(edits: Vec<Edit>) -> Self {
        let mut paths: Vec<String> = edits.iter().flat_map(|edit| edit.paths.iter().cloned()).collect();
        paths.sort_unstable();
        paths.dedup();
        let known: HashMap<&str, usize> = paths.iter().enumerate().map(|(at, path)| (&**path, at)).collect();
        let numbers = edits.iter().map(|edit| edit.paths.iter().map(|path| known[path.as_str()]).collect());
        let numbers = numbers.collect();
        Self {
            files: Arc::new(Files { edits, paths, numbers, last: Mutex::default(), taken: Mutex::default() }),
            arguments: Arc::default(),
        }
    }

    /// The same edits of files, with these of build arguments ([`super::likely_arguments`]), whose weights are told
    /// beside a weight of 1 for all edits of files together.
    #[must_use]
    pub fn with_arguments(&self, arguments: Vec<Edit>) -> Self {
        let all: f64 = self.files.edits.iter().map(|edit| edit.weight).sum();
        let scaled = arguments.into_iter().map(|edit| Edit { weight: edit.weight * all, ..edit });
        Self { files: Arc::clone(&self.files), arguments: scaled.collect() }
    }

    /// All edits.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.files.edits.iter().chain(self.arguments.iter())
    }

    /// Tells for each path of the edits, in order, whether it is a file of a tree. For a tree that is much like the one asked about before,
    /// as in a history, only what differs is looked at.
    pub(super) fn files_of(&self, tree: &Tree) -> Marks {
        let Files { paths, last, .. } = &*self.files;
        // A thread that panicked with it leaves a whole answer behind.
        let last = || last.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = thread::current().id();
        let before = last().get(&thread).cloned();
        let changed = before.and_then(|(before, known)| {
            let changes = diff(&before, tree);
            let is_simple = changes.iter().all(|change| change.kind != ChangeKind::Kind);
            is_simple.then(|| (known.to_vec(), changes))
        });
        let found: Marks = match changed {
            None => files(paths, tree).into(),
            Some((mut known, changes)) => {
                for change in &changes {
                    if let Ok(at) = paths.binary_search(&change.path) {
                        known[at] = tree.get(&change.path).is_some_and(|entry| !entry.is_dir());
                    }
                }
                known.into()
            }
        };
        last().insert(thread, (tree.clone(), Arc::clone(&found)));
        found
    }

    /// Tells for each path of the edits, in order, whether an intake would take it in, were it a file of a tree.
    pub(super) fn taken_by(&self, intake: &Intake, tree: &Tree) -> Marks {
        let Files { paths, taken, .. } = &*self.files;
        // A thread that panicked with it leaves whole answers behind.
        let taken = || taken.lock().unwrap_or_else(PoisonError::into_inner);
        let judge = intake.judge(tree);
        let key = (intake.clone(), judge.places());
        if let Some(known) = taken().get(&key) {
            return Arc::clone(known);
        }
        let found: Marks = paths.iter().map(|path| judge.takes(path)).collect();
        taken().insert(key, Arc::clone(&found));
        found
    }

    /// The numbers, among all paths of the edits in order, of the paths of an edit, by its place in [`Expected::iter`].
    pub(super) fn numbers(&self, edit: usize) -> &[usize] {
        self.files.numbers.get(edit).map_or(&[], Vec::as_slice)
    }
}

/// Tells for each of some sorted paths whether it is a file of a tree.
fn files(paths: &[String], tree: &Tree) -> Vec<bool> {
    // The directory of the path before: most often it is this one's, too.
    let mut last: Option<(&str, Option<Tree>)> = None;
    let mut found = Vec::with_capacity(paths.len());
    for whole in paths {
        let (directory, name) = path::split(whole);
        if last.as_ref().is_none_or(|(known, _)| *known != directory) {
            let below = if directory.is_empty() { Some(tree.clone()) } else { tree.subtree(directory) };
            last = Some((directory, below));
        }
        let entry = last.as_ref().and_then(|(_, below)| below.as_ref()?.root().get(name));
        found.push(entry.is_some_and(|entry| !entry.is_dir()));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATHS: [&str; 6] = ["a", "a/b", "a/b/c", "b", "b.d", "c/d"];

    fn tree() -> impl Strategy<Value = Tree> {
        prop::collection::vec((prop::sample::select(&PATHS[..]), prop::sample::select(&["1", "2"][..])), 0..6)
            .prop_map(|pairs| {
                let mut tree = Tree::default();
                for (path, text) in pairs {
                    tree.insert(path, crate::context::Entry::file(0o644, text.as_bytes()));
                }
                tree
            })
    }

    proptest! {
        /// What is known of the tree before changes no answer.
        #[test]
        fn files_are_those_of_the_tree(trees in prop::collection::vec(tree(), 1..6)) {
            let edit = |path: &&str| Edit { weight: 1.0, paths: vec![(*path).to_owned()], ..Edit::default() };
            let expected = Expected::new(PATHS.iter().map(edit).collect());
            for tree in &trees {
                let files = PATHS.iter().map(|path| tree.get(path).is_some_and(|entry| !entry.is_dir()));
                prop_assert_eq!(&*expected.files_of(tree), &*files.collect::<Vec<_>>());
            }
        }
    }
}
