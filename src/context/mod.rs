//! The build context as a value: paths, kinds, modes, digests; .dockerignore; what a COPY selects.
//!
//! [`scan`] and [`watch`] are the only doors to the file system.

pub mod digest;
pub mod tree;

pub use digest::Digest;
pub use tree::{Entry, Tree};
