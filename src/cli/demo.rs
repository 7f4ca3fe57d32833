//! `layerlab demo`: an example project to edit, with a guide.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::watch::{Desk, Exit, Open, ScreenFlags, show};
use super::{BuildFlags, Ended, output};
use crate::tui::app::guide;
use crate::tui::plain::{progress, table};
use crate::tui::terminal;

/// Arguments of `layerlab demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to unpack the project, to keep it [default: a temporary folder that is removed at the end]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    screen: ScreenFlags,
}

/// The project's files.
const FILES: [(&str, &str); 7] = [
    ("Dockerfile", include_str!("../../assets/demo/Dockerfile")),
    (".dockerignore", include_str!("../../assets/demo/.dockerignore")),
    ("package.json", include_str!("../../assets/demo/package.json")),
    ("README.md", include_str!("../../assets/demo/README.md")),
    ("src/app.js", include_str!("../../assets/demo/src/app.js")),
    ("src/basket.js", include_str!("../../assets/demo/src/basket.js")),
    ("test/basket.test.js", include_str!("../../assets/demo/test/basket.test.js")),
];

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    // Kept until the end: dropping it removes the folder.
    let temporary = match &args.dir {
        Some(_) => None,
        None => {
            Some(tempfile::Builder::new().prefix("layerlab-demo-").tempdir().context("no temporary folder")?)
        }
    };
    let folder = match (&args.dir, &temporary) {
        (Some(dir), _) => dir.clone(),
        (None, Some(temporary)) => temporary.path().join("corner-shop"),
        (None, None) => bail!("there is no folder to unpack into"),
    };
    unpack(&folder)?;
    let open = Open {
        flags: BuildFlags { context: folder.clone(), ..BuildFlags::default() },
        against: None,
        per_day: args.screen.per_day,
        mode: args.screen.mode,
    };
    if args.screen.is_plain() {
        tell(&open)?;
        return Ok(Ended::Done);
    }
    let exit = show(open, &args.screen, true)?;
    if args.dir.is_some() {
        println!("The project is in {}; layerlab {0} opens it again.", folder.display());
    }
    drop(temporary);
    if let Exit::Signal(signal) = exit {
        terminal::end_by(signal);
    }
    Ok(Ended::Done)
}

fn unpack(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        let mut entries =
            folder.read_dir().with_context(|| format!("cannot look into {}", folder.display()))?;
        if entries.next().is_some() {
            bail!("{} is not empty: pass a folder that is new or empty", folder.display());
        }
    }
    for (path, text) in FILES {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// Prints the guided edits and what each rebuilds on both sides.
fn tell(open: &Open) -> anyhow::Result<()> {
    let mut desk = Desk::open(open)?;
    desk.fill_right();
    let bench = desk.bench();
    let left = bench.left().0.to_string();
    let right = bench.right_text().map(ToString::to_string).unwrap_or_default();
    let mut out = String::from("A small npm project, and two orders of its Dockerfile.\n\n");
    out.push_str(&format!("As it is:\n{}\nReordered:\n{}\n", indented(&left), indented(&right)));
    for edit in guide::EDITS {
        let bench = desk.bench();
        bench.pretend(&[edit.path.to_string()]);
        bench.build();
        out.push_str(&progress(&desk.snapshot()));
        out.push_str(&format!("  {}\n\n", edit.told));
    }
    out.push_str(&table(&desk.snapshot()));
    out.push_str("\nOn a terminal, layerlab demo shows this live; layerlab in a folder with a Dockerfile shows yours.\n");
    output::print(&out)?;
    Ok(())
}

fn indented(text: &str) -> String {
    text.split_inclusive('\n').flat_map(|line| ["  ", line]).collect()
}
