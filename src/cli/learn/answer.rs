//! Predictions, hints, solutions, and starting over.

use anyhow::bail;

use super::super::Ended;
use super::super::output::safe;
use super::show;
use crate::lesson::Desk;
use crate::lesson::progress::Recorded;
use crate::lesson::{Answer, Kind, Lesson, Progress, Reveal, predict};

/// Records a prediction, then reveals.
pub fn predict(desk: &mut Desk, words: &[String]) -> anyhow::Result<Ended> {
    let lesson = desk.lesson(None)?;
    let Some(step) = desk.of(&lesson).at(&lesson) else {
        bail!("lesson {} is done; layerlab learn start {} --again begins anew", lesson.id, lesson.number());
    };
    let m = &lesson.steps[step].manifest;
    if m.kind != Kind::Predict {
        bail!("step {} of lesson {} asks for no prediction: layerlab learn check", step + 1, lesson.id);
    }
    let answer = read(&lesson, step, words)?;
    let reveal = predict::reveal(&lesson, step, &answer)?;
    let recorded = Recorded { answer, right: reveal.right, score: reveal.score() };
    let id = m.id.clone();
    // The first answer counts, whatever is tried later.
    desk.of(&lesson).answers.entry(id).or_insert(recorded);
    print(&lesson, step, &reveal);
    show::text(&lesson.steps[step].text.after);
    desk.of(&lesson).pass(&lesson, step, false);
    show::go(desk, &lesson)
}

/// Reads `3 4`, `3,4`, `none` or `b`.
fn read(lesson: &Lesson, step: usize, words: &[String]) -> anyhow::Result<Answer> {
    let m = &lesson.steps[step].manifest;
    let words: Vec<&str> = words.iter().flat_map(|w| w.split([',', ' '])).filter(|w| !w.is_empty()).collect();
    if !m.choices.is_empty() {
        let last = (b'a' + m.choices.len() as u8 - 1) as char;
        let letter = match words[..] {
            [one] if one.len() == 1 => one.chars().next().map(|c| c.to_ascii_lowercase()),
            _ => None,
        };
        return match letter.filter(|c| ('a'..=last).contains(c)) {
            Some(c) => Ok(Answer::Choice((c as u8 - b'a') as usize + 1)),
            None => bail!("answer with one letter, a to {last}: layerlab learn predict a"),
        };
    }
    let rows = predict::rows(lesson, step)?.len();
    if words == ["none"] {
        return Ok(Answer::Marks(Vec::new()));
    }
    let mut marks = Vec::new();
    for word in words {
        match word.parse::<usize>() {
            Ok(n) if (1..=rows).contains(&n) => marks.push(n),
            _ => bail!(
                "{word:?} is no step: answer with numbers from 1 to {rows}, as in `layerlab learn predict 3 4`, or with none"
            ),
        }
    }
    marks.sort_unstable();
    marks.dedup();
    Ok(Answer::Marks(marks))
}

fn print(lesson: &Lesson, step: usize, reveal: &Reveal) {
    let (right, of) = reveal.score();
    if let Some(choice) = reveal.choice {
        let text = lesson.steps[step].manifest.choices.get(choice - 1).map_or("", |c| c);
        let verdict = if reveal.right { "Right" } else { "Not quite. It is" };
        let letter = (b'a' + choice as u8 - 1) as char;
        say!("{verdict}: {letter}) {}\n", safe(text));
        return;
    }
    say!("      you said   it is");
    for (i, row) in reveal.rows.iter().enumerate() {
        let sign = if row.marked == row.rebuilds { ' ' } else { '!' };
        let said = if row.marked { "rebuilds" } else { "cached" };
        let is = match (row.rebuilds, row.assumed) {
            (true, false) => "REBUILDS",
            (true, true) => "REBUILDS?",
            (false, false) => "cached",
            (false, true) => "cached?",
        };
        say!("{sign} {:>2}  {said:<9}  {is:<9}  {}", i + 1, safe(&row.label));
        for why in &row.why {
            say!("{:29}{}", "", safe(why));
        }
    }
    say!(
        "\n{}\n",
        if reveal.right {
            "All right.".to_string()
        } else {
            format!("{right} of {of} right. The lines with ! are the ones to learn from.")
        }
    );
}

