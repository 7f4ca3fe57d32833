//! One Dockerfile with what is predicted of each of its steps. Two of them side by side are the heart of the screen;
//! the lesson and replay screens use them as well.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::{Borders, Widget};

use super::digits;
use super::paint;
use super::problem;
use crate::cost::Basis;
use crate::tui::model::{Comparison, Heading, Line, Side, Totals};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

mod row;

use row::{Columns, GUTTER, draw_row};

/// How a side is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// The line under the cursor.
    pub selected: Option<usize>,
    /// This side has the keys.
    pub focused: bool,
    /// The first line to show.
    pub offset: usize,
    /// An empty row after each line: for the last row of a room.
    pub spaced: bool,
    /// Its seconds in large figures below the lines, where there is room.
    pub large: bool,
    /// What changed a moment ago stands out.
    pub fresh: bool,
    /// Without a lower edge: something of the kind follows right below.
    pub open_below: bool,
    /// How the other side compares: its figure is told to be better or worse.
    pub other: Option<Ticks>,
}

/// Seconds in tenths of a millisecond, so that they can be compared exactly.
pub type Ticks = u64;

impl Look {
    /// Remembers the other side's seconds.
    #[must_use]
    pub fn against(mut self, other: Option<&Side>) -> Self {
        self.other = other.map(|side| in_ticks(side.totals.seconds));
        self
    }
}

fn in_ticks(seconds: f64) -> Ticks {
    (seconds.max(0.0) * 10_000.0) as u64
}

/// Draws both sides of a comparison beside each other, aligned.
pub fn two_sides(buffer: &mut Buffer, area: Rect, theme: &Theme, shown: &Comparison, looks: [Look; 2]) {
    let Some(right) = &shown.right else {
        return side(buffer, area, theme, &shown.left, looks[0]);
    };
    let half = area.width / 2;
    let left_area = Rect { width: half, ..area };
    let right_area = Rect { x: area.x + half, width: area.width - half, ..area };
    side(buffer, left_area, theme, &shown.left, looks[0].against(Some(right)));
    side(buffer, right_area, theme, right, looks[1].against(Some(&shown.left)));
}

/// Rows that a side takes with its frame, large figures left out.
pub fn rows_wanted(side: &Side, spaced: bool) -> u16 {
    let lines = side.lines.len() + usize::from(side.lines.is_empty());
    let extra = side.note.as_ref().map_or(0, |_| 1) + side.problem.as_ref().map_or(0, problem::rows);
    ((if spaced { lines * 2 } else { lines }) + extra + 2).min(usize::from(u16::MAX)) as u16
}

/// Lines that a side has room for in an area, besides what stands below them and cannot give way.
pub fn lines_shown(area: Rect, side: &Side, look: Look) -> usize {
    let edges = if look.open_below { 1 } else { 2 };
    let below = side.problem.as_ref().map_or(0, problem::rows) + usize::from(side.note.is_some());
    let rows = usize::from(area.height).saturating_sub(edges + below);
    if look.spaced { rows.div_ceil(2) } else { rows }
}

/// `3 of 5 rebuild`, `all 5 cached`.
pub fn counted(totals: &Totals) -> String {
    match totals.rebuilt {
        0 if totals.steps == 0 => String::new(),
        0 => format!("all {} cached", totals.steps),
        1 => format!("1 of {} rebuilds", totals.steps),
        n => format!("{n} of {} rebuild", totals.steps),
    }
}

/// `3 of 5 rebuild · about 41 s`.
pub fn summed(theme: &Theme, totals: &Totals) -> String {
    let counted = counted(totals);
    if totals.rebuilt == 0 {
        return counted;
    }
    let sure = if totals.certain { "" } else { "?" };
    format!("{counted}{sure} {} {}", theme.glyphs.dot, text::figure_seconds(totals.figure()))
}

/// Draws one side.
pub fn side(buffer: &mut Buffer, area: Rect, theme: &Theme, side: &Side, look: Look) {
    side_beside(buffer, area, theme, side, look, None);
}

