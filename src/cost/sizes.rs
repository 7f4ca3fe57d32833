//! What each stage's image weighs, layer by layer, and what of it nobody needs.

use std::collections::BTreeSet;

use super::images::{self, CatalogueImage, ImageSize};
use super::model::{Inputs, Piece, PieceKind, Worked, work_out};
use super::{Basis, Figure};
use crate::context::path;
use crate::dockerfile::ast::Dockerfile;
use crate::graph::{Graph, Op, StageBase};

/// What the stages of a Dockerfile weigh.
#[derive(Debug, Clone)]
pub struct Sizes {
    /// Every stage that the target needs, in the Dockerfile's order.
    pub stages: Vec<StageSize>,
    /// Place of the target in `stages`: the final image.
    pub target: usize,
    /// Bytes in the final image that nobody needs, the largest first.
    pub waste: Vec<Waste>,
}

/// What the image of one stage weighs.
#[derive(Debug, Clone)]
pub struct StageSize {
    /// Number of the stage in the Dockerfile.
    pub stage: usize,
    /// Name given with AS, else `stage N`.
    pub name: String,
    /// What its FROM says, variables expanded.
    pub from: String,
    /// Line of its FROM.
    pub line: usize,
    /// The image at the bottom; none for scratch.
    pub base: Option<Base>,
    /// Its layers from the bottom, those of the stages it is built on included.
    pub layers: Vec<LayerSize>,
    /// The sum, as `docker images` prints it.
    pub total: Figure,
    /// The final image is built on it, or it is the final image.
    pub in_image: bool,
}

/// The image at the bottom of a stage.
#[derive(Debug, Clone)]
pub struct Base {
    /// Its name as people write it.
    pub name: String,
    /// Its size and where that comes from.
    pub size: ImageSize,
}

/// One layer, or the base image's layers as one.
#[derive(Debug, Clone)]
pub struct LayerSize {
    /// Stage of the instruction.
    pub stage: usize,
    /// Number of the step in [`Graph::steps`].
    pub step: usize,
    /// Line of the instruction.
    pub line: usize,
    /// The instruction as its label prints it.
    pub instruction: String,
    /// Bytes, as `docker history` prints them.
    pub bytes: Figure,
    /// It stands for a base image.
    pub base: bool,
    /// What is in it.
    pub pieces: Vec<Piece>,
}

/// Bytes in the image that nobody needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Waste {
    /// How many.
    pub bytes: Figure,
    /// Line of the instruction that puts them there.
    pub line: usize,
    /// Line to change.
    pub change: usize,
    /// What they are.
    pub kind: WasteKind,
}

/// Kinds of waste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WasteKind {
    /// Left behind by a tool.
    Leftover {
        /// `pip's download cache`.
        what: String,
        /// What to write.
        fix: String,
    },
    /// Files of a layer below, here once more because a command changed their owner, mode or text.
    CopiedUp {
        /// The command: `chown`.
        by: String,
        /// The path.
        path: String,
        /// Line of the COPY that brought them, if one did.
        from: Option<usize>,
    },
    /// Files that a later layer removes, and that stay in the layer below.
    Removed {
        /// The path.
        path: String,
        /// Line of the instruction that removes them.
        by: usize,
    },
    /// Files that an earlier COPY had brought already.
    Repeated {
        /// Where they are.
        path: String,
    },
    /// Git's own folder, copied along with the sources.
    Git {
        /// Where it is.
        path: String,
    },
}

/// What is less than this in bytes is not worth a word.
const WORTH_A_WORD: f64 = 100_000.0;

impl Sizes {
    /// Works out the sizes of a graph's stages.
    pub fn of(dockerfile: &Dockerfile, graph: &Graph, inputs: &Inputs<'_>) -> Self {
        let worked = work_out(graph, inputs);
        let chain = chain(graph, graph.target);
        let mut stages = Vec::new();
        let mut target = 0;
        for (at, stage) in graph.stages.iter().enumerate().filter(|(_, stage)| stage.reachable) {
            if at == graph.target {
                target = stages.len();
            }
            let layers = layers(graph, &worked, at);
            let written = dockerfile.stages.get(at).map(|stage| stage.base.clone()).unwrap_or_default();
            let from = match &stage.base {
                StageBase::Image(name) => familiar(name),
                _ => written,
            };
            stages.push(StageSize {
                stage: at,
                name: stage.name.clone().unwrap_or_else(|| format!("stage {at}")),
                from,
                line: stage.line,
                base: base(graph, at, inputs),
                total: total(layers.iter().map(|layer| layer.bytes)),
                layers,
                in_image: chain.contains(&at),
            });
        }
        let waste = stages.get(target).map(waste).unwrap_or_default();
        Self { stages, target, waste }
    }

