//! A replay for spreadsheets: one row a commit, side and step.

use std::fmt::Write as _;

use super::answer::Answer;
use super::text::date;
use crate::history::replay::{Mark, Why};

/// Writes a replay as RFC 4180 has it, with a head line. Names of files are as they are.
pub fn render(answer: &Answer) -> String {
    let mut out =
        String::from("commit,date,side,step,stage,instruction,status,certain,seconds,basis,why\r\n");
    for (name, side) in answer.sides() {
        for (commit, build) in answer.commits.iter().zip(&side.walk.builds) {
            let Some(version) = build.version else { continue };
            for (at, (step, mark)) in side.walk.versions[version].steps.iter().zip(&build.marks).enumerate() {
                let row = &side.walk.rows[step.row];
                let seconds = if mark.ran() { step.seconds.value } else { 0.0 };
                let basis = crate::cost::words::basis(step.seconds.basis);
                let basis = if basis == "about" { "estimated" } else { basis };
                let _ = write!(
                    out,
                    "{},{},{name},{},{},{},{},{},{seconds:.2},{basis},{}\r\n",
                    commit.id,
                    date(commit.committed),
                    field(&step.label),
                    field(&row.stage),
                    field(&row.instruction),
                    if *mark == Mark::Free || mark.ran() { "executed" } else { "cached" },
                    !mark.is_assumed(),
                    field(&why(build.why(at), &side.walk.paths)),
                );
            }
        }
    }
    out
}

fn why(reasons: &[Why], paths: &[String]) -> String {
    let texts = reasons.iter().map(|why| match why {
        Why::Files { p, .. } => {
            p.iter().map(|&path| paths[path as usize].as_str()).collect::<Vec<_>>().join(" ")
        }
        Why::Pulled { .. } => "a step before it ran".into(),
        Why::Elsewhere { what, .. } => what.clone(),
        Why::Text { what } => what.clone(),
        Why::Neighbour => "another step before it".into(),
        Why::Environment { names } => names.join(" "),
        Why::Base { image } => image.clone(),
        Why::New => "new".into(),
        Why::Missing => "missing".into(),
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// Quotes a field where it has to be, and keeps a spreadsheet from taking it for a formula.
fn field(text: &str) -> String {
    let text =
        if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        for (text, want) in [
            ("RUN a", "RUN a"),
            ("RUN a, b", "\"RUN a, b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "'=1+1"),
            ("-x,y", "\"'-x,y\""),
        ] {
            assert_eq!(field(text), want);
        }
    }
}
