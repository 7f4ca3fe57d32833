//! What the screen shows, and what keys do to it.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use crate::history::replay::{SideWalk, Why};
use crate::tui::keys::{Binding, KeySpec, find};
use crate::tui::theme::Theme;

/// What is shown.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The Dockerfile's name.
    pub dockerfile: String,
    /// The commits, oldest first.
    pub commits: Vec<ShownCommit>,
    /// One side or two.
    pub sides: Vec<ShownSide>,
}

/// A commit.
#[derive(Debug, Clone)]
pub struct ShownCommit {
    /// Its id, short.
    pub id: String,
    /// Its day.
    pub date: String,
    /// Its subject.
    pub subject: String,
}

/// A side.
#[derive(Debug, Clone)]
pub struct ShownSide {
    /// `as it was`, `reordered`, …
    pub title: String,
    /// Its builds, one a commit.
    pub walk: SideWalk,
}

/// The state of the screen.
#[derive(Debug, Clone)]
pub struct View {
    pub(super) shown: Shown,
    pub(super) theme: Theme,
    /// The commit in view.
    pub(super) at: usize,
    /// The first commit of the strip.
    pub(super) first: usize,
    /// How far the lists of steps are scrolled down.
    pub(super) down: usize,
    /// How far the open commit's causes are scrolled down.
    pub(super) detail_down: usize,
    /// The commit's causes are open.
    pub(super) open: bool,
    pub(super) help: bool,
    playing: bool,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// To the commit before.
    Back,
    /// To the commit after.
    Forward,
    /// Ten commits back.
    FarBack,
    /// Ten commits forward.
    FarForward,
    /// To the oldest.
    Oldest,
    /// To the newest.
    Newest,
    /// To the next commit that is among the most expensive tenth.
    NextExpensive,
    /// Scrolls up.
    Up,
    /// Scrolls down.
    Down,
    /// Opens the commit.
    Open,
    /// Closes what is open, or leaves.
    Close,
    /// Plays, or stops.
    Play,
    /// Shows the keys.
    Help,
    /// Leaves.
    Quit,
}

/// What is to be done after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Draw again.
    Draw,
    /// Leave.
    Quit,
}

const ANYWHERE: &[()] = &[()];

/// The keys.
pub const KEYS: &[Binding<Action, ()>] = &[
    Binding::new(
        &[KeySpec::Code(KeyCode::Left), KeySpec::Char('h')],
        Action::Back,
        ANYWHERE,
        "goes to the commit before",
    )
    .hint("before"),
    Binding::new(
        &[KeySpec::Code(KeyCode::Right), KeySpec::Char('l')],
        Action::Forward,
        ANYWHERE,
        "goes to the commit after",
    )
    .hint("after"),
    Binding::new(&[KeySpec::Code(KeyCode::PageUp)], Action::FarBack, ANYWHERE, "goes ten commits back"),
    Binding::new(
        &[KeySpec::Code(KeyCode::PageDown)],
        Action::FarForward,
        ANYWHERE,
        "goes ten commits forward",
    ),
    Binding::new(
        &[KeySpec::Code(KeyCode::Home), KeySpec::Char('g')],
        Action::Oldest,
        ANYWHERE,
        "goes to the oldest commit",
    ),
    Binding::new(
        &[KeySpec::Code(KeyCode::End), KeySpec::Char('G')],
        Action::Newest,
        ANYWHERE,
        "goes to the newest commit",
    ),
    Binding::new(
        &[KeySpec::Char('n')],
        Action::NextExpensive,
        ANYWHERE,
        "goes to the next of the tenth that costs most",
    ),
    Binding::new(&[KeySpec::Code(KeyCode::Up), KeySpec::Char('k')], Action::Up, ANYWHERE, "scrolls up"),
    Binding::new(&[KeySpec::Code(KeyCode::Down), KeySpec::Char('j')], Action::Down, ANYWHERE, "scrolls down"),
    Binding::new(
        &[KeySpec::Code(KeyCode::Enter)],
        Action::Open,
        ANYWHERE,
        "opens the commit: steps and causes",
    )
    .hint("open"),
    Binding::new(&[KeySpec::Char(' ')], Action::Play, ANYWHERE, "plays commit after commit, or stops")
        .hint("play"),
    Binding::new(&[KeySpec::Char('?')], Action::Help, ANYWHERE, "shows the keys").hint("keys"),
    Binding::new(&[KeySpec::Code(KeyCode::Esc)], Action::Close, ANYWHERE, "closes what is open, or leaves"),
    Binding::new(&[KeySpec::Char('q'), KeySpec::Ctrl('c')], Action::Quit, ANYWHERE, "leaves").hint("quit"),
];

