//! A lesson for a room.

use crate::cli::Ended;
use crate::lesson::{Course, Lesson};

/// Shows a lesson.
pub fn run(_lesson: &Lesson, _step: usize) -> anyhow::Result<Ended> {
    anyhow::bail!("not here yet")
}

/// Shows the notes.
pub fn notes(_course: &Course) -> anyhow::Result<Ended> {
    anyhow::bail!("not here yet")
}
