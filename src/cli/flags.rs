//! Flags that build, plan, watch, reorder and verify share; they follow `docker build`.

use std::path::PathBuf;

/// What is built, and how.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct BuildFlags {
    /// The build context
    #[arg(value_name = "CONTEXT", default_value = ".")]
    pub context: PathBuf,
    /// The Dockerfile [default: CONTEXT/Dockerfile]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The stage to build
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// Sets an ARG; without a value, from the environment
    #[arg(long = "build-arg", value_name = "K[=V]")]
    pub build_args: Vec<String>,
    /// Adds a named context
    #[arg(long = "build-context", value_name = "NAME=PATH")]
    pub build_contexts: Vec<String>,
    /// Looks nothing up
    #[arg(long)]
    pub no_cache: bool,
    /// Looks nothing up for the steps of these stages
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub no_cache_filter: Vec<String>,
    /// The platform to build for
    #[arg(long, value_name = "OS/ARCH")]
    pub platform: Option<String>,
}
