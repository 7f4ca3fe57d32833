//! A graph of stages and steps as text, JSON, Graphviz or Mermaid.

use std::fmt::Write as _;

use serde::Serialize;

use super::safe;
use super::text::{columns, fit};
use crate::graph::{Graph, Op, Source, StageBase, Step, VertexId};

/// What is drawn: stages with their steps, and what each step takes in.
#[derive(Debug, Clone, Serialize)]
pub struct Drawing {
    schema: u32,
    /// The Dockerfile as the user knows it.
    pub dockerfile: String,
    /// Number of the target in `stages`.
    pub target: usize,
    /// Every stage, built or not.
    pub stages: Vec<StageDrawn>,
    /// Every step of the stages that are built.
    pub steps: Vec<StepDrawn>,
    /// What comes from outside: contexts, images that a COPY names, addresses.
    pub sources: Vec<String>,
}

/// A stage.
#[derive(Debug, Clone, Serialize)]
pub struct StageDrawn {
    /// Name, or `stage-k`.
    pub name: String,
    /// What it is built on, as one would say it.
    pub base: String,
    /// Line of its FROM.
    pub line: usize,
    /// The target needs it.
    pub reachable: bool,
    /// Numbers of the stages it needs.
    pub needs: Vec<usize>,
}

/// A step.
#[derive(Debug, Clone, Serialize)]
pub struct StepDrawn {
    /// `[builder 2/5] COPY . .`
    pub label: String,
    /// Number of its stage in `stages`.
    pub stage: usize,
    /// Line of the instruction.
    pub line: usize,
    /// Numbers in `steps` of those it works on or takes from.
    pub inputs: Vec<usize>,
    /// Numbers in `sources` of what it takes in from outside.
    pub reads: Vec<usize>,
    /// Equal to another step, which is run once for both: its number in `steps`.
    pub same_as: Option<usize>,
}

impl Drawing {
    /// Makes the drawing of a graph.
    pub fn of(graph: &Graph, dockerfile: &str) -> Self {
        let mut sources = Vec::new();
        let mut steps: Vec<StepDrawn> = Vec::new();
        for (at, step) in graph.steps.iter().enumerate() {
            let (mut inputs, mut reads) = (Vec::new(), Vec::new());
            if let Some(vertex) = graph.vertices.get(step.vertex) {
                let merged = step.merge.into_iter().flat_map(|m| &graph.vertices[m].inputs);
                for &input in vertex.inputs.iter().chain(merged).filter(|&&v| v != step.vertex) {
                    match owner(graph, input, step.stage, at) {
                        Some(other) => push(&mut inputs, other),
                        None => reads.extend(source(graph, input).map(|name| number(&mut sources, name))),
                    }
                }
            }
            let same = graph.steps[..at].iter().position(|s| s.vertex == step.vertex);
            steps.push(StepDrawn {
                label: step.label.to_string(),
                stage: step.stage,
                line: step.line,
                inputs,
                reads,
                same_as: same.filter(|_| step.vertex < graph.vertices.len()),
            });
        }
        let stages = graph.stages.iter().enumerate().map(|(at, stage)| StageDrawn {
            name: stage_name(graph, at),
            base: match &stage.base {
                StageBase::Scratch => "scratch".into(),
                StageBase::Stage(n) => format!("stage {}", stage_name(graph, *n)),
                StageBase::Image(name) => name.clone(),
                StageBase::Context(name) => format!("context {name}"),
            },
            line: stage.line,
            reachable: stage.reachable,
            needs: stage.needs.clone(),
        });
        let stages = stages.collect();
        Self { schema: 1, dockerfile: dockerfile.into(), target: graph.target, stages, steps, sources }
    }
}

fn stage_name(graph: &Graph, at: usize) -> String {
    graph.stages[at].name.clone().unwrap_or_else(|| format!("stage-{at}"))
}

fn push(list: &mut Vec<usize>, n: usize) {
    if !list.contains(&n) {
        list.push(n);
    }
}

