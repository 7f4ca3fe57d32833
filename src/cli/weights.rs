//! The edits to expect of a project: those of its git history where there is one, else guesses by kind of file.

use std::path::Path;
use std::sync::Arc;

use crate::context::{Tree, path};
use crate::dockerfile::ast::Dockerfile;
use crate::history::{ContextOptions, HistoryError, Ignoring, ObservedEdits, Repository, Selection};
use crate::reorder::{Edit, likely_edits};

/// How many commits are looked at for the weights.
pub const COMMITS: usize = 200;

/// Fewest commits that say more than a guess does.
const ENOUGH: usize = 10;

/// The edits to expect, and what they rest on.
#[derive(Debug, Clone)]
pub struct Weights {
    /// The edits, as the reorder's objective takes them.
    pub edits: Vec<Edit>,
    /// Commits that they were counted over; none where they are a guess.
    pub commits: Option<usize>,
    /// Builds a day, if every commit is one; none where they are a guess.
    pub per_day: Option<f64>,
}

impl Weights {
    /// Counts the edits of the last [`COMMITS`] commits of the repository that a context lies in.
    ///
    /// `dockerfile` and `tree` are what is built; `ignore` is the text of the ignore file that counts. Without a
    /// repository, or with too short a history, it is [`likely_edits`].
    pub fn of(context: &Path, dockerfile: &Dockerfile, tree: &Tree, ignore: Option<Arc<str>>) -> Self {
        let guesses = likely_edits(dockerfile, tree);
        match observed(context, ignore).ok().filter(|observed| observed.commits >= ENOUGH) {
            Some(observed) => Self {
                edits: with_arguments(edits_of(&observed), &guesses),
                commits: Some(observed.commits),
                per_day: Some(observed.commits_per_day),
            },
            None => Self { edits: guesses, commits: None, per_day: None },
        }
    }
}

/// Adds the build arguments that are likely to change, which no commit records, as often as the guesses have them.
pub fn with_arguments(mut edits: Vec<Edit>, guesses: &[Edit]) -> Vec<Edit> {
    let weight = |edits: &[Edit]| edits.iter().map(|edit| edit.weight).sum::<f64>();
    let (arguments, files): (Vec<Edit>, Vec<Edit>) =
        guesses.iter().cloned().partition(|edit| !edit.build_args.is_empty());
    let scale = weight(&edits) / weight(&files).max(1.0);
    edits.extend(arguments.into_iter().map(|edit| Edit { weight: edit.weight * scale, ..edit }));
    edits
}

/// The edits of a history as the reorder's objective takes them.
pub fn edits_of(observed: &ObservedEdits) -> Vec<Edit> {
    let edit = |weight: usize, paths: &[String]| Edit {
        weight: weight as f64,
        paths: paths.to_vec(),
        build_args: Vec::new(),
    };
    observed.edits.iter().map(|observed| edit(observed.commits, &observed.paths)).collect()
}

fn observed(context: &Path, ignore: Option<Arc<str>>) -> Result<ObservedEdits, HistoryError> {
    let repo = Repository::open(context)?;
    let options = ContextOptions {
        // Which file is built does not change what is edited.
        dockerfile: path::join(repo.context(), "Dockerfile"),
        ignoring: Ignoring::always(ignore),
        sizes: false,
        git_dir: true,
    };
    let series = repo.series(&Selection { limit: Some(COMMITS), ..Selection::default() })?;
    repo.observed_edits(&series, &options)
}
