//! `learn present`: a lesson for a room.

use anyhow::bail;

use super::super::Ended;
use super::list;
use crate::lesson::Desk;
use crate::tui::learn::present;

/// Arguments of `learn present`.
#[derive(Debug, clap::Args)]
pub struct PresentArgs {
    /// Number or name of the lesson [default: the one at hand]
    lesson: Option<String>,
    /// The teacher's notes, in a second terminal; they follow the first
    #[arg(long)]
    notes: bool,
    /// Begins at this step (its number)
    #[arg(long, value_name = "N")]
    step: Option<usize>,
}

/// Runs the command.
pub fn run(mut desk: Desk, args: &PresentArgs) -> anyhow::Result<Ended> {
    if args.notes {
        return present::notes(&desk.course);
    }
    let lessons = desk.course.lessons.clone();
    let lesson = match (&args.lesson, list::next(&mut desk, &lessons)) {
        (Some(name), _) => desk.lesson(Some(name))?,
        (None, Some(next)) => desk.lesson(Some(&next.id))?,
        (None, None) => desk.lesson(Some("1"))?,
    };
    let step = args.step.unwrap_or(1);
    if !(1..=lesson.steps.len()).contains(&step) {
        bail!("lesson {} has steps 1 to {}", lesson.id, lesson.steps.len());
    }
    present::run(&lesson, step - 1)
}
