//! The screen's loop: threads send, the app updates, effects are done, a frame is drawn.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use super::ScreenFlags;
use super::desk::{Desk, Open};
use crate::context::{WatchEvent, WatchMode, Watcher};
use crate::tui::app::{App, Effect, Message, Request, Told};
use crate::tui::event::Event;
use crate::tui::model::Watching;
use crate::tui::terminal::{self, Flow, Session, Tty};
use crate::tui::theme::{Theme, ThemeName};
use crate::tui::{svg, view};

/// How the screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Exit {
    /// The user quit, or the terminal went away.
    Quit,
    /// A signal asked to; what is left is to end by it.
    Signal(i32),
}

/// For the worker.
enum Work {
    Watch(WatchEvent),
    Ask(Request),
    Stop,
}

/// From the worker.
enum FromWorker {
    Told(Told),
    /// It cannot go on.
    Ended(anyhow::Error),
}

/// Shows the main screen on a project until the user quits.
pub fn show(open: Open, flags: &ScreenFlags, guided: bool) -> anyhow::Result<Exit> {
    let colours = match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => false,
        choice => {
            // crossterm heeds NO_COLOR by itself, and has to be told that the user wants colours all the same.
            ratatui::crossterm::style::force_color_output(choice != anstream::ColorChoice::Never);
            true
        }
    };
    let name = if colours { flags.theme } else { ThemeName::Mono };
    let theme = Theme::new(name, flags.ascii || !terminal::is_utf8());
    let mut session = Session::start(Tty { mouse: !flags.no_mouse, title: "layerlab" })
        .context("cannot use the terminal")?;
    let (send, events) = session.channel::<FromWorker>()?;
    let (work, inbox) = mpsc::channel();
    let worker = spawn_worker(open, inbox, work.clone(), send)?;
    let mut app = App::new(theme, ratatui::crossterm::terminal::size()?);
    app.still = flags.no_motion;
    app.cursor = flags.cursor;
    if guided {
        app = app.guided();
    }
    let ended = run(&mut session, &mut app, &events, &work);
    drop(session);
    // The worker keeps the index; a worker that is gone already needs no telling.
    let _ = work.send(Work::Stop);
    let _ = worker.join();
    let exit = ended?;
    if let Some(words) = app.farewell() {
        println!("{words}");
    }
    Ok(exit)
}

fn run(
    session: &mut Session,
    app: &mut App,
    events: &Receiver<Event<FromWorker>>,
    work: &Sender<Work>,
) -> anyhow::Result<Exit> {
    let mut tick: Option<Instant> = None;
    draw(session, app)?;
    loop {
        let Some(event) = next(events, tick)? else {
            tick = None;
            app.update(Message::Tick);
            draw(session, app)?;
            continue;
        };
        let mut pending = vec![event];
        // What came meanwhile is drawn in one go.
        pending.extend(events.try_iter().take(200));
        for event in pending {
            match session.housekeeping(&event)? {
                Flow::Continue | Flow::Redraw => {}
                Flow::Quit(signal) => return Ok(signal.map_or(Exit::Quit, Exit::Signal)),
            }
            let message = match event {
                Event::Key(key) => Message::Key(key),
                Event::Mouse(mouse) => Message::Mouse(mouse),
                Event::Paste(text) => Message::Paste(text),
                Event::Own(FromWorker::Told(told)) => Message::Told(told),
                Event::Own(FromWorker::Ended(error)) => return Err(error),
                _ => {
                    let (columns, rows) = ratatui::crossterm::terminal::size()?;
                    Message::Resize(columns, rows)
                }
            };
            for effect in app.update(message) {
                match effect {
                    Effect::Quit => return Ok(Exit::Quit),
                    Effect::Tick(after) => tick = Some(Instant::now() + after),
                    Effect::Suspend => session.suspend()?,
                    Effect::Copy(text) => session.copy(&text)?,
                    Effect::Ask(request) => {
                        // Without a worker its error is on the way.
                        let _ = work.send(Work::Ask(request));
                    }
                    Effect::Picture => {
                        draw(session, app)?;
                        app.note = Some(match picture(session, app) {
                            Ok(path) => format!("the picture is {}", path.display()),
                            Err(error) => format!("no picture: {error:#}"),
                        });
                    }
                }
            }
        }
        draw(session, app)?;
    }
}

