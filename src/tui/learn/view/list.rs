//! The list of lessons.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::cli::output::safe;
use crate::tui::learn::app::App;
use crate::tui::text::fit;
use crate::tui::theme::Role;
use crate::tui::view::paint;

pub(super) fn list(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let pane = paint::pane(theme, "lessons", true);
    let inner = pane.inner(area);
    pane.render(area, buffer);
    let rows = usize::from(inner.height);
    // What stands beside a title, and the longest that is told of a lesson: `done, with gaps`.
    let titles = usize::from(inner.width).saturating_sub(17 + 15).min(50);
    let first = paint::scroll(app.selected, 0, rows, app.lessons.len());
    for (row, (i, lesson)) in app.lessons.iter().enumerate().skip(first).take(rows).enumerate() {
        let mine = app.progress.lessons.get(&lesson.id);
        let (done, of) = mine.map_or((0, lesson.steps.len()), |m| m.count(lesson));
        let (sign, state) = match mine {
            Some(m) if m.finished && m.skipped.is_empty() => (theme.glyphs.cached, "done".to_string()),
            Some(m) if m.finished => (theme.glyphs.maybe, "done, with gaps".to_string()),
            _ if done > 0 => (theme.glyphs.marked, format!("step {done} of {of}")),
            _ => (" ", String::new()),
        };
        let cursor = if i == app.selected { theme.glyphs.cursor } else { " " };
        let line = format!(
            "{cursor} {sign} {:<3} {:<titles$} {:>2} min  {state}",
            lesson.number(),
            fit(&safe(&lesson.manifest.title), titles, theme.glyphs.ellipsis),
            lesson.manifest.minutes
        );
        let at = Rect { y: inner.y + row as u16, height: 1, ..inner };
        let role = if i == app.selected { Role::Strong } else { Role::Text };
        Line::styled(line, theme.style(role)).render(at, buffer);
        if i == app.selected {
            paint::wash(buffer, at, theme.style(Role::Selected));
        }
    }
}
