//! Lessons: their files, their checks as assertions over predictions, the learner's workspace and progress.
//!
//! A lesson is a folder ([`load`]): a manifest ([`manifest`]), a text ([`text`]), the files of a small project
//! ([`project`]). What it claims is simulated ([`scenario`], [`predict`], [`goal`]) and never compared as text.
//! [`prove`] shows that a lesson keeps what it says. [`workspace`] and [`progress`] write on disk, [`course`]
//! reads a teacher's own lessons; the rest is pure. Nothing here runs a command.

pub mod course;
pub mod desk;
mod embedded;
pub mod goal;
pub mod load;
pub mod manifest;
pub mod markdown;
pub mod own;
pub mod plan;
pub mod predict;
pub mod progress;
pub mod project;
pub mod prove;
pub mod real;
pub mod scenario;
pub mod size;
pub mod text;
pub mod weigh;
pub mod words;
pub mod workspace;

pub use course::{Belief, Course, beliefs};
pub use desk::Desk;
pub use load::{Lesson, LessonError, LessonFiles, Step};
pub use manifest::Kind;
pub use predict::{Answer, Reveal};
pub use progress::{LessonProgress, Progress};
pub use project::Project;
pub use workspace::Workspace;
