//! A predicted build beside the real one, step by step.
//!
//! Pure: a prediction and what a build reported come in, rows with a verdict go out.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::progress::{Format, Progress, RealStep, Status as RealStatus};
use crate::context::Digest;
use crate::dockerfile::{Diagnostic, DiagnosticKind};
use crate::explain::Cause;
use crate::graph::{Action, Graph, Label, Op, Source, VertexId};
use crate::simulate::Outcome;
use crate::solver::{Assumption, Status, StepPrediction};

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

/// How a whole build ended, predicted and real.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Ending {
    /// It was built, as predicted.
    Built,
    /// It failed, as predicted.
    FailedAsPredicted {
        /// layerlab's words.
        predicted: String,
        /// The engine's words.
        real: String,
    },
    /// A command failed or something outside of the model did: nothing to compare from there on.
    Failed {
        /// The engine's words.
        real: String,
    },
    /// The engine's frontend is older than what the Dockerfile asks for.
    NotSupported {
        /// The engine's words.
        real: String,
    },
    /// layerlab predicted an error and the engine built.
    ErrorNotReal {
        /// layerlab's words.
        predicted: String,
    },
    /// The engine found an error that layerlab should have predicted.
    ErrorNotPredicted {
        /// The engine's words.
        real: String,
    },
}

impl Ending {
    /// Says whether layerlab was wrong about it.
    pub fn is_different(&self) -> bool {
        matches!(self, Self::ErrorNotReal { .. } | Self::ErrorNotPredicted { .. })
    }
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

/// Compares how the builds ended.
pub fn ending(predicted: Option<&Diagnostic>, real: &Progress, around: &Circumstances) -> Ending {
    match (predicted, &real.failure) {
        (None, None) => Ending::Built,
        (Some(error), None) => Ending::ErrorNotReal { predicted: error.message.clone() },
        (Some(error), Some(failure)) => {
            let same = match (&error.kind, &error.path) {
                (DiagnosticKind::SourceNotFound, Some(path)) => failure.message.contains(path.as_str()),
                _ => true,
            };
            let (predicted, real) = (error.message.clone(), failure.message.clone());
            if same {
                Ending::FailedAsPredicted { predicted, real }
            } else {
                Ending::ErrorNotPredicted { real }
            }
        }
        (None, Some(failure)) => {
            let real = failure.message.clone();
            if is_frontend_error(&real) && around.dockerd.is_some_and(is_old) {
                Ending::NotSupported { real }
            } else if is_frontend_error(&real) || is_missing_source(&real) {
                Ending::ErrorNotPredicted { real }
            } else {
                Ending::Failed { real }
            }
        }
    }
}

/// Engines whose own frontend lacks flags and stale hits of today's.
fn is_old(version: (u32, u32)) -> bool {
    version < (27, 0)
}

/// The Dockerfile itself was refused.
fn is_frontend_error(message: &str) -> bool {
    // The last is how a frontend of 2021 ends at a variable that it cannot expand.
    let words = [
        "parse error",
        "nknown flag",
        "nknown instruction",
        "failed to parse dockerfile",
        "not a valid",
        "failed to create LLB definition",
    ];
    words.iter().any(|w| message.contains(w))
}

/// A COPY names a path that is not there.
fn is_missing_source(message: &str) -> bool {
    message.contains("not found")
        && (message.contains("failed to calculate checksum")
            || message.contains("failed to compute cache key"))
}

/// Real steps found for predicted ones.
struct Matched<'a> {
    by_prediction: Vec<Option<Found<'a>>>,
    unpredicted: Vec<&'a RealStep>,
}

#[derive(Clone, Copy)]
struct Found<'a> {
    step: &'a RealStep,
    how: How,
}

/// How a real step was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// By its label, or by that of a step of equal definition, which is reported once.
    Label,
    /// Printed as older engines do: ONBUILD triggers without the word and not counted, no `stage-0` for a
    /// Dockerfile of one stage whose RUN has a mount.
    OlderLabel,
    /// By stage and text, under other numbers.
    OtherNumber,
}

