//! The lessons' screen.

pub mod present;

use std::path::PathBuf;

use crate::cli::Ended;
use crate::lesson::{Course, Progress};

/// What the screen works on.
#[derive(Debug)]
pub struct Desk {
    /// All lessons.
    pub course: Course,
    /// What is remembered.
    pub progress: Progress,
    /// Where it is remembered.
    pub file: Option<PathBuf>,
}

/// Runs the screen.
pub fn run(_desk: Desk) -> anyhow::Result<Ended> {
    anyhow::bail!("the lessons' screen is not here yet: layerlab learn list")
}
