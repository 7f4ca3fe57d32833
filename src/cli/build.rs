//! `layerlab build` and `layerlab plan`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::edits::Edits;
use super::flags::{BuildFlags, Format, FormatFlag};
use super::output::answer::{Answer, Problem, Surprise, TrapFound};
use super::output::text::{self, Page, Size};
use super::output::{self, words};
use super::project::{Project, Sources, context_name, user_cache};
use super::{Ended, costs};
use crate::context::{Selector, Trap, changed_paths, path};
use crate::explain::findings;
use crate::graph::{Graph, GraphOptions, NoCache, Op, Source};
use crate::simulate::disk::CacheFolder;
use crate::simulate::{BuildInput, Outcome, Simulator};

/// Arguments of `layerlab build`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: BuildFlags,
    #[command(flatten)]
    format: FormatFlag,
}

/// Arguments of `layerlab plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    #[command(flatten)]
    build: Args,
    /// Asks what an edit of this file would rebuild; a folder stands for all in it, and patterns are those of
    /// a .dockerignore. Without --cache, the tree as it stands counts as built
    #[arg(long = "edit", value_name = "PATH")]
    edits: Vec<String>,
}

/// Runs `layerlab build`.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    answer(args, false, |project| {
        let cache = CacheFolder::new(cache_folder(&args.flags)?);
        let mut simulator = builder(&args.flags, &cache)?;
        let outcome = simulator.predict(&project.input()).map_err(|d| project.sources.refuse(d))?;
        let named = || cache.path().display();
        cache.remember(&outcome).with_context(|| format!("cannot write the cache {}", named()))?;
        project.sources.save_index();
        if outcome.prediction.error.is_none() {
            for to in &args.flags.cache_to {
                let export = CacheFolder::new(&to.dest);
                export
                    .write_export(&outcome.export(to.mode))
                    .with_context(|| format!("cannot write the export {}", to.dest.display()))?;
            }
        }
        Ok((outcome, Edits::default()))
    })
}

/// Runs `layerlab plan`.
pub fn run_plan(args: &PlanArgs) -> anyhow::Result<Ended> {
    let flags = &args.build.flags;
    answer(&args.build, true, |project| {
        let edits = Edits::find(&project.sources, &args.edits)?;
        let mut input = project.input();
        let refuse = |d| project.sources.refuse(d);
        let mut simulator = if args.edits.is_empty() || flags.cache.is_some() || !flags.cache_from.is_empty()
        {
            builder(flags, &CacheFolder::new(cache_folder(flags)?))?
        } else {
            // What is asked is what the edit alone does: the tree as it stands counts as built.
            let mut simulator = Simulator::default();
            let before = BuildInput { options: asked_once(&input.options), ..input.clone() };
            simulator.build(&before).map_err(refuse)?;
            simulator
        };
        input.context = edits.apply(&input.context);
        let outcome = simulator.predict(&input).map_err(refuse)?;
        Ok((outcome, edits))
    })
}

/// The options of the build before: `--no-cache` is asked of the one after the edit.
fn asked_once(options: &GraphOptions) -> GraphOptions {
    GraphOptions { no_cache: NoCache::Off, ..options.clone() }
}

/// Where the simulated cache lies: `--cache`, or a folder of this user's for each context.
fn cache_folder(flags: &BuildFlags) -> anyhow::Result<PathBuf> {
    if let Some(dir) = &flags.cache {
        return Ok(dir.clone());
    }
    let home = user_cache().context("there is no home folder to keep a cache in; pass --cache DIR")?;
    Ok(home.join("builds").join(context_name(&flags.context)))
}

/// A builder with its cache, and what `--cache-from` brings.
fn builder(flags: &BuildFlags, cache: &CacheFolder) -> anyhow::Result<Simulator> {
    let unreadable = |path: &Path| format!("cannot read the cache {}", path.display());
    let mut simulator = cache.load().with_context(|| unreadable(cache.path()))?;
    for from in &flags.cache_from {
        if !from.src.is_dir() {
            bail!("there is no exported cache {}; layerlab build --cache-to makes one", from.src.display());
        }
        let import = CacheFolder::new(&from.src).additions().with_context(|| unreadable(&from.src))?;
        simulator.import(import);
    }
    Ok(simulator)
}

