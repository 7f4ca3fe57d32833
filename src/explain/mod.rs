//! From a prediction and the build before it to causes: data first, words at the edge.
//!
//! Pure. Every reason is a variant of [`Cause`] with what is needed to say it; which of the steps that run have a
//! reason of their own, and which only follow, is told apart here.

mod cause;
mod compare;
mod findings;
mod pairing;
mod trace;

pub use cause::{Cause, Explanation, How, PathChange, SHOWN_PATHS, VariableChange};
pub use findings::{Finding, PlainLink, findings};
pub use trace::{Build, explain};

#[cfg(test)]
mod tests;
