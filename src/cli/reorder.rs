//! `layerlab reorder`: a better order as a diff, with the reason and the gain of every change.

mod github;
mod names;
mod text;
mod verify;

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use super::project::Project;
use super::weights::Weights;
use super::{BuildFlags, Ended, costs, output};
use crate::cost::StepSeconds;
use crate::dockerfile::ast::Instruction;
use crate::reorder::{
    IgnoreProposal, ManifestView, Move, Offer, Proposal, Refusal, ReorderInput, ReorderOptions, Taken,
    propose_checked,
};
use crate::simulate::BuildInput;

/// Arguments of `layerlab reorder`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    build: BuildFlags,
    /// Writes the new order into the Dockerfile
    #[arg(long, conflicts_with_all = ["output", "check"])]
    write: bool,
    /// Writes the new order to FILE, `-` for standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "check")]
    output: Option<PathBuf>,
    /// Exits with 1 where a safe improvement exists, and changes nothing
    #[arg(long)]
    check: bool,
    /// What --check asks for at least: seconds of an expected rebuild (5 or 5s), or a share of it (10%)
    #[arg(long, value_name = "GAIN", value_parser = Gain::parse, requires = "check")]
    min_gain: Option<Gain>,
    /// Leaves out a move, by its id (manifests-first:4) or its kind (manifests-first); repeatable
    #[arg(long, value_name = "MOVE")]
    skip: Vec<String>,
    /// Makes an offer as well, by its id (cache-mount:4) or its kind (cache-mount); repeatable
    #[arg(long, value_name = "OFFER")]
    take: Vec<String>,
    #[command(flatten)]
    verify: verify::Flags,
    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: a diff and sentences
    #[default]
    Text,
    /// One object, for tools
    Json,
    /// Annotations for the lines of a pull request
    Github,
}

/// A least gain.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Gain {
    Seconds(f64),
    /// From 0 to 1.
    Share(f64),
}

impl Gain {
    fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.trim().parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(
                || format!("{text:?} is not a gain; write seconds, as in 5 or 5s, or a share, as in 10%"),
            )
        };
        match text.strip_suffix('%') {
            Some(share) => Ok(Self::Share(number(share)? / 100.0)),
            None => Ok(Self::Seconds(number(text.strip_suffix('s').unwrap_or(text))?)),
        }
    }

    fn is_reached(self, proposal: &Proposal) -> bool {
        match self {
            Self::Seconds(least) => proposal.expected_before - proposal.expected_after >= least,
            Self::Share(least) => proposal.saved_share() >= least,
        }
    }
}

/// Files of a folder on disk, for the manifests among them. Each is read once.
pub struct FolderView<'a> {
    root: &'a Path,
    read: Mutex<HashMap<String, Option<String>>>,
}

impl<'a> FolderView<'a> {
    /// Reads below this folder.
    pub fn new(root: &'a Path) -> Self {
        Self { root, read: Mutex::default() }
    }
}

/// Longest manifest that is looked into, in bytes: lock files of large projects are a few megabytes.
const LONGEST: u64 = 32 << 20;

impl ManifestView for FolderView<'_> {
    fn read(&self, path: &str) -> Option<String> {
        // A thread that panicked while it held the lock left whole entries behind.
        let mut known = self.read.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let text = || {
            let file = self.root.join(path);
            let meta = file.metadata().ok()?;
            (meta.is_file() && meta.len() <= LONGEST).then(|| std::fs::read_to_string(file).ok())?
        };
        known.entry(path.to_owned()).or_insert_with(text).clone()
    }
}

/// A proposal for a project, with what its weights rest on.
pub(super) struct Proposed {
    pub(super) proposal: Proposal,
    /// Commits that the weights were counted over; none where they are a guess.
    pub(super) commits: Option<usize>,
}

/// Proposes an order for a loaded project.
pub(super) fn propose_for(project: &Project) -> Proposed {
    Proposer::new(project).propose(&BTreeSet::new(), &BTreeSet::new())
}

/// What proposals for a project rest on, read once.
struct Proposer<'a> {
    project: &'a Project,
    weights: Weights,
    view: FolderView<'a>,
    build: BuildInput,
    known: StepSeconds,
}

impl<'a> Proposer<'a> {
    fn new(project: &'a Project) -> Self {
        let sources = &project.sources;
        let ignore = sources.ignore_file.as_ref().map(|(_, text)| text.as_str().into());
        let weights = Weights::of(&sources.context, &project.dockerfile, sources.scan.tree(), ignore);
        let build = project.input();
        let known = known_seconds(project, &build);
        Self { project, weights, view: FolderView::new(&sources.context), build, known }
    }

    fn propose(&self, skip: &BTreeSet<String>, take: &BTreeSet<String>) -> Proposed {
        let sources = &self.project.sources;
        let options = ReorderOptions {
            target: sources.options.target.clone(),
            build_args: sources.options.build_args.clone(),
            skip: skip.clone(),
            take: take.clone(),
            ignore_file: Some(sources.ignore_text()),
            moves_only: false,
        };
        let seconds = |stage: usize, own: &Instruction| self.known.get(stage, own);
        let input = ReorderInput {
            tree: sources.scan.tree(),
            files: &self.view,
            edits: &self.weights.edits,
            seconds: &seconds,
            options: &options,
        };
        let proposal = propose_checked(&self.project.dockerfile, &input, &self.build);
        Proposed { proposal, commits: self.weights.commits }
    }
}

