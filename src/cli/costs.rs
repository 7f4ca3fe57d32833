//! What the steps of a build cost, for all commands: from what was measured here, declared, or is usual.

use std::path::{Path, PathBuf};

use super::project::{Project, context_name, user_state};
use crate::cost::{Inputs, Measured, StepCost, estimate};
use crate::declare::Declarations;
use crate::graph::Graph;
use crate::simulate::BuildInput;

/// One cost a step of the graph, in its order, for a project as it stands.
pub fn of_steps(project: &Project, graph: &Graph) -> Vec<StepCost> {
    of_input(&project.input(), graph, &measured(&project.sources.context))
}

/// One cost a step of the graph, in its order.
pub fn of_input(input: &BuildInput, graph: &Graph, measured: &Measured) -> Vec<StepCost> {
    let (declared, _) = Declarations::read(&input.dockerfile);
    estimate(graph, &Inputs { context: &input.context, named: &input.named, measured, declared: &declared })
}

/// What real builds of this context took on this machine; nothing where none was measured.
pub fn measured(context: &Path) -> Measured {
    let text = measured_file(context).and_then(|file| std::fs::read(file).ok());
    // A file that cannot be read is as good as none: the figures are then estimates, and say so.
    text.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// Where the figures that `verify` learns about a context are kept.
pub fn measured_file(context: &Path) -> Option<PathBuf> {
    Some(user_state()?.join("measured").join(format!("{}.json", context_name(context))))
}
