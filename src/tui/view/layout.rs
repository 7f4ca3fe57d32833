//! Which pane stands where: a function of the state and the size, used for drawing and for the mouse alike.

use ratatui::layout::Rect;

use super::panel::Look;
use super::{digits, panel};
use crate::tui::app::{App, Focus};
use crate::tui::model::Side;
use crate::tui::text;

/// The least columns and rows that the screen needs.
pub const LEAST: (u16, u16) = (60, 16);
/// From this many columns on, both sides stand beside each other.
pub const WIDE: u16 = 100;

/// Areas of the panes; none where one is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Panes {
    /// The top line.
    pub header: Rect,
    /// The Dockerfile as it is.
    pub left: Option<Rect>,
    /// The other one.
    pub right: Option<Rect>,
    /// The sentence, with the tally below it.
    pub sentence: Rect,
    /// Why.
    pub why: Option<Rect>,
    /// The edits so far.
    pub edits: Option<Rect>,
    /// The files.
    pub files: Option<Rect>,
    /// The line of the trap.
    pub trap: Option<Rect>,
    /// The demo's guide.
    pub guide: Option<Rect>,
    /// The hints.
    pub footer: Rect,
    /// Only one side has room: the other's sum goes into the title.
    pub one_side: bool,
    /// The sides stand on top of each other.
    pub stacked: bool,
}

/// Tells whether the screen is too small for anything.
pub fn too_small(size: (u16, u16)) -> bool {
    size.0 < LEAST.0 || size.1 < LEAST.1
}

/// Where everything stands.
pub fn panes(app: &App) -> Panes {
    let (width, height) = app.size;
    let mut panes = Panes::default();
    if too_small(app.size) {
        return panes;
    }
    let mut rows = Rows { top: 0, bottom: height, width };
    panes.header = rows.take_top(1);
    panes.footer = rows.take_bottom(1);
    if let Some(guide) = &app.guide {
        let lines = text::wrap(&guide.says(), usize::from(width.saturating_sub(2))).len() as u16;
        panes.guide = Some(rows.take_bottom(lines.min(3)));
    }
    if app.presenter {
        presenter(app, &mut rows, &mut panes);
        return panes;
    }
    if height >= 20 && app.snapshot.as_ref().is_some_and(|s| s.trap.is_some()) {
        panes.trap = Some(rows.take_bottom(1));
    }
    let edits = app.snapshot.as_ref().map_or(0, |s| s.edits.len()) as u16;
    let (left, right) = wanted(app, false);
    let sentence_rows = if height >= 34 { 4 } else { 2 };
    if width >= WIDE {
        let large = if height >= 30 { digits::ROWS as u16 + 2 } else { 0 };
        let least_below = if height >= 30 { 10 } else { 7 };
        let room = rows.left().saturating_sub(sentence_rows + least_below).max(5);
        let list = rows.take_top((left.max(right) + large).min(room));
        beside(list, right > 0, &mut panes);
        panes.sentence = rows.take_top(sentence_rows);
        let below = rows.rest();
        // As wide as the sides above, so that the eye has one line to follow.
        let half = below.width / 2;
        let (why, files) =
            (Rect { width: half, ..below }, Rect { x: half, width: below.width - half, ..below });
        panes.files = Some(files);
        // Where there is room, the edits so far stand below.
        if below.height >= 17 {
            let edits = (edits + 3).clamp(5, below.height / 2);
            panes.why = Some(Rect { height: why.height - edits, ..why });
            panes.edits = Some(Rect { y: why.bottom() - edits, height: edits, ..why });
        } else {
            panes.why = Some(why);
        }
    } else {
        narrow(app, &mut rows, &mut panes, (left, right), sentence_rows.min(2));
    }
    panes
}

/// Tells whether a side's lines are spaced out: the presenter's, where there is room for that.
pub fn spaced(app: &App, area: Rect, side: &Side) -> bool {
    app.presenter && panel::rows_wanted(side, true) <= area.height
}

