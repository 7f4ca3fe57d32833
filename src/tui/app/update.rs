//! Message in, next state and effects out.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::actions::{Action, KEYS, Scope};
use super::{App, Effect, Focus, Message, Overlay, Request, Snapshot, Told};
use crate::tui::keys;
use crate::tui::model::{FileKind, FileState, Line, MoveRow};
use crate::tui::theme::Theme;
use crate::tui::view::layout;

mod cursor;
mod edits;
mod mouse;
mod overlays;

/// How long what changed stands out.
const FLASH: Duration = Duration::from_millis(700);

impl App {
    /// Takes a message in and yields what is to be done.
    pub fn update(&mut self, message: Message) -> Vec<Effect> {
        let mut effects = match message {
            Message::Key(key) => self.key(key),
            Message::Mouse(mouse) => self.mouse(mouse),
            Message::Paste(text) => self.paste(&text),
            Message::Resize(columns, rows) => {
                self.size = (columns, rows);
                Vec::new()
            }
            Message::Tick => {
                self.flashing = false;
                Vec::new()
            }
            Message::Told(told) => self.told(told),
        };
        self.settle();
        effects.extend(self.ask_for_impacts());
        effects
    }

    fn told(&mut self, told: Told) -> Vec<Effect> {
        match told {
            Told::Snapshot(snapshot) => return self.take(snapshot),
            Told::Impacts(generation, impacts) => {
                for (path, left, right) in impacts {
                    self.files.impacts.insert(path, (generation, left, right));
                }
                self.rebuild_files();
            }
            Told::Note(note) => (self.note, self.note_stays) = (Some(note), true),
            Told::Failed(why) => self.failed = Some(why),
        }
        Vec::new()
    }

    fn take(&mut self, snapshot: Box<Snapshot>) -> Vec<Effect> {
        let first = self.snapshot.is_none();
        let new_prediction = self.snapshot.as_ref().is_none_or(|s| s.generation != snapshot.generation);
        if new_prediction && self.past.is_none() && !first {
            self.look_at_cause(&snapshot);
        }
        if let Some(moves) = &snapshot.moves {
            self.learn_moves(&moves.rows);
        }
        let changed = snapshot.changes.iter().map(|(path, _)| path.as_str());
        let changed = changed.chain(snapshot.pretended.iter().map(String::as_str));
        if let Some(guide) = &mut self.guide {
            guide.see(changed);
        }
        let edits = self.snapshot.as_ref().map_or(0, |s| s.edits.len());
        let saved = snapshot.edits.last().filter(|e| snapshot.edits.len() > edits && !e.pretended);
        if saved.is_some() && !self.note_stays {
            self.note = None;
        }
        self.files.rebuild(&snapshot);
        // What was saved should be in sight, unless somebody is looking around among the files.
        if let Some(path) = saved.and_then(|e| e.path.as_ref()).filter(|_| self.focus != Focus::Files) {
            self.files.reveal(path, &snapshot);
        }
        if first && let Some(path) = self.guide.and_then(|g| g.path()) {
            self.files.reveal(path, &snapshot);
        }
        self.snapshot = Some(snapshot);
        if self.past.is_some_and(|at| self.snapshot.as_ref().is_none_or(|s| at >= s.edits.len())) {
            self.past = None;
        }
        if new_prediction && !first && !self.still && self.has_fresh() {
            self.flashing = true;
            return vec![Effect::Tick(FLASH)];
        }
        Vec::new()
    }

    fn has_fresh(&self) -> bool {
        let fresh = |lines: &[Line]| lines.iter().any(|l| matches!(l, Line::Row(row) if row.fresh));
        self.shown()
            .is_some_and(|s| fresh(&s.left.lines) || s.right.as_ref().is_some_and(|r| fresh(&r.lines)))
    }

    /// Puts the cursor on the first step that runs for a reason of its own: that is what one wants to know after
    /// an edit.
    fn look_at_cause(&mut self, snapshot: &Snapshot) {
        let root = |lines: &[Line]| {
            let is = |line: &Line| matches!(line, Line::Row(row) if row.root && row.mark.is_rebuild());
            lines.iter().position(is)
        };
        let live = &snapshot.live;
        if let Some(at) = root(&live.left.lines) {
            self.selected = at;
            self.why_offset = 0;
            if self.focus == Focus::Right {
                self.focus = Focus::Left;
            }
        }
    }

