//! What was edited together: the weights of what a better order would save.

use std::collections::HashMap;

use super::{Change, Commit, ContextOptions, Contexts, HistoryError, Repository, Series, exact_renames};

/// Files of the build context that were edited together.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ObservedEdit {
    /// How many commits edited exactly these.
    pub commits: usize,
    /// Paths of the context in order, by the names they have in the newest commit.
    pub paths: Vec<String>,
}

/// The edits of a series of commits, as they would fall on the newest one.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ObservedEdits {
    /// The edits, the most frequent first.
    pub edits: Vec<ObservedEdit>,
    /// Commits looked at, those that edited nothing of the context included.
    pub commits: usize,
    /// Commits a day; of a series within one day, as if it had taken the whole day.
    pub commits_per_day: f64,
}

impl ObservedEdits {
    /// Commits that edited something of the context.
    pub fn touching(&self) -> usize {
        self.edits.iter().filter(|edit| !edit.paths.is_empty()).map(|edit| edit.commits).sum()
    }
}

impl Repository {
    /// Lists what the commits of a series edited, in terms of the newest one's context.
    ///
    /// Files that are ignored now, or gone, take no part; a file that was renamed without a change counts under
    /// its new name. Where the context holds a `.git` directory, every commit edits it. The repository's first
    /// commit made everything and edited nothing.
    pub fn observed_edits(
        &self,
        series: &Series,
        options: &ContextOptions,
    ) -> Result<ObservedEdits, HistoryError> {
        let Some(newest) = series.commits.last() else { return Ok(ObservedEdits::default()) };
        let mut contexts = Contexts::new(self, ContextOptions { sizes: false, ..options.clone() });
        let now = contexts.advance(newest)?.tree;
        let moves_always: Vec<String> = [".git/index", ".git/logs/HEAD"]
            .into_iter()
            .filter(|path| now.contains(path))
            .map(str::to_owned)
            .collect();

        let chain: Vec<&Commit> = series.base.iter().chain(&series.commits).collect();
        let mut counts: HashMap<Vec<String>, usize> = HashMap::new();
        let mut names = NewNames::default();
        for pair in chain.windows(2).rev() {
            let changes = self.changes(Some(pair[0]), pair[1])?;
            let mut paths = moves_always.clone();
            paths.extend(names.of(&changes).into_iter().filter(|path| now.contains(path)));
            paths.sort_unstable();
            paths.dedup();
            *counts.entry(paths).or_default() += 1;
        }
        let mut edits: Vec<ObservedEdit> =
            counts.into_iter().map(|(paths, commits)| ObservedEdit { commits, paths }).collect();
        edits.sort_by(|a, b| b.commits.cmp(&a.commits).then_with(|| a.paths.cmp(&b.paths)));
        let commits = edits.iter().map(|edit| edit.commits).sum();
        Ok(ObservedEdits { edits, commits, commits_per_day: per_day(&series.commits) })
    }
}

/// Names that files got later, learnt by going back in time.
#[derive(Default)]
struct NewNames(HashMap<Box<str>, Box<str>>);

impl NewNames {
    /// The newest names of what a commit changed; its own renames hold from here on back.
    fn of(&mut self, changes: &[Change]) -> Vec<String> {
        let newest = |names: &Self, path: &str| names.0.get(path).map_or(path, |name| name).to_owned();
        let renames = exact_renames(changes);
        let paths = changes
            .iter()
            // What only moved is no edit of its own, but it is one to whoever copies the old or the new place.
            .map(|change| newest(self, &change.path))
            .collect();
        let moved: Vec<(Box<str>, Box<str>)> =
            renames.into_iter().map(|r| (r.from, newest(self, &r.to).into())).collect();
        self.0.extend(moved);
        paths
    }
}

fn per_day(commits: &[Commit]) -> f64 {
    let times = || commits.iter().map(|commit| commit.committed);
    let seconds = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    commits.len() as f64 / (seconds as f64 / 86_400.0).max(1.0)
}
