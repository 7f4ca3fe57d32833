//! From the files of a lesson's folder to a [`Lesson`] whose parts fit together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::manifest::{Kind, Manifest, StepManifest};
use super::project::Project;
use super::text::{self, StepText};

mod check;
mod read;

use read::Reader;

/// The files of a lesson's folder by path (`lesson.toml`, `lesson.md`, `project/...`), as text.
pub type LessonFiles = BTreeMap<String, Arc<str>>;

/// A lesson.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// Name of its folder: `02-order`.
    pub id: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its steps with their texts.
    pub steps: Vec<Step>,
    /// The project as the learner gets it.
    pub project: Project,
    /// Folders that are laid over it: `variants/good`, `solutions/fix`.
    pub overlays: BTreeMap<String, Project>,
}

/// A step with its texts.
#[derive(Debug, Clone)]
pub struct Step {
    /// What the manifest says.
    pub manifest: StepManifest,
    /// What `lesson.md` says.
    pub text: StepText,
}

/// What is wrong with a lesson's folder, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonError {
    /// Lesson and file: `02-order/lesson.toml`.
    pub file: String,
    /// Line from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// Column from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A message may quote the file: nothing in it may steer a terminal.
        let clean = |s: &str| {
            s.chars().map(|c| if text::is_forbidden(c) { '\u{fffd}' } else { c }).collect::<String>()
        };
        write!(f, "{}", clean(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", clean(&self.message))
    }
}

impl std::error::Error for LessonError {}

impl Lesson {
    /// Reads and checks a lesson.
    ///
    /// # Errors
    /// Every problem found, in the order of the files.
    pub fn load(id: &str, files: &LessonFiles) -> Result<Self, Vec<LessonError>> {
        let mut reader = Reader { id, files, errors: Vec::new() };
        let lesson = reader.read();
        match lesson {
            Some(lesson) if reader.errors.is_empty() => Ok(lesson),
            _ => Err(reader.errors),
        }
    }

    /// The two digits or the word at the start of the id: `02`.
    pub fn number(&self) -> &str {
        self.id.split('-').next().unwrap_or(&self.id)
    }

    /// Finds a step by its id.
    pub fn step_index(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|s| s.manifest.id == id)
    }

    /// The files that a step starts from: the project with the step's overlay.
    pub fn start(&self, step: usize) -> Project {
        let mut project = self.project.clone();
        if let Some(over) = self.steps[step].manifest.overlay.as_deref().and_then(|o| self.overlays.get(o)) {
            project.lay_over(over);
        }
        project
    }

    /// The files of a step's solution: its start, or the files that it keeps, with `solutions/<step>`.
    pub fn solution(&self, step: usize) -> Option<Project> {
        let manifest = &self.steps[step].manifest;
        let mut project = if manifest.keep { self.kept(step) } else { self.start(step) };
        project.lay_over(self.overlays.get(&format!("solutions/{}", manifest.id))?);
        Some(project)
    }

    /// The files that a step with `keep` finds if the steps before were solved as the lesson does.
    pub fn kept(&self, step: usize) -> Project {
        (0..step)
            .rev()
            .find(|&s| matches!(self.steps[s].manifest.kind, Kind::Do | Kind::Repair))
            .and_then(|s| self.solution(s))
            .unwrap_or_else(|| self.project.clone())
    }
}