    /// Keeps moves in mind that are switched off, which the next proposal does not name any more.
    fn learn_moves(&mut self, rows: &[MoveRow]) {
        self.known_moves
            .retain(|known| self.skipped.contains(&known.id) || rows.iter().any(|row| row.id == known.id));
        for row in rows {
            match self.known_moves.iter_mut().find(|known| known.id == row.id) {
                Some(known) => *known = row.clone(),
                None => self.known_moves.push(row.clone()),
            }
        }
        for known in &mut self.known_moves {
            known.on = !self.skipped.contains(&known.id);
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let scope = self.scope();
        if scope == Scope::Typing
            && let Some(effects) = self.typed(key)
        {
            return effects;
        }
        let Some(action) = keys::find(KEYS, &scope, key) else { return Vec::new() };
        (self.note, self.note_stays) = (None, false);
        self.act(action)
    }

    /// A key while the filter is typed; none where the table knows better.
    fn typed(&mut self, key: KeyEvent) -> Option<Vec<Effect>> {
        use ratatui::crossterm::event::KeyModifiers;
        match key.code {
            KeyCode::Char(c) if !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
                self.files.filter.push(c);
            }
            KeyCode::Backspace => {
                self.files.filter.pop();
            }
            KeyCode::Enter | KeyCode::Down | KeyCode::Tab => self.typing = false,
            _ => return None,
        }
        self.rebuild_files();
        Some(Vec::new())
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        if self.typing {
            self.files.filter.extend(text.chars().filter(|c| !c.is_control()));
            self.rebuild_files();
        }
        Vec::new()
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Picture => return vec![Effect::Picture],
            Action::NextPane => self.step_focus(1),
            Action::PreviousPane => self.step_focus(Focus::ALL.len() - 1),
            Action::Pane(at) => self.focus = Focus::ALL[at],
            Action::Up => self.go(-1),
            Action::Down => self.go(1),
            Action::PageUp => self.go(-self.page()),
            Action::PageDown => self.go(self.page()),
            Action::Top => self.go(isize::MIN),
            Action::Bottom => self.go(isize::MAX),
            Action::Left => self.sideways(false),
            Action::Right => self.sideways(true),
            Action::Open => self.open(),
            Action::Mark => self.mark(),
            Action::Pretend => return self.pretend(),
            Action::Undo => return self.undo(),
            Action::Build => return self.build(),
            Action::EarlierEdit => self.earlier(),
            Action::LaterEdit => self.later(),
            Action::Filter => {
                self.focus = Focus::Files;
                self.typing = true;
                self.presenter = false;
            }
            Action::NextMatch => self.go(1),
            Action::PreviousMatch => self.go(-1),
            Action::Help => self.show(Overlay::Help),
            Action::Notes => self.show(Overlay::Notes),
            Action::Moves => self.show_moves(),
            Action::Sizes => self.show_sizes(),
            Action::Write => self.show_write(),
            Action::Toggle => return self.toggle_move(),
            Action::Confirm => return self.write(),
            Action::Copy => return self.copy(),
            Action::Theme => {
                self.theme = Theme { name: self.theme.name.next(), ..self.theme };
                self.note = Some(format!("theme: {}", self.theme.name.name()));
            }
            Action::Presenter => self.presenter = !self.presenter,
            Action::Close => self.close(),
        }
        Vec::new()
    }

    fn rebuild_files(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            self.files.rebuild(&snapshot);
            self.snapshot = Some(snapshot);
        }
    }

    /// Asks what a change of the files in sight would rebuild, once for every prediction.
    fn ask_for_impacts(&mut self) -> Option<Effect> {
        let snapshot = self.snapshot.as_ref()?;
        let area = layout::panes(self).files?;
        let seen = self.files.rows.iter().skip(self.files.offset).take(usize::from(area.height));
        let unknown = |path: &String| {
            self.files.impacts.get(path).is_none_or(|(generation, ..)| *generation != snapshot.generation)
        };
        let takes_part = |state: FileState| {
            !matches!(state, FileState::Ignored | FileState::Changed(crate::explain::How::Removed))
        };
        let wanted: Vec<String> = seen
            .filter(|row| row.kind == FileKind::File && takes_part(row.state))
            .map(|row| row.path.clone())
            .filter(unknown)
            .collect();
        if wanted.is_empty() {
            return None;
        }
        let asked = (snapshot.generation, wanted);
        if self.asked.as_ref() == Some(&asked) {
            return None;
        }
        self.asked = Some(asked.clone());
        Some(Effect::Ask(Request::Impacts(asked.0, asked.1)))
    }
}
