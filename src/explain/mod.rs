//! From a prediction and the build before it to causes: data first, words at the edge.

mod cause;

pub use cause::{Cause, Explanation, How, PathChange, SHOWN_PATHS, VariableChange};
