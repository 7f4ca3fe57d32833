//! A predicted build for people: a table of steps, what they run for, what it costs.
//!
//! Roots first, by what they drag along: which few steps run for a reason of their own is what one needs to know.

use std::fmt::Write as _;

use super::amount::{count, sum};
use super::ansi::{BOLD, DIM, GREEN, RED, RESET, YELLOW};
use super::answer::{Answer, Step};
use super::{safe, words};
use crate::cost::Figure;
use crate::cost::words::{bytes, figure_seconds as about, seconds};
use crate::explain::{Cause, How, SHOWN_PATHS};
use crate::graph::Label;
use crate::solver::{Assumption, Status};

/// How many steps are named where several rest on one assumption.
const SHOWN_PLACES: usize = 3;

/// What the text needs beside the answer.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Files and bytes of the context, and what is ignored.
    pub context: Size,
    /// Stages that the target does not reach, by name.
    pub unbuilt: &'a [String],
    /// Columns.
    pub width: usize,
    /// This was only asked, nothing is remembered.
    pub plan: bool,
}

/// Size of a context.
#[derive(Debug, Clone, Copy, Default)]
pub struct Size {
    /// Files that take part.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Files, and directories as a whole, that are ignored.
    pub ignored: usize,
}

/// Columns of the terminal, or 120 where there is none.
pub fn width() -> usize {
    use std::io::IsTerminal;
    let columns = std::io::stdout().is_terminal().then(crossterm::terminal::size);
    columns.and_then(Result::ok).map_or(120, |(w, _)| usize::from(w).clamp(60, 160))
}

/// Renders an answer.
pub fn render(answer: &Answer, page: &Page<'_>) -> String {
    let mut out = String::new();
    headline(answer, page, &mut out);
    table(answer, page, &mut out);
    why(answer, &mut out);
    assumptions(answer, &mut out);
    traps(answer, &mut out);
    for note in &answer.notes {
        let _ = writeln!(out, "\n{YELLOW}note{RESET}: {}", safe(note));
    }
    out
}

fn headline(answer: &Answer, page: &Page<'_>, out: &mut String) {
    let Size { files, bytes: weight, ignored } = page.context;
    let _ = write!(
        out,
        "{BOLD}{}{RESET} in {}: {}, {}",
        safe(&answer.dockerfile),
        safe(&answer.context),
        count(files, "file"),
        bytes(weight as f64)
    );
    if ignored > 0 {
        let _ = write!(out, "; {ignored} ignored");
    }
    let total = answer.steps.len();
    let ran: Vec<&Step> = runs(answer).collect();
    let asked = match (&answer.edits[..], page.plan) {
        ([], true) => "A build now".to_string(),
        ([], false) => "This build".to_string(),
        (edits, _) => format!("After an edit of {}, a build", edited(edits)),
    };
    let sentence = if answer.error.is_some() {
        format!("{asked} fails")
    } else if ran.is_empty() {
        format!("{asked} finds all of its {} in the cache", count(total, "step"))
    } else {
        let cost = sum(ran.iter().map(|s| s.seconds));
        format!("{asked} runs {} of {}, {}", ran.len(), count(total, "step"), about(cost))
    };
    let _ = writeln!(out, "\n{}.\n", safe(&sentence));
}

fn edited(edits: &[String]) -> String {
    match edits {
        [one] => one.clone(),
        [a, b] => format!("{a} and {b}"),
        [a, b, rest @ ..] => format!("{a}, {b} and {} more", count(rest.len(), "file")),
        [] => String::new(),
    }
}

fn runs(answer: &Answer) -> impl Iterator<Item = &Step> {
    answer.steps.iter().filter(|s| s.status == Status::Executed)
}

fn label(step: &Step) -> Label {
    let Step { stage, index, of, instruction, .. } = step;
    Label { stage: stage.clone(), index: *index, of: *of, instruction: instruction.clone() }
}

