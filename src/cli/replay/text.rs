//! A replay for people: totals, charts, causes, in 80 columns.

mod gate;
mod layout;
mod reasons;

use std::fmt::Write as _;

pub use gate::gate_sentences;
use gate::gate_text;
use layout::{WIDTH, bar, block, capital, line, pad, title, wrapped};
pub use layout::{date, fit};
pub use reasons::{reason_of_build, why};
use unicode_width::UnicodeWidthStr as _;

use super::answer::{Answer, SideAnswer};
use super::noise::{Checked, Verdict};
use super::session::counted;
use crate::cli::output::safe;
use crate::cost::{Basis, words};
use crate::history::Commit;
use crate::history::replay::Runner;

/// Writes a replay.
pub fn render(answer: &Answer, top: usize) -> String {
    let mut out = String::new();
    head(answer, &mut out);
    totals(answer, &mut out);
    chart(answer, &mut out);
    steps(answer, top, &mut out);
    commits(answer, top, &mut out);
    files(answer, top, &mut out);
    noise(answer, &mut out);
    if let Some(gate) = &answer.gate {
        gate_text(gate, &mut out);
    }
    notes(answer, &mut out);
    out
}

fn head(answer: &Answer, out: &mut String) {
    let (first, last) = (answer.commits.first(), answer.commits.last());
    let day = |commit: Option<&Commit>| commit.map(|commit| date(commit.committed)).unwrap_or_default();
    let name = safe(&answer.dockerfile);
    if let Some(stopped) = answer.stopped() {
        let is_short = answer.commits.len() < answer.planned;
        let end = if is_short { ": what follows is about these alone" } else { "" };
        line(out, format!("\x1b[1m{stopped}{end}.\x1b[0m\n"));
    }
    let which =
        if answer.selected.is_empty() { String::new() } else { format!(" ({})", safe(&answer.selected)) };
    line(out, format!("\x1b[1m{name}, {}{which}\x1b[0m", counted(answer.commits.len(), "commit")));
    line(out, format!("from {} to {}, about {:.1} a day", day(first), day(last), answer.per_day()));
    line(out, runner(answer));
    for (_, side) in answer.sides() {
        line(out, format!("  {:<10} {}", side.title, safe(&side.what)));
    }
    if answer.right.is_none() {
        line(out, "  layerlab finds no better order for it, so there is one side only.");
    }
}

/// The runner in words.
pub fn runner(answer: &Answer) -> &'static str {
    match answer.runner {
        Runner::Warm => "built one after the other on one machine",
        Runner::Cold => "each built on an empty cache",
        Runner::Max => "each importing what the one before exported with mode=max",
        Runner::Min => "each importing what the one before exported with mode=min",
    }
}

/// Seconds with `about`, unless all of them were measured or declared.
pub fn about(side: &SideAnswer, seconds: f64) -> String {
    let text = words::seconds(seconds);
    if side.totals.basis == Some(Basis::Estimated) && seconds >= 0.05 {
        format!("about {text}")
    } else {
        text
    }
}

fn totals(answer: &Answer, out: &mut String) {
    let sides: Vec<&SideAnswer> = answer.sides().map(|(_, side)| side).collect();
    let row = |out: &mut String, name: &str, value: &dyn Fn(&SideAnswer) -> String| {
        let values = sides.iter().fold(String::new(), |all, side| all + &format!("{:>20}", value(side)));
        line(out, format!("{name:<28}{values}"));
    };
    out.push('\n');
    row(out, "", &|side| side.title.clone());
    row(out, "builds that reran a step", &|side| {
        format!("{} of {}", side.totals.rebuilding, side.totals.builds)
    });
    row(out, "steps that reran", &|side| format!("{} of {}", side.totals.executed, side.totals.steps));
    row(out, "time in these steps", &|side| about(side, side.totals.seconds));
    row(out, "an average build", &|side| about(side, side.totals.seconds / side.totals.builds.max(1) as f64));
    if let Some(sentence) = verdict(answer) {
        line(out, format!("\n\x1b[1m{sentence}\x1b[0m"));
    }
}

