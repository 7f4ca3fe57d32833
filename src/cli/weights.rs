//! The edits to expect of a project: those of its git history where there is one, else guesses by kind of file.

use std::path::Path;
use std::sync::Arc;

use crate::context::Tree;
use crate::dockerfile::ast::Dockerfile;
use crate::history::{ContextOptions, HistoryError, Ignoring, ObservedEdits, Repository, Selection};
use crate::reorder::{Edit, Expected, likely_arguments, likely_edits};

/// How many commits are looked at for the weights.
pub const COMMITS: usize = 200;

/// Fewest commits that say more than a guess does.
pub const ENOUGH: usize = 10;

/// The edits to expect, and what they rest on.
#[derive(Debug, Clone)]
pub struct Weights {
    /// The edits, as the reorder's objective takes them.
    pub edits: Expected,
    /// Commits that they were counted over, those that edit nothing of the context left out; none where they are a
    /// guess.
    pub commits: Option<usize>,
    /// Builds a day, if every such commit is one; none where they are a guess.
    pub per_day: Option<f64>,
}

impl Weights {
    /// Counts the edits of the last [`COMMITS`] commits of the repository that a context lies in.
    ///
    /// `dockerfile` and `tree` are what is built; `ignore` is the text of the ignore file that counts. A commit that
    /// edits nothing of the context, as most do beside a folder of a large repository, is no edit of it. Without a
    /// repository, or with too few commits that are, it is [`likely_edits`].
    pub fn of(context: &Path, dockerfile: &Dockerfile, tree: &Tree, ignore: Option<Arc<str>>) -> Self {
        let counted = observed(context, ignore).ok().map(|observed| (observed.touching(), observed));
        match counted.filter(|(touching, _)| *touching >= ENOUGH) {
            Some((touching, observed)) => Self {
                edits: edits_of(&observed).with_arguments(likely_arguments(dockerfile, tree)),
                commits: Some(touching),
                per_day: Some(observed.commits_per_day * touching as f64 / observed.commits as f64),
            },
            None => {
                Self { edits: Expected::new(likely_edits(dockerfile, tree)), commits: None, per_day: None }
            }
        }
    }
}

/// The edits of a history as the reorder's objective takes them, those that change nothing of the context left out.
pub fn edits_of(observed: &ObservedEdits) -> Expected {
    let edit = |weight: usize, paths: &[String]| Edit {
        weight: weight as f64,
        paths: paths.to_vec(),
        build_args: Vec::new(),
    };
    let touching = observed.edits.iter().filter(|observed| !observed.paths.is_empty());
    let edits = touching.map(|observed| edit(observed.commits, &observed.paths));
    Expected::new(edits.collect())
}

fn observed(context: &Path, ignore: Option<Arc<str>>) -> Result<ObservedEdits, HistoryError> {
    let repo = Repository::open(context)?;
    let options = ContextOptions {
        // The usual Dockerfile: which one is built does not change what is edited.
        ignoring: Ignoring::always(ignore),
        ..ContextOptions::of(&repo)
    };
    let series = repo.series(&Selection { limit: Some(COMMITS), ..Selection::default() })?;
    repo.observed_edits(&series, &options)
}
