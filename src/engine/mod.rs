//! Talking to a real Docker or BuildKit: run a build, read its progress, compare, learn.
//!
//! [`progress`] and [`images`] are pure.

mod build;
pub mod compare;
mod find;
pub mod images;
mod process;
pub mod progress;
pub mod scenario;
pub mod series;
pub mod session;
mod store;
pub mod workspace;

pub use build::{BuildError, Built, Output, Request};
pub use find::{Client, Engine, Kind, NoEngine, Wish};
pub use process::{Interrupt, ProcessError};
pub use store::{StoredImage, Throwaway, unique as unique_mark};
