//! What lies over the panes: help, notes, sizes, moves, and the difference to be written.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use similar::{ChangeTag, TextDiff};

use super::{paint, sizes};
use crate::tui::app::actions::{KEYS, Scope};
use crate::tui::app::{App, Overlay, Snapshot};
use crate::tui::keys;
use crate::tui::model::{MoveRow, Moves, Tone, Words, plain, say};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Draws what is open.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App) {
    let (title, lines) = content(app, area);
    let boxed = frame(area, &lines, &app.overlay);
    paint::clear(buffer, boxed, &app.theme);
    let block = paint::pane(&app.theme, &title, true);
    let inner = block.inner(boxed);
    block.render(boxed, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let rows = usize::from(inner.height);
    let offset = scrolled(app, &lines, rows);
    paint::put_lines(buffer, inner, &lines[offset.min(lines.len())..]);
    let below = lines.len().saturating_sub(offset + rows);
    paint::more_below(buffer, boxed, &app.theme, below);
}

/// The cursor or scroll of the overlay, kept within what it shows.
pub fn clamp(app: &App) -> usize {
    let area = Rect::new(0, 0, app.size.0, app.size.1);
    if app.overlay == Overlay::None {
        return 0;
    }
    let (_, lines) = content(app, area);
    let rows = usize::from(frame(area, &lines, &app.overlay).height.saturating_sub(2));
    let unseen = lines.len().saturating_sub(rows);
    match app.overlay {
        Overlay::Moves => app.overlay_at.min(app.last_move() + unseen),
        _ => app.overlay_at.min(unseen),
    }
}

/// The first line that is shown. Over the moves the cursor is on one of them; beyond the last it scrolls the text.
fn scrolled(app: &App, lines: &[Line<'_>], rows: usize) -> usize {
    let unseen = lines.len().saturating_sub(rows);
    let offset = match app.overlay {
        Overlay::Moves => {
            // The one that is chosen, and something of what is told of it.
            let chosen = app.chosen_move() + HEAD;
            (chosen + 1).saturating_sub(rows) + app.overlay_at.saturating_sub(app.last_move())
        }
        _ => app.overlay_at,
    };
    offset.min(unseen)
}

/// Lines above the list of moves, at most.
const HEAD: usize = 3;

fn frame(area: Rect, lines: &[Line<'_>], overlay: &Overlay) -> Rect {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0) as u16 + 4;
    let columns = match overlay {
        Overlay::Help => widest.max(50),
        _ => columns_of(area) + 4,
    };
    let rows = (lines.len() as u16 + 2).max(6);
    paint::centred(area, columns.min(area.width), rows.min(area.height.saturating_sub(2).max(3)))
}

fn columns_of(area: Rect) -> u16 {
    area.width.saturating_sub(if area.width > 110 { 16 } else { 6 }).min(150)
}

fn content<'a>(app: &App, area: Rect) -> (String, Vec<Line<'a>>) {
    let theme = &app.theme;
    let columns = usize::from(columns_of(area));
    let Some(snapshot) = &app.snapshot else { return ("keys".into(), help(theme, area)) };
    match app.overlay {
        Overlay::None => (String::new(), Vec::new()),
        Overlay::Help => ("keys".into(), help(theme, area)),
        Overlay::Notes => ("what to know of this context".into(), notes(theme, snapshot, columns)),
        Overlay::Sizes => {
            let lines = snapshot.sizes.as_ref().map(|s| sizes::lines(theme, s, columns)).unwrap_or_default();
            ("sizes".into(), lines)
        }
        Overlay::Moves => {
            let moves = snapshot.moves.as_deref();
            ("moves: Space switches one off or on".into(), self::moves(theme, app, moves, columns))
        }
        Overlay::Write => {
            let title = format!("write {}?  y writes, Esc leaves it", snapshot.dockerfile_path);
            (title, difference(theme, snapshot, columns))
        }
    }
}

fn help<'a>(theme: &Theme, area: Rect) -> Vec<Line<'a>> {
    let strong = theme.style(Role::Strong);
    let mut told: Vec<&str> = Vec::new();
    let mut groups: Vec<(&str, Vec<(String, &str)>)> = Vec::new();
    let scopes = [
        ("in the steps and files", Scope::Steps),
        ("in the files", Scope::Files),
        ("over the moves", Scope::Moves),
        ("before writing", Scope::Writing),
    ];
    for (name, scope) in scopes {
        let own: Vec<(String, &str)> =
            keys::help(KEYS, &scope).into_iter().filter(|(_, help)| !told.contains(help)).collect();
        told.extend(own.iter().map(|(_, help)| *help));
        groups.push((name, own));
    }
    let mut lines = Vec::new();
    let columns = usize::from(area.width).saturating_sub(6);
    let mut group = |name: &str, rows: Vec<(String, &str)>| {
        lines.push(Line::styled(name.to_string(), strong));
        let rows: Vec<(String, &str)> =
            rows.into_iter().map(|(key, what)| (format!("  {key:<16}"), what)).collect();
        lines.extend(paint::key_lines(theme, &rows, columns));
    };
    for (name, own) in groups {
        group(name, own);
    }
    let g = theme.glyphs;
    let marks = vec![
        (format!("{} cached", g.cached), "found in the cache: costs nothing"),
        (format!("{} REBUILDS", g.rebuilds), "runs again, for a reason of its own"),
        (format!("{} REBUILDS", g.dragged), "runs again only because a step before it does"),
        ("cached?".to_string(), "rests on what a RUN put out; the pane below says on what"),
        ("+ ~ -".to_string(), "added, moved, left out against the other side"),
        (
            "~38 s".to_string(),
            "estimated; without ~ it was measured or declared; in brackets it would cost that",
        ),
    ];
    group("Marks", marks);
    lines
}

fn notes<'a>(theme: &Theme, snapshot: &Snapshot, columns: usize) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for words in snapshot.notes.iter() {
        lines.extend(paint::lines(theme, words, columns));
        lines.push(Line::default());
    }
    let took =
        format!("The last prediction of both sides took {:.1} ms.", snapshot.took.as_secs_f64() * 1000.0);
    lines.push(Line::styled(took, theme.style(Role::Dim)));
    lines
}

