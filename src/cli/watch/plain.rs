//! Where there is no screen: a report at the start, and a short one for every change.

use std::io::{self, Write};
use std::sync::mpsc;

use super::desk::{Desk, Open};
use crate::cli::output;
use crate::context::{WatchEvent, WatchMode, Watcher};
use crate::tui::model::{Watching, plain};
use crate::tui::plain::{progress, report};
use crate::tui::text;

/// Reports until the process is ended, or nobody reads any more.
pub fn watch(open: &Open) -> anyhow::Result<()> {
    let mut desk = Desk::open(open)?;
    let (send, events) = mpsc::channel();
    let mut watcher = start(&desk, open.mode, &send)?;
    desk.fill_right();
    desk.look(&[WatchEvent::SweepNeeded]);
    desk.look_closer();
    let snapshot = desk.snapshot();
    let header = &snapshot.header;
    let mut out = output::stdout();
    writeln!(
        out,
        "{} {}: {}, {} ignored, {}",
        header.context,
        header.dockerfile,
        text::plural(header.files, "file"),
        text::count(header.ignored),
        text::bytes(header.bytes as f64)
    )?;
    write!(out, "{}", report(&snapshot.live))?;
    if let Some(trap) = &snapshot.trap {
        writeln!(out, "{}", plain(trap))?;
    }
    out.flush()?;
    drop(out);
    desk.save();
    if open.mode == WatchMode::Off {
        return Ok(());
    }
    say(&format!("Watching ({}); every edit is reported.\n", watcher.mode()))?;
    while let Ok(first) = events.recv() {
        let all: Vec<WatchEvent> = std::iter::once(first).chain(events.try_iter()).collect();
        let edits = desk.bench().edits().len();
        let live = desk.bench().live().clone();
        let polling = matches!(desk.watching(), Watching::Polling(_));
        let seen = desk.look(&all);
        if let (false, Watching::Polling(Some(why))) = (polling, desk.watching().clone()) {
            say(&format!("Polling from now on: {}.\n", text::safe(&why)))?;
        }
        let snapshot = desk.snapshot();
        if snapshot.edits.len() > edits {
            say(&progress(&snapshot))?;
        } else if seen.changed && snapshot.live != live {
            say(&report(&snapshot.live))?;
        }
        if seen.other_rules {
            drop(watcher);
            watcher = start(&desk, open.mode, &send)?;
            desk.look(&[WatchEvent::SweepNeeded]);
        }
    }
    Ok(())
}

fn start(desk: &Desk, mode: WatchMode, send: &mpsc::Sender<WatchEvent>) -> anyhow::Result<Watcher> {
    let send = send.clone();
    let (root, ignore) = desk.watched();
    Ok(Watcher::start(root, ignore, &desk.besides(), mode, move |event| {
        // At the end nobody listens any more.
        let _ = send.send(event);
    })?)
}

fn say(text: &str) -> io::Result<()> {
    let mut out = output::stdout();
    write!(out, "{text}")?;
    out.flush()
}