/// What the other side would have saved, in a sentence.
pub fn verdict(answer: &Answer) -> Option<String> {
    let (saved, right) = (answer.saved()?, answer.right.as_ref()?);
    let left = &answer.left;
    let builds = left.totals.builds.max(1) as f64;
    let day = words::seconds(saved.abs() / builds * answer.per_day());
    let share = if left.totals.seconds > 0.0 { 100.0 * saved.abs() / left.totals.seconds } else { 0.0 };
    let over = match answer.failing_on_the_right() {
        0 => "over these commits".to_owned(),
        n => format!("over the commits that it builds, while {} would fail", counted(n, "other")),
    };
    Some(if saved >= 0.05 {
        format!("{}: {} less ({share:.0} %) {over}, {day} a day.", capital(&right.title), about(left, saved))
    } else if saved > -0.05 {
        format!("{}: the same cost {over}.", capital(&right.title))
    } else {
        format!("{}: {} more ({share:.0} %) {over}.", capital(&right.title), about(left, -saved))
    })
}

/// A column of blocks for every build, or for several where there are many.
fn chart(answer: &Answer, out: &mut String) {
    const COLUMNS: usize = WIDTH - 12;
    let costs = |side: &SideAnswer| -> Vec<f64> {
        let seconds: Vec<f64> = side.walk.builds.iter().map(|build| side.walk.seconds(build)).collect();
        let each = seconds.len().div_ceil(COLUMNS).max(1);
        seconds.chunks(each).map(|some| some.iter().sum::<f64>() / some.len() as f64).collect()
    };
    let each = answer.commits.len().div_ceil(COLUMNS).max(1);
    let all: Vec<(&str, Vec<f64>)> =
        answer.sides().map(|(_, side)| (side.title.as_str(), costs(side))).collect();
    let highest = all.iter().flat_map(|(_, costs)| costs).copied().fold(0.0, f64::max);
    if highest <= 0.0 || answer.commits.len() < 2 {
        return;
    }
    let column =
        if each == 1 { "a column is a build".to_owned() } else { format!("a column is {each} builds") };
    title(
        out,
        &format!("Cost over time, oldest first ({column}, the highest is {})", words::seconds(highest)),
    );
    for (name, costs) in &all {
        let blocks: String = costs.iter().map(|&cost| block(cost / highest)).collect();
        line(out, format!("{name:<11} {blocks}"));
    }
}

fn steps(answer: &Answer, top: usize, out: &mut String) {
    const BAR: usize = 24;
    let left = &answer.left;
    let rows = left.rows_by_cost();
    if rows.is_empty() {
        title(out, "No step reran.");
        return;
    }
    let most = |side: &SideAnswer| side.totals.rows.iter().map(|row| row.seconds).fold(0.0, f64::max);
    let most = answer.sides().map(|(_, side)| most(side)).fold(0.0, f64::max);
    title(out, "Steps, the most expensive first");
    let side_line = |side: &SideAnswer, row: Option<usize>| match row {
        None => format!("    {:<10} not there", side.title),
        Some(row) => {
            let total = &side.totals.rows[row];
            let runs = format!("{}/{}", total.reran, total.builds);
            let bar = bar(total.seconds, most, BAR);
            format!("    {:<10} {runs:>9}  {bar}  {}", side.title, words::seconds(total.seconds))
        }
    };
    for &row in rows.iter().take(top) {
        line(out, format!("  {}", fit(left.label(row), WIDTH - 2)));
        if let Some(former) = left.walk.rows[row].formerly.last() {
            let times = left.walk.rows[row].formerly.len();
            let more = if times > 1 { format!(" and {} more", times - 1) } else { String::new() };
            line(out, format!("    formerly {}{more}", fit(former, WIDTH - 13 - more.len())));
        }
        line(out, side_line(left, Some(row)));
        if let Some(right) = &answer.right {
            line(out, side_line(right, right.row_like(left, row)));
        }
        for why in wrapped(&format!("why: {}", why(left, row)), WIDTH - 4) {
            line(out, format!("    {why}"));
        }
    }
    if rows.len() > top {
        line(out, format!("  and {} that reran.", counted(rows.len() - top, "more step")));
    }
    let Some(right) = &answer.right else { return };
    let new: Vec<usize> =
        right.rows_by_cost().into_iter().filter(|&row| left.row_like(right, row).is_none()).collect();
    if !new.is_empty() {
        line(out, format!("  Only on the side {:?}:", right.title));
        for &row in new.iter().take(top) {
            let total = &right.totals.rows[row];
            let text = fit(right.label(row), WIDTH - 32);
            line(
                out,
                format!(
                    "    {} {:>8}  {}",
                    pad(&text, WIDTH - 32),
                    format!("{}/{}", total.reran, total.builds),
                    words::seconds(total.seconds)
                ),
            );
        }
    }
}

