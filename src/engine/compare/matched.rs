//! Which step that the engine printed is which predicted one.

use std::collections::{BTreeSet, HashMap};

use super::super::progress::RealStep;
use crate::graph::{Graph, Label, VertexId};
use crate::solver::StepPrediction;

/// Real steps found for predicted ones.
pub(super) struct Matched<'a> {
    pub(super) by_prediction: Vec<Option<Found<'a>>>,
    pub(super) unpredicted: Vec<&'a RealStep>,
}

#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) step: &'a RealStep,
    pub(super) how: How,
}

/// How a real step was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By its label, or by that of a step of equal definition, which is reported once.
    Label,
    /// Printed as older engines do: ONBUILD triggers without the word and not counted, no `stage-0` for a
    /// Dockerfile of one stage whose RUN has a mount.
    OlderLabel,
    /// By stage and text, under other numbers.
    OtherNumber,
}

impl<'a> Matched<'a> {
    pub(super) fn new(
        predicted: &[&StepPrediction],
        real: &[&'a RealStep],
        graph: &Graph,
        old: bool,
    ) -> Self {
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
            if let Some((at, how)) = by_text(step, real, &taken, graph, old) {
                taken[at] = true;
                *found = Some(Found { step: real[at], how });
            }
        }
        let unpredicted = real.iter().zip(&taken).filter(|(_, t)| !**t).map(|(s, _)| *s).collect();
        Self { by_prediction: found, unpredicted }
    }
}

/// Finds a step by its stage and text, under another number or as older engines print it.
fn by_text(
    step: &StepPrediction,
    real: &[&RealStep],
    taken: &[bool],
    graph: &Graph,
    old: bool,
) -> Option<(usize, How)> {
    let text = normal(&step.label.instruction);
    let trigger = graph.steps[step.step].onbuild;
    let bare = text.strip_prefix("ONBUILD ").filter(|_| trigger).unwrap_or(&text);
    let stage = &step.label.stage;
    let is_stage = |name: &Option<String>| {
        name == stage || (old && name.is_none() && stage.as_deref() == Some("stage-0"))
    };
    let at = real.iter().zip(taken).position(|(candidate, taken)| {
        let name = normal(&candidate.label.instruction);
        !taken && is_stage(&candidate.label.stage) && (name == text || name == bare)
    })?;
    let label = &real[at].label;
    let only_nameless = label.stage != *stage && (label.index, label.of) == (step.label.index, step.label.of);
    // What follows a trigger is numbered without it as well.
    let has_triggers = graph.stage_steps(graph.steps[step.step].stage).any(|s| s.onbuild);
    let how = if old && (has_triggers || only_nameless) { How::OlderLabel } else { How::OtherNumber };
    Some((at, how))
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
