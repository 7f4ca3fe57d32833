//! Hints from the file system that something in the context changed.
//!
//! The second of the two doors to the file system. Events are hints and no more: they are missing, of the wrong
//! kind and doubled in practice, so what is sent on are paths to look at again ([`super::Scan::update`]).

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ignore::Ignore;

mod native;
mod poll;
mod run;

use native::Native;
use run::{Message, Run};

/// How changes are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchMode {
    /// By the system's events, or by polling where there are none to be had.
    #[default]
    Auto,
    /// By the system's events.
    Native,
    /// By looking at everything every so often.
    Poll,
    /// Not at all.
    Off,
}

/// What a watcher sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// Look at these again: absolute paths in the root, and those to be watched besides.
    Dirty(Vec<PathBuf>),
    /// Look at everything again: events were lost, or polling is due.
    SweepNeeded,
    /// From now on changes are noticed by polling, for this reason.
    FellBackToPolling(String),
    /// Watching goes on, but not everywhere.
    Error(String),
}

/// A folder that cannot be watched as asked.
#[derive(Debug, thiserror::Error)]
#[error("cannot watch {}: {reason}", path.display())]
pub struct WatchError {
    /// The folder.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
}

/// Watches a context until it is dropped.
///
/// Each directory that the ignore file keeps is watched by itself, so that `node_modules` costs nothing. For
/// other rules start another watcher.
pub struct Watcher {
    messages: mpsc::Sender<Message>,
    mode: SharedMode,
    thread: Option<JoinHandle<()>>,
}

/// How often and how patiently a watcher looks.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Events are sent on when none came for this long...
    quiet: Duration,
    /// ...or when the first has waited for this long.
    patience: Duration,
    /// Between two polls.
    poll: Duration,
}

const PACE: Pace = Pace {
    quiet: Duration::from_millis(40),
    patience: Duration::from_millis(250),
    poll: Duration::from_secs(1),
};

/// The mode in force, which a thread may change.
#[derive(Debug, Clone)]
struct SharedMode(Arc<AtomicU8>);

impl SharedMode {
    const ALL: [WatchMode; 3] = [WatchMode::Native, WatchMode::Poll, WatchMode::Off];

    fn new(mode: WatchMode) -> Self {
        let shared = Self(Arc::default());
        shared.set(mode);
        shared
    }

    fn set(&self, mode: WatchMode) {
        let index = Self::ALL.iter().position(|m| *m == mode).unwrap_or_default();
        self.0.store(index as u8, Ordering::Relaxed);
    }

    fn get(&self) -> WatchMode {
        Self::ALL[usize::from(self.0.load(Ordering::Relaxed))]
    }
}

impl Watcher {
    /// Starts to watch a context, and `also` the given files, which may lie elsewhere or be ignored.
    ///
    /// When this returns, nothing that happens is missed any more: scan afterwards. `send` is called from a
    /// thread of the watcher. It is an error only if `mode` is native and the system's events cannot be had.
    pub fn start(
        root: &Path,
        ignore: &Ignore,
        also: &[PathBuf],
        mode: WatchMode,
        send: impl Fn(WatchEvent) + Send + 'static,
    ) -> Result<Self, WatchError> {
        Self::start_at(root, ignore, also, mode, PACE, send)
    }

    fn start_at(
        root: &Path,
        ignore: &Ignore,
        also: &[PathBuf],
        mode: WatchMode,
        pace: Pace,
        send: impl Fn(WatchEvent) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let (messages, inbox) = mpsc::channel();
        let mut native = None;
        if matches!(mode, WatchMode::Auto | WatchMode::Native) {
            native = match Native::start(root, ignore, also, messages.clone()) {
                Ok(native) => Some(native),
                Err(e) if mode == WatchMode::Native => {
                    return Err(WatchError { path: root.to_path_buf(), reason: native::reason(&e) });
                }
                Err(e) => {
                    send(WatchEvent::FellBackToPolling(native::reason(&e)));
                    None
                }
            };
        }
        let mode = match (mode, &native) {
            (WatchMode::Off, _) => WatchMode::Off,
            (_, Some(_)) => WatchMode::Native,
            (_, None) => WatchMode::Poll,
        };
        let mode = SharedMode::new(mode);
        let also = also.iter().map(|path| native::absolute(path)).collect();
        let run = Run::new(native, also, pace, mode.clone(), send);
        let thread = (mode.get() != WatchMode::Off).then(|| std::thread::spawn(move || run.run(&inbox)));
        Ok(Self { messages, mode, thread })
    }

    /// How changes are noticed at present: native, poll or off.
    pub fn mode(&self) -> WatchMode {
        self.mode.get()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // The thread may have ended by itself; either way it is over afterwards.
        let _ = self.messages.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("mode", &self.mode()).finish_non_exhaustive()
    }
}

impl fmt::Display for WatchMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Poll => "poll",
            Self::Off => "off",
        })
    }
}

impl std::str::FromStr for WatchMode {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let all = [Self::Auto, Self::Native, Self::Poll, Self::Off];
        all.into_iter()
            .find(|m| m.to_string() == s)
            .ok_or_else(|| format!("{s:?} is none of auto, native, poll, off"))
    }
}

#[cfg(test)]
mod tests;
