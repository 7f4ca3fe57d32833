//! Where one is: the focused pane, the line, the file, how far things are scrolled.

use ratatui::layout::Rect;

use super::super::{App, Focus, Overlay};
use crate::tui::model::Line;
use crate::tui::view::{layout, overlays, paint, why};

impl App {
    pub(super) fn step_focus(&mut self, by: usize) {
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

    pub(super) fn page(&self) -> isize {
        let panes = layout::panes(self);
        let rows = match (&self.overlay, self.focus) {
            (Overlay::None, Focus::Files) => panes.files.map_or(1, |a| a.height),
            (Overlay::None, Focus::Why) => panes.why.map_or(1, |a| a.height),
            (Overlay::None, _) => panes.left.or(panes.right).map_or(1, |a| a.height),
            _ => self.size.1 / 2,
        };
        isize::try_from(rows.saturating_sub(3).max(1)).unwrap_or(1)
    }

    pub(super) fn go(&mut self, by: isize) {
        let step = |at: usize, len: usize| at.saturating_add_signed(by).min(len.saturating_sub(1));
        match (&self.overlay, self.focus) {
            (Overlay::None, Focus::Files) => {
                self.files.selected = step(self.files.selected, self.files.rows.len());
            }
            (Overlay::None, Focus::Why) => self.why_offset = step(self.why_offset, 1000),
            (Overlay::None, side) => self.go_line(by, side),
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

    pub(super) fn sideways(&mut self, right: bool) {
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

    pub(super) fn open(&mut self) {
        if self.focus == Focus::Files
            && let Some(snapshot) = self.snapshot.take()
        {
            self.files.toggle(None, &snapshot);
            self.snapshot = Some(snapshot);
        }
    }

    /// Brings cursors and scrolls into what there is.
    pub(super) fn settle(&mut self) {
        let Some(shown) = self.shown() else { return };
        if self.focus == Focus::Right && shown.right.is_none() {
            self.focus = Focus::Left;
        }
        let Some(shown) = self.shown() else { return };
        let len = shown.left.lines.len();
        let selected = self.selected.min(len.saturating_sub(1));
        let panes = layout::panes(self);
        let rows = |area: Option<Rect>| usize::from(area.map_or(0, |a| a.height.saturating_sub(2)));
        let offset = paint::scroll(selected, self.offset, layout::lines_shown(self, &panes).max(1), len);
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
}
