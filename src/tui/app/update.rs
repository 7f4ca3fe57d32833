//! Message in, next state and effects out.

use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::actions::{Action, KEYS, Scope};
use super::{App, Effect, Focus, Message, Overlay, Request, Snapshot, Told};
use crate::tui::keys;
use crate::tui::model::{FileKind, FileState, Line, MoveRow};
use crate::tui::theme::Theme;
use crate::tui::view::{layout, overlays, paint, why};

/// How long what changed stands out.
const FLASH: Duration = Duration::from_millis(700);
/// A pretended edit of a directory takes no more files than this.
const AT_ONCE: usize = 1000;

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
            Told::Note(note) => self.note = Some(note),
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
        if saved.is_some() {
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
        self.note = None;
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

    fn show(&mut self, overlay: Overlay) {
        self.overlay = overlay;
        self.overlay_at = 0;
    }

    fn show_moves(&mut self) {
        if self.snapshot.as_ref().is_some_and(|s| s.moves.is_some()) {
            self.show(Overlay::Moves);
        } else {
            self.note =
                Some("no moves: the right side is a file of yours, or is still being looked for".into());
        }
    }

    fn show_sizes(&mut self) {
        if self.snapshot.as_ref().is_some_and(|s| s.sizes.is_some()) {
            self.show(Overlay::Sizes);
        } else {
            self.note = Some("the sizes are not known yet".into());
        }
    }

    fn show_write(&mut self) {
        let Some(snapshot) = &self.snapshot else { return };
        self.note = match &snapshot.right_text {
            _ if snapshot.moves.is_none() => {
                Some("w writes the reordered Dockerfile; the right side is none".into())
            }
            Some(text) if **text != *snapshot.left_text => {
                self.show(Overlay::Write);
                None
            }
            _ => Some("there is nothing to write: both sides read the same".into()),
        };
    }

    fn close(&mut self) {
        if self.overlay != Overlay::None {
            self.overlay = Overlay::None;
        } else if self.typing || !self.files.filter.is_empty() {
            self.typing = false;
            let at = self.files.selected_path().map(str::to_string);
            self.files.filter.clear();
            self.rebuild_files();
            if let (Some(path), Some(snapshot)) = (at, &self.snapshot) {
                self.files.reveal(&path, snapshot);
            }
        } else if self.past.is_some() {
            self.past = None;
        } else if self.presenter {
            self.presenter = false;
        } else if self.files.marked.is_empty() {
            self.note = Some("q quits".into());
        } else {
            self.files.marked.clear();
            self.rebuild_files();
        }
    }

    fn step_focus(&mut self, by: usize) {
        let has_right = self.shown().is_some_and(|s| s.right.is_some());
        let mut at = Focus::ALL.iter().position(|f| *f == self.focus).unwrap_or_default();
        loop {
            at = (at + by) % Focus::ALL.len();
            if has_right || Focus::ALL[at] != Focus::Right {
                break;
            }
        }
        self.focus = Focus::ALL[at];
    }

    fn page(&self) -> isize {
        let panes = layout::panes(self);
        let rows = match (&self.overlay, self.focus) {
            (Overlay::None, Focus::Files) => panes.files.map_or(1, |a| a.height),
            (Overlay::None, Focus::Why) => panes.why.map_or(1, |a| a.height),
            (Overlay::None, _) => panes.left.or(panes.right).map_or(1, |a| a.height),
            _ => self.size.1 / 2,
        };
        isize::try_from(rows.saturating_sub(3).max(1)).unwrap_or(1)
    }

    fn go(&mut self, by: isize) {
        let step = |at: usize, len: usize| at.saturating_add_signed(by).min(len.saturating_sub(1));
        match (&self.overlay, self.focus) {
            (Overlay::None, Focus::Files) => {
                self.files.selected = step(self.files.selected, self.files.rows.len());
            }
            (Overlay::None, Focus::Why) => self.why_offset = step(self.why_offset, 1000),
            (Overlay::None, side) => self.go_line(by, side),
            (Overlay::Moves, _) => self.overlay_at = step(self.overlay_at, self.known_moves.len()),
            _ => self.overlay_at = step(self.overlay_at, 10_000),
        }
    }

    /// Goes to another line of a side, over gaps and headings.
    fn go_line(&mut self, by: isize, side: Focus) {
        let Some(shown) = self.shown() else { return };
        let lines = match (&shown.right, side) {
            (Some(right), Focus::Right) => &right.lines,
            _ => &shown.left.lines,
        };
        let rows: Vec<usize> = (0..lines.len()).filter(|at| matches!(lines[*at], Line::Row(_))).collect();
        let here = rows.iter().rposition(|at| *at <= self.selected).unwrap_or_default();
        let next = here.saturating_add_signed(by).min(rows.len().saturating_sub(1));
        if let Some(at) = rows.get(next) {
            self.selected = *at;
            self.why_offset = 0;
        }
    }

    fn sideways(&mut self, right: bool) {
        match self.focus {
            Focus::Files => {
                let Some(snapshot) = self.snapshot.take() else { return };
                if !self.files.toggle(Some(right), &snapshot) && !right {
                    self.files.go_up();
                }
                self.snapshot = Some(snapshot);
            }
            _ if right && self.shown().is_some_and(|s| s.right.is_some()) => self.focus = Focus::Right,
            _ if !right => self.focus = Focus::Left,
            _ => {}
        }
    }

    fn open(&mut self) {
        if self.focus == Focus::Files
            && let Some(snapshot) = self.snapshot.take()
        {
            self.files.toggle(None, &snapshot);
            self.snapshot = Some(snapshot);
        }
    }

    fn mark(&mut self) {
        let Some(row) = self.files.rows.get(self.files.selected) else { return };
        if row.kind != FileKind::File || row.state == FileState::Ignored {
            self.note =
                Some("only files that take part can be marked; e on a directory takes all in it".into());
            return;
        }
        let path = row.path.clone();
        if !self.files.marked.remove(&path) {
            self.files.marked.insert(path);
        }
        self.rebuild_files();
        self.go(1);
    }

    fn pretend(&mut self) -> Vec<Effect> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        self.past = None;
        let mut paths: Vec<String> = std::mem::take(&mut self.files.marked).into_iter().collect();
        if paths.is_empty() {
            let Some(row) = self.files.rows.get(self.files.selected) else { return Vec::new() };
            if row.state == FileState::Ignored {
                self.note = Some(format!("{} is ignored: an edit of it changes nothing", row.name));
                return Vec::new();
            }
            paths = match row.kind {
                FileKind::File => vec![row.path.clone()],
                FileKind::Dir { .. } => files_below(snapshot, &row.path),
            };
        }
        paths.retain(|path| snapshot.tree.contains(path));
        if paths.is_empty() {
            self.note = Some("there is no such file any more".into());
            return Vec::new();
        }
        self.note = Some(match paths.as_slice() {
            [one] => format!(
                "pretended: {} was edited (u undoes; nothing on disk changed)",
                crate::tui::text::safe(one)
            ),
            many => {
                format!("pretended: {} files were edited (u undoes; nothing on disk changed)", many.len())
            }
        });
        vec![Effect::Ask(Request::Pretend(paths))]
    }

    fn undo(&mut self) -> Vec<Effect> {
        self.past = None;
        if self.snapshot.as_ref().is_some_and(|s| s.can_undo) {
            vec![Effect::Ask(Request::Undo)]
        } else {
            self.note =
                Some("nothing to undo: u takes back pretended edits and b; files on disk are yours".into());
            Vec::new()
        }
    }

    fn build(&mut self) -> Vec<Effect> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        self.past = None;
        self.note = Some("counted as built: both sides have it in their cache now".into());
        if let Some(guide) = &mut self.guide {
            guide.built();
            if let Some(path) = guide.path() {
                self.files.reveal(path, snapshot);
            }
        }
        vec![Effect::Ask(Request::Build)]
    }

    fn earlier(&mut self) {
        let len = self.snapshot.as_ref().map_or(0, |s| s.edits.len());
        match self.past {
            _ if len == 0 => self.note = Some("no edits yet: save a file, or press e".into()),
            None => self.past = Some(len - 1),
            Some(0) => self.note = Some("this is the first edit".into()),
            Some(at) => self.past = Some(at - 1),
        }
    }

    fn later(&mut self) {
        if self.focus == Focus::Files && !self.files.filter.is_empty() {
            return self.go(1);
        }
        let len = self.snapshot.as_ref().map_or(0, |s| s.edits.len());
        self.past = match self.past {
            Some(at) if at + 1 < len => Some(at + 1),
            Some(_) => None,
            None => {
                self.note = Some("this is now; p goes back".into());
                None
            }
        };
    }

    fn toggle_move(&mut self) -> Vec<Effect> {
        let Some(row) = self.known_moves.get_mut(self.overlay_at) else { return Vec::new() };
        row.on = !row.on;
        if row.on {
            self.skipped.remove(&row.id);
        } else {
            self.skipped.insert(row.id.clone());
        }
        vec![Effect::Ask(Request::Skip(self.skipped.clone()))]
    }

    fn write(&mut self) -> Vec<Effect> {
        self.overlay = Overlay::None;
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        let Some(text) = &snapshot.right_text else { return Vec::new() };
        vec![Effect::Ask(Request::Write { before: snapshot.left_text.clone(), text: text.clone() })]
    }

    fn copy(&mut self) -> Vec<Effect> {
        let Some(snapshot) = &self.snapshot else { return Vec::new() };
        let right = snapshot.right_text.as_ref().filter(|_| self.focus != Focus::Left);
        let (text, which) = match right {
            Some(text) => (text, "on the right"),
            None => (&snapshot.left_text, "as it is"),
        };
        let lines = text.lines().count();
        self.note = Some(format!("sent to the clipboard: the Dockerfile {which}, {lines} lines"));
        vec![Effect::Copy(text.to_string())]
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        let by: isize = match mouse.kind {
            MouseEventKind::ScrollDown => 3,
            MouseEventKind::ScrollUp => -3,
            MouseEventKind::Down(MouseButton::Left) => 0,
            _ => return Vec::new(),
        };
        if self.overlay != Overlay::None {
            if by != 0 {
                self.go(if self.overlay == Overlay::Moves { by.signum() } else { by });
            }
            return Vec::new();
        }
        let panes = layout::panes(self);
        let at = Position::new(mouse.column, mouse.row);
        let hit = |area: Option<Rect>| area.filter(|a| a.contains(at));
        let panes = [
            (panes.left, Focus::Left),
            (panes.right, Focus::Right),
            (panes.why, Focus::Why),
            (panes.files, Focus::Files),
        ];
        let Some((area, focus)) = panes.into_iter().find_map(|(area, focus)| hit(area).map(|a| (a, focus)))
        else {
            return Vec::new();
        };
        self.note = None;
        self.focus = focus;
        if by != 0 {
            self.go(by);
            return Vec::new();
        }
        let step = if self.presenter { 2 } else { 1 };
        let row = usize::from(mouse.row.saturating_sub(area.y + 1)) / step;
        match focus {
            Focus::Files => {
                let at = self.files.offset + row;
                if at < self.files.rows.len() {
                    let again = self.files.selected == at;
                    self.files.selected = at;
                    if again {
                        self.open();
                    }
                }
            }
            Focus::Left | Focus::Right => {
                let at = self.offset + row;
                let is_row = self
                    .shown()
                    .is_some_and(|s| matches!(s.left.lines.get(at), Some(Line::Row(_) | Line::Gap)));
                if is_row {
                    self.selected = at;
                    self.why_offset = 0;
                }
            }
            Focus::Why => {}
        }
        Vec::new()
    }

    fn rebuild_files(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            self.files.rebuild(&snapshot);
            self.snapshot = Some(snapshot);
        }
    }

    /// Brings cursors and scrolls into what there is.
    fn settle(&mut self) {
        let Some(shown) = self.shown() else { return };
        if self.focus == Focus::Right && shown.right.is_none() {
            self.focus = Focus::Left;
        }
        let Some(shown) = self.shown() else { return };
        let len = shown.left.lines.len();
        let selected = self.selected.min(len.saturating_sub(1));
        let panes = layout::panes(self);
        let step = if self.presenter { 2 } else { 1 };
        let rows = |area: Option<Rect>| usize::from(area.map_or(0, |a| a.height.saturating_sub(2)));
        let list = rows(panes.left.or(panes.right)) / step;
        // Large figures and notes take rows from the list only where there are some to spare.
        let offset = paint::scroll(selected, self.offset, list.max(1), len);
        let files_rows =
            rows(panes.files).saturating_sub(usize::from(self.typing || !self.files.filter.is_empty()));
        let files = paint::scroll(self.files.selected, self.files.offset, files_rows, self.files.rows.len());
        let why_offset = panes.why.map_or(0, |area| self.why_offset.min(why::overflow(self, area)));
        let overlay_at = overlays::clamp(self);
        self.selected = selected;
        self.offset = offset;
        self.files.offset = files;
        self.why_offset = why_offset;
        self.overlay_at = overlay_at;
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

fn files_below(snapshot: &Snapshot, dir: &str) -> Vec<String> {
    let Some(tree) = snapshot.tree.subtree(dir) else { return Vec::new() };
    tree.iter()
        .filter(|(_, entry)| !entry.is_dir())
        .take(AT_ONCE)
        .map(|(path, _)| crate::context::path::join(dir, &path))
        .collect()
}
