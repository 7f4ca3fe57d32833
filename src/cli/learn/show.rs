//! Going through a lesson: start, next, skip, and what is printed of each step.

use anyhow::bail;

use super::super::Ended;
use super::super::output::safe;
use super::{StartArgs, list};
use crate::lesson::Desk;
use crate::lesson::{Kind, Lesson, LessonProgress, markdown, predict};

/// Columns for text: those of the terminal, not more than read well.
pub fn width() -> usize {
    use std::io::IsTerminal as _;
    let columns = if std::io::stdout().is_terminal() {
        crossterm::terminal::size().map_or(80, |(w, _)| usize::from(w))
    } else {
        80
    };
    columns.clamp(40, 90) - 2
}

/// Prints Markdown.
pub fn text(markdown_text: &str) {
    if !markdown_text.is_empty() {
        say!("{}", markdown::plain(markdown_text, width()));
    }
}

/// Prints a reason below what it is about.
pub fn item(text: &str) {
    let pieces = [markdown::Span { text: safe(text).into_owned(), style: markdown::Style::Plain }];
    for (i, line) in markdown::wrap(&pieces, width().saturating_sub(8)).into_iter().enumerate() {
        let line: String = line.into_iter().map(|p| p.text).collect();
        say!("      {} {line}", if i == 0 { "-" } else { " " });
    }
}

/// Begins or resumes a lesson.
pub fn start(desk: &mut Desk, args: &StartArgs) -> anyhow::Result<Ended> {
    if let Some(dir) = &args.project {
        let dir = std::path::absolute(dir)?;
        crate::lesson::workspace::own_project(&dir, &args.file)?;
        desk.progress.own_project = Some((dir, args.file.clone()));
    }
    let lessons = desk.course.lessons.clone();
    let name = match &args.lesson {
        Some(name) => name.clone(),
        None => match list::next(desk, &lessons) {
            Some(lesson) => lesson.id.clone(),
            None => {
                bail!("all lessons are done; name one to go through it again: layerlab learn start 3 --again")
            }
        },
    };
    let lesson = desk.lesson(Some(&name))?;
    if args.project.is_some() && !lesson.manifest.own_project {
        bail!(
            "lesson {} brings files of its own; only lessons about your own project take --project",
            lesson.id
        );
    }
    desk.progress.current = Some(lesson.id.clone());
    let mine = desk.of(&lesson);
    if args.again {
        *mine = LessonProgress { files_of: mine.files_of.clone(), ..LessonProgress::default() };
    }
    if args.fast {
        mine.start_fast(&lesson);
    } else if mine.finished {
        mine.go_to(&lesson, 0);
    } else if mine.fast {
        mine.fast = false;
    }
    if let Some(step) = args.step {
        if !(1..=lesson.steps.len()).contains(&step) {
            bail!("lesson {} has steps 1 to {}", lesson.id, lesson.steps.len());
        }
        mine.go_to(&lesson, step - 1);
    }
    say!(
        "{}  {}  (about {} minutes, {} steps)\n",
        lesson.id,
        safe(&lesson.manifest.title),
        lesson.manifest.minutes,
        lesson.steps.len()
    );
    go(desk, &lesson)
}

/// Goes on with the lesson at hand.
pub fn next(desk: &mut Desk, name: Option<&str>) -> anyhow::Result<Ended> {
    let lesson = desk.lesson(name)?;
    let Some(step) = desk.of(&lesson).at(&lesson) else {
        finished(desk, &lesson);
        return Ok(Ended::Done);
    };
    let kind = lesson.steps[step].manifest.kind;
    let solved = match kind {
        Kind::Read => true,
        Kind::Predict => {
            say!("This step asks for a prediction first: it is how one learns most from it.\n");
            false
        }
        Kind::Do | Kind::Repair => {
            let verdicts = super::check::verdicts(desk, &lesson, step)?;
            super::check::print(&verdicts);
            verdicts.iter().all(|v| v.holds)
        }
    };
    if !solved {
        say!("`layerlab learn skip` goes on without it.");
        return Ok(Ended::No);
    }
    if kind != Kind::Read {
        text(&lesson.steps[step].text.after);
    }
    desk.of(&lesson).pass(&lesson, step, false);
    go(desk, &lesson)
}

