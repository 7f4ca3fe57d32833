//! Dockerfiles that are made of the commits' own, by whichever thread comes to one first.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::side::{Place, Step};
use super::walk::{DockerfileSource, Plan};
use crate::context::Tree;
use crate::dockerfile::ast::Dockerfile;
use crate::history::{Change, Commit, Repository};

/// Makes another Dockerfile of a commit's: its text, the commit's context, a reader of the context's files.
pub type Rewrite<'a> =
    &'a (dyn Fn(&Arc<Dockerfile>, &Tree, &dyn Fn(&str) -> Option<String>) -> Arc<str> + Sync);

/// How another Dockerfile is made of a commit's.
#[derive(Clone, Copy)]
pub struct Rewriting<'a> {
    /// Makes it.
    pub rewrite: Rewrite<'a>,
    /// Tells of a file, by its path in the context, whether it is made anew where the file comes or goes.
    pub rests_on: &'a (dyn Fn(&str) -> bool + Sync),
}

impl<'a> Rewriting<'a> {
    /// That of a plan.
    pub(super) fn of<'p>(plan: &'p Plan<'a>) -> Option<&'p Self> {
        match &plan.dockerfile {
            DockerfileSource::Rewritten(rewriting) => Some(rewriting),
            DockerfileSource::OfCommit | DockerfileSource::Fixed(_) => None,
        }
    }

    /// Tells whether a file comes or goes on which what is made rests.
    pub(super) fn is_anew(&self, changes: &[Change]) -> bool {
        let comes_or_goes = |change: &Change| change.old.is_none() != change.new.is_none();
        changes.iter().any(|change| comes_or_goes(change) && (self.rests_on)(&change.path))
    }
}

/// What is made of a Dockerfile rests on its text, and on how often a file had come or gone that counts.
pub(super) type Version = (usize, Arc<str>);

/// What one plan makes of the commits' Dockerfiles, each made once.
#[derive(Default)]
pub(super) struct Rewrites {
    made: Mutex<HashMap<Version, Arc<OnceLock<Arc<str>>>>>,
}

impl Rewrites {
    /// The text that is made of a Dockerfile; where another thread is at it, what that one makes.
    pub fn of(
        &self,
        version: &Version,
        rewriting: &Rewriting<'_>,
        own: &Arc<Dockerfile>,
        at: &Place<'_>,
    ) -> Arc<str> {
        let slot = {
            // A thread that panicked with it leaves a whole map behind.
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(made.entry(version.clone()).or_default())
        };
        Arc::clone(slot.get_or_init(|| (rewriting.rewrite)(own, at.tree, &|file| at.read(file))))
    }
}

/// The first commits of all versions that a plan will ask for, so that a thread that is free can make them ahead.
pub(super) struct Ahead<'p, 'a> {
    rewriting: &'p Rewriting<'a>,
    rewrites: &'p Rewrites,
    view: Option<usize>,
    turns: usize,
    seen: HashSet<Version>,
    found: Vec<(Version, Arc<Dockerfile>, Commit, Tree)>,
}

impl<'p, 'a> Ahead<'p, 'a> {
    /// Of a plan that rewrites; `view` says with which of the other ignore files.
    pub fn of(plan: &'p Plan<'a>, rewrites: &'p Rewrites, view: Option<usize>) -> Option<Self> {
        let rewriting = Rewriting::of(plan)?;
        Some(Self { rewriting, rewrites, view, turns: 0, seen: HashSet::new(), found: Vec::new() })
    }

    /// Takes note of a commit.
    pub fn note(&mut self, step: &Step) {
        let input = step.input(self.view);
        let before = self.turns;
        self.turns += usize::from(self.rewriting.is_anew(&input.changes));
        let Some(Ok(known)) = &step.dockerfile else { return };
        let text = &known.dockerfile.text;
        // To hash a text takes its time, and most often it is that of the commit before.
        let is_last =
            |(version, ..): &(Version, Arc<Dockerfile>, Commit, Tree)| Arc::ptr_eq(&version.1, text);
        if input.ignore_error.is_some() || before == self.turns && self.found.last().is_some_and(is_last) {
            return;
        }
        let version = (self.turns, Arc::clone(text));
        if self.seen.insert(version.clone()) {
            let dockerfile = Arc::clone(&known.dockerfile);
            self.found.push((version, dockerfile, step.commit.clone(), input.tree.clone()));
        }
    }

    /// Makes them, the last first, because the side itself begins at the first; `goes_on` says whether to go on.
    pub fn make(self, repo: &Repository, goes_on: &mut dyn FnMut() -> bool) {
        for (version, own, commit, tree) in self.found.into_iter().rev() {
            if !goes_on() {
                return;
            }
            let place = Place { repo, commit: &commit, tree: &tree };
            self.rewrites.of(&version, self.rewriting, &own, &place);
        }
    }
}