/// Draws one side; where the other has no room on the screen, its sum goes into the title.
pub fn side_beside(
    buffer: &mut Buffer,
    area: Rect,
    theme: &Theme,
    side: &Side,
    look: Look,
    other: Option<&Side>,
) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let figure = figure_style(theme, side, look);
    let own = summed(theme, &side.totals);
    let mut block = paint::pane(theme, &side.title, look.focused);
    if look.open_below {
        block = block.borders(Borders::TOP | Borders::LEFT | Borders::RIGHT);
    }
    let width = usize::from(area.width);
    let title = text::width(&side.title) + 6;
    let beside = other.map(|o| format!("{}: {}", o.title, text::figure_seconds(o.totals.figure())));
    let beside = beside.filter(|b| title + text::width(&own) + text::width(b) + 6 <= width);
    let room = width.saturating_sub(title + beside.as_ref().map_or(2, |b| text::width(b) + 4));
    let own = if text::width(&own) <= room { own } else { counted(&side.totals) };
    let mut titles = Vec::new();
    if !own.is_empty() && text::width(&own) <= room {
        titles.push(Span::styled(format!(" {own} "), figure));
    }
    if let Some(beside) = beside {
        titles.push(Span::styled(format!(" {beside} "), theme.style(Role::Dim)));
    }
    let taken: usize = titles.iter().map(Span::width).sum();
    let free = (area.x + title as u16 - 3, area.right().saturating_sub(taken as u16 + 1));
    block = block.title_top(paint::right_title(titles));
    let inner = block.inner(area);
    block.render(area, buffer);
    let below = below_lines(buffer, inner, theme, side, look);
    let list = Rect { height: inner.height - below, ..inner };
    let shown = list_lines(buffer, list, theme, side, look);
    more_marks(buffer, area, theme, side, look, (shown, free));
}

fn figure_style(theme: &Theme, side: &Side, look: Look) -> Style {
    let own = in_ticks(side.totals.seconds);
    theme.style(match look.other {
        _ if side.totals.rebuilt == 0 => Role::Better,
        Some(other) if own > other => Role::Worse,
        Some(other) if own < other => Role::Better,
        _ => Role::Strong,
    })
}

/// Draws what stands below the lines, from the bottom up: problem, note, large figures; yields the rows used.
fn below_lines(buffer: &mut Buffer, inner: Rect, theme: &Theme, side: &Side, look: Look) -> u16 {
    let mut used = 0;
    if let Some(wrong) = &side.problem {
        let rows = (problem::rows(wrong) as u16).min(inner.height);
        problem::draw(buffer, Rect { y: inner.bottom() - rows, height: rows, ..inner }, theme, wrong);
        used += rows;
    }
    if let Some(note) = &side.note
        && inner.height > used
    {
        used += 1;
        let style = theme.style(Role::Dim);
        paint::put(
            buffer,
            inner.x + 1,
            inner.bottom() - used,
            inner.width.saturating_sub(2),
            &[(style, note)],
            theme.glyphs.ellipsis,
        );
    }
    let lines = (if look.spaced { side.lines.len() * 2 } else { side.lines.len() }) as u16;
    let free = inner.height.saturating_sub(used).saturating_sub(lines);
    if look.large && side.problem.is_none() && free > digits::ROWS as u16 {
        used += large_figure(buffer, Rect { height: inner.height - used, ..inner }, theme, side, look);
    }
    used
}

