//! A verification for people: one table a build, differences in full.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::report::{Report, Series};
use crate::cli::output::amount::count;
use crate::cli::output::{safe, text, words};
use crate::cli::project::Sources;
use crate::cost::words::seconds;
use crate::engine::compare::{Ending, Row, Said, Verdict};
use crate::engine::progress::Status as RealStatus;
use crate::engine::session::BuildReport;
use crate::solver::Status;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

/// What is verified, and on what.
pub fn start(report: &Report, sources: Option<&Sources>) -> String {
    let mut out = String::new();
    if let Some(sources) = sources {
        let context = sources.context.display().to_string();
        let _ = writeln!(out, "{BOLD}{}{RESET} in {}", safe(&sources.dockerfile_name), safe(&context));
    }
    if let Some(engine) = &report.engine {
        let _ = writeln!(out, "on {}", safe(&engine.name));
    }
    out
}

/// The head of a series.
pub fn series(series: &Series) -> String {
    let mut out = String::new();
    if series.id != "project" {
        let _ = write!(out, "\n{BOLD}Scenario {}{RESET}", safe(&series.id));
        if !series.about.is_empty() {
            let _ = write!(out, ": {}", safe(&series.about));
        }
        out.push('\n');
    }
    if let Some(reason) = &series.skipped {
        let _ = writeln!(out, "  left out: {}", safe(reason));
    }
    out
}

/// The table of one build, and its differences.
pub fn build(build: &BuildReport, engine: &str) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "\n{BOLD}{}{RESET}  {DIM}{}{RESET}", safe(&build.name), seconds(build.seconds));
    let room = text::width().saturating_sub(52).clamp(24, 72);
    let names: Vec<String> = build.steps.iter().map(|s| fit(&safe(&s.label.to_string()), room)).collect();
    let column = names.iter().map(|n| n.width()).max().unwrap_or(0).max(4);
    if !names.is_empty() {
        let _ = writeln!(
            out,
            "{DIM}  step{}  predicted    real         same?            seconds{RESET}",
            " ".repeat(column - 4)
        );
    }
    for (row, name) in build.steps.iter().zip(&names) {
        let pad = " ".repeat(column - name.width());
        let predicted = row.predicted.map_or_else(|| "-".to_owned(), |p| said(p, status) + doubt(row));
        let real = row.real.map_or_else(|| "-".to_owned(), |r| said(r, real_status));
        let (color, word) = verdict(row.verdict);
        let took = row.seconds.filter(|_| row.real.is_some_and(|r| r.status != RealStatus::Cached));
        let took = took.map(seconds).unwrap_or_default();
        let line = format!("  {name}{pad}  {predicted:<11}  {real:<11}  {color}{word:<14}{RESET}  {took:>8}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for row in &build.steps {
        if let Some(note) = &row.note {
            let _ = writeln!(out, "  {YELLOW}note{RESET} {}: {}", words::place(&row.label), safe(note));
        }
        if row.verdict == Verdict::GuessedWrong {
            let rests = row.assumption.as_ref().zip(row.predicted);
            let why = rests.map(|(a, p)| words::assumption(a, p.status)).unwrap_or_default();
            let _ = writeln!(
                out,
                "  {YELLOW}guessed wrong{RESET} {}, which layerlab said it could not know: {}",
                words::place(&row.label),
                safe(&why)
            );
        }
    }
    ending(&build.ending, &mut out);
    for row in build.steps.iter().filter(|r| r.verdict == Verdict::Different) {
        difference(build, row, engine, &mut out);
    }
    out
}

fn ending(ending: &Ending, out: &mut String) {
    let _ = match ending {
        Ending::Built => Ok(()),
        Ending::FailedAsPredicted { predicted, real } => {
            writeln!(
                out,
                "  fails, as predicted\n    layerlab: {}\n    engine:   {}",
                safe(predicted),
                safe(real)
            )
        }
        Ending::Failed { real } => writeln!(
            out,
            "  {RED}the build fails on this engine{RESET}, so that nothing can be compared from here on\n    {}",
            safe(real)
        ),
        Ending::NotSupported { real } => writeln!(
            out,
            "  {YELLOW}not compared{RESET}: this engine's own frontend does not know all of this Dockerfile\n    {}",
            safe(real)
        ),
        Ending::ErrorNotReal { predicted } => writeln!(
            out,
            "  {RED}{BOLD}DIFFERENT{RESET}: layerlab says that this build fails, and it does not\n    layerlab: {}",
            safe(predicted)
        ),
        Ending::ErrorNotPredicted { real } => writeln!(
            out,
            "  {RED}{BOLD}DIFFERENT{RESET}: this build fails, and layerlab does not say so\n    engine: {}",
            safe(real)
        ),
    };
}

