//! Why a step is cached.

use crate::graph::{Action, CopyAction, Op, Source, Vertex};
use crate::solver::{Status, StepPrediction};
use crate::tui::model::{Tone, Words, say};
use crate::tui::picture::Seen;
use crate::tui::text;

pub(super) fn cached(seen: &Seen<'_>, step: usize, prediction: &StepPrediction) -> Words {
    let graph = &seen.outcome.graph;
    let vertex = &graph.vertices[graph.steps[step].vertex];
    let mut words = match &vertex.op {
        Op::Source(Source::Image { .. }) => vec![say(Tone::Plain, "The base image is the same as before.")],
        Op::File(file) => match copied(graph.vertices.as_slice(), vertex, &file.actions) {
            Some(what) => vec![
                say(Tone::Plain, "It takes in "),
                say(Tone::Path, what),
                say(Tone::Plain, ", and nothing of that changed; nor did the steps before it run."),
            ],
            None => vec![say(Tone::Plain, "The same instruction after the same steps was built before.")],
        },
        _ => vec![
            say(
                Tone::Plain,
                "The same command after the same steps, with the same variables, was built before. ",
            ),
            say(Tone::Dim, "What it would download today does not count."),
        ],
    };
    if let Some(stage) = same_output(seen, vertex) {
        words = vec![
            say(Tone::Good, format!("{stage} ran again, and what is taken from it came out the same")),
            say(Tone::Plain, ": this step and what follows it are found."),
        ];
    }
    if prediction.merge == Some(Status::Executed) {
        words.push(say(Tone::Plain, " Only its layer is put on top of others anew, which takes no time."));
    }
    words
}

/// The stage that a cached COPY takes from, if that ran anew.
fn same_output(seen: &Seen<'_>, vertex: &Vertex) -> Option<String> {
    let graph = &seen.outcome.graph;
    let Op::File(file) = &vertex.op else { return None };
    let mut inputs = file.actions.iter().filter_map(|action| match action {
        Action::Copy(copy) => vertex.inputs.get(copy.input?),
        _ => None,
    });
    let ran = |at: &&usize| {
        let runs = seen.outcome.prediction.vertex(**at).is_some_and(|v| v.status == Status::Executed);
        runs && !matches!(graph.vertices[**at].op, Op::Source(_))
    };
    let source = inputs.find(ran)?;
    let step = graph.steps.iter().find(|s| s.vertex == *source)?;
    let stage = step.label.stage.as_deref().unwrap_or("The stage before it");
    Some(text::safe(stage).into_owned())
}

/// What a COPY takes in, in words.
fn copied(vertices: &[Vertex], vertex: &Vertex, actions: &[Action]) -> Option<String> {
    let of = |copy: &CopyAction| {
        let input = vertex.inputs.get(copy.input?)?;
        let path = copy.selector.path.trim_start_matches('/');
        let path = if path.is_empty() { "everything" } else { path };
        let from_context = matches!(vertices[*input].op, Op::Source(Source::Context { .. }));
        Some(match (from_context, path) {
            (true, "everything") => "everything in the context".to_string(),
            (true, path) => text::safe(path).into_owned(),
            (false, path) => format!("{} of another stage", text::safe(path)),
        })
    };
    let paths: Vec<String> = actions
        .iter()
        .filter_map(|action| match action {
            Action::Copy(copy) => of(copy),
            _ => None,
        })
        .collect();
    match paths.len() {
        0 => None,
        1..=4 => Some(text::and(&paths)),
        n => Some(format!("{}, {} and {} more", paths[0], paths[1], n - 2)),
    }
}
