//! The watcher's thread: events in, hints out.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use super::native::{self, Meaning, Native};
use super::poll::Beside;
use super::{Pace, SharedMode, WatchEvent, WatchMode};

/// What the thread is told.
pub(super) enum Message {
    Event(notify::Result<notify::Event>),
    Stop,
}

pub(super) struct Run<S> {
    /// None when polling.
    native: Option<Native>,
    beside: Beside,
    pace: Pace,
    mode: SharedMode,
    send: S,
    waiting: Waiting,
}

/// What is to be sent.
#[derive(Default)]
struct Waiting {
    dirty: BTreeSet<PathBuf>,
    lost: bool,
    /// When the first and the last of it came.
    since: Option<(Instant, Instant)>,
}

impl Waiting {
    fn note(&mut self) {
        let now = Instant::now();
        self.since = Some((self.since.map_or(now, |(first, _)| first), now));
    }
}

impl<S: Fn(WatchEvent)> Run<S> {
    pub fn new(native: Option<Native>, also: Vec<PathBuf>, pace: Pace, mode: SharedMode, send: S) -> Self {
        Self { native, beside: Beside::new(also), pace, mode, send, waiting: Waiting::default() }
    }

    pub fn run(mut self, inbox: &Receiver<Message>) {
        let mut next_poll = Instant::now() + self.pace.poll;
        loop {
            let due = self.due().map_or(next_poll, |due| due.min(next_poll));
            match inbox.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Message::Event(event)) => self.take(event),
                Err(RecvTimeoutError::Timeout) => {}
            }
            let now = Instant::now();
            if self.due().is_some_and(|due| due <= now) {
                self.flush();
            }
            if next_poll <= now {
                self.poll();
                next_poll = now + self.pace.poll;
            }
        }
    }

    /// When what waits is to be sent.
    fn due(&self) -> Option<Instant> {
        self.waiting.since.map(|(first, last)| (first + self.pace.patience).min(last + self.pace.quiet))
    }

    fn take(&mut self, event: notify::Result<notify::Event>) {
        let Some(native) = &mut self.native else { return };
        match event {
            Ok(event) => match native.meaning(&event) {
                Meaning::Nothing => {}
                Meaning::Dirty(paths) => {
                    self.waiting.dirty.extend(paths);
                    self.waiting.note();
                }
                Meaning::Lost => {
                    self.waiting.lost = true;
                    self.waiting.note();
                }
            },
            Err(e) => {
                (self.send)(WatchEvent::Error(native::reason(&e)));
                self.waiting.lost = true;
                self.waiting.note();
            }
        }
    }

    fn flush(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        if let Some(native) = &mut self.native {
            if let Err(e) = native.settle() {
                self.fall_back(native::reason(&e));
            } else if !native.has_root() {
                self.fall_back("the folder itself was moved or removed".into());
            }
        }
        if waiting.lost {
            (self.send)(WatchEvent::SweepNeeded);
        }
        if !waiting.dirty.is_empty() {
            (self.send)(WatchEvent::Dirty(waiting.dirty.into_iter().collect()));
        }
    }

    fn fall_back(&mut self, reason: String) {
        self.native = None;
        self.mode.set(WatchMode::Poll);
        (self.send)(WatchEvent::FellBackToPolling(reason));
        // What happened since the events ceased shows in a sweep.
        (self.send)(WatchEvent::SweepNeeded);
    }

    fn poll(&mut self) {
        if self.native.is_some() {
            return;
        }
        (self.send)(WatchEvent::SweepNeeded);
        let changed = self.beside.changed();
        if !changed.is_empty() {
            (self.send)(WatchEvent::Dirty(changed));
        }
    }
}
