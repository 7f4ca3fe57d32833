//! Cache keys, the cache store, the solve: cached or executed, certain or assumed.
//!
//! BuildKit's solver in miniature (cache semantics, sections 2 to 9). Pure: a graph, contexts and a store in, a
//! prediction and what the store would learn out. It knows nothing of files on disk, screens or words.

mod dependency;
pub mod export;
mod key;
mod level;
mod lookup;
mod output;
mod place;
mod prediction;
mod prepared;
mod produce;
mod recall;
mod runs;
mod solve;
mod solved;
mod store;

pub(crate) use dependency::selector;
pub use key::{ContentKey, Id};
pub use level::Level;
pub use output::Output;
pub(crate) use output::Taken;
pub use prediction::{Assumption, Prediction, Status, StepPrediction, VertexPrediction};
pub use prepared::Prepared;
pub use recall::Recall;
pub use runs::Declared;
pub use solve::{Contexts, Solution, solve};
pub use store::{Addition, InputKeys, Kept, Record, Store};
