//! Why a step or a build reran, in one line.

use super::layout::fit;
use crate::cli::output::safe;
use crate::cli::replay::answer::SideAnswer;
use crate::cli::replay::session::counted;
use crate::history::replay::Why;

/// The top reasons of a step, in one line.
pub fn why(side: &SideAnswer, row: usize) -> String {
    const SHOWN: usize = 3;
    let total = &side.totals.rows[row];
    let mut reasons: Vec<(usize, String)> = Vec::new();
    for (by, n) in total.pulled_by.iter().take(SHOWN) {
        reasons.push((*n, format!("{} ran before it ({n})", fit(&side.walk.rows[*by].instruction, 40))));
    }
    for (what, n) in total.others.iter().take(SHOWN) {
        reasons.push((*n, format!("{} ({n})", safe(what))));
    }
    let files: Vec<String> =
        total.files.iter().take(SHOWN).map(|(path, n)| format!("{} ({n})", safe(path))).collect();
    if let Some((_, n)) = total.files.first() {
        let more = total.files.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {}", counted(more, "other file")) } else { String::new() };
        reasons.push((*n, format!("{}{more} changed", files.join(", "))));
    }
    reasons.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    reasons.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("; ")
}

/// What made a build rerun steps, in one line.
pub fn reason_of_build(side: &SideAnswer, at: usize) -> String {
    let build = &side.walk.builds[at];
    let Some(version) = build.version else { return "no Dockerfile".into() };
    let ran = build.executed();
    let mut parts: Vec<String> = Vec::new();
    for (step, reasons) in &build.reasons {
        for why in reasons {
            let text = match why {
                Why::Files { p, n } => {
                    let first = p.first().map_or("", |&path| side.walk.paths[path as usize].as_str());
                    if *n > 1 {
                        format!("{first} and {}", counted(*n - 1, "other file"))
                    } else {
                        first.to_owned()
                    }
                }
                Why::Text { what } => format!("{what} of {}", side.walk.versions[version].steps[*step].label),
                Why::Neighbour => {
                    format!("what stands before {}", side.walk.versions[version].steps[*step].label)
                }
                Why::Environment { names } => format!("variables {}", names.join(", ")),
                Why::Base { image } => format!("base image {image}"),
                Why::New => format!("new: {}", side.walk.versions[version].steps[*step].label),
                Why::Elsewhere { by: None, what } => what.clone(),
                Why::Missing | Why::Elsewhere { .. } | Why::Pulled { .. } => continue,
            };
            if !parts.contains(&text) {
                parts.push(text);
            }
        }
    }
    let steps = counted(ran, "step");
    let what = match parts.len() {
        0..=2 => parts.join("; "),
        n => format!("{}; {} and {} more reasons", parts[0], parts[1], n - 2),
    };
    if what.is_empty() { steps } else { format!("{steps}: {what}") }
}