fn table(answer: &Answer, page: &Page<'_>, out: &mut String) {
    // Status, seconds and reason need this much beside the step's name.
    let room = page.width.saturating_sub(56).clamp(24, 72);
    let names: Vec<String> = answer.steps.iter().map(|s| fit(&safe(&label(s).to_string()), room)).collect();
    let column = names.iter().map(|n| columns(n)).max().unwrap_or(0);
    let mut stage = None;
    for (step, name) in answer.steps.iter().zip(&names) {
        if stage.is_some_and(|before| before != &step.stage) {
            out.push('\n');
        }
        stage = Some(&step.stage);
        let pad = " ".repeat(column - columns(name));
        let doubt = if step.certain { "" } else { "?" };
        match step.status {
            Status::Cached => {
                let _ = write!(out, "  {name}{pad}  {GREEN}cached{RESET}{doubt}");
                if step.merge == Some(Status::Executed) {
                    out.push_str("  only its --link merge runs, which is cheap");
                }
                out.push('\n');
            }
            Status::Executed => {
                let took = seconds(step.seconds.value);
                let reason = reason(step, page.width.saturating_sub(column + 25).max(24));
                let _ = writeln!(out, "  {name}{pad}  {RED}{BOLD}runs{RESET}{doubt:<1} {took:>12}  {reason}");
            }
        }
    }
    if !page.unbuilt.is_empty() {
        let _ = writeln!(out, "\n{DIM}  not built: {}{RESET}", safe(&page.unbuilt.join(", ")));
    }
    out.push('\n');
}

/// Why a step runs, in a few words for its row; the parts below the table have the rest.
fn reason(step: &Step, room: usize) -> String {
    let words = match first(step) {
        Some(Cause::Instruction { .. }) => "the instruction changed".into(),
        Some(Cause::New) => "never built before".into(),
        Some(Cause::Output { step, .. }) => format!("takes what {} makes", words::place(step)),
        Some(Cause::Content { changes, total, .. }) => match &changes[..] {
            [one] if *total == 1 => {
                let tail = match one.how {
                    How::Added => " is new",
                    How::Removed => " is gone",
                    How::Mode => " has another mode",
                    _ => " changed",
                };
                return format!("{}{tail}", fit_end(&safe(&one.path), room.saturating_sub(tail.len())));
            }
            _ => format!("{} changed", count(*total, "file")),
        },
        Some(other) => words::cause(other),
        None => String::new(),
    };
    fit(&safe(&words), room)
}

fn why(answer: &Answer, out: &mut String) {
    let mut roots: Vec<&Step> = runs(answer).filter(|s| s.cause.as_ref().is_some_and(|c| c.root)).collect();
    if roots.is_empty() {
        return;
    }
    let ran = runs(answer).count();
    if roots.len() == ran && roots.iter().all(|s| matches!(first(s), Some(Cause::New))) {
        // A cold cache: there is nothing to explain a step at a time.
        out.push_str("Nothing like it was built before: every step runs once.\n");
        return;
    }
    let _ = writeln!(
        out,
        "{BOLD}Why{RESET}: {} for {} own and {} along.",
        match roots.len() {
            1 => "1 step runs".to_string(),
            n => format!("{n} steps run"),
        },
        if roots.len() == 1 { "a reason of its" } else { "reasons of their" },
        match (ran - roots.len(), roots.len()) {
            (0, 1) => "pulls none".to_string(),
            (0, _) => "pull none".to_string(),
            (n, 1) => format!("pulls {n}"),
            (n, _) => format!("pull {n}"),
        }
    );
    roots.sort_by(|a, b| {
        let weight = |s: &Step| (impact(answer, s).1.value, impact(answer, s).0);
        weight(b).partial_cmp(&weight(a)).unwrap_or(std::cmp::Ordering::Equal)
    });
    for root in roots {
        root_cause(answer, root, out);
    }
}

