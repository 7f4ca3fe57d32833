//! Stages to vertices: what each vertex is, what it reads, and BuildKit's label for it.
//!
//! A port in miniature of what BuildKit's `dockerfile2llb` does, with the same order of expansion and the
//! same numbering. Pure: text and options in, graph or diagnostic out. It knows nothing of files, caches or
//! results.

mod convert;
mod copy;
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
    pub label: Label,
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
    /// Iterates over the steps of one stage.
    pub fn stage_steps(&self, stage: usize) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(move |s| s.stage == stage)
    }
}
