//! The build context as a value: paths, kinds, modes, digests; .dockerignore; what a COPY selects.
//!
//! [`scan`] and [`watch`] are the only doors to the file system.

pub mod diff;
pub mod digest;
mod names;
pub mod path;
pub mod tree;

pub use diff::{Change, ChangeKind, diff};
pub use digest::Digest;
pub use tree::{Dir, Entry, File, Special, Tree};