fn first(step: &Step) -> Option<&Cause> {
    step.cause.as_ref().and_then(|c| c.all.first())
}

/// How many steps a root drags along, and the seconds of all with itself.
fn impact(answer: &Answer, root: &Step) -> (usize, Figure) {
    let dragged: Vec<&Step> =
        root.cause.iter().flat_map(|c| &c.drags).filter_map(|&at| answer.steps.get(at)).collect();
    let all = std::iter::once(root).chain(dragged.iter().copied());
    (dragged.len(), sum(all.map(|s| s.seconds)))
}

fn root_cause(answer: &Answer, root: &Step, out: &mut String) {
    let (dragged, cost) = impact(answer, root);
    let impact = match dragged {
        0 => format!("costs {}", about(cost)),
        n => format!("drags {} along and costs {} in all", count(n, "step"), about(cost)),
    };
    let name = fit(&safe(&label(root).to_string()), 64);
    let _ = writeln!(out, "\n  {BOLD}{name}{RESET}  (line {}) {impact}", root.line);
    for cause in root.cause.iter().flat_map(|c| &c.all) {
        details(cause, out);
    }
}

/// The data of a cause, one line each.
fn details(cause: &Cause, out: &mut String) {
    let mut line = |word: &str, text: &str| {
        let _ = writeln!(out, "      {word:<8} {}", fit(&safe(text), 200));
    };
    match cause {
        Cause::Content { changes, total, from } => {
            for change in changes.iter().take(SHOWN_PATHS) {
                line(words::how(change.how), &change.path);
            }
            let hidden = total.saturating_sub(changes.len().min(SHOWN_PATHS));
            if hidden > 0 {
                line("", &format!("… and {hidden} others"));
            }
            if let Some(from) = from {
                line("from", from);
            }
        }
        Cause::Instruction { before, after } => {
            line("was", before);
            line("is", after);
        }
        Cause::Environment { changes } => changes.iter().for_each(|c| line("variable", &words::variable(c))),
        Cause::Parent { .. } => {}
        other => line("because", &words::cause(other)),
    }
}

fn assumptions(answer: &Answer, out: &mut String) {
    let unsure: Vec<&Step> = answer.steps.iter().filter(|s| !s.certain).collect();
    if unsure.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{BOLD}Not certain{RESET}: what a RUN puts out cannot be known without running it. Marked with ?:"
    );
    // What only follows another assumption is as good as that one; what rests on the same is told once.
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for step in unsure {
        let Some(assumption) = &step.assumption else { continue };
        if matches!(assumption.what, Assumption::Follows { .. }) {
            continue;
        }
        let place = words::place(&label(step));
        match told.iter_mut().find(|(message, _)| *message == assumption.message) {
            Some((_, places)) => places.push(place),
            None => told.push((assumption.message.clone(), vec![place])),
        }
    }
    for (message, places) in told {
        let more = places.len().saturating_sub(SHOWN_PLACES);
        let mut named = places.into_iter().take(SHOWN_PLACES).collect::<Vec<_>>().join(" ");
        if more > 0 {
            let _ = write!(named, " and {more} more");
        }
        let _ = writeln!(out, "  {} {}", safe(&named), safe(&message));
    }
}

fn traps(answer: &Answer, out: &mut String) {
    if answer.traps.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{BOLD}Watch out{RESET}");
    for trap in &answer.traps {
        let _ = writeln!(out, "  {YELLOW}!{RESET} {}", safe(&trap.message));
        let _ = writeln!(out, "    change: {}", safe(&trap.change));
    }
}

/// Columns of a text on a terminal.
pub fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// A text cut to so many columns, with `…` where something is left out.
pub fn fit(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_string();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// A text cut to so many columns at its beginning: of a path the end says most.
pub fn fit_end(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_string();
    }
    let mut used = 1;
    let mut kept: Vec<char> = Vec::new();
    for c in text.chars().rev() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > room {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept.into_iter().rev().collect()
}
