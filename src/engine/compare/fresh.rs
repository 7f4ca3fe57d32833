//! What no engine can have a result of from before the session.

use super::Circumstances;
use crate::graph::{Action, Graph, Op, Source};

/// For each vertex: no engine can have a result of it from before the session.
///
/// A vertex is found by all its inputs at once, so one that is new to the engine is enough, where it counts by
/// definition, or by the content of a marked context. What a stage put out may be known by its content.
pub fn freshness(graph: &Graph, around: &Circumstances) -> Vec<bool> {
    let mut fresh: Vec<bool> = Vec::with_capacity(graph.vertices.len());
    for vertex in &graph.vertices {
        let is_context = |input: &usize| {
            let source = &graph.vertices[vertex.inputs[*input]].op;
            around.fresh_contexts && matches!(source, Op::Source(Source::Context { .. }))
        };
        let by_definition = |input: &usize| fresh[vertex.inputs[*input]];
        fresh.push(match &vertex.op {
            Op::Source(Source::Image { digest, .. }) => around.fresh_images.contains(digest),
            Op::Source(_) => false,
            Op::Merge => vertex.inputs.iter().any(|input| fresh[*input]),
            Op::Exec(exec) => exec.mounts.iter().any(|mount| match &mount.input {
                Some(input) if mount.target == "/" => by_definition(input),
                Some(input) => is_context(input),
                None => false,
            }),
            Op::File(file) => {
                file.base.as_ref().is_some_and(by_definition)
                    || file.actions.iter().any(|action| match action {
                        Action::Copy(copy) => copy.input.as_ref().is_some_and(is_context),
                        Action::Mkdir { .. } | Action::Mkfile { .. } => false,
                    })
            }
        });
    }
    fresh
}

/// Says whether every RUN, COPY and ADD is new to the engine; a WORKDIR alone cannot be helped.
pub fn is_all_fresh(graph: &Graph, around: &Circumstances) -> bool {
    let fresh = freshness(graph, around);
    graph.vertices.iter().zip(fresh).all(|(vertex, fresh)| {
        let made_by_a_step = match &vertex.op {
            Op::Source(_) | Op::Merge => false,
            Op::Exec(_) => true,
            Op::File(file) => !file.actions.iter().all(|a| matches!(a, Action::Mkdir { .. })),
        };
        fresh || !made_by_a_step
    })
}