/// A difference with all that a bug report needs.
fn difference(build: &BuildReport, row: &Row, engine: &str, out: &mut String) {
    let line = row.line.map(|l| format!(" (line {l})")).unwrap_or_default();
    let _ = writeln!(out, "\n  {RED}{BOLD}DIFFERENT{RESET}: {}{line}", safe(&row.label.to_string()));
    let _ = writeln!(out, "    build:     {}", safe(&build.name));
    let predicted = row.predicted.map_or_else(|| "no such step".to_owned(), |p| said(p, status));
    let real = row.real.map_or_else(|| "no such step".to_owned(), |r| said(r, real_status));
    let _ = writeln!(out, "    layerlab:  {predicted}");
    let causes: Vec<String> = row.causes.iter().map(words::cause).collect();
    match &causes[..] {
        [] if row.predicted.is_some_and(|p| p.status == Status::Cached) => {
            out.push_str("    because:   its record was found, with every input as it was\n");
        }
        [] => {}
        causes => {
            let _ = writeln!(out, "    because:   {}", safe(&causes.join("; ")));
        }
    }
    if let Some(key) = &row.key {
        let _ = writeln!(out, "    key:       {key}");
    }
    let _ = writeln!(out, "    engine:    {real}");
    let _ = writeln!(out, "    on:        {}", safe(engine));
    let _ = writeln!(out, "    version:   layerlab {}", env!("CARGO_PKG_VERSION"));
    out.push_str("    Please file this with the Dockerfile, the ignore file and the edit.\n");
}

/// The sums, and what was learned.
pub fn end(report: &Report) -> String {
    let mut out = String::new();
    for note in &report.notes {
        let _ = writeln!(out, "\n{YELLOW}note{RESET}: {}", safe(note));
    }
    let totals = report.totals();
    if totals.builds == 0 {
        return out;
    }
    let compared = format!("{} of {}", count(totals.steps, "step"), count(totals.builds, "build"));
    let mut parts = vec![format!("{} as predicted", totals.same)];
    let mut add = |n: usize, words: &str| {
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    };
    add(totals.guessed_right, "uncertain and guessed right");
    add(totals.guessed_wrong, "uncertain and guessed wrong");
    add(totals.known_difference, "with a known difference of this engine");
    add(totals.from_before, "not compared, found from before");
    let _ = writeln!(out, "\n{compared} compared: {}.", parts.join(", "));
    if totals.different > 0 {
        let _ = writeln!(
            out,
            "{RED}{BOLD}{} as layerlab predicted.{RESET}",
            match totals.different {
                1 => "1 thing is not".to_owned(),
                n => format!("{n} things are not"),
            }
        );
    } else if report.failure().is_none() && report.error.is_none() {
        let _ = writeln!(out, "{GREEN}layerlab and this engine agree.{RESET}");
    }
    if let Some(file) = &report.learned.file {
        let _ = writeln!(
            out,
            "Learned from {} that ran; later predictions use the figures: {}",
            count(report.learned.steps, "step"),
            safe(&file.display().to_string())
        );
    }
    out
}

fn said<S: Copy>(said: Said<S>, word: fn(S) -> &'static str) -> String {
    match said.merge {
        None => word(said.status).to_owned(),
        Some(merge) => format!("{}/{}", word(said.status), word(merge)),
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Cached => "cached",
        Status::Executed => "runs",
    }
}

fn real_status(status: RealStatus) -> &'static str {
    match status {
        RealStatus::Cached => "cached",
        RealStatus::Executed => "runs",
        RealStatus::NotRun => "-",
        RealStatus::Error => "fails",
    }
}

fn doubt(row: &Row) -> &'static str {
    if row.certain { "" } else { "?" }
}

fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Same => (GREEN, "same"),
        Verdict::GuessedRight => (GREEN, "guessed right"),
        Verdict::GuessedWrong => (YELLOW, "guessed wrong"),
        Verdict::KnownDifference => (YELLOW, "known"),
        Verdict::FromBefore => (YELLOW, "from before"),
        Verdict::NotReached => (DIM, "not reached"),
        Verdict::Different => (RED, "DIFFERENT"),
    }
}

/// Cuts a text to a number of columns.
fn fit(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if out.width() + c.to_string().width() + 1 > room {
            break;
        }
        out.push(c);
    }
    out + "…"
}