impl<'a> Matched<'a> {
    fn new(predicted: &[&StepPrediction], real: &[&'a RealStep], graph: &Graph, old: bool) -> Self {
        let shifted = shifted_stages(predicted, real);
        let key = |label: &Label, of_real: bool| {
            let shift = u32::from(of_real && shifted.contains(&label.stage));
            (label.stage.clone(), label.index + shift, label.of, normal(&label.instruction))
        };
        let mut taken = vec![false; real.len()];
        let mut by_label: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, step) in real.iter().enumerate() {
            by_label.entry(key(&step.label, true)).or_default().push(at);
        }
        let mut found: Vec<Option<Found<'a>>> = predicted
            .iter()
            .map(|step| {
                let at = *by_label.get(&key(&step.label, false))?.first()?;
                taken[at] = true;
                Some(Found { step: real[at], how: How::Label })
            })
            .collect();
        // Two vertices of equal definition are one and reported once, under the label of either.
        let by_vertex: HashMap<VertexId, Found<'a>> = predicted
            .iter()
            .zip(&found)
            .filter_map(|(step, found)| Some((graph.steps[step.step].vertex, (*found)?)))
            .collect();
        for (step, found) in predicted.iter().zip(&mut found) {
            if found.is_none() {
                *found = by_vertex.get(&graph.steps[step.step].vertex).copied();
            }
        }
        for (step, found) in predicted.iter().zip(&mut found) {
            if found.is_some() {
                continue;
            }
            let text = normal(&step.label.instruction);
            let trigger = graph.steps[step.step].onbuild;
            let bare = text.strip_prefix("ONBUILD ").filter(|_| trigger).unwrap_or(&text).to_owned();
            let stage = &step.label.stage;
            let is_stage = |name: &Option<String>| {
                name == stage || (old && name.is_none() && stage.as_deref() == Some("stage-0"))
            };
            let at = real.iter().enumerate().position(|(at, candidate)| {
                let name = normal(&candidate.label.instruction);
                !taken[at] && is_stage(&candidate.label.stage) && (name == text || name == bare)
            });
            if let Some(at) = at {
                taken[at] = true;
                let label = &real[at].label;
                let only_nameless =
                    label.stage != *stage && (label.index, label.of) == (step.label.index, step.label.of);
                // What follows a trigger is numbered without it as well.
                let has_triggers = graph.stage_steps(graph.steps[step.step].stage).any(|s| s.onbuild);
                let how =
                    if old && (has_triggers || only_nameless) { How::OlderLabel } else { How::OtherNumber };
                *found = Some(Found { step: real[at], how });
            }
        }
        let unpredicted = real.iter().zip(&taken).filter(|(_, t)| !**t).map(|(s, _)| *s).collect();
        Self { by_prediction: found, unpredicted }
    }
}

/// Stages whose base came by a named context: BuildKit counts it in `of` and gives it no number, so that all
/// steps print one less.
fn shifted_stages(predicted: &[&StepPrediction], real: &[&RealStep]) -> BTreeSet<Option<String>> {
    let by_text: HashMap<_, u32> = predicted
        .iter()
        .map(|s| ((s.label.stage.clone(), normal(&s.label.instruction), s.label.of), s.label.index))
        .collect();
    let mut stages: HashMap<Option<String>, bool> = HashMap::new();
    for step in real {
        let text = (step.label.stage.clone(), normal(&step.label.instruction), step.label.of);
        let is_one_less = by_text.get(&text).is_some_and(|index| *index == step.label.index + 1);
        *stages.entry(step.label.stage.clone()).or_insert(true) &= is_one_less;
    }
    stages.into_iter().filter_map(|(stage, all)| all.then_some(stage)).collect()
}

