//! What is read at a step: its text, hints, the solution, what to remember.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::lesson::{Kind, Lesson};
use crate::tui::learn::app::Open;
use crate::tui::learn::markdown;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint;

/// What is read at a step, in Markdown.
pub(super) fn body(open: &Open) -> String {
    let Some(step) = open.lesson.steps.get(open.step) else { return finished(&open.lesson) };
    let text = &step.text;
    let mut out = String::new();
    if open.reveal.is_some() {
        out.push_str(&text.after);
        return out;
    }
    if open.solved() {
        out.push_str("**Solved.** Press Enter to go on.\n\n");
        out.push_str(&text.after);
        out.push_str("\n\n");
    }
    if open.solution {
        out.push_str("## The solution\n\n");
        out.push_str(&text.solution);
        out.push_str("\n\n");
        if let Some(solution) = open.lesson.solution(open.step) {
            let start =
                if step.manifest.keep { open.lesson.kept(open.step) } else { open.lesson.start(open.step) };
            for path in start.changed(&solution) {
                if let Some(text) = solution.text(&path) {
                    out.push_str(&format!("`{path}`:\n\n```\n{text}\n```\n\n"));
                }
            }
            out.push_str("`a` puts it into your folder.\n\n");
        }
    }
    for (n, hint) in text.hints.iter().take(open.hints).enumerate().rev() {
        out.push_str(&format!("**Hint {} of {}.** {hint}\n\n", n + 1, text.hints.len()));
    }
    if !open.solved() || open.solution {
        out.push_str(&text.body);
    }
    out
}

fn finished(lesson: &Lesson) -> String {
    let mut out = format!("## {}: done\n\nTo remember:\n\n", lesson.manifest.title);
    for line in &lesson.manifest.remember {
        out.push_str(&format!("- {line}\n"));
    }
    out.push_str("\nPress Enter for the list of lessons.\n");
    out
}

pub(super) fn words(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &mut Open) {
    let title = match (open.kind(), &open.reveal) {
        (Some(Kind::Predict), Some(reveal)) if reveal.right => "right: and this is why it matters",
        (Some(Kind::Predict), Some(_)) => "not quite: and this is why it matters",
        _ => "",
    };
    let pane = paint::pane(theme, title, false);
    let inner = pane.inner(area);
    pane.render(area, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let lines = markdown::lines(theme, &body(open), usize::from(inner.width));
    let rows = usize::from(inner.height);
    open.scroll = open.scroll.min(lines.len().saturating_sub(rows));
    open.more = lines.len().saturating_sub(rows + open.scroll);
    paint::put_lines(buffer, inner, &lines[open.scroll.min(lines.len())..]);
    if open.more > 0 {
        let says = format!(" {} more line{}: PgDn ", open.more, if open.more == 1 { "" } else { "s" });
        paint::put_right(
            buffer,
            area.right() - 2,
            area.bottom() - 1,
            area.width - 4,
            theme.style(Role::Key),
            &says,
        );
    }
}
