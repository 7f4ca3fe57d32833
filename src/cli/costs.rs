//! What the steps of a build cost, for all commands: from what was measured here, declared, or is usual.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::project::{Project, context_name, user_state};
use crate::cost::{Inputs, Measured, MeasuredImage, StepCost, estimate};
use crate::declare::Declarations;
use crate::graph::Graph;
use crate::simulate::BuildInput;

/// One cost a step of the graph, in its order, for a project as it stands.
pub fn of_steps(project: &Project, graph: &Graph) -> Vec<StepCost> {
    of_input(&project.input(), graph, &measured(&project.sources.context))
}

/// One cost a step of the graph, in its order.
pub fn of_input(input: &BuildInput, graph: &Graph, measured: &Measured) -> Vec<StepCost> {
    let (declared, _) = Declarations::read(&input.dockerfile);
    estimate(graph, &Inputs { context: &input.context, named: &input.named, measured, declared: &declared })
}

/// What real builds of this context took on this machine, and what images weigh here; nothing where none was measured.
pub fn measured(context: &Path) -> Measured {
    let mut measured: Measured = measured_file(context).map(|file| kept(&file)).unwrap_or_default();
    for (name, image) in learned_images() {
        measured.images.entry(name).or_insert(image);
    }
    measured
}

/// Images by canonical name, as `sizes --learn` was told of them; they are the same for all projects.
pub fn learned_images() -> BTreeMap<String, MeasuredImage> {
    images_file().map(|file| kept(&file)).unwrap_or_default()
}

/// Keeps what images weigh here.
///
/// # Errors
/// There is no place for it, or it cannot be written.
pub fn keep_images(images: &BTreeMap<String, MeasuredImage>) -> anyhow::Result<()> {
    let file = images_file().context("there is no folder for what is learned; set HOME or XDG_STATE_HOME")?;
    let folder = file.parent().context("the file has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Beside it first, so that a reader finds all of it or none.
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    serde_json::to_writer_pretty(&mut beside, images)?;
    beside.persist(&file).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

/// A file that cannot be read is as good as none: the figures are then estimates, and say so.
fn kept<T: serde::de::DeserializeOwned + Default>(file: &Path) -> T {
    let bytes = std::fs::read(file).ok();
    bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn images_file() -> Option<PathBuf> {
    Some(user_state()?.join("measured").join("images.json"))
}

/// Where the figures that `verify` learns about a context are kept.
pub fn measured_file(context: &Path) -> Option<PathBuf> {
    Some(user_state()?.join("measured").join(format!("{}.json", context_name(context))))
}
