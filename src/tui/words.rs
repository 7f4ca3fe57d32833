//! Causes in words, for the pane below the steps. Prose is made here, at the edge; what it rests on is data.

use super::model::{Mark, Tone, Why, Words, say};
use super::picture::{Seen, mark};
use super::text;
use crate::cost::{Basis, Figure};
use crate::dockerfile::ast::InstructionKind;
use crate::explain::{Cause, How, VariableChange};
use crate::graph::{Action, CopyAction, Label, Op, Source, Vertex};
use crate::solver::{Assumption, Status, StepPrediction};

/// Why a step is as it is predicted, and what the other side makes of the same instruction.
pub fn why(seen: &Seen<'_>, step: usize, other: Option<&Seen<'_>>) -> Why {
    let label = &seen.outcome.graph.steps[step].label;
    let mut why = Why::default();
    let Some(prediction) = prediction(seen, step) else {
        why.title = format!("{} is not reached", name(label));
        why.says.push(vec![say(Tone::Plain, "The build stops before it.")]);
        return why;
    };
    let runs = prediction.status == Status::Executed;
    let word = match (runs, prediction.certain) {
        (true, true) => "rebuilds",
        (true, false) => "probably rebuilds",
        (false, true) => "is cached",
        (false, false) => "is probably cached",
    };
    why.title = format!("why {} {word}", name(label));
    if runs {
        rebuilds(seen, step, &mut why);
    } else {
        why.says.push(cached(seen, step, prediction));
    }
    if let Some(assumption) = &prediction.assumption {
        why.says.push(assumed(assumption));
    }
    if let Some(elsewhere) = elsewhere(seen, step, other) {
        why.says.push(elsewhere);
    }
    if let Some(cost) = seen.costs.get(step) {
        why.says.push(costs(runs, cost.seconds, cost.bytes));
    }
    why
}

/// What is said of an instruction that makes no step.
pub fn no_step(seen: &Seen<'_>, text: &str, built: bool) -> Vec<Words> {
    if !built {
        let target = seen.outcome.graph.target;
        let stage = seen.dockerfile.stages.get(target).and_then(|s| s.name.as_deref());
        let target = stage.map_or_else(|| "the final image".to_string(), |name| format!("the stage {name}"));
        return vec![vec![
            say(Tone::Strong, "Not built: "),
            say(
                Tone::Plain,
                format!("{} needs nothing of this stage, so it costs nothing.", text::safe(&target)),
            ),
        ]];
    }
    let keyword = text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
    let says = match keyword.as_str() {
        "ARG" | "ENV" => {
            "It makes no step of its own. A change of its value reruns every RUN after it that sees it."
        }
        "FROM" => "It builds on another stage or on nothing: there is nothing to fetch.",
        "USER" => "It makes no step of its own. A change of it reruns the RUNs and WORKDIRs after it.",
        "SHELL" => "It makes no step of its own. A change of it reruns the RUNs after it.",
        _ => "It sets something in the image's settings. It makes no step and reruns nothing.",
    };
    vec![vec![say(Tone::Plain, says)]]
}

/// How a step is called: `step 3`, `builder step 3`.
pub fn name(label: &Label) -> String {
    match &label.stage {
        Some(stage) => format!("{} step {}", text::safe(stage), label.index),
        None => format!("step {}", label.index),
    }
}

fn named(label: &Label) -> Words {
    let short = text::safe(&label.instruction);
    vec![say(Tone::Strong, name(label)), say(Tone::Path, format!(" ({})", text::fit(&short, 40, "…")))]
}

fn prediction<'a>(seen: &Seen<'a>, step: usize) -> Option<&'a StepPrediction> {
    seen.outcome.prediction.steps.iter().find(|p| p.step == step)
}

fn instruction(seen: &Seen<'_>, step: usize) -> String {
    let text = text::safe(&seen.outcome.graph.steps[step].label.instruction);
    text::fit(&text, 60, "…").into_owned()
}

