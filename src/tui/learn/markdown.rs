//! The lessons' Markdown as lines of a screen.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::lesson::markdown::{Block, Span as Piece, Style, parse, table_widths, wrap};
use crate::tui::theme::{Role, Theme};

/// Sets a text in a width.
pub fn lines(theme: &Theme, text: &str, width: usize) -> Vec<Line<'static>> {
    let mut out: Vec<Line<'static>> = Vec::new();
    let blocks = parse(text);
    for (i, block) in blocks.iter().enumerate() {
        let after_item =
            i > 0 && matches!(blocks[i - 1], Block::Item(..)) && matches!(block, Block::Item(..));
        if i > 0 && !after_item {
            out.push(Line::default());
        }
        match block {
            Block::Heading(spans) => out.extend(set(theme, spans, "", "", width, Some(Role::Title))),
            Block::Paragraph(spans) => out.extend(set(theme, spans, "", "", width, None)),
            Block::Item(depth, mark, spans) => {
                let indent = " ".repeat(1 + depth * 2);
                let first = if mark.is_empty() { format!("{indent}  ") } else { format!("{indent}{mark} ") };
                out.extend(set(theme, spans, &first, &" ".repeat(first.len()), width, None));
            }
            Block::Code(_, code) => {
                let style = theme.style(Role::Path);
                out.extend(code.iter().map(|l| Line::styled(format!("  {l}"), style)));
            }
            Block::Quote(spans) => {
                let bar = format!("{} ", theme.glyphs.between);
                out.extend(set(theme, spans, &bar, &bar, width, Some(Role::Dim)));
            }
            Block::Table(rows) => table(theme, rows, width, &mut out),
        }
    }
    out
}

fn set(
    theme: &Theme,
    spans: &[Piece],
    first: &str,
    rest: &str,
    width: usize,
    role: Option<Role>,
) -> Vec<Line<'static>> {
    wrap(spans, width.saturating_sub(rest.width()))
        .into_iter()
        .enumerate()
        .map(|(i, line)| {
            let mut spans = vec![Span::raw(if i == 0 { first.to_string() } else { rest.to_string() })];
            spans.extend(line.into_iter().map(|p| piece(theme, p, role)));
            Line::from(spans)
        })
        .collect()
}

fn piece(theme: &Theme, piece: Piece, role: Option<Role>) -> Span<'static> {
    // Without colours code would not stand out; backquotes do.
    let text = match piece.style {
        Style::Code if theme.style(Role::Path) == theme.style(Role::Text) => format!("`{}`", piece.text),
        _ => piece.text,
    };
    let role = role.unwrap_or(match piece.style {
        Style::Plain => Role::Text,
        Style::Emphasis | Style::Strong => Role::Strong,
        Style::Code => Role::Path,
    });
    Span::styled(text, theme.style(role))
}

fn table(theme: &Theme, rows: &[Vec<Vec<Piece>>], width: usize, out: &mut Vec<Line<'static>>) {
    let widths = table_widths(rows);
    if widths.iter().sum::<usize>() + 2 * widths.len() > width {
        // Too wide: each row as a list of its cells.
        for row in rows.iter().skip(1) {
            for (head, cell) in rows[0].iter().zip(row) {
                let mut spans = head.clone();
                spans.push(Piece { text: ": ".into(), style: Style::Plain });
                spans.extend(cell.iter().cloned());
                out.extend(set(theme, &spans, " ", "   ", width, None));
            }
            out.push(Line::default());
        }
        return;
    }
    for (i, row) in rows.iter().enumerate() {
        let mut spans = Vec::new();
        for (cell, column) in row.iter().zip(&widths) {
            let used: usize = cell.iter().map(|p| p.text.width()).sum();
            spans.extend(cell.iter().cloned().map(|p| piece(theme, p, (i == 0).then_some(Role::Strong))));
            spans.push(Span::raw(" ".repeat(column.saturating_sub(used) + 2)));
        }
        out.push(Line::from(spans));
    }
}
