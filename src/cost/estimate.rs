//! What every step costs.

use super::model::{Inputs, Worked, work_out};
use super::{Basis, Figure, StepCost};
use crate::dockerfile::ast::{CommandLine, Dockerfile, Instruction, InstructionKind};
use crate::graph::{Exec, Graph};

/// Works out what every step of a graph costs when it runs; one a step of [`Graph::steps`], in its order.
///
/// Bytes of a COPY are measured from the context. Seconds and bytes of a RUN are what was measured here, else what
/// the Dockerfile declares, else what such commands usually cost. A FROM is taken to be there already: it takes no
/// time and adds its image.
pub fn estimate(graph: &Graph, inputs: &Inputs<'_>) -> Vec<StepCost> {
    estimate_worked(graph, &work_out(graph, inputs), inputs)
}

pub(super) fn estimate_worked(graph: &Graph, worked: &[Worked], inputs: &Inputs<'_>) -> Vec<StepCost> {
    graph
        .steps
        .iter()
        .map(|step| {
            let vertex = &graph.vertices[step.vertex];
            let measured = inputs.measured.find(vertex.op.cache_digest(), &step.label.instruction).0;
            let declared =
                step.instruction.and_then(|i| inputs.declared.get(step.stage, i)).and_then(|d| d.seconds);
            let seconds = measured
                .map(|value| Figure { value, basis: Basis::Measured })
                .or(declared.map(|value| Figure { value, basis: Basis::Declared }))
                .unwrap_or(Figure { value: worked[step.vertex].seconds, basis: Basis::Estimated });
            let bytes = worked[step.vertex].layer.bytes();
            StepCost { seconds, bytes }
        })
        .collect()
}

/// The seconds of a Dockerfile's steps, to be looked up by instruction while the order changes.
#[derive(Debug, Clone, Default)]
pub struct StepSeconds {
    known: Vec<(usize, String, f64)>,
}

impl StepSeconds {
    /// Keeps the costs of a build by the stages and texts of their instructions.
    pub fn new(dockerfile: &Dockerfile, graph: &Graph, costs: &[StepCost]) -> Self {
        let known = graph.steps.iter().zip(costs).filter_map(|(step, cost)| {
            let instruction = dockerfile.stages.get(step.stage)?.instructions.get(step.instruction?)?;
            Some((step.stage, instruction.original.clone(), cost.seconds.value))
        });
        Self { known: known.collect() }
    }

    /// Finds the seconds of an instruction of a stage; one that the build did not hold is estimated.
    pub fn get(&self, stage: usize, instruction: &Instruction) -> f64 {
        self.known
            .iter()
            .find(|(at, text, _)| *at == stage && *text == instruction.original)
            .map_or_else(|| rough_seconds(stage, instruction), |(_, _, seconds)| *seconds)
    }
}

/// Seconds that an instruction may take, from its words alone: no graph, no context, nothing measured.
pub fn rough_seconds(_stage: usize, instruction: &Instruction) -> f64 {
    match &instruction.kind {
        InstructionKind::Run(run) => {
            let args = match &run.command {
                CommandLine::Exec(words) => words.clone(),
                CommandLine::Shell(text) => {
                    let bodies = run.heredocs.iter().map(|h| (h.name.as_str(), h.raw.as_str()));
                    let text = crate::shell::run_text(text, bodies);
                    vec!["/bin/sh".to_string(), "-c".to_string(), text]
                }
            };
            super::run::layer(&bare_exec(args), &mut super::files::Files::default()).1
        }
        InstructionKind::Copy(_) | InstructionKind::Add(_) => 0.5,
        _ => 0.1,
    }
}

fn bare_exec(args: Vec<String>) -> Exec {
    Exec {
        args,
        env: Vec::new(),
        cwd: "/".to_string(),
        user: String::new(),
        network: None,
        security: None,
        devices: Vec::new(),
        hostname: String::new(),
        mounts: Vec::new(),
        secrets: Vec::new(),
        platform: crate::graph::Platform::default(),
    }
}
