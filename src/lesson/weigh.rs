//! Seconds, sizes and shells of a built project, for goals.

use super::scenario::Built;
use crate::cost::{Inputs, Measured, StepCost, estimate, images};
use crate::declare::Declarations;
use crate::graph::StageBase;

/// What each step of the graph costs.
pub fn costs(built: &Built) -> Vec<StepCost> {
    let (measured, declared) = (Measured::default(), Declarations::read(&built.input.dockerfile).0);
    let inputs = Inputs {
        context: &built.input.context,
        named: &built.input.named,
        measured: &measured,
        declared: &declared,
    };
    estimate(&built.outcome.graph, &inputs)
}

/// Bytes of the final image: its base and the layers of the stages that it is built FROM.
///
/// # Errors
/// A sentence that says what is not known.
pub fn image_bytes(built: &Built) -> Result<f64, String> {
    let graph = &built.outcome.graph;
    let chain = built.final_chain();
    if let Some(StageBase::Image(name)) = base(built)
        && images::size(&name, &Measured::default()).bytes.is_none()
    {
        return Err(format!("How big {name} is is not known here; try another base."));
    }
    let costs = costs(built);
    let steps = graph.steps.iter().zip(&costs).filter(|(step, _)| chain.contains(&step.stage));
    Ok(steps.map(|(_, cost)| cost.bytes.value).sum())
}

fn base(built: &Built) -> Option<StageBase> {
    built.final_chain().last().map(|&s| built.outcome.graph.stages[s].base.clone())
}

/// Whether the final image holds a shell; none where its base is not known.
pub fn has_shell(built: &Built) -> Option<bool> {
    let known = built.outcome.final_output().map(|o| o.known().clone()).unwrap_or_default();
    let copied = ["bin/sh", "bin/bash", "bin/busybox", "usr/bin/sh", "usr/bin/bash", "busybox"];
    if copied.iter().any(|p| known.contains(p)) {
        return Some(true);
    }
    match base(built)? {
        StageBase::Scratch => Some(false),
        StageBase::Image(name) => {
            let (entry, _) = images::find(&name)?;
            Some(entry.system().shell || name.contains("debug"))
        }
        StageBase::Stage(_) | StageBase::Context(_) => None,
    }
}

/// Seconds that some steps take when they run.
pub fn seconds(built: &Built, steps: &[usize]) -> f64 {
    let costs = costs(built);
    steps
        .iter()
        .filter_map(|&i| built.outcome.prediction.steps.get(i))
        .filter_map(|s| costs.get(s.step))
        .map(|c| c.seconds.value)
        .sum()
}