/// Blanks of a label are printed as written by some versions and not by others.
fn normal(instruction: &str) -> String {
    instruction.split_whitespace().collect::<Vec<_>>().join(" ")
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
        label: step.label.clone(),
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

/// Lets go of differences that only follow from guesses that did not come true in a build before: from then on
/// layerlab's cache and the engine's hold different results of those steps.
pub fn excuse(rows: &mut [Row], guessed_wrong: &mut BTreeSet<String>) {
    for row in rows.iter_mut() {
        let name = row.label.to_string();
        if row.verdict == Verdict::Different && row.real.is_some() && guessed_wrong.contains(&name) {
            row.verdict = Verdict::GuessedWrong;
            row.note = Some("follows from a wrong guess in a build before".to_owned());
        }
    }
    let wrong = rows.iter().filter(|r| r.verdict == Verdict::GuessedWrong);
    guessed_wrong.extend(wrong.map(|row| row.label.to_string()));
}

/// Takes down the steps of a build that failed: whether one that was under way beside the failing one was
/// finished and kept is a matter of time.
pub fn note_overtaken(rows: &[Row], overtaken: &mut BTreeSet<String>) {
    overtaken.extend(rows.iter().map(|row| row.label.to_string()));
}

/// Lets go of steps that are found now because they were finished in a build that failed.
pub fn excuse_overtaken(rows: &mut [Row], overtaken: &BTreeSet<String>) {
    for row in rows.iter_mut() {
        let is_found = row.real.is_some_and(|r| r.status == RealStatus::Cached);
        if row.verdict == Verdict::Different && is_found && overtaken.contains(&row.label.to_string()) {
            row.verdict = Verdict::FromBefore;
            row.note = Some("it was finished in the build before, while another step failed".to_owned());
        }
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
        label: step.label.clone(),
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

/// For each vertex: no engine can have a result of it from before the session.
///
/// A vertex is found by all its inputs at once, so one that is new to the engine is enough, where it counts by
/// definition, or by the content of a marked context. What a stage put out may be known by its content.
pub fn freshness(graph: &Graph, around: &Circumstances) -> Vec<bool> {
    let mut fresh: Vec<bool> = Vec::with_capacity(graph.vertices.len());
    for vertex in &graph.vertices {
        let is_context = |input: &usize| {
            let source = &graph.vertices[vertex.inputs[*input]].op;
            around.fresh_contexts && matches!(source, Op::Source(Source::Context { .. }))
        };
        let by_definition = |input: &usize| fresh[vertex.inputs[*input]];
        fresh.push(match &vertex.op {
            Op::Source(Source::Image { digest, .. }) => around.fresh_images.contains(digest),
            Op::Source(_) => false,
            Op::Merge => vertex.inputs.iter().any(|input| fresh[*input]),
            Op::Exec(exec) => exec.mounts.iter().any(|mount| match &mount.input {
                Some(input) if mount.target == "/" => by_definition(input),
                Some(input) => is_context(input),
                None => false,
            }),
            Op::File(file) => {
                file.base.as_ref().is_some_and(by_definition)
                    || file.actions.iter().any(|action| match action {
                        Action::Copy(copy) => copy.input.as_ref().is_some_and(is_context),
                        Action::Mkdir { .. } | Action::Mkfile { .. } => false,
                    })
            }
        });
    }
    fresh
}

/// Says whether every RUN, COPY and ADD is new to the engine; a WORKDIR alone cannot be helped.
pub fn is_all_fresh(graph: &Graph, around: &Circumstances) -> bool {
    let fresh = freshness(graph, around);
    graph.vertices.iter().zip(fresh).all(|(vertex, fresh)| {
        let made_by_a_step = match &vertex.op {
            Op::Source(_) | Op::Merge => false,
            Op::Exec(_) => true,
            Op::File(file) => !file.actions.iter().all(|a| matches!(a, Action::Mkdir { .. })),
        };
        fresh || !made_by_a_step
    })
}

#[cfg(test)]
mod tests;
