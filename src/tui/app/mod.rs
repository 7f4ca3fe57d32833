//! The main screen's state, and what each message makes of it: pure, so that every screen can be a test.

pub mod actions;
pub mod files;
pub mod guide;
mod update;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ratatui::crossterm::event::{KeyEvent, MouseEvent};

use super::model::{Comparison, Edit, Header, Impact, MoveRow, Moves, Problem, Tally, Watching, Words};
use super::theme::Theme;
use super::workbench::Workbench;
use crate::context::Tree;
use crate::cost::view::SizesView;
use crate::explain::How;
use actions::Scope;
use files::Files;
use guide::Guide;

/// All that is known of the project at one moment, as the worker tells it.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Counts up with every prediction.
    pub generation: u64,
    /// The line at the top.
    pub header: Header,
    /// What a build now would do, beside the other Dockerfile.
    pub live: Arc<Comparison>,
    /// The edits so far, the oldest first.
    pub edits: Vec<Edit>,
    /// Their sums.
    pub tally: Tally,
    /// The context as it stands, pretended edits left out.
    pub tree: Tree,
    /// What differs on disk from what counts as built.
    pub changes: Vec<(String, How)>,
    /// Files whose edits are pretended.
    pub pretended: BTreeSet<String>,
    /// What the ignore file leaves out; whole directories with `true`.
    pub ignored: Arc<Vec<(String, bool)>>,
    /// The most pressing thing to know of the context.
    pub trap: Option<Words>,
    /// All there is to know of it.
    pub notes: Arc<Vec<Words>>,
    /// How edits are noticed.
    pub watching: Watching,
    /// The moves of the reordering; none where the right side is the user's file, or not made yet.
    pub moves: Option<Arc<Moves>>,
    /// What the image weighs; none where that is not known yet.
    pub sizes: Option<Arc<SizesView>>,
    /// The Dockerfile's text on disk.
    pub left_text: Arc<str>,
    /// The text on the right.
    pub right_text: Option<Arc<str>>,
    /// Where the Dockerfile is, for `w`.
    pub dockerfile_path: String,
    /// There is something for `u`.
    pub can_undo: bool,
    /// What the last prediction of both sides took.
    pub took: Duration,
}

impl Snapshot {
    /// What a workbench knows; what comes from disk besides is added by whoever follows it.
    pub fn of(bench: &Workbench) -> Self {
        let tree = bench.tree();
        let (changes, pretended) = bench.changes();
        Self {
            generation: bench.generation(),
            header: Header { files: tree.len(), bytes: tree.bytes(), ..Header::default() },
            live: Arc::clone(bench.live()),
            edits: bench.edits().to_vec(),
            tally: bench.tally(),
            tree: tree.clone(),
            changes,
            pretended,
            left_text: Arc::clone(bench.left().0),
            right_text: bench.right_text().cloned(),
            can_undo: bench.can_undo(),
            ..Self::default()
        }
    }
}

/// What the worker or the loop tells the screen.
#[derive(Debug, Clone)]
pub enum Told {
    /// The state of things.
    Snapshot(Box<Snapshot>),
    /// What a change of each of these files would rebuild.
    Impacts(u64, Vec<(String, Impact, Option<Impact>)>),
    /// A line for the bottom.
    Note(String),
    /// Nothing can be shown.
    Failed(String),
}

/// What can happen to the screen.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Pasted text.
    Paste(String),
    /// The size: columns, rows.
    Resize(u16, u16),
    /// What was asked for with [`Effect::Tick`] is over.
    Tick,
    /// From the worker or the loop.
    Told(Told),
}

/// What is to be done for the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Something for the worker.
    Ask(Request),
    /// A text for the clipboard.
    Copy(String),
    /// A picture of the screen.
    Picture,
    /// A [`Message::Tick`] after so long.
    Tick(Duration),
    /// To the background.
    Suspend,
    /// The end.
    Quit,
}

/// What the worker can be asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// To pretend edits of these files.
    Pretend(Vec<String>),
    /// To take back the last pretended edit or build.
    Undo,
    /// To count the present state as built.
    Build,
    /// To switch moves off, by id.
    Skip(BTreeSet<String>),
    /// To tell what a change of each of these would rebuild, in this generation.
    Impacts(u64, Vec<String>),
    /// To write the Dockerfile, if it still holds `before`.
    Write {
        /// What it has to hold.
        before: Arc<str>,
        /// What is written.
        text: Arc<str>,
    },
}

/// The pane that has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The Dockerfile as it is.
    #[default]
    Left,
    /// The other one.
    Right,
    /// Why.
    Why,
    /// The files.
    Files,
}

