//! A line of a Dockerfile: sign, number, text, bar, seconds, mark.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::cost::{Basis, Figure};
use crate::tui::model::{Mark, Row, Sign};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::bar::bar;
use crate::tui::view::paint;

/// Where the parts of a line stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns {
    text: u16,
    bar: u16,
    seconds: u16,
    mark: u16,
}

pub(super) const GUTTER: u16 = 2;

const NUMBER: u16 = 3;

impl Columns {
    pub(super) fn of(width: u16) -> Self {
        let mark = if width >= 34 {
            13
        } else if width >= 24 {
            10
        } else {
            2
        };
        let seconds = if width >= 42 { 9 } else { 0 };
        let bar = match width {
            0..52 => 0,
            52..64 => 8,
            64..84 => 12,
            _ => 18,
        };
        let taken = GUTTER + NUMBER + mark + seconds + if bar > 0 { bar + 1 } else { 0 };
        Self { text: width.saturating_sub(taken), bar, seconds, mark }
    }
}

pub(super) fn draw_row(
    buffer: &mut Buffer,
    area: Rect,
    theme: &Theme,
    row: &Row,
    columns: Columns,
    (selected, focused, fresh): (bool, bool, bool),
) {
    let (y, mut x) = (area.y, area.x);
    let ellipsis = theme.glyphs.ellipsis;
    let sign = match row.sign {
        Sign::Same => " ",
        Sign::Added => "+",
        Sign::Moved => "~",
        Sign::Dropped => "-",
    };
    let cursor = if selected { theme.glyphs.cursor } else { " " };
    let cursor_style = theme.style(if focused { Role::Strong } else { Role::Dim });
    paint::put(buffer, x, y, GUTTER, &[(cursor_style, cursor), (theme.style(Role::Sign), sign)], "");
    x += GUTTER;
    let quiet = row.dimmed || row.mark == Mark::None;
    let number = row.number.map_or(String::new(), |n| n.to_string());
    paint::put_right(buffer, x + NUMBER - 1, y, NUMBER - 1, theme.style(Role::Dim), &number);
    x += NUMBER;
    let (keyword, rest) = row.text.split_at(row.text.find(' ').unwrap_or(row.text.len()));
    let (key_style, text_style) = if quiet {
        (theme.style(Role::Dim), theme.style(Role::Dim))
    } else if row.mark.is_rebuild() {
        (theme.style(Role::RebuildsText), theme.style(Role::RebuildsText))
    } else {
        (theme.style(Role::Keyword), theme.style(Role::Text))
    };
    let lit = |style: Style| if fresh && row.fresh { style.patch(theme.style(Role::Fresh)) } else { style };
    let (key_style, text_style) = (lit(key_style), lit(text_style));
    // Where nothing else stands, the text has the room.
    let room = match row.mark {
        Mark::None => area.right().saturating_sub(x + 1),
        Mark::Rebuilds { .. } => columns.text,
        _ => columns.text + columns.bar,
    };
    paint::put(buffer, x, y, room, &[(key_style, keyword), (text_style, rest)], ellipsis);
    x += columns.text;
    if columns.bar > 0 {
        if row.mark.is_rebuild() {
            let drawn = bar(theme.glyphs, row.share, usize::from(columns.bar));
            paint::put(buffer, x + 1, y, columns.bar, &[(theme.style(Role::Bar), &drawn)], "");
        }
        x += columns.bar + 1;
    }
    if columns.seconds > 0 {
        if let Some(cost) = row.cost.filter(|_| !quiet && row.mark != Mark::NotReached) {
            let (style, shown) = cell_seconds(theme, row.mark, cost.seconds);
            paint::put_right(buffer, x + columns.seconds, y, columns.seconds, style, &shown);
        }
        x += columns.seconds;
    }
    draw_mark(buffer, Rect { x, y, width: columns.mark, height: 1 }, theme, row);
}

/// Seconds in a column: `~38 s` estimated, `38 s` known; in brackets where the step does not run.
fn cell_seconds(theme: &Theme, mark: Mark, figure: Figure) -> (Style, String) {
    let short = text::seconds_short(figure.value);
    let about = if figure.basis == Basis::Estimated && figure.value >= 0.05 { "~" } else { "" };
    if mark.is_rebuild() {
        (theme.style(Role::RebuildsText), format!("{about}{short}"))
    } else {
        (theme.style(Role::Dim), format!("({about}{short})"))
    }
}

fn draw_mark(buffer: &mut Buffer, area: Rect, theme: &Theme, row: &Row) {
    let glyphs = theme.glyphs;
    let word = row.mark.word();
    let (sign, style) = match row.mark {
        Mark::None => return,
        Mark::Cached { certain } => {
            (glyphs.cached, theme.style(if certain { Role::Cached } else { Role::Maybe }))
        }
        Mark::Rebuilds { .. } if !row.root => (glyphs.dragged, theme.style(Role::Rebuilds)),
        Mark::Rebuilds { .. } => (glyphs.rebuilds, theme.style(Role::Rebuilds)),
        Mark::NotReached | Mark::NotBuilt => (" ", theme.style(Role::Dim)),
    };
    if area.width < 10 {
        paint::put(buffer, area.x + 1, area.y, area.width.saturating_sub(1), &[(style, sign)], "");
        return;
    }
    let shown = format!("{sign} {word}");
    paint::put(buffer, area.x + 1, area.y, area.width - 1, &[(style, &shown)], "");
}
