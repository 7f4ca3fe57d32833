//! `learn handout`: lessons on paper, with the screens and a teacher's plan.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::bail;

use super::super::Ended;
use super::super::output::print;
use crate::lesson::Desk;
use crate::lesson::markdown::{self, Block, Span, Style, literal};
use crate::lesson::predict::{self, Row};
use crate::lesson::{Answer, Kind, Lesson, own, plan};

/// Arguments of `learn handout`.
#[derive(Debug, clap::Args)]
pub struct HandoutArgs {
    /// Numbers or names of lessons [default: those of the plan, or all]
    #[arg(value_name = "LESSON")]
    named: Vec<String>,
    /// The form
    #[arg(long, value_enum, default_value = "html")]
    format: Form,
    /// Adds a teacher's plan with timings, and the teacher's notes
    #[arg(long, value_enum)]
    plan: Option<Plan>,
    /// Writes to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// One page with everything in it
    Html,
    /// For a wiki or a repository
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Plan {
    /// 45 minutes
    #[value(name = "45")]
    Short,
    /// 90 minutes
    #[value(name = "90")]
    Long,
    /// Half a day
    HalfDay,
}

/// Writes the handout.
pub fn run(desk: &Desk, args: &HandoutArgs) -> anyhow::Result<Ended> {
    // A lesson about one's own project is printed with its sample.
    let sample = |l: &Lesson| if l.manifest.own_project { own::on(l, l.project.clone()) } else { l.clone() };
    let all: Vec<Lesson> = desk.course.lessons.iter().map(sample).collect();
    let plan = args.plan.and_then(|p| {
        let id = match p {
            Plan::Short => "45",
            Plan::Long => "90",
            Plan::HalfDay => "half-day",
        };
        plan::plans().into_iter().find(|p| p.id == id)
    });
    let mut chosen: Vec<&Lesson> = Vec::new();
    for name in &args.named {
        match desk.course.find(name) {
            Some(at) => chosen.push(&all[at]),
            None => bail!("there is no lesson {name:?}: `layerlab learn list` shows them all"),
        }
    }
    if chosen.is_empty() {
        chosen = match &plan {
            Some(plan) => {
                all.iter().filter(|l| plan.part.iter().any(|p| p.lesson.as_ref() == Some(&l.id))).collect()
            }
            None => all.iter().collect(),
        };
    }
    let text = handout(&chosen, plan.as_ref())?;
    let text = if args.format == Form::Html { page(&text) } else { text };
    match &args.output {
        Some(file) => {
            std::fs::write(file, text)
                .map_err(|e| anyhow::anyhow!("cannot write {}: {e}", file.display()))?;
        }
        None => print(&text)?,
    }
    Ok(Ended::Done)
}

/// The handout in Markdown.
fn handout(lessons: &[&Lesson], plan: Option<&plan::Plan>) -> anyhow::Result<String> {
    let mut out = String::from("# Docker's build cache, by predicting\n\n");
    out.push_str("Mark your answer before you look: that is where the learning is. The answers stand at the end. Everything here runs offline: `layerlab learn`.\n\n");
    if let Some(plan) = plan {
        plan_section(&mut out, plan);
    }
    let mut answers = String::from("# Answers\n\n");
    for lesson in lessons {
        let _ = writeln!(out, "# {} {}\n", lesson.number(), lesson.manifest.title);
        let _ = writeln!(
            out,
            "*About {} minutes. On a machine: `layerlab learn start {}`*\n",
            lesson.manifest.minutes,
            lesson.number()
        );
        for (i, step) in lesson.steps.iter().enumerate() {
            let m = &step.manifest;
            let _ = writeln!(out, "{}\n", step.text.body);
            if plan.is_some() && !step.text.notes.is_empty() {
                let _ = writeln!(out, "> *Teacher:* {}\n", step.text.notes.replace('\n', " "));
            }
            let Some(ask) = &m.ask else { continue };
            let _ = writeln!(out, "**{}. {}** {}\n", i + 1, m.kind.word(), literal(ask));
            match m.kind {
                Kind::Predict => question(&mut out, &mut answers, lesson, i)?,
                Kind::Do | Kind::Repair => {
                    if let Some(text) = lesson.start(i).text("Dockerfile") {
                        fence(&mut out, "dockerfile", text);
                    }
                    for goal in &m.goal {
                        let _ = writeln!(out, "- \\[ \\] {}", literal(&goal.say));
                    }
                    out.push('\n');
                    solution(&mut answers, lesson, i);
                }
                Kind::Read => {}
            }
        }
        out.push_str("**To remember**\n\n");
        for line in &lesson.manifest.remember {
            let _ = writeln!(out, "- {line}");
        }
        out.push('\n');
    }
    out.push_str(&answers);
    Ok(out)
}

fn plan_section(out: &mut String, plan: &plan::Plan) {
    let _ = writeln!(out, "# Teacher's plan: {}\n\n{}\n", plan.title, plan.before);
    out.push_str("| at | minutes | what | how |\n|---|---|---|---|\n");
    let mut at = 0;
    for part in &plan.part {
        let what = part.lesson.as_ref().map_or(part.what.clone(), |l| format!("lesson {l}: {}", part.what));
        let _ = writeln!(out, "| {}:{:02} | {} | {what} | {} |", at / 60, at % 60, part.minutes, part.how);
        at += part.minutes;
    }
    let _ = writeln!(out, "\nTogether {at} minutes.\n");
}

fn fence(out: &mut String, language: &str, text: &str) {
    let _ = writeln!(out, "```{language}\n{}\n```\n", text.trim_end());
}

fn question(out: &mut String, answers: &mut String, lesson: &Lesson, step: usize) -> anyhow::Result<()> {
    let m = &lesson.steps[step].manifest;
    let after = &lesson.steps[step].text.after;
    if !m.choices.is_empty() {
        for (letter, choice) in ('a'..).zip(&m.choices) {
            let _ = writeln!(out, "- {letter}) {}", literal(choice));
        }
        out.push('\n');
        let right = m.answer.unwrap_or(1);
        let letter = (b'a' + right as u8 - 1) as char;
        let _ = writeln!(
            answers,
            "**{} step {}:** {letter}) {}\n\n{after}\n",
            lesson.number(),
            step + 1,
            m.choices[right - 1]
        );
        return Ok(());
    }
    if let Some(text) = lesson.start(step).text("Dockerfile") {
        fence(out, "dockerfile", text);
    }
    let reveal = predict::reveal(lesson, step, &Answer::Marks(Vec::new()))?;
    out.push_str("| step | rebuilds? |\n|---|---|\n");
    for row in &reveal.rows {
        let _ = writeln!(out, "| {} | |", code_cell(&row.label));
    }
    out.push('\n');
    let _ = writeln!(
        answers,
        "**{} step {}:** {}\n",
        lesson.number(),
        step + 1,
        m.ask.as_deref().unwrap_or_default()
    );
    answers.push_str("| step | | why |\n|---|---|---|\n");
    for Row { label, rebuilds, assumed, why, .. } in &reveal.rows {
        let word = match (rebuilds, assumed) {
            (true, false) => "**REBUILDS**",
            (true, true) => "**REBUILDS?**",
            (false, false) => "cached",
            (false, true) => "cached?",
        };
        let why: Vec<String> = why.iter().map(|w| super::check::escaped(w)).collect();
        let _ = writeln!(answers, "| {} | {word} | {} |", code_cell(label), why.join(" "));
    }
    let _ = writeln!(answers, "\n{after}\n");
    Ok(())
}

/// A label in a table's cell: bars would end the cell, backquotes the code.
fn code_cell(label: &str) -> String {
    format!("`{}`", super::super::output::safe(label).replace('`', "'").replace('|', "\\|"))
}

fn solution(answers: &mut String, lesson: &Lesson, step: usize) {
    let text = &lesson.steps[step].text;
    let _ = writeln!(
        answers,
        "**{} step {}:** {}\n",
        lesson.number(),
        step + 1,
        lesson.steps[step].manifest.ask.as_deref().unwrap_or_default()
    );
    if let Some(solution) = lesson.solution(step) {
        for path in lesson.start(step).changed(&solution) {
            if let Some(text) = solution.text(&path) {
                let _ = writeln!(answers, "`{path}`:\n");
                fence(answers, "", text);
            }
        }
    }
    let _ = writeln!(answers, "{}\n", text.solution);
}

/// The style of the page: readable on paper and in a dark browser.
const STYLE: &str = "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:17px/1.5 system-ui,sans-serif}\
pre,code{font-family:ui-monospace,monospace;font-size:.92em}pre{padding:.8rem;border:1px solid #8884;overflow-x:auto}\
table{border-collapse:collapse;width:100%}td,th{border:1px solid #8886;padding:.3rem .6rem;text-align:left;vertical-align:top}\
blockquote{border-left:4px solid #8886;margin-left:0;padding-left:1rem}h1{margin-top:3rem}\
@media print{h1{break-before:page}h1:first-of-type{break-before:auto}}:root{color-scheme:light dark}";

/// Markdown as one page with nothing to fetch.
fn page(text: &str) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Docker's build cache</title><style>{STYLE}</style></head><body>\n"
    );
    let mut in_list = false;
    for block in markdown::parse(text) {
        let is_item = matches!(block, Block::Item(..));
        if is_item != in_list {
            out.push_str(if is_item { "<ul>\n" } else { "</ul>\n" });
            in_list = is_item;
        }
        match block {
            Block::Heading(s) => out.push_str(&format!("<h1>{}</h1>\n", inline(&s))),
            Block::Paragraph(s) => out.push_str(&format!("<p>{}</p>\n", inline(&s))),
            Block::Quote(s) => out.push_str(&format!("<blockquote>{}</blockquote>\n", inline(&s))),
            Block::Item(_, mark, s) => {
                let mark = if mark == "-" || mark.is_empty() { String::new() } else { format!("{mark} ") };
                out.push_str(&format!("<li>{mark}{}</li>\n", inline(&s)));
            }
            Block::Code(_, lines) => out.push_str(&format!("<pre>{}</pre>\n", escape(&lines.join("\n")))),
            Block::Table(rows) => {
                out.push_str("<table>\n");
                for (i, row) in rows.iter().enumerate() {
                    let tag = if i == 0 { "th" } else { "td" };
                    let cells: Vec<String> =
                        row.iter().map(|c| format!("<{tag}>{}</{tag}>", inline(c))).collect();
                    out.push_str(&format!("<tr>{}</tr>\n", cells.concat()));
                }
                out.push_str("</table>\n");
            }
        }
    }
    if in_list {
        out.push_str("</ul>\n");
    }
    out.push_str("</body></html>\n");
    out
}

fn inline(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|s| match s.style {
            Style::Plain => escape(&s.text),
            Style::Emphasis => format!("<em>{}</em>", escape(&s.text)),
            Style::Strong => format!("<strong>{}</strong>", escape(&s.text)),
            Style::Code => format!("<code>{}</code>", escape(&s.text)),
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_escapes_what_a_lesson_says() {
        let html = page("# <script>\n\na *b* `<c>`\n\n- x\n");
        assert!(html.contains("<h1>&lt;script&gt;</h1>"), "{html}");
        assert!(html.contains("<p>a <em>b</em> <code>&lt;c&gt;</code></p>"), "{html}");
        assert!(html.contains("<ul>\n<li>x</li>\n</ul>"), "{html}");
    }
}
