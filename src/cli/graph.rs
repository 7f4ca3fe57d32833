//! `layerlab graph`.

use std::path::{Path, PathBuf};

use super::output::graph::{Drawing, dot, mermaid, text};
use super::output::{self};
use super::{BuildFlags, Ended, Sources};
use crate::dockerfile;
use crate::graph;

/// Arguments of `layerlab graph`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The Dockerfile, or the folder that holds it; `-` for standard input
    #[arg(value_name = "FILE", default_value = "Dockerfile")]
    file: PathBuf,
    /// The stage to build [default: the last one]
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Sets an ARG; without a value, to what the environment holds
    #[arg(long = "build-arg", value_name = "K[=V]")]
    build_args: Vec<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

/// Formats of a graph.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one object.
    Json,
    /// For Graphviz.
    Dot,
    /// For Markdown pages that draw Mermaid.
    Mermaid,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    let file = if args.file.is_dir() { args.file.join("Dockerfile") } else { args.file.clone() };
    let (name, text_of) = Sources::read_dockerfile(Path::new("."), &file)?;
    let refuse =
        |diagnostic| output::Refused { diagnostic, file: name.clone(), text: text_of.as_str().into() };
    let flags = BuildFlags {
        target: args.target.clone(),
        build_args: args.build_args.clone(),
        ..BuildFlags::default()
    };
    let parsed = dockerfile::parse(&text_of).map_err(refuse)?;
    let graph = graph::build(&parsed, &flags.graph_options()).map_err(refuse)?;
    let drawing = Drawing::of(&graph, &name);
    match args.format {
        Format::Json => output::print_json(&drawing)?,
        Format::Text => output::print(&text(&drawing))?,
        Format::Dot => output::print(&dot(&drawing))?,
        Format::Mermaid => output::print(&mermaid(&drawing))?,
    }
    Ok(Ended::Done)
}