/// The seconds of the project's steps: measured, declared, or estimated. Without a graph (a Dockerfile that BuildKit
/// would refuse) all are estimated by their words.
fn known_seconds(project: &Project, build: &BuildInput) -> StepSeconds {
    let Ok(graph) = crate::graph::build(&project.dockerfile, &build.options) else {
        return StepSeconds::default();
    };
    let measured = costs::measured(&project.sources.context);
    let costs = costs::of_input(build, &graph, &measured);
    StepSeconds::new(&project.dockerfile, &graph, &costs)
}

/// What `--format json` prints.
#[derive(serde::Serialize)]
struct Report<'a> {
    schema: u32,
    context: String,
    dockerfile: &'a str,
    improves: bool,
    expected: Expected,
    moves: &'a [Move],
    taken: &'a [Taken],
    offered: &'a [Offer],
    ignore: Option<&'a IgnoreProposal>,
    refused: &'a [Refusal],
    diff: String,
    text: &'a str,
}

#[derive(serde::Serialize)]
struct Expected {
    before: f64,
    after: f64,
    saved_share: f64,
    /// Commits of the history that the weights of edits were counted over; null where they are a guess.
    commits: Option<usize>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    let project = Project::load(&args.build)?;
    let names = names::Names::new(&args.skip, &args.take);
    let proposed = names.propose(&Proposer::new(&project))?;
    for kind in names.idle(&proposed.proposal) {
        anstream::eprintln!("nothing of the kind {kind} is offered here");
    }
    let sources = &project.sources;
    let name = sources.dockerfile_name.as_str();
    let destination = match (&args.output, args.write) {
        (Some(file), _) => Some(file.clone()),
        (None, true) => {
            Some(sources.dockerfile_path.clone().context("--write needs a Dockerfile on disk, not from -")?)
        }
        (None, false) => None,
    };
    if destination.as_deref() == Some(Path::new("-")) {
        output::print(&proposed.proposal.text)?;
        return Ok(Ended::Done);
    }
    match args.format {
        Format::Text => output::print(&text::render(&proposed, &sources.text, name))?,
        Format::Github => output::print(&github::render(&proposed.proposal, name))?,
        Format::Json => output::print_json(&report(&proposed, &project))?,
    }
    if let Some(file) = destination {
        if !sources.exact {
            bail!("{name} is not UTF-8 throughout, so writing it could change what is not moved");
        }
        if args.output.is_some() || proposed.proposal.improves() {
            write(&file, &proposed.proposal.text)?;
        }
    }
    if args.verify.is_wanted() {
        let same = verify::run(&args.verify, &args.build, &project, &proposed.proposal)?;
        if !same {
            return Ok(Ended::No);
        }
    }
    let reached = args.min_gain.is_none_or(|gain| gain.is_reached(&proposed.proposal));
    Ok(if args.check && proposed.proposal.improves() && reached { Ended::No } else { Ended::Done })
}

fn report<'a>(proposed: &'a Proposed, project: &'a Project) -> Report<'a> {
    let proposal = &proposed.proposal;
    Report {
        schema: 1,
        context: project.sources.context.display().to_string(),
        dockerfile: &project.sources.dockerfile_name,
        improves: proposal.improves(),
        expected: Expected {
            before: proposal.expected_before,
            after: proposal.expected_after,
            saved_share: proposal.saved_share(),
            commits: proposed.commits,
        },
        moves: &proposal.moves,
        taken: &proposal.taken,
        offered: &proposal.offered,
        ignore: proposal.ignore.as_ref(),
        refused: &proposal.refused,
        diff: text::diff(&project.sources.text, &proposal.text, &project.sources.dockerfile_name),
        text: &proposal.text,
    }
}

/// Replaces a file as a whole, so that a reader never sees half of it; its permissions stay.
pub(super) fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", file.display());
    // A symbolic link stays one: what it points to is replaced.
    let target = file.canonicalize().unwrap_or_else(|_| file.to_path_buf());
    let folder = target.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    new.write_all(text.as_bytes()).with_context(failed)?;
    match target.metadata() {
        Ok(meta) => new.as_file().set_permissions(meta.permissions()).with_context(failed)?,
        Err(_) => make_readable(new.as_file()).with_context(failed)?,
    }
    new.persist(&target).with_context(failed)?;
    Ok(())
}

/// A temporary file is for its owner alone; a new Dockerfile is for all.
#[cfg(unix)]
fn make_readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_seconds_or_a_share() {
        let table = [
            ("5", Gain::Seconds(5.0)),
            ("2.5s", Gain::Seconds(2.5)),
            ("10%", Gain::Share(0.1)),
            ("0", Gain::Seconds(0.0)),
        ];
        for (text, expected) in table {
            assert_eq!(Gain::parse(text), Ok(expected), "{text}");
        }
        for text in ["", "%", "-1", "ten", "inf"] {
            assert!(Gain::parse(text).is_err(), "{text}");
        }
    }
}
