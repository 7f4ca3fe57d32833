//! `learn watch`: checks again whenever a file is saved.

use std::sync::mpsc;
use std::time::Duration;

use super::super::Ended;
use super::super::output::safe;
use super::{check, show};
use crate::context::{Ignore, WatchEvent, WatchMode, Watcher};
use crate::lesson::Desk;
use crate::lesson::Kind;

/// Runs until all steps of the lesson are done, or Ctrl-C.
pub fn run(desk: &mut Desk, name: Option<&str>) -> anyhow::Result<Ended> {
    let lesson = desk.lesson(name)?;
    let Some(mut step) = desk.of(&lesson).at(&lesson) else {
        say!("Lesson {} is done.", lesson.id);
        return Ok(Ended::Done);
    };
    if !matches!(lesson.steps[step].manifest.kind, Kind::Do | Kind::Repair) {
        let _ = show::go(desk, &lesson)?;
        step = desk.of(&lesson).at(&lesson).unwrap_or(step);
        if lesson.steps[step].manifest.kind == Kind::Predict {
            return Ok(Ended::No);
        }
    }
    desk.prepare(&lesson, step, false)?;
    let folder = desk.folder(&lesson)?;
    let (send, receive) = mpsc::channel();
    let _watcher = Watcher::start(&folder, &Ignore::default(), &[], WatchMode::Auto, move |event| {
        let _ = send.send(event);
    })?;
    say!("Watching {} (Ctrl-C ends)\n", safe(&folder.display().to_string()));
    let mut shown = None;
    loop {
        // The learner's own project is read anew; a lesson's files are read by the check.
        let lesson = desk.lesson(Some(&lesson.id))?;
        let verdicts = check::verdicts(desk, &lesson, step)?;
        if shown.as_ref() != Some(&verdicts) {
            check::print(&verdicts);
            say!("");
            if verdicts.iter().all(|v| v.holds) {
                say!("Solved.\n");
                show::text(&lesson.steps[step].text.after);
                desk.of(&lesson).pass(&lesson, step, false);
                return show::go(desk, &lesson);
            }
            shown = Some(verdicts);
        }
        match receive.recv() {
            Ok(WatchEvent::FellBackToPolling(why)) => {
                anstream::eprintln!("note: watching by polling: {}", safe(&why));
            }
            Ok(_) => {}
            Err(_) => anyhow::bail!("watching ended"),
        }
        // One save is several events.
        while receive.recv_timeout(Duration::from_millis(60)).is_ok() {}
    }
}