impl View {
    /// Starts at the newest commit.
    pub fn new(shown: Shown, theme: Theme) -> Self {
        let at = shown.commits.len().saturating_sub(1);
        Self { shown, theme, at, first: 0, down: 0, detail_down: 0, open: false, help: false, playing: false }
    }

    /// Tells whether it plays.
    pub fn is_playing(&self) -> bool {
        self.playing
    }

    /// Does what a key asks for.
    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        match find(KEYS, &(), key) {
            Some(action) => self.update(action),
            None => Outcome::Draw,
        }
    }

    /// Does what is asked for.
    pub fn update(&mut self, action: Action) -> Outcome {
        if std::mem::take(&mut self.help) && action != Action::Quit {
            return Outcome::Draw;
        }
        match action {
            Action::Back => self.go(self.at.saturating_sub(1)),
            Action::Forward => self.go(self.at + 1),
            Action::FarBack => self.go(self.at.saturating_sub(10)),
            Action::FarForward => self.go(self.at + 10),
            Action::Oldest => self.go(0),
            Action::Newest => self.go(usize::MAX),
            Action::NextExpensive => {
                if let Some(next) = self.next_expensive() {
                    self.go(next);
                }
            }
            Action::Up if self.open => self.detail_down = self.detail_down.saturating_sub(1),
            Action::Down if self.open => self.detail_down += 1,
            Action::Up => self.down = self.down.saturating_sub(1),
            Action::Down => self.down += 1,
            Action::Open => self.open = !self.open,
            Action::Close if self.open => self.open = false,
            Action::Close | Action::Quit => return Outcome::Quit,
            Action::Play => {
                self.playing = !self.playing;
                // From the end it plays from the beginning.
                if self.playing && self.at + 1 >= self.shown.commits.len() {
                    self.at = 0;
                }
            }
            Action::Help => self.help = true,
        }
        Outcome::Draw
    }

    /// Goes on by one commit while it plays; at the newest it stops.
    pub fn tick(&mut self) {
        if self.at + 1 < self.shown.commits.len() {
            self.at += 1;
            self.detail_down = 0;
        } else {
            self.playing = false;
        }
    }

    fn go(&mut self, at: usize) {
        self.playing = false;
        self.detail_down = 0;
        self.at = at.min(self.shown.commits.len().saturating_sub(1));
    }

    /// Seconds of a side's build.
    pub(super) fn seconds(&self, side: usize, at: usize) -> f64 {
        let walk = &self.shown.sides[side].walk;
        walk.builds.get(at).map_or(0.0, |build| walk.seconds(build))
    }

    /// The next commit after this one whose first side is among the most expensive tenth, round the end.
    fn next_expensive(&self) -> Option<usize> {
        let count = self.shown.commits.len();
        let mut costs: Vec<f64> = (0..count).map(|at| self.seconds(0, at)).collect();
        costs.sort_by(|a, b| b.total_cmp(a));
        let least = costs.get(count / 10).copied().filter(|&least| least > 0.0)?;
        (1..=count).map(|step| (self.at + step) % count).find(|&at| self.seconds(0, at) >= least)
    }
}

/// A reason in words, without the step it belongs to.
pub(super) fn reason(walk: &SideWalk, version: usize, why: &Why) -> String {
    let label = |step: usize| walk.versions[version].steps[step].label.as_str();
    match why {
        Why::New => "nothing like it was built before".into(),
        Why::Missing => "the imported cache lacks its result".into(),
        Why::Files { p, n } => {
            let names: Vec<&str> = p.iter().take(4).map(|&path| walk.paths[path as usize].as_str()).collect();
            let more = n.saturating_sub(names.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("{}{more} changed", names.join(", "))
        }
        Why::Elsewhere { what, by: Some(by) } => format!("{what} comes from {}, which ran", label(*by)),
        Why::Elsewhere { what, by: None } => format!("{what} changed"),
        Why::Text { what } => format!("its {what} changed"),
        Why::Neighbour => "another step stands before it".into(),
        Why::Environment { names } => format!("{} changed", names.join(", ")),
        Why::Base { image } => format!("the base image is {image} now"),
        Why::Pulled { by } => format!("{} ran before it", label(*by)),
    }
}
