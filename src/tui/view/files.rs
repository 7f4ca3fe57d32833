//! The files of the context: what changed, what is ignored, and what a change of each would rebuild.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;
use ratatui::widgets::Widget;

use super::paint;
use crate::tui::app::{App, Focus};
use crate::tui::model::{FileKind, FileRow, FileState, Impact};
use crate::tui::theme::{Role, Theme};
use crate::tui::{text, words};

/// Draws them.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let focused = app.focus == Focus::Files;
    let two = app.shown().is_some_and(|s| s.right.is_some());
    let mut block = paint::pane(theme, "files", focused);
    let columns = Columns::of(area.width.saturating_sub(2), two, widest(app, area));
    if columns.impact > 0 {
        block = block
            .title_top(paint::right_title(vec![Span::styled(head(app, columns), theme.style(Role::Dim))]));
    }
    let mut inner = block.inner(area);
    block.render(area, buffer);
    if (app.typing || !app.files.filter.is_empty()) && inner.height > 0 {
        filter(buffer, Rect { height: 1, ..inner }, app);
        inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    }
    let rows = &app.files.rows;
    let shown = usize::from(inner.height);
    for (at, y) in (app.files.offset..rows.len()).take(shown).zip(inner.y..) {
        let own = Rect { y, height: 1, ..inner };
        let selected = at == app.files.selected;
        row(buffer, own, theme, &rows[at], columns, selected);
        if selected {
            let role = if focused { Role::Selected } else { Role::SelectedElsewhere };
            let marked = Rect { width: columns.text(own.width), ..own };
            paint::select(buffer, if focused { own } else { marked }, theme, role);
        }
    }
    if rows.is_empty() {
        let says = if app.files.filter.is_empty() { "no files" } else { "nothing matches" };
        paint::put(buffer, inner.x + 1, inner.y, inner.width, &[(theme.style(Role::Dim), says)], "");
    }
    let below = rows.len().saturating_sub(app.files.offset + shown);
    paint::more_below(buffer, area, theme, below);
}

/// The head of the columns at the right, each word above its column.
fn head(app: &App, columns: Columns) -> String {
    let own = usize::from(columns.impact) - 2;
    let shown = app.shown();
    let right = shown.and_then(|s| s.right.as_ref()).map_or("", |r| r.title.as_str());
    let name = |title: &str| text::fit_left(title, own, app.theme.glyphs.ellipsis).into_owned();
    if columns.two {
        let between = app.theme.glyphs.between;
        format!(" would rebuild {:>own$} {between} {:>own$} ", "as it is", name(right))
    } else {
        " would rebuild ".to_string()
    }
}

fn filter(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let typed = text::safe(&app.files.filter).into_owned();
    let end = if app.typing { "_" } else { "" };
    let found = format!("  {}", text::plural(app.files.rows.len(), "file"));
    let spans = [
        (theme.style(Role::Key), " / "),
        (theme.style(Role::Strong), typed.as_str()),
        (theme.style(Role::Strong), end),
        (theme.style(Role::Dim), found.as_str()),
    ];
    paint::put(buffer, area.x, area.y, area.width, &spans, theme.glyphs.ellipsis);
}

#[derive(Debug, Clone, Copy)]
struct Columns {
    state: u16,
    /// Columns of one side of "would rebuild"; 0 where there is no room.
    impact: u16,
    two: bool,
}

/// Columns of one side of "would rebuild", where there is room for `widest`.
fn impact(width: u16, widest: u16) -> u16 {
    match width {
        0..46 => 0,
        46..56 => 12,
        _ => (widest + 2).clamp(11, 16),
    }
}

/// The widest of what is told of the files in sight.
fn widest(app: &App, area: Rect) -> u16 {
    let rows = app.files.rows.iter().skip(app.files.offset).take(usize::from(area.height));
    let both = rows.filter_map(|row| row.impact.as_ref()).flat_map(|(l, r)| [Some(l), r.as_ref()]);
    both.flatten().map(|i| text::width(&told(i, 99)) as u16).max().unwrap_or(0)
}

impl Columns {
    fn of(width: u16, two: bool, widest: u16) -> Self {
        Self { state: if width >= 40 { 10 } else { 2 }, impact: impact(width, widest), two }
    }

    fn impacts(self) -> u16 {
        if self.two && self.impact > 0 { self.impact * 2 + 1 } else { self.impact }
    }

    fn text(self, width: u16) -> u16 {
        width.saturating_sub(self.state + self.impacts())
    }
}

