//! What every step costs.

use super::files::Files;
use super::model::{Inputs, Worked, work_out};
use super::{Basis, Figure, StepCost};
use crate::dockerfile::ast::{CommandLine, Dockerfile, Instruction, InstructionKind};
use crate::graph::{Exec, Graph, Mount, MountKind, Op};

/// Works out what every step of a graph costs when it runs; one a step of [`Graph::steps`], in its order.
///
/// Bytes of a COPY are measured from the context. Seconds and bytes of a RUN are what was measured here, else what
/// the Dockerfile declares, else what such commands usually cost. A FROM is taken to be there already: it takes no
/// time and adds its image.
///
/// A step is cheaper where an earlier one of its stage has fetched or compiled what it needs (`go build` after
/// `go mod download`). What was measured of a whole RUN is shared among the parts that it was cut into, and less is
/// left of it behind a step that fetches and was not there when it was measured.
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
            let fetches_anew = |other: &crate::graph::Step| {
                let op = &graph.vertices[other.vertex].op;
                other.stage == step.stage
                    && other.instruction < step.instruction
                    && matches!(op, Op::Exec(_))
                    && inputs.measured.find(op.cache_digest(), &other.label.instruction).0.is_none()
            };
            let spared = worked[step.vertex].spared;
            if let Some(whole) = measured.filter(|_| spared > 0.0 && graph.steps.iter().any(fetches_anew)) {
                let left = worked[step.vertex].seconds / (worked[step.vertex].seconds + spared);
                let bytes = worked[step.vertex].layer.bytes();
                let seconds = Figure { value: whole * left, basis: Basis::Estimated };
                return StepCost { seconds, bytes };
            }
            let part = || match &vertex.op {
                Op::Exec(_) => part_of_measured(&step.label.instruction, inputs),
                _ => None,
            };
            let declared =
                step.instruction.and_then(|i| inputs.declared.get(step.stage, i)).and_then(|d| d.seconds);
            let seconds = measured
                .map(|value| Figure { value, basis: Basis::Measured })
                .or(declared.map(|value| Figure { value, basis: Basis::Declared }))
                .or_else(|| part().map(|value| Figure { value, basis: Basis::Estimated }))
                .unwrap_or(Figure { value: worked[step.vertex].seconds, basis: Basis::Estimated });
            let bytes = worked[step.vertex].layer.bytes();
            StepCost { seconds, bytes }
        })
        .collect()
}

/// Seconds of a RUN that is a part of one that was measured: its share, as such commands usually share them.
fn part_of_measured(label: &str, inputs: &Inputs<'_>) -> Option<f64> {
    let own = commands_of(label)?;
    let parts: Vec<&str> = own.split(" && ").collect();
    inputs.measured.instructions.iter().find_map(|(text, measurement)| {
        let whole = commands_of(text)?;
        let all: Vec<&str> = whole.split(" && ").collect();
        let is_part = parts.len() < all.len() && is_subsequence(&parts, &all);
        let share = (shell_seconds(&own) / shell_seconds(&whole)).min(1.0);
        is_part.then(|| measurement.median_seconds().map(|seconds| seconds * share))?
    })
}

/// What a RUN runs, blanks made one; its flags left out.
fn commands_of(label: &str) -> Option<String> {
    let words = label.strip_prefix("RUN ")?.split_whitespace();
    Some(words.skip_while(|word| word.starts_with("--")).collect::<Vec<_>>().join(" "))
}

fn is_subsequence(parts: &[&str], whole: &[&str]) -> bool {
    let mut rest = whole.iter();
    parts.iter().all(|part| rest.any(|other| other == part))
}

fn shell_seconds(text: &str) -> f64 {
    let args = ["/bin/sh", "-c", text].map(str::to_string).to_vec();
    super::run::layer(&bare_exec(args), &mut Files::default()).1.seconds
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

    /// Estimates a Dockerfile's steps by their words, each after those before it in its stage and the stages below.
    pub fn rough(dockerfile: &Dockerfile) -> Self {
        let mut known = Vec::new();
        let mut ends: Vec<Files> = Vec::new();
        for (at, stage) in dockerfile.stages.iter().enumerate() {
            let is_base = |other: &&crate::dockerfile::ast::Stage| {
                other.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&stage.base))
            };
            let below = dockerfile.stages[..at].iter().rposition(|other| is_base(&other));
            let mut files = below.map(|base| ends[base].clone()).unwrap_or_default();
            for instruction in &stage.instructions {
                let seconds = rough(instruction, &mut files);
                known.push((at, instruction.original.clone(), seconds));
            }
            ends.push(files);
        }
        Self { known }
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
    rough(instruction, &mut Files::default())
}

/// Seconds that instructions may take that follow each other, from their words alone.
pub fn rough_seconds_of(instructions: &[Instruction]) -> Vec<f64> {
    let mut files = Files::default();
    instructions.iter().map(|instruction| rough(instruction, &mut files)).collect()
}

fn rough(instruction: &Instruction, files: &mut Files) -> f64 {
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
            let mounts = run.mounts.iter().filter_map(|mount| cache_mount(&mount.value));
            let exec = Exec { mounts: mounts.collect(), ..bare_exec(args) };
            super::run::layer(&exec, files).1.seconds
        }
        InstructionKind::Copy(_) | InstructionKind::Add(_) => 0.5,
        _ => 0.1,
    }
}

/// A cache mount as the graph has it, as far as it matters for what is kept there.
fn cache_mount(value: &str) -> Option<Mount> {
    let option = |names: &[&str]| {
        value.split(',').filter_map(|part| part.split_once('=')).find(|(key, _)| names.contains(key))
    };
    let is_cache = option(&["type"]).is_some_and(|(_, kind)| kind == "cache");
    let target = option(&["target", "dst", "destination"]).filter(|_| is_cache)?.1.to_string();
    let kind = MountKind::Cache { default: true, id: String::new() };
    Some(Mount { kind, target, input: None, selector: String::new(), readonly: false, output: false })
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
