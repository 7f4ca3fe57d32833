//! State of the lessons' screen, and what a key makes of it. Pure: what touches the disk comes out as an [`Effect`].

use std::collections::BTreeSet;
use std::path::PathBuf;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keys::{Action, Scope, TABLE};
use crate::lesson::goal::{self, Verdict};
use crate::lesson::predict::Listed;
use crate::lesson::progress::Recorded;
use crate::lesson::scenario::{self, Built, Run, merged};
use crate::lesson::{
    Answer, Kind, Lesson, LessonProgress, Progress, Project, Reveal, own, predict, prove, weigh,
};
use crate::tui::keys;
use crate::tui::model::Comparison;
use crate::tui::picture::{Seen, compare};
use crate::tui::theme::Theme;

/// What the loop has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write the progress.
    Save,
    /// Put the step's files in place (anew: even where there are some), watch and read them.
    Prepare {
        /// The learner asked for it.
        anew: bool,
    },
    /// Put the solution's files in place.
    Apply,
    /// Read the learner's files.
    Read,
    /// Watch no longer.
    Unwatch,
    /// Open a file in the learner's editor.
    Edit(PathBuf),
    /// End.
    Quit,
}

/// The learner's files as they are.
#[derive(Debug, Clone)]
pub struct Files {
    /// Their content.
    pub project: Project,
    /// Where they are.
    pub folder: PathBuf,
}

/// The screen.
#[derive(Debug)]
pub struct App {
    /// All lessons.
    pub lessons: Vec<Lesson>,
    /// What is remembered.
    pub progress: Progress,
    /// Colours and signs.
    pub theme: Theme,
    /// The line of the list under the cursor.
    pub selected: usize,
    /// The open lesson; none in the list.
    pub open: Option<Open>,
    /// A line for the learner, until the next key.
    pub notice: Option<String>,
    /// The keys are shown.
    pub help: bool,
}

/// An open lesson.
#[derive(Debug)]
pub struct Open {
    /// The lesson.
    pub lesson: Lesson,
    /// The step; one past the last at the end.
    pub step: usize,
    /// Lines of the text above the screen.
    pub scroll: usize,
    /// The text's lines that do not fit, as last drawn.
    pub more: usize,
    /// The row under the cursor.
    pub cursor: usize,
    /// Numbers of the marked steps, from 1.
    pub marks: BTreeSet<usize>,
    /// Labels to mark.
    pub rows: Vec<String>,
    /// The same within the Dockerfile's other instructions.
    pub listing: Vec<Listed>,
    /// The answer, once it was given.
    pub reveal: Option<Reveal>,
    /// The learner's files.
    pub files: Option<Files>,
    /// The goals on these files.
    pub verdicts: Vec<Verdict>,
    /// Two sides: as the step began, and the learner's.
    pub picture: Option<Comparison>,
    /// What the picture is of, or why there is none.
    pub caption: String,
    /// Hints shown.
    pub hints: usize,
    /// The solution is shown.
    pub solution: bool,
    /// The side that is shown where one has room: the learner's, or as it began.
    pub yours: bool,
}

impl App {
    /// Opens the screen on the list.
    pub fn new(lessons: Vec<Lesson>, progress: Progress, theme: Theme) -> Self {
        let done = |l: &Lesson| progress.lessons.get(&l.id).is_some_and(|p| p.finished);
        let current =
            progress.current.as_ref().and_then(|id| lessons.iter().position(|l| &l.id == id && !done(l)));
        let selected = current.or_else(|| lessons.iter().position(|l| !done(l))).unwrap_or(0);
        Self { lessons, progress, theme, selected, open: None, notice: None, help: false }
    }

    /// Opens the lesson that was worked on last.
    pub fn resume(&mut self) -> Vec<Effect> {
        if self.lessons.is_empty() { Vec::new() } else { self.open_selected(false, false) }
    }

    /// Tells the learner something.
    pub fn tell(&mut self, text: String) {
        self.notice = Some(text);
    }

    /// The open lesson and its step, unless it is at its end.
    pub fn at(&self) -> Option<(&Lesson, usize)> {
        self.open.as_ref().filter(|o| o.step < o.lesson.steps.len()).map(|o| (&o.lesson, o.step))
    }

    /// Where the keys are.
    pub fn scope(&self) -> Scope {
        let Some(open) = &self.open else { return Scope::List };
        match open.kind() {
            None => Scope::Done,
            Some(Kind::Read) => Scope::Read,
            Some(Kind::Predict) if open.reveal.is_some() => Scope::Revealed,
            Some(Kind::Predict) if open.rows.is_empty() => Scope::Choice,
            Some(Kind::Predict) => Scope::Marks,
            Some(Kind::Do | Kind::Repair) => Scope::Work,
        }
    }