/// Shows the next hint.
pub fn hint(desk: &mut Desk, name: Option<&str>) -> anyhow::Result<Ended> {
    let lesson = desk.lesson(name)?;
    let Some(step) = desk.of(&lesson).at(&lesson) else {
        bail!("lesson {} is done", lesson.id);
    };
    let this = &lesson.steps[step];
    if this.text.hints.is_empty() {
        say!("This step has no hint: there is nothing to lose by guessing.");
        return Ok(Ended::Done);
    }
    let seen = desk.of(&lesson).hints.entry(this.manifest.id.clone()).or_default();
    *seen = (*seen + 1).min(this.text.hints.len());
    let n = *seen;
    say!("Hint {n} of {}:\n", this.text.hints.len());
    show::text(&this.text.hints[n - 1]);
    if n == this.text.hints.len() {
        say!("That was the last hint. The solution: layerlab learn solution");
    } else {
        say!("A plainer one: layerlab learn hint");
    }
    super::save(desk);
    Ok(Ended::Done)
}

/// Shows the solution as what it changes, and why it is one.
pub fn solution(desk: &mut Desk, name: Option<&str>, apply: bool) -> anyhow::Result<Ended> {
    let lesson = desk.lesson(name)?;
    let Some(step) = desk.of(&lesson).at(&lesson) else {
        bail!(
            "lesson {} is done; `layerlab learn start {} --step N` goes back to a step",
            lesson.id,
            lesson.number()
        );
    };
    let this = &lesson.steps[step];
    if this.text.solution.is_empty() {
        say!("This step has no solution to show: answer it with `layerlab learn predict`.");
        return Ok(Ended::Done);
    }
    if desk.is_own(&lesson) {
        show::text(&this.text.solution);
        return Ok(Ended::Done);
    }
    let (Some(solution), start) = (lesson.solution(step), lesson.start(step)) else {
        bail!("the lesson has no solution here");
    };
    for path in start.changed(&solution) {
        let (old, new) = (start.text(&path).map_or("", |t| t), solution.text(&path).map_or("", |t| t));
        let diff = similar::TextDiff::from_lines(old, new);
        let shown = diff.unified_diff().context_radius(3).header(&path, &path).to_string();
        say!("{}", show::indented(&shown));
    }
    show::text(&this.text.solution);
    desk.of(&lesson).solutions.insert(this.manifest.id.clone());
    if apply {
        let workspace = desk.workspace()?;
        let kept = workspace.set_up(&lesson.id, &solution, &crate::lesson::desk::known(&lesson))?;
        let id = this.manifest.id.clone();
        desk.of(&lesson).files_of = Some(id);
        say!("The solution is in {}", safe(&workspace.dir(&lesson.id).display().to_string()));
        if let Some(kept) = kept {
            say!("Your version is kept in {}", safe(&kept.display().to_string()));
        }
    } else {
        say!("`layerlab learn solution --apply` puts it into your folder.");
    }
    super::save(desk);
    Ok(Ended::Done)
}

/// Puts the files of the step back, or forgets all progress.
pub fn reset(desk: &mut Desk, name: Option<&str>, all: bool) -> anyhow::Result<Ended> {
    if all {
        desk.progress = Progress { folder: desk.progress.folder.clone(), ..Progress::default() };
        super::save(desk);
        say!("All progress is forgotten; your files stay where they are.");
        return Ok(Ended::Done);
    }
    let lesson = desk.lesson(name)?;
    if desk.is_own(&lesson) {
        bail!("this lesson runs on your own project, which layerlab does not touch");
    }
    let at = desk.of(&lesson).at(&lesson);
    let wants_files = |s: &usize| matches!(lesson.steps[*s].manifest.kind, Kind::Do | Kind::Repair);
    let step = at.filter(wants_files).or_else(|| (0..lesson.steps.len()).find(wants_files));
    let Some(step) = step else {
        bail!("lesson {} has no files to put back", lesson.id);
    };
    let kept = desk.prepare(&lesson, step, true)?;
    say!("The files are as the step begins: {}", safe(&desk.folder(&lesson)?.display().to_string()));
    if let Some(kept) = kept {
        say!("Your version is kept in {}", safe(&kept.display().to_string()));
    }
    super::save(desk);
    Ok(Ended::Done)
}