fn commits(answer: &Answer, top: usize, out: &mut String) {
    let left = &answer.left;
    let builds = left.most_expensive();
    if builds.is_empty() {
        return;
    }
    title(out, "Commits, the most expensive first");
    let columns = answer.right.as_ref().map_or_else(String::new, |right| format!("{:>12}", right.title));
    line(out, format!("  {:<10} {:<10}{:>12}{columns}  what", "commit", "", left.title));
    for (at, build) in builds.into_iter().take(top) {
        let commit = &answer.commits[at];
        let mut text = format!(
            "  {} {}{:>12}",
            commit.short(),
            date(commit.committed),
            words::seconds(left.walk.seconds(build))
        );
        if let Some(right) = &answer.right {
            let _ = write!(text, "{:>12}", words::seconds(right.walk.seconds(&right.walk.builds[at])));
        }
        let room = WIDTH.saturating_sub(text.width() + 2);
        line(out, format!("{text}  {}", fit(&commit.subject, room)));
        line(out, format!("             {}", fit(&reason_of_build(left, at), WIDTH - 13)));
    }
}

fn files(answer: &Answer, top: usize, out: &mut String) {
    let left = &answer.left;
    if left.totals.files.is_empty() {
        return;
    }
    title(out, "Edited files, the most expensive first");
    line(out, "  (a step's time is split among what led to it: causes first, then files)");
    let most = left.totals.files[0].seconds;
    for file in left.totals.files.iter().take(top) {
        let alone = if file.alone > 0 { format!(", {} alone", file.alone) } else { String::new() };
        let builds = format!("{}{alone}", counted(file.builds, "build"));
        let text = format!("  {:>12} {} ", words::seconds(file.seconds), bar(file.seconds, most, 12));
        let room = WIDTH - text.width() - builds.width() - 2;
        line(out, format!("{text}{}  {builds}", pad(&fit(&file.path, room), room)));
    }
}

fn noise(answer: &Answer, out: &mut String) {
    if answer.noise.is_empty() {
        return;
    }
    title(out, "Files that no build should care about, and lines for .dockerignore");
    for checked in &answer.noise {
        for text in wrapped(&noise_line(answer, checked), WIDTH - 2) {
            line(out, format!("  {text}"));
        }
    }
    if let Some((steps, seconds)) = answer.noise_together {
        line(
            out,
            format!(
                "  All that help together: {}, {} less.",
                counted(steps, "fewer rerun"),
                about(&answer.left, seconds)
            ),
        );
    }
}

/// A line for the ignore file and what is known of it.
pub fn noise_line(answer: &Answer, checked: &Checked) -> String {
    let noise = &checked.noise;
    let verdict = match &checked.verdict {
        Verdict::Saves { steps, seconds } => format!(
            "replayed with this line: {}, {} less",
            counted(*steps, "fewer rerun"),
            about(&answer.left, *seconds)
        ),
        Verdict::SavesNothing => "alone it saves nothing: other files changed with these".into(),
        Verdict::SeldomAlone if noise.alone == 0 => {
            "never alone: other files or reasons were there each time".into()
        }
        Verdict::SeldomAlone => {
            format!("alone in {} only: other files or reasons were there else", counted(noise.alone, "build"))
        }
        Verdict::Used { by } => format!("not proposed: {}", safe(by)),
        Verdict::Breaks { error } => format!("not proposed: the build would fail ({})", safe(error)),
    };
    format!("{}  changed in {}; {verdict}", safe(&noise.line), counted(noise.builds, "build"))
}

fn notes(answer: &Answer, out: &mut String) {
    if answer.notes.is_empty() {
        return;
    }
    title(out, "To know");
    for note in &answer.notes {
        for (at, text) in wrapped(&safe(note), WIDTH - 4).iter().enumerate() {
            line(out, format!("  {} {}", if at == 0 { "-" } else { " " }, text.trim_start()));
        }
    }
}