fn rebuilds(seen: &Seen<'_>, step: usize, why: &mut Why) {
    let Some(explanation) = seen.outcome.explanations.get(step) else { return };
    for cause in &explanation.causes {
        if let Cause::Parent { step: parent } = cause
            && explanation.root
        {
            why.says.push(
                [
                    vec![say(Tone::Dim, "It would have been pulled along by ")],
                    named(parent),
                    vec![say(Tone::Dim, " too.")],
                ]
                .concat(),
            );
            continue;
        }
        why.says.push(because(seen, step, cause));
        if let Cause::Content { changes, total, .. } = cause {
            why.files.extend(changes.iter().map(|c| (text::safe(&c.path).into_owned(), c.how)));
            why.more += total.saturating_sub(changes.len());
        }
    }
    if !explanation.drags.is_empty() {
        why.says.push(drags(seen, &explanation.drags));
    }
}

/// What a root pulls along.
fn drags(seen: &Seen<'_>, dragged: &[usize]) -> Words {
    let steps = &seen.outcome.graph.steps;
    let cost = dragged.iter().filter_map(|s| seen.costs.get(*s));
    let (mut seconds, mut basis) = (0.0, Basis::Measured);
    for cost in cost {
        seconds += cost.seconds.value;
        basis = basis.min(cost.seconds.basis);
    }
    let one_stage = steps.iter().all(|s| s.label.stage.is_none());
    let which = if one_stage {
        let numbers: Vec<u32> = dragged.iter().filter_map(|s| steps.get(*s)).map(|s| s.label.index).collect();
        let runs = text::runs(&numbers);
        let list: Vec<&str> = runs.split(", ").collect();
        format!("{} {}", if numbers.len() == 1 { "step" } else { "steps" }, text::and(&list))
    } else {
        by_stage(seen, dragged)
    };
    let sum = text::figure_seconds(Figure { value: seconds, basis });
    let one = dragged.len() == 1;
    vec![
        say(Tone::Plain, "It drags along "),
        say(Tone::Strong, which),
        say(
            Tone::Plain,
            if one { ", which has no reason of its own: " } else { ", which have no reason of their own: " },
        ),
        say(Tone::Bad, sum),
        say(Tone::Plain, "."),
    ]
}

/// `builder steps 4 and 5, final step 3`.
fn by_stage(seen: &Seen<'_>, steps: &[usize]) -> String {
    let mut stages: Vec<(String, Vec<u32>)> = Vec::new();
    for step in steps.iter().filter_map(|s| seen.outcome.graph.steps.get(*s)) {
        let stage = step.label.stage.clone().unwrap_or_default();
        match stages.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, numbers)) => numbers.push(step.label.index),
            None => stages.push((stage, vec![step.label.index])),
        }
    }
    let told: Vec<String> = stages
        .iter()
        .map(|(stage, numbers)| {
            let runs = text::runs(numbers);
            let list: Vec<&str> = runs.split(", ").collect();
            let word = if numbers.len() == 1 { "step" } else { "steps" };
            format!("{} {word} {}", text::safe(stage), text::and(&list))
        })
        .collect();
    told.join(", ")
}

