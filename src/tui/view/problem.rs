//! What is wrong with a text: file, line and column, the line with a caret, and what would be right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::paint;
use crate::tui::model::Problem;
use crate::tui::theme::{Role, Theme};

/// Rows that a problem takes.
pub fn rows(problem: &Problem) -> usize {
    let source = if problem.source.is_empty() { 0 } else { 2 };
    1 + source + usize::from(problem.help.is_some())
}

/// Draws a problem.
pub fn draw(buffer: &mut Buffer, area: Rect, theme: &Theme, problem: &Problem) {
    let (error, dim, strong) = (theme.style(Role::Error), theme.style(Role::Dim), theme.style(Role::Strong));
    let ellipsis = theme.glyphs.ellipsis;
    let place = if problem.line == 0 {
        format!("{}: ", problem.file)
    } else {
        format!("{}:{}:{}: ", problem.file, problem.line, problem.column)
    };
    let mut y = area.y;
    let mut line = |spans: &[(ratatui::style::Style, &str)]| {
        if y < area.bottom() {
            paint::put(buffer, area.x, y, area.width, spans, ellipsis);
        }
        y += 1;
    };
    line(&[(error, "error "), (dim, &place), (strong, &problem.message)]);
    if !problem.source.is_empty() {
        let number = format!("{:>4} {} ", problem.line, theme.glyphs.between);
        // The caret has to be seen: a long line is shown from near it.
        let room = usize::from(area.width).saturating_sub(number.chars().count());
        let skip =
            if problem.caret.start + 4 > room { problem.caret.start.saturating_sub(room / 2) } else { 0 };
        let shown: String = problem.source.chars().skip(skip).collect();
        line(&[(dim, &number), (strong, &shown)]);
        let blank = " ".repeat(number.chars().count() + problem.caret.start.saturating_sub(skip));
        let carets = "^".repeat(problem.caret.len().max(1));
        line(&[(dim, &blank), (error, &carets)]);
    }
    if let Some(help) = &problem.help {
        line(&[(dim, "     help: "), (strong, help)]);
    }
}
