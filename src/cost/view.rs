//! The sizes as a screen shows them: bars to scale and words, without widths or colours.

use super::Figure;
use super::compare::{Comparison, Way};
use super::sizes::{LayerSize, Sizes, StageSize, familiar};
use super::words::figure_bytes;

/// What a screen of sizes shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SizesView {
    /// `The image weighs about 12.5 MB`.
    pub title: String,
    /// The final image's layers from the bottom; bars to the scale of the largest.
    pub layers: Vec<Bar>,
    /// Stages that stay behind; bars to the scale of the largest stage, the image included.
    pub left_behind: Vec<Bar>,
    /// Bytes in the image that nobody needs, with what to do.
    pub waste: Vec<Advice>,
    /// This Dockerfile and other ways, to the scale of the largest.
    pub ways: Vec<Bar>,
    /// Ways that cannot work, and why.
    pub impossible: Vec<(String, String)>,
    /// Where the sizes of base images come from.
    pub sources: Vec<String>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it is.
    pub label: String,
    /// Line of the Dockerfile, where it is about one.
    pub line: Option<usize>,
    /// Bytes.
    pub bytes: Figure,
    /// The bytes in words, with `about` where they are estimated.
    pub size: String,
    /// Length, from 0 to 1.
    pub share: f64,
    /// What it stands for.
    pub role: Role,
    /// What to change for it to work.
    pub changes: Vec<String>,
    /// What to mind.
    pub caveats: Vec<String>,
}

/// What a bar stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The base image.
    Base,
    /// A layer of the Dockerfile's own.
    Layer,
    /// A stage that stays behind.
    Stage,
    /// This Dockerfile, among other ways.
    This,
    /// Another way.
    Other,
}

/// Bytes to save, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// Line that puts them there.
    pub line: usize,
    /// Line to change.
    pub change: usize,
    /// How many.
    pub bytes: Figure,
    /// The bytes in words.
    pub size: String,
    /// What they are.
    pub what: String,
    /// What to write.
    pub fix: String,
}

impl SizesView {
    /// Makes the view.
    pub fn new(sizes: &Sizes, comparison: &Comparison) -> Self {
        let image = sizes.image();
        let stages: Vec<&StageSize> = sizes.left_behind().collect();
        let widest = stages.iter().map(|stage| stage.total.value).fold(image.total.value, f64::max);
        let most = comparison.rows.iter().map(|row| row.total.value).fold(0.0, f64::max);
        let waste = sizes.waste.iter().map(|waste| {
            let (what, fix) = waste.words();
            let size = figure_bytes(waste.bytes);
            Advice { line: waste.line, change: waste.change, bytes: waste.bytes, size, what, fix }
        });
        let ways = comparison.rows.iter().map(|row| Bar {
            changes: row.changes.clone(),
            caveats: row.caveats.clone(),
            ..Bar::new(
                format!("{}: FROM {}", row.kind.words(), row.base),
                None,
                row.total,
                most,
                if row.kind == Way::This { Role::This } else { Role::Other },
            )
        });
        let mut sources = Vec::new();
        for base in sizes.stages.iter().filter_map(|stage| stage.base.as_ref()) {
            let note = base.note();
            if !sources.contains(&note) {
                sources.push(note);
            }
        }
        Self {
            title: format!("The image weighs {}", figure_bytes(image.total)),
            layers: bars(image),
            left_behind: stages
                .into_iter()
                .map(|stage| {
                    let label = format!("{}, FROM {}", stage.name, stage.from);
                    Bar::new(label, Some(stage.line), stage.total, widest, Role::Stage)
                })
                .collect(),
            waste: waste.collect(),
            ways: ways.collect(),
            impossible: comparison.impossible.clone(),
            sources,
        }
    }
}

impl Bar {
    fn new(label: String, line: Option<usize>, bytes: Figure, most: f64, role: Role) -> Self {
        let share = if most > 0.0 { (bytes.value / most).clamp(0.0, 1.0) } else { 0.0 };
        let size = figure_bytes(bytes);
        Self { label, line, bytes, size, share, role, changes: Vec::new(), caveats: Vec::new() }
    }

    /// Its length in cells of a width: something is at least one cell.
    pub fn cells(&self, width: usize) -> usize {
        if self.share <= 0.0 { 0 } else { ((self.share * width as f64).round() as usize).clamp(1, width) }
    }
}

/// The layers of a stage's image from the bottom, to the scale of the largest.
pub fn bars(stage: &StageSize) -> Vec<Bar> {
    let most = stage.layers.iter().map(|layer| layer.bytes.value).fold(0.0, f64::max);
    let bar = |layer: &LayerSize| {
        let role = if layer.base { Role::Base } else { Role::Layer };
        Bar::new(label(layer), Some(layer.line), layer.bytes, most, role)
    };
    stage.layers.iter().map(bar).collect()
}

/// The instruction, a base image as people write it.
fn label(layer: &LayerSize) -> String {
    match layer.instruction.strip_prefix("FROM ") {
        Some(image) if layer.base => format!("FROM {}", familiar(image)),
        _ => layer.instruction.clone(),
    }
}
