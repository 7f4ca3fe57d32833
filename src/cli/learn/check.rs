//! `learn check`: does the goal hold?

use serde_json::json;

use super::super::Ended;
use super::super::output::safe;
use super::{CheckArgs, show};
use crate::lesson::Desk;
use crate::lesson::goal::Verdict;
use crate::lesson::{Kind, Lesson, prove};

/// Judges the step on the learner's files.
pub fn verdicts(desk: &Desk, lesson: &Lesson, step: usize) -> anyhow::Result<Vec<Verdict>> {
    Ok(prove::verdicts(lesson, step, &desk.files(lesson)?))
}

/// Prints verdicts.
pub fn print(verdicts: &[Verdict]) {
    for v in verdicts {
        say!("  [{}] {}", if v.holds { 'x' } else { ' ' }, safe(&v.say));
        for why in &v.why {
            show::item(why);
        }
    }
}

/// Text of the learner's files within Markdown: shown as it is.
pub fn escaped(text: &str) -> String {
    crate::lesson::markdown::literal(&safe(text))
}

/// Runs the command.
pub fn run(desk: &mut Desk, args: &CheckArgs) -> anyhow::Result<Ended> {
    let lesson = match desk.lesson(args.lesson.as_deref()) {
        Ok(lesson) => lesson,
        // A teacher collects from those who have not begun as well.
        Err(_) if args.json && args.lesson.is_none() => {
            say!("{}", json!({"schema": 1, "learner": args.learner, "at": null, "lessons": lessons(desk)}));
            return Ok(Ended::No);
        }
        Err(e) => return Err(e),
    };
    let at = desk.of(&lesson).at(&lesson);
    let kind = at.map(|s| lesson.steps[s].manifest.kind);
    let judged = match (at, kind) {
        (Some(step), Some(Kind::Do | Kind::Repair)) => Some(verdicts(desk, &lesson, step)?),
        _ => None,
    };
    let solved = match &judged {
        Some(v) => v.iter().all(|v| v.holds),
        None => at.is_none(),
    };
    if let (true, Some(step)) = (solved, at) {
        desk.of(&lesson).pass(&lesson, step, false);
    }
    if args.json {
        super::save(desk);
        let step = at.map(|s| lesson.steps[s].manifest.id.clone());
        let at = json!({"lesson": lesson.id, "step": step, "kind": kind, "solved": solved, "goals": judged});
        say!("{}", json!({"schema": 1, "learner": args.learner, "at": at, "lessons": lessons(desk)}));
        return Ok(if solved { Ended::Done } else { Ended::No });
    }
    let Some(verdicts) = judged else {
        return not_a_check(desk, &lesson, kind);
    };
    print(&verdicts);
    say!("");
    if !solved {
        say!("Not yet. Change a file and check again; `layerlab learn hint` helps.");
        super::save(desk);
        return Ok(Ended::No);
    }
    say!("Solved.\n");
    if let Some(step) = at {
        show::text(&lesson.steps[step].text.after);
    }
    show::go(desk, &lesson)
}

fn not_a_check(desk: &mut Desk, lesson: &Lesson, kind: Option<Kind>) -> anyhow::Result<Ended> {
    match kind {
        None => {
            say!("Lesson {} is done.", lesson.id);
            Ok(Ended::Done)
        }
        Some(Kind::Predict) => {
            say!("This step asks for a prediction: layerlab learn predict NUMBERS\n");
            let _ = show::go(desk, lesson)?;
            Ok(Ended::No)
        }
        Some(_) => show::go(desk, lesson),
    }
}

/// The progress of all lessons, for a teacher.
fn lessons(desk: &mut Desk) -> Vec<serde_json::Value> {
    let all = desk.course.lessons.clone();
    all.iter()
        .map(|lesson| {
            let (done, of) = desk.of(lesson).count(lesson);
            let mine = desk.of(lesson);
            let predictions: Vec<_> = mine
                .answers
                .iter()
                .map(|(step, a)| json!({"step": step, "right": a.right, "score": a.score.0, "of": a.score.1}))
                .collect();
            json!({
                "id": lesson.id, "finished": mine.finished, "done": done, "steps": of,
                "skipped": mine.skipped, "predictions": predictions,
                "hints": mine.hints.values().sum::<usize>(), "solutions": mine.solutions,
            })
        })
        .collect()
}
