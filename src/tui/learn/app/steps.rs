//! From lesson to lesson and from step to step: opening, answering, passing.

use super::{App, Effect, Files, Open};
use crate::lesson::progress::Recorded;
use crate::lesson::{Answer, Kind, LessonProgress, own, predict};

impl App {
    pub(super) fn open_selected(&mut self, fast: bool, again: bool) -> Vec<Effect> {
        let Some(lesson) = self.lessons.get(self.selected) else { return Vec::new() };
        let mut lesson = lesson.clone();
        if lesson.manifest.own_project {
            lesson = match &self.progress.own_project {
                None => own::on(&lesson, lesson.project.clone()),
                Some((dir, file)) => match crate::lesson::workspace::own_project(dir, file) {
                    Ok(project) => own::on(&lesson, project),
                    Err(e) => {
                        self.notice = Some(format!("{e:#}"));
                        return Vec::new();
                    }
                },
            };
        }
        self.progress.current = Some(lesson.id.clone());
        let mine = self.progress.lesson(&lesson.id);
        if again {
            *mine = LessonProgress { files_of: mine.files_of.clone(), ..LessonProgress::default() };
        }
        if fast {
            mine.start_fast(&lesson);
        } else if mine.finished {
            mine.go_to(&lesson, 0);
        }
        let step = mine.at(&lesson).unwrap_or(0);
        self.open = Some(Open::new(lesson, step));
        self.show(step)
    }

    /// Shows a step of the open lesson.
    pub(super) fn show(&mut self, step: usize) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        let files = open.files.take();
        *open = Open::new(open.lesson.clone(), step);
        open.files = files;
        let lesson = open.lesson.clone();
        let mine = self.progress.lesson(&lesson.id);
        if step < lesson.steps.len() {
            mine.go_to(&lesson, step);
            open.hints = mine.hints.get(open.id()).copied().unwrap_or(0);
        }
        open.enter();
        let mut effects = vec![Effect::Save];
        if matches!(open.kind(), Some(Kind::Do | Kind::Repair)) {
            effects.push(Effect::Prepare { anew: false });
        } else {
            effects.push(Effect::Unwatch);
        }
        effects
    }

    pub(super) fn enter(&mut self) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        match open.kind() {
            None => {
                let next = (self.selected + 1..self.lessons.len()).find(|&i| {
                    let id = &self.lessons[i].id;
                    !self.progress.lessons.get(id).is_some_and(|p| p.finished)
                });
                self.open = None;
                self.selected = next.unwrap_or(self.selected);
                vec![Effect::Save, Effect::Unwatch]
            }
            Some(Kind::Read) => self.pass(false),
            Some(Kind::Predict) if open.reveal.is_some() => self.pass(false),
            Some(Kind::Predict) => self.answer(),
            Some(Kind::Do | Kind::Repair) => {
                if open.solved() {
                    self.pass(false)
                } else {
                    self.notice = Some(
                        "not all goals hold yet: change a file and save it; h for a hint, S to skip".into(),
                    );
                    vec![Effect::Read]
                }
            }
        }
    }

    fn answer(&mut self) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        let answer = if open.rows.is_empty() {
            Answer::Choice(open.cursor + 1)
        } else {
            Answer::Marks(open.marks.iter().copied().collect())
        };
        match predict::reveal(&open.lesson, open.step, &answer) {
            Ok(reveal) => {
                let recorded = Recorded { answer, right: reveal.right, score: reveal.score() };
                let (lesson, id) = (open.lesson.id.clone(), open.id().to_string());
                self.progress.lesson(&lesson).answers.entry(id).or_insert(recorded);
                let first_wrong = reveal.rows.iter().position(|r| r.marked != r.rebuilds);
                let first_run = reveal.rows.iter().position(|r| r.rebuilds);
                if !reveal.rows.is_empty() {
                    open.cursor = first_wrong.or(first_run).unwrap_or(0);
                }
                open.reveal = Some(reveal);
                open.scroll = 0;
                vec![Effect::Save]
            }
            Err(e) => {
                self.notice = Some(e.to_string());
                Vec::new()
            }
        }
    }

    pub(super) fn pass(&mut self, skipped: bool) -> Vec<Effect> {
        let Some(open) = &self.open else { return Vec::new() };
        if open.step >= open.lesson.steps.len() {
            return Vec::new();
        }
        let lesson = open.lesson.clone();
        let mine = self.progress.lesson(&lesson.id);
        mine.pass(&lesson, open.step, skipped);
        let next = mine.at(&lesson).unwrap_or(lesson.steps.len());
        self.show(next)
    }

    /// Takes the learner's files.
    pub fn files(&mut self, files: Files) {
        let Some(open) = &mut self.open else { return };
        if open.lesson.manifest.own_project && files.project.dockerfile() != "Dockerfile" {
            // Its folder is the learner's own: the goals are about the files as they are now.
            open.lesson.project = files.project.clone();
        }
        open.files = Some(files);
        open.judge();
    }
}
