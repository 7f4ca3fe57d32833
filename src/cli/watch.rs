//! `layerlab watch`: the screen, or plain reports where there is none.

mod desk;
mod plain;
mod screen;

use std::path::PathBuf;

use super::{BuildFlags, Ended};
use crate::context::WatchMode;
use crate::tui::terminal;
use crate::tui::theme::ThemeName;

pub(super) use desk::{Desk, Open};
pub(super) use screen::{Exit, show};

/// Arguments of `layerlab watch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    flags: BuildFlags,
    /// Puts this Dockerfile on the right, instead of the reordered one
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    #[command(flatten)]
    screen: ScreenFlags,
}

/// How a screen is to look, and how edits are noticed.
#[derive(Debug, Clone, clap::Args)]
pub struct ScreenFlags {
    /// How edits are noticed: auto, native (the system's events), poll (looking every second), off
    #[arg(long = "watch", value_name = "HOW", default_value_t)]
    pub mode: WatchMode,
    /// Colours of the screen: auto (the terminal's own), dark, light, high-contrast, mono
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub theme: ThemeName,
    /// Draws with ASCII alone; the default where the locale is not UTF-8
    #[arg(long)]
    pub ascii: bool,
    /// Leaves the mouse to the terminal
    #[arg(long)]
    pub no_mouse: bool,
    /// Lets nothing stand out for a moment
    #[arg(long)]
    pub no_motion: bool,
    /// Keeps the terminal's cursor on the selected line, for screen readers and magnifiers
    #[arg(long)]
    pub cursor: bool,
    /// Prints plain lines instead of a screen; the default where output is no terminal, and with CI=true
    #[arg(long)]
    pub plain: bool,
    /// Edits of a day, for the sum of a day [default: those of the git history, or 30]
    #[arg(long, value_name = "N")]
    pub per_day: Option<u32>,
}

impl ScreenFlags {
    /// Tells whether plain lines are wanted or all there can be.
    pub fn is_plain(&self) -> bool {
        self.plain || !terminal::is_usable()
    }
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    let open = Open {
        flags: args.flags.clone(),
        against: args.against.clone(),
        per_day: args.screen.per_day,
        mode: args.screen.mode,
    };
    if args.screen.is_plain() {
        plain::watch(&open)?;
        return Ok(Ended::Done);
    }
    if let Exit::Signal(signal) = show(open, &args.screen, false)? {
        terminal::end_by(signal);
    }
    Ok(Ended::Done)
}