    /// A line for the normal screen after the end.
    pub fn last_words(&self) -> Option<String> {
        let (right, of) = self.progress.calibration();
        (of > 0).then(|| {
            format!("Predictions so far: {right} of {of} right at the first try. Go on with: layerlab learn")
        })
    }

    /// Takes a key.
    pub fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        self.notice = None;
        let scope = self.scope();
        if self.help {
            self.help = false;
            return Vec::new();
        }
        let number = match (scope, key.code, key.modifiers) {
            (Scope::Choice, KeyCode::Char(c @ 'a'..='f'), KeyModifiers::NONE) => {
                Some(c as usize - 'a' as usize + 1)
            }
            (Scope::Marks | Scope::Choice, KeyCode::Char(c @ '1'..='9'), KeyModifiers::NONE) => {
                Some(c as usize - '0' as usize)
            }
            _ => None,
        };
        if let Some(n) = number {
            self.number(n);
            return Vec::new();
        }
        match keys::find(&TABLE, &scope, key) {
            Some(action) => self.act(action),
            None => Vec::new(),
        }
    }

    fn number(&mut self, n: usize) {
        let Some(open) = &mut self.open else { return };
        if n <= open.choices() {
            open.cursor = n - 1;
        } else if n <= open.rows.len() {
            open.cursor = n - 1;
            open.toggle();
        }
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => return vec![Effect::Save, Effect::Quit],
            Action::Help => self.help = true,
            Action::Theme => self.theme.name = self.theme.name.next(),
            Action::Fast => return self.open_selected(true, false),
            Action::Again => return self.open_selected(false, true),
            Action::Up | Action::Down => self.go(action == Action::Down),
            Action::Back => {
                self.open = None;
                return vec![Effect::Save, Effect::Unwatch];
            }
            Action::Enter if self.open.is_none() => return self.open_selected(false, false),
            Action::Enter => return self.enter(),
            Action::Previous => {
                if let Some(open) = &self.open {
                    let step = open.step.saturating_sub(1);
                    return self.show(step);
                }
            }
            Action::Skip => return self.pass(true),
            _ => return self.in_lesson(action),
        }
        Vec::new()
    }

    fn go(&mut self, down: bool) {
        let step = |at: usize, len: usize| {
            if down { (at + 1).min(len.saturating_sub(1)) } else { at.saturating_sub(1) }
        };
        match &mut self.open {
            None => self.selected = step(self.selected, self.lessons.len()),
            Some(open) => {
                let rows = open.list_len();
                if rows == 0 {
                    open.scroll = if down {
                        (open.scroll + 1).min(open.scroll + open.more)
                    } else {
                        open.scroll.saturating_sub(1)
                    };
                } else {
                    open.cursor = step(open.cursor, rows);
                    if matches!(open.kind(), Some(Kind::Do | Kind::Repair)) {
                        open.paint();
                    }
                }
            }
        }
    }

    fn in_lesson(&mut self, action: Action) -> Vec<Effect> {
        let Some(open) = &mut self.open else { return Vec::new() };
        match action {
            Action::Toggle => open.toggle(),
            Action::TextDown => open.scroll += open.more.min(8),
            Action::TextUp => open.scroll = open.scroll.saturating_sub(8),
            Action::Side => open.yours = !open.yours,
            Action::Hint => {
                let all = open.lesson.steps[open.step].text.hints.len();
                open.hints = (open.hints + 1).min(all);
                let (id, shown) = (open.id().to_string(), open.hints);
                let lesson = open.lesson.id.clone();
                let seen = self.progress.lesson(&lesson).hints.entry(id).or_default();
                *seen = shown.max(*seen);
                return vec![Effect::Save];
            }
            Action::Solution => {
                open.solution = true;
                open.scroll = 0;
                let (id, lesson) = (open.id().to_string(), open.lesson.id.clone());
                self.progress.lesson(&lesson).solutions.insert(id);
                return vec![Effect::Save];
            }
            Action::Apply if open.solution => return vec![Effect::Apply],
            Action::Apply => self.notice = Some("look at the solution first: s".into()),
            Action::Reset => return vec![Effect::Prepare { anew: true }],
            Action::Edit => {
                if let Some(files) = &open.files {
                    let file = files.folder.join(files.project.dockerfile());
                    return vec![Effect::Save, Effect::Edit(file)];
                }
            }
            _ => {}
        }
        Vec::new()
    }

    fn open_selected(&mut self, fast: bool, again: bool) -> Vec<Effect> {
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
    fn show(&mut self, step: usize) -> Vec<Effect> {
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

    fn enter(&mut self) -> Vec<Effect> {
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

    fn pass(&mut self, skipped: bool) -> Vec<Effect> {
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

impl Open {
    fn new(lesson: Lesson, step: usize) -> Self {
        Self {
            lesson,
            step,
            scroll: 0,
            more: 0,
            cursor: 0,
            marks: BTreeSet::new(),
            rows: Vec::new(),
            listing: Vec::new(),
            reveal: None,
            files: None,
            verdicts: Vec::new(),
            picture: None,
            caption: String::new(),
            hints: 0,
            solution: false,
            yours: true,
        }
    }

    /// The kind of the step; none at the end.
    pub fn kind(&self) -> Option<Kind> {
        self.lesson.steps.get(self.step).map(|s| s.manifest.kind)
    }

    fn id(&self) -> &str {
        self.lesson.steps.get(self.step).map_or("", |s| &s.manifest.id)
    }

    /// How many answers there are to choose from.
    pub fn choices(&self) -> usize {
        self.lesson.steps.get(self.step).map_or(0, |s| s.manifest.choices.len())
    }

    /// Rows of the list that has the cursor.
    fn list_len(&self) -> usize {
        match self.kind() {
            Some(Kind::Predict) if self.rows.is_empty() => self.choices(),
            Some(Kind::Predict) => self.rows.len(),
            Some(Kind::Do | Kind::Repair) => self.verdicts.len(),
            _ => 0,
        }
    }

    fn toggle(&mut self) {
        let n = self.cursor + 1;
        if !self.marks.remove(&n) && n <= self.rows.len() {
            self.marks.insert(n);
        }
    }

    /// All goals hold.
    pub fn solved(&self) -> bool {
        !self.verdicts.is_empty() && self.verdicts.iter().all(|v| v.holds)
    }

    /// What a step shows when it begins.
    fn enter(&mut self) {
        match self.kind() {
            Some(Kind::Predict) => {
                self.listing = predict::listing(&self.lesson, self.step).unwrap_or_default();
                self.rows =
                    self.listing.iter().filter(|l| l.step.is_some()).map(|l| l.text.clone()).collect();
            }
            Some(Kind::Read) => {
                let project = self.lesson.start(self.step);
                let build = &self.lesson.manifest.build;
                if let Ok(run) = scenario::between(&project, &project, build, build) {
                    self.caption = "built a minute ago, nothing changed".into();
                    self.picture =
                        Some(compare(&seen("the Dockerfile", &run.after, &weigh::costs(&run.after)), None));
                }
            }
            _ => {}
        }
    }

    fn judge(&mut self) {
        let Some(files) = &self.files else { return };
        if !matches!(self.kind(), Some(Kind::Do | Kind::Repair)) {
            return;
        }
        self.verdicts = prove::verdicts(&self.lesson, self.step, &files.project);
        self.cursor = self.cursor.min(self.verdicts.len().saturating_sub(1));
        self.paint();
    }

    /// Paints what the goal under the cursor is about: the same edit as the step began, and on the learner's files.
    fn paint(&mut self) {
        let Some(files) = &self.files else { return };
        let m = &self.lesson.steps[self.step].manifest;
        let Some(goal) = m.goal.get(self.cursor) else { return };
        let build = merged(&self.lesson.manifest.build, &m.before);
        let start = if m.keep { self.lesson.kept(self.step) } else { self.lesson.start(self.step) };
        let from = (m.kind == Kind::Do).then_some(&start);
        let (left, right) =
            (goal::scene(goal, from, &start, &build), goal::scene(goal, from, &files.project, &build));
        self.caption = match &right {
            Ok(run) if run.changed.is_empty() && m.kind == Kind::Do => "nothing changed yet".into(),
            Ok(run) if run.changed.is_empty() => options_in_words(&goal.with),
            Ok(run) if m.kind == Kind::Do => format!("you changed {}", run.changed.join(", ")),
            Ok(run) => format!("after an edit of {}", run.changed.join(", ")),
            Err(e) => e.to_string(),
        };
        self.picture = two(left.ok().as_ref(), right.ok().as_ref());
    }
}

/// What is different about the second build, where no file is.
fn options_in_words(with: &crate::lesson::manifest::BuildOptions) -> String {
    let args: Vec<String> = with.build_args.iter().map(|(k, v)| format!("{k}={v}")).collect();
    if args.is_empty() {
        "built once more".into()
    } else {
        format!("built once more, with {}", args.join(", "))
    }
}

fn seen<'a>(title: &'a str, built: &'a Built, costs: &'a [crate::cost::StepCost]) -> Seen<'a> {
    Seen { title, dockerfile: &built.input.dockerfile, outcome: &built.outcome, costs }
}

fn two(left: Option<&Run>, right: Option<&Run>) -> Option<Comparison> {
    let costs = |run: Option<&Run>| run.map(|r| weigh::costs(&r.after)).unwrap_or_default();
    let (a, b) = (costs(left), costs(right));
    match (left, right) {
        (Some(l), Some(r)) => {
            Some(compare(&seen("as it began", &l.after, &a), Some(&seen("yours", &r.after, &b))))
        }
        (None, Some(r)) => Some(compare(&seen("yours", &r.after, &b), None)),
        (Some(l), None) => Some(compare(&seen("as it began", &l.after, &a), None)),
        (None, None) => None,
    }
}
