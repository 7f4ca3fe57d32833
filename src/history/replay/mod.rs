//! Every commit as a build on one machine: what reran, why, and what it came to.
//!
//! [`walk`] builds a series of commits one after the other through [`crate::simulate`] and keeps of each build what
//! totals need, as plain data that can be stored ([`SideWalk`]). [`Totals`] adds a walk up, [`Noise`] finds files
//! that made steps rerun for no good reason, [`walk_key`] names what a walk depends on.

mod key;
mod noise;
mod record;
mod rewriting;
mod rows;
mod side;
mod teller;
mod totals;
mod walk;

pub use key::walk_key;
pub use noise::{Noise, NoiseKind};
pub use record::{Build, Mark, Row, SideWalk, Version, VersionStep, Why};
pub use rewriting::{Rewrite, Rewriting};
pub use totals::{FileTotal, RowTotal, Totals};
pub use walk::{Common, CostOf, DockerfileSource, Plan, Readings, Runner, Watcher, walk};
