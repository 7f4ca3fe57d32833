//! What an instruction takes in of the build context, kept as what it names: nothing is listed.

use std::collections::BTreeSet;

use crate::context::select::{Cover, Places};
use crate::context::{Selector, Tree};

/// Files of a build context, by what selects them. Equal ones take in the same files of a tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::reorder) struct Intake {
    selectors: BTreeSet<Selector>,
    /// Files that are named one by one.
    named: BTreeSet<String>,
    /// What is selected cannot be known: everything may be.
    all: bool,
}

impl Intake {
    /// Adds what a selector selects; one that is not known may select everything.
    pub(super) fn add(&mut self, selector: Option<Selector>) {
        match selector {
            Some(selector) => {
                self.selectors.insert(selector);
            }
            None => self.all = true,
        }
    }

    /// Adds files that are named one by one.
    pub(in crate::reorder) fn add_named(&mut self, files: impl IntoIterator<Item = String>) {
        self.named.extend(files);
    }

    /// Takes in no file, whatever the tree.
    pub(in crate::reorder) fn is_empty(&self) -> bool {
        !self.all && self.selectors.is_empty() && self.named.is_empty()
    }

    /// Tells whether it takes in a file of a tree.
    pub(in crate::reorder) fn takes(&self, tree: &Tree, path: &str) -> bool {
        tree.get(path).is_some_and(|entry| !entry.is_dir()) && self.judge(tree).takes(path)
    }

    /// Makes the judge of paths that stand for files of a tree.
    pub(in crate::reorder) fn judge(&self, tree: &Tree) -> Judge<'_> {
        let covers: Result<Vec<Cover<'_>>, _> =
            self.selectors.iter().map(|selector| Cover::new(tree, selector)).collect();
        // What cannot be read or followed may be anything.
        let covers = if self.all { None } else { covers.ok() };
        let covers = covers.filter(|covers| !covers.iter().any(Cover::is_all));
        Judge { covers, named: &self.named }
    }
}

/// Tells which files of a tree an intake takes in.
pub(in crate::reorder) struct Judge<'a> {
    /// None where it takes in all.
    covers: Option<Vec<Cover<'a>>>,
    named: &'a BTreeSet<String>,
}

impl Judge<'_> {
    /// What of the tree it rests on: judges of one intake with equal places take in the same paths.
    pub(in crate::reorder) fn places(&self) -> Option<Vec<Places>> {
        self.covers.as_ref().map(|covers| covers.iter().map(Cover::places).collect())
    }

    /// Tells whether a path is taken in that stands for a file.
    pub(in crate::reorder) fn takes(&self, path: &str) -> bool {
        let Some(covers) = &self.covers else { return true };
        covers.iter().any(|cover| cover.takes(path)) || self.named.contains(path)
    }
}