/// One cause in a sentence.
fn because(seen: &Seen<'_>, step: usize, cause: &Cause) -> Words {
    let own = instruction(seen, step);
    match cause {
        Cause::New => vec![say(Tone::Plain, "Nothing like it was built before.")],
        Cause::Content { changes, total, from } => {
            let source = from.as_ref().map(|f| format!(" from {}", text::safe(f))).unwrap_or_default();
            let mut words = vec![say(Tone::Path, own), say(Tone::Plain, format!(" takes in{source} "))];
            match changes.as_slice() {
                [one] if *total == 1 => {
                    words.push(say(Tone::Strong, text::safe(&one.path).into_owned()));
                    words.push(say(Tone::Plain, format!(", and that file {}.", how(one.how))));
                }
                _ => {
                    words.push(say(Tone::Strong, text::plural((*total).max(changes.len()), "file")));
                    words.push(say(Tone::Plain, " that changed."));
                }
            }
            words
        }
        Cause::Instruction { before, after } => vec![
            say(Tone::Plain, "The instruction reads "),
            say(Tone::Path, text::safe(after).into_owned()),
            say(Tone::Plain, "; it was "),
            say(Tone::Path, text::safe(before).into_owned()),
            say(Tone::Plain, "."),
        ],
        Cause::Setting { name, before, after } => vec![
            say(Tone::Plain, format!("The {} counts in it: ", text::safe(name))),
            say(Tone::Path, or_none(before)),
            say(Tone::Plain, " became "),
            say(Tone::Path, or_none(after)),
            say(Tone::Plain, "."),
        ],
        Cause::Neighbour { before, after } => vec![
            say(Tone::Plain, "The step before it counts in it: "),
            say(Tone::Path, or_none(before)),
            say(Tone::Plain, " became "),
            say(Tone::Path, or_none(after)),
            say(Tone::Plain, "."),
        ],
        Cause::Environment { changes } => environment(changes),
        Cause::Parent { step: parent } => {
            let mut words = vec![say(Tone::Plain, "Only because "), say(Tone::Strong, name(parent))];
            let short = text::safe(&parent.instruction);
            words.push(say(Tone::Path, format!(" ({})", text::fit(&short, 40, "…"))));
            words.push(say(Tone::Plain, " before it did. Nothing of its own changed."));
            words
        }
        Cause::Output { step: maker, path } => {
            let mut words = vec![say(Tone::Path, own), say(Tone::Plain, " takes ")];
            words.push(say(Tone::Strong, text::safe(path).into_owned()));
            words.push(say(Tone::Plain, ", which "));
            words.extend(named(maker));
            words.push(say(Tone::Plain, " made anew."));
            words
        }
        Cause::Base { image, before, after } => vec![
            say(Tone::Plain, "The base image "),
            say(Tone::Path, text::safe(image).into_owned()),
            say(Tone::Plain, " is another one: "),
            say(Tone::Path, or_none(before)),
            say(Tone::Plain, " became "),
            say(Tone::Path, or_none(after)),
            say(Tone::Plain, "."),
        ],
        Cause::NoCache => vec![say(Tone::Plain, "--no-cache: it is not looked up.")],
        Cause::Unanchored => vec![say(
            Tone::Plain,
            "It stands on nothing and nothing needs it yet: the builder reports it as run. It costs nothing.",
        )],
        Cause::Missing => vec![say(Tone::Plain, "It is known, but its result was left out of the export.")],
    }
}

fn or_none(text: &str) -> String {
    if text.is_empty() { "nothing".into() } else { text::safe(text).into_owned() }
}

fn environment(changes: &[VariableChange]) -> Words {
    let mut words = vec![say(Tone::Plain, "Every RUN sees the variables before it, and ")];
    for (at, change) in changes.iter().take(3).enumerate() {
        if at > 0 {
            words.push(say(Tone::Plain, ", "));
        }
        let value = |v: &Option<String>| {
            v.as_deref().map_or("unset".to_string(), |v| format!("\"{}\"", text::safe(v)))
        };
        words.push(say(Tone::Strong, text::safe(&change.name).into_owned()));
        words.push(say(Tone::Plain, " was "));
        words.push(say(Tone::Path, value(&change.before)));
        words.push(say(Tone::Plain, " and is "));
        words.push(say(Tone::Path, value(&change.after)));
    }
    if changes.len() > 3 {
        words.push(say(Tone::Plain, format!(", and {} others changed", changes.len() - 3)));
    }
    words.push(say(Tone::Plain, "."));
    words
}

/// How a path changed, as the end of "that file …".
pub fn how(how: How) -> &'static str {
    match how {
        How::Added => "is new",
        How::Removed => "is gone",
        How::Content => "changed",
        How::Mode => "has other permissions",
        How::Kind => "is another kind of file",
        How::Target => "points elsewhere",
    }
}

/// How a path changed, in a word.
pub fn how_short(how: How) -> &'static str {
    match how {
        How::Added => "new",
        How::Removed => "gone",
        How::Content => "changed",
        How::Mode => "permissions",
        How::Kind => "kind",
        How::Target => "target",
    }
}

