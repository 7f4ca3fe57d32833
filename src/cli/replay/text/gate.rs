//! What a gate found, in sentences.

use super::about;
use super::layout::{WIDTH, line, title, wrapped};
use crate::cli::output::safe;
use crate::cli::replay::gate::Gate;
use crate::cli::replay::session::counted;
use crate::cost::words;

/// Writes what a gate found.
pub fn gate_text(gate: &Gate, out: &mut String) {
    title(out, "The range as one change");
    for text in gate_sentences(gate) {
        for text in wrapped(&text, WIDTH - 2) {
            line(out, format!("  {text}"));
        }
    }
}

/// What a gate found, in sentences.
pub fn gate_sentences(gate: &Gate) -> Vec<String> {
    const SHOWN: usize = 5;
    let mut out = Vec::new();
    let base = gate.base.as_ref().map_or_else(|| "an empty cache".to_owned(), Clone::clone);
    let totals = &gate.change.totals;
    out.push(format!(
        "The first build of {} after {base} reruns {} of {} steps, {}.",
        gate.head,
        gate.reran(),
        totals.steps,
        about(&gate.change, gate.seconds())
    ));
    if !totals.files.is_empty() {
        let files: Vec<String> = totals
            .files
            .iter()
            .take(SHOWN)
            .map(|file| format!("{} ({})", safe(&file.path), words::seconds(file.seconds)))
            .collect();
        let more = totals.files.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.push(format!("Because of {}{more}.", files.join(", ")));
    }
    if let Some(error) = gate.change.walk.builds.first().and_then(|build| build.error.as_deref()) {
        out.push(format!("The build would fail: {}.", safe(error)));
    }
    match gate.later {
        None => out.push(
            "Builds after it cost what they did before: the Dockerfile and its ignore file are the same."
                .into(),
        ),
        Some(later) => {
            let difference = gate.later_seconds();
            let how = if difference.abs() < 0.05 {
                "the same".to_owned()
            } else {
                let word = if difference > 0.0 { "more" } else { "less" };
                format!("{} {word}", words::seconds(difference.abs()))
            };
            out.push(format!(
                "A build after it takes {how} on average: {} instead of {}, over the {} before.",
                words::seconds(later.after),
                words::seconds(later.before),
                counted(later.commits, "commit"),
            ));
            if later.failing > 0 {
                out.push(format!(
                    "{} of them fail with the new Dockerfile and are left out of that.",
                    later.failing
                ));
            }
        }
    }
    for &limit in &gate.limits {
        out.push(format!("{} {limit}", if gate.holds(limit) { "holds:" } else { "exceeded:" }));
    }
    out
}
