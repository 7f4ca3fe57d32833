//! Whole answers, from predictions made by hand: what the solver would say is not the matter here.

use std::sync::Arc;

use super::answer::Answer;
use super::text::{Page, Size, render};
use crate::context::{Digest, Trap};
use crate::cost::{Basis, Figure, StepCost};
use crate::dockerfile::{Diagnostic, DiagnosticKind, parse};
use crate::explain::{Cause, Explanation, How, PathChange};
use crate::graph::{Graph, GraphOptions, build};
use crate::solver::{Assumption, Prediction, Status, StepPrediction};

/// What is said of one step: causes of what runs, nothing of what is cached.
type Said = Option<(Vec<Cause>, Vec<usize>)>;

/// A prediction made by hand.
struct Outcome {
    graph: Arc<Graph>,
    prediction: Prediction,
    explanations: Vec<Explanation>,
}

fn outcome(dockerfile: &str, said: Vec<Said>) -> Outcome {
    let file = parse(dockerfile).expect("a Dockerfile");
    let graph = Arc::new(build(&file, &GraphOptions::default()).expect("a graph"));
    let mut explanations = Vec::new();
    let steps = said.into_iter().enumerate().map(|(at, said)| {
        let (causes, drags) = said.clone().unwrap_or_default();
        let root = causes.first().is_some_and(|c| !matches!(c, Cause::Parent { .. }));
        explanations.push(Explanation { causes, root, drags });
        StepPrediction {
            label: graph.steps[at].label.clone(),
            step: at,
            status: if said.is_some() { Status::Executed } else { Status::Cached },
            merge: None,
            certain: true,
            assumption: None,
            key: Digest::of(&[at as u8]),
        }
    });
    let steps = steps.collect();
    let vertices = graph.vertices.iter().map(|_| None).collect();
    let prediction = Prediction { graph: Arc::clone(&graph), steps, vertices, error: None };
    Outcome { graph, prediction, explanations }
}

fn costs(seconds: &[f64]) -> Vec<StepCost> {
    let figure = |value, basis| Figure { value, basis };
    let cost = |&s| StepCost { seconds: figure(s, Basis::Estimated), bytes: figure(5120.0, Basis::Measured) };
    seconds.iter().map(cost).collect()
}

fn answer(outcome: &Outcome, seconds: &[f64]) -> Answer {
    let Outcome { prediction, explanations, .. } = outcome;
    Answer::new(".".into(), "Dockerfile".into(), prediction, explanations, &costs(seconds))
}

fn page() -> Page<'static> {
    let context = Size { files: 1204, bytes: 51_200, ignored: 31 };
    Page { context, unbuilt: &[], width: 100, plan: true }
}

fn plain(answer: &Answer, page: &Page<'_>) -> String {
    anstream::adapter::strip_str(&render(answer, page)).to_string()
}

fn content(paths: &[(&str, How)], total: usize) -> Cause {
    let changes = paths.iter().map(|(p, how)| PathChange { path: (*p).into(), how: *how }).collect();
    Cause::Content { changes, total, from: None }
}

const NPM: &str = "\
FROM node:20-alpine
WORKDIR /app
COPY . .
RUN npm install
COPY package.json .
CMD [\"node\", \"src/app.js\"]
";

/// The table that every course shows, after an edit of a source.
fn npm() -> Outcome {
    let mut outcome = outcome(
        NPM,
        vec![
            None,
            None,
            Some((vec![content(&[("src/app.js", How::Content)], 1)], vec![3, 4])),
            Some((Vec::new(), Vec::new())),
            Some((Vec::new(), Vec::new())),
        ],
    );
    let copy = outcome.graph.steps[2].label.clone();
    for at in [3, 4] {
        outcome.explanations[at].causes = vec![Cause::Parent { step: copy.clone() }];
        outcome.explanations[at].root = false;
    }
    outcome
}

#[test]
fn one_edit_and_what_it_pulls_along() {
    let mut answer = answer(&npm(), &[0.0, 0.1, 0.2, 38.0, 0.1]);
    answer.edits = vec!["src/app.js".into()];
    insta::assert_snapshot!(plain(&answer, &page()));
}

#[test]
fn the_contracts_json() {
    let mut answer = answer(&npm(), &[0.0, 0.1, 0.2, 38.0, 0.1]);
    answer.edits = vec!["src/app.js".into()];
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer).unwrap());
}

