//! The solve: for every vertex, whether its result is found or made (cache semantics, section 2).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::output::Output;
use super::prediction::{Prediction, Status, StepPrediction, VertexPrediction};
use super::prepared::Prepared;
use super::recall::Recall;
use super::solved::{Late, Solved};
use super::store::{Addition, Kept, Store};
use crate::context::select::Memo;
use crate::context::{SelectError, Tree};
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
    pub outputs: Arc<[Option<Output>]>,
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
    pub(super) done: Vec<Arc<Solved>>,
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
        let lacks = |v: VertexId| self.done[v].result == Kept::No && self.done[v].status == Status::Cached;
        let needs = |v: VertexId| {
            let consumers = self.prepared.vertices[v].consumers.iter();
            let solved = consumers.filter_map(|&c| Some((c, self.done.get(c)?)));
            solved.into_iter().any(|(c, done)| {
                done.status == Status::Executed || done.looks_into(&self.graph.vertices[c], v)
            })
        };
        (0..self.done.len()).filter(|&v| lacks(v) && needs(v)).collect()
    }

    fn vertex(&mut self, at: VertexId) -> Result<Arc<Solved>, SelectError> {
        let vertex = &self.graph.vertices[at];
        if let Op::Source(source) = &vertex.op {
            return Ok(self.source(at, source));
        }
        if let Some(same) = self.unchanged(at)? {
            return Ok(same);
        }
        let ready = &self.prepared.vertices[at];
        let matched = self.look_up(at, ready.op, &ready.dependencies, vertex.ignore_cache)?;
        let records = self.store.of_op(ready.op);
        let solved = Arc::new(self.built(at, vertex, matched));
        let inputs = ready.dependencies.iter().map(|dep| Arc::clone(&self.done[dep.vertex])).collect();
        self.recall.keep_solved(at, &solved, inputs, records);
        Ok(solved)
    }

    /// What the solve before found of a vertex, where the same would be found again.
    fn unchanged(&mut self, at: VertexId) -> Result<Option<Arc<Solved>>, SelectError> {
        let ready = &self.prepared.vertices[at];
        if self.graph.vertices[at].ignore_cache || self.forced.contains(&at) {
            return Ok(None);
        }
        let Some(then) = self.recall.solved(at, ready.op, self.store) else { return Ok(None) };
        for (n, dep) in ready.dependencies.iter().enumerate() {
            let now = &self.done[dep.vertex];
            if self.recall.has_input(at, n, now) {
                continue;
            }
            // Of a context only what is taken from it counts.
            let is_context = matches!(self.graph.vertices[dep.vertex].op, Op::Source(Source::Context { .. }));
            if !is_context {
                return Ok(None);
            }
            let taken = self.taken(at, n, dep)?;
            if taken.as_ref().map(|taken| &taken.key) != then.taken[n].as_ref().map(|taken| &taken.key) {
                return Ok(None);
            }
        }
        let inputs = ready.dependencies.iter().map(|dep| &self.done[dep.vertex]);
        self.recall.take_inputs(at, inputs);
        Ok(Some(then))
    }

    /// What is only known of statuses once all is solved: it depends on what is needed of a vertex.
    fn settle(&self) -> Vec<Late> {
        let mut late = vec![Late::default(); self.done.len()];
        for at in (0..self.done.len()).rev() {
            let done = &self.done[at];
            if done.status == Status::Executed {
                continue;
            }
            let needed = self.prepared.vertices[at].consumers.iter().any(|&c| {
                let theirs = &self.done[c];
                theirs.status == Status::Executed
                    || late[c].unanchored
                    || late[c].in_doubt
                    || theirs.looks_into(&self.graph.vertices[c], at)
            });
            // What may not be there would have to run, and all that it is built on.
            late[at].in_doubt = needed && done.result == Kept::Perhaps;
            // The daemon does not say of a step that stands on nothing that it was found, until something needs
            // what it made (`random-1595`).
            let file = matches!(self.graph.vertices[at].op, Op::File(_));
            late[at].unanchored = file && self.graph.vertices[at].inputs.is_empty() && !needed;
        }
        late
    }

    fn finish(self, failure: Option<Failure>) -> Solution {
        let late = match failure {
            None => self.settle(),
            Some(_) => vec![Late::default(); self.done.len()],
        };
        let error = failure.as_ref().map(|f| self.diagnose(f));
        // What ends the build is told at its step; the steps printed before it stand.
        let until = failure.as_ref().map_or(self.graph.steps.len(), |f| {
            let fails = |v: VertexId| v >= f.vertex;
            self.graph.steps.iter().position(|s| fails(s.vertex) || s.merge.is_some_and(fails)).unwrap_or(0)
        });
        let steps = (0..until).map(|n| self.step(n, &late)).collect();
        let additions = match failure {
            None => self.done.iter().filter_map(|done| done.adds.clone()).collect(),
            Some(_) => Vec::new(),
        };
        let all = self.graph.vertices.len();
        let vertices = self.graph.vertices.iter().zip(&self.done).zip(&late).map(|((vertex, done), late)| {
            VertexPrediction {
                status: late.status(done),
                id: done.id,
                ignored_cache: vertex.ignore_cache,
                unanchored: late.unanchored,
                taken: Arc::clone(&done.taken),
            }
        });
        let vertices = vertices.map(Some).chain(std::iter::repeat(None)).take(all).collect();
        let outputs = self.done.iter().map(|done| Some(done.output.clone()));
        let outputs = outputs.chain(std::iter::repeat(None)).take(all).collect();
        let prediction = Prediction { graph: Arc::clone(self.graph), steps, vertices, error };
        Solution { prediction, additions, outputs }
    }

    fn step(&self, number: usize, late: &[Late]) -> StepPrediction {
        let step = &self.graph.steps[number];
        let of = |v: VertexId| (&*self.done[v], late[v]);
        let copy = of(step.vertex);
        let merge = step.merge.map(of);
        let doubtful = [Some(copy), merge].into_iter().flatten().find(|(s, late)| !late.certain(s));
        // A download is doubtful for what copies it; an image is taken to be what it is called.
        StepPrediction {
            label: Arc::clone(&step.label),
            step: number,
            status: copy.1.status(copy.0),
            merge: merge.map(|(m, late)| late.status(m)),
            certain: doubtful.is_none(),
            assumption: doubtful.and_then(|(s, late)| late.assumption(s)),
            key: merge.unwrap_or(copy).0.id,
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
