//! The replay's screen: a strip of commits for each side, to walk through and to play.
//!
//! [`View`] is the state, [`View::update`] and [`View::tick`] change it, [`draw`] makes a frame of it: all pure.
//! [`run`] is the terminal around them.

mod draw;
mod state;

use std::io;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

pub use draw::draw;
pub use state::{Action, KEYS, Outcome, Shown, ShownCommit, ShownSide, View};

use super::event::Event;
use super::terminal::{Flow, Session, Tty};

/// Time that a commit is shown while it plays.
const BEAT: Duration = Duration::from_millis(180);

/// Shows a replay until the user leaves; yields the signal that ended it, if one did.
///
/// # Errors
/// A terminal that cannot be taken or drawn on.
pub fn run(mut view: View) -> io::Result<Option<i32>> {
    let mut session = Session::start(Tty { mouse: false, title: "layerlab replay" })?;
    let events = session.events::<()>()?;
    loop {
        session.draw(|frame| {
            let area = frame.area();
            draw(frame.buffer_mut(), area, &mut view);
        })?;
        let event = if view.is_playing() {
            match events.recv_timeout(BEAT) {
                Ok(event) => event,
                Err(RecvTimeoutError::Timeout) => {
                    view.tick();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        } else {
            match events.recv() {
                Ok(event) => event,
                Err(_) => return Ok(None),
            }
        };
        match session.housekeeping(&event)? {
            Flow::Redraw => continue,
            Flow::Quit(signal) => return Ok(signal),
            Flow::Continue => {}
        }
        if let Event::Key(key) = event
            && view.key(key) == Outcome::Quit
        {
            return Ok(None);
        }
    }
}
