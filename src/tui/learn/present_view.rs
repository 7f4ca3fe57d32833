//! Slides for the last row of a room, and the teacher's notes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::markdown;
use super::present::{Place, Show, Slide, TABLE};
use crate::cli::output::safe;
use crate::lesson::markdown::literal;
use crate::lesson::predict::Listed;
use crate::lesson::{Course, Reveal, predict};
use crate::tui::keys;
use crate::tui::text::fit;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::{digits, paint};

/// Draws the slide on the wall.
pub fn draw(buffer: &mut Buffer, show: &mut Show) {
    let area = buffer.area;
    let theme = show.theme;
    paint::wash(buffer, area, theme.base());
    if area.width < 30 || area.height < 8 {
        return;
    }
    let inner = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 3 };
    show.pages = 1;
    match show.slide() {
        Slide::Text(step) => {
            let text = show.lesson.steps[step].text.body.clone();
            pages(buffer, inner, show, &text);
        }
        Slide::After(step) => {
            let text = show.lesson.steps[step].text.after.clone();
            pages(buffer, inner, show, &text);
        }
        Slide::Vote(step) => vote(buffer, inner, show, step),
        Slide::Reveal(step) => reveal(buffer, inner, show, step),
        Slide::Task(step) => {
            let m = &show.lesson.steps[step].manifest;
            let mut text = format!("## {}\n\n", literal(m.ask.as_deref().unwrap_or_default()));
            for goal in &m.goal {
                text.push_str(&format!("- {}\n", literal(&goal.say)));
            }
            pages(buffer, inner, show, &text);
        }
        Slide::Solution(step) => {
            let mut text = String::new();
            if let Some(solution) = show.lesson.solution(step) {
                for path in show.lesson.start(step).changed(&solution) {
                    if let Some(body) = solution.text(&path) {
                        text.push_str(&format!("**{path}**\n\n```\n{body}\n```\n\n"));
                    }
                }
            }
            text.push_str(&show.lesson.steps[step].text.solution);
            pages(buffer, inner, show, &text);
        }
        Slide::Remember => {
            let lines: Vec<String> =
                show.lesson.manifest.remember.iter().map(|l| format!("- {l}\n")).collect();
            let text = format!("## To remember\n\n{}", lines.join("\n"));
            pages(buffer, inner, show, &text);
        }
    }
    foot(buffer, Rect { y: area.bottom() - 1, height: 1, ..area }, show);
}

fn foot(buffer: &mut Buffer, area: Rect, show: &Show) {
    let theme = &show.theme;
    let left = format!(" {} {}", show.lesson.number(), safe(&show.lesson.manifest.title));
    Line::styled(left, theme.style(Role::Dim)).render(area, buffer);
    let page =
        if show.pages > 1 { format!(" (page {} of {})", show.page + 1, show.pages) } else { String::new() };
    let right = format!("{} / {}{page} ", show.at + 1, show.slides.len());
    paint::put_right(buffer, area.right(), area.y, area.width / 2, theme.style(Role::Dim), &right);
}

/// A text, with an empty row after each line where there is room for that; in pages where there is not enough.
fn pages(buffer: &mut Buffer, area: Rect, show: &mut Show, text: &str) {
    let theme = show.theme;
    let lines = markdown::lines(&theme, text, usize::from(area.width.min(76)));
    let rows = usize::from(area.height);
    let spaced = lines.len() * 2 <= rows;
    let per_page = rows.max(1);
    show.pages = if spaced { 1 } else { lines.len().div_ceil(per_page).max(1) };
    show.page = show.page.min(show.pages - 1);
    let from = if spaced { 0 } else { show.page * per_page };
    for (i, line) in lines.iter().skip(from).take(per_page).enumerate() {
        let row = if spaced { i * 2 } else { i };
        if row < rows {
            let style = theme.style(Role::Text);
            let at = Rect { y: area.y + row as u16, height: 1, ..area };
            line.clone().style(style).render(at, buffer);
        }
    }
}

