//! Cache keys, the cache store, the solve: cached or executed, certain or assumed.

mod key;
mod prediction;

pub use key::{Comparison, ContentKey, Id};
pub use prediction::{Assumption, Prediction, Status, StepPrediction, VertexPrediction};
