//! Course, progress and files together: what every lesson command and the screen work on.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::{Course, Kind, Lesson, LessonProgress, Progress, Project, Workspace, own, workspace};

/// The learner's desk.
#[derive(Debug)]
pub struct Desk {
    /// All lessons.
    pub course: Course,
    /// What is remembered.
    pub progress: Progress,
    /// Where it is remembered; none where there is no place.
    file: Option<PathBuf>,
    /// Told once that nothing can be remembered.
    told: bool,
}

impl Desk {
    /// Opens the desk: with a teacher's own lessons, a progress file and a folder for files, where they are named.
    ///
    /// # Errors
    /// Lessons or a progress file that cannot be used.
    pub fn open(lessons: Option<&Path>, file: Option<&Path>, folder: Option<&Path>) -> anyhow::Result<Self> {
        let course = Course::open(lessons).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            anyhow::anyhow!("these lessons cannot be used:\n  {}", lines.join("\n  "))
        })?;
        let file =
            file.map(Path::to_path_buf).or_else(|| workspace::state_dir().map(|d| d.join("learn.json")));
        let mut progress = match &file {
            Some(file) => Progress::load(file).with_context(|| {
                format!(
                    "cannot read your progress in {}; name another file with --progress-file",
                    file.display()
                )
            })?,
            None => Progress::default(),
        };
        if let Some(folder) = folder {
            progress.folder = Some(std::path::absolute(folder)?);
        }
        Ok(Self { course, progress, file, told: false })
    }

    /// Remembers. Where that is not possible yields a sentence that says so, the first time, and goes on.
    pub fn save(&mut self) -> Option<String> {
        let outcome = match &self.file {
            Some(file) => self.progress.save(file).map_err(|e| format!("{}: {e}", file.display())),
            None => Err("there is no folder for it; name a file with --progress-file".into()),
        };
        let problem = outcome.err().filter(|_| !self.told)?;
        self.told = true;
        Some(format!("your progress is not remembered ({problem})"))
    }

    /// The lesson of that name, or the one at hand.
    pub fn lesson(&self, name: Option<&str>) -> anyhow::Result<Lesson> {
        let name = match (name, &self.progress.current) {
            (Some(name), _) => name,
            (None, Some(current)) => current,
            (None, None) => bail!(
                "no lesson is begun yet: `layerlab learn list` shows them, `layerlab learn start 1` begins"
            ),
        };
        let Some(at) = self.course.find(name) else {
            bail!("there is no lesson {name:?}: `layerlab learn list` shows them all");
        };
        self.personal(&self.course.lessons[at])
    }

    /// The lesson on the learner's own project, where it is one of that kind and a project was named.
    fn personal(&self, lesson: &Lesson) -> anyhow::Result<Lesson> {
        match (&self.progress.own_project, lesson.manifest.own_project) {
            (Some((dir, file)), true) => Ok(own::on(lesson, workspace::own_project(dir, file)?)),
            (None, true) => Ok(own::on(lesson, lesson.project.clone())),
            _ => Ok(lesson.clone()),
        }
    }

    /// What is remembered of a lesson.
    pub fn of(&mut self, lesson: &Lesson) -> &mut LessonProgress {
        self.progress.lesson(&lesson.id)
    }

    /// Tells whether a lesson runs on the learner's own project.
    pub fn is_own(&self, lesson: &Lesson) -> bool {
        lesson.manifest.own_project && self.progress.own_project.is_some()
    }

    /// The folder of the learner's files.
    pub fn workspace(&self) -> anyhow::Result<Workspace> {
        let root = self.progress.folder.clone().or_else(workspace::default_root);
        Workspace::open(&root.context("there is no folder for the lessons' files; name one with --in DIR")?)
    }

    /// Where a lesson's files are.
    pub fn folder(&self, lesson: &Lesson) -> anyhow::Result<PathBuf> {
        match &self.progress.own_project {
            Some((dir, _)) if lesson.manifest.own_project => Ok(dir.clone()),
            _ => Ok(self.workspace()?.dir(&lesson.id)),
        }
    }

    /// The learner's files as they are now.
    pub fn files(&self, lesson: &Lesson) -> anyhow::Result<Project> {
        if self.is_own(lesson) {
            return Ok(lesson.project.clone());
        }
        let workspace = self.workspace()?;
        if !workspace.has(&lesson.id) {
            bail!(
                "the lesson's files are not there: `layerlab learn reset {}` puts them back",
                lesson.number()
            );
        }
        workspace.read(&lesson.id)
    }

    /// Puts the files that a step begins with in place, unless they are its own already. Yields where the
    /// learner's version was put aside.
    pub fn prepare(&mut self, lesson: &Lesson, step: usize, anew: bool) -> anyhow::Result<Option<PathBuf>> {
        if self.is_own(lesson) {
            return Ok(None);
        }
        let manifest = &lesson.steps[step].manifest;
        let mine = self.of(lesson).files_of.clone();
        let workspace = self.workspace()?;
        let there = workspace.has(&lesson.id);
        if there && !anew && (mine.as_ref() == Some(&manifest.id) || (manifest.keep && mine.is_some())) {
            return Ok(None);
        }
        let files = if manifest.keep { lesson.kept(step) } else { lesson.start(step) };
        let kept = workspace.set_up(&lesson.id, &files, &known(lesson))?;
        self.of(lesson).files_of = Some(manifest.id.clone());
        Ok(kept)
    }
}

/// States of a lesson's files that it can make again.
pub fn known(lesson: &Lesson) -> Vec<Project> {
    (0..lesson.steps.len())
        .filter(|&s| matches!(lesson.steps[s].manifest.kind, Kind::Do | Kind::Repair))
        .flat_map(|s| [Some(lesson.start(s)), lesson.solution(s)])
        .flatten()
        .chain([lesson.project.clone()])
        .collect()
}
