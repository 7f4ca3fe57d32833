//! The command line: arguments, one file a command, output.

mod build;
pub mod costs;
mod demo;
pub mod edits;
mod flags;
mod generate;
mod graph;
mod learn;
pub mod output;
mod project;
mod reorder;
mod replay;
mod report;
mod sizes;
mod verify;
mod watch;
pub mod weights;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use flags::{BuildFlags, CacheExport, CacheImport, Format, FormatFlag};
pub use project::{Project, Sources};

/// How a command ended, as the contract's exit status says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Ended {
    /// 0: done.
    Done,
    /// 1: the answer is "no".
    No,
}

/// BuildKit's build cache in miniature: see which steps an edit rebuilds, why, and what a better order saves.
#[derive(Debug, Parser)]
#[command(name = "layerlab", version, max_term_width = 100, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Without a command: `watch`.
    #[command(flatten)]
    watch: watch::Args,
    /// When to use colours
    #[arg(long, value_name = "WHEN", value_enum, global = true, default_value_t)]
    color: Color,
}

/// `--color`; `NO_COLOR` is heeded by `auto`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it hold for standard output and standard error.
    fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Watches a build context and shows live what each edit rebuilds, beside a reordered Dockerfile
    Watch(watch::Args),
    /// Opens an example project to edit, with a guide
    Demo(demo::Args),
    /// Simulates one build and remembers its results
    Build(build::Args),
    /// Predicts one build and remembers nothing
    Plan(build::PlanArgs),
    /// Proposes a better order, with proof and gain of every move
    Reorder(reorder::Args),
    /// Shows the stages and steps of a Dockerfile
    Graph(graph::Args),
    /// Shows what each stage's image would weigh, and what other bases would
    Sizes(sizes::Args),
    /// Replays the git history: what each commit would have rebuilt
    Replay(replay::Args),
    /// Does the same builds on a real Docker and compares
    Verify(verify::Args),
    /// The lessons
    Learn(learn::Args),
    /// Writes one HTML page to show others
    Report(report::Args),
    /// Prints completions for a shell
    #[command(hide = true)]
    Completions(generate::CompletionsArgs),
    /// Prints the man page
    #[command(hide = true)]
    Man(generate::ManArgs),
}

/// Runs the command line of this process and returns its exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    cli.color.write_global();
    let ended = match cli.command {
        None => watch::run(&cli.watch),
        Some(Command::Watch(args)) => watch::run(&args),
        Some(Command::Demo(args)) => demo::run(&args),
        Some(Command::Build(args)) => build::run(&args),
        Some(Command::Plan(args)) => build::run_plan(&args),
        Some(Command::Reorder(args)) => reorder::run(&args),
        Some(Command::Graph(args)) => graph::run(&args),
        Some(Command::Sizes(args)) => sizes::run(&args),
        Some(Command::Replay(args)) => replay::run(&args),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::Learn(args)) => learn::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Completions(args)) => generate::completions(&args),
        Some(Command::Man(args)) => generate::man(&args),
    };
    match ended {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::No) => ExitCode::from(1),
        // `layerlab plan | head -1` has what it wanted.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&error);
            ExitCode::from(2)
        }
    }
}
