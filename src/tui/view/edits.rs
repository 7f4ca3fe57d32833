//! The edits so far, each with what it alone costs on both sides: the table of every course, as it grows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::bar::bar;
use super::paint;
use crate::tui::app::App;
use crate::tui::model::{Edit, Side};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Columns of one side's seconds.
const SECONDS: u16 = 8;

/// Draws them, the newest first.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let Some(snapshot) = &app.snapshot else { return };
    let block = paint::pane(theme, "edits so far, each by itself", false);
    let inner = block.inner(area);
    block.render(area, buffer);
    if snapshot.edits.is_empty() {
        let says = "none yet";
        paint::put(buffer, inner.x + 1, inner.y, inner.width, &[(theme.style(Role::Dim), says)], "");
        return;
    }
    let seconds = |side: &Side| side.totals.seconds;
    let most = snapshot
        .edits
        .iter()
        .flat_map(|e| [Some(seconds(&e.picture.left)), e.picture.right.as_ref().map(seconds)])
        .flatten()
        .fold(0.0, f64::max);
    for ((at, edit), y) in snapshot.edits.iter().enumerate().rev().zip(inner.top()..inner.bottom()) {
        let own = Rect { y, height: 1, ..inner };
        row(buffer, own, theme, at, edit, most);
        let shown = app.past == Some(at);
        if shown {
            paint::select(buffer, own, theme, Role::Selected);
        }
    }
}

fn row(buffer: &mut Buffer, area: Rect, theme: &Theme, at: usize, edit: &Edit, most: f64) {
    let dim = theme.style(Role::Dim);
    let bars = if area.width >= 52 { (area.width - 2 * SECONDS - 24) / 2 } else { 0 };
    let sides = (bars + SECONDS + 1) * 2;
    let name = area.width.saturating_sub(sides + 1);
    let number = format!("{:>3} ", at + 1);
    let spans = [(dim, number.as_str()), (theme.style(Role::Text), edit.what.as_str())];
    paint::put(buffer, area.x, area.y, name, &spans, theme.glyphs.ellipsis);
    let mut x = area.x + name;
    let left = edit.picture.left.totals;
    let right = edit.picture.right.as_ref().map(|r| r.totals);
    let role = |own: f64, other: Option<f64>| match other {
        Some(other) if text::seconds(own) == text::seconds(other) => Role::Strong,
        Some(other) if own < other => Role::Better,
        _ => Role::Worse,
    };
    let mut one = |seconds: f64, style: Style| {
        paint::put_right(buffer, x + SECONDS, area.y, SECONDS, style, &text::seconds_short(seconds));
        let share = if most > 0.0 { seconds / most } else { 0.0 };
        let drawn = bar(theme.glyphs, share, usize::from(bars));
        paint::put(
            buffer,
            x + SECONDS + 1,
            area.y,
            bars,
            &[(style.remove_modifier(ratatui::style::Modifier::BOLD), &drawn)],
            "",
        );
        x += bars + SECONDS + 1;
    };
    one(left.seconds, theme.style(role(left.seconds, right.map(|r| r.seconds))));
    if let Some(right) = right {
        one(right.seconds, theme.style(role(right.seconds, Some(left.seconds))));
    }
}