fn number(names: &mut Vec<String>, name: String) -> usize {
    names.iter().position(|n| *n == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}

/// The step that makes a vertex: of several equal ones, the one in this stage, or else the first.
fn owner(graph: &Graph, vertex: VertexId, stage: usize, before: usize) -> Option<usize> {
    let makes = |s: &Step| s.merge.unwrap_or(s.vertex) == vertex || s.vertex == vertex;
    let same = graph.steps[..before].iter().rposition(|s| s.stage == stage && makes(s));
    same.or_else(|| graph.steps.iter().position(makes))
}

/// The name of a source that has no step of its own.
fn source(graph: &Graph, vertex: VertexId) -> Option<String> {
    match &graph.vertices[vertex].op {
        Op::Source(Source::Context { name: None }) => Some("build context".into()),
        Op::Source(Source::Context { name: Some(name) }) => Some(format!("context {name}")),
        Op::Source(Source::Image { name, .. }) => Some(name.clone()),
        Op::Source(Source::Http { url, .. }) => Some(url.clone()),
        Op::Source(Source::Git { reference, .. }) => Some(reference.clone()),
        _ => None,
    }
}

/// Draws it for people.
pub fn text(drawing: &Drawing) -> String {
    let mut out = String::new();
    for (at, stage) in drawing.stages.iter().enumerate() {
        let role = match (at == drawing.target, stage.reachable) {
            (true, _) => "  the target",
            (false, false) => "  not built: the target does not need it",
            (false, true) => "",
        };
        let _ = writeln!(
            out,
            "\x1b[1m{}\x1b[0m  on {}  (line {}){role}",
            safe(&stage.name),
            safe(&stage.base),
            stage.line
        );
        let steps: Vec<&StepDrawn> = drawing.steps.iter().filter(|s| s.stage == at).collect();
        let names: Vec<String> = steps.iter().map(|s| fit(&safe(&s.label), 80)).collect();
        let column = names.iter().map(|n| columns(n)).max().unwrap_or(0);
        for (step, name) in steps.iter().zip(&names) {
            let takes = takes(drawing, step);
            let pad = if takes.is_empty() { 0 } else { column - columns(name) + 2 };
            let _ = writeln!(out, "  {name}{:pad$}{}", "", safe(&takes));
        }
        if at + 1 < drawing.stages.len() {
            out.push('\n');
        }
    }
    out
}

/// What a step takes in beside the step before it.
fn takes(drawing: &Drawing, step: &StepDrawn) -> String {
    let mut parts: Vec<String> = step.reads.iter().map(|&n| drawing.sources[n].clone()).collect();
    for &input in step.inputs.iter().filter(|&&i| drawing.steps[i].stage != step.stage) {
        parts.push(format!("stage {}", drawing.stages[drawing.steps[input].stage].name));
    }
    let mut text = if parts.is_empty() { String::new() } else { format!("<- {}", parts.join(", ")) };
    if let Some(other) = step.same_as {
        let same = format!("same as {}", drawing.steps[other].label);
        text = if text.is_empty() { same } else { format!("{text}; {same}") };
    }
    text
}

/// Draws it for Graphviz.
pub fn dot(drawing: &Drawing) -> String {
    let quote = |text: &str| format!("\"{}\"", safe(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut out =
        String::from("digraph layerlab {\n  rankdir=TB;\n  node [shape=box, fontname=\"monospace\"];\n");
    for (n, name) in drawing.sources.iter().enumerate() {
        let _ = writeln!(out, "  x{n} [label={}, shape=folder];", quote(name));
    }
    for (at, stage) in drawing.stages.iter().enumerate() {
        let style = if stage.reachable { "" } else { " style=dashed;" };
        let _ = writeln!(out, "  subgraph cluster_{at} {{\n    label={};{style}", quote(&stage.name));
        if !stage.reachable {
            let _ = writeln!(out, "    u{at} [label=\"not built\", style=dashed];");
        }
        for (n, step) in drawing.steps.iter().enumerate().filter(|(_, s)| s.stage == at) {
            let _ = writeln!(out, "    s{n} [label={}];", quote(&step.label));
        }
        out.push_str("  }\n");
    }
    for (from, to, dashed) in edges(drawing) {
        let style = if dashed { " [style=dashed, dir=none]" } else { "" };
        let _ = writeln!(out, "  {from} -> {to}{style};");
    }
    out.push_str("}\n");
    out
}

/// Draws it for Mermaid.
pub fn mermaid(drawing: &Drawing) -> String {
    let quote = |text: &str| {
        let text = safe(text).replace('#', "#35;").replace('"', "#quot;");
        format!("\"{}\"", text.replace('<', "#lt;").replace('>', "#gt;").replace('`', "#96;"))
    };
    let mut out = String::from("flowchart TD\n");
    for (n, name) in drawing.sources.iter().enumerate() {
        let _ = writeln!(out, "  x{n}[({})]", quote(name));
    }
    for (at, stage) in drawing.stages.iter().enumerate() {
        let _ = writeln!(out, "  subgraph g{at}[{}]", quote(&stage.name));
        if !stage.reachable {
            let _ = writeln!(out, "    u{at}[\"not built\"]");
        }
        for (n, step) in drawing.steps.iter().enumerate().filter(|(_, s)| s.stage == at) {
            let _ = writeln!(out, "    s{n}[{}]", quote(&step.label));
        }
        out.push_str("  end\n");
    }
    for (from, to, dashed) in edges(drawing) {
        let _ = writeln!(out, "  {from} {} {to}", if dashed { "-.-" } else { "-->" });
    }
    out
}

/// All edges by node names; dashed between equal steps.
fn edges(drawing: &Drawing) -> Vec<(String, String, bool)> {
    let mut out = Vec::new();
    for (n, step) in drawing.steps.iter().enumerate() {
        out.extend(step.reads.iter().map(|r| (format!("x{r}"), format!("s{n}"), false)));
        out.extend(step.inputs.iter().map(|i| (format!("s{i}"), format!("s{n}"), false)));
        out.extend(step.same_as.map(|o| (format!("s{o}"), format!("s{n}"), true)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::parse;
    use crate::graph::{GraphOptions, build};

    const FILE: &str = "\
FROM alpine AS tools
RUN echo <tools>
FROM golang:1 AS builder
WORKDIR /
COPY . /src
RUN --mount=type=bind,from=tools,target=/t go build \"-o\" /out/app
FROM alpine AS unused
RUN never
FROM alpine
COPY --link --from=builder /out/app /app
COPY --from=nginx /etc/nginx /etc/nginx
ADD https://example.com/a.tgz /a
FROM alpine
RUN echo <tools>
COPY --from=3 /app /
";

    fn drawing() -> Drawing {
        let options = GraphOptions::default();
        Drawing::of(&build(&parse(FILE).unwrap(), &options).unwrap(), "Dockerfile")
    }

    #[test]
    fn stages_and_steps_as_text() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&text(&drawing())).to_string());
    }

    #[test]
    fn stages_and_steps_for_graphviz() {
        insta::assert_snapshot!(dot(&drawing()));
    }

    #[test]
    fn stages_and_steps_for_mermaid() {
        insta::assert_snapshot!(mermaid(&drawing()));
    }

    #[test]
    fn every_step_but_the_first_of_a_stage_rests_on_another() {
        let drawing = drawing();
        for (n, step) in drawing.steps.iter().enumerate() {
            let first = drawing.steps[..n].iter().all(|s| s.stage != step.stage);
            let slash = step.label.ends_with("WORKDIR /");
            assert!(first || slash || !step.inputs.is_empty(), "{step:?}");
            assert!(step.inputs.iter().all(|&i| i != n));
        }
    }
}
