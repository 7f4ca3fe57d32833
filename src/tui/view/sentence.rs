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
    let (sum, day) = sums(tally);
    vec![
        say(Tone::Dim, format!("{}{}: ", text::plural(tally.edits, "edit"), on_both(tally))),
        say(Tone::Plain, against(sum)),
        say(Tone::Dim, format!(". A day of {}: ", tally.per_day)),
        say(Tone::Plain, against(day)),
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
    let edits = text::plural(tally.edits, "edit");
    let ((left, right), day) = sums(tally);
    let mut words = vec![say(Tone::Dim, format!("So far {edits}{pretended}{}: ", on_both(tally)))];
    words.extend(compared((format!("{about}{left}"), right)));
    words.push(say(Tone::Dim, format!(". {} such edits a day: ", tally.per_day)));
    words.extend(compared(day));
    words.push(say(Tone::Dim, "."));
    words
}

/// What is left, and what is right where there is something to compare with.
type Sides = (String, Option<String>);

/// The sums of the edits so far and of a day: of those built on both sides where there are two, else of all.
fn sums(tally: &Tally) -> (Sides, Sides) {
    let (edits, left, right) = match tally.both {
        Some(both) => (both.edits, both.left, Some(both.right)),
        None => (tally.edits, tally.left, None),
    };
    let day = |sum: f64| text::seconds(sum / edits as f64 * f64::from(tally.per_day));
    ((text::seconds(left), right.map(text::seconds)), (day(left), right.map(day)))
}

/// Says of how many edits the sums are, where it is not all of them.
fn on_both(tally: &Tally) -> String {
    match tally.both {
        Some(both) if both.edits < tally.edits => format!(", {} on both sides", both.edits),
        _ => String::new(),
    }
}

fn against((left, right): Sides) -> String {
    right.map_or_else(|| left.clone(), |right| format!("{left} against {right}"))
}

fn compared((left, right): Sides) -> Words {
    let mut words = vec![say(Tone::Plain, left)];
    if let Some(right) = right {
        words.push(say(Tone::Dim, " against "));
        words.push(say(Tone::Plain, right));
    }
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
