//! A predicted build beside the real one, step by step.
//!
//! Pure: a prediction and what a build reported come in, rows with a verdict go out.

use std::collections::BTreeSet;

use serde::Serialize;

use super::progress::{Format, Progress, RealStep, Status as RealStatus};
use crate::context::Digest;
use crate::explain::Cause;
use crate::graph::Label;
use crate::simulate::Outcome;
use crate::solver::{Assumption, Status, StepPrediction};

mod ending;
mod excused;
mod fresh;
mod matched;

pub use ending::{Ending, ending};
pub use excused::{excuse, excuse_overtaken, note_overtaken};
pub use fresh::{freshness, is_all_fresh};
use matched::{Found, How, Matched};

/// What is known of the engine that reported, and of the state it began with.
#[derive(Debug, Clone, Default)]
pub struct Circumstances {
    /// Version of dockerd as major and minor; none for BuildKit of its own.
    pub dockerd: Option<(u32, u32)>,
    /// `--no-cache-filter` was given in this build or one before it.
    pub filtered_no_cache: bool,
    /// Base images, as the graph's digests name them, that no build has seen before this session.
    pub fresh_images: BTreeSet<String>,
    /// The files of the contexts are marked, so that no earlier result is found by them.
    pub fresh_contexts: bool,
}

/// One step, predicted and real.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The step as predicted; of a step that only the engine has, as printed.
    #[serde(flatten)]
    pub label: Label,
    /// The prediction; none for a step that only the engine has.
    pub predicted: Option<Said<Status>>,
    /// What happened; none for a step that the engine did not print.
    pub real: Option<Said<RealStatus>>,
    /// Same or not.
    pub verdict: Verdict,
    /// What is to be known about the verdict.
    pub note: Option<String>,
    /// The prediction rests on something that cannot be known beforehand.
    pub certain: bool,
    /// What it rests on.
    pub assumption: Option<Assumption>,
    /// Why layerlab has it run.
    pub causes: Vec<Cause>,
    /// Seconds of the real step.
    pub seconds: Option<f64>,
    /// Digest of its operation, by which measured figures are kept.
    #[serde(skip)]
    pub operation: Option<Digest>,
    /// Line in the Dockerfile, from 1.
    pub line: Option<usize>,
    /// The step's identity in layerlab's cache.
    pub key: Option<String>,
}

/// Status of a step, and of the LINK merge of a COPY --link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Said<S> {
    /// The step's.
    pub status: S,
    /// The merge's.
    pub merge: Option<S>,
}

/// What comparing one step says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Predicted and real agree.
    Same,
    /// They do not: layerlab is wrong.
    Different,
    /// The prediction was marked as uncertain, and came true.
    GuessedRight,
    /// The prediction was marked as uncertain, and did not come true.
    GuessedWrong,
    /// They differ in a way in which this engine is known to differ from BuildKit of today.
    KnownDifference,
    /// Found in the engine's cache from builds that layerlab cannot know of: from before this session, or
    /// finished beside a step that failed.
    FromBefore,
    /// The build ended before this step.
    NotReached,
}

/// Compares the steps. FROM is left out: whether a base image counts as cached says nothing.
pub fn rows(outcome: &Outcome, real: &Progress, around: &Circumstances) -> Vec<Row> {
    let predicted: Vec<&StepPrediction> =
        outcome.prediction.steps.iter().filter(|s| !s.label.is_from()).collect();
    let steps: Vec<&RealStep> = real.steps.iter().filter(|s| !s.label.is_from()).collect();
    let old = around.dockerd.is_some_and(is_old);
    let found = Matched::new(&predicted, &steps, &outcome.graph, old);
    let fresh = freshness(&outcome.graph, around);
    let mut rows: Vec<Row> = predicted
        .iter()
        .zip(&found.by_prediction)
        .map(|(step, found)| row(outcome, step, *found, real, around, &fresh))
        .collect();
    for step in &found.unpredicted {
        if matches!(step.status, RealStatus::Cached | RealStatus::Executed) {
            rows.push(only_real(step));
        }
    }
    rows
}

/// Engines whose own frontend lacks flags and stale hits of today's.
fn is_old(version: (u32, u32)) -> bool {
    version < (27, 0)
}