/// Lines of the sides that have room; where both are seen, of the one that has room for fewer.
pub fn lines_shown(app: &App, panes: &Panes) -> usize {
    let Some(shown) = app.shown() else { return 0 };
    let sides = [(panes.left, Some(&shown.left)), (panes.right, shown.right.as_ref())];
    let rows = sides.into_iter().filter_map(|(area, side)| {
        let (area, side) = (area?, side?);
        let look = Look { spaced: spaced(app, area, side), open_below: panes.stacked, ..Look::default() };
        Some(panel::lines_shown(area, side, look))
    });
    rows.min().unwrap_or_default()
}

/// Below 100 columns: both sides on top of each other if that leaves room for the pane below, else one of them.
fn narrow(app: &App, rows: &mut Rows, panes: &mut Panes, (left, right): (u16, u16), sentence_rows: u16) {
    let on_files = app.focus == Focus::Files;
    let room = rows.left().saturating_sub(sentence_rows);
    // One on top of the other they need no lower edges.
    if right > 0 && left + right - 2 + 4 <= room {
        panes.left = Some(rows.take_top(left - 1));
        panes.right = Some(rows.take_top(right - 1));
        panes.stacked = true;
    } else {
        let side = if app.focus == Focus::Right { right } else { left };
        let least = if on_files { 8 } else { 6 };
        let area = rows.take_top(side.max(3).min(room.saturating_sub(least)));
        panes.one_side = right > 0;
        if app.focus == Focus::Right { panes.right = Some(area) } else { panes.left = Some(area) }
    }
    let tight = panes.stacked && rows.left() < sentence_rows + 5;
    panes.sentence = rows.take_top(if tight { 1 } else { sentence_rows });
    let below = rows.rest();
    if on_files { panes.files = Some(below) } else { panes.why = Some(below) }
}

/// The presenter's screen: lists and sentence alone.
fn presenter(app: &App, rows: &mut Rows, panes: &mut Panes) {
    let (left, right) = wanted(app, true);
    // The figures grow into what the lists leave.
    let lists = if rows.width >= WIDE { left.max(right) } else { left + right };
    let spare = rows.left().saturating_sub(lists);
    let figures = (spare.saturating_sub(1) / digits::ROWS as u16).clamp(u16::from(rows.left() >= 20), 3);
    panes.sentence = rows.take_bottom(figures * digits::ROWS as u16 + 2);
    if rows.width >= WIDE {
        beside(rows.rest(), right > 0, panes);
    } else if right > 0 && wanted(app, false).0 + wanted(app, false).1 <= rows.left() {
        let share = (u32::from(rows.left()) * u32::from(left) / u32::from(left + right)) as u16;
        panes.left = Some(rows.take_top(share));
        panes.right = Some(rows.rest());
    } else {
        panes.one_side = right > 0;
        let area = Some(rows.rest());
        if app.focus == Focus::Right { panes.right = area } else { panes.left = area }
    }
}

fn beside(area: Rect, two: bool, panes: &mut Panes) {
    if !two {
        panes.left = Some(area);
        return;
    }
    let half = area.width / 2;
    panes.left = Some(Rect { width: half, ..area });
    panes.right = Some(Rect { x: area.x + half, width: area.width - half, ..area });
}

/// Rows that the two sides want; 0 for a right side that there is not.
fn wanted(app: &App, spaced: bool) -> (u16, u16) {
    let Some(shown) = app.shown() else { return (8, 0) };
    let right = shown.right.as_ref().map_or(0, |right| panel::rows_wanted(right, spaced));
    (panel::rows_wanted(&shown.left, spaced), right)
}

struct Rows {
    top: u16,
    bottom: u16,
    width: u16,
}

impl Rows {
    fn left(&self) -> u16 {
        self.bottom - self.top
    }

    fn take_top(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.left());
        let area = Rect::new(0, self.top, self.width, rows);
        self.top += rows;
        area
    }

    fn take_bottom(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.left());
        self.bottom -= rows;
        Rect::new(0, self.bottom, self.width, rows)
    }

    fn rest(&mut self) -> Rect {
        self.take_top(self.left())
    }
}
