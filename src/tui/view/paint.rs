//! Brushes that the panes share.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::{Color, Modifier, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use crate::tui::model::{Tone, Words, plain};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// A framed pane; the frame of the one that has the keys stands out.
pub fn pane<'a>(theme: &Theme, title: &str, focused: bool) -> Block<'a> {
    let border = if focused { Role::BorderFocus } else { Role::Border };
    let style = theme.style(if focused { Role::BorderFocus } else { Role::Strong });
    // A title takes on the frame's style, and is not to be as faint.
    let colour = style.fg.or(theme.base().fg).unwrap_or(Color::Reset);
    let style = style.fg(colour).remove_modifier(Modifier::DIM);
    let block = Block::bordered().border_set(theme.glyphs.border).border_style(theme.style(border));
    if title.is_empty() { block } else { block.title_top(Line::styled(format!(" {title} "), style)) }
}

/// A title at the right of a pane's upper edge.
pub fn right_title(spans: Vec<Span<'_>>) -> Line<'_> {
    let faint = |span: &Span<'_>| span.style.add_modifier.contains(Modifier::DIM);
    let spans =
        spans.into_iter().map(|span| if faint(&span) { span } else { span.remove_modifier(Modifier::DIM) });
    Line::from(spans.collect::<Vec<_>>()).alignment(Alignment::Right)
}

/// The style of a tone.
pub fn tone(theme: &Theme, tone: Tone) -> Style {
    theme.style(match tone {
        Tone::Plain => Role::Text,
        Tone::Strong => Role::Strong,
        Tone::Dim => Role::Dim,
        Tone::Path => Role::Path,
        Tone::Bad => Role::Worse,
        Tone::Good => Role::Better,
        Tone::Maybe => Role::Maybe,
    })
}

/// Breaks a text into lines of at most `columns`.
pub fn lines<'a>(theme: &Theme, words: &Words, columns: usize) -> Vec<Line<'a>> {
    text::wrap(words, columns)
        .into_iter()
        .map(|line| {
            Line::from(
                line.into_iter().map(|(t, text)| Span::styled(text, tone(theme, t))).collect::<Vec<_>>(),
            )
        })
        .collect()
}

/// The same, with blanks before each line.
pub fn indented<'a>(theme: &Theme, words: &Words, columns: usize, blanks: usize) -> Vec<Line<'a>> {
    let mut lines = lines(theme, words, columns.saturating_sub(blanks));
    for line in &mut lines {
        line.spans.insert(0, Span::raw(" ".repeat(blanks)));
    }
    lines
}

/// Writes spans at a place, cut at `columns`; yields the columns used.
pub fn put(
    buffer: &mut Buffer,
    x: u16,
    y: u16,
    columns: u16,
    spans: &[(Style, &str)],
    ellipsis: &str,
) -> u16 {
    if !buffer.area.contains((x, y).into()) {
        return 0;
    }
    let columns = columns.min(buffer.area.right() - x);
    let mut used = 0;
    for (style, content) in spans {
        let rest = columns - used;
        if rest == 0 {
            break;
        }
        let shown = text::fit(content, usize::from(rest), ellipsis);
        buffer.set_stringn(x + used, y, &shown, usize::from(rest), *style);
        used += (text::width(&shown) as u16).min(rest);
        if matches!(shown, Cow::Owned(_)) {
            // Cut: nothing comes behind it, though a blank before the cut may have left a column.
            break;
        }
    }
    used
}

/// Writes a text so that it ends at a column.
pub fn put_right(buffer: &mut Buffer, right: u16, y: u16, columns: u16, style: Style, content: &str) {
    let width = (text::width(content) as u16).min(columns);
    put(buffer, right.saturating_sub(width), y, width, &[(style, content)], "");
}

/// Keys, or other marks of one width, and what each is for, in lines of at most `columns`.
pub fn key_lines<'a>(theme: &Theme, rows: &[(String, &str)], columns: usize) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for (key, what) in rows {
        let indent = text::width(key);
        let pieces = text::wrap(&[(Tone::Plain, (*what).to_string())], columns.saturating_sub(indent));
        for (at, piece) in pieces.iter().enumerate() {
            let key = if at == 0 { key.clone() } else { " ".repeat(indent) };
            lines.push(Line::from(vec![
                Span::styled(key, theme.style(Role::Key)),
                Span::styled(plain(piece), theme.style(Role::Text)),
            ]));
        }
    }
    lines
}

