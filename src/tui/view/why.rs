//! Why the selected step is as it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line as TextLine, Span};
use ratatui::widgets::Widget;

use super::paint;
use crate::tui::app::{App, Focus};
use crate::tui::model::{Line, Row, Tone, Why, say};
use crate::tui::theme::{Role, Theme};
use crate::tui::{text, words};

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App) {
    let row = selected(app);
    let title = row.map_or("why", |row| row.why.title.as_str());
    let block = paint::pane(&app.theme, title, app.focus == Focus::Why);
    let inner = inside(block.inner(area));
    block.render(area, buffer);
    let lines = row.map(|row| lines(&app.theme, row, inner.width)).unwrap_or_default();
    let offset = app.why_offset.min(lines.len());
    paint::put_lines(buffer, inner, &lines[offset..]);
    let below = (lines.len() - offset).saturating_sub(usize::from(inner.height));
    paint::more_below(buffer, area, &app.theme, below);
}

/// Lines that do not fit into an area.
pub fn overflow(app: &App, area: Rect) -> usize {
    let inner =
        inside(Rect { width: area.width.saturating_sub(2), height: area.height.saturating_sub(2), ..area });
    let lines = selected(app).map_or(0, |row| lines(&app.theme, row, inner.width).len());
    lines.saturating_sub(usize::from(inner.height))
}

fn inside(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// The row under the cursor: of the side that has the keys, or of the other where this one has a gap.
fn selected(app: &App) -> Option<&Row> {
    let shown = app.shown()?;
    let left = row_at(&shown.left.lines, app.selected);
    let right = shown.right.as_ref().and_then(|r| row_at(&r.lines, app.selected));
    if app.focus == Focus::Right { right.or(left) } else { left.or(right) }
}

fn row_at(lines: &[Line], at: usize) -> Option<&Row> {
    match lines.get(at) {
        Some(Line::Row(row)) => Some(row),
        _ => None,
    }
}

fn lines<'a>(theme: &Theme, row: &Row, columns: u16) -> Vec<TextLine<'a>> {
    let columns = usize::from(columns);
    let mut out = Vec::new();
    if text::width(&row.text) + 12 > columns {
        out.extend(paint::lines(theme, &vec![say(Tone::Path, row.text.clone())], columns));
    }
    for (at, words) in row.why.says.iter().enumerate() {
        out.extend(paint::lines(theme, words, columns));
        // The files belong right below the sentence that speaks of them.
        if at == 0 {
            out.extend(files(theme, &row.why, columns));
        }
    }
    out
}

fn files<'a>(theme: &Theme, why: &Why, columns: usize) -> Vec<TextLine<'a>> {
    if why.files.len() + why.more <= 1 {
        return Vec::new();
    }
    let style = |role: Role| -> Style { theme.style(role) };
    let one = |(path, how): &(String, crate::explain::How)| {
        TextLine::from(vec![
            Span::styled(format!("  {:<12}", words::how_short(*how)), style(Role::Changed)),
            Span::styled(
                text::fit_left(path, columns.saturating_sub(14), theme.glyphs.ellipsis).into_owned(),
                style(Role::Path),
            ),
        ])
    };
    let mut lines: Vec<TextLine<'a>> = why.files.iter().map(one).collect();
    if why.more > 0 {
        lines.push(TextLine::styled(format!("  and {} more", text::count(why.more)), style(Role::Dim)));
    }
    lines
}
