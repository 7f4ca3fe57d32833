//! How far a learner is: a small file that is written whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::load::Lesson;
use super::manifest::Kind;
use super::predict::Answer;

/// What is remembered of all lessons.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The folder that holds the lessons' files, where the learner named one.
    pub folder: Option<PathBuf>,
    /// The lesson that was worked on last.
    pub current: Option<String>,
    /// The learner's own project and its Dockerfile, for lessons that run on it.
    pub own_project: Option<(PathBuf, String)>,
    /// By lesson.
    pub lessons: BTreeMap<String, LessonProgress>,
}

/// What is remembered of one lesson. Steps are named by their ids, so that a lesson may grow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LessonProgress {
    /// The step that comes next; none once the lesson is finished.
    pub step: Option<String>,
    /// Steps that are done.
    pub done: BTreeSet<String>,
    /// Steps that were skipped.
    pub skipped: BTreeSet<String>,
    /// First answers to predictions, recorded before the reveal.
    pub answers: BTreeMap<String, Recorded>,
    /// Hints that were shown, by step.
    pub hints: BTreeMap<String, usize>,
    /// Steps whose solution was shown.
    pub solutions: BTreeSet<String>,
    /// The step whose files were put in the workspace last.
    pub files_of: Option<String>,
    /// Only predictions and repairs are asked.
    pub fast: bool,
    /// All steps are done or skipped.
    pub finished: bool,
}

/// A recorded prediction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// What was said.
    pub answer: Answer,
    /// It was right.
    pub right: bool,
    /// Steps said rightly, of all.
    pub score: (usize, usize),
}

impl Progress {
    /// Reads the file; one that is not there is an empty progress.
    ///
    /// # Errors
    /// A file that cannot be read or understood: then nothing may overwrite it.
    pub fn load(file: &Path) -> io::Result<Self> {
        match std::fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).map_err(io::Error::other),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(e),
        }
    }

    /// Writes the file by way of a temporary one beside it.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let dir = file.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(dir)?;
        let mut temporary = tempfile::NamedTempFile::new_in(dir)?;
        serde_json::to_writer_pretty(&mut temporary, self).map_err(io::Error::other)?;
        temporary.persist(file).map_err(|e| e.error)?;
        Ok(())
    }

    /// What is remembered of a lesson.
    pub fn lesson(&mut self, id: &str) -> &mut LessonProgress {
        self.lessons.entry(id.to_string()).or_default()
    }

    /// Steps predicted rightly at the first try, of all asked, over all lessons.
    pub fn calibration(&self) -> (usize, usize) {
        let scores = self.lessons.values().flat_map(|l| l.answers.values()).map(|a| a.score);
        scores.fold((0, 0), |(a, b), (x, y)| (a + x, b + y))
    }
}

impl LessonProgress {
    /// Number of the step that comes next; none once all are done.
    pub fn at(&self, lesson: &Lesson) -> Option<usize> {
        if self.finished {
            return None;
        }
        let found = self.step.as_ref().and_then(|id| lesson.step_index(id));
        Some(found.unwrap_or_else(|| self.first_open(lesson).unwrap_or(0)))
    }

    fn first_open(&self, lesson: &Lesson) -> Option<usize> {
        lesson.steps.iter().position(|s| !self.done.contains(&s.manifest.id))
    }

    /// Goes to a step.
    pub fn go_to(&mut self, lesson: &Lesson, step: usize) {
        self.finished = false;
        self.step = lesson.steps.get(step).map(|s| s.manifest.id.clone());
    }

    /// Counts a step as done (or skipped) and goes to the next one that is asked.
    pub fn pass(&mut self, lesson: &Lesson, step: usize, skipped: bool) {
        let id = lesson.steps[step].manifest.id.clone();
        if skipped {
            self.skipped.insert(id);
        } else {
            self.skipped.remove(&id);
            self.done.insert(id);
        }
        let next = (step + 1..lesson.steps.len()).find(|&s| !self.fast || is_asked(lesson, s));
        self.finished = next.is_none();
        self.step = next.map(|s| lesson.steps[s].manifest.id.clone());
    }

    /// Begins on the fast track: only predictions and repairs.
    pub fn start_fast(&mut self, lesson: &Lesson) {
        self.fast = true;
        let first = (0..lesson.steps.len()).find(|&s| is_asked(lesson, s)).unwrap_or(0);
        self.go_to(lesson, first);
    }

    /// Steps that are done, of all.
    pub fn count(&self, lesson: &Lesson) -> (usize, usize) {
        let done = lesson.steps.iter().filter(|s| self.done.contains(&s.manifest.id)).count();
        (done, lesson.steps.len())
    }
}

fn is_asked(lesson: &Lesson, step: usize) -> bool {
    matches!(lesson.steps[step].manifest.kind, Kind::Predict | Kind::Repair)
}