/// Says at the foot of a frame how many lines more there are below, if any.
pub fn more_below(buffer: &mut Buffer, frame: Rect, theme: &Theme, lines: usize) {
    if lines > 0 {
        let more = format!(" {} more below ", text::count(lines));
        let style = theme.style(Role::Dim);
        put_right(buffer, frame.right() - 2, frame.bottom() - 1, frame.width / 2, style, &more);
    }
}

/// Lays a style over an area, keeping what is written.
pub fn wash(buffer: &mut Buffer, area: Rect, style: Style) {
    buffer.set_style(area.intersection(buffer.area), style);
}

/// Marks the selected line. Where the style reverses, colours give way, so that the line is one; what was reversed
/// already, a badge, stays and would otherwise vanish.
pub fn select(buffer: &mut Buffer, area: Rect, theme: &Theme, role: Role) {
    let style = theme.style(role);
    let ground = theme.base().bg.unwrap_or(Color::Reset);
    let area = area.intersection(buffer.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            let cell = &mut buffer[(x, y)];
            let badge =
                cell.modifier.contains(Modifier::REVERSED) || (cell.bg != Color::Reset && cell.bg != ground);
            if badge {
                continue;
            }
            if style.add_modifier.contains(Modifier::REVERSED) {
                cell.fg = Color::Reset;
                cell.modifier.remove(Modifier::DIM);
            }
            cell.set_style(style);
        }
    }
}

/// Writes lines from the top of an area; yields how many rows were used.
pub fn put_lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>]) -> u16 {
    let rows = lines.len().min(usize::from(area.height)) as u16;
    for (line, y) in lines.iter().zip(area.top()..area.top() + rows) {
        line.render(Rect { y, height: 1, ..area }.intersection(buffer.area), buffer);
    }
    rows
}

/// Stands in for whatever a terminal without UTF-8 cannot show: names of files, texts of a Dockerfile.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        match cell.symbol() {
            symbol if symbol.is_ascii() => {}
            "…" => {
                cell.set_char('~');
            }
            _ => {
                cell.set_char('?');
            }
        }
    }
}

/// Empties an area for what is drawn over others.
pub fn clear(buffer: &mut Buffer, area: Rect, theme: &Theme) {
    let area = area.intersection(buffer.area);
    ratatui::widgets::Clear.render(area, buffer);
    buffer.set_style(area, theme.base());
}

/// An area in the middle of another, no larger than it.
pub fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let (width, height) = (columns.min(area.width), rows.min(area.height));
    Rect::new(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height)
}

/// The first line to show of a list so that the selected one is seen, given the first one shown before.
pub fn scroll(selected: usize, before: usize, shown: usize, len: usize) -> usize {
    if shown == 0 {
        return 0;
    }
    let last = len.saturating_sub(shown);
    let lowest = (selected + 1).saturating_sub(shown);
    before.clamp(lowest.min(last), selected.min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_scrolls_no_more_than_needed() {
        assert_eq!(scroll(0, 0, 5, 20), 0);
        assert_eq!(scroll(5, 0, 5, 20), 1);
        assert_eq!(scroll(4, 3, 5, 20), 3);
        assert_eq!(scroll(1, 3, 5, 20), 1);
        assert_eq!(scroll(19, 0, 5, 20), 15);
        assert_eq!(scroll(2, 9, 5, 3), 0);
        assert_eq!(scroll(2, 9, 0, 3), 0);
    }

    #[test]
    fn a_line_is_cut_once() {
        for (spans, expected) in [
            // A blank before the cut leaves a column, in which nothing more is put.
            (["matches at the root", " alone"], "matches at the…"),
            (["it matches at a root", " alone"], "it matches at a…"),
            (["matches at", " the root"], "matches at the…"),
            (["matches", " at"], "matches at"),
        ] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 16, 1));
            let spans = spans.map(|text| (Style::new(), text));
            put(&mut buffer, 0, 0, 16, &spans, "…");
            let line: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
            assert_eq!(line.trim_end(), expected);
        }
    }
}
