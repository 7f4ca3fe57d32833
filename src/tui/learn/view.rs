//! Draws the lessons' screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Widget};

use super::app::{App, Open};
use super::keys::TABLE;
use super::markdown;
use crate::cli::output::safe;
use crate::lesson::Kind;
use crate::lesson::markdown as source;
use crate::tui::keys;
use crate::tui::text::fit;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint;

mod list;
mod predict;
mod text;
mod work;

use list::list;
use predict::{choices, marks};
use text::{body, words};
use work::{sides, work};

/// Columns and rows below which the screen says what it needs.
const LEAST: (u16, u16) = (60, 16);

/// Draws a frame.
pub fn draw(buffer: &mut Buffer, app: &mut App) {
    let area = buffer.area;
    paint::wash(buffer, area, app.theme.base());
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("layerlab learn needs {} x {} (q leaves)", LEAST.0, LEAST.1);
        Line::raw(fit(&text, usize::from(area.width), "").into_owned()).render(first_row(area), buffer);
        return;
    }
    let body = Rect { y: area.y + 1, height: area.height - 2, ..area };
    head(buffer, first_row(area), app);
    match &app.open {
        None => list(buffer, body, app),
        Some(_) => lesson(buffer, body, app),
    }
    foot(buffer, Rect { y: area.bottom() - 1, height: 1, ..area }, app);
    if app.help {
        help(buffer, area, app);
    }
}

fn first_row(area: Rect) -> Rect {
    Rect { height: 1.min(area.height), ..area }
}

fn head(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let mut spans = vec![Span::styled(" layerlab learn ", theme.style(Role::Title))];
    let right = match &app.open {
        None => {
            let (right, of) = app.progress.calibration();
            if of > 0 { format!("predictions: {right} of {of} right ") } else { String::new() }
        }
        Some(open) => {
            let title = format!(" {} {}", open.lesson.number(), safe(&open.lesson.manifest.title));
            spans.push(Span::styled(title, theme.style(Role::Strong)));
            let (step, of) = (open.step + 1, open.lesson.steps.len());
            match open.kind() {
                Some(kind) => format!("step {step} of {of}: {} ", kind.word()),
                None => "done ".into(),
            }
        }
    };
    Line::from(spans).render(area, buffer);
    paint::put_right(buffer, area.right(), area.y, area.width / 2, theme.style(Role::Dim), &right);
}

fn foot(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    if let Some(notice) = &app.notice {
        let text = fit(&safe(notice), usize::from(area.width) - 2, theme.glyphs.ellipsis).into_owned();
        Line::styled(format!(" {text}"), theme.style(Role::Warning)).render(area, buffer);
        return;
    }
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    // Help and the way out are the last, and have their place whatever else fits.
    let hints = keys::hints(&TABLE, &app.scope());
    let wide = |(key, word): &(String, &str)| key.len() + word.len() + 3;
    let last = hints.len().saturating_sub(2);
    let kept: usize = hints[last..].iter().map(wide).sum();
    for (at, hint) in hints.into_iter().enumerate() {
        let width = wide(&hint);
        if used + width + if at < last { kept } else { 0 } > usize::from(area.width) {
            continue;
        }
        let (key, word) = hint;
        used += width;
        spans.push(Span::styled(key, theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {word}  "), theme.style(Role::Dim)));
    }
    Line::from(spans).render(area, buffer);
}

fn help(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let rows: Vec<(String, &str)> = keys::help(&TABLE, &app.scope())
        .into_iter()
        .map(|(key, says)| (format!("{key:>18}  "), says))
        .collect();
    let columns = area.width.min(86);
    let lines = paint::key_lines(theme, &rows, usize::from(columns.saturating_sub(2)));
    let inner = paint::centred(area, columns, lines.len() as u16 + 2);
    paint::clear(buffer, inner, theme);
    let pane = paint::pane(theme, "keys (any key closes)", true);
    let content = pane.inner(inner);
    pane.render(inner, buffer);
    let told = paint::put_lines(buffer, content, &lines);
    paint::more_below(buffer, inner, theme, lines.len() - usize::from(told));
}

/// The areas of text and work.
fn split(area: Rect, kind: Option<Kind>) -> (Rect, Rect) {
    if area.width >= 110 {
        let left = area.width * 45 / 100;
        return (Rect { width: left, ..area }, Rect { x: area.x + left, width: area.width - left, ..area });
    }
    // A text is most of a read step; a list or two sides need rows of their own.
    let part = match kind {
        None => area.height,
        Some(Kind::Read) => area.height * 13 / 20,
        Some(_) => area.height * 9 / 20,
    };
    let text = Rect { height: part, ..area };
    (text, Rect { y: area.y + part, height: area.height - part, ..area })
}

fn lesson(buffer: &mut Buffer, area: Rect, app: &mut App) {
    let theme = app.theme;
    let Some(open) = &mut app.open else { return };
    let (mut left, mut right) = split(area, open.kind());
    if right.x == left.x && right.height > 0 {
        // A short text leaves its rows to the work.
        let wanted =
            markdown::lines(&theme, &body(open), usize::from(left.width).saturating_sub(4)).len() as u16 + 2;
        left.height = left.height.min(wanted.max(4));
        right = Rect { y: left.bottom(), height: area.height - left.height, ..area };
    }
    words(buffer, left, &theme, open);
    if right.height == 0 {
        return;
    }
    match open.kind() {
        Some(Kind::Read) => sides(buffer, right, &theme, open),
        Some(Kind::Predict) if open.rows.is_empty() => choices(buffer, right, &theme, open),
        Some(Kind::Predict) => marks(buffer, right, &theme, open),
        Some(Kind::Do | Kind::Repair) => work(buffer, right, &theme, open),
        None => {}
    }
}

/// Writes the question or the task; yields what is left of the area.
fn ask(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) -> Rect {
    let text = open.lesson.steps[open.step].manifest.ask.as_deref().unwrap_or_default();
    let pieces = [source::Span { text: text.to_string(), style: source::Style::Strong }];
    let lines: Vec<Line<'_>> = source::wrap(&pieces, usize::from(area.width))
        .into_iter()
        .map(|l| Line::styled(l.into_iter().map(|p| p.text).collect::<String>(), theme.style(Role::Sentence)))
        .collect();
    let used = paint::put_lines(buffer, area, &lines).min(area.height);
    Rect { y: area.y + used, height: area.height - used, ..area }
}

fn framed(buffer: &mut Buffer, area: Rect, theme: &Theme, title: &str) -> Rect {
    let pane: Block<'_> = paint::pane(theme, title, true);
    let inner = pane.inner(area);
    pane.render(area, buffer);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

fn row_at(area: Rect, row: usize) -> Option<Rect> {
    (row < usize::from(area.height)).then(|| Rect { y: area.y + row as u16, height: 1, ..area })
}

fn line(buffer: &mut Buffer, area: Rect, row: usize, theme: &Theme, text: &str, here: bool, role: Role) {
    let Some(at) = row_at(area, row) else { return };
    let cursor = if here { theme.glyphs.cursor } else { " " };
    let shown = fit(text, usize::from(area.width).saturating_sub(2), theme.glyphs.ellipsis);
    let style: Style = theme.style(if here { Role::Strong } else { role });
    Line::styled(format!("{cursor} {shown}"), style).render(at, buffer);
    if here {
        paint::wash(buffer, at, theme.style(Role::Selected));
    }
}
