//! The solve: for every vertex, whether its result is found or made (cache semantics, section 2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Id;
use super::key::ContentKey;
use super::output::{Decides, Output};
use super::prediction::{Assumption, Prediction, Status, StepPrediction, VertexPrediction};
use super::prepared::{Prepared, Recall};
use super::store::{Addition, InputKeys, Kept, Record, Store};
use crate::context::select::Memo;
use crate::context::{Digest, SelectError, Tree};
use crate::dockerfile::{Diagnostic, DiagnosticKind};
use crate::graph::{Graph, Op, Source, VertexId};

/// What a solve looks at, beside the cache.
#[derive(Debug, Clone, Default)]
pub struct Contexts {
    /// The build context after its ignore file.
    pub main: Tree,
    /// Named contexts by name.
    pub named: BTreeMap<String, Tree>,
}

/// A solved build: the prediction, and what the cache learns when it is counted as built.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The prediction.
    pub prediction: Prediction,
    /// What the build adds to the cache.
    pub additions: Vec<Addition>,
    /// What each vertex put out, as far as it is known.
    pub outputs: Vec<Option<Output>>,
}

/// Predicts the build of a graph.
///
/// `recall` and `memo` only save work. `text` is the Dockerfile's, for messages. A source that is not there ends
/// the prediction with [`Prediction::error`]; the steps before it stand.
pub fn solve(
    prepared: &Arc<Prepared>,
    contexts: &Contexts,
    store: &Store,
    recall: &mut Recall,
    memo: &mut Memo,
    text: &str,
) -> Solution {
    recall.begin(prepared);
    let graph = prepared.graph();
    let mut forced = BTreeSet::new();
    loop {
        let mut solver = Solver {
            graph,
            prepared,
            contexts,
            store,
            recall,
            memo,
            text,
            forced: &forced,
            done: Vec::with_capacity(graph.vertices.len()),
            needed: BTreeSet::new(),
            decides: BTreeMap::new(),
        };
        let error = solver.run();
        let missing = solver.missing();
        if error.is_some() || missing.is_subset(&forced) {
            return solver.finish(error);
        }
        forced.extend(missing);
    }
}

pub(super) struct Solver<'a, 'm> {
    pub(super) graph: &'a Arc<Graph>,
    pub(super) prepared: &'a Arc<Prepared>,
    pub(super) contexts: &'a Contexts,
    pub(super) store: &'a Store,
    pub(super) recall: &'m mut Recall,
    pub(super) memo: &'m mut Memo,
    pub(super) text: &'a str,
    /// Vertices whose result is needed but was left out of an export: they run, under the identity they had.
    pub(super) forced: &'a BTreeSet<VertexId>,
    pub(super) done: Vec<Solved>,
    /// Vertices whose result something needs.
    pub(super) needed: BTreeSet<VertexId>,
    /// Path and step on which an input's content rests, by vertex and input.
    pub(super) decides: BTreeMap<(VertexId, usize), Decides>,
}

/// What is known of a vertex once it is solved.
pub(super) struct Solved {
    pub(super) status: Status,
    pub(super) id: Id,
    pub(super) out: Digest,
    pub(super) output: Output,
    pub(super) certain: bool,
    pub(super) assumption: Option<Assumption>,
    /// Identities that it may have instead.
    pub(super) others: Vec<Id>,
    /// Ran although its result is known: what it put out need not be what it was.
    pub(super) remade: bool,
    pub(super) result: Kept,
    /// Its result may be missing from an import.
    pub(super) in_doubt: bool,
    /// Found, but reported as run.
    pub(super) unanchored: bool,
    pub(super) keys: Vec<InputKeys>,
    pub(super) content: Vec<Option<ContentKey>>,
    pub(super) op: Digest,
}

struct Failure {
    vertex: VertexId,
    error: SelectError,
}

impl Solver<'_, '_> {
    fn run(&mut self) -> Option<Failure> {
        for at in 0..self.graph.vertices.len() {
            match self.vertex(at) {
                Ok(solved) => self.done.push(solved),
                Err(error) => return Some(Failure { vertex: at, error }),
            }
        }
        None
    }

    /// Vertices that were found without a result although something that runs needs it.
    fn missing(&self) -> BTreeSet<VertexId> {
        let mut need = self.needed.clone();
        for (at, done) in self.done.iter().enumerate() {
            if done.status == Status::Executed {
                need.extend(self.graph.vertices[at].inputs.iter().copied());
            }
        }
        need.retain(|&v| self.done[v].result == Kept::No && self.done[v].status == Status::Cached);
        need
    }

    fn vertex(&mut self, at: VertexId) -> Result<Solved, SelectError> {
        let vertex = &self.graph.vertices[at];
        match &vertex.op {
            Op::Source(source) => Ok(self.source(at, source)),
            _ => {
                let ready = &self.prepared.vertices[at];
                let matched = self.look_up(at, ready.op, &ready.dependencies, vertex.ignore_cache)?;
                Ok(self.built(at, vertex, matched))
            }
        }
    }

