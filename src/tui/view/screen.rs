//! The whole screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line as TextLine;

use super::panel::Look;
use super::{edits, files, foot, head, layout, overlays, paint, panel, presenter, sentence, why};
use crate::tui::app::{App, Focus, Overlay};
use crate::tui::model::{Comparison, Side};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Draws the screen into a buffer. The buffer's area has to be that of [`App::size`]; what does not fit is cut.
pub fn draw(buffer: &mut Buffer, app: &App) {
    draw_all(buffer, app);
    if app.theme.is_ascii() {
        paint::to_ascii(buffer);
    }
}

fn draw_all(buffer: &mut Buffer, app: &App) {
    let area = buffer.area;
    buffer.set_style(area, app.theme.base());
    if layout::too_small((area.width, area.height)) {
        return small(buffer, area, &app.theme);
    }
    let panes = layout::panes(app);
    if let Some(why) = &app.failed {
        return failed(buffer, area, app, why);
    }
    head::draw(buffer, panes.header, app);
    foot::draw(buffer, &panes, app);
    match app.shown() {
        None => waiting(buffer, area, app),
        Some(_) if app.presenter => presenter::draw(buffer, &panes, app),
        Some(shown) => {
            sides(buffer, &panes, app, shown);
            sentence::draw(buffer, panes.sentence, app);
            if let Some(area) = panes.why {
                why::draw(buffer, area, app);
            }
            if let Some(area) = panes.edits {
                edits::draw(buffer, area, app);
            }
            if let Some(area) = panes.files {
                files::draw(buffer, area, app);
            }
        }
    }
    if app.overlay != Overlay::None {
        overlays::draw(buffer, area, app);
    }
}

/// Where the terminal's cursor belongs: at the end of the filter while it is typed; else, for screen readers and
/// magnifiers, on the line that is selected in the pane that has the keys.
pub fn cursor(app: &App) -> Option<Position> {
    let panes = layout::panes(app);
    app.shown()?;
    if app.overlay != Overlay::None || app.presenter {
        return None;
    }
    if app.typing {
        let area = panes.files?;
        let typed = text::width(&text::safe(&app.files.filter)) as u16 + 4;
        return Some(Position::new(area.x + typed.min(area.width.saturating_sub(2)), area.y + 1));
    }
    let (area, row) = match app.focus {
        Focus::Files => {
            let head = usize::from(!app.files.filter.is_empty());
            (panes.files?, (app.files.selected + head).checked_sub(app.files.offset)?)
        }
        Focus::Why => (panes.why?, 0),
        Focus::Left => (panes.left?, app.selected.checked_sub(app.offset)?),
        Focus::Right => (panes.right?, app.selected.checked_sub(app.offset)?),
    };
    let at = Position::new(area.x + 1, area.y + 1 + row as u16);
    area.contains(at).then_some(at)
}

fn sides(buffer: &mut Buffer, panes: &layout::Panes, app: &App, shown: &Comparison) {
    let look = |focus: Focus| Look {
        selected: Some(app.selected),
        focused: app.focus == focus,
        offset: app.offset,
        large: app.size.1 >= 30,
        fresh: app.flashing,
        open_below: panes.stacked,
        ..Look::default()
    };
    let right = shown.right.as_ref();
    if let Some(area) = panes.left {
        let look = look(Focus::Left).against(right);
        one(buffer, area, app, &shown.left, look, right.filter(|_| panes.one_side));
    }
    if let (Some(area), Some(side)) = (panes.right, right) {
        let look = look(Focus::Right).against(Some(&shown.left));
        one(buffer, area, app, side, look, Some(&shown.left).filter(|_| panes.one_side));
    }
}

/// Draws a side; where the other one has no room, its sum goes into the title.
fn one(buffer: &mut Buffer, area: Rect, app: &App, side: &Side, look: Look, other: Option<&Side>) {
    panel::side_beside(buffer, area, &app.theme, side, look, other);
}

fn small(buffer: &mut Buffer, area: Rect, theme: &Theme) {
    let lines = [
        format!("layerlab needs {}x{},", layout::LEAST.0, layout::LEAST.1),
        format!("this is {}x{}.", area.width, area.height),
        "Enlarge it, or q quits.".to_string(),
    ];
    let top = area.y + area.height.saturating_sub(3) / 2;
    for (line, y) in lines.iter().zip(top..area.bottom()) {
        let shown = text::fit(line, usize::from(area.width), theme.glyphs.ellipsis);
        let x = area.x + (area.width.saturating_sub(text::width(&shown) as u16)) / 2;
        paint::put(buffer, x, y, area.width, &[(theme.style(Role::Strong), &shown)], "");
    }
}

fn waiting(buffer: &mut Buffer, area: Rect, app: &App) {
    let says =
        app.note.clone().unwrap_or_else(|| format!("reading the context{}", app.theme.glyphs.ellipsis));
    let x = area.x + (area.width.saturating_sub(text::width(&says) as u16)) / 2;
    paint::put(
        buffer,
        x,
        area.y + area.height / 2,
        area.width,
        &[(app.theme.style(Role::Strong), &says)],
        "",
    );
}

fn failed(buffer: &mut Buffer, area: Rect, app: &App, why: &str) {
    let inner = paint::centred(area, area.width.saturating_sub(8), area.height.saturating_sub(4));
    let error = app.theme.style(Role::Error);
    let mut lines = vec![TextLine::styled("layerlab cannot go on", error), TextLine::default()];
    for line in why.lines() {
        let words = vec![(crate::tui::model::Tone::Plain, line.to_string())];
        lines.extend(paint::lines(&app.theme, &words, usize::from(inner.width)));
    }
    lines.push(TextLine::default());
    lines.push(TextLine::raw("q quits"));
    paint::put_lines(buffer, inner, &lines);
}