/// The question, and either the choices or the steps to vote on.
fn vote(buffer: &mut Buffer, area: Rect, show: &mut Show, step: usize) {
    let theme = show.theme;
    let m = &show.lesson.steps[step].manifest;
    let rest = heading(buffer, area, &theme, m.ask.as_deref().unwrap_or_default());
    let lines: Vec<Listed> = if m.choices.is_empty() {
        predict::listing(&show.lesson, step).unwrap_or_default()
    } else {
        let choices = ('a'..).zip(&m.choices).map(|(c, text)| format!("{c})  {text}"));
        choices.enumerate().map(|(i, text)| Listed { step: Some(i), text }).collect()
    };
    show.cursor = show.cursor.min(lines.iter().filter(|l| l.step.is_some()).count().saturating_sub(1));
    let marks = show.marks(step);
    let list = Rect { height: rest.height.saturating_sub(2), ..rest };
    rows(list, lines.len(), |at_line, at| {
        let Listed { step: number, text } = &lines[at_line];
        let Some(i) = *number else {
            aside(at, buffer, &theme, 6, text);
            return;
        };
        let mark = if marks.contains(&(i + 1)) { "[x]" } else { "[ ]" };
        let here = i == show.cursor;
        let text = format!("{mark} {}", safe(text));
        let shown = fit(&text, usize::from(at.width).saturating_sub(2), theme.glyphs.ellipsis);
        let role = if here { Role::Strong } else { Role::Text };
        let cursor = if here { theme.glyphs.cursor } else { " " };
        Line::styled(format!("{cursor} {shown}"), theme.style(role)).render(at, buffer);
    });
    let hands = if m.choices.is_empty() {
        if marks.is_empty() {
            "Hands up: how many rebuild?".to_string()
        } else {
            format!("The room says: {} rebuild.", marks.len())
        }
    } else {
        "Hands up: a, b, …?".to_string()
    };
    Line::styled(hands, theme.style(Role::Sentence))
        .render(Rect { y: rest.bottom() - 1, height: 1, ..rest }, buffer);
}

fn reveal(buffer: &mut Buffer, area: Rect, show: &Show, step: usize) {
    let theme = show.theme;
    let m = &show.lesson.steps[step].manifest;
    let Some(reveal) = show.reveal(step) else { return };
    let rest = heading(buffer, area, &theme, m.ask.as_deref().unwrap_or_default());
    if let Some(choice) = reveal.choice {
        let letter = (b'a' + choice as u8 - 1) as char;
        let text = m.choices.get(choice - 1).map_or("", |c| c);
        let lines = markdown::lines(
            &theme,
            &format!("**{letter})  {}**", literal(text)),
            usize::from(rest.width.min(76)),
        );
        paint::put_lines(buffer, rest, &lines);
        return;
    }
    figures(buffer, rest, &theme, &reveal);
    let list = Rect { height: rest.height.saturating_sub(digits::ROWS as u16 + 1), ..rest };
    let lines = predict::listing(&show.lesson, step).unwrap_or_default();
    rows(list, lines.len(), |i, at| {
        let Some(row) = lines[i].step.and_then(|i| reveal.rows.get(i)) else {
            aside(at, buffer, &theme, 13, &lines[i].text);
            return;
        };
        let (sign, word, role) = match (row.rebuilds, row.assumed) {
            (true, false) => (theme.glyphs.rebuilds, "REBUILDS ", Role::Rebuilds),
            (true, true) => (theme.glyphs.rebuilds, "REBUILDS?", Role::Maybe),
            (false, false) => (theme.glyphs.cached, "cached   ", Role::Cached),
            (false, true) => (theme.glyphs.cached, "cached?  ", Role::Maybe),
        };
        let shown = fit(&safe(&row.label), usize::from(at.width).saturating_sub(14), theme.glyphs.ellipsis)
            .into_owned();
        Line::from(vec![
            Span::styled(format!("{sign} {word}"), theme.style(role)),
            Span::styled(
                format!("  {shown}"),
                theme.style(if row.rebuilds { Role::Strong } else { Role::Text }),
            ),
        ])
        .render(at, buffer);
    });
}

/// An instruction that makes no step.
fn aside(at: Rect, buffer: &mut Buffer, theme: &Theme, indent: usize, text: &str) {
    let text = format!("{}{}", " ".repeat(indent), safe(text));
    let shown = fit(&text, usize::from(at.width), theme.glyphs.ellipsis).into_owned();
    Line::styled(shown, theme.style(Role::Dim)).render(at, buffer);
}

