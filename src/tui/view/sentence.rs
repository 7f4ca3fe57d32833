//! The one line that matters, and the tally below it. It never goes away.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::paint;
use crate::tui::app::App;
use crate::tui::model::{Tally, Tone, Words, say};
use crate::tui::text;
use crate::tui::theme::{Role, Theme};

/// Draws it; with four rows it has air around it.
pub fn draw(buffer: &mut Buffer, area: Rect, app: &App) {
    let Some(shown) = app.shown() else { return };
    let y = if area.height >= 4 { area.y + 1 } else { area.y };
    line(buffer, Rect { y, height: 1, ..area }, &app.theme, &shown.sentence, app.theme.style(Role::Sentence));
    let below = Rect { y: y + 1, height: 1, ..area };
    if area.height < 2 {
        return;
    }
    let words = second(app);
    line(buffer, below, &app.theme, &words, Style::new());
}

/// What stands below the sentence: where one is in the past, else the sum of the edits so far.
fn second(app: &App) -> Words {
    let Some(snapshot) = &app.snapshot else { return Vec::new() };
    if let Some((at, edit)) = app.past.and_then(|at| Some((at, snapshot.edits.get(at)?))) {
        let pretended = if edit.pretended { ", pretended" } else { "" };
        return vec![
            say(Tone::Maybe, format!("Edit {} of {}{pretended}: ", at + 1, snapshot.edits.len())),
            say(Tone::Strong, edit.what.clone()),
            say(Tone::Dim, "   p the one before, n the next, Esc back to now"),
        ];
    }
    let long = tally(&snapshot.tally);
    let fits = text::width(&crate::tui::model::plain(&long)) + 4 <= usize::from(app.size.0);
    if fits || snapshot.tally.edits == 0 { long } else { short_tally(&snapshot.tally) }
}

/// The same for few columns.
fn short_tally(tally: &Tally) -> Words {
    let day = |sum: f64| text::seconds(sum / tally.edits as f64 * f64::from(tally.per_day));
    let both = |left: String, right: Option<String>| match right {
        Some(right) => format!("{left} against {right}"),
        None => left,
    };
    let sum = both(text::seconds(tally.left), tally.right.map(text::seconds));
    vec![
        say(Tone::Dim, format!("{}: ", text::plural(tally.edits, "edit"))),
        say(Tone::Plain, sum),
        say(Tone::Dim, format!(". A day of {}: ", tally.per_day)),
        say(Tone::Plain, both(day(tally.left), tally.right.map(day))),
        say(Tone::Dim, "."),
    ]
}

/// The sum of the edits so far, and of a day of such edits.
pub fn tally(tally: &Tally) -> Words {
    if tally.edits == 0 {
        return vec![say(Tone::Dim, "Save a file, or select one and press e to pretend that it was edited.")];
    }
    let about = if tally.estimated { "about " } else { "" };
    let pretended = match tally.pretended {
        0 => String::new(),
        n if n == tally.edits => ", all pretended".into(),
        n => format!(", {n} pretended"),
    };
    let mut words =
        vec![say(Tone::Dim, format!("So far {}{pretended}: ", text::plural(tally.edits, "edit")))];
    words.push(say(Tone::Plain, format!("{about}{}", text::seconds(tally.left))));
    if let Some(right) = tally.right {
        words.push(say(Tone::Dim, " against "));
        words.push(say(Tone::Plain, text::seconds(right)));
    }
    words.push(say(Tone::Dim, ". "));
    let a_day = |sum: f64| text::seconds(sum / tally.edits as f64 * f64::from(tally.per_day));
    words.push(say(Tone::Dim, format!("{} such edits a day: ", tally.per_day)));
    words.push(say(Tone::Plain, a_day(tally.left)));
    if let Some(right) = tally.right {
        words.push(say(Tone::Dim, " against "));
        words.push(say(Tone::Plain, a_day(right)));
    }
    words.push(say(Tone::Dim, "."));
    words
}

/// One line of words; what is too long ends in an ellipsis.
pub fn line(buffer: &mut Buffer, area: Rect, theme: &Theme, words: &Words, base: Style) {
    let spans: Vec<(Style, &str)> = words
        .iter()
        .map(|(tone, text)| {
            let style = base.patch(paint::tone(theme, *tone));
            let style = if *tone == Tone::Dim { style.remove_modifier(Modifier::BOLD) } else { style };
            (style, text.as_str())
        })
        .collect();
    let area = Rect { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
    paint::put(buffer, area.x, area.y, area.width, &spans, theme.glyphs.ellipsis);
}
