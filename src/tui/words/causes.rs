//! Why a step rebuilds, and what it drags along.

use super::{how, instruction, name, named};
use crate::cost::{Basis, Figure};
use crate::explain::{Cause, VariableChange};
use crate::tui::model::{Tone, Why, Words, say};
use crate::tui::picture::Seen;
use crate::tui::text;

pub(super) fn rebuilds(seen: &Seen<'_>, step: usize, why: &mut Why) {
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
