//! A lesson for a room: one idea a slide, a vote before each reveal, notes in a second terminal.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent};
use serde::{Deserialize, Serialize};

use super::present_view;
use crate::cli::Ended;
use crate::lesson::{Answer, Course, Kind, Lesson, Reveal, predict, workspace};
use crate::tui::event::Event;
use crate::tui::keys::{Binding, KeySpec, find};
use crate::tui::terminal::{self, Flow, Session, Tty};
use crate::tui::theme::{Theme, ThemeName};

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The next slide.
    Next,
    /// The slide before.
    Back,
    /// Marks a step as the room's vote.
    Up,
    /// The row above.
    Down,
    /// The row below.
    Toggle,
    /// Another theme.
    Theme,
    /// The first slide.
    First,
    /// Leaves.
    Quit,
}

/// All keys. A clicker sends Page Down and Page Up.
pub const TABLE: [Binding<Action, ()>; 8] = [
    Binding::new(
        &[
            KeySpec::Char(' '),
            KeySpec::Code(KeyCode::PageDown),
            KeySpec::Code(KeyCode::Right),
            KeySpec::Code(KeyCode::Enter),
            KeySpec::Char('n'),
        ],
        Action::Next,
        &[()],
        "goes on",
    )
    .hint("on"),
    Binding::new(
        &[
            KeySpec::Code(KeyCode::Backspace),
            KeySpec::Code(KeyCode::PageUp),
            KeySpec::Code(KeyCode::Left),
            KeySpec::Char('p'),
        ],
        Action::Back,
        &[()],
        "goes back",
    )
    .hint("back"),
    Binding::new(&[KeySpec::Code(KeyCode::Up), KeySpec::Char('k')], Action::Up, &[()], "goes up the list"),
    Binding::new(
        &[KeySpec::Code(KeyCode::Down), KeySpec::Char('j')],
        Action::Down,
        &[()],
        "goes down the list",
    ),
    Binding::new(
        &[KeySpec::Char('x'), KeySpec::Char('v')],
        Action::Toggle,
        &[()],
        "marks a step as the room's vote",
    )
    .hint("vote"),
    Binding::new(&[KeySpec::Char('t')], Action::Theme, &[()], "takes another theme").hint("theme"),
    Binding::new(&[KeySpec::Code(KeyCode::Home)], Action::First, &[()], "goes to the first slide"),
    Binding::new(
        &[KeySpec::Char('q'), KeySpec::Code(KeyCode::Esc), KeySpec::Ctrl('c')],
        Action::Quit,
        &[()],
        "leaves",
    )
    .hint("quit"),
];

/// One slide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slide {
    /// A step's text, in pages.
    Text(usize),
    /// The Dockerfile and the question: hands up.
    Vote(usize),
    /// What is.
    Reveal(usize),
    /// What to take from it.
    After(usize),
    /// The task of a do or repair step.
    Task(usize),
    /// The solution.
    Solution(usize),
    /// Three lines.
    Remember,
}

/// The state of a presentation.
#[derive(Debug)]
pub struct Show {
    /// The lesson.
    pub lesson: Lesson,
    /// Its slides.
    pub slides: Vec<Slide>,
    /// Number of the slide.
    pub at: usize,
    /// Page of a text that is longer than the screen.
    pub page: usize,
    /// Pages of the text, as last drawn.
    pub pages: usize,
    /// Marks of the room's vote, by step.
    pub votes: BTreeSet<(usize, usize)>,
    /// The row under the cursor.
    pub cursor: usize,
    /// Colours and signs.
    pub theme: Theme,
}

/// What the second terminal needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The lesson.
    pub lesson: String,
    /// The step; none for what to remember.
    pub step: Option<usize>,
    /// What is on the wall.
    pub slide: String,
    /// What comes next.
    pub next: String,
    /// Number of the slide and of all.
    pub at: (usize, usize),
}

impl Show {
    /// Begins at a step.
    pub fn new(lesson: &Lesson, step: usize, theme: Theme) -> Self {
        let mut slides = Vec::new();
        for (i, s) in lesson.steps.iter().enumerate() {
            slides.push(Slide::Text(i));
            match s.manifest.kind {
                Kind::Read => {}
                Kind::Predict => slides.extend([Slide::Vote(i), Slide::Reveal(i), Slide::After(i)]),
                Kind::Do | Kind::Repair => slides.extend([Slide::Task(i), Slide::Solution(i)]),
            }
        }
        slides.push(Slide::Remember);
        let at = slides.iter().position(|s| *s == Slide::Text(step)).unwrap_or(0);
        Self {
            lesson: lesson.clone(),
            slides,
            at,
            page: 0,
            pages: 1,
            votes: BTreeSet::new(),
            cursor: 0,
            theme,
        }
    }

    /// The slide on the wall.
    pub fn slide(&self) -> Slide {
        self.slides[self.at]
    }

    /// The marks of the room's vote on a step.
    pub fn marks(&self, step: usize) -> Vec<usize> {
        self.votes.iter().filter(|(s, _)| *s == step).map(|(_, row)| *row).collect()
    }

    /// The reveal of a step, against the room's vote.
    pub fn reveal(&self, step: usize) -> Option<Reveal> {
        let answer = match self.lesson.steps[step].manifest.rebuilds {
            Some(_) => Answer::Marks(self.marks(step)),
            None => Answer::Choice(0),
        };
        predict::reveal(&self.lesson, step, &answer).ok()
    }

