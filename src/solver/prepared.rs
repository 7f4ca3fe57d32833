//! What of a graph is the same at every solve, worked out once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use super::dependency::{Dependency, dependencies};
use super::runs::{Declared, Run};
use crate::context::Digest;
use crate::context::select::Landed;
use crate::graph::{Action, FileOp, Graph, Label, Op, Vertex, VertexId};

/// A graph made ready for many solves.
#[derive(Debug)]
pub struct Prepared {
    pub(super) graph: Arc<Graph>,
    pub(super) vertices: Vec<Ready>,
}

/// A vertex made ready.
#[derive(Debug)]
pub(super) struct Ready {
    /// The operation's digest.
    pub op: Digest,
    /// How it takes from its inputs.
    pub dependencies: Vec<Dependency>,
    /// Of a RUN: what it does.
    pub run: Option<Arc<Run>>,
    /// The label by which it is spoken of: its step's, or that of the step it serves.
    pub label: Option<Arc<Label>>,
    /// Vertices that take it in.
    pub consumers: Vec<VertexId>,
    /// By action of a file operation, or input of a merge: what became of its source when it was last made.
    pub landed: Vec<Arc<Mutex<Landed>>>,
}

impl Prepared {
    /// Makes a graph ready. `declared` says what users know of RUNs, by vertex; what was found out of the RUNs of
    /// another graph, usually of an earlier text, is kept where they are the same.
    pub fn new(graph: &Arc<Graph>, declared: &BTreeMap<VertexId, Declared>, earlier: Option<&Self>) -> Self {
        let runs =
            earlier.iter().flat_map(|earlier| &earlier.vertices).filter_map(|ready| ready.run.as_ref());
        let runs: HashMap<&Label, &Arc<Run>> = runs.map(|run| (&*run.label, run)).collect();
        let known = |run: Run| match runs.get(&*run.label) {
            Some(known) if known.is_same(&run) => Arc::clone(known),
            _ => Arc::new(run),
        };
        let mut labels: Vec<Option<Arc<Label>>> = vec![None; graph.vertices.len()];
        for step in &graph.steps {
            for v in [Some(step.vertex), step.merge].into_iter().flatten() {
                labels[v].get_or_insert_with(|| Arc::clone(&step.label));
            }
        }
        let mut consumers = vec![Vec::new(); graph.vertices.len()];
        for (at, vertex) in graph.vertices.iter().enumerate() {
            for &input in &vertex.inputs {
                consumers[input].push(at);
            }
        }
        // What was not edited stands where it stood, from the beginning or from the end.
        let then = earlier.map_or(0, |earlier| earlier.vertices.len());
        let digest = |at: VertexId| {
            let op = &graph.vertices[at].op;
            let same = [at, (at + then).wrapping_sub(graph.vertices.len())].into_iter().find_map(|place| {
                let earlier = earlier?;
                (earlier.graph.vertices.get(place)?.op == *op).then(|| earlier.vertices[place].op)
            });
            same.unwrap_or_else(|| op.cache_digest())
        };
        let vertices = graph
            .vertices
            .iter()
            .enumerate()
            .zip(labels)
            .zip(consumers)
            .map(|(((at, vertex), label), consumers)| Ready {
                op: digest(at),
                dependencies: dependencies(vertex),
                run: run(graph, vertex, label.clone(), declared.get(&at)).map(known),
                label,
                consumers,
                landed: landed(vertex),
            })
            .collect();
        Self { graph: Arc::clone(graph), vertices }
    }

    /// Says whether a vertex does the same as one of another graph, takes the same from its inputs and is spoken of
    /// by the same label. What its inputs are is not looked at.
    pub(super) fn is_alike(&self, at: VertexId, other: &Self, there: VertexId) -> bool {
        let (own, theirs) = (&self.vertices[at], &other.vertices[there]);
        let same_run = match (&own.run, &theirs.run) {
            (Some(own), Some(theirs)) => Arc::ptr_eq(own, theirs),
            (own, theirs) => own.is_none() && theirs.is_none(),
        };
        let taken = own.dependencies.iter().map(|dep| (dep.selected, &dep.selectors));
        same_run
            && own.label == theirs.label
            && self.graph.vertices[at].op == other.graph.vertices[there].op
            && taken.eq(theirs.dependencies.iter().map(|dep| (dep.selected, &dep.selectors)))
    }

    /// The graph.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }
}

fn landed(vertex: &Vertex) -> Vec<Arc<Mutex<Landed>>> {
    let copies = match &vertex.op {
        Op::File(file) => file.actions.len(),
        Op::Merge => vertex.inputs.len(),
        Op::Source(_) | Op::Exec(_) => 0,
    };
    std::iter::repeat_with(Arc::default).take(copies).collect()
}

fn run(
    graph: &Graph,
    vertex: &Vertex,
    label: Option<Arc<Label>>,
    declared: Option<&Declared>,
) -> Option<Run> {
    let Op::Exec(exec) = &vertex.op else { return None };
    let script = exec.mounts.iter().find(|m| m.target == "/dev/pipes/").and_then(|m| {
        let source = &graph.vertices[vertex.inputs[m.input?]];
        match &source.op {
            Op::File(FileOp { actions, .. }) => actions.iter().find_map(|a| match a {
                Action::Mkfile { content, .. } => Some(content.clone()),
                _ => None,
            }),
            _ => None,
        }
    });
    let unnamed = || Label { stage: None, index: 0, of: 0, instruction: exec.args.join(" ") };
    Some(Run {
        label: label.unwrap_or_else(|| Arc::new(unnamed())),
        exec: exec.clone(),
        script,
        declared: declared.cloned().unwrap_or_default(),
        effects: OnceLock::new(),
        chances: RwLock::default(),
        reads: OnceLock::new(),
    })
}
