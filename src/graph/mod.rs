//! Stages to vertices: what each vertex is, what it reads, and BuildKit's label for it.
//!
//! A port in miniature of what BuildKit's `dockerfile2llb` does, with the same order of expansion and the
//! same numbering. Pure: text and options in, graph or diagnostic out. It knows nothing of files, caches or
//! results.

mod config;
mod convert;
mod copy;
mod git;
mod image;
mod label;
mod options;
pub mod path;
mod reach;
mod run;
mod stage;
mod vertex;

pub use convert::build;
pub use image::canonical;
pub use label::Label;
pub use options::{GraphOptions, ImageConfig, ImageStore, NoCache, Platform};
pub use stage::{StageBase, StageInfo, StageState};
pub use vertex::{
    Action, CopyAction, Exec, FileOp, Mount, MountKind, Op, Owner, PathSelector, Source, Vertex, VertexId,
};

use std::sync::Arc;

use crate::dockerfile::ast::Span;

/// The graph of one build: vertices in an order in which inputs come first, and the steps that print them.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Every stage of the Dockerfile in order, reachable or not.
    pub stages: Vec<StageInfo>,
    /// Vertices; an input's number is below that of the vertex that takes it in. Two vertices of equal
    /// definition are one (`stages-dedupe`).
    pub vertices: Vec<Vertex>,
    /// What BuildKit prints, stage by stage in the Dockerfile's order.
    pub steps: Vec<Step>,
    /// Number of the target stage in `stages`.
    pub target: usize,
    /// The vertex of the final image; none for an empty one (`FROM scratch` alone).
    pub result: Option<VertexId>,
}

/// One printed step: a FROM of an image, a RUN, COPY, ADD or WORKDIR.
#[derive(Debug, Clone)]
pub struct Step {
    /// `[stage index/of] instruction`.
    pub label: Arc<Label>,
    /// Its vertex; of a COPY --link, the copy; none where an instruction makes no vertex (`WORKDIR /`).
    pub vertex: VertexId,
    /// The LINK merge of a COPY --link.
    pub merge: Option<VertexId>,
    /// Number of the stage in [`Graph::stages`].
    pub stage: usize,
    /// Number of the instruction in the stage; none for the FROM and for ONBUILD triggers.
    pub instruction: Option<usize>,
    /// Comes from an ONBUILD trigger of the base.
    pub onbuild: bool,
    /// Line in the Dockerfile, from 1.
    pub line: usize,
    /// Its place in the text.
    pub span: Span,
    /// The stage's environment, working directory and user as they stand before the instruction.
    pub state: StageState,
}

impl Graph {
    /// Leaves out vertices that the result does not rest on, and their steps: a stage that is named but not used,
    /// say by a COPY --from of heredocs alone, is converted but never sent to the builder.
    fn keep_what_is_needed(&mut self) {
        let mut needed = vec![false; self.vertices.len()];
        let mut todo: Vec<VertexId> = self.result.into_iter().collect();
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut needed[at], true) {
                todo.extend(&self.vertices[at].inputs);
            }
        }
        if needed.iter().all(|&n| n) {
            return;
        }
        let mut count = 0;
        let places: Vec<Option<VertexId>> = needed
            .iter()
            .map(|&n| {
                count += usize::from(n);
                n.then(|| count - 1)
            })
            .collect();
        let mut at = 0;
        self.vertices.retain(|_| {
            at += 1;
            needed[at - 1]
        });
        for vertex in &mut self.vertices {
            // Inputs of what is needed are needed.
            vertex.inputs = vertex.inputs.iter().filter_map(|&i| places[i]).collect();
        }
        self.steps.retain_mut(|step| match places[step.vertex] {
            Some(place) => {
                step.vertex = place;
                step.merge = step.merge.and_then(|m| places[m]);
                true
            }
            None => false,
        });
        for stage in &mut self.stages {
            stage.result = stage.result.and_then(|r| places[r]);
        }
        self.result = self.result.and_then(|r| places[r]);
    }

    /// Iterates over the steps of one stage.
    pub fn stage_steps(&self, stage: usize) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |s| s.stage == stage)
    }
}
