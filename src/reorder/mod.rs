//! A better order for a Dockerfile: what may change places, what it gains, and why it is safe.
//!
//! Two instructions may change places if neither writes what the other reads or writes: paths (COPY destinations,
//! and what [`crate::shell`] says of a RUN), variables, and settings such as WORKDIR. What cannot be known counts
//! as everything. An install step that needs only its manifests may in addition pass the COPY of all sources, with
//! a COPY of the manifests put before it; `manifests` looks into them to tell.
//!
//! The objective is the expected seconds of a rebuild, over the edits that the input names with their weights. Only
//! changes that leave the image's files and settings as they are get applied.

mod confirm;
mod drops;
mod expected;
mod footprint;
mod ignoring;
mod installs;
mod manifests;
mod model;
mod moves;
mod offers;
mod priors;
mod rewrite;
mod scope;
mod search;
mod tell;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::context::Tree;
use crate::dockerfile::ast::{Dockerfile, Instruction};

pub use confirm::propose_checked;
pub use expected::Expected;
pub use footprint::Clash;
pub use ignoring::asks_git;
pub use manifests::{ManifestView, Why};
pub use moves::{expected_seconds, propose};
pub use priors::{is_manifest, likely_arguments, likely_edits};

impl ReorderOptions {
    /// Tells whether a move is switched off, by its id or by its kind.
    pub fn skips(&self, kind: MoveKind, id: &str) -> bool {
        self.skip.contains(kind.name()) || self.skip.contains(id)
    }

    /// Tells whether an offer is to be made, by its id or by its kind.
    pub fn takes(&self, kind: MoveKind, id: &str) -> bool {
        self.take.contains(kind.name()) || self.take.contains(id)
    }
}

/// What a proposal rests on.
#[derive(Clone, Copy)]
pub struct ReorderInput<'a> {
    /// The build context, ignored files left out.
    pub tree: &'a Tree,
    /// Reads manifests of the context.
    pub files: &'a dyn ManifestView,
    /// The edits to expect.
    pub edits: &'a Expected,
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
    /// Ids of moves that are switched off, or names of kinds (`manifests-first`) of which none is to be made.
    pub skip: BTreeSet<String>,
    /// Ids of offers that are to be made, or names of kinds (`cache-mount`) of which all are.
    pub take: BTreeSet<String>,
    /// The text of the ignore file in use, empty where there is none; `None` where nothing is known of it.
    pub ignore_file: Option<String>,
    /// Nobody asks what could be offered: the text and its moves alone, which takes a fraction of the time.
    pub moves_only: bool,
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
    /// What was offered and is made because it was asked for; the image may differ as each says.
    pub taken: Vec<Taken>,
    /// What looks as if it could be better, and why it was left alone.
    pub refused: Vec<Refusal>,
    /// What would be better but changes something that can be observed, or cannot be proved; not applied.
    pub offered: Vec<Offer>,
    /// What the ignore file should name so that edits of it rebuild nothing; not applied.
    pub ignore: Option<IgnoreProposal>,
    /// Seconds of the instructions of the new text, by stage and line (from 1): where a RUN was cut or a fetch put
    /// before it, its seconds are shared among the parts.
    pub seconds: BTreeMap<(usize, usize), f64>,
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
    /// A RUN that installs and builds becomes two, so that the first can be found again alone.
    SplitRun,
    /// A step that fetches the dependencies is put before the one that fetched and compiled at once.
    FetchFirst,
    /// `apt-get update` and the install that follows become one RUN.
    MergeUpdate,
    /// Offered: a package manager's downloads in a cache mount.
    CacheMount,
    /// Offered: manifests bound into the install step in place of a COPY.
    BindMount,
    /// Offered: dependencies compiled before the sources are there (cargo-chef, or a dummy source).
    CompileDependencies,
    /// Offered: build tools in a stage of their own, and a final stage that takes the results.
    MultiStage,
    /// Offered: work that depends on nothing before it in a stage of its own, beside the others.
    ParallelStage,
    /// Offered: COPY --link, which does not depend on what stands before it.
    LinkCopy,
    /// Offered: a COPY of all that brings only the directory that is used.
    NarrowCopy,
}

