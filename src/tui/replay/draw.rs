//! State to frame.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget as _;

use super::state::{KEYS, View, reason};
use crate::cost::words;
use crate::history::replay::Mark;
use crate::tui::keys;
use crate::tui::model::{Tone, plain};
use crate::tui::text::{fit, safe, width, wrap};
use crate::tui::theme::Role;
use crate::tui::view::bar::bar;
use crate::tui::view::paint::{
    centred, clear, key_lines, more_below, pane, put, put_lines, put_right, scroll, wash,
};

/// Columns of the steps' names beside the strip.
const NAMES: u16 = 30;
/// The least that can be drawn.
const LEAST: (u16, u16) = (50, 12);

/// Draws the screen.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &mut View) {
    wash(buffer, area, view.theme.base());
    if area.width < LEAST.0 || area.height < LEAST.1 || view.shown.commits.is_empty() {
        let text = if view.shown.commits.is_empty() { "no commits" } else { "the window is too small" };
        put(buffer, area.x, area.y, area.width, &[(view.theme.style(Role::Text), text)], "");
        return;
    }
    head(buffer, area, view);
    let body = Rect { y: area.y + 1, height: area.height - 4, ..area };
    if view.open {
        detail(buffer, body, view);
    } else {
        strips(buffer, body, view);
    }
    foot(buffer, Rect { y: area.bottom() - 3, height: 3, ..area }, view);
    if view.help {
        help(buffer, area, view);
    }
}

fn head(buffer: &mut Buffer, area: Rect, view: &View) {
    let theme = &view.theme;
    let (title, text, dim) = (theme.style(Role::Title), theme.style(Role::Text), theme.style(Role::Dim));
    let name = safe(&view.shown.dockerfile);
    let spans = [(title, " layerlab replay "), (text, " "), (text, &*name)];
    put(buffer, area.x, area.y, area.width, &spans, theme.glyphs.ellipsis);
    let state = if view.is_playing() { "playing, " } else { "" };
    let place = format!("{state}commit {} of {} ", view.at + 1, view.shown.commits.len());
    put_right(buffer, area.right(), area.y, area.width / 2, dim, &place);
}

/// The strips, one under the other: a column a commit, a row a step, and a row of costs below.
fn strips(buffer: &mut Buffer, area: Rect, view: &mut View) {
    let columns = usize::from(area.width - NAMES - 2);
    view.first = scroll(view.at, view.first, columns, view.shown.commits.len());
    let sides = view.shown.sides.len() as u16;
    let height = area.height / sides.max(1);
    // No further than the longer list has steps.
    let rows = usize::from(height.saturating_sub(3));
    let most = (0..view.shown.sides.len()).map(|side| steps_of(view, side).len()).max().unwrap_or_default();
    view.down = view.down.min(most.saturating_sub(rows));
    let highest = (0..view.shown.sides.len())
        .flat_map(|side| (0..view.shown.commits.len()).map(move |at| (side, at)))
        .map(|(side, at)| view.seconds(side, at))
        .fold(0.0, f64::max);
    for side in 0..view.shown.sides.len() {
        let area = Rect { y: area.y + height * side as u16, height, ..area };
        strip(buffer, area, view, side, highest);
    }
}

/// The steps of a side's Dockerfile at the commit in view: row and label.
fn steps_of(view: &View, side: usize) -> Vec<(usize, &str)> {
    let walk = &view.shown.sides[side].walk;
    let version = walk.builds.get(view.at).and_then(|build| build.version);
    version.map_or_else(Vec::new, |version| {
        walk.versions[version].steps.iter().map(|step| (step.row, step.label.as_str())).collect()
    })
}