/// The next event; none when the tick is due first.
fn next(
    events: &Receiver<Event<FromWorker>>,
    tick: Option<Instant>,
) -> anyhow::Result<Option<Event<FromWorker>>> {
    let Some(due) = tick else {
        return Ok(Some(events.recv().context("the threads of the screen are gone")?));
    };
    match events.recv_timeout(due.saturating_duration_since(Instant::now())) {
        Ok(event) => Ok(Some(event)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(anyhow!("the threads of the screen are gone")),
    }
}

fn draw(session: &mut Session, app: &mut App) -> io::Result<()> {
    session.draw(|frame| {
        let area = frame.area();
        if (area.width, area.height) != app.size {
            app.update(Message::Resize(area.width, area.height));
        }
        view::draw(frame.buffer_mut(), app);
        if let Some(at) = view::cursor(app).filter(|_| app.cursor || app.typing) {
            frame.set_cursor_position(at);
        }
    })
}

/// Saves a picture of the screen among the user's data: in the context it would count as an edit.
fn picture(session: &Session, app: &App) -> anyhow::Result<PathBuf> {
    use etcetera::BaseStrategy;
    let frame = session.last_frame().context("nothing was drawn yet")?;
    let folder = etcetera::choose_base_strategy().context("there is no home folder")?.data_dir();
    let folder = folder.join("layerlab").join("pictures");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let title = app.snapshot.as_ref().map_or("layerlab".to_string(), |s| {
        format!("layerlab: {} {}", s.header.context, s.header.dockerfile)
    });
    let named = |n: u32| folder.join(format!("screen-{n}.svg"));
    let path =
        (1..10_000).map(named).find(|path| !path.exists()).context("there are ten thousand pictures")?;
    std::fs::write(&path, svg::svg(frame, app.theme.name, &title))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn spawn_worker(
    open: Open,
    inbox: Receiver<Work>,
    own: Sender<Work>,
    send: Sender<Event<FromWorker>>,
) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().name("worker".into()).spawn(move || {
        let tell = |told| send.send(Event::Own(told)).is_ok();
        let worked =
            catch_unwind(AssertUnwindSafe(|| work(&open, &inbox, &own, |told| tell(FromWorker::Told(told)))));
        let ended = match worked {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error,
            Err(_) => anyhow!("the prediction stopped; its message stands above"),
        };
        tell(FromWorker::Ended(ended));
    })
}

/// The worker's life: read, show, propose, then follow events and requests.
fn work(
    open: &Open,
    inbox: &Receiver<Work>,
    own: &Sender<Work>,
    tell: impl Fn(Told) -> bool,
) -> anyhow::Result<()> {
    let mut desk = Desk::open(open)?;
    let snapshot = |desk: &Desk| Told::Snapshot(Box::new(desk.snapshot()));
    tell(snapshot(&desk));
    let mut watcher = watch(&mut desk, open.mode, own)?;
    desk.fill_right();
    tell(snapshot(&desk));
    // What changed between the first look and the watcher's start.
    let mut seen = desk.look(&[WatchEvent::SweepNeeded]);
    if seen.changed {
        tell(snapshot(&desk));
    }
    let mut traps_due = true;
    let mut saved = Instant::now();
    loop {
        // When nothing waits, there is time to look for traps.
        let next = if traps_due { inbox.try_recv().ok() } else { inbox.recv().ok() };
        let Some(first) = next else {
            if !traps_due {
                return Ok(());
            }
            traps_due = false;
            if desk.look_closer() {
                tell(snapshot(&desk));
            }
            continue;
        };
        let mut events = Vec::new();
        let mut stop = false;
        for item in std::iter::once(first).chain(inbox.try_iter()) {
            match item {
                Work::Watch(event) => events.push(event),
                Work::Ask(request) => {
                    for told in desk.answer(request) {
                        tell(told);
                    }
                }
                Work::Stop => stop = true,
            }
        }
        if stop {
            desk.save();
            return Ok(());
        }
        if !events.is_empty() {
            seen = desk.look(&events);
            if seen.changed {
                tell(snapshot(&desk));
                traps_due = true;
            }
            if seen.other_rules {
                // The old one ends first, or its last events would come twice.
                drop(watcher);
                watcher = watch(&mut desk, open.mode, own)?;
                if desk.look(&[WatchEvent::SweepNeeded]).changed {
                    tell(snapshot(&desk));
                }
            }
            // A crash should not cost all that was read, nor every save a write.
            if saved.elapsed() > Duration::from_secs(30) {
                desk.save();
                saved = Instant::now();
            }
        }
    }
}

fn watch(desk: &mut Desk, mode: WatchMode, own: &Sender<Work>) -> anyhow::Result<Watcher> {
    let send = own.clone();
    let (root, ignore) = desk.watched();
    let watcher = Watcher::start(root, ignore, &desk.besides(), mode, move |event| {
        // At the end nobody listens any more.
        let _ = send.send(Work::Watch(event));
    })?;
    desk.set_watching(match watcher.mode() {
        WatchMode::Native | WatchMode::Auto => Watching::Native,
        WatchMode::Poll => Watching::Polling(None),
        WatchMode::Off => Watching::Off,
    });
    Ok(watcher)
}