#[test]
fn roots_are_sorted_by_what_they_drag_along_and_stages_stand_apart() {
    let paths: Vec<String> = (0..10).map(|i| format!("packages/cli/src/file{i}.rs")).collect();
    let mut many: Vec<(&str, How)> = paths.iter().map(|p| (p.as_str(), How::Content)).collect();
    many[1].1 = How::Added;
    many[2].1 = How::Removed;
    many[3].1 = How::Mode;
    let mut outcome = outcome(
        "FROM golang:1 AS builder\nCOPY . .\nRUN go build -o /out/app ./cmd/app\nFROM alpine AS unused\nFROM alpine\n\
         ENV A=2\nRUN echo $A\nCOPY --from=builder /out/app /app\nRUN old\n",
        vec![
            None,
            Some((vec![content(&many, 42)], vec![2])),
            Some((Vec::new(), Vec::new())),
            None,
            Some((
                vec![Cause::Environment {
                    changes: vec![crate::explain::VariableChange {
                        name: "A".into(),
                        before: Some("1".into()),
                        after: Some("2".into()),
                    }],
                }],
                Vec::new(),
            )),
            None,
            Some((
                vec![Cause::Instruction { before: "RUN older".into(), after: "RUN old".into() }],
                Vec::new(),
            )),
        ],
    );
    let (build, copy) = (outcome.graph.steps[2].label.clone(), outcome.graph.steps[1].label.clone());
    outcome.explanations[2] =
        Explanation { causes: vec![Cause::Parent { step: copy }], root: false, drags: vec![] };
    outcome.prediction.steps[5].certain = false;
    outcome.prediction.steps[5].assumption =
        Some(Assumption::Output { path: "/out/app".into(), step: build, assumed_changed: false });
    let unbuilt = ["unused".to_string()];
    let page = Page { unbuilt: &unbuilt, plan: false, ..page() };
    insta::assert_snapshot!(plain(&answer(&outcome, &[0.0, 1.0, 60.0, 0.0, 75.0, 0.1, 3.0]), &page));
}

#[test]
fn a_cold_cache_needs_no_reasons() {
    let all = vec![Some((vec![Cause::New], Vec::new())); 5];
    insta::assert_snapshot!(plain(&answer(&outcome(NPM, all), &[1.0; 5]), &page()));
}

#[test]
fn traps_notes_and_control_characters() {
    let mut outcome = outcome(NPM, vec![None, None, None, None, None]);
    Arc::make_mut(&mut outcome.prediction.steps[3].label).instruction = "RUN printf '\x1b[31m'".into();
    let mut answer = answer(&outcome, &[0.0; 5]);
    let trap = Trap::OwnContext { path: ".git".into() };
    let (message, change) = super::words::trap(&trap, None);
    let trap = super::answer::Surprise::Context(trap);
    answer.traps = vec![super::answer::TrapFound { trap, message, change }];
    answer.notes = vec!["a\x07b is odd".into()];
    insta::assert_snapshot!(plain(&answer, &page()));
}

#[test]
fn a_build_that_fails_lists_the_steps_before() {
    let mut outcome = outcome(NPM, vec![None, None]);
    let mut error =
        Diagnostic::at(DiagnosticKind::SourceNotFound, NPM, 33..41, "\"/nothing.txt\": not found");
    error.path = Some("/nothing.txt".into());
    outcome.prediction.error = Some(error);
    let answer = answer(&outcome, &[0.0; 5]);
    insta::assert_snapshot!(format!(
        "{}\n{}",
        plain(&answer, &page()),
        serde_json::to_string_pretty(&answer.error).unwrap()
    ));
}