fn cached(seen: &Seen<'_>, step: usize, prediction: &StepPrediction) -> Words {
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

fn assumed(assumption: &Assumption) -> Words {
    let assume = say(Tone::Maybe, "An assumption: ");
    match assumption {
        Assumption::Output { path, step, assumed_changed } => {
            let verdict = if *assumed_changed {
                (" is taken to have come out differently. If it came out the same, this would be cached.", "")
            } else {
                (" is taken to have come out the same. If it did not, this would rebuild.", "")
            };
            let mut words =
                vec![assume, say(Tone::Path, text::safe(path).into_owned()), say(Tone::Plain, " of ")];
            words.extend(named(step));
            words.push(say(Tone::Plain, verdict.0));
            words
        }
        Assumption::Upstream { reference } => vec![
            assume,
            say(Tone::Path, text::safe(reference).into_owned()),
            say(Tone::Plain, " holds what it held before; the builder asks it anew."),
        ],
        Assumption::Export => vec![
            assume,
            say(
                Tone::Plain,
                "the imported cache holds its result. If it holds only the key, this would rebuild.",
            ),
        ],
        Assumption::Follows { step } => {
            let mut words = vec![assume];
            words.extend(named(step));
            words.push(say(Tone::Plain, " is not certain, and this follows it."));
            words
        }
    }
}

/// What the other side makes of the same instruction.
fn elsewhere(seen: &Seen<'_>, step: usize, other: Option<&Seen<'_>>) -> Option<Words> {
    let other = other?;
    let own = &seen.outcome.graph.steps[step];
    let same = |at: &usize| {
        let theirs = &other.outcome.graph.steps[*at];
        theirs.label.instruction == own.label.instruction && theirs.label.stage == own.label.stage
    };
    let there = (0..other.outcome.graph.steps.len()).find(same)?;
    let (own_mark, their_mark) = (mark(seen.outcome, step), mark(other.outcome, there));
    if own_mark.is_rebuild() == their_mark.is_rebuild() || their_mark == Mark::NotReached {
        return None;
    }
    let label = &other.outcome.graph.steps[there].label;
    let mut words = vec![say(Tone::Plain, format!("In \"{}\" the same instruction is ", other.title))];
    words.push(say(Tone::Strong, name(label)));
    if their_mark.is_rebuild() {
        words.push(say(Tone::Plain, " and "));
        words.push(say(Tone::Bad, "rebuilds"));
        words.push(say(Tone::Plain, "."));
    } else {
        words.push(say(Tone::Plain, " and "));
        words.push(say(Tone::Good, "stays cached"));
        let copy = matches!(
            other
                .dockerfile
                .stages
                .get(own.stage)
                .and_then(|s| s.instructions.get(other.outcome.graph.steps[there].instruction?))
                .map(|i| &i.kind),
            Some(InstructionKind::Copy(_) | InstructionKind::Add(_))
        );
        let why = if copy { "." } else { ": nothing that changed is copied before it." };
        words.push(say(Tone::Plain, why));
    }
    Some(words)
}

fn costs(runs: bool, seconds: Figure, bytes: Figure) -> Words {
    let rest = match seconds.basis {
        Basis::Measured => "measured on this machine",
        Basis::Declared => "as the Dockerfile declares",
        Basis::Estimated => "what such commands usually take; layerlab verify measures it here",
    };
    let mut words = vec![say(Tone::Dim, if runs { "It takes " } else { "It would take " })];
    if seconds.value < 0.05 {
        words.push(say(Tone::Dim, "next to no time"));
    } else {
        words.push(say(Tone::Strong, text::figure_seconds(seconds)));
        words.push(say(Tone::Dim, format!(" ({rest})")));
    }
    if bytes.value > 0.0 {
        words.push(say(Tone::Dim, " and adds "));
        words.push(say(Tone::Strong, text::figure_bytes(bytes)));
        words.push(say(Tone::Dim, " to the image"));
    }
    words.push(say(Tone::Dim, "."));
    words
}
