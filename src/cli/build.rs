//! `layerlab build` and `layerlab plan`.

use super::{BuildFlags, Ended};

/// Arguments of `layerlab build`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: BuildFlags,
}

/// Arguments of `layerlab plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    build: Args,
}

/// Runs `layerlab build`.
pub fn run(_args: &Args) -> anyhow::Result<Ended> {
    anyhow::bail!("not here yet")
}

/// Runs `layerlab plan`.
pub fn run_plan(args: &PlanArgs) -> anyhow::Result<Ended> {
    run(&args.build)
}
