//! Why a step runs, in the lessons' words.

use crate::explain::{Cause, Explanation, How};
use crate::graph::Label;

/// Says why a step runs, in one sentence for each reason of its own, or for the first that pulls it along.
pub fn reasons(explanation: &Explanation) -> Vec<String> {
    let own: Vec<String> =
        explanation.causes.iter().filter(|c| !matches!(c, Cause::Parent { .. })).map(sentence).collect();
    if own.is_empty() { explanation.causes.iter().take(1).map(sentence).collect() } else { own }
}

/// Says one cause in a sentence.
pub fn sentence(cause: &Cause) -> String {
    match cause {
        Cause::New => "Nothing like it was built before.".into(),
        Cause::Missing => "Its result is not in the cache that was imported.".into(),
        Cause::Unanchored => "Nothing needs what it made, so it is reported as run. It costs nothing.".into(),
        Cause::NoCache => "--no-cache says to run it without looking.".into(),
        Cause::Content { changes, total, from } => {
            let mut names: Vec<String> =
                changes.iter().take(3).map(|c| format!("{} {}", c.path, how(c.how))).collect();
            if *total > names.len() {
                names.push(format!("and {} more", total - names.len()));
            }
            let from = from.as_ref().map_or(String::new(), |f| format!(" in {f}"));
            if names.is_empty() {
                format!("What it takes in changed{from}.")
            } else {
                format!("It takes in {}{from}.", names.join(", "))
            }
        }
        Cause::Instruction { before, after } => format!("Its text was \"{before}\" and is \"{after}\"."),
        Cause::Setting { name, before, after } => {
            format!("The {name} that it runs with was \"{before}\" and is \"{after}\".")
        }
        Cause::Neighbour { before, after } => {
            format!("The step that it stands on was \"{before}\" and is \"{after}\".")
        }
        Cause::Environment { changes } => {
            let names: Vec<String> = changes
                .iter()
                .map(|c| match (&c.before, &c.after) {
                    (None, Some(_)) => format!("{} is set now", c.name),
                    (Some(_), None) => format!("{} is no longer set", c.name),
                    (Some(a), Some(b)) if a == b => format!("{} moved", c.name),
                    (a, b) => format!(
                        "{} was \"{}\" and is \"{}\"",
                        c.name,
                        a.as_deref().unwrap_or_default(),
                        b.as_deref().unwrap_or_default()
                    ),
                })
                .collect();
            format!("In its environment, {}.", names.join(", "))
        }
        Cause::Parent { step } => {
            format!("It stands on {}, which runs anew, so it has to follow.", short(step))
        }
        Cause::Output { step, path } => format!("It copies {path}, which {} made anew.", short(step)),
        Cause::Base { image, .. } => format!("{image} is another image now."),
    }
}

fn how(how: How) -> &'static str {
    match how {
        How::Added => "(new)",
        How::Removed => "(gone)",
        How::Content => "(content changed)",
        How::Mode => "(mode changed)",
        How::Kind => "(another kind of file)",
        How::Target => "(link target changed)",
    }
}

/// A step's text, cut where it is long.
pub fn short(label: &Label) -> String {
    let text: String = label.instruction.chars().take(48).collect();
    if text.len() < label.instruction.len() { format!("{text}…") } else { text }
}
