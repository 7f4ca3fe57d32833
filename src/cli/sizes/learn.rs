//! `--learn`: real sizes of base images from the user's own Docker.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use crate::cli::costs;
use crate::cost::MeasuredImage;
use crate::cost::sizes::familiar;
use crate::engine::{Engine, Kind, Wish};
use crate::graph::{Graph, Op, Source};

/// What was learned.
#[derive(Debug, Serialize)]
pub(super) struct Learned {
    /// The engine that was asked.
    pub engine: String,
    /// Images with their bytes.
    pub images: Vec<(String, u64)>,
    /// Images that it does not have.
    pub missing: Vec<String>,
}

/// Asks the engine for the images that a graph names, and keeps what it says.
pub(super) fn learn(graph: &Graph) -> anyhow::Result<Learned> {
    let engine = Engine::find(&Wish { kind: Some(Kind::Docker), ..Wish::default() })
        .map_err(|problem| anyhow!("{problem}. {}", problem.advice()))?;
    let named: BTreeSet<&str> = graph
        .vertices
        .iter()
        .filter_map(|vertex| match &vertex.op {
            Op::Source(Source::Image { name, .. }) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let mut known = costs::learned_images();
    let mut learned = Learned { engine: engine.version.clone(), images: Vec::new(), missing: Vec::new() };
    for name in named {
        match engine.stored_image(name)? {
            Some(image) => {
                let layers = image.layers.iter().filter(|layer| layer.bytes > 0).count();
                let layers = u32::try_from(layers).unwrap_or(u32::MAX);
                known.insert(name.to_string(), MeasuredImage { bytes: image.bytes, layers });
                learned.images.push((familiar(name), image.bytes));
            }
            None => learned.missing.push(familiar(name)),
        }
    }
    costs::keep_images(&known).context("what Docker said cannot be kept")?;
    Ok(learned)
}
