//! One simulated build after the other: from a Dockerfile, options and contexts to a prediction with its causes.
//!
//! The rooms below do the parts; this one puts them together for all who need whole builds: the commands, the
//! screen, the lessons, the replay, the comparison with a real engine. Pure, but for [`disk`], which keeps a
//! simulated cache in a folder.

pub mod disk;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::context::Tree;
use crate::context::select::Memo;
use crate::declare::Declarations;
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::Dockerfile;
use crate::explain::{self, Explanation, SHOWN_PATHS};
use crate::graph::{self, Graph, GraphOptions, Op, VertexId};
use crate::solver::export::{self, ExportMode};
use crate::solver::{
    self, Addition, Contexts, Declared, Output, Prediction, Prepared, Recall, Solution, Store,
    VertexPrediction,
};

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
    /// Why each step runs: one a step of the prediction, in its order, without causes for a cached step; none at all
    /// from a builder that is silent ([`Simulator::silent`]).
    pub explanations: Vec<Explanation>,
    /// What it was predicted from.
    pub input: BuildInput,
    /// What the cache learns when it is counted as built.
    additions: Vec<Addition>,
    outputs: Arc<[Option<Output>]>,
    /// What causes are told against.
    before: Option<Arc<Built>>,
}

/// A simulated builder: its cache, and the build before.
///
/// Cloning is cheap: what is large is shared.
#[derive(Debug, Clone, Default)]
pub struct Simulator {
    store: Store,
    last: Option<Arc<Built>>,
    memo: Memo,
    recall: Recall,
    /// The graph of the Dockerfile seen last: an edit of the context needs no new one.
    graph: Option<KnownGraph>,
    /// Nobody asks why a step runs, or asks the outcome itself.
    is_silent: bool,
}

/// A build that was counted as done.
#[derive(Debug)]
struct Built {
    graph: Arc<Graph>,
    contexts: Contexts,
    vertices: Arc<[Option<VertexPrediction>]>,
    outputs: Arc<[Option<Output>]>,
}

#[derive(Debug, Clone)]
struct KnownGraph {
    dockerfile: Arc<Dockerfile>,
    options: GraphOptions,
    graph: Arc<Graph>,
    prepared: Arc<Prepared>,
}

impl Simulator {
    /// A builder that starts with a cache.
    pub fn with_store(store: Store) -> Self {
        Self { store, ..Self::default() }
    }

    /// Makes it not say why a step runs: [`Outcome::explanations`] stays empty, [`Outcome::explain`] tells.
    #[must_use]
    pub fn silent(self) -> Self {
        Self { is_silent: true, ..self }
    }

    /// Empties its cache and forgets the build before; what it has worked out of a Dockerfile stays.
    pub fn forget(&mut self) {
        self.store = Store::default();
        self.last = None;
    }

    /// Its cache.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Adds what an imported cache holds.
    pub fn import(&mut self, additions: impl IntoIterator<Item = Addition>) {
        self.store.add(additions);
    }

    /// Says which build came before: what causes are told against. The cache learns nothing from it.
    ///
    /// # Errors
    /// A Dockerfile that has no graph.
    pub fn compare_with(&mut self, input: &BuildInput) -> Result<(), Diagnostic> {
        let known = self.graph_of(input)?;
        let contexts = contexts(input);
        let solution = self.solve(&known, &contexts, &Store::default(), input);
        let Solution { prediction, outputs, .. } = solution;
        let vertices = prediction.vertices;
        self.last = Some(Arc::new(Built { graph: known.graph, contexts, vertices, outputs }));
        Ok(())
    }

    /// Predicts a build and remembers nothing.
    ///
    /// # Errors
    /// A Dockerfile that BuildKit would refuse before any step. A source that is not there is no error here but
    /// [`Prediction::error`].
    pub fn predict(&mut self, input: &BuildInput) -> Result<Outcome, Diagnostic> {
        let known = self.graph_of(input)?;
        let contexts = contexts(input);
        let store = std::mem::take(&mut self.store);
        let solution = self.solve(&known, &contexts, &store, input);
        self.store = store;
        let mut outcome = Outcome {
            graph: known.graph,
            prediction: solution.prediction,
            explanations: Vec::new(),
            input: input.clone(),
            additions: solution.additions,
            outputs: solution.outputs,
            before: self.last.clone(),
        };
        if !self.is_silent {
            outcome.explanations = outcome.explain(SHOWN_PATHS);
        }
        Ok(outcome)
    }

