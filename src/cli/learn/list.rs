//! The list of lessons, and the beliefs that they answer.

use super::super::Ended;
use super::super::output::safe;
use super::show;
use crate::lesson::{Desk, Lesson, course, markdown};

/// Prints the lessons and how far the learner is.
pub fn run(desk: &mut Desk) -> Ended {
    let lessons = desk.course.lessons.clone();
    let minutes: u32 = lessons.iter().map(|l| l.manifest.minutes).sum();
    say!("Lessons about Docker's build cache: {} of them, about {minutes} minutes in all.\n", lessons.len());
    for lesson in &lessons {
        let (done, of) = desk.of(lesson).count(lesson);
        let mine = desk.of(lesson);
        let state = if mine.finished && mine.skipped.is_empty() {
            "done".to_string()
        } else if mine.finished {
            "done, with gaps".to_string()
        } else if done > 0 {
            format!("step {done} of {of}")
        } else {
            String::new()
        };
        let here = if desk.progress.current.as_deref() == Some(&lesson.id) { ">" } else { " " };
        let (name, title) = (lesson.id.as_str(), &lesson.manifest.title);
        say!("{here} {name:<18} {:<44} {:>2} min  {state}", safe(title), lesson.manifest.minutes);
    }
    let (right, of) = desk.progress.calibration();
    if of > 0 {
        say!("\nYour predictions so far: {right} of {of} right at the first try.");
    }
    match next(desk, &lessons) {
        Some(lesson) => say!("\nGo on with: layerlab learn start {}", lesson.number()),
        None => say!("\nAll lessons are done."),
    }
    Ended::Done
}

/// The lesson to go on with: the one at hand, or the next one that is not finished, or the first such.
pub fn next<'a>(desk: &mut Desk, lessons: &'a [Lesson]) -> Option<&'a Lesson> {
    let current = desk.progress.current.clone();
    let open = |desk: &mut Desk, l: &Lesson| !desk.of(l).finished;
    lessons.iter().find(|l| Some(&l.id) == current.as_ref() && open(desk, l)).or_else(|| {
        let here = lessons.iter().position(|l| Some(&l.id) == current.as_ref()).unwrap_or(0);
        lessons.iter().skip(here).chain(lessons).find(|l| open(desk, l))
    })
}

/// Prints the twenty beliefs with their answers and lessons.
pub fn beliefs(desk: &Desk, markdown: bool) -> anyhow::Result<Ended> {
    super::super::output::print(&table(&desk.course.lessons, markdown))?;
    Ok(Ended::Done)
}

/// The table of beliefs, as text or in Markdown.
pub fn table(lessons: &[Lesson], markdown: bool) -> String {
    let mut out = String::new();
    if markdown {
        out.push_str("# Twenty beliefs about the build cache\n\n");
        out.push_str(
            "Written by `layerlab learn beliefs --markdown`. Sources named `case:` are recorded builds.\n\n",
        );
        out.push_str("| # | belief | what is true | lessons | sources |\n|---|---|---|---|---|\n");
    }
    for b in course::beliefs() {
        let shown: Vec<&str> = lessons
            .iter()
            .filter(|l| l.manifest.beliefs.contains(&b.number))
            .map(|l| l.id.as_str())
            .collect();
        if markdown {
            let links: Vec<String> = shown.iter().map(|id| format!("[{id}]({id}/lesson.md)")).collect();
            let sources: Vec<String> = b.sources.iter().map(|s| s.replace('|', "\\|")).collect();
            out.push_str(&format!(
                "| {} | {} | {} | {} | {} |\n",
                b.number,
                b.belief,
                b.truth,
                links.join(", "),
                sources.join("; ")
            ));
        } else {
            let text = format!(
                "**{}. \"{}\"**\n\n{}\n\nLessons: {}\n",
                b.number,
                markdown::literal(&b.belief),
                markdown::literal(&b.truth),
                shown.join(", ")
            );
            out.push_str(&markdown::plain(&text, show::width()));
            out.push('\n');
        }
    }
    out
}