fn row(buffer: &mut Buffer, area: Rect, theme: &Theme, row: &FileRow, columns: Columns, selected: bool) {
    let glyphs = theme.glyphs;
    let dim = theme.style(Role::Dim);
    let sign = match row.kind {
        FileKind::Dir { open: true, .. } => glyphs.open,
        FileKind::Dir { .. } => glyphs.closed,
        FileKind::File if row.marked => glyphs.marked,
        FileKind::File => " ",
    };
    let (name_style, state_style, state) = state(theme, row);
    let indent = " ".repeat(row.depth.min(20) * 2);
    let text_columns = columns.text(area.width);
    let cursor = if selected { glyphs.cursor } else { " " };
    let name = text::safe(&row.name);
    let slash = if matches!(row.kind, FileKind::Dir { .. }) { "/" } else { "" };
    let spans = [
        (theme.style(Role::Strong), cursor),
        (dim, indent.as_str()),
        (theme.style(if row.marked { Role::Changed } else { Role::Dim }), sign),
        (dim, " "),
        (name_style, &*name),
        (name_style, slash),
    ];
    paint::put(buffer, area.x, area.y, text_columns, &spans, glyphs.ellipsis);
    let x = area.x + text_columns;
    paint::put(buffer, x, area.y, columns.state, &[(state_style, &state)], "");
    if columns.impact > 0 {
        impacts(buffer, Rect { x: x + columns.state, width: columns.impacts(), ..area }, theme, row, columns);
    }
}

fn state(theme: &Theme, row: &FileRow) -> (Style, Style, String) {
    let changed = theme.style(Role::Changed);
    let dim = theme.style(Role::Dim);
    match (row.kind, row.state) {
        (_, FileState::Ignored) => (theme.style(Role::Ignored), theme.style(Role::Ignored), "ignored".into()),
        (FileKind::Dir { changed: 0, .. }, _) => (theme.style(Role::Strong), dim, String::new()),
        (FileKind::Dir { changed: n, .. }, _) => (theme.style(Role::Strong), changed, format!("{n} changed")),
        (_, FileState::Changed(how)) => (changed, changed, words::how_short(how).into()),
        (_, FileState::Pretended) => (changed, changed, "pretended".into()),
        (_, FileState::Same) => (theme.style(Role::Text), dim, String::new()),
    }
}

fn impacts(buffer: &mut Buffer, area: Rect, theme: &Theme, row: &FileRow, columns: Columns) {
    let dim = theme.style(Role::Dim);
    let own = columns.impact;
    if let FileKind::Dir { files, .. } = row.kind {
        paint::put_right(buffer, area.right() - 1, area.y, area.width, dim, &text::plural(files, "file"));
        return;
    }
    let Some((left, right)) = &row.impact else { return };
    let worse = right.as_ref().is_some_and(|r| left.seconds > r.seconds * 1.5 + 0.05);
    let style = |impact: &Impact, worse: bool| match impact.steps {
        0 => theme.style(Role::Better),
        _ if worse => theme.style(Role::Worse),
        _ => theme.style(Role::Text),
    };
    let x = area.x;
    paint::put_right(buffer, x + own - 1, area.y, own - 1, style(left, worse), &told(left, own));
    if !columns.two {
        return;
    }
    paint::put(buffer, x + own, area.y, 1, &[(dim, theme.glyphs.between)], "");
    if let Some(right) = right {
        let end = x + own * 2;
        paint::put_right(buffer, end, area.y, own - 1, style(right, false), &told(right, own));
    }
}

/// `3-5  38 s`, `4 steps 38 s`, `nothing`.
fn told(impact: &Impact, columns: u16) -> String {
    if impact.steps == 0 {
        return "nothing".into();
    }
    let sure = if impact.certain { "" } else { "?" };
    let seconds = text::seconds_short(impact.seconds);
    let numbers = text::runs(&impact.numbers);
    let s = if impact.steps == 1 { "" } else { "s" };
    let ways = [
        if numbers.is_empty() {
            format!("{} step{s} {seconds}{sure}", impact.steps)
        } else {
            format!("{numbers} {seconds}{sure}")
        },
        format!("{} step{s} {seconds}{sure}", impact.steps),
        format!("{seconds}{sure}"),
    ];
    let room = usize::from(columns) - 1;
    let fits = ways.iter().find(|way| text::width(way) <= room);
    fits.unwrap_or(&ways[2]).clone()
}