/// Loads the project, has its build predicted, prints the answer.
fn answer(
    args: &Args,
    plan: bool,
    predict: impl FnOnce(&mut Project) -> anyhow::Result<(Outcome, Edits)>,
) -> anyhow::Result<Ended> {
    let json = args.format.format == Format::Json;
    let (project, outcome, edits) = match Project::load(&args.flags).and_then(|mut project| {
        let (outcome, edits) = predict(&mut project)?;
        Ok((project, outcome, edits))
    }) {
        Ok(all) => all,
        Err(error) => {
            if json {
                let (context, file) = names(&args.flags);
                output::print_json(&Answer::failed(context, file, Problem::input(&error)))?;
            }
            return Err(error);
        }
    };
    let sources = &project.sources;
    let costs = costs::of_steps(&project, &outcome.graph);
    let (context, _) = names(&args.flags);
    let mut answer = Answer::new(
        context,
        sources.dockerfile_name.clone(),
        &outcome.prediction,
        &outcome.explanations,
        &costs,
    );
    answer.target.clone_from(&args.flags.target);
    answer.edits = edits.paths;
    answer.notes = edits.notes;
    answer.notes.extend(project.notes());
    answer.traps = traps(&project, &outcome.graph);
    if json {
        output::print_json(&answer)?;
    } else {
        let unbuilt = unbuilt(&outcome.graph);
        let tree = sources.scan.tree();
        let context = Size { files: tree.len(), bytes: tree.bytes(), ignored: sources.scan.ignored_len() };
        let page = Page { context, unbuilt: &unbuilt, width: text::width(), plan };
        output::print(&text::render(&answer, &page))?;
    }
    let ended = match &outcome.prediction.error {
        Some(error) => Err(sources.refuse(error.clone()).into()),
        None => Ok(Ended::Done),
    };
    // The process ends here; taking large trees apart piece by piece would only keep the user waiting.
    std::mem::forget((project, outcome));
    ended
}

/// The context and the Dockerfile as the flags name them.
fn names(flags: &BuildFlags) -> (String, String) {
    let file = flags.file.clone().unwrap_or_else(|| flags.context.join("Dockerfile"));
    let file = file.strip_prefix("./").unwrap_or(&file).display().to_string();
    (flags.context.display().to_string(), file)
}

/// Stages that the target does not reach, as one would name them.
fn unbuilt(graph: &Graph) -> Vec<String> {
    let named = |(at, stage): (usize, &crate::graph::StageInfo)| {
        stage.name.clone().unwrap_or_else(|| format!("stage {at} (line {})", stage.line))
    };
    graph.stages.iter().enumerate().filter(|(_, s)| !s.reachable).map(named).collect()
}

/// What about the context will surprise, as far as a step takes it in, and what of the Dockerfile.
pub(super) fn traps(project: &Project, graph: &Graph) -> Vec<TrapFound> {
    let sources = &project.sources;
    let ignore_file = sources.ignore_file.as_ref().map(|(path, _)| path.display().to_string());
    let ignore_file = ignore_file.as_deref().map(|f| f.strip_prefix("./").unwrap_or(f));
    let counts = |trap: &Trap| match trap {
        Trap::OwnContext { path } => is_taken_in(sources, graph, path),
        _ => true,
    };
    let told = |trap: Trap| {
        let (message, change) = words::trap(&trap, ignore_file);
        TrapFound { trap: Surprise::Context(trap), message, change }
    };
    let found = findings(&project.dockerfile, graph, &sources.options).into_iter().map(|finding| {
        let (message, change) = words::finding(&finding, &sources.dockerfile_name);
        TrapFound { trap: Surprise::Dockerfile(finding), message, change }
    });
    sources.traps().into_iter().filter(counts).map(told).chain(found).collect()
}

/// Tells whether a change at a path of the context changes what any step takes in.
fn is_taken_in(sources: &Sources, graph: &Graph, path: &str) -> bool {
    let tree = sources.scan.tree();
    let mut without = tree.clone();
    without.remove(path);
    let is_context = |&v: &usize| matches!(graph.vertices[v].op, Op::Source(Source::Context { name: None }));
    graph.vertices.iter().any(|vertex| {
        let inputs = vertex.inputs.iter().enumerate().filter(|(_, v)| is_context(v));
        inputs
            .flat_map(|(at, _)| context_selectors(&vertex.op, at))
            .any(|s| !changed_paths(tree, &without, &s).is_empty())
    })
}

/// What a vertex selects from one of its inputs.
fn context_selectors(op: &Op, input: usize) -> Vec<Selector> {
    match op {
        Op::Exec(exec) => {
            let mounts = exec.mounts.iter().filter(|m| m.input == Some(input));
            mounts.map(|m| Selector::of_mount(&m.selector)).collect()
        }
        file => file
            .selectors(input)
            .into_iter()
            .map(|s| Selector {
                path: path::clean(&s.path).into_owned(),
                wildcard: s.wildcard,
                follow_links: s.follow_links,
                include: s.include.clone(),
                exclude: s.exclude.clone(),
                required: None,
            })
            .collect(),
    }
}