fn moves<'a>(theme: &Theme, app: &App, moves: Option<&Moves>, columns: usize) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    if let Some(moves) = moves {
        let (before, after) = moves.expected;
        lines.extend(paint::lines(
            theme,
            &vec![
                say(Tone::Plain, "A rebuild is expected to take "),
                say(Tone::Bad, text::seconds(before)),
                say(Tone::Plain, " as it is and "),
                say(Tone::Good, text::seconds(after)),
                say(Tone::Plain, " reordered, over the edits that are likely here."),
            ],
            columns,
        ));
        lines.push(Line::default());
    }
    for (at, row) in app.known_moves.iter().enumerate() {
        let chosen = at == app.chosen_move();
        let style = theme.style(if chosen { Role::Selected } else { Role::Text });
        let sign = if row.on { "[x]" } else { "[ ]" };
        let saves =
            if row.saves >= 0.05 { format!("saves {}", text::seconds(row.saves)) } else { String::new() };
        let cursor = if chosen { theme.glyphs.cursor } else { " " };
        let name = text::fit(&row.name, columns.saturating_sub(24), theme.glyphs.ellipsis).into_owned();
        let room = columns.saturating_sub(text::width(&name) + text::width(&saves) + 8);
        lines.push(Line::styled(format!("{cursor} {sign} {name}{}{saves} ", " ".repeat(room)), style));
    }
    if app.known_moves.is_empty() {
        lines.push(Line::raw("Nothing to move: this order is as good as layerlab can make it."));
    }
    if let Some(row) = app.known_moves.get(app.chosen_move()) {
        lines.push(Line::default());
        lines.extend(one_move(theme, row, columns));
    }
    if let Some(moves) = moves {
        rest(theme, moves, columns, &mut lines);
    }
    lines
}

/// Before, after, and why it is safe.
fn one_move<'a>(theme: &Theme, row: &MoveRow, columns: usize) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let mut part = |name: &str, own: &[(usize, String)], role: Role, sign: &str| {
        for (at, (line, text)) in own.iter().take(8).enumerate() {
            let name = if at == 0 { name } else { "" };
            let shown = text::fit(text, columns.saturating_sub(18), theme.glyphs.ellipsis).into_owned();
            lines.push(Line::from(vec![
                Span::styled(format!("{name:<8}"), theme.style(Role::Dim)),
                Span::styled(format!("{sign}{line:>4}  "), theme.style(role)),
                Span::styled(shown, theme.style(role)),
            ]));
        }
    };
    part("before", &row.before, Role::Removed, "-");
    part("after", &row.after, Role::Added, "+");
    let words = vec![say(Tone::Strong, "Why it is safe: "), say(Tone::Plain, row.why_safe.clone())];
    lines.extend(paint::lines(theme, &words, columns));
    lines
}

fn rest(theme: &Theme, moves: &Moves, columns: usize, lines: &mut Vec<Line<'_>>) {
    let mut list = |title: &str, items: &[Words]| {
        if items.is_empty() {
            return;
        }
        lines.push(Line::default());
        for line in text::wrap(&[(Tone::Plain, title.to_string())], columns) {
            lines.push(Line::styled(plain(&line), theme.style(Role::Title)));
        }
        for words in items {
            lines.extend(paint::lines(theme, words, columns));
        }
    };
    let offered: Vec<Words> = moves
        .offered
        .iter()
        .map(|(name, changes)| {
            vec![say(Tone::Strong, format!("{name}: ")), say(Tone::Plain, changes.clone())]
        })
        .collect();
    let refused: Vec<Words> = moves
        .refused
        .iter()
        .map(|(line, what, why)| {
            vec![
                say(Tone::Dim, format!("line {line}  ")),
                say(Tone::Plain, format!("{what}: ")),
                say(Tone::Maybe, why.clone()),
            ]
        })
        .collect();
    list("Offered, not made, because they change something (layerlab reorder --take makes them)", &offered);
    list("Looked at and left alone", &refused);
}

/// The difference between the Dockerfile and what would be written.
fn difference<'a>(theme: &Theme, snapshot: &Snapshot, columns: usize) -> Vec<Line<'a>> {
    let Some(new) = &snapshot.right_text else { return Vec::new() };
    let diff = TextDiff::from_lines(&*snapshot.left_text, &**new);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(3).iter().enumerate() {
        if at > 0 {
            lines.push(Line::styled(theme.glyphs.ellipsis.to_string(), theme.style(Role::Dim)));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, role) = match change.tag() {
                ChangeTag::Delete => ("-", Role::Removed),
                ChangeTag::Insert => ("+", Role::Added),
                ChangeTag::Equal => (" ", Role::Text),
            };
            let number =
                change.old_index().or(change.new_index()).map_or(String::new(), |n| (n + 1).to_string());
            let shown = change.value().trim_end_matches(['\n', '\r']).replace('\t', "    ");
            let shown = text::safe(&shown);
            let shown = text::fit(&shown, columns.saturating_sub(7), theme.glyphs.ellipsis);
            lines.push(Line::from(vec![
                Span::styled(format!("{number:>4} "), theme.style(Role::Dim)),
                Span::styled(format!("{sign} {shown}"), theme.style(role)),
            ]));
        }
    }
    lines
}
