//! What the image weighs: bars to scale, the layers of the final image, what it leaves behind, what nobody needs,
//! and the same on other bases.

use ratatui::text::{Line, Span};

use super::bar::bar;
use super::paint;
use crate::cost::view::{Bar, Role as Stands, SizesView};
use crate::tui::model::{Tone, say};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// The lines of the view, for so many columns.
pub fn lines<'a>(theme: &Theme, sizes: &SizesView, columns: usize) -> Vec<Line<'a>> {
    let mut out = Vec::new();
    let title = vec![
        say(Tone::Strong, format!("{}.  ", text::safe(&sizes.title))),
        say(Tone::Dim, "As docker images prints it; below, as docker history does."),
    ];
    out.extend(paint::lines(theme, &title, columns));
    out.extend(sizes.layers.iter().map(|bar| one(theme, bar, columns)));
    if !sizes.left_behind.is_empty() {
        heading(theme, &mut out, "Left behind in other stages, in no image");
        out.extend(sizes.left_behind.iter().map(|bar| one(theme, bar, columns)));
    }
    if !sizes.waste.is_empty() {
        heading(theme, &mut out, "In the image, and nobody needs it");
        for waste in &sizes.waste {
            let words = vec![
                say(Tone::Bad, waste.size.clone()),
                say(Tone::Plain, format!(" line {}: {}. ", waste.line, text::safe(&waste.what))),
                say(Tone::Dim, format!("Line {}: ", waste.change)),
                say(Tone::Path, text::safe(&waste.fix).into_owned()),
            ];
            out.extend(paint::indented(theme, &words, columns, 2));
        }
    }
    if sizes.ways.len() > 1 {
        heading(theme, &mut out, "The same another way");
        for way in &sizes.ways {
            out.push(one(theme, way, columns));
            let mind: Vec<String> = way.changes.iter().chain(&way.caveats).cloned().collect();
            if !mind.is_empty() {
                let words = vec![say(Tone::Dim, text::safe(&mind.join("; ")).into_owned())];
                out.extend(paint::indented(theme, &words, columns, 6));
            }
        }
    }
    for (way, why) in &sizes.impossible {
        let words = vec![
            say(Tone::Strong, text::safe(way).into_owned()),
            say(Tone::Dim, format!(": {}", text::safe(why))),
        ];
        out.extend(paint::indented(theme, &words, columns, 2));
    }
    if !sizes.sources.is_empty() {
        heading(theme, &mut out, "Where the sizes of bases come from");
        for source in &sizes.sources {
            let words = vec![say(Tone::Dim, text::safe(source).into_owned())];
            out.extend(paint::indented(theme, &words, columns, 2));
        }
    }
    out
}

fn heading(theme: &Theme, out: &mut Vec<Line<'_>>, text: &str) {
    out.push(Line::default());
    out.push(Line::styled(text.to_string(), theme.style(Role::Title)));
}

fn one<'a>(theme: &Theme, row: &Bar, columns: usize) -> Line<'a> {
    let bars = (columns / 3).clamp(6, 40);
    let weight = 16;
    let name = columns.saturating_sub(bars + weight + 4).max(8);
    let label = text::safe(&row.label);
    let shown = text::fit(&label, name, theme.glyphs.ellipsis).into_owned();
    let padded = format!("  {shown}{}", " ".repeat(name.saturating_sub(text::width(&shown))));
    let role = match row.role {
        Stands::Base => Role::Dim,
        Stands::Layer | Stands::This => Role::Bar,
        Stands::Stage => Role::Path,
        Stands::Other => Role::Cached,
    };
    Line::from(vec![
        Span::styled(padded, theme.style(Role::Text)),
        Span::styled(format!("{:>weight$} ", row.size), theme.style(Role::Strong)),
        Span::styled(bar(theme.glyphs, row.share, bars), theme.style(role)),
    ])
}
