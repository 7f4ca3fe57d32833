//! `layerlab reorder`.

use super::Ended;

/// Arguments of `layerlab reorder`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_args: &Args) -> anyhow::Result<Ended> {
    anyhow::bail!("not here yet")
}
