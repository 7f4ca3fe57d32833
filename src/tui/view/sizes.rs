//! What the image weighs: bars to scale, the layers of the final image, and what it leaves behind.

use ratatui::text::{Line, Span};

use super::bar::bar;
use super::paint;
use crate::tui::model::{SizeRow, Sizes, Tone, say};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// The lines of the view, for so many columns.
pub fn lines<'a>(theme: &Theme, sizes: &Sizes, columns: usize) -> Vec<Line<'a>> {
    let all = [&sizes.layers, &sizes.left_behind, &sizes.others];
    let most = all.into_iter().flatten().filter_map(|r| r.bytes).map(|b| b.value).fold(0.0, f64::max);
    let most = most.max(sizes.total.map_or(0.0, |t| t.value));
    let mut out = Vec::new();
    let heading = |text: String| Line::styled(text, theme.style(Role::Title));
    let total = sizes.total.map_or("unknown, because its base is".to_string(), text::figure_bytes);
    out.push(Line::from(vec![
        Span::styled("The final image: ", theme.style(Role::Strong)),
        Span::styled(total, theme.style(Role::Strong)),
        Span::styled(
            "  as docker images prints it, layer by layer as docker history does",
            theme.style(Role::Dim),
        ),
    ]));
    out.extend(sizes.layers.iter().map(|row| one(theme, row, most, columns, Role::Bar)));
    if !sizes.left_behind.is_empty() {
        out.push(Line::default());
        out.push(heading("Left behind in other stages: in no image".into()));
        out.extend(sizes.left_behind.iter().map(|row| one(theme, row, most, columns, Role::Cached)));
    }
    if !sizes.waste.is_empty() {
        out.push(Line::default());
        out.push(heading("In the image for nothing".into()));
        for words in &sizes.waste {
            out.extend(paint::lines(theme, words, columns));
        }
    }
    if !sizes.others.is_empty() {
        out.push(Line::default());
        out.push(heading("The same another way".into()));
        for row in &sizes.others {
            out.push(one(theme, row, most, columns, Role::Path));
            if !row.remark.is_empty() {
                let words = vec![say(Tone::Dim, format!("    {}", row.remark))];
                out.extend(paint::lines(theme, &words, columns));
            }
        }
    }
    out
}

fn one<'a>(theme: &Theme, row: &SizeRow, most: f64, columns: usize, role: Role) -> Line<'a> {
    let bars = (columns / 3).clamp(6, 40);
    let weight = 16;
    let name = columns.saturating_sub(bars + weight + 4).max(8);
    let share = row.bytes.map_or(0.0, |b| if most > 0.0 { b.value / most } else { 0.0 });
    let shown = text::fit(&row.text, name, theme.glyphs.ellipsis).into_owned();
    let padded = format!("  {shown}{}", " ".repeat(name.saturating_sub(text::width(&shown))));
    let bytes = row.bytes.map_or("unknown".to_string(), text::figure_bytes);
    let drawn = bar(theme.glyphs, share, bars);
    Line::from(vec![
        Span::styled(padded, theme.style(Role::Text)),
        Span::styled(format!("{bytes:>weight$} "), theme.style(Role::Strong)),
        Span::styled(drawn, theme.style(role)),
    ])
}
