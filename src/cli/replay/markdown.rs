//! A replay as a comment under a pull request.

use std::fmt::Write as _;

use super::answer::{Answer, SideAnswer};
use super::noise::Verdict;
use super::session::counted;
use super::text::{about, fit, gate_sentences, noise_line, reason_of_build, verdict, why};
use crate::cost::words;

/// Writes a replay as GitHub's Markdown.
pub fn render(answer: &Answer, top: usize) -> String {
    let mut out = String::new();
    match &answer.gate {
        Some(gate) => {
            let sign = if gate.passes() { "passes" } else { "**is past its limits**" };
            let _ = writeln!(out, "### What this change costs the builds that follow it: {sign}\n");
            for sentence in gate_sentences(gate) {
                let _ = writeln!(out, "- {}", escape(&sentence));
            }
            step_table(&gate.change, top, &mut out);
        }
        None => {
            let _ = writeln!(out, "### What the order of `{}` costs\n", answer.dockerfile.replace('`', "'"));
        }
    }
    if let Some(stopped) = answer.stopped() {
        let _ = writeln!(out, "\n**{stopped}.**");
    }
    let sides: Vec<&SideAnswer> = answer.sides().map(|(_, side)| side).collect();
    let cells = |value: &dyn Fn(&SideAnswer) -> String| -> String {
        sides.iter().fold(String::new(), |row, side| row + " " + &escape(&value(side)) + " |")
    };
    let _ = writeln!(out, "\n| {} |{}", counted(answer.commits.len(), "commit"), cells(&|s| s.title.clone()));
    let _ = writeln!(out, "|---|{}", "--:|".repeat(sides.len()));
    let _ = writeln!(out, "| steps that reran |{}", cells(&|s| s.totals.executed.to_string()));
    let _ = writeln!(out, "| time in these steps |{}", cells(&|s| about(s, s.totals.seconds)));
    let _ = writeln!(
        out,
        "| an average build |{}",
        cells(&|s| about(s, s.totals.seconds / s.totals.builds.max(1) as f64))
    );
    if let Some(sentence) = verdict(answer) {
        let _ = writeln!(out, "\n**{}**", escape(&sentence));
    }
    if answer.gate.is_none() {
        step_table(&answer.left, top, &mut out);
    }
    commit_table(answer, top, &mut out);
    let helpful: Vec<_> =
        answer.noise.iter().filter(|checked| matches!(checked.verdict, Verdict::Saves { .. })).collect();
    if !helpful.is_empty() {
        let _ = writeln!(out, "\nLines for `.dockerignore`:");
        for checked in helpful {
            let _ = writeln!(out, "- {}", escape(&noise_line(answer, checked)));
        }
    }
    if !answer.notes.is_empty() {
        out.push('\n');
        for note in &answer.notes {
            let _ = writeln!(out, "- {}", escape(note));
        }
    }
    out
}

fn step_table(side: &SideAnswer, top: usize, out: &mut String) {
    let rows = side.rows_by_cost();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n| step | reran | time | why |\n|---|--:|--:|---|");
    for &row in rows.iter().take(top) {
        let total = &side.totals.rows[row];
        let _ = writeln!(
            out,
            "| {} | {}/{} | {} | {} |",
            escape(&fit(side.label(row), 80)),
            total.reran,
            total.builds,
            words::seconds(total.seconds),
            escape(&why(side, row))
        );
    }
}

fn commit_table(answer: &Answer, top: usize, out: &mut String) {
    let builds = answer.left.most_expensive();
    if builds.is_empty() || answer.commits.len() < 2 {
        return;
    }
    let right = answer.right.as_ref();
    let head = right.map_or_else(String::new, |right| format!(" {} |", escape(&right.title)));
    let _ = writeln!(out, "\n<details><summary>The most expensive commits</summary>\n");
    let _ = writeln!(out, "| commit | {} |{head} what |", escape(&answer.left.title));
    let _ = writeln!(out, "|---|--:|{}---|", if right.is_some() { "--:|" } else { "" });
    for (at, build) in builds.into_iter().take(top) {
        let commit = &answer.commits[at];
        let other = right.map_or_else(String::new, |right| {
            format!(" {} |", words::seconds(right.walk.seconds(&right.walk.builds[at])))
        });
        let _ = writeln!(
            out,
            "| {} {} | {} |{other} {} |",
            commit.short(),
            escape(&fit(&commit.subject, 60)),
            words::seconds(answer.left.walk.seconds(build)),
            escape(&reason_of_build(&answer.left, at))
        );
    }
    let _ = writeln!(out, "\n</details>");
}

/// Keeps text from being read as Markdown, HTML or a mention.
fn escape(text: &str) -> String {
    let text = crate::cli::output::safe(text);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A name after it would be told of this comment.
            '@' => out.push_str("@\u{2060}"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_is_read_as_markdown() {
        assert_eq!(super::escape("COPY a_* <b> | `x` @me"), "COPY a\\_\\* &lt;b&gt; \\| \\`x\\` @\u{2060}me");
    }
}
