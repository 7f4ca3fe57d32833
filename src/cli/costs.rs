//! What the steps of a predicted build cost, for all commands.

use super::project::Project;
use crate::cost::{Basis, Figure, StepCost};
use crate::simulate::Outcome;

/// One cost a step of the graph, in its order.
pub fn of_steps(project: &Project, outcome: &Outcome) -> Vec<StepCost> {
    let figure = |value| Figure { value, basis: Basis::Estimated };
    outcome
        .graph
        .steps
        .iter()
        .map(|step| {
            let stage = &project.dockerfile.stages[step.stage];
            let seconds = step
                .instruction
                .map_or(0.0, |at| crate::reorder::rough_seconds(step.stage, &stage.instructions[at]));
            StepCost { seconds: figure(seconds), bytes: figure(0.0) }
        })
        .collect()
}
