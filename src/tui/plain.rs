//! The same in plain lines, where there is no screen: one report at the start and one a change.

use std::fmt::Write as _;

use super::app::Snapshot;
use super::model::{Comparison, Line, Mark, Side, plain};
use super::text;
use super::view::panel;

/// What is left on the normal screen after the session.
pub fn farewell(snapshot: &Snapshot) -> String {
    let tally = &snapshot.tally;
    let mut out = plain(&snapshot.live.sentence);
    if tally.edits > 0 {
        out.push('\n');
        out.push_str(plain(&super::view::sentence::tally(tally)).trim_end());
    }
    out
}

/// A comparison as plain lines: the steps of both sides that run, the sums, the sentence.
pub fn report(shown: &Comparison) -> String {
    let mut out = String::new();
    for side in [Some(&shown.left), shown.right.as_ref()].into_iter().flatten() {
        report_side(&mut out, side);
    }
    out.push_str(&plain(&shown.sentence));
    out.push('\n');
    out
}

fn report_side(out: &mut String, side: &Side) {
    // Writing to a String cannot fail, here and below.
    let _ = write!(out, "{}: {}", side.title, panel::counted(&side.totals));
    if side.totals.rebuilt > 0 {
        let _ = write!(out, ", {}", text::figure_seconds(side.totals.figure()));
    }
    out.push('\n');
    let mut stage = None;
    for line in &side.lines {
        match line {
            Line::Heading(heading) => stage = Some(heading),
            Line::Row(row) if row.mark.is_rebuild() || row.mark == Mark::NotReached => {
                let name = match (stage, row.number) {
                    (Some(stage), Some(n)) => format!("{} {n}", stage.name),
                    (None, Some(n)) => n.to_string(),
                    (_, None) => String::new(),
                };
                let cost = row.cost.map(|c| text::figure_seconds(c.seconds)).unwrap_or_default();
                let why = row.why.says.first().map(|words| plain(words)).unwrap_or_default();
                let _ = writeln!(out, "  {name:>3}  {:<9} {}", row.mark.word(), row.text);
                let _ = writeln!(out, "       {cost}{}{why}", if cost.is_empty() { "" } else { ": " });
            }
            _ => {}
        }
    }
    if let Some(note) = &side.note {
        let _ = writeln!(out, "  {note}");
    }
    if let Some(wrong) = &side.problem {
        let _ = writeln!(out, "  {}:{}:{}: {}", wrong.file, wrong.line, wrong.column, wrong.message);
        if let Some(help) = &wrong.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
}

/// The last edit: what it was, and what it alone rebuilds on both sides.
pub fn progress(snapshot: &Snapshot) -> String {
    let Some(edit) = snapshot.edits.last() else { return String::new() };
    let number = snapshot.tally.edits;
    let pretended = if edit.pretended { " (pretended)" } else { "" };
    format!("Edit {number}: {}{pretended}\n{}", edit.what, report(&edit.picture))
}

/// The table that every course shows: each edit, and which steps it rebuilds on both sides.
pub fn table(snapshot: &Snapshot) -> String {
    let numbers = |side: &Side| {
        let of = |line: &Line| match line {
            Line::Row(row) if row.mark.is_rebuild() => row.number,
            _ => None,
        };
        let numbers: Vec<u32> = side.lines.iter().filter_map(of).collect();
        match numbers.as_slice() {
            [] => "nothing".to_string(),
            some => format!("{} ({})", text::runs(some), text::figure_seconds(side.totals.figure())),
        }
    };
    let mut out = format!("{:<16} {:<24} {}\n", "edit of", "rebuilds as it is", "rebuilds reordered");
    for edit in &snapshot.edits {
        let left = numbers(&edit.picture.left);
        let right = edit.picture.right.as_ref().map(numbers).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:<16} {left:<24} {right}", edit.what);
    }
    out
}