/// The count in large figures at the bottom: `3 / 5`.
fn figures(buffer: &mut Buffer, area: Rect, theme: &Theme, reveal: &Reveal) {
    if area.height < digits::ROWS as u16 + 2 {
        return;
    }
    let count = reveal.rows.iter().filter(|r| r.rebuilds).count();
    let top = area.bottom() - digits::ROWS as u16;
    let figure = digits::large(theme, &count.to_string());
    for (i, row) in figure.iter().enumerate() {
        let at = Rect { y: top + i as u16, height: 1, ..area };
        Line::styled(row.clone(), theme.style(Role::Worse)).render(at, buffer);
    }
    let used = figure[0].chars().count() as u16 + 2;
    let says = format!("of {} rebuild", reveal.rows.len());
    Line::styled(says, theme.style(Role::Sentence)).render(
        Rect { x: area.x + used, y: top + 1, width: area.width.saturating_sub(used), height: 1 },
        buffer,
    );
}

fn heading(buffer: &mut Buffer, area: Rect, theme: &Theme, text: &str) -> Rect {
    let lines = markdown::lines(theme, &format!("## {}", literal(text)), usize::from(area.width.min(76)));
    let used = (paint::put_lines(buffer, area, &lines) + 1).min(area.height);
    Rect { y: area.y + used, height: area.height - used, ..area }
}

/// Calls for each row with its place: double-spaced where all fit so.
fn rows(area: Rect, count: usize, mut each: impl FnMut(usize, Rect)) {
    let gap = if count * 2 <= usize::from(area.height) { 2 } else { 1 };
    for i in 0..count {
        let y = i * gap;
        if y >= usize::from(area.height) {
            break;
        }
        each(i, Rect { y: area.y + y as u16, height: 1, ..area });
    }
}

/// Draws the teacher's notes.
pub fn notes(buffer: &mut Buffer, theme: Theme, course: &Course, place: Option<&Place>) {
    let area = buffer.area;
    paint::wash(buffer, area, theme.base());
    if area.width < 30 || area.height < 8 {
        return;
    }
    let inner = Rect { x: area.x + 1, y: area.y, width: area.width - 2, height: area.height - 1 };
    let text = match place.and_then(|p| Some((p, course.lessons.iter().find(|l| l.id == p.lesson)?))) {
        None => "Waiting for `layerlab learn present` in another terminal.".to_string(),
        Some((place, lesson)) => {
            let (at, of) = place.at;
            let mut text = format!(
                "**{}**, slide {at} of {of}\n\nOn the wall: **{}**. Next: {}.\n\n",
                lesson.manifest.title, place.slide, place.next
            );
            if let Some(step) = place.step.and_then(|s| Some((s, lesson.steps.get(s)?))) {
                let (number, step) = step;
                if !step.text.notes.is_empty() {
                    text.push_str(&format!("## Notes\n\n{}\n\n", step.text.notes));
                }
                if step.manifest.kind == crate::lesson::Kind::Predict {
                    text.push_str("## The answer\n\n");
                    match &step.manifest.rebuilds {
                        Some(list) if list.is_empty() => text.push_str("Nothing rebuilds.\n\n"),
                        Some(list) => list.iter().for_each(|l| text.push_str(&format!("- `{l}`\n"))),
                        None => {
                            let right = step.manifest.answer.unwrap_or(1);
                            text.push_str(&format!(
                                "{}\n",
                                step.manifest.choices.get(right - 1).map_or("", |c| c)
                            ));
                        }
                    }
                    text.push_str(&format!("\n{}\n\n", step.text.after));
                }
                for (n, hint) in step.text.hints.iter().enumerate() {
                    text.push_str(&format!("**Hint {}.** {hint}\n\n", n + 1));
                }
                if let Some(next) = lesson.steps.get(number + 1).and_then(|s| s.manifest.ask.as_ref()) {
                    text.push_str(&format!("*The next question:* {next}\n"));
                }
            }
            text
        }
    };
    let lines = markdown::lines(&theme, &text, usize::from(inner.width));
    paint::put_lines(buffer, inner, &lines);
    let hints: Vec<String> = keys::hints(&TABLE, &())
        .into_iter()
        .filter(|(_, w)| *w == "quit")
        .map(|(k, w)| format!("{k} {w}"))
        .collect();
    Line::styled(format!(" {}", hints.join("  ")), theme.style(Role::Dim))
        .render(Rect { y: area.bottom() - 1, height: 1, ..area }, buffer);
}