impl MoveKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::ManifestsFirst,
        Self::StableEarlier,
        Self::VolatileLater,
        Self::DropRedundant,
        Self::SplitRun,
        Self::FetchFirst,
        Self::MergeUpdate,
        Self::CacheMount,
        Self::BindMount,
        Self::CompileDependencies,
        Self::MultiStage,
        Self::ParallelStage,
        Self::LinkCopy,
        Self::NarrowCopy,
    ];

    /// Those of which offers can be taken.
    pub const TAKEABLE: [Self; 6] = [
        Self::CacheMount,
        Self::BindMount,
        Self::CompileDependencies,
        Self::LinkCopy,
        Self::FetchFirst,
        Self::NarrowCopy,
    ];

    /// The kind's name in ids: `manifests-first`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ManifestsFirst => "manifests-first",
            Self::StableEarlier => "stable-earlier",
            Self::VolatileLater => "volatile-later",
            Self::DropRedundant => "drop-redundant",
            Self::SplitRun => "split-run",
            Self::FetchFirst => "fetch-first",
            Self::MergeUpdate => "merge-update",
            Self::CacheMount => "cache-mount",
            Self::BindMount => "bind-mount",
            Self::CompileDependencies => "compile-dependencies",
            Self::MultiStage => "multi-stage",
            Self::ParallelStage => "parallel-stage",
            Self::LinkCopy => "link-copy",
            Self::NarrowCopy => "narrow-copy",
        }
    }

    /// Names a move of this kind at a line of the Dockerfile (`manifests-first:4`), and from the second part of what
    /// stands there on the part as well (`manifests-first:4.2`).
    pub fn id(self, line: usize, part: usize) -> String {
        let part = if part > 1 { format!(".{part}") } else { String::new() };
        format!("{}:{line}{part}", self.name())
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
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
    /// Expected seconds of a rebuild that it saves; 0 where it only follows another move or prevents a mistake.
    pub saves: f64,
}

/// A change that is offered and not made: it alters something that can be observed, or its safety cannot be proved.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Offer {
    /// Stable name, as that of a [`Move`].
    pub id: String,
    /// What it does, as a short imperative.
    pub name: String,
    /// Its kind.
    pub kind: MoveKind,
    /// Lines of the old text that it concerns, from 1, the last excluded.
    pub lines: Range<usize>,
    /// What it changes besides the speed, and what to look at before it is made.
    pub changes: String,
    /// The lines that it writes; empty for an advice, which says in words what to do.
    pub text: String,
    /// The edits of [`Proposal::text`] that make it, rising; none for an advice.
    pub edits: Vec<TextEdit>,
    /// Paths of the image that may differ once it is made.
    pub differs: Vec<String>,
    /// Expected seconds of a rebuild that it saves; `None` where nothing known would tell.
    pub saves: Option<f64>,
}

impl Offer {
    /// Tells whether it is written whole and can be taken; else it is an advice.
    pub fn is_whole(&self) -> bool {
        !self.edits.is_empty()
    }
}

/// A piece of text in place of another.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TextEdit {
    /// Bytes that are replaced; empty where something is put in.
    pub span: Range<usize>,
    /// What stands there then.
    pub text: String,
}

/// An offer that is made because it was asked for.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Taken {
    /// The offer's name.
    pub id: String,
    /// What it does, as a short imperative.
    pub name: String,
    /// Its kind.
    pub kind: MoveKind,
    /// Lines of the old text that it concerns, from 1, the last excluded.
    pub lines: Range<usize>,
    /// What it changes besides the speed.
    pub changes: String,
    /// Paths of the image that may differ.
    pub differs: Vec<String>,
    /// Expected seconds of a rebuild that it saves.
    pub saves: f64,
}

/// Lines for the ignore file.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct IgnoreProposal {
    /// The lines to add, with the reason of each.
    pub add: Vec<IgnoreLine>,
    /// Expected seconds of a rebuild that they save on top of what else is proposed.
    pub saves: f64,
}

/// One line for the ignore file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct IgnoreLine {
    /// The pattern.
    pub pattern: String,
    /// Why it should not be in the build context.
    pub why: String,
}

/// A change that was looked at and not made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
        !self.moves.is_empty() || !self.taken.is_empty()
    }

    /// The share of the expected seconds that is saved, from 0 to 1.
    pub fn saved_share(&self) -> f64 {
        if self.expected_before > 0.0 { 1.0 - self.expected_after / self.expected_before } else { 0.0 }
    }

    fn unchanged(dockerfile: &Dockerfile, expected: f64) -> Self {
        Self {
            text: dockerfile.text.to_string(),
            moves: Vec::new(),
            taken: Vec::new(),
            refused: Vec::new(),
            offered: Vec::new(),
            ignore: None,
            seconds: BTreeMap::new(),
            expected_before: expected,
            expected_after: expected,
        }
    }
}
