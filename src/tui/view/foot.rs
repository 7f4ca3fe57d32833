//! The bottom: the guide, the trap, and the hints or a note.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::layout::Panes;
use super::{paint, sentence};
use crate::tui::app::App;
use crate::tui::app::actions::KEYS;
use crate::tui::theme::Role;
use crate::tui::{keys, text};

/// Draws it.
pub fn draw(buffer: &mut Buffer, panes: &Panes, app: &App) {
    let theme = &app.theme;
    if let (Some(area), Some(guide)) = (panes.guide, &app.guide) {
        let base = theme.style(Role::Guide);
        paint::wash(buffer, area, base);
        let words = guide.says();
        let lines = text::wrap(&words, usize::from(area.width.saturating_sub(2)));
        for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
            let spans: Vec<(Style, &str)> = line.iter().map(|(_, text)| (base, text.as_str())).collect();
            paint::put(buffer, area.x + 1, y, area.width - 2, &spans, theme.glyphs.ellipsis);
        }
    }
    if let (Some(area), Some(trap)) = (panes.trap, app.snapshot.as_ref().and_then(|s| s.trap.as_ref())) {
        sentence::line(buffer, area, theme, trap, Style::new());
    }
    match &app.note {
        Some(note) if app.snapshot.is_some() => {
            let area = panes.footer;
            paint::put(
                buffer,
                area.x + 1,
                area.y,
                area.width - 1,
                &[(theme.style(Role::Strong), note)],
                theme.glyphs.ellipsis,
            );
        }
        _ if app.presenter => {}
        _ => hints(buffer, panes.footer, app),
    }
}

/// The hints of the scope, as many as fit, the last two always.
fn hints(buffer: &mut Buffer, area: Rect, app: &App) {
    let all = keys::hints(KEYS, &app.scope());
    let width = |(key, word): &(String, &str)| text::width(key) + text::width(word) + 3;
    let mut shown: Vec<&(String, &str)> = all.iter().collect();
    while shown.iter().map(|h| width(h)).sum::<usize>() > usize::from(area.width) && shown.len() > 2 {
        // What stands last is help, close and quit.
        shown.remove(shown.len().saturating_sub(4).max(shown.len() / 3).min(shown.len() - 3));
    }
    let mut x = area.x + 1;
    for (key, word) in shown {
        let word = format!(" {word}  ");
        let spans = [(app.theme.style(Role::Key), key.as_str()), (app.theme.style(Role::Dim), word.as_str())];
        x += paint::put(buffer, x, area.y, area.right().saturating_sub(x), &spans, "");
    }
}
