//! The top line: what is watched, and how.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint;
use crate::tui::app::App;
use crate::tui::model::Watching;
use crate::tui::text;
use crate::tui::theme::Role;

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let (title, strong, dim) = (theme.style(Role::Title), theme.style(Role::Strong), theme.style(Role::Dim));
    let Some(snapshot) = &app.snapshot else {
        paint::put(buffer, area.x, area.y, area.width, &[(title, " layerlab")], "");
        return;
    };
    let (watch_style, watch) = match &snapshot.watching {
        Watching::Starting => (dim, "starting".to_string()),
        Watching::Native => (theme.style(Role::Cached), format!("{} watching", theme.glyphs.watching)),
        Watching::Polling(_) => (theme.style(Role::Warning), format!("{} polling", theme.glyphs.watching)),
        Watching::Off => (dim, "not watching".to_string()),
    };
    let right = text::width(&watch) as u16 + 2;
    paint::put_right(buffer, area.right() - 1, area.y, right, watch_style, &watch);
    let header = &snapshot.header;
    let context =
        format!("  {}", text::fit_left(&header.context, usize::from(area.width / 3), theme.glyphs.ellipsis));
    let dockerfile = format!(
        "  {}",
        text::fit_left(&header.dockerfile, usize::from(area.width / 4), theme.glyphs.ellipsis)
    );
    let ignored =
        if header.ignored > 0 { format!(", {} ignored", text::count(header.ignored)) } else { String::new() };
    let amount =
        format!("  {}{ignored}, {}", text::plural(header.files, "file"), text::bytes(header.bytes as f64));
    let spans = [
        (title, " layerlab"),
        (strong, context.as_str()),
        (strong, dockerfile.as_str()),
        (dim, amount.as_str()),
    ];
    paint::put(buffer, area.x, area.y, area.width.saturating_sub(right + 1), &spans, theme.glyphs.ellipsis);
}