fn strip(buffer: &mut Buffer, area: Rect, view: &View, side: usize, highest: f64) {
    let theme = &view.theme;
    let shown = &view.shown.sides[side];
    let block = pane(theme, &safe(&shown.title), false);
    let inner = block.inner(area);
    block.render(area, buffer);
    let seconds = words::seconds(view.seconds(side, view.at));
    let ran = shown.walk.builds.get(view.at).map_or(0, crate::history::replay::Build::executed);
    let steps = steps_of(view, side);
    let sum = format!(" {ran} of {} steps rerun, {seconds} ", steps.len());
    put_right(buffer, area.right() - 2, area.y, area.width / 2, theme.style(Role::Strong), &sum);

    let left = inner.x + NAMES;
    let columns = inner.width.saturating_sub(NAMES);
    let rows = usize::from(inner.height.saturating_sub(1));
    let commits = view.first..(view.first + usize::from(columns)).min(view.shown.commits.len());
    for (y, (row, label)) in (inner.y..).zip(steps.iter().skip(view.down).take(rows)) {
        let label = safe(label);
        let style = match mark_of(view, side, view.at, *row) {
            Some(mark) if mark.ran() => theme.style(Role::RebuildsText),
            _ => theme.style(Role::Text),
        };
        let room = usize::from(NAMES - 1);
        put(buffer, inner.x, y, NAMES - 1, &[(style, &fit(&label, room, theme.glyphs.ellipsis))], "");
        for (x, at) in (left..).zip(commits.clone()) {
            let (sign, style) = sign(view, mark_of(view, side, at, *row));
            put(buffer, x, y, 1, &[(style, sign)], "");
        }
    }
    more_below(buffer, area, theme, steps.len().saturating_sub(view.down + rows));
    let y = inner.bottom() - 1;
    put(buffer, inner.x, y, NAMES - 1, &[(theme.style(Role::Dim), "seconds")], "");
    for (x, at) in (left..).zip(commits.clone()) {
        let seconds = view.seconds(side, at);
        let share = if highest > 0.0 { seconds / highest } else { 0.0 };
        put(buffer, x, y, 1, &[(theme.style(Role::Bar), level(view, share))], "");
    }
    if commits.contains(&view.at) {
        let x = left + (view.at - view.first) as u16;
        for y in inner.y..inner.bottom() {
            buffer[(x, y)].set_style(theme.style(Role::Selected));
        }
    }
}

/// What became of a row in a commit's build.
fn mark_of(view: &View, side: usize, at: usize, row: usize) -> Option<Mark> {
    let walk = &view.shown.sides[side].walk;
    let build = walk.builds.get(at)?;
    let steps = &walk.versions[build.version?].steps;
    let place = steps.iter().position(|step| step.row == row)?;
    build.marks.get(place).copied()
}

fn sign(view: &View, mark: Option<Mark>) -> (&'static str, Style) {
    let (theme, glyphs) = (&view.theme, view.theme.glyphs);
    match mark {
        None => (" ", theme.style(Role::Dim)),
        Some(Mark::Cached | Mark::CachedAssumed | Mark::Free) => (glyphs.dot, theme.style(Role::Cached)),
        Some(Mark::Root | Mark::RootAssumed) => (glyphs.rebuilds, theme.style(Role::Worse)),
        Some(Mark::Pulled | Mark::PulledAssumed) => (glyphs.dragged, theme.style(Role::Worse)),
    }
}

/// A cell as high as its share.
fn level(view: &View, share: f64) -> &'static str {
    const BLOCKS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    const ASCII: [&str; 8] = [".", ".", ":", ":", "=", "=", "#", "#"];
    let levels = if view.theme.is_ascii() { ASCII } else { BLOCKS };
    if share <= 0.0 { " " } else { levels[((share * 8.0).ceil() as usize).clamp(1, 8) - 1] }
}

/// The commit in view: each side's steps with their causes.
fn detail(buffer: &mut Buffer, area: Rect, view: &mut View) {
    let block = pane(&view.theme, "this commit's builds", true);
    let inner = block.inner(area);
    block.render(area, buffer);
    let lines = detail_lines(view, usize::from(inner.width));
    view.detail_down = view.detail_down.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (y, spans) in (inner.y..inner.bottom()).zip(lines.iter().skip(view.detail_down)) {
        let spans: Vec<(Style, &str)> = spans.iter().map(|(style, text)| (*style, text.as_str())).collect();
        put(buffer, inner.x, y, inner.width, &spans, view.theme.glyphs.ellipsis);
    }
    let seen = view.detail_down + usize::from(inner.height);
    more_below(buffer, area, &view.theme, lines.len().saturating_sub(seen));
}

type Spans = Vec<(Style, String)>;