    /// The final image.
    pub fn image(&self) -> &StageSize {
        // The target is reachable, and so among the stages.
        &self.stages[self.target]
    }

    /// Stages whose files are not in the image unless they are copied: what a multi-stage build leaves behind.
    pub fn left_behind(&self) -> impl Iterator<Item = &StageSize> {
        self.stages.iter().filter(|stage| !stage.in_image)
    }

    /// Bytes of waste in all.
    pub fn wasted(&self) -> Figure {
        total(self.waste.iter().map(|waste| waste.bytes))
    }
}

/// A sum rests on the weakest of its parts.
pub(super) fn total(figures: impl Iterator<Item = Figure>) -> Figure {
    figures.fold(Figure { value: 0.0, basis: Basis::Measured }, |all, one| Figure {
        value: all.value + one.value,
        // What adds nothing takes no certainty away.
        basis: if one.value > 0.0 { all.basis.min(one.basis) } else { all.basis },
    })
}

/// The stages that a stage is built on, itself included.
fn chain(graph: &Graph, stage: usize) -> BTreeSet<usize> {
    let mut chain = BTreeSet::new();
    let mut at = stage;
    while chain.insert(at) {
        match graph.stages[at].base {
            StageBase::Stage(below) => at = below,
            _ => break,
        }
    }
    chain
}

/// The layers of a stage's image from the bottom.
fn layers(graph: &Graph, worked: &[Worked], stage: usize) -> Vec<LayerSize> {
    let mut order = Vec::new();
    let mut at = stage;
    loop {
        order.push(at);
        match graph.stages[at].base {
            StageBase::Stage(below) if !order.contains(&below) => at = below,
            _ => break,
        }
    }
    let mut all = Vec::new();
    for &stage in order.iter().rev() {
        for (number, step) in graph.steps.iter().enumerate().filter(|(_, step)| step.stage == stage) {
            let layer = &worked[step.vertex].layer;
            let base = matches!(graph.vertices[step.vertex].op, Op::Source(_));
            all.push(LayerSize {
                stage,
                step: number,
                line: step.line,
                instruction: step.label.instruction.clone(),
                bytes: layer.bytes(),
                base,
                pieces: layer.pieces.clone(),
            });
        }
    }
    all
}

/// The image at the bottom of a stage.
fn base(graph: &Graph, stage: usize, inputs: &Inputs<'_>) -> Option<Base> {
    let mut at = stage;
    // No chain is longer than there are stages.
    for _ in &graph.stages {
        match &graph.stages[at].base {
            StageBase::Stage(below) => at = *below,
            StageBase::Image(name) => {
                let size = images::size(name, inputs.measured);
                return Some(Base { name: familiar(name), size });
            }
            _ => return None,
        }
    }
    None
}

/// An image's name as people write it.
pub fn familiar(canonical: &str) -> String {
    let name = canonical.split('@').next().unwrap_or(canonical);
    let name = name.strip_prefix("docker.io/library/").or(name.strip_prefix("docker.io/")).unwrap_or(name);
    name.strip_suffix(":latest").unwrap_or(name).to_string()
}

fn waste(stage: &StageSize) -> Vec<Waste> {
    let mut all = Vec::new();
    for (at, layer) in stage.layers.iter().enumerate() {
        let below = &stage.layers[..at];
        for piece in &layer.pieces {
            all.extend(waste_of(piece, layer, below));
        }
        all.extend(git_in(layer));
    }
    all.retain(|waste: &Waste| waste.bytes.value >= WORTH_A_WORD);
    all.sort_by(|a, b| b.bytes.value.total_cmp(&a.bytes.value));
    all
}

