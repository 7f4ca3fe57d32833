//! A verification for people: one table a build, differences in full.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::report::{Report, Series};
use crate::cli::output::amount::count;
use crate::cli::output::ansi::{BOLD, DIM, GREEN, RED, RESET, YELLOW};
use crate::cli::output::text::{self, fit};
use crate::cli::output::{safe, words};
use crate::cli::project::Sources;
use crate::cost::words::seconds;
use crate::engine::compare::{Ending, Row, Said, Verdict};
use crate::engine::progress::Status as RealStatus;
use crate::engine::session::BuildReport;
use crate::solver::Status;

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
    let room = text::width().saturating_sub(57).clamp(24, 72);
    let names: Vec<String> = build.steps.iter().map(|s| fit(&safe(&s.label.to_string()), room)).collect();
    let column = names.iter().map(|n| n.width()).max().unwrap_or(0).max(4);
    if !names.is_empty() {
        let _ = writeln!(
            out,
            "{DIM}  step{}  predicted      real           same?           seconds{RESET}",
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
        let took = if took.is_empty() { took } else { format!("{}{took:>9}", " ".repeat(14 - word.len())) };
        let _ = writeln!(out, "  {name}{pad}  {predicted:<13}  {real:<13}  {color}{word}{RESET}{took}");
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::report::Learned;
    use super::*;
    use crate::context::Tree;
    use crate::engine::compare::{self, Circumstances};
    use crate::engine::progress::{Format, Progress, RealStep};
    use crate::graph::GraphOptions;
    use crate::simulate::{BuildInput, Simulator};

    const TEXT: &str = "FROM alpine AS build\nCOPY src /s\nRUN make \x1b[31m\nRUN test\n\
        FROM alpine\nCOPY --link --from=build /out /out\nRUN ls\n";

    /// An edit after which the engine does not do what was predicted, in one way a step.
    fn report() -> BuildReport {
        let input = |source: &str| BuildInput {
            dockerfile: Arc::new(crate::dockerfile::parse(TEXT).expect(TEXT)),
            options: GraphOptions::default(),
            context: Tree::from_pairs([("src/a.js", source)]),
            named: BTreeMap::new(),
        };
        let mut simulator = Simulator::default();
        simulator.build(&input("1")).expect(TEXT);
        let outcome = simulator.predict(&input("2")).expect(TEXT);
        let step = |label: &crate::graph::Label, status, merge| RealStep {
            label: label.clone(),
            status,
            merge,
            started: None,
            seconds: Some(1.25),
            digest: None,
            error: None,
        };
        let mut steps = Vec::new();
        for predicted in &outcome.prediction.steps {
            match predicted.label.instruction.as_str() {
                // Found although its files changed.
                "COPY src /s" => steps.push(step(&predicted.label, RealStatus::Cached, None)),
                // Not printed at all.
                "RUN test" => {}
                // Found although what it takes was taken to have changed.
                text if text.starts_with("COPY --link") => {
                    steps.push(step(&predicted.label, RealStatus::Cached, Some(RealStatus::Cached)));
                }
                _ => steps.push(step(&predicted.label, RealStatus::Executed, None)),
            }
        }
        let real = Progress { format: Format::RawJson, steps, failure: None };
        let around = Circumstances {
            fresh_contexts: true,
            fresh_images: ["docker.io/library/alpine:latest".to_owned()].into(),
            ..Circumstances::default()
        };
        BuildReport {
            name: "edit src/a.js".into(),
            steps: compare::rows(&outcome, &real, &around),
            ending: Ending::Built,
            seconds: 4.2,
            layers: BTreeMap::new(),
            log: String::new(),
        }
    }

    #[test]
    fn a_difference_is_shown_with_what_a_bug_report_needs() {
        let mut built = report();
        for row in &mut built.steps {
            // Keys change with every rule of the model.
            row.key = row.key.as_ref().map(|_| "0123".to_owned());
        }
        let shown = build(&built, "Docker 26.1.5 through buildx, classic image store, rawjson progress");
        let mut whole = Report::default();
        let (id, about) = ("project".to_owned(), String::new());
        whole.series.push(Series { id, about, skipped: None, builds: vec![built] });
        whole.learned =
            Learned { steps: 2, file: Some("/home/x/.local/state/layerlab/measured/app-1.json".into()) };
        assert!(whole.is_different() && whole.failure().is_none());
        let shown = anstream::adapter::strip_str(&(shown + &end(&whole))).to_string();
        let version = format!("layerlab {}", env!("CARGO_PKG_VERSION"));
        insta::assert_snapshot!(shown.replace(&version, "layerlab VERSION"));
    }

    #[test]
    fn every_ending_has_its_words() {
        let mut all = String::new();
        let real = || "failed to solve: \x1b[31mno".to_owned();
        for one in [
            Ending::Built,
            Ending::FailedAsPredicted { predicted: "/a is not there to be copied".into(), real: real() },
            Ending::Failed { real: real() },
            Ending::NotSupported { real: real() },
            Ending::ErrorNotReal { predicted: "/a is not there to be copied".into() },
            Ending::ErrorNotPredicted { real: real() },
        ] {
            ending(&one, &mut all);
        }
        insta::assert_snapshot!(anstream::adapter::strip_str(&all).to_string());
    }
}
