//! A prediction of the learner's, held against the model's.

use serde::{Deserialize, Serialize};

use super::load::Lesson;
use super::manifest::Kind;
use super::scenario::{self, Run, Trouble, merged};
use super::words;
use crate::solver::Status;

/// What the learner committed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Numbers of the steps that rebuild, from 1.
    Marks(Vec<usize>),
    /// Number of the choice, from 1.
    Choice(usize),
}

/// One step of the list that the learner marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its label as BuildKit prints it.
    pub label: String,
    /// It rebuilds.
    pub rebuilds: bool,
    /// The model's answer rests on what a RUN puts out.
    pub assumed: bool,
    /// The learner marked it.
    pub marked: bool,
    /// Why it rebuilds, or why it does not where the learner thought that it would.
    pub why: Vec<String>,
}

/// A prediction revealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reveal {
    /// The answer was right.
    pub right: bool,
    /// The steps, for a prediction by marks.
    pub rows: Vec<Row>,
    /// The number of the right choice, for one by choice.
    pub choice: Option<usize>,
}

impl Reveal {
    /// Steps that were said rightly, of all.
    pub fn score(&self) -> (usize, usize) {
        if self.rows.is_empty() {
            return (usize::from(self.right), 1);
        }
        (self.rows.iter().filter(|r| r.marked == r.rebuilds).count(), self.rows.len())
    }
}

/// Simulates what a predict step asks about.
pub fn run(lesson: &Lesson, step: usize) -> Result<Run, Trouble> {
    let m = &lesson.steps[step].manifest;
    let before = merged(&lesson.manifest.build, &m.before);
    let after = merged(&before, &m.with);
    scenario::changed(&lesson.start(step), &m.given, &m.change, &before, &after)
}

/// Labels of the steps that the learner marks; empty for a choice.
pub fn rows(lesson: &Lesson, step: usize) -> Result<Vec<String>, Trouble> {
    if lesson.steps[step].manifest.rebuilds.is_none() {
        return Ok(Vec::new());
    }
    Ok(run(lesson, step)?.after.steps().map(|(_, label, _)| label).collect())
}

/// One line of the list that a learner marks: a step, or an instruction that makes none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Number of the step in the prediction, from 0.
    pub step: Option<usize>,
    /// Its label, or the instruction as written.
    pub text: String,
}

/// The Dockerfile of a prediction by marks, as a list: every step with its label, and between them the
/// instructions that make no step, as the build that is asked about has them. Empty for a choice.
pub fn listing(lesson: &Lesson, step: usize) -> Result<Vec<Listed>, Trouble> {
    if lesson.steps[step].manifest.rebuilds.is_none() {
        return Ok(Vec::new());
    }
    let run = run(lesson, step)?;
    let (graph, file) = (&run.after.outcome.graph, &run.after.input.dockerfile);
    let mut lines: Vec<(usize, Listed)> = Vec::new();
    for (i, s) in run.after.outcome.prediction.steps.iter().enumerate() {
        lines.push((graph.steps[s.step].line, Listed { step: Some(i), text: s.label.to_string() }));
    }
    let is_step = |line: usize| graph.steps.iter().any(|s| s.line == line);
    for (stage, info) in file.stages.iter().zip(&graph.stages).filter(|(_, info)| info.reachable) {
        let others = stage.instructions.iter().map(|i| (i.line, &i.original));
        for (line, text) in
            std::iter::once((info.line, &stage.original)).chain(others).filter(|(l, _)| !is_step(*l))
        {
            lines.push((line, Listed { step: None, text: text.clone() }));
        }
    }
    lines.sort_by_key(|(line, listed)| (*line, listed.step));
    Ok(lines.into_iter().map(|(_, listed)| listed).collect())
}

/// Reveals a prediction.
pub fn reveal(lesson: &Lesson, step: usize, answer: &Answer) -> Result<Reveal, Trouble> {
    let m = &lesson.steps[step].manifest;
    debug_assert_eq!(m.kind, Kind::Predict);
    if m.rebuilds.is_none() {
        let right = *answer == Answer::Choice(m.answer.unwrap_or(0));
        return Ok(Reveal { right, rows: Vec::new(), choice: m.answer });
    }
    let marks: &[usize] = match answer {
        Answer::Marks(marks) => marks,
        Answer::Choice(_) => &[],
    };
    let run = run(lesson, step)?;
    let outcome = &run.after.outcome;
    let rows: Vec<Row> = outcome
        .prediction
        .steps
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let (rebuilds, marked) = (s.status == Status::Executed, marks.contains(&(i + 1)));
            let why = if rebuilds {
                outcome.explanations.get(i).map(words::reasons).unwrap_or_default()
            } else if marked {
                vec![why_cached(&run, i)]
            } else {
                Vec::new()
            };
            Row { label: s.label.to_string(), rebuilds, assumed: !s.certain, marked, why }
        })
        .collect();
    Ok(Reveal { right: rows.iter().all(|r| r.rebuilds == r.marked), rows, choice: None })
}

fn why_cached(run: &Run, step: usize) -> String {
    let graph = &run.after.outcome.graph;
    let prediction = &run.after.outcome.prediction;
    let Some(info) = prediction.steps.get(step).and_then(|s| graph.steps.get(s.step)) else {
        return "Its key is the same as before.".into();
    };
    let earlier_ran = prediction.steps[..step].iter().any(|s| s.status == Status::Executed);
    let word = info.label.instruction.split(' ').next().unwrap_or_default();
    match (word, earlier_ran) {
        ("FROM", _) => "The base image is the same one.".into(),
        ("COPY" | "ADD", false) => "Nothing that it takes in changed, and nothing before it ran.".into(),
        ("WORKDIR", false) => "It makes the same directory on the same step.".into(),
        (_, false) => "Its text, its environment and all that stands before it are the same.".into(),
        ("COPY" | "ADD", true) => {
            "What it takes in has the same content, and the step that it stands on is the same.".into()
        }
        (_, true) => "The steps that it stands on are the same; what ran belongs to another branch.".into(),
    }
}
