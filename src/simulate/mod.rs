//! One simulated build after the other: from a Dockerfile, options and contexts to a prediction with its causes.
//!
//! The rooms below do the parts; this one puts them together for all who need whole builds: the commands, the
//! screen, the lessons, the replay, the comparison with a real engine. Pure: contexts come in as values.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::Tree;
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::Dockerfile;
use crate::explain::Explanation;
use crate::graph::{Graph, GraphOptions};
use crate::solver::Prediction;

/// What one build starts from.
#[derive(Debug, Clone)]
pub struct BuildInput {
    /// The Dockerfile.
    pub dockerfile: Arc<Dockerfile>,
    /// Options that enter the graph.
    pub options: GraphOptions,
    /// The build context after its ignore file.
    pub context: Tree,
    /// The `--build-context` folders by name.
    pub named: BTreeMap<String, Tree>,
}

/// A predicted build.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The graph.
    pub graph: Arc<Graph>,
    /// Status, certainty and key of each step.
    pub prediction: Prediction,
    /// Why each step runs: one a step of the prediction, in its order; without causes for a cached step.
    pub explanations: Vec<Explanation>,
}

/// A simulated builder: its cache, and the build before.
#[derive(Debug, Clone, Default)]
pub struct Simulator {}

impl Simulator {
    /// Predicts a build and remembers nothing.
    ///
    /// # Errors
    /// A Dockerfile that BuildKit would refuse before any step. A source that is not there is no error here but
    /// [`Prediction::error`].
    pub fn predict(&mut self, input: &BuildInput) -> Result<Outcome, Diagnostic> {
        let _ = input;
        unimplemented!("lands with the solver")
    }

    /// Counts a predicted build as done: its results can be found from now on.
    pub fn commit(&mut self, outcome: &Outcome) {
        let _ = outcome;
        unimplemented!("lands with the solver")
    }

    /// Predicts and commits.
    ///
    /// # Errors
    /// As [`Simulator::predict`].
    pub fn build(&mut self, input: &BuildInput) -> Result<Outcome, Diagnostic> {
        let outcome = self.predict(input)?;
        self.commit(&outcome);
        Ok(outcome)
    }
}
