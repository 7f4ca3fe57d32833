//! What a solve says of each step.

use std::sync::Arc;

use serde::Serialize;

use super::key::Id;
use super::output::Taken;
use crate::dockerfile::Diagnostic;
use crate::graph::{Graph, Label, VertexId};

/// Whether a step's result is found or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Found in the cache.
    Cached,
    /// Runs.
    Executed,
}

/// The prediction of one build: pure data, explained by `explain`, shown by the screens.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// The graph it is about.
    pub graph: Arc<Graph>,
    /// One a step of [`Graph::steps`], in its order; shorter where `error` ended the build.
    pub steps: Vec<StepPrediction>,
    /// One a vertex of [`Graph::vertices`]; none for a vertex that nothing asked for.
    pub vertices: Arc<[Option<VertexPrediction>]>,
    /// What ended the build early.
    pub error: Option<Diagnostic>,
}

/// What is said of one printed step.
#[derive(Debug, Clone)]
pub struct StepPrediction {
    /// The step's label.
    pub label: Arc<Label>,
    /// Number of the step in [`Graph::steps`].
    pub step: usize,
    /// Cached or executed; of a COPY --link, the copy's.
    pub status: Status,
    /// Status of the LINK merge of a COPY --link.
    pub merge: Option<Status>,
    /// False where the status rests on what a RUN put out, or on something outside that may change.
    pub certain: bool,
    /// What the status rests on, where it is not certain.
    pub assumption: Option<Assumption>,
    /// The step's identity: the record that was found or made.
    pub key: Id,
}

/// What is said of one vertex.
#[derive(Debug, Clone)]
pub struct VertexPrediction {
    /// Cached or executed.
    pub status: Status,
    /// The record found or made; what follows is found through it.
    pub id: Id,
    /// Runs although the cache was not asked (`--no-cache`).
    pub ignored_cache: bool,
    /// It was found, but it stands on nothing and nothing needs it: the daemon reports such a step as run.
    pub unanchored: bool,
    /// For each input: what was taken from it, where that was looked at.
    pub(crate) taken: Arc<[Option<Taken>]>,
}

/// Why a status is not certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Assumption {
    /// A RUN may have written a path that is copied or mounted from its stage.
    Output {
        /// The path taken.
        path: String,
        /// The step that may have written it.
        step: Arc<Label>,
        /// Taken to be the same as before, or to have changed.
        assumed_changed: bool,
    },
    /// A URL or git reference may hold something else by now.
    Upstream {
        /// The address.
        reference: String,
    },
    /// An imported cache may hold its result, or only its key.
    Export,
    /// A step before it is not certain.
    Follows {
        /// That step.
        step: Arc<Label>,
    },
}

impl Prediction {
    /// Looks up what was said of a vertex.
    pub fn vertex(&self, id: VertexId) -> Option<&VertexPrediction> {
        self.vertices.get(id).and_then(Option::as_ref)
    }

    /// Counts steps of a status.
    pub fn count(&self, status: Status) -> usize {
        self.steps.iter().filter(|s| s.status == status).count()
    }
}
