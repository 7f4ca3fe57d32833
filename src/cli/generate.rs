//! Hidden commands for packagers: shell completions and man pages.

use std::io;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory;

use super::{Cli, Ended, output};

/// Arguments of `layerlab completions`.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell to write them for
    shell: clap_complete::Shell,
}

/// Arguments of `layerlab man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Writes a page for each command into this folder, instead of the main one to standard output
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Prints completions for a shell.
pub fn completions(args: &CompletionsArgs) -> anyhow::Result<Ended> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "layerlab", &mut text);
    print(&text)
}

/// Prints the man page, or writes all of them.
pub fn man(args: &ManArgs) -> anyhow::Result<Ended> {
    if let Some(folder) = &args.output {
        let failed = || format!("cannot write man pages into {}", folder.display());
        std::fs::create_dir_all(folder).with_context(failed)?;
        clap_mangen::generate_to(Cli::command(), folder).with_context(failed)?;
        return Ok(Ended::Done);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    print(&page)
}

/// To standard output as it is: what is generated holds no colours to take out.
fn print(text: &[u8]) -> anyhow::Result<Ended> {
    let mut out = output::stdout();
    io::Write::write_all(&mut out, text)?;
    Ok(Ended::Done)
}