fn waste_of(piece: &Piece, layer: &LayerSize, below: &[LayerSize]) -> Option<Waste> {
    let basis = if piece.weight.exact { Basis::Measured } else { Basis::Estimated };
    let bytes = Figure { value: piece.weight.bytes, basis };
    let shown = format!("/{}", piece.at);
    let brought = || {
        below.iter().rev().find(|layer| {
            layer.pieces.iter().any(|other| {
                matches!(other.kind, PieceKind::Copied)
                    && (path::is_within(&other.at, &piece.at) || path::is_within(&piece.at, &other.at))
            })
        })
    };
    let (change, kind) = match &piece.kind {
        PieceKind::Leftover { what, fix } => {
            (layer.line, WasteKind::Leftover { what: what.clone(), fix: fix.clone() })
        }
        PieceKind::CopiedUp { by } => {
            let from = brought().map(|layer| layer.line);
            (from.unwrap_or(layer.line), WasteKind::CopiedUp { by: by.clone(), path: shown, from })
        }
        PieceKind::Deleted => {
            let put = below.iter().rev().find(|layer| {
                layer.pieces.iter().any(|other| other.kind.adds() && path::is_within(&other.at, &piece.at))
            });
            let put = put.or_else(brought)?;
            let kind = WasteKind::Removed { path: shown, by: layer.line };
            return Some(Waste { bytes, line: put.line, change: put.line, kind });
        }
        PieceKind::Repeated => (layer.line, WasteKind::Repeated { path: shown }),
        _ => return None,
    };
    Some(Waste { bytes, line: layer.line, change, kind })
}

/// A `.git` folder among what a layer copies.
fn git_in(layer: &LayerSize) -> Option<Waste> {
    let git = layer.pieces.iter().find(|piece| matches!(piece.kind, PieceKind::Copied) && piece.git > 0.0)?;
    let path = path::join(&format!("/{}", git.at), ".git").replace("//", "/");
    let bytes = Figure { value: git.git, basis: Basis::Measured };
    Some(Waste { bytes, line: layer.line, change: layer.line, kind: WasteKind::Git { path } })
}

impl Waste {
    /// What it is and what to do, in one sentence each.
    pub fn words(&self) -> (String, String) {
        match &self.kind {
            WasteKind::Leftover { what, fix } => (format!("{what} left in the image"), fix.clone()),
            WasteKind::CopiedUp { by, path, from } => {
                let what = format!("{by} changes {path}, so its files are in the image a second time");
                let flag = match by.as_str() {
                    "chmod" => "--chmod",
                    _ => "--chown",
                };
                let fix = match (from, by.as_str()) {
                    (Some(line), "chown" | "chgrp" | "chmod") => {
                        format!("write COPY {flag}=… in line {line} and drop the {by}")
                    }
                    _ => format!("run {by} in the RUN that makes the files"),
                };
                (what, fix)
            }
            WasteKind::Removed { path, by } => (
                format!("line {by} removes {path}, but the layer of line {} keeps it", self.line),
                format!("remove it in the same RUN that makes it, in line {}", self.change),
            ),
            WasteKind::Repeated { path } => (
                format!("this COPY brings files to {path} that are there already"),
                "copy only what is missing, or copy them once; a few manifests ahead of an install are worth it"
                    .to_string(),
            ),
            WasteKind::Git { path } => {
                (format!("git's own folder is copied to {path}"), "add .git to .dockerignore".to_string())
            }
        }
    }
}

impl Base {
    /// Says what the size rests on: the date and source of the figure, and whether it is that of another image.
    pub fn note(&self) -> String {
        let Some(figure) = self.size.bytes else {
            return format!(
                "the size of {} is not known and counts as 0; `layerlab sizes --learn` asks your Docker",
                self.name
            );
        };
        if figure.basis == Basis::Measured {
            return format!("{}: as your Docker reports it", self.name);
        }
        let Some(entry) = self.size.entry else { return self.name.clone() };
        let CatalogueImage { name, date, .. } = entry;
        match (self.size.nearest, entry.approximate) {
            (true, _) => format!("{} is not in the catalogue: taken as {name} of {date}", self.name),
            (false, true) => format!("{name}: roughly, {date}"),
            (false, false) => format!("{name}: catalogue, {date}"),
        }
    }
}
