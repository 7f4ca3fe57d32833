//! Talking to a real Docker or BuildKit: run a build, read its progress, compare, learn.
//!
//! [`progress`] is pure.

pub mod progress;
