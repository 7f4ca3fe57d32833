//! What happens to a screen, from all sides, in one channel: keys, mouse, size, signals, and messages of its own.

use std::io;
use std::sync::mpsc::Sender;

use ratatui::crossterm::event::{self, KeyEvent, KeyEventKind, KeyModifiers, MouseEvent};

/// One thing that happened; `M` are the messages of a screen's own threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<M> {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// Ctrl-Z, or SIGTSTP: to be stopped.
    Suspend,
    /// Going on after a stop that came from elsewhere.
    Resumed,
    /// A signal asks to end.
    Signal(i32),
    /// The terminal went away.
    TerminalLost,
    /// From a thread of the screen.
    Own(M),
}

/// Starts the threads that listen to the terminal and to signals; they end with the process or the channel.
pub(super) fn listen<M: Send + 'static>(send: Sender<Event<M>>) -> io::Result<()> {
    listen_to_signals(send.clone())?;
    std::thread::Builder::new().name("keys".into()).spawn(move || {
        loop {
            let event = match event::read() {
                Ok(event) => of_terminal(event),
                Err(_) => Some(Event::TerminalLost),
            };
            let lost = matches!(event, Some(Event::TerminalLost));
            if event.is_some_and(|event| send.send(event).is_err()) || lost {
                return;
            }
        }
    })?;
    Ok(())
}

fn of_terminal<M>(event: event::Event) -> Option<Event<M>> {
    match event {
        // Windows sends a key's release as well.
        event::Event::Key(key) if key.kind == KeyEventKind::Release => None,
        event::Event::Key(key) if is_suspend(key) => Some(Event::Suspend),
        event::Event::Key(key) => Some(Event::Key(key)),
        event::Event::Mouse(mouse) => Some(Event::Mouse(mouse)),
        event::Event::Paste(text) => Some(Event::Paste(text)),
        event::Event::Resize(columns, rows) => Some(Event::Resize(columns, rows)),
        event::Event::FocusGained | event::Event::FocusLost => None,
    }
}

fn is_suspend(key: KeyEvent) -> bool {
    cfg!(unix) && key.modifiers == KeyModifiers::CONTROL && key.code == event::KeyCode::Char('z')
}

#[cfg(unix)]
fn listen_to_signals<M: Send + 'static>(send: Sender<Event<M>>) -> io::Result<()> {
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    let mut signals =
        signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT])?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            let event = match signal {
                SIGTSTP => Event::Suspend,
                SIGCONT => Event::Resumed,
                other => Event::Signal(other),
            };
            if send.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

#[cfg(not(unix))]
fn listen_to_signals<M: Send + 'static>(_send: Sender<Event<M>>) -> io::Result<()> {
    Ok(())
}
