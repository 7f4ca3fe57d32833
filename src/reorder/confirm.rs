//! A proposal held against the simulated builder: what it predicts for sampled edits, in both orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::moves::{kinds_of_edits, propose};
use super::{Edit, Proposal, Refusal, ReorderInput, ReorderOptions};
use crate::context::{Entry, Tree};
use crate::dockerfile::ast::{Dockerfile, Instruction};
use crate::dockerfile::parse;
use crate::simulate::{BuildInput, Simulator};
use crate::solver::Status;

/// How many kinds of edits are tried.
const SAMPLED: usize = 24;

/// Proposes as [`propose`] does, and then asks the simulated builder: a proposal whose build ends with an error that
/// the old order's does not, or that saves nothing over sampled edits, is not made.
///
/// `build` is the build of the Dockerfile as it stands.
pub fn propose_checked(dockerfile: &Dockerfile, input: &ReorderInput<'_>, build: &BuildInput) -> Proposal {
    let proposal = propose(dockerfile, input);
    if !proposal.improves() {
        return proposal;
    }
    if !proposal.taken.is_empty() {
        return checked_with_taken(dockerfile, proposal, input, build);
    }
    let why = match verdict(&proposal, input, build) {
        Verdict::Saves | Verdict::Unknown => return proposal,
        Verdict::Fails(message) => {
            format!("the simulated build of the new order ends with an error: {message}")
        }
        Verdict::SavesNothing => {
            "the simulated builder finds nothing saved over the likeliest edits".to_owned()
        }
    };
    let mut unchanged = Proposal::unchanged(dockerfile, proposal.expected_before);
    let refused = proposal.moves.into_iter().map(|made| {
        let line = made.before.first().map_or(1, |lines| lines.start);
        Refusal { line, what: made.name, why: why.clone() }
    });
    unchanged.refused = refused.chain(proposal.refused).collect();
    unchanged.offered = proposal.offered;
    unchanged.ignore = proposal.ignore;
    unchanged
}

/// What was taken is made as it was asked for, unless the build ends with an error then: it is refused, and what is
/// proposed without it is checked.
fn checked_with_taken(
    dockerfile: &Dockerfile,
    proposal: Proposal,
    input: &ReorderInput<'_>,
    build: &BuildInput,
) -> Proposal {
    let Verdict::Fails(message) = verdict(&proposal, input, build) else { return proposal };
    let options = ReorderOptions { take: BTreeSet::new(), ..input.options.clone() };
    let mut without = propose_checked(dockerfile, &ReorderInput { options: &options, ..*input }, build);
    let why = format!("the simulated build with it ends with an error: {message}");
    without.refused.extend(proposal.taken.into_iter().map(|taken| Refusal {
        line: taken.lines.start,
        what: taken.name,
        why: why.clone(),
    }));
    without
}

enum Verdict {
    Saves,
    SavesNothing,
    Fails(String),
    /// The old order cannot be simulated.
    Unknown,
}

fn verdict(proposal: &Proposal, input: &ReorderInput<'_>, build: &BuildInput) -> Verdict {
    let Ok(new) = parse(&proposal.text) else {
        return Verdict::Fails("the text cannot be read".to_owned());
    };
    let new_dockerfile = Arc::new(new);
    let new = BuildInput { dockerfile: Arc::clone(&new_dockerfile), ..build.clone() };
    let old_seconds = |stage: usize, own: &Instruction| (input.seconds)(stage, own);
    let new_seconds = |stage: usize, own: &Instruction| {
        proposal.seconds.get(&(stage, own.line)).copied().unwrap_or_else(|| (input.seconds)(stage, own))
    };
    let Some(mut old) = Side::built(build.clone(), &old_seconds) else { return Verdict::Unknown };
    let Some(mut new) = Side::built(new, &new_seconds) else {
        return Verdict::Fails("it does not get to its end".to_owned());
    };
    if proposal.expected_after >= proposal.expected_before {
        // It gains nothing in seconds and does not claim to.
        return Verdict::Saves;
    }
    let (mut before, mut after) = (0.0, 0.0);
    for (at, (edit, weight)) in sampled(&build.dockerfile, &new_dockerfile, input).into_iter().enumerate() {
        let (Some(one), Some(other)) = (old.after(edit, at), new.after(edit, at)) else { continue };
        before += weight * one;
        after += weight * other;
    }
    if after < before { Verdict::Saves } else { Verdict::SavesNothing }
}

/// The weightiest edits, one of each kind, with the weight of all of its kind.
fn sampled<'a>(old: &Dockerfile, new: &Dockerfile, input: &ReorderInput<'a>) -> Vec<(&'a Edit, f64)> {
    let mut sorted = kinds_of_edits([old, new], input);
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    sorted.truncate(SAMPLED);
    sorted
}

/// One order in a simulated builder that has built the tree as it stands.
struct Side<'a> {
    simulator: Simulator,
    input: BuildInput,
    seconds: &'a dyn Fn(usize, &Instruction) -> f64,
}

impl<'a> Side<'a> {
    fn built(input: BuildInput, seconds: &'a dyn Fn(usize, &Instruction) -> f64) -> Option<Self> {
        let mut simulator = Simulator::default();
        let outcome = simulator.build(&input).ok()?;
        outcome.prediction.error.is_none().then_some(Self { simulator, input, seconds })
    }

    /// Seconds of the steps that run after an edit.
    fn after(&mut self, edit: &Edit, mark: usize) -> Option<f64> {
        let mut input = self.input.clone();
        input.context = edited(&self.input.context, edit, mark);
        for name in &edit.build_args {
            input.options.build_args.insert(name.clone(), format!("edited {mark}"));
        }
        let outcome = self.simulator.predict(&input).ok()?;
        if outcome.prediction.error.is_some() {
            return None;
        }
        let steps = outcome.graph.steps.iter().zip(&outcome.prediction.steps);
        let seconds = steps.filter(|(_, said)| said.status == Status::Executed).filter_map(|(step, _)| {
            let own = input.dockerfile.stages.get(step.stage)?.instructions.get(step.instruction?)?;
            Some((self.seconds)(step.stage, own))
        });
        Some(seconds.sum())
    }
}

/// The tree with other bytes in the files of an edit.
fn edited(tree: &Tree, edit: &Edit, mark: usize) -> Tree {
    let mut tree = tree.clone();
    for path in &edit.paths {
        if let Some(Entry::File(file)) = tree.get(path) {
            tree.set(path, Some(Entry::file(file.mode, format!("edited {mark}").as_bytes())));
        }
    }
    tree
}
