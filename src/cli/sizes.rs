//! `layerlab sizes`: what each stage's image would weigh, layer by layer, and what the same would weigh elsewhere.

mod json;
mod learn;
mod text;

use std::collections::BTreeMap;

use super::output;
use super::{BuildFlags, Ended, Project, costs};
use crate::cli::flags::{Format, FormatFlag};
use crate::context::{Digest, Entry};
use crate::cost::archives::{self, Unpacked};
use crate::cost::compare::{self, Comparison};
use crate::cost::sizes::Sizes;
use crate::cost::view::SizesView;
use crate::cost::{Inputs, images};
use crate::declare::Declarations;
use crate::dockerfile::ast::{Instruction, InstructionKind};
use crate::graph;

/// Arguments of `layerlab sizes`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    build: BuildFlags,
    #[command(flatten)]
    format: FormatFlag,
    /// Shows the layers of every stage, not of the final image alone
    #[arg(long)]
    all: bool,
    /// Shows only how it compares with a single stage, Alpine, slim, distroless and scratch
    #[arg(long, conflicts_with = "all")]
    compare: bool,
    /// First asks your Docker for the real sizes of the base images that it has, and remembers them
    #[arg(long)]
    learn: bool,
    /// Lists the base images whose sizes are known, those whose name holds NAME; needs no project
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with_all = ["all", "compare", "learn"])]
    catalogue: Option<String>,
}

/// All that the command has to say.
struct Page<'a> {
    context: String,
    dockerfile: &'a str,
    target: Option<&'a str>,
    sizes: &'a Sizes,
    comparison: &'a Comparison,
    view: &'a SizesView,
    all: bool,
    compare_only: bool,
    learned: Option<learn::Learned>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    let json = args.format.format == Format::Json;
    if let Some(wanted) = &args.catalogue {
        return catalogue(wanted, json);
    }
    let project = Project::load(&args.build)?;
    let input = project.input();
    let graph =
        graph::build(&input.dockerfile, &input.options).map_err(|problem| project.sources.refuse(problem))?;
    let learned = args.learn.then(|| learn::learn(&graph)).transpose()?;
    let mut measured = costs::measured(&project.sources.context);
    measured.archives = archives(&project);
    let (declared, _) = Declarations::read(&input.dockerfile);
    let inputs =
        Inputs { context: &input.context, named: &input.named, measured: &measured, declared: &declared };
    let sizes = Sizes::of(&input.dockerfile, &graph, &inputs);
    let comparison = compare::compare(&input.dockerfile, &graph, &sizes, &measured);
    let view = SizesView::new(&sizes, &comparison);
    let page = Page {
        context: project.sources.context.display().to_string(),
        dockerfile: &project.sources.dockerfile_name,
        target: args.build.target.as_deref(),
        sizes: &sizes,
        comparison: &comparison,
        view: &view,
        all: args.all,
        compare_only: args.compare,
        learned,
    };
    if json {
        output::print_json(&json::answer(&page))?;
    } else {
        output::print(&text::render(&page, output::text::width()))?;
    }
    Ok(Ended::Done)
}

fn catalogue(wanted: &str, json: bool) -> anyhow::Result<Ended> {
    let found: Vec<_> = images::catalogue().iter().filter(|image| image.name.contains(wanted)).collect();
    if json {
        output::print_json(&serde_json::json!({ "schema": 1, "images": found }))?;
    } else if found.is_empty() {
        output::print(&format!("No image of the catalogue has {:?} in its name.\n", output::safe(wanted)))?;
    } else {
        output::print(&text::catalogue(&found))?;
    }
    Ok(if found.is_empty() { Ended::No } else { Ended::Done })
}

/// What the archives of the context unpack to, by the digest of their bytes.
fn archives(project: &Project) -> BTreeMap<Digest, Unpacked> {
    let adds = |instruction: &Instruction| matches!(instruction.kind, InstructionKind::Add(_));
    if !project.dockerfile.stages.iter().any(|stage| stage.instructions.iter().any(adds)) {
        return BTreeMap::new();
    }
    let tree = project.sources.scan.tree();
    let files = tree.iter().filter_map(|(path, entry)| match entry {
        Entry::File(file) if archives::is_archive(&path) => Some((path, file.content)),
        _ => None,
    });
    // One that cannot be read is weighed by what such archives usually come to.
    let read = |path: &str| {
        let mut file = std::fs::File::open(project.sources.context.join(path)).ok()?;
        archives::unpacked(&mut file).ok().flatten()
    };
    files.filter_map(|(path, content)| Some((content, read(&path)?))).collect()
}
