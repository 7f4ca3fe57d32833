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
use crate::lesson::markdown as source;
use crate::lesson::predict::Row;
use crate::lesson::{Kind, Lesson};
use crate::tui::keys;
use crate::tui::text::fit;
use crate::tui::theme::{Role, Theme};
use crate::tui::view::paint;
use crate::tui::view::panel::{self, Look};

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
    for (key, word) in keys::hints(&TABLE, &app.scope()) {
        let width = key.len() + word.len() + 3;
        if used + width > usize::from(area.width) {
            break;
        }
        used += width;
        spans.push(Span::styled(key, theme.style(Role::Key)));
        spans.push(Span::styled(format!(" {word}  "), theme.style(Role::Dim)));
    }
    Line::from(spans).render(area, buffer);
}

fn help(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let lines: Vec<Line<'_>> = keys::help(&TABLE, &app.scope())
        .into_iter()
        .map(|(key, says)| {
            Line::from(vec![
                Span::styled(format!("{key:>18}  "), theme.style(Role::Key)),
                Span::styled(says, theme.style(Role::Text)),
            ])
        })
        .collect();
    let inner = paint::centred(area, 86, lines.len() as u16 + 2);
    paint::clear(buffer, inner, theme);
    let pane = paint::pane(theme, "keys (any key closes)", true);
    let content = pane.inner(inner);
    pane.render(inner, buffer);
    paint::put_lines(buffer, content, &lines);
}

fn list(buffer: &mut Buffer, area: Rect, app: &App) {
    let theme = &app.theme;
    let pane = paint::pane(theme, "lessons", true);
    let inner = pane.inner(area);
    pane.render(area, buffer);
    let rows = usize::from(inner.height);
    let first = paint::scroll(app.selected, 0, rows, app.lessons.len());
    for (row, (i, lesson)) in app.lessons.iter().enumerate().skip(first).take(rows).enumerate() {
        let mine = app.progress.lessons.get(&lesson.id);
        let (done, of) = mine.map_or((0, lesson.steps.len()), |m| m.count(lesson));
        let (sign, state) = match mine {
            Some(m) if m.finished && m.skipped.is_empty() => (theme.glyphs.cached, "done".to_string()),
            Some(m) if m.finished => (theme.glyphs.maybe, "done, with gaps".to_string()),
            _ if done > 0 => (theme.glyphs.marked, format!("step {done} of {of}")),
            _ => (" ", String::new()),
        };
        let cursor = if i == app.selected { theme.glyphs.cursor } else { " " };
        let line = format!(
            "{cursor} {sign} {:<3} {:<50} {:>2} min  {state}",
            lesson.number(),
            fit(&safe(&lesson.manifest.title), 50, theme.glyphs.ellipsis),
            lesson.manifest.minutes
        );
        let at = Rect { y: inner.y + row as u16, height: 1, ..inner };
        let role = if i == app.selected { Role::Strong } else { Role::Text };
        Line::styled(line, theme.style(role)).render(at, buffer);
        if i == app.selected {
            paint::wash(buffer, at, theme.style(Role::Selected));
        }
    }
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

/// What is read at a step, in Markdown.
fn body(open: &Open) -> String {
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

fn words(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &mut Open) {
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

fn choices(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
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

fn marks(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
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

/// Task and goals above, the two sides below.
fn work(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
    // Frame, two rows for the task, three for a reason, one for the folder.
    let wanted = open.verdicts.len() as u16 + 8;
    let goals = wanted.min(area.height * 3 / 5).max(8.min(area.height));
    let top = Rect { height: goals, ..area };
    let done = open.verdicts.iter().filter(|v| v.holds).count();
    let title = format!("{done} of {} goals hold", open.verdicts.len());
    let inner = framed(buffer, top, theme, &title);
    let inner = ask(buffer, inner, theme, open);
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
    let room = usize::from(inner.height).saturating_sub(1).max(1);
    let spare = room.saturating_sub(open.verdicts.len()).max(2);
    let below = why.len().min(spare).min(room.saturating_sub(1));
    let first = paint::scroll(open.cursor, 0, room - below, open.verdicts.len());
    let mut at = 0;
    for (i, v) in open.verdicts.iter().enumerate().skip(first) {
        if at >= room {
            break;
        }
        let (mark, role) = if v.holds { ("[x]", Role::Better) } else { ("[ ]", Role::Text) };
        line(buffer, inner, at, theme, &format!("{mark} {}", safe(&v.say)), i == open.cursor, role);
        at += 1;
        if i == open.cursor {
            for l in why.iter().take(below) {
                if let Some(rect) = row_at(inner, at) {
                    l.clone().render(rect, buffer);
                }
                at += 1;
            }
        }
    }
    if let (Some(files), Some(last)) = (&open.files, row_at(inner, room)) {
        let folder = safe(&files.folder.display().to_string()).into_owned();
        let text = format!("your files: {folder}");
        let shown =
            crate::tui::text::fit_left(&text, usize::from(inner.width), theme.glyphs.ellipsis).into_owned();
        Line::styled(shown, theme.style(Role::Dim)).render(last, buffer);
    }
    sides(buffer, Rect { y: area.y + goals, height: area.height - goals, ..area }, theme, open);
}

/// The two sides, as far as there is room; what they show stands above.
fn sides(buffer: &mut Buffer, area: Rect, theme: &Theme, open: &Open) {
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
