//! A better order for a Dockerfile: what may change places, what it gains, and why it is safe.
//!
//! Two instructions may change places if neither writes what the other reads or writes: paths (COPY destinations,
//! and what [`crate::shell`] says of a RUN), variables, and settings such as WORKDIR. What cannot be known counts
//! as everything. An install step that needs only its manifests may in addition pass the COPY of all sources, with
//! a COPY of the manifests put before it; `manifests` looks into them to tell.
//!
//! The objective is the expected seconds of a rebuild, over the edits that the input names with their weights. Only
//! changes that leave the image's files and settings as they are get applied.

mod footprint;
mod installs;
mod manifests;
mod model;
mod moves;
mod priors;
mod scope;
mod search;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::context::Tree;
use crate::dockerfile::ast::{Dockerfile, Instruction};

pub use footprint::Clash;
pub use manifests::{ManifestView, Why};
pub use moves::propose;
pub use priors::{likely_edits, rough_seconds};

/// What a proposal rests on.
#[derive(Clone, Copy)]
pub struct ReorderInput<'a> {
    /// The build context, ignored files left out.
    pub tree: &'a Tree,
    /// Reads manifests of the context.
    pub files: &'a dyn ManifestView,
    /// The edits to expect.
    pub edits: &'a [Edit],
    /// Seconds that a step takes when it runs, by the number of its stage and its instruction.
    pub seconds: &'a dyn Fn(usize, &Instruction) -> f64,
    /// Options.
    pub options: &'a ReorderOptions,
}

/// Options of a proposal.
#[derive(Debug, Clone, Default)]
pub struct ReorderOptions {
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg` values.
    pub build_args: BTreeMap<String, String>,
    /// Ids of moves that are switched off.
    pub skip: BTreeSet<String>,
}

/// A kind of edit: what changes between two builds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edit {
    /// How often it comes, in any unit; only the ratio to other edits counts.
    pub weight: f64,
    /// Paths of the context that change.
    pub paths: Vec<String>,
    /// Build arguments whose values change.
    pub build_args: Vec<String>,
}

/// A proposed Dockerfile and its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The new text; the old one where nothing is applied.
    pub text: String,
    /// What was changed, the greatest gain first.
    pub moves: Vec<Move>,
    /// What looks as if it could be better, and why it was left alone.
    pub refused: Vec<Refusal>,
    /// What would be better but changes something that can be observed; not applied.
    pub offered: Vec<Move>,
    /// Expected seconds of a rebuild before.
    pub expected_before: f64,
    /// Expected seconds of a rebuild after.
    pub expected_after: f64,
}

/// The kinds of moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveKind {
    /// The manifests are copied and installed from before the sources are copied.
    ManifestsFirst,
    /// A step that seldom changes moves above one that often does.
    StableEarlier,
    /// What changes often moves below what it does not concern.
    VolatileLater,
    /// A COPY that brings nothing new is left out.
    DropRedundant,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Stable name: the same for the same change of the same Dockerfile.
    pub id: String,
    /// What it does, as a short imperative.
    pub name: String,
    /// Its kind.
    pub kind: MoveKind,
    /// Lines of the old text that it concerns, from 1, the last excluded.
    pub before: Vec<Range<usize>>,
    /// Lines of the new text where they came to stand, from 1, the last excluded.
    pub after: Vec<Range<usize>>,
    /// Why the image stays the same.
    pub why_safe: String,
    /// Expected seconds of a rebuild that it saves.
    pub saves: f64,
    /// Whether the image's files and settings stay as they are.
    pub identical: bool,
}

/// A change that was looked at and not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Line of the instruction, from 1.
    pub line: usize,
    /// What would have been done.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl Proposal {
    /// Tells whether there is anything to apply.
    pub fn improves(&self) -> bool {
        !self.moves.is_empty()
    }

    /// The share of the expected seconds that is saved, from 0 to 1.
    pub fn saved_share(&self) -> f64 {
        if self.expected_before > 0.0 { 1.0 - self.expected_after / self.expected_before } else { 0.0 }
    }

    fn unchanged(dockerfile: &Dockerfile, expected: f64) -> Self {
        Self {
            text: dockerfile.text.to_string(),
            moves: Vec::new(),
            refused: Vec::new(),
            offered: Vec::new(),
            expected_before: expected,
            expected_after: expected,
        }
    }
}
