//! Why a step runs: data with everything that text, JSON, screens and lessons need to say it.

use std::sync::Arc;

use serde::Serialize;

use crate::context::ChangeKind;
use crate::graph::Label;

/// One reason for which a step runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Cause {
    /// Nothing like it was built before.
    New,
    /// Files that it takes in changed.
    Content {
        /// The first changes, by path; usually at most [`SHOWN_PATHS`].
        changes: Vec<PathChange>,
        /// How many there are in all.
        total: usize,
        /// Where the files come from: none for the build context, else a stage, image or named context.
        from: Option<String>,
    },
    /// The instruction itself reads differently.
    Instruction {
        /// As it was.
        before: String,
        /// As it is.
        after: String,
    },
    /// Something outside of the instruction's own text that counts in it: the working directory, the user, …
    Setting {
        /// `working directory`, `user`, `shell`, `platform`, …
        name: String,
        /// As it was.
        before: String,
        /// As it is.
        after: String,
    },
    /// It stands on another step than before.
    Neighbour {
        /// Label of the step that it stood on.
        before: String,
        /// Label of the step that it stands on.
        after: String,
    },
    /// Variables in its environment changed.
    Environment {
        /// Each variable that was added, removed, changed or moved.
        changes: Vec<VariableChange>,
    },
    /// A step before it ran, and pulled it along.
    Parent {
        /// That step.
        step: Arc<Label>,
    },
    /// What it copies from a stage came out differently, or is taken to.
    Output {
        /// The step that made it.
        step: Arc<Label>,
        /// The path taken.
        path: String,
    },
    /// The base image is another.
    Base {
        /// Its name.
        image: String,
        /// What it was.
        before: String,
        /// What it is.
        after: String,
    },
    /// `--no-cache` or its filter.
    NoCache,
    /// It stands on nothing and nothing needs what it made: the daemon reports it as run. It costs nothing.
    Unanchored,
    /// Its record is known but its result is not there: an export that left it out.
    Missing,
}

/// How many changed paths a cause lists where nobody asks for more.
pub const SHOWN_PATHS: usize = 10;

/// One changed path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PathChange {
    /// Path in the context (or below the source).
    pub path: String,
    /// What changed.
    pub how: How,
}

/// What changed of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It is new.
    Added,
    /// It is gone, or ignored now.
    Removed,
    /// Its bytes.
    Content,
    /// Its permission bits.
    Mode,
    /// Its kind (file, directory, link).
    Kind,
    /// A symlink's target.
    Target,
}

/// One changed variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VariableChange {
    /// Name.
    pub name: String,
    /// Value before; none where it was not set.
    pub before: Option<String>,
    /// Value now; none where it is not set any more.
    pub after: Option<String>,
}

/// Why one step runs, and what that costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// All reasons, its own first. Empty for a cached step.
    pub causes: Vec<Cause>,
    /// It has a reason of its own, and is not only pulled along.
    pub root: bool,
    /// For a root: numbers of the steps that run only because it does.
    pub drags: Vec<usize>,
}

impl Cause {
    /// The contract's name of the kind (`cause.kind` in JSON).
    pub fn contract_kind(&self) -> &'static str {
        match self {
            Self::New | Self::Missing | Self::Unanchored => "new",
            Self::Content { .. } | Self::Output { .. } => "content",
            Self::Instruction { .. } | Self::Setting { .. } | Self::Neighbour { .. } => "instruction",
            Self::Environment { .. } => "environment",
            Self::Parent { .. } => "parent",
            Self::Base { .. } => "base",
            Self::NoCache => "no_cache",
        }
    }
}

impl From<ChangeKind> for How {
    fn from(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::Added => Self::Added,
            ChangeKind::Removed => Self::Removed,
            ChangeKind::Kind => Self::Kind,
            ChangeKind::Content => Self::Content,
            ChangeKind::Target => Self::Target,
            ChangeKind::Mode => Self::Mode,
        }
    }
}