    /// Counts a predicted build as done: its results can be found from now on.
    ///
    /// A build that ended with an error leaves nothing but the memory of what was tried.
    pub fn commit(&mut self, outcome: &Outcome) {
        self.store.add(outcome.additions.iter().cloned());
        if outcome.prediction.error.is_some() {
            return;
        }
        self.last = Some(Arc::new(Built {
            graph: Arc::clone(&outcome.graph),
            contexts: contexts(&outcome.input),
            vertices: Arc::clone(&outcome.prediction.vertices),
            outputs: Arc::clone(&outcome.outputs),
        }));
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

    /// Takes over a graph that was made elsewhere of the Dockerfile and the options of an input.
    pub fn adopt(&mut self, input: &BuildInput, graph: &Arc<Graph>) {
        if !self.graph.as_ref().is_some_and(|known| known.is_of(input)) {
            self.know(input, Arc::clone(graph));
        }
    }

    fn solve(
        &mut self,
        known: &KnownGraph,
        contexts: &Contexts,
        store: &Store,
        input: &BuildInput,
    ) -> Solution {
        let text = &input.dockerfile.text;
        solver::solve(&known.prepared, contexts, store, &mut self.recall, &mut self.memo, text)
    }

    fn graph_of(&mut self, input: &BuildInput) -> Result<KnownGraph, Diagnostic> {
        if let Some(known) = self.graph.as_ref().filter(|known| known.is_of(input)) {
            return Ok(known.clone());
        }
        let mut options = input.options.clone();
        options.named_contexts.extend(input.named.keys().cloned());
        let graph = Arc::new(graph::build(&input.dockerfile, &options)?);
        Ok(self.know(input, graph))
    }

    fn know(&mut self, input: &BuildInput, graph: Arc<Graph>) -> KnownGraph {
        let earlier = self.graph.as_ref().map(|known| &*known.prepared);
        let prepared = Arc::new(Prepared::new(&graph, &declared(&input.dockerfile, &graph), earlier));
        let known = KnownGraph {
            dockerfile: Arc::clone(&input.dockerfile),
            options: input.options.clone(),
            graph,
            prepared,
        };
        self.graph = Some(known.clone());
        known
    }
}

impl KnownGraph {
    fn is_of(&self, input: &BuildInput) -> bool {
        Arc::ptr_eq(&self.dockerfile, &input.dockerfile) && self.options == input.options
    }
}

impl Outcome {
    /// Says why each step runs; a cause lists at most so many paths.
    pub fn explain(&self, most_paths: usize) -> Vec<Explanation> {
        let contexts = contexts(&self.input);
        let now = explain::Build {
            graph: &self.graph,
            contexts: &contexts,
            vertices: &self.prediction.vertices,
            outputs: &self.outputs,
        };
        let before = self.before.as_ref().map(|before| explain::Build {
            graph: &before.graph,
            contexts: &before.contexts,
            vertices: &before.vertices,
            outputs: &before.outputs,
        });
        explain::explain(&self.prediction, now, before, most_paths)
    }

    /// What an export of this build's cache holds (cache semantics, section 8), for [`Simulator::import`].
    pub fn export(&self, mode: ExportMode) -> Vec<Addition> {
        export::export(&self.prediction, &self.additions, mode)
    }

    /// What counting it as built adds to the cache.
    pub fn additions(&self) -> &[Addition] {
        &self.additions
    }

    /// What is known of the files of the final image; none for an empty one.
    pub fn final_output(&self) -> Option<&Output> {
        self.outputs.get(self.graph.result?)?.as_ref()
    }

    /// What is known of the files that a vertex puts out.
    pub fn output(&self, vertex: VertexId) -> Option<&Output> {
        self.outputs.get(vertex)?.as_ref()
    }
}

fn contexts(input: &BuildInput) -> Contexts {
    Contexts { main: input.context.clone(), named: input.named.clone() }
}

/// What the Dockerfile's comments declare of its RUNs, by vertex.
fn declared(dockerfile: &Dockerfile, graph: &Graph) -> BTreeMap<VertexId, Declared> {
    // What cannot be read is told where the Dockerfile is shown; here it counts as not said.
    let (declarations, _) = Declarations::read(dockerfile);
    let mut out = BTreeMap::new();
    for step in &graph.steps {
        let said = step.instruction.and_then(|at| declarations.get(step.stage, at));
        if let (Some(d), Op::Exec(_)) = (said, &graph.vertices[step.vertex].op) {
            let declared =
                Declared { reads: d.reads.clone(), writes: d.writes.clone(), deterministic: d.deterministic };
            if declared != Declared::default() {
                out.insert(step.vertex, declared);
            }
        }
    }
    out
}
