//! For the last row of a room: the two lists and the sentence, nothing else, spaced out.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::{self, Panes};
use super::panel::{self, Look};
use super::{digits, paint, sentence};
use crate::tui::app::{App, Focus};
use crate::tui::model::{Comparison, Side};
use crate::tui::text;
use crate::tui::theme::Role;

/// Draws it.
pub fn draw(buffer: &mut Buffer, panes: &Panes, app: &App) {
    let Some(shown) = app.shown() else { return };
    let right = shown.right.as_ref();
    let look = |area: Rect, side: &Side, focus: Focus| Look {
        selected: None,
        focused: app.focus == focus,
        offset: app.offset,
        spaced: layout::spaced(app, area, side),
        large: false,
        fresh: app.flashing,
        ..Look::default()
    };
    if let Some(area) = panes.left {
        let look = look(area, &shown.left, Focus::Left).against(right);
        panel::side_beside(buffer, area, &app.theme, &shown.left, look, right.filter(|_| panes.one_side));
    }
    if let (Some(area), Some(side)) = (panes.right, right) {
        let look = look(area, side, Focus::Right).against(Some(&shown.left));
        panel::side_beside(
            buffer,
            area,
            &app.theme,
            side,
            look,
            Some(&shown.left).filter(|_| panes.one_side),
        );
    }
    figures(buffer, panes.sentence, app, shown);
}

/// Large figures of both sides, and the sentence below them.
fn figures(buffer: &mut Buffer, area: Rect, app: &App, shown: &Comparison) {
    let theme = &app.theme;
    let last = area.bottom() - 1;
    sentence::line(
        buffer,
        Rect { y: last, height: 1, ..area },
        theme,
        &shown.sentence,
        theme.style(Role::Sentence),
    );
    let times = usize::from((area.height - 1) / digits::ROWS as u16).min(3);
    if times == 0 {
        return;
    }
    let two = shown.right.is_some();
    let half = if two { area.width / 2 } else { area.width };
    let sides = [Some(&shown.left), shown.right.as_ref()];
    for (at, side) in sides.into_iter().flatten().enumerate() {
        let short = text::seconds_short(side.totals.seconds);
        let rows = digits::larger(theme, &short, times);
        let other = sides[1 - at].map_or(0.0, |s| s.totals.seconds);
        let role =
            if side.totals.rebuilt == 0 || side.totals.seconds < other { Role::Better } else { Role::Worse };
        let width = text::width(&rows[0]) as u16;
        let x = area.x + half * at as u16 + half.saturating_sub(width) / 2;
        for (row, y) in rows.iter().zip(area.y..) {
            paint::put(buffer, x, y, half, &[(theme.style(role), row)], "");
        }
    }
}
