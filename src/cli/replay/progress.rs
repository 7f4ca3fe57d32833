//! How far a walk is, for whoever waits.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A bar on standard error, where that is a terminal and the walk takes its time.
pub struct Progress<'s> {
    stop: &'s AtomicBool,
    started: Instant,
    shown: Option<Instant>,
    is_terminal: bool,
}

impl<'s> Progress<'s> {
    /// Begins; `stop` is set where somebody wants an end.
    pub fn new(stop: &'s AtomicBool) -> Self {
        Self { stop, started: Instant::now(), shown: None, is_terminal: std::io::stderr().is_terminal() }
    }

    /// Shows how far it is; answers whether to go on.
    pub fn tell(&mut self, done: usize, of: usize) -> bool {
        const PATIENCE: Duration = Duration::from_millis(400);
        const PACE: Duration = Duration::from_millis(80);
        let due = self.shown.map_or(self.started.elapsed() > PATIENCE, |last| last.elapsed() > PACE);
        if self.is_terminal && due {
            const WIDTH: usize = 30;
            let full = WIDTH * done / of.max(1);
            let bar = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full));
            // Where standard error is closed, there is nobody to tell.
            let _ = write!(std::io::stderr(), "\r{bar} {done} of {of} commits; Ctrl-C shows what there is");
            self.shown = Some(Instant::now());
        }
        !self.stop.load(Ordering::Relaxed)
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}
