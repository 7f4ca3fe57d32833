//! What the solve before found, so that what did not change is not worked out anew.

use std::collections::HashMap;
use std::sync::Arc;

use super::output::{Output, Taken};
use super::prediction::Status;
use super::prepared::Prepared;
use super::solved::Solved;
use super::store::{OpRecords, Store};
use crate::context::Digest;
use crate::graph::VertexId;

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
    solved: Option<Before>,
}

/// What was found of a vertex, and all that it rests on beside the graph.
#[derive(Debug, Clone)]
struct Before {
    solved: Arc<Solved>,
    /// What its inputs were found to be, by input.
    inputs: Vec<Arc<Solved>>,
    /// What the store held of its operation; none for a source.
    records: Option<OpRecords>,
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
    /// Begins a solve: of another graph, what is known of a vertex is that of its equal in the graph before. What it
    /// rests on is compared when it is asked for, here as in the same graph.
    pub(super) fn begin(&mut self, prepared: &Arc<Prepared>) {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, prepared)) {
            return;
        }
        let mut before = std::mem::take(&mut self.vertices);
        let mut equals: HashMap<Digest, Vec<VertexId>> = HashMap::new();
        if let Some(of) = &self.of {
            for (at, ready) in of.vertices.iter().enumerate() {
                equals.entry(ready.op).or_default().push(at);
            }
        }
        let mut known = |at: VertexId| {
            let of = self.of.as_ref()?;
            let candidates = equals.get_mut(&prepared.vertices[at].op)?;
            let place = candidates.iter().position(|&then| prepared.is_alike(at, of, then))?;
            before.get_mut(candidates.remove(place)).map(std::mem::take)
        };
        self.vertices = (0..prepared.vertices.len()).map(|at| known(at).unwrap_or_default()).collect();
        self.of = Some(Arc::clone(prepared));
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

    /// What was found of a source.
    pub(super) fn source(&self, at: VertexId) -> Option<&Arc<Solved>> {
        self.vertices[at].solved.as_ref().map(|before| &before.solved)
    }

    /// What was found of a vertex, if the store holds the same of its operation: what has to be looked at besides is
    /// whether its inputs are what they were. Only what was found in the store can be found again.
    pub(super) fn solved(&self, at: VertexId, op: Digest, store: &Store) -> Option<Arc<Solved>> {
        let before = self.vertices[at].solved.as_ref()?;
        let same = before.solved.status == Status::Cached && store.still_holds(op, before.records.as_ref()?);
        same.then(|| Arc::clone(&before.solved))
    }

    /// Says whether an input was found to be this.
    pub(super) fn has_input(&self, at: VertexId, number: usize, now: &Arc<Solved>) -> bool {
        let then = self.vertices[at].solved.as_ref().and_then(|before| before.inputs.get(number));
        then.is_some_and(|then| Arc::ptr_eq(then, now))
    }

    /// Takes note that with these inputs the same was found.
    pub(super) fn take_inputs<'a>(&mut self, at: VertexId, inputs: impl Iterator<Item = &'a Arc<Solved>>) {
        if let Some(before) = &mut self.vertices[at].solved {
            for (then, now) in before.inputs.iter_mut().zip(inputs) {
                if !Arc::ptr_eq(then, now) {
                    *then = Arc::clone(now);
                }
            }
        }
    }

    /// Keeps what was found of a vertex.
    pub(super) fn keep_solved(
        &mut self,
        at: VertexId,
        solved: &Arc<Solved>,
        inputs: Vec<Arc<Solved>>,
        records: Option<OpRecords>,
    ) {
        self.vertices[at].solved = Some(Before { solved: Arc::clone(solved), inputs, records });
    }
}
