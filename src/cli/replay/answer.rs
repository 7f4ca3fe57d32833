//! What a replay found, before anyone writes it down.

use std::sync::Arc;

use crate::history::replay::{Build, Runner, SideWalk, Totals};
use crate::history::{Commit, SeriesEnd};

use super::gate::Gate;
use super::noise::Checked;

/// What a replay found.
pub struct Answer {
    /// The context's folder in the repository, `.` for its root.
    pub context: String,
    /// The Dockerfile's path in the repository.
    pub dockerfile: String,
    /// Which commits were asked for, in words; empty for the newest.
    pub selected: String,
    /// The commits that were built, oldest first.
    pub commits: Vec<Commit>,
    /// How many were to be built.
    pub planned: usize,
    /// It was stopped: before the last one, or before all lines for the ignore file were tried.
    pub partial: bool,
    /// Why there are none before the oldest.
    pub end: SeriesEnd,
    /// What the cache holds before a build.
    pub runner: Runner,
    /// The Dockerfile as it is.
    pub left: SideAnswer,
    /// The other one; none where there is nothing to compare with.
    pub right: Option<SideAnswer>,
    /// What a reader has to know of this history.
    pub notes: Vec<String>,
    /// Files that made steps rerun for no good reason, and whether a line would have helped.
    pub noise: Vec<Checked>,
    /// The same lines put in together: steps and seconds that the left side saves.
    pub noise_together: Option<(usize, f64)>,
    /// What the range costs as one change.
    pub gate: Option<Gate>,
}

/// One side.
pub struct SideAnswer {
    /// `as it was`, `reordered`, …
    pub title: String,
    /// Which Dockerfile, in a sentence's end.
    pub what: String,
    /// Its builds.
    pub walk: Arc<SideWalk>,
    /// The builds added up.
    pub totals: Totals,
}

impl SideAnswer {
    /// Adds a walk up.
    pub fn new(title: &str, what: String, walk: Arc<SideWalk>) -> Self {
        Self { title: title.to_owned(), what, totals: Totals::of(&walk), walk }
    }

    /// The builds with their numbers, the most expensive first; equal ones the newest first.
    pub fn most_expensive(&self) -> Vec<(usize, &Build)> {
        let mut builds: Vec<(usize, &Build)> =
            self.walk.builds.iter().enumerate().filter(|(_, build)| build.executed() > 0).collect();
        builds.sort_by(|a, b| {
            self.walk.seconds(b.1).total_cmp(&self.walk.seconds(a.1)).then_with(|| b.0.cmp(&a.0))
        });
        builds
    }

    /// The rows that ran at all, the most expensive first.
    pub fn rows_by_cost(&self) -> Vec<usize> {
        let totals = &self.totals.rows;
        let mut rows: Vec<usize> = (0..totals.len()).filter(|&row| totals[row].reran > 0).collect();
        rows.sort_by(|&a, &b| {
            let cost = totals[b].seconds.total_cmp(&totals[a].seconds);
            cost.then_with(|| totals[b].reran.cmp(&totals[a].reran)).then(a.cmp(&b))
        });
        rows
    }

    /// The row of the other side that is the same step: of the same stage and text.
    pub fn row_like(&self, other: &Self, row: usize) -> Option<usize> {
        let row = &other.walk.rows[row];
        self.walk.rows.iter().position(|mine| mine.stage == row.stage && mine.instruction == row.instruction)
    }

    /// Label that a row had last, or its stage and text.
    pub fn label(&self, row: usize) -> &str {
        let steps = self.walk.versions.iter().rev().flat_map(|version| &version.steps);
        steps
            .into_iter()
            .find(|step| step.row == row)
            .map_or(&self.walk.rows[row].instruction, |step| &step.label)
    }
}

impl Answer {
    /// The sides there are, with their names in data.
    pub fn sides(&self) -> impl Iterator<Item = (&'static str, &SideAnswer)> {
        std::iter::once(("left", &self.left)).chain(self.right.iter().map(|right| ("right", right)))
    }

    /// Where it was stopped, as a sentence's beginning.
    pub fn stopped(&self) -> Option<String> {
        self.partial.then(|| stopped_after(self.commits.len(), self.planned))
    }

    /// Builds a day, if every commit is one.
    pub fn per_day(&self) -> f64 {
        let times = || self.commits.iter().map(|commit| commit.committed);
        let seconds = times().max().unwrap_or_default() - times().min().unwrap_or_default();
        self.commits.len() as f64 / (seconds as f64 / 86_400.0).max(1.0)
    }

    /// Seconds that the right side saves of the left one's; negative where it costs more. What fails on a side is
    /// cheap there and helps nobody: only commits that come to their end on both sides are compared.
    pub fn saved(&self) -> Option<f64> {
        let right = self.right.as_ref()?;
        let pairs = self.left.walk.builds.iter().zip(&right.walk.builds);
        let whole = pairs.filter(|(left, right)| left.error.is_none() && right.error.is_none());
        Some(whole.map(|(own, other)| self.left.walk.seconds(own) - right.walk.seconds(other)).sum())
    }

    /// Builds that come to their end on the left side and fail on the right.
    pub fn failing_on_the_right(&self) -> usize {
        let Some(right) = &self.right else { return 0 };
        let pairs = self.left.walk.builds.iter().zip(&right.walk.builds);
        pairs.filter(|(left, right)| left.error.is_none() && right.error.is_some()).count()
    }
}

fn stopped_after(done: usize, of: usize) -> String {
    if done < of {
        format!("Stopped after {done} of {of} commits")
    } else {
        "Stopped before lines for the ignore file were tried".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_was_stopped() {
        assert_eq!(stopped_after(3, 200), "Stopped after 3 of 200 commits");
        assert_eq!(stopped_after(200, 200), "Stopped before lines for the ignore file were tried");
    }
}