    /// Statuses that depend on what is needed of a vertex, once all is solved.
    fn settle(&mut self) {
        for at in (0..self.done.len()).rev() {
            let consumers = &self.prepared.vertices[at].consumers;
            let needed = self.needed.contains(&at)
                || consumers
                    .iter()
                    .any(|&c| self.done[c].status == Status::Executed || self.done[c].in_doubt);
            let done = &mut self.done[at];
            if done.status == Status::Executed {
                continue;
            }
            // What may not be there would have to run, and all that it is built on.
            if needed && done.result == Kept::Perhaps {
                done.in_doubt = true;
                done.certain = false;
                done.assumption.get_or_insert(Assumption::Export);
            }
            // The daemon does not say of a step that stands on nothing that it was found, until something needs
            // what it made (`random-1595`).
            let file = matches!(self.graph.vertices[at].op, Op::File(_));
            if file && self.graph.vertices[at].inputs.is_empty() && !needed {
                done.status = Status::Executed;
                done.unanchored = true;
            }
        }
    }

    fn finish(mut self, failure: Option<Failure>) -> Solution {
        if failure.is_none() {
            self.settle();
        }
        let error = failure.as_ref().map(|f| self.diagnose(f));
        // What ends the build is told at its step; the steps printed before it stand.
        let until = failure.as_ref().map_or(self.graph.steps.len(), |f| {
            let fails = |v: VertexId| v >= f.vertex;
            self.graph.steps.iter().position(|s| fails(s.vertex) || s.merge.is_some_and(fails)).unwrap_or(0)
        });
        let steps = (0..until).map(|n| self.step(n)).collect();
        let made = self.store.builds() + 1;
        let mut additions = Vec::new();
        if failure.is_none() {
            for (vertex, done) in self.graph.vertices.iter().zip(&self.done) {
                if let Op::Source(source) = &vertex.op {
                    if !matches!(source, Source::Context { .. }) {
                        additions.push(Addition::Source(done.id));
                    }
                    continue;
                }
                let made = match self.store.record(done.id) {
                    Some(r) if done.status == Status::Cached || done.unanchored => r.made,
                    _ => made,
                };
                additions.push(Addition::Record(Record {
                    op: done.op,
                    id: done.id,
                    output: done.out,
                    made,
                    result: done.result,
                    inputs: done.keys.clone(),
                }));
            }
        }
        let mut vertices = Vec::with_capacity(self.graph.vertices.len());
        let mut outputs = Vec::with_capacity(self.graph.vertices.len());
        for (n, done) in self.done.into_iter().enumerate() {
            vertices.push(Some(VertexPrediction {
                status: done.status,
                id: done.id,
                ignored_cache: self.graph.vertices[n].ignore_cache,
                unanchored: done.unanchored,
                content: done.content,
            }));
            outputs.push(Some(done.output));
        }
        vertices.resize_with(self.graph.vertices.len(), || None);
        outputs.resize_with(self.graph.vertices.len(), || None);
        let prediction = Prediction { graph: Arc::clone(self.graph), steps, vertices, error };
        Solution { prediction, additions, outputs }
    }

    fn step(&self, number: usize) -> StepPrediction {
        let step = &self.graph.steps[number];
        let copy = &self.done[step.vertex];
        let merge = step.merge.map(|m| &self.done[m]);
        let all = [Some(copy), merge];
        let doubtful = all.iter().flatten().find(|s| !s.certain);
        // A download is doubtful for what copies it; an image is taken to be what it is called.
        StepPrediction {
            label: step.label.clone(),
            step: number,
            status: copy.status,
            merge: merge.map(|m| m.status),
            certain: doubtful.is_none(),
            assumption: doubtful.and_then(|s| s.assumption.clone()),
            key: merge.unwrap_or(copy).id,
        }
    }

    fn diagnose(&self, failure: &Failure) -> Diagnostic {
        let step = self
            .graph
            .steps
            .iter()
            .find(|s| s.vertex == failure.vertex || s.merge == Some(failure.vertex))
            .or_else(|| self.graph.steps.iter().find(|s| s.vertex > failure.vertex));
        let span = step.map_or(0..0, |s| s.span.clone());
        let (kind, message, path) = match &failure.error {
            SelectError::NotFound { path } => (
                DiagnosticKind::SourceNotFound,
                format!("{path} is not there to be copied"),
                Some(path.clone()),
            ),
            SelectError::BadPattern { .. } => (DiagnosticKind::Parse, failure.error.to_string(), None),
            SelectError::TooManyLinks(e) => {
                (DiagnosticKind::SourceNotFound, failure.error.to_string(), Some(format!("/{}", e.path)))
            }
        };
        let mut d = Diagnostic::at(kind, self.text, span, message);
        d.path = path;
        if kind == DiagnosticKind::SourceNotFound {
            d.help = Some("check the path (it starts at the context's root), and the ignore file".into());
        }
        d
    }
}
