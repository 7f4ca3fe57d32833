//! `layerlab replay`: what the order of a Dockerfile has cost, commit by commit.

mod answer;
mod csv;
mod edits;
mod gate;
mod github;
mod json;
mod markdown;
mod noise;
mod progress;
mod project;
mod session;
mod store;
mod text;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;
use clap::ValueEnum;

use super::flags::{BuildFlags, Store as ImageStoreFlag};
use super::{Ended, output};
use crate::graph::{GraphOptions, Platform};
use crate::history::replay::Runner;
use crate::tui::replay::{Shown, ShownCommit, ShownSide, View};
use crate::tui::theme::{Theme, ThemeName};
use crate::tui::{self, terminal};

use gate::Limit;

/// Arguments of `layerlab replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// The build context: a folder of a git repository, or a bare repository
    #[arg(value_name = "CONTEXT", default_value = ".")]
    context: PathBuf,
    /// The Dockerfile [default: CONTEXT/Dockerfile]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The context's folder within a repository that has no working tree
    #[arg(long, value_name = "DIR")]
    subdir: Option<String>,
    /// How many commits to replay, along first parents, the newest
    #[arg(short = 'n', long, value_name = "N", default_value_t = 200)]
    commits: usize,
    /// Which commits: A..B, or a revision alone for what leads to it [default: HEAD]
    #[arg(long, value_name = "A..B")]
    range: Option<String>,
    /// Only commits since a date, as git reads it (2026-01-31, "2 months ago")
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Builds today's Dockerfile and ignore file on every commit, instead of each commit's own
    #[arg(long)]
    pin: bool,
    /// Compares with this Dockerfile instead of the reordered one
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// What the cache holds before a build: warm is one machine that is kept, cold nothing, min and max what
    /// a CI runner imports from the build before it (cache-to mode=min, mode=max)
    #[arg(long, value_name = "RUNNER", value_enum, default_value_t)]
    runner: RunnerFlag,
    /// Exits with 1 where the range, taken as one change, costs more: steps=N, seconds=S, later=S (seconds more
    /// for a build that follows); repeatable
    #[arg(long, value_name = "LIMIT", value_delimiter = ',', value_parser = Limit::parse)]
    gate: Vec<Limit>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    format: Format,
    /// How many rows the lists of commits and files have
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Walks through the commits on a screen instead
    #[arg(long, conflicts_with_all = ["format", "gate"])]
    tui: bool,
    /// Colours of the screen: auto (the terminal's own), dark, light, high-contrast, mono
    #[arg(long, value_name = "NAME", default_value = "auto", requires = "tui")]
    theme: ThemeName,
    /// Draws the screen with ASCII alone; the default where the locale is not UTF-8
    #[arg(long, requires = "tui")]
    ascii: bool,
    /// Replays anew what an earlier run kept
    #[arg(long)]
    fresh: bool,
    /// The stage to build [default: the last one]
    #[arg(long, value_name = "STAGE")]
    target: Option<String>,
    /// Sets an ARG in every build; without a value, to what the environment holds
    #[arg(long = "build-arg", value_name = "K[=V]")]
    build_args: Vec<String>,
    /// The platform to build for [default: linux on this machine's architecture]
    #[arg(long, value_name = "OS/ARCH", value_parser = Platform::parse)]
    platform: Option<Platform>,
    /// Where the daemon keeps images; with `classic`, COPY --link is a plain COPY
    #[arg(long, value_name = "STORE", value_enum, default_value_t)]
    image_store: ImageStoreFlag,
    /// Refused with a reason
    #[arg(long, value_name = "NAME=FOLDER", hide = true)]
    build_context: Vec<String>,
}

const AFTER_HELP: &str =
    "Git's objects are read directly: nothing is checked out, nothing is written to the repository.
Git keeps neither owners nor times, of permissions only the executable bit, and no file that it
ignores: what else lies in your working tree (.env, node_modules) is not part of a replay.";

/// What the cache holds before a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum RunnerFlag {
    /// One machine that is kept
    #[default]
    Warm,
    /// Nothing
    Cold,
    /// An export with mode=min
    Min,
    /// An export with mode=max
    Max,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// One object, for programs
    Json,
    /// One row a commit, step and side, for spreadsheets
    Csv,
    /// A comment to post under a pull request
    Markdown,
    /// Annotations for a pull request
    Github,
}

impl Args {
    fn runner(&self) -> Runner {
        match self.runner {
            RunnerFlag::Warm => Runner::Warm,
            RunnerFlag::Cold => Runner::Cold,
            RunnerFlag::Min => Runner::Min,
            RunnerFlag::Max => Runner::Max,
        }
    }

    fn options(&self) -> GraphOptions {
        let flags = BuildFlags {
            target: self.target.clone(),
            build_args: self.build_args.clone(),
            platform: self.platform.clone(),
            image_store: self.image_store,
            ..BuildFlags::default()
        };
        flags.graph_options()
    }
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    if !args.build_context.is_empty() {
        bail!(
            "a replay takes no --build-context: git tells of one folder what it was at every commit; \
             `layerlab plan --build-context NAME=FOLDER --edit FILE` says what an edit of today would rebuild"
        );
    }
    if args.tui && !terminal::is_usable() {
        bail!("--tui needs a terminal on standard input and output");
    }
    let project = project::Project::open(args)?;
    let session = session::Session::new(&project, args)?;
    let mut answer = session.replay()?;
    if args.tui {
        return show(answer, args);
    }
    if !args.gate.is_empty() {
        answer.gate = Some(session.gate(&answer, &args.gate)?);
    }
    match args.format {
        Format::Text => output::print(&text::render(&answer, args.top))?,
        Format::Json => output::print_json(&json::report(&answer))?,
        Format::Csv => output::print(&csv::render(&answer))?,
        Format::Markdown => output::print(&markdown::render(&answer, args.top))?,
        Format::Github => output::print(&github::render(&answer))?,
    }
    // The other formats say it themselves.
    if let Some(stopped) = answer.stopped()
        && matches!(args.format, Format::Csv | Format::Github)
    {
        anstream::eprintln!("note: {stopped}");
    }
    let ended = match &answer.gate {
        Some(_) if answer.partial => bail!("the replay was stopped, so --gate has no answer"),
        Some(gate) if !gate.passes() => Ended::No,
        _ => Ended::Done,
    };
    session.wait();
    // The process ends with the command: to give all this back piece by piece would take as long as to print it.
    std::mem::forget((answer, session));
    std::mem::forget(project);
    Ok(ended)
}

/// Shows the answer on a screen.
fn show(answer: answer::Answer, args: &Args) -> anyhow::Result<Ended> {
    let commits = answer.commits.iter().map(|commit| ShownCommit {
        id: commit.short(),
        date: text::date(commit.committed),
        subject: commit.subject.clone(),
    });
    let shown = Shown {
        dockerfile: answer.dockerfile,
        commits: commits.collect(),
        sides: std::iter::once(answer.left)
            .chain(answer.right)
            .map(|side| ShownSide { title: side.title, walk: Arc::unwrap_or_clone(side.walk) })
            .collect(),
    };
    let theme = Theme::new(args.theme, args.ascii || !terminal::is_utf8());
    if let Some(signal) = tui::replay::run(View::new(shown, theme))? {
        terminal::end_by(signal);
    }
    Ok(Ended::Done)
}
