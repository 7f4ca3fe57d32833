//! A question with its answers, or a list of steps to mark; then what is right.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{ask, framed, line, row_at};
use crate::cli::output::safe;
use crate::lesson::markdown as source;
use crate::lesson::predict::Row;
use crate::tui::learn::app::Open;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint;

pub(super) fn choices(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
    let inner =
        framed(buffer, area, theme, if open.reveal.is_some() { "the answer" } else { "your answer first" });
    let mut rest = ask(buffer, inner, theme, open);
    let m = &open.lesson.steps[open.step].manifest;
    for (i, choice) in m.choices.iter().enumerate() {
        let letter = (b'a' + i as u8) as char;
        let right = open.reveal.as_ref().is_some_and(|r| r.choice == Some(i + 1));
        let here = open.cursor == i;
        let sign = match (&open.reveal, right, here) {
            (None, _, true) => theme.glyphs.cursor,
            (Some(_), true, _) => theme.glyphs.cached,
            (Some(_), false, true) => theme.glyphs.rebuilds,
            _ => " ",
        };
        let role = match (&open.reveal, right, here) {
            (Some(_), true, _) => Role::Better,
            (Some(_), false, true) => Role::Worse,
            (None, _, true) => Role::Strong,
            _ => Role::Text,
        };
        let tail = if open.reveal.is_some() && here { "  (your answer)" } else { "" };
        let text = format!("{sign} {letter}) {}{tail}", safe(choice));
        let pieces = [source::Span { text: text[sign.len()..].to_string(), style: source::Style::Plain }];
        let lines: Vec<Line<'_>> = source::wrap(&pieces, usize::from(rest.width).saturating_sub(2))
            .into_iter()
            .enumerate()
            .map(|(n, l)| {
                let text: String = l.into_iter().map(|p| p.text).collect();
                let lead = if n == 0 { format!("{sign} ") } else { "     ".into() };
                Line::styled(format!("{lead}{text}"), theme.style(role))
            })
            .collect();
        let used = paint::put_lines(buffer, rest, &lines).min(rest.height);
        rest = Rect { y: rest.y + used, height: rest.height - used, ..rest };
    }
}

pub(super) fn marks(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
    let title = match &open.reveal {
        None => "mark what rebuilds, then Enter".to_string(),
        Some(reveal) => {
            let (right, of) = reveal.score();
            format!("{right} of {of} right")
        }
    };
    let inner = framed(buffer, area, theme, &title);
    let inner = ask(buffer, inner, theme, open);
    let Some(reveal) = &open.reveal else {
        let rows = usize::from(inner.height);
        let here = open.listing.iter().position(|l| l.step == Some(open.cursor)).unwrap_or(0);
        let first = paint::scroll(here, 0, rows, open.listing.len());
        for (row, listed) in open.listing.iter().skip(first).take(rows).enumerate() {
            let Some(i) = listed.step else {
                line(
                    buffer,
                    inner,
                    row,
                    theme,
                    &format!("           {}", safe(&listed.text)),
                    false,
                    Role::Dim,
                );
                continue;
            };
            let mark = if open.marks.contains(&(i + 1)) { "[REBUILDS]" } else { "[        ]" };
            line(
                buffer,
                inner,
                row,
                theme,
                &format!("{mark} {}", safe(&listed.text)),
                i == open.cursor,
                Role::Text,
            );
        }
        return;
    };
    revealed(buffer, inner, theme, &reveal.rows, open);
}

/// The list after the reveal: what was said, what is, and why for the row under the cursor.
fn revealed(buffer: &mut Buffer, area: Rect, theme: &Theme, rows: &[Row], open: &Open) {
    let cursor = open.cursor;
    let why: String = rows.get(cursor).map(|r| r.why.join(" ")).unwrap_or_default();
    let pieces = [source::Span { text: safe(&why).into_owned(), style: source::Style::Plain }];
    let why: Vec<Line<'_>> = if why.is_empty() {
        Vec::new()
    } else {
        source::wrap(&pieces, usize::from(area.width).saturating_sub(4))
            .into_iter()
            .map(|l| {
                let text: String = l.into_iter().map(|p| p.text).collect();
                Line::styled(format!("    {text}"), theme.style(Role::Guide))
            })
            .collect()
    };
    let below = why.len().min(usize::from(area.height) / 3);
    let here = open.listing.iter().position(|l| l.step == Some(cursor)).unwrap_or(0);
    let first = paint::scroll(here, 0, usize::from(area.height) - below, open.listing.len());
    let mut at = 0;
    for listed in open.listing.iter().skip(first) {
        let Some((i, row)) = listed.step.and_then(|i| Some((i, rows.get(i)?))) else {
            line(buffer, area, at, theme, &format!("            {}", safe(&listed.text)), false, Role::Dim);
            at += 1;
            continue;
        };
        let (sign, word, role) = match (row.rebuilds, row.assumed) {
            (true, false) => (theme.glyphs.rebuilds, "REBUILDS ", Role::RebuildsText),
            (true, true) => (theme.glyphs.rebuilds, "REBUILDS?", Role::Maybe),
            (false, false) => (theme.glyphs.cached, "cached   ", Role::Cached),
            (false, true) => (theme.glyphs.cached, "cached?  ", Role::Maybe),
        };
        let said = match (row.marked == row.rebuilds, row.marked) {
            (true, _) => "",
            (false, true) => "(you: rebuilds) ",
            (false, false) => "(you: cached) ",
        };
        let text = format!("{sign} {word} {said}{}", safe(&row.label));
        line(buffer, area, at, theme, &text, i == cursor, role);
        at += 1;
        if i == cursor {
            for l in why.iter().take(below) {
                if let Some(rect) = row_at(area, at) {
                    l.clone().render(rect, buffer);
                }
                at += 1;
            }
        }
    }
}