    /// Takes a key; true to leave.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        match find(&TABLE, &(), key) {
            Some(Action::Next) => self.next(),
            Some(Action::Back) => self.back(),
            Some(Action::First) => (self.at, self.page, self.cursor) = (0, 0, 0),
            Some(Action::Up) => self.cursor = self.cursor.saturating_sub(1),
            Some(Action::Down) => self.cursor += 1,
            Some(Action::Toggle) => {
                if let Slide::Vote(step) = self.slide() {
                    let mark = (step, self.cursor + 1);
                    if !self.votes.remove(&mark) {
                        self.votes.insert(mark);
                    }
                }
            }
            Some(Action::Theme) => self.theme.name = self.theme.name.next(),
            Some(Action::Quit) => return true,
            None => {}
        }
        false
    }

    fn next(&mut self) {
        if self.page + 1 < self.pages {
            self.page += 1;
        } else if self.at + 1 < self.slides.len() {
            self.at += 1;
            (self.page, self.cursor) = (0, 0);
        }
    }

    fn back(&mut self) {
        if self.page > 0 {
            self.page -= 1;
        } else {
            self.at = self.at.saturating_sub(1);
            (self.page, self.cursor) = (0, 0);
        }
    }

    /// What the second terminal needs to know.
    pub fn place(&self) -> Place {
        let words = |slide: Option<&Slide>| match slide {
            Some(Slide::Text(_)) => "text",
            Some(Slide::Vote(_)) => "vote: hands up",
            Some(Slide::Reveal(_)) => "reveal",
            Some(Slide::After(_)) => "what to take from it",
            Some(Slide::Task(_)) => "the task",
            Some(Slide::Solution(_)) => "the solution",
            Some(Slide::Remember) => "to remember",
            None => "the end",
        };
        let step = match self.slide() {
            Slide::Text(s)
            | Slide::Vote(s)
            | Slide::Reveal(s)
            | Slide::After(s)
            | Slide::Task(s)
            | Slide::Solution(s) => Some(s),
            Slide::Remember => None,
        };
        Place {
            lesson: self.lesson.id.clone(),
            step,
            slide: words(self.slides.get(self.at)).into(),
            next: words(self.slides.get(self.at + 1)).into(),
            at: (self.at + 1, self.slides.len()),
        }
    }
}

/// Where the two terminals meet.
fn meeting_place() -> Option<PathBuf> {
    workspace::state_dir().map(|d| d.join("present.json"))
}

fn tell(show: &Show) {
    // Without notes the show goes on all the same.
    let Some(file) = meeting_place() else { return };
    let Some(dir) = file.parent() else { return };
    let _ = std::fs::create_dir_all(dir);
    if let (Ok(text), Ok(mut temporary)) =
        (serde_json::to_vec(&show.place()), tempfile::NamedTempFile::new_in(dir))
    {
        use std::io::Write as _;
        if temporary.write_all(&text).is_ok() {
            let _ = temporary.persist(&file);
        }
    }
}

/// Shows a lesson to a room.
pub fn run(lesson: &Lesson, step: usize) -> anyhow::Result<Ended> {
    if !terminal::is_usable() {
        anyhow::bail!("`learn present` needs a terminal; `layerlab learn handout` prints");
    }
    let theme = Theme::new(ThemeName::HighContrast, !terminal::is_utf8());
    let mut show = Show::new(lesson, step, theme);
    let mut session = Session::start(Tty { title: "layerlab learn", mouse: false })?;
    let events = session.events::<()>()?;
    let mut signal = None;
    session.draw(|frame| present_view::draw(frame.buffer_mut(), &mut show))?;
    tell(&show);
    while let Ok(event) = events.recv() {
        if let Flow::Quit(by) = session.housekeeping(&event)? {
            signal = by;
            break;
        }
        if let Event::Key(key) = event {
            if show.key(key) {
                break;
            }
            tell(&show);
        }
        session.draw(|frame| present_view::draw(frame.buffer_mut(), &mut show))?;
    }
    drop(session);
    if let Some(signal) = signal {
        terminal::end_by(signal);
    }
    Ok(Ended::Done)
}

/// Shows the notes to what is on the wall, and follows it.
pub fn notes(course: &Course) -> anyhow::Result<Ended> {
    if !terminal::is_usable() {
        anyhow::bail!(
            "`learn present --notes` needs a terminal; `layerlab learn handout --plan 45` prints the notes"
        );
    }
    let Some(file) = meeting_place() else {
        anyhow::bail!("there is no state folder in which the two terminals could meet")
    };
    let theme = Theme::new(ThemeName::Auto, !terminal::is_utf8());
    let mut session = Session::start(Tty { title: "layerlab notes", mouse: false })?;
    let (send, events) = session.channel::<Option<Place>>()?;
    std::thread::Builder::new().name("notes".into()).spawn(move || {
        let mut last = None;
        loop {
            let place: Option<Place> =
                std::fs::read(&file).ok().and_then(|t| serde_json::from_slice(&t).ok());
            if place != last {
                last.clone_from(&place);
                if send.send(Event::Own(place)).is_err() {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    })?;
    let mut place = None;
    session.draw(|frame| present_view::notes(frame.buffer_mut(), theme, course, None))?;
    let mut signal = None;
    while let Ok(event) = events.recv() {
        if let Flow::Quit(by) = session.housekeeping(&event)? {
            signal = by;
            break;
        }
        match event {
            Event::Key(key) if find(&TABLE, &(), key) == Some(Action::Quit) => break,
            Event::Own(now) => place = now,
            _ => {}
        }
        session.draw(|frame| present_view::notes(frame.buffer_mut(), theme, course, place.as_ref()))?;
    }
    drop(session);
    if let Some(signal) = signal {
        terminal::end_by(signal);
    }
    Ok(Ended::Done)
}
