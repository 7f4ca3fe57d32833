//! Talking to a real Docker or BuildKit: run a build, read its progress, compare, learn.
//!
//! [`progress`] and [`images`] are pure.

pub mod images;
pub mod progress;
