//! The wheel and the left button.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::super::{App, Effect, Focus, Overlay};
use crate::tui::model::Line;
use crate::tui::view::layout;

impl App {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
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
        (self.note, self.note_stays) = (None, false);
        self.focus = focus;
        if by != 0 {
            self.go(by);
            return Vec::new();
        }
        self.click(focus, area, mouse.row.saturating_sub(area.y + 1));
        Vec::new()
    }

    /// Takes a click on a row of a pane, counted from below its frame; a second one on a directory opens it.
    fn click(&mut self, pane: Focus, area: Rect, row: u16) {
        let row = usize::from(row);
        match pane {
            Focus::Files => {
                // The filter stands above the files.
                let head = usize::from(self.typing || !self.files.filter.is_empty());
                let Some(row) = row.checked_sub(head) else { return };
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
                let Some(shown) = self.shown() else { return };
                let side = shown.right.as_ref().filter(|_| pane == Focus::Right).unwrap_or(&shown.left);
                let row = if layout::spaced(self, area, side) { row / 2 } else { row };
                let at = self.offset + row;
                let is_seen = row < layout::lines_shown(self, &layout::panes(self));
                if is_seen && matches!(shown.left.lines.get(at), Some(Line::Row(_) | Line::Gap)) {
                    self.selected = at;
                    self.why_offset = 0;
                }
            }
            Focus::Why => {}
        }
    }
}
