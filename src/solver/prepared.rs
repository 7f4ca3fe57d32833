//! What of a graph is the same at every solve, worked out once; and what the solve before found, to be found again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use super::dependency::{Dependency, dependencies};
use super::output::{Output, Taken};
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
    /// Makes a graph ready. `declared` says what users know of RUNs, by vertex.
    pub fn new(graph: &Arc<Graph>, declared: &BTreeMap<VertexId, Declared>) -> Self {
        let mut labels: Vec<Option<Arc<Label>>> = vec![None; graph.vertices.len()];
        for step in &graph.steps {
            for v in [Some(step.vertex), step.merge].into_iter().flatten() {
                labels[v].get_or_insert_with(|| Arc::new(step.label.clone()));
            }
        }
        let mut consumers = vec![Vec::new(); graph.vertices.len()];
        for (at, vertex) in graph.vertices.iter().enumerate() {
            for &input in &vertex.inputs {
                consumers[input].push(at);
            }
        }
        let vertices = graph
            .vertices
            .iter()
            .enumerate()
            .zip(labels)
            .zip(consumers)
            .map(|(((at, vertex), label), consumers)| Ready {
                op: vertex.op.cache_digest(),
                dependencies: dependencies(vertex),
                run: run(graph, vertex, label.clone(), declared.get(&at)),
                label,
                consumers,
                landed: landed(vertex),
            })
            .collect();
        Self { graph: Arc::clone(graph), vertices }
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
) -> Option<Arc<Run>> {
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
    Some(Arc::new(Run {
        label: label.unwrap_or_else(|| Arc::new(unnamed())),
        exec: exec.clone(),
        script,
        declared: declared.cloned().unwrap_or_default(),
        effects: OnceLock::new(),
        chances: RwLock::default(),
    }))
}

/// What the solve before found of each vertex of the same graph, so that what did not change is not worked out anew.
#[derive(Debug, Clone, Default)]
pub struct Recall {
    of: Option<Arc<Prepared>>,
    vertices: Vec<Known>,
}

/// What is known of one vertex.
#[derive(Debug, Clone, Default)]
struct Known {
    /// What it put out, and what that rests on.
    output: Option<(Basis, Output)>,
    /// By input: what was taken from which output.
    taken: Vec<Option<(Output, Taken)>>,
}

/// All that the output of a vertex of one graph rests on.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    /// What came out.
    pub out: Digest,
    /// It is not certain whether it ran.
    pub shaky: bool,
    /// What its mounts hold, as far as it counts.
    pub mounts: Digest,
    /// What its inputs put out.
    pub inputs: Vec<Output>,
}

impl PartialEq for Basis {
    fn eq(&self, other: &Self) -> bool {
        (self.out, self.shaky, self.mounts) == (other.out, other.shaky, other.mounts)
            && self.inputs.len() == other.inputs.len()
            && self.inputs.iter().zip(&other.inputs).all(|(a, b)| a.is(b))
    }
}

impl Recall {
    /// Begins a solve: what is known of another graph is forgotten.
    pub(super) fn begin(&mut self, prepared: &Arc<Prepared>) {
        if !self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, prepared)) {
            self.of = Some(Arc::clone(prepared));
            self.vertices.clear();
            self.vertices.resize_with(prepared.vertices.len(), Known::default);
        }
    }

    /// The output of a vertex: the one before, if it rests on the same.
    pub(super) fn output(&mut self, at: VertexId, basis: Basis, make: impl FnOnce() -> Output) -> Output {
        let known = &mut self.vertices[at];
        match &known.output {
            Some((before, output)) if *before == basis => output.clone(),
            _ => {
                let output = make();
                known.output = Some((basis, output.clone()));
                output
            }
        }
    }

    /// What was taken from this very output.
    pub(super) fn taken(&self, at: VertexId, number: usize, from: &Output) -> Option<Taken> {
        let (output, taken) = self.vertices[at].taken.get(number)?.as_ref()?;
        output.is(from).then(|| taken.clone())
    }

    /// Keeps what was taken from an output.
    pub(super) fn keep(&mut self, at: VertexId, number: usize, from: &Output, taken: &Taken) {
        let list = &mut self.vertices[at].taken;
        if list.len() <= number {
            list.resize(number + 1, None);
        }
        list[number] = Some((from.clone(), taken.clone()));
    }
}