impl Focus {
    /// All, in the order of Tab.
    pub const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Why, Self::Files];
}

/// What lies over the panes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// All keys.
    Help,
    /// What to know.
    Notes,
    /// The image's weight.
    Sizes,
    /// The moves.
    Moves,
    /// The difference to be written.
    Write,
}

/// The state of the main screen.
#[derive(Debug, Clone)]
pub struct App {
    /// Colours and signs.
    pub theme: Theme,
    /// Columns and rows.
    pub size: (u16, u16),
    /// What is known; none while the context is read for the first time.
    pub snapshot: Option<Box<Snapshot>>,
    /// Why nothing can be shown.
    pub failed: Option<String>,
    /// The pane that has the keys.
    pub focus: Focus,
    /// The line under the cursor, the same on both sides.
    pub selected: usize,
    /// The first line that is shown, on both sides.
    pub offset: usize,
    /// The first line of why that is shown.
    pub why_offset: usize,
    /// The file tree.
    pub files: Files,
    /// The filter is being typed.
    pub typing: bool,
    /// The past edit that is shown, by its number; none for now.
    pub past: Option<usize>,
    /// What lies over the panes.
    pub overlay: Overlay,
    /// The line under the cursor of the overlay, or the first one shown.
    pub overlay_at: usize,
    /// Moves that are switched off.
    pub skipped: BTreeSet<String>,
    /// All moves that were seen, so that one that is off can be switched on.
    pub known_moves: Vec<MoveRow>,
    /// The two lists and the sentence alone.
    pub presenter: bool,
    /// The demo's guide.
    pub guide: Option<Guide>,
    /// A line for the bottom, until the next key.
    pub note: Option<String>,
    /// The line came from the worker: it stays when something is saved, which may be its own work.
    note_stays: bool,
    /// What changed stands out for a moment.
    pub flashing: bool,
    /// Nothing moves, not even once.
    pub still: bool,
    /// The terminal's cursor stays on the selected line.
    pub cursor: bool,
    asked: Option<(u64, Vec<String>)>,
}

impl App {
    /// Starts with nothing known.
    pub fn new(theme: Theme, size: (u16, u16)) -> Self {
        Self {
            theme,
            size,
            snapshot: None,
            failed: None,
            focus: Focus::Left,
            selected: 0,
            offset: 0,
            why_offset: 0,
            files: Files::default(),
            typing: false,
            past: None,
            overlay: Overlay::None,
            overlay_at: 0,
            skipped: BTreeSet::new(),
            known_moves: Vec::new(),
            presenter: false,
            guide: None,
            note: None,
            note_stays: false,
            flashing: false,
            still: false,
            cursor: false,
            asked: None,
        }
    }

    /// Starts the demo's guide.
    #[must_use]
    pub fn guided(mut self) -> Self {
        self.guide = Some(Guide::default());
        self.focus = Focus::Files;
        self
    }

    /// The comparison that is shown: that of now, or of a past edit.
    pub fn shown(&self) -> Option<&Comparison> {
        let snapshot = self.snapshot.as_ref()?;
        let past = self.past.and_then(|at| snapshot.edits.get(at));
        Some(past.map_or(&*snapshot.live, |edit| &*edit.picture))
    }

    /// The number of the move under the cursor.
    pub fn chosen_move(&self) -> usize {
        self.overlay_at.min(self.last_move())
    }

    /// The number of the last move, 0 where there are none.
    pub fn last_move(&self) -> usize {
        self.known_moves.len().saturating_sub(1)
    }

    /// What is wrong with a Dockerfile, on either side.
    pub fn problem(&self) -> Option<&Problem> {
        let shown = self.shown()?;
        shown.left.problem.as_ref().or(shown.right.as_ref()?.problem.as_ref())
    }

    /// Where a key is pressed.
    pub fn scope(&self) -> Scope {
        match self.overlay {
            Overlay::Help | Overlay::Notes | Overlay::Sizes => Scope::Reading,
            Overlay::Moves => Scope::Moves,
            Overlay::Write => Scope::Writing,
            Overlay::None if self.typing => Scope::Typing,
            Overlay::None if self.focus == Focus::Files => Scope::Files,
            Overlay::None => Scope::Steps,
        }
    }

    /// What the last line of the session says, on the normal screen.
    pub fn farewell(&self) -> Option<String> {
        let snapshot = self.snapshot.as_ref()?;
        Some(super::plain::farewell(snapshot))
    }
}

#[cfg(test)]
mod tests;
