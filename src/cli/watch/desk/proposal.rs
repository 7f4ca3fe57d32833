//! The right side: the user's file, or a better order where there is one.

use std::sync::Arc;

use super::Desk;
use crate::cli::costs;
use crate::cli::reorder::FolderView;
use crate::cli::weights::Weights;
use crate::context::{Change, ChangeKind};
use crate::cost::StepSeconds;
use crate::dockerfile::Dockerfile;
use crate::reorder::{Proposal, ReorderInput, ReorderOptions, propose, propose_checked};
use crate::tui::model::{MoveRow, Moves};
use crate::tui::text;

impl Desk {
    /// Fills the right side: the user's file, or a better order if there is one.
    pub fn fill_right(&mut self) {
        match &self.against {
            Some(against) => {
                self.bench.set_right(&against.name, &against.name, &against.text, true);
                self.bench.predict();
            }
            None => self.propose(true),
        }
    }

    /// Looks for a better order and puts it on the right; `anew` as in [`Workbench::set_right`].
    pub(super) fn propose(&mut self, anew: bool) {
        let Some(dockerfile) = self.bench.left().1.cloned() else { return };
        // While the text on disk cannot be read, the proposal for the last good one stays.
        if *dockerfile.text != **self.bench.left().0 {
            return;
        }
        let proposal = self.proposal(&dockerfile);
        self.moves = Some(Arc::new(moves_of(&dockerfile.text, &proposal)));
        if proposal.improves() {
            let same = self.bench.right_text().is_some_and(|text| **text == *proposal.text);
            if !same {
                self.bench.set_right("reordered", "reordered Dockerfile", &proposal.text, anew);
            }
        } else if self.skip.is_empty() {
            self.bench.set_no_right("No safe better order was found; m says what was looked at.");
        } else {
            self.bench.set_no_right("All moves that help are switched off; m shows them.");
        }
        self.bench.predict();
    }

    fn proposal(&mut self, dockerfile: &Dockerfile) -> Proposal {
        let tree = self.bench.tree().clone();
        let ignore = self.sources.ignore_file.as_ref().map(|(_, text)| Arc::from(text.as_str()));
        let context = &self.sources.context;
        let weights = self.weights.get_or_insert_with(|| Weights::of(context, dockerfile, &tree, ignore));
        let seconds = match self.bench.left_outcome() {
            Some(outcome) => {
                let costs = costs::of_input(&outcome.input, &outcome.graph, &costs::measured(context));
                StepSeconds::new(dockerfile, &outcome.graph, &costs)
            }
            None => StepSeconds::default(),
        };
        let options = ReorderOptions {
            target: self.sources.options.target.clone(),
            build_args: self.sources.options.build_args.clone(),
            skip: self.skip.clone(),
            ignore_file: Some(self.sources.ignore_text()),
            ..ReorderOptions::default()
        };
        let input = ReorderInput {
            tree: &tree,
            files: &FolderView::new(context),
            edits: &weights.edits,
            seconds: &|stage, instruction| seconds.get(stage, instruction),
            options: &options,
        };
        let built = self.bench.left_outcome().map(|outcome| outcome.input.clone());
        let proposal = match built {
            Some(build) => propose_checked(dockerfile, &input, &build),
            None => propose(dockerfile, &input),
        };
        if self.per_day.is_none()
            && let Some(per_day) = weights.per_day.filter(|n| *n >= 1.0)
        {
            self.bench.set_per_day(per_day.round() as u32);
        }
        proposal
    }
}

/// Tells whether a change may lead to another proposal: what is there, and what manifests say. The content of
/// sources does not count.
pub(super) fn may_change_proposal(change: &Change) -> bool {
    if change.kind != ChangeKind::Content {
        return true;
    }
    let name = change.path.rsplit('/').next().unwrap_or_default();
    let manifest =
        [".json", ".lock", ".toml", ".txt", ".yaml", ".yml", ".xml", ".gradle", ".kts", ".mod", ".sum"];
    let project = [".cfg", ".sln", ".slnx", "proj", ".props", ".config", "file", ".work"];
    let lower = name.to_lowercase();
    manifest.iter().chain(&project).any(|end| lower.ends_with(end)) || lower.starts_with('.')
}

/// The moves of a proposal, with their lines before and after.
fn moves_of(before: &str, proposal: &Proposal) -> Moves {
    let lines = |text: &str, ranges: &[std::ops::Range<usize>]| -> Vec<(usize, String)> {
        let all: Vec<&str> = text.lines().collect();
        let numbers = ranges.iter().cloned().flatten();
        numbers.filter_map(|n| Some((n, text::safe(all.get(n.checked_sub(1)?)?).into_owned()))).collect()
    };
    let row = |made: &crate::reorder::Move| MoveRow {
        id: made.id.clone(),
        name: text::safe(&made.name).into_owned(),
        why_safe: text::safe(&made.why_safe).into_owned(),
        saves: made.saves,
        before: lines(before, &made.before),
        after: lines(&proposal.text, &made.after),
        on: true,
    };
    let safe = |text: &str| text::safe(text).into_owned();
    Moves {
        rows: proposal.moves.iter().map(row).collect(),
        offered: proposal.offered.iter().map(|o| (safe(&o.name), safe(&o.changes))).collect(),
        refused: proposal.refused.iter().map(|r| (r.line, safe(&r.what), safe(&r.why))).collect(),
        expected: (proposal.expected_before, proposal.expected_after),
    }
}