fn row(
    outcome: &Outcome,
    step: &StepPrediction,
    found: Option<Found<'_>>,
    real: &Progress,
    around: &Circumstances,
    fresh: &[bool],
) -> Row {
    let graph_step = &outcome.graph.steps[step.step];
    let at = outcome.prediction.steps.iter().position(|s| s.step == step.step);
    let causes = at.and_then(|at| outcome.explanations.get(at)).map(|e| e.causes.clone()).unwrap_or_default();
    let predicted = Said { status: step.status, merge: step.merge };
    let reported = found.map(|f| Said { status: f.step.status, merge: f.step.merge });
    let (verdict, note) = match found {
        None if real.failure.is_some() => (Verdict::NotReached, None),
        None => (Verdict::Different, Some("the engine prints no such step".to_owned())),
        Some(found) => {
            let merge_fresh = graph_step.merge.is_none_or(|merge| fresh[merge]);
            judge(step, found, real, around, fresh[graph_step.vertex], merge_fresh)
        }
    };
    Row {
        label: Label::clone(&step.label),
        predicted: Some(predicted),
        real: reported,
        verdict,
        note,
        certain: step.certain,
        assumption: step.assumption.clone(),
        causes,
        seconds: found.and_then(|f| f.step.seconds),
        operation: Some(outcome.graph.vertices[graph_step.vertex].op.cache_digest()),
        line: Some(graph_step.line),
        key: Some(step.key.to_string()),
    }
}

fn judge(
    step: &StepPrediction,
    found: Found<'_>,
    real: &Progress,
    around: &Circumstances,
    fresh: bool,
    merge_fresh: bool,
) -> (Verdict, Option<String>) {
    let said = found.step;
    // A step that failed did run; one that was stopped says nothing.
    let status = match said.status {
        RealStatus::Cached => Status::Cached,
        RealStatus::Executed | RealStatus::Error => Status::Executed,
        RealStatus::NotRun if real.failure.is_some() => return (Verdict::NotReached, None),
        RealStatus::NotRun => {
            let note = "the engine did not need it".to_owned();
            let verdict = if step.status == Status::Cached { Verdict::Same } else { Verdict::Different };
            return (verdict, Some(note));
        }
    };
    let same = match (real.format, step.merge) {
        // The text form prints copy and merge as one, cached only if both were.
        (Format::Plain, Some(merge)) => {
            let both = if merge == Status::Cached { step.status } else { Status::Executed };
            status == both
        }
        (_, Some(merge)) => {
            let real_merge = match said.merge {
                Some(RealStatus::Cached) => Some(Status::Cached),
                Some(RealStatus::Executed | RealStatus::Error) => Some(Status::Executed),
                // Of a merge that is the same vertex as another step's, nothing is printed here.
                _ => None,
            };
            status == step.status && real_merge.is_none_or(|real| real == merge)
        }
        (_, None) => status == step.status,
    };
    let numbered =
        (found.how == How::OtherNumber).then(|| format!("the engine prints it as {}", found.step.label));
    match (same, step.certain) {
        (true, true) if numbered.is_some() => (Verdict::Different, numbered),
        (true, true) if found.how == How::OlderLabel => {
            let note = format!("this engine prints {}", found.step.label);
            (Verdict::KnownDifference, Some(note))
        }
        (true, true) => (Verdict::Same, None),
        (true, false) => (Verdict::GuessedRight, None),
        (false, _) => differing(step, status, said, around, fresh, merge_fresh),
    }
}

/// Which kind of difference it is.
fn differing(
    step: &StepPrediction,
    status: Status,
    said: &RealStep,
    around: &Circumstances,
    fresh: bool,
    merge_fresh: bool,
) -> (Verdict, Option<String>) {
    if !step.certain {
        return (Verdict::GuessedWrong, None);
    }
    // layerlab starts from nothing. What is made of constants alone cannot be made anew for the engine.
    let copy_before = status == Status::Cached && step.status == Status::Executed && !fresh;
    let merge_before = said.merge == Some(RealStatus::Cached)
        && step.merge == Some(Status::Executed)
        && status == step.status
        && !merge_fresh;
    if copy_before || merge_before {
        let note = "the engine has it from a build before this session".to_owned();
        return (Verdict::FromBefore, Some(note));
    }
    let stale = around.filtered_no_cache && step.status == Status::Cached && status == Status::Executed;
    if stale && around.dockerd.is_some_and(is_old) {
        let note = "this engine finds no stale result after a filtered --no-cache".to_owned();
        return (Verdict::KnownDifference, Some(note));
    }
    (Verdict::Different, None)
}

fn only_real(step: &RealStep) -> Row {
    Row {
        label: Label::clone(&step.label),
        predicted: None,
        real: Some(Said { status: step.status, merge: step.merge }),
        verdict: Verdict::Different,
        note: Some("layerlab has no such step".to_owned()),
        certain: true,
        assumption: None,
        causes: Vec::new(),
        seconds: step.seconds,
        operation: None,
        line: None,
        key: None,
    }
}

#[cfg(test)]
mod tests;
