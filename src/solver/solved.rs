//! What a solve finds of one vertex.

use std::sync::Arc;

use super::Id;
use super::output::{Output, Taken};
use super::prediction::{Assumption, Status};
use super::store::{Addition, Kept};
use crate::graph::{Vertex, VertexId};

/// What is known of a vertex once it is solved: a function of the operation, what its inputs are found to be, and
/// what the store holds of the operation.
#[derive(Debug)]
pub(super) struct Solved {
    pub status: Status,
    pub id: Id,
    pub output: Output,
    pub certain: bool,
    pub assumption: Option<Assumption>,
    /// Identities that it may have instead, in order.
    pub others: Vec<Id>,
    /// Ran although its result is known: what it put out need not be what it was.
    pub remade: bool,
    pub result: Kept,
    /// By input: what is taken from it, where that was looked at.
    pub taken: Arc<[Option<Taken>]>,
    /// What the store learns of it; nothing of a context.
    pub adds: Option<Addition>,
}

impl Solved {
    /// Says whether the content of an input had to be looked at, for which its result has to be there.
    pub fn looks_into(&self, own: &Vertex, input: VertexId) -> bool {
        own.inputs.iter().zip(&*self.taken).any(|(&of, taken)| of == input && taken.is_some())
    }
}

/// What is only known of a vertex once all are solved.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Late {
    /// Its result may be missing from an import.
    pub in_doubt: bool,
    /// Found, but reported as run.
    pub unanchored: bool,
}

impl Late {
    pub fn status(self, of: &Solved) -> Status {
        if self.unanchored { Status::Executed } else { of.status }
    }

    pub fn certain(self, of: &Solved) -> bool {
        of.certain && !self.in_doubt
    }

    pub fn assumption(self, of: &Solved) -> Option<Assumption> {
        of.assumption.clone().or(self.in_doubt.then_some(Assumption::Export))
    }
}
