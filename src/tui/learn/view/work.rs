//! The task with its goals, and the two sides.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use super::{ask, first_row, framed, line, row_at};
use crate::cli::output::safe;
use crate::lesson::markdown as source;
use crate::tui::learn::app::Open;
use crate::tui::text::{fit, fit_left};
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint;
use crate::tui::view::panel::{self, Look};

/// Task and goals above, the two sides below.
pub(super) fn work(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
    // Frame, two rows for the task, three for a reason, one for the folder.
    let wanted = open.verdicts.len() as u16 + 8;
    let rows = wanted.min(area.height * 3 / 5).max(8.min(area.height));
    let top = Rect { height: rows, ..area };
    let done = open.verdicts.iter().filter(|v| v.holds).count();
    let title = format!("{done} of {} goals hold", open.verdicts.len());
    let inner = framed(buffer, top, theme, &title);
    let inner = ask(buffer, inner, theme, open);
    let room = usize::from(inner.height).saturating_sub(1).max(1);
    goals(buffer, top, Rect { height: inner.height.min(room as u16), ..inner }, theme, open);
    if let (Some(files), Some(last)) = (&open.files, row_at(inner, room)) {
        let folder = safe(&files.folder.display().to_string()).into_owned();
        let text = format!("your files: {folder}");
        let shown = fit_left(&text, usize::from(inner.width), theme.glyphs.ellipsis).into_owned();
        Line::styled(shown, theme.style(Role::Dim)).render(last, buffer);
    }
    sides(buffer, Rect { y: area.y + rows, height: area.height - rows, ..area }, theme, open);
}

/// The goals with their marks, and why the one under the cursor does not hold yet.
fn goals(buffer: &mut Buffer, frame: Rect, inner: Rect, theme: &Theme, open: &Open) {
    let why: Vec<Line<'_>> = open
        .verdicts
        .get(open.cursor)
        .filter(|v| !v.holds)
        .map(|v| {
            let pieces =
                [source::Span { text: safe(&v.why.join(" ")).into_owned(), style: source::Style::Plain }];
            source::wrap(&pieces, usize::from(inner.width).saturating_sub(6))
        })
        .unwrap_or_default()
        .into_iter()
        .map(|l| {
            Line::styled(
                format!("      {}", l.into_iter().map(|p| p.text).collect::<String>()),
                theme.style(Role::Guide),
            )
        })
        .collect();
    let room = usize::from(inner.height);
    let spare = room.saturating_sub(open.verdicts.len()).max(2);
    let below = why.len().min(spare).min(room.saturating_sub(1));
    let first = paint::scroll(open.cursor, 0, room - below, open.verdicts.len());
    let (mut at, mut seen) = (0, first);
    for (i, v) in open.verdicts.iter().enumerate().skip(first) {
        if at >= room {
            break;
        }
        let (mark, role) = if v.holds { ("[x]", Role::Better) } else { ("[ ]", Role::Text) };
        line(buffer, inner, at, theme, &format!("{mark} {}", safe(&v.say)), i == open.cursor, role);
        at += 1;
        seen = i + 1;
        if i == open.cursor {
            for l in why.iter().take(below) {
                if let Some(rect) = row_at(inner, at) {
                    l.clone().render(rect, buffer);
                }
                at += 1;
            }
        }
    }
    paint::more_below(buffer, frame, theme, open.verdicts.len() - seen);
}

/// The two sides, as far as there is room; what they show stands above.
pub(super) fn sides(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
    if area.height < 3 {
        return;
    }
    let caption = fit(&safe(&open.caption), usize::from(area.width).saturating_sub(2), theme.glyphs.ellipsis)
        .into_owned();
    Line::styled(format!(" {caption}"), theme.style(Role::Guide)).render(first_row(area), buffer);
    let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let Some(shown) = &open.picture else { return };
    let Some(right) = &shown.right else {
        return panel::side(buffer, area, theme, &shown.left, Look::default());
    };
    let looks = [Look::default().against(Some(right)), Look::default().against(Some(&shown.left))];
    if area.width >= 96 {
        return panel::two_sides(buffer, area, theme, shown, looks);
    }
    let rows = panel::rows_wanted(right, false);
    if area.height >= 2 * rows.min(9) {
        let half = area.height / 2;
        panel::side(buffer, Rect { height: half, ..area }, theme, right, looks[1]);
        panel::side(
            buffer,
            Rect { y: area.y + half, height: area.height - half, ..area },
            theme,
            &shown.left,
            looks[0],
        );
    } else if open.yours {
        panel::side_beside(buffer, area, theme, right, looks[1], Some(&shown.left));
    } else {
        panel::side_beside(buffer, area, theme, &shown.left, looks[0], Some(right));
    }
}