/// Draws the side's seconds in large figures at the bottom of an area; yields the rows used, or 0 if they do not fit.
fn large_figure(buffer: &mut Buffer, area: Rect, theme: &Theme, side: &Side, look: Look) -> u16 {
    let totals = &side.totals;
    let rows = digits::large(theme, &text::seconds(totals.seconds));
    let about = if totals.basis == Basis::Estimated && totals.seconds > 0.0 { "about " } else { "" };
    let after = " to rebuild";
    let width = text::width(&rows[0]) + about.len() + after.len();
    if totals.steps == 0 || width + 4 > usize::from(area.width) {
        return 0;
    }
    let height = digits::ROWS as u16 + 1;
    let top = area.bottom() - digits::ROWS as u16;
    let x = area.x + (area.width - width as u16) / 2;
    let figure = figure_style(theme, side, look);
    let last = area.bottom() - 1;
    paint::put(buffer, x, last, about.len() as u16, &[(theme.style(Role::Dim), about)], "");
    let digits_x = x + about.len() as u16;
    for (row, y) in rows.iter().zip(top..) {
        paint::put(buffer, digits_x, y, text::width(row) as u16, &[(figure, row)], "");
    }
    let after_x = digits_x + text::width(&rows[0]) as u16;
    paint::put(buffer, after_x, last, after.len() as u16, &[(theme.style(Role::Dim), after)], "");
    height
}

/// Draws the lines from the first one that is to be shown; yields how many have room.
fn list_lines(buffer: &mut Buffer, area: Rect, theme: &Theme, side: &Side, look: Look) -> usize {
    let step = if look.spaced { 2 } else { 1 };
    let shown = usize::from(area.height.div_ceil(step));
    let columns = Columns::of(area.width);
    for (at, line) in side.lines.iter().enumerate().skip(look.offset).take(shown) {
        let y = area.y + (at - look.offset) as u16 * step;
        let own = Rect { y, height: 1, ..area };
        match line {
            Line::Gap => {}
            Line::Heading(heading) => head(buffer, own, theme, heading),
            Line::Row(row) => {
                let selected = look.selected == Some(at);
                draw_row(buffer, own, theme, row, columns, (selected, look.focused, look.fresh));
                if selected {
                    let role = if look.focused { Role::Selected } else { Role::SelectedElsewhere };
                    let line = if look.focused {
                        own
                    } else {
                        Rect { x: own.x + GUTTER, width: own.width.saturating_sub(GUTTER), ..own }
                    };
                    paint::select(buffer, line, theme, role);
                }
            }
        }
    }
    shown
}

/// Says on the frame how much is above and below, in its middle or where the titles leave room.
fn more_marks(
    buffer: &mut Buffer,
    frame: Rect,
    theme: &Theme,
    side: &Side,
    look: Look,
    (shown, free): (usize, (u16, u16)),
) {
    let below = side.lines.len().saturating_sub(look.offset + shown);
    let style = theme.style(Role::Dim);
    let mut say = |y: u16, words: String, (from, to): (u16, u16)| {
        let width = text::width(&words) as u16;
        let end = (frame.x + frame.width / 2 + width / 2).min(to);
        if from + width <= end {
            paint::put_right(buffer, end, y, width, style, &words);
        }
    };
    if look.offset > 0 {
        say(frame.y, format!(" {} above ", look.offset), free);
    }
    if below > 0 {
        let edge = (frame.x + 1, frame.right().saturating_sub(1));
        say(frame.bottom() - 1, format!(" {below} more below "), edge);
    }
}

fn head(buffer: &mut Buffer, area: Rect, theme: &Theme, heading: &Heading) {
    let name = theme.style(if heading.built { Role::Title } else { Role::Dim });
    let dim = theme.style(Role::Dim);
    let rule = theme.glyphs.rule;
    let start = format!("{rule}{rule} ");
    let remark = if heading.remark.is_empty() {
        String::new()
    } else {
        format!(" {} {}", theme.glyphs.dot, heading.remark)
    };
    let spans = [(dim, start.as_str()), (name, heading.name.as_str()), (dim, remark.as_str()), (dim, " ")];
    let used = paint::put(buffer, area.x, area.y, area.width, &spans, theme.glyphs.ellipsis);
    let rest = rule.repeat(usize::from(area.width - used));
    paint::put(buffer, area.x + used, area.y, area.width - used, &[(dim, &rest)], "");
}