fn detail_lines(view: &View, columns: usize) -> Vec<Spans> {
    const SECONDS: usize = 12;
    let theme = &view.theme;
    let (strong, dim) = (theme.style(Role::Strong), theme.style(Role::Dim));
    let mut lines: Vec<Spans> = Vec::new();
    for (side, shown) in view.shown.sides.iter().enumerate() {
        let walk = &shown.walk;
        let total = words::seconds(view.seconds(side, view.at));
        lines.push(vec![(strong, format!("{}, {total}", safe(&shown.title)))]);
        let Some(build) = walk.builds.get(view.at) else { continue };
        if let Some(error) = &build.error {
            lines.push(vec![(theme.style(Role::Error), format!("  it fails: {}", safe(error)))]);
        }
        let Some(version) = build.version else {
            lines.push(vec![(dim, "  no Dockerfile".into())]);
            continue;
        };
        let most = walk.versions[version].steps.iter().map(|step| step.seconds.value).fold(0.0, f64::max);
        for (at, (step, mark)) in walk.versions[version].steps.iter().zip(&build.marks).enumerate() {
            let (sign, style) = sign(view, Some(*mark));
            let maybe = if mark.is_assumed() { theme.glyphs.maybe } else { " " };
            let name = columns.saturating_sub(SECONDS + 16);
            let label = safe(&step.label);
            let label = fit(&label, name, theme.glyphs.ellipsis).into_owned();
            let blanks = " ".repeat(name.saturating_sub(width(&label)) + 1);
            let (text, drawn) = if mark.ran() {
                let drawn = bar(theme.glyphs, step.seconds.value / most.max(0.001), 10);
                (
                    theme.style(Role::RebuildsText),
                    format!("{:>SECONDS$} {drawn}", words::seconds(step.seconds.value)),
                )
            } else {
                (dim, format!("{:>SECONDS$}", "cached"))
            };
            lines.push(vec![
                (style, format!(" {sign}{maybe} ")),
                (text, label),
                (dim, blanks),
                (text, drawn),
            ]);
            for why in build.why(at) {
                let reason = reason(walk, version, why);
                lines.push(vec![(dim, format!("      {}", safe(&reason)))]);
            }
        }
    }
    lines
}

fn foot(buffer: &mut Buffer, area: Rect, view: &View) {
    let theme = &view.theme;
    let commit = &view.shown.commits[view.at];
    let (text, dim) = (theme.style(Role::Text), theme.style(Role::Dim));
    let spans = [
        (theme.style(Role::Strong), format!(" {} ", commit.id)),
        (dim, format!("{}  ", commit.date)),
        (text, safe(&commit.subject).into_owned()),
    ];
    let spans: Vec<(Style, &str)> = spans.iter().map(|(style, text)| (*style, text.as_str())).collect();
    put(buffer, area.x, area.y, area.width, &spans, theme.glyphs.ellipsis);
    let sentence = sentence(view);
    put(
        buffer,
        area.x,
        area.y + 1,
        area.width,
        &[(theme.style(Role::Sentence), &format!(" {sentence}"))],
        theme.glyphs.ellipsis,
    );
    let mut x = area.x + 1;
    for (key, hint) in keys::hints(KEYS, &()) {
        let spans = [(theme.style(Role::Key), key.as_str()), (dim, " "), (dim, hint), (dim, "   ")];
        x += put(buffer, x, area.y + 2, area.right().saturating_sub(x), &spans, "");
    }
}

/// What the replay comes to up to the commit in view.
fn sentence(view: &View) -> String {
    let sum = |side: usize| (0..=view.at).map(|at| view.seconds(side, at)).sum::<f64>();
    let sums: Vec<String> = view
        .shown
        .sides
        .iter()
        .enumerate()
        .map(|(side, shown)| format!("{} {}", safe(&shown.title), words::seconds(sum(side))))
        .collect();
    format!("Up to here: {}.", sums.join(", "))
}

fn help(buffer: &mut Buffer, area: Rect, view: &View) {
    let theme = &view.theme;
    let g = theme.glyphs;
    let legend =
        format!("{} cached   {} reran   {} reran because a step before it did", g.dot, g.rebuilds, g.dragged);
    let columns = area.width.min(68);
    let room = usize::from(columns.saturating_sub(4));
    let rows: Vec<(String, &str)> =
        keys::help(KEYS, &()).into_iter().map(|(keys, what)| (format!("{keys:<16} "), what)).collect();
    let mut lines = key_lines(theme, &rows, room);
    lines.push(Line::default());
    for line in wrap(&[(Tone::Dim, legend)], room) {
        lines.push(Line::styled(plain(&line), theme.style(Role::Dim)));
    }
    let frame = centred(area, columns, lines.len() as u16 + 3);
    clear(buffer, frame, theme);
    let block = pane(theme, "keys", true);
    let inner = block.inner(frame);
    block.render(frame, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let told = usize::from(put_lines(buffer, inner, &lines));
    more_below(buffer, frame, theme, lines.len() - told);
}
