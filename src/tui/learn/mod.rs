//! The lessons' screen: text beside a small project, predictions before the reveal, repairs that tick off live.
//!
//! [`app`] is state and update (pure: an action in, effects out), [`view`] draws it, [`present`] is for a room. This
//! file holds the loop, which does the effects.

pub mod app;
mod keys;
mod markdown;
pub mod present;
mod present_view;
#[cfg(test)]
mod tests;
mod view;

use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use crate::cli::Ended;
use crate::context::{Ignore, WatchEvent, WatchMode, Watcher};
use crate::lesson::{Desk, Workspace, desk};
use crate::tui::event::Event;
use crate::tui::terminal::{self, Flow, Session, Tty};
use crate::tui::theme::{Theme, ThemeName};

use app::{App, Effect, Files};

/// What the screen's own threads say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A file of the learner's changed.
    FilesChanged,
}

/// Names the file to open in the editor before the screen, in a process that was started anew for it.
const EDIT_FIRST: &str = "LAYERLAB_LEARN_EDIT";

/// Runs the screen until it is left.
pub fn run(desk: Desk, theme: ThemeName, ascii: bool) -> anyhow::Result<Ended> {
    let theme = Theme::new(theme, ascii || !terminal::is_utf8());
    let mut app = App::new(desk.course.lessons.clone(), desk.progress.clone(), theme);
    let mut room = Room { desk, watcher: None };
    let edited = std::env::var_os(EDIT_FIRST).filter(|f| !f.is_empty()).map(PathBuf::from);
    let problem = edited.as_deref().and_then(|file| edit(file).err());
    let mut session = Session::start(Tty { title: "layerlab learn", mouse: false })?;
    let (send, events) = session.channel::<Message>()?;
    if edited.is_some() {
        for effect in app.resume() {
            room.act(effect, &mut app, &send);
        }
    }
    if let Some(e) = problem {
        app.tell(format!("the editor: {e}"));
    }
    session.draw(|frame| view::draw(frame.buffer_mut(), &mut app))?;
    let (mut signal, mut to_edit) = (None, None);
    'screen: while let Ok(event) = events.recv() {
        match session.housekeeping(&event)? {
            Flow::Quit(by) => {
                signal = by;
                break;
            }
            Flow::Redraw | Flow::Continue => {}
        }
        let effects = match event {
            Event::Key(key) => app.key(key),
            Event::Own(Message::FilesChanged) => vec![Effect::Read],
            _ => Vec::new(),
        };
        for effect in effects {
            match effect {
                Effect::Quit => break 'screen,
                Effect::Edit(file) => {
                    to_edit = Some(file);
                    break 'screen;
                }
                other => room.act(other, &mut app, &send),
            }
        }
        session.draw(|frame| view::draw(frame.buffer_mut(), &mut app))?;
    }
    room.act(Effect::Save, &mut app, &send);
    drop(session);
    if let Some(signal) = signal {
        terminal::end_by(signal);
    }
    if let Some(file) = to_edit {
        return Err(start_anew(&file));
    }
    if let Some(line) = app.last_words() {
        let _ = crate::cli::output::print(&format!("{line}\n"));
    }
    Ok(Ended::Done)
}

/// Starts this program anew with the same arguments, to open the editor first and then the screen.
///
/// A thread of this process waits for keys and would take them from the editor; a new process has none yet.
#[cfg(unix)]
fn start_anew(file: &Path) -> anyhow::Error {
    use std::os::unix::process::CommandExt as _;
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(e) => return e.into(),
    };
    std::process::Command::new(program).args(std::env::args_os().skip(1)).env(EDIT_FIRST, file).exec().into()
}

#[cfg(not(unix))]
fn start_anew(file: &Path) -> anyhow::Error {
    anyhow::anyhow!("open {} in your editor, and run layerlab learn again", file.display())
}

/// Opens the learner's own editor and waits for it.
fn edit(file: &Path) -> std::io::Result<()> {
    let editor = ["VISUAL", "EDITOR"].iter().find_map(std::env::var_os).filter(|e| !e.is_empty());
    // `code --wait` is a program and its options. A lesson has no say in either.
    let editor = editor.map_or_else(|| "vi".to_string(), |e| e.to_string_lossy().into_owned());
    let mut words = editor.split_whitespace();
    std::process::Command::new(words.next().unwrap_or("vi")).args(words).arg(file).status().map(|_| ())
}

/// The doors: disk, watcher, progress file.
struct Room {
    desk: Desk,
    watcher: Option<Watcher>,
}

impl Room {
    fn act(&mut self, effect: Effect, app: &mut App, send: &Sender<Event<Message>>) {
        let outcome = match effect {
            Effect::Save => {
                self.desk.progress = app.progress.clone();
                if let Some(problem) = self.desk.save() {
                    app.tell(problem);
                }
                Ok(())
            }
            Effect::Prepare { anew } => self.prepare(app, anew, send),
            Effect::Apply => self.apply(app),
            Effect::Read => self.read(app),
            Effect::Unwatch => {
                self.watcher = None;
                Ok(())
            }
            Effect::Quit | Effect::Edit(_) => Ok(()),
        };
        if let Err(e) = outcome {
            app.tell(format!("{e:#}"));
        }
    }

    fn prepare(&mut self, app: &mut App, anew: bool, send: &Sender<Event<Message>>) -> anyhow::Result<()> {
        let Some((lesson, step)) = app.at().map(|(l, s)| (l.clone(), s)) else { return Ok(()) };
        self.desk.progress = app.progress.clone();
        let kept = self.desk.prepare(&lesson, step, anew)?;
        app.progress = self.desk.progress.clone();
        let folder = self.desk.folder(&lesson)?;
        let send = send.clone();
        let notify = move |event| {
            if matches!(event, WatchEvent::Dirty(_) | WatchEvent::SweepNeeded) {
                let _ = send.send(Event::Own(Message::FilesChanged));
            }
        };
        self.watcher = Some(Watcher::start(&folder, &Ignore::default(), &[], WatchMode::Auto, notify)?);
        if let Some(kept) = kept {
            app.tell(format!("your version is kept in {}", kept.display()));
        }
        self.read(app)
    }

    fn apply(&mut self, app: &mut App) -> anyhow::Result<()> {
        let Some((lesson, step)) = app.at() else { return Ok(()) };
        let Some(solution) = lesson.solution(step).filter(|_| !self.desk.is_own(lesson)) else {
            return Ok(());
        };
        let workspace: Workspace = self.desk.workspace()?;
        let kept = workspace.set_up(&lesson.id, &solution, &desk::known(lesson))?;
        if let Some(kept) = kept {
            app.tell(format!("your version is kept in {}", kept.display()));
        }
        self.read(app)
    }

    fn read(&mut self, app: &mut App) -> anyhow::Result<()> {
        let Some((lesson, _)) = app.at().map(|(l, s)| (l.clone(), s)) else { return Ok(()) };
        let lesson = self.desk.lesson(Some(&lesson.id))?;
        let files = Files { project: self.desk.files(&lesson)?, folder: self.desk.folder(&lesson)? };
        app.files(files);
        Ok(())
    }
}
