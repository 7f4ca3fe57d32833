//! The terminal as a guest finds and leaves it: raw mode, the other screen, mouse, paste, and all of it undone
//! on every way out (end, error, panic, signal, suspend).
//!
//! How a screen of one's own uses it:
//!
//! ```no_run
//! use layerlab::tui::terminal::{Flow, Session, Tty};
//! # fn main() -> std::io::Result<()> {
//! let mut session = Session::start(Tty::default())?;
//! let events = session.events::<()>()?; // keys, mouse, size, signals; and what other threads send
//! session.draw(|frame| frame.render_widget("hello", frame.area()))?;
//! while let Ok(event) = events.recv() {
//!     match session.housekeeping(&event)? {
//!         Flow::Continue => {} // the event is the screen's
//!         Flow::Redraw => session.draw(|frame| frame.render_widget("hello", frame.area()))?,
//!         Flow::Quit(_signal) => break,
//!     }
//! }
//! # Ok(())
//! # }
//! ```

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use ratatui::{Frame, Terminal};

use super::event::{self, Event};

/// What a screen wants of its terminal.
#[derive(Debug, Clone, Copy)]
pub struct Tty {
    /// Mouse events; with them on, Shift and the mouse select text.
    pub mouse: bool,
    /// The window's title.
    pub title: &'static str,
}

impl Default for Tty {
    fn default() -> Self {
        Self { mouse: true, title: "layerlab" }
    }
}

/// What to do after housekeeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// The event is for the screen.
    Continue,
    /// The terminal was away, or has another size: draw again.
    Redraw,
    /// A signal asks to end; its number. None where the terminal itself is gone.
    Quit(Option<i32>),
}

/// A terminal in use; dropping it gives the terminal back.
pub struct Session {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    tty: Tty,
    active: bool,
    last: Option<Buffer>,
}

/// Set while the terminal is ours, for the panic hook.
static ACTIVE: AtomicBool = AtomicBool::new(false);
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Tells whether a screen can be shown: standard input and output are terminals, and not a dumb one, and no
/// robot is watching (`CI=true`).
pub fn is_usable() -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    let ci = std::env::var_os("CI").is_some_and(|v| v == "true" || v == "1");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb && !ci
}

/// Tells whether the locale says UTF-8. Windows' terminals do anyway.
pub fn is_utf8() -> bool {
    if cfg!(windows) {
        return true;
    }
    let first = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty())
        .map(|value| value.to_string_lossy().to_ascii_lowercase());
    first.is_some_and(|value| value.contains("utf-8") || value.contains("utf8"))
}

impl Session {
    /// Takes the terminal.
    pub fn start(tty: Tty) -> io::Result<Self> {
        install_panic_hook();
        MOUSE.store(tty.mouse, Ordering::SeqCst);
        let mut session = Self {
            terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?,
            tty,
            active: false,
            last: None,
        };
        session.enter()?;
        Ok(session)
    }

    /// Starts to listen to keys, mouse, size and signals. Other threads may send on the channel too.
    pub fn events<M: Send + 'static>(&self) -> io::Result<Receiver<Event<M>>> {
        Ok(self.channel()?.1)
    }

    /// As [`Session::events`], with the end for other threads to send on.
    #[allow(clippy::type_complexity, reason = "the two ends of a channel, as mpsc itself has them")]
    pub fn channel<M: Send + 'static>(&self) -> io::Result<(Sender<Event<M>>, Receiver<Event<M>>)> {
        let (send, events) = mpsc::channel();
        event::listen(send.clone())?;
        Ok((send, events))
    }

    /// Draws a frame.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        let drawn = self.terminal.draw(view)?;
        self.last = Some(drawn.buffer.clone());
        Ok(())
    }

    /// What stands on the screen, for a picture of it.
    pub fn last_frame(&self) -> Option<&Buffer> {
        self.last.as_ref()
    }

    /// Does what every screen has to do about an event: suspend and come back, take another size, end.
    pub fn housekeeping<M>(&mut self, event: &Event<M>) -> io::Result<Flow> {
        match event {
            Event::Suspend => {
                self.suspend()?;
                Ok(Flow::Redraw)
            }
            Event::Resumed => {
                self.start_over()?;
                Ok(Flow::Redraw)
            }
            Event::Resize(..) => Ok(Flow::Redraw),
            Event::Signal(signal) => Ok(Flow::Quit(Some(*signal))),
            Event::TerminalLost => Ok(Flow::Quit(None)),
            _ => Ok(Flow::Continue),
        }
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when it goes on.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.leave()?;
        stop_process();
        self.enter()?;
        self.start_over()
    }

    /// Has the next frame drawn whole. `Terminal::clear` would ask the terminal where its cursor is, and not every
    /// terminal answers.
    fn start_over(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }

    /// Copies a text to the clipboard of the terminal (OSC 52), which works through SSH where the terminal allows.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        use ratatui::crossterm::clipboard::CopyToClipboard;
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    fn enter(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        ACTIVE.store(true, Ordering::SeqCst);
        self.active = true;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide,
            SetTitle(self.tty.title)
        )?;
        if self.tty.mouse {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }

    fn leave(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.active) {
            restore()?;
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Nobody is left to be told if the terminal is gone.
        let _ = self.leave();
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("tty", &self.tty)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

/// Undoes everything; each part even where another fails.
fn restore() -> io::Result<()> {
    // Once is enough: leaving the other screen twice would put the cursor back over what was printed since.
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return Ok(());
    }
    let mut out = io::stdout();
    let mouse = if MOUSE.load(Ordering::SeqCst) { execute!(out, DisableMouseCapture) } else { Ok(()) };
    let screen = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let raw = disable_raw_mode();
    let flushed = out.flush();
    mouse.and(screen).and(raw).and(flushed)
}

/// A panic's message belongs on the normal screen.
fn install_panic_hook() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // The message matters more than a terminal that cannot be restored.
            let _ = restore();
            before(info);
        }));
    });
}

#[cfg(unix)]
fn stop_process() {
    // The whole group, as the terminal would have done: `cargo run` has to stop too for the shell to notice.
    // SIGTSTP itself has a handler of ours. This returns after SIGCONT.
    let _ = rustix::process::kill_current_process_group(rustix::process::Signal::STOP);
}

#[cfg(not(unix))]
fn stop_process() {}

/// Ends the process the way a signal would have, so that its parent sees it; after all else was cleaned up.
pub fn end_by(signal: i32) {
    #[cfg(unix)]
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    #[cfg(not(unix))]
    let _ = signal;
}
