//! State of the lessons' screen, and what a key makes of it. Pure: what touches the disk comes out as an [`Effect`].

use std::path::PathBuf;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keys::{Action, Scope, TABLE};
use crate::lesson::{Kind, Lesson, Progress, Project};
use crate::tui::keys;
use crate::tui::theme::Theme;

mod open;
mod steps;

pub use open::Open;

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
}