/// Goes on without doing the step.
pub fn skip(desk: &mut Desk, name: Option<&str>) -> anyhow::Result<Ended> {
    let lesson = desk.lesson(name)?;
    if let Some(step) = desk.of(&lesson).at(&lesson) {
        desk.of(&lesson).pass(&lesson, step, true);
    }
    go(desk, &lesson)
}

/// Prints the steps from the one at hand up to the next that wants something of the learner.
pub fn go(desk: &mut Desk, lesson: &Lesson) -> anyhow::Result<Ended> {
    loop {
        let Some(step) = desk.of(lesson).at(lesson) else {
            finished(desk, lesson);
            super::save(desk);
            return Ok(Ended::Done);
        };
        let this = &lesson.steps[step];
        say!("-- step {} of {}: {} --\n", step + 1, lesson.steps.len(), this.manifest.kind.word());
        text(&this.text.body);
        match this.manifest.kind {
            Kind::Read => {
                desk.of(lesson).pass(lesson, step, false);
                continue;
            }
            Kind::Predict => ask_prediction(lesson, step)?,
            Kind::Do | Kind::Repair => ask_work(desk, lesson, step)?,
        }
        super::save(desk);
        return Ok(Ended::Done);
    }
}

fn ask_prediction(lesson: &Lesson, step: usize) -> anyhow::Result<()> {
    let m = &lesson.steps[step].manifest;
    if let Some(text) = lesson.start(step).text(lesson.project.dockerfile()).filter(|_| m.choices.is_empty())
    {
        say!("Dockerfile:\n{}", indented(text));
    }
    say!("?  {}\n", safe(m.ask.as_deref().unwrap_or_default()));
    if m.choices.is_empty() {
        for (i, label) in predict::rows(lesson, step)?.iter().enumerate() {
            say!("  {:>2}  {}", i + 1, safe(label));
        }
        say!("\nCommit to an answer before you see it: layerlab learn predict NUMBERS   (or: none)");
    } else {
        for (letter, choice) in ('a'..).zip(&m.choices) {
            say!("  {letter})  {}", safe(choice));
        }
        say!("\nCommit to an answer before you see it: layerlab learn predict LETTER");
    }
    Ok(())
}

/// Text with four blanks before each line, safe for a terminal.
pub fn indented(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        out.push_str("    ");
        out.push_str(&safe(line));
        out.push('\n');
    }
    out
}

fn ask_work(desk: &mut Desk, lesson: &Lesson, step: usize) -> anyhow::Result<()> {
    let m = &lesson.steps[step].manifest;
    let kept = desk.prepare(lesson, step, false)?;
    say!("!  {}\n", safe(m.ask.as_deref().unwrap_or_default()));
    for goal in &m.goal {
        say!("  [ ] {}", safe(&goal.say));
    }
    say!("\nYour files: {}", safe(&desk.folder(lesson)?.display().to_string()));
    if let Some(kept) = kept {
        say!("Your version from before is kept in {}", safe(&kept.display().to_string()));
    }
    say!("Then: layerlab learn check   (or let it check on every save: layerlab learn watch)");
    say!("Stuck: layerlab learn hint");
    Ok(())
}

fn finished(desk: &mut Desk, lesson: &Lesson) {
    say!("-- done: {} --\n\nTo remember:", safe(&lesson.manifest.title));
    for line in &lesson.manifest.remember {
        text(&format!("- {line}"));
    }
    let skipped = desk.of(lesson).skipped.len();
    if skipped > 0 {
        say!("\nSteps skipped: {skipped}.");
    }
    let lessons = desk.course.lessons.clone();
    if let Some(next) = list::next(desk, &lessons) {
        say!("\nNext: layerlab learn start {}   ({})", next.number(), safe(&next.manifest.title));
    }
}
