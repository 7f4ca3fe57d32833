//! Causes in words, for the pane below the steps. Prose is made here, at the edge; what it rests on is data.

use super::model::{Mark, Tone, Why, Words, say};
use super::picture::{Seen, mark};
use super::text;
use crate::cost::{Basis, Figure};
use crate::dockerfile::ast::InstructionKind;
use crate::explain::How;
use crate::graph::Label;
use crate::solver::{Assumption, Status, StepPrediction};

mod cached;
mod causes;

use cached::cached;
use causes::rebuilds;

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
