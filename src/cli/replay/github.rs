//! A replay as workflow commands, which GitHub shows beside the lines of a pull request.

use std::fmt::Write as _;

use super::answer::{Answer, SideAnswer};
use super::text::{about, gate_sentences, reason_of_build, why};
use crate::cli::output::safe;
use crate::cost::words;

/// One command a step: with a gate, those that the change reruns; without, those that cost the most.
pub fn render(answer: &Answer) -> String {
    /// GitHub shows ten of a kind.
    const MOST: usize = 9;
    let mut out = String::new();
    let mut say = |level: &str, line: usize, title: &str, text: &str| {
        let file = property(&answer.dockerfile);
        let title = property(&format!("layerlab: {title}"));
        let _ = writeln!(out, "::{level} file={file},line={line},title={title}::{}", data(text));
    };
    match &answer.gate {
        Some(gate) => {
            let level = if gate.passes() { "notice" } else { "error" };
            let title =
                if gate.passes() { "what this change costs" } else { "this change is past its limits" };
            say(level, 1, title, &gate_sentences(gate).join("\n"));
            if let Some(build) = gate.change.walk.builds.first() {
                for (at, step) in gate.change.walk.ran(build).take(MOST) {
                    if build.marks[at].is_root() {
                        let reason = why(&gate.change, step.row);
                        let text = format!(
                            "{} reruns, {}: {reason}",
                            step.label,
                            words::seconds(step.seconds.value)
                        );
                        say("warning", step.line, "this change reruns this step", &text);
                    }
                }
                if build.error.is_some() {
                    say("error", 1, "the build would fail", &reason_of_build(&gate.change, 0));
                }
            }
        }
        None => {
            let left = &answer.left;
            for row in left.rows_by_cost().into_iter().take(MOST) {
                let Some(line) = line_of(left, row) else { continue };
                let total = &left.totals.rows[row];
                let text = format!(
                    "reran in {} of {} builds, {}; {}",
                    total.reran,
                    total.builds,
                    about(left, total.seconds),
                    why(left, row)
                );
                say("notice", line, "what this step has cost", &text);
            }
        }
    }
    out
}

/// The line of a row in the newest Dockerfile, if it still has it.
fn line_of(side: &SideAnswer, row: usize) -> Option<usize> {
    side.walk.versions.last()?.steps.iter().find(|step| step.row == row).map(|step| step.line)
}

fn data(text: &str) -> String {
    // A break between sentences is wanted, and what else would break the command is not.
    let lines: Vec<String> = text.split('\n').map(|line| safe(line).replace('%', "%25")).collect();
    lines.join("%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
