//! The page's sections, one after the other.

use std::fmt::Write as _;

use super::super::amount::{self, count, thousands};
use super::super::{safe, text};
use super::{Ran, Report, Row, escape};
use crate::cost::words::{bytes, figure_bytes, figure_seconds, seconds};
use crate::cost::{Basis, Figure};

pub(super) const STYLE: &str = include_str!("../report.css");

/// Kinds of edits that are listed.
const LISTED: usize = 8;

impl Report {
    /// Renders the page.
    pub fn render(&self) -> String {
        let mut out = String::new();
        let project = escape(&self.project);
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{project}: what an edit rebuilds</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <h1>{project}</h1>\n<p class=\"about\">{} with {}, {}</p>\n",
            escape(&self.dockerfile),
            count(self.files, "file"),
            bytes(self.bytes as f64)
        );
        self.headline(&mut out);
        self.both_sides(&mut out);
        self.kinds_of_edits(&mut out);
        self.changes(&mut out);
        self.history(&mut out);
        self.weights(&mut out);
        self.surprises(&mut out);
        out.push_str(
            "<footer>Predicted by layerlab, which simulates BuildKit's cache and builds nothing. Seconds marked \
             with “about” are estimates from a table of common commands; what a RUN puts out cannot be known \
             without running it, and steps that rest on it are marked with “?”.</footer>\n\
             </main>\n</body>\n</html>\n",
        );
        out
    }

    fn headline(&self, out: &mut String) {
        let (Some(left), Some(edit)) = (self.sides.first(), &self.shown_edit) else { return };
        let sentence = match self.sides.get(1) {
            Some(right) => format!(
                "An edit of <code>{}</code> costs <strong>{}</strong> as it is, <strong>{}</strong> reordered.",
                escape(edit),
                figure_seconds(left.ran.seconds),
                figure_seconds(right.ran.seconds)
            ),
            None => format!(
                "An edit of <code>{}</code> costs <strong>{}</strong>. No better order was found that is safe.",
                escape(edit),
                figure_seconds(left.ran.seconds)
            ),
        };
        let _ = writeln!(out, "<p class=\"headline\">{sentence}</p>");
    }

    fn both_sides(&self, out: &mut String) {
        out.push_str("<section class=\"sides\">\n");
        for side in &self.sides {
            let _ = writeln!(
                out,
                "<div class=\"side\"><h2>{} <small>{} of {} run</small></h2>\n<table class=\"file\">",
                escape(&side.title),
                side.ran.executed,
                count(side.ran.steps, "step")
            );
            for (n, row) in side.rows.iter().enumerate() {
                line(out, n + 1, row);
            }
            out.push_str("</table></div>\n");
        }
        out.push_str("</section>\n");
    }

    fn kinds_of_edits(&self, out: &mut String) {
        if self.edits.is_empty() {
            return;
        }
        let basis = match self.commits {
            Some(n) => format!("shares counted over the last {}", count(n, "commit")),
            None => "shares guessed by kind of file: there is no history to count over".into(),
        };
        let both = self.sides.len() > 1;
        let _ = writeln!(
            out,
            "<section><h2>What edits cost <small>{basis}</small></h2>\n<table class=\"list\"><thead><tr>\
             <th>edit of</th><th>share</th><th>as it is</th>{}</tr></thead><tbody>",
            if both { "<th>reordered</th>" } else { "" }
        );
        let cell = |ran: &Ran| {
            format!(
                "<td>{} <small>{} of {}</small></td>",
                figure_seconds(ran.seconds),
                ran.executed,
                count(ran.steps, "step")
            )
        };
        for edit in self.edits.iter().take(LISTED) {
            let right = edit.right.as_ref().map(cell).unwrap_or_default();
            let _ = writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td>{}{right}</tr>",
                escape(&edit.name),
                percent(edit.share),
                cell(&edit.left)
            );
        }
        out.push_str("</tbody></table></section>\n");
    }

    fn changes(&self, out: &mut String) {
        if self.moves.is_empty() {
            return;
        }
        let (before, after) = self.expected;
        let _ = writeln!(
            out,
            "<section><h2>What the order changes <small>a rebuild costs {} instead of {} on average</small></h2>\n<ol>",
            seconds(after),
            seconds(before)
        );
        for m in &self.moves {
            let saves = if m.saves > 0.05 {
                format!(" Saves {} on average.", seconds(m.saves))
            } else {
                String::new()
            };
            let _ = writeln!(
                out,
                "<li><strong>{}</strong>. {}{saves}</li>",
                escape(m.name.trim_end_matches('.')),
                escape(&m.why)
            );
        }
        out.push_str("</ol></section>\n");
    }

    fn history(&self, out: &mut String) {
        let Some(past) = &self.past else { return };
        let _ = writeln!(
            out,
            "<section><h2>The last {} <small>each built on the one before, with the Dockerfile of today</small></h2>",
            count(past.commits, "commit")
        );
        let names = ["as it is", "reordered"];
        out.push_str("<ul>\n");
        for (at, total) in past.seconds.iter().enumerate() {
            let _ = writeln!(
                out,
                "<li>{}: {} of steps, {} run</li>",
                names.get(at).copied().unwrap_or_default(),
                seconds(*total),
                thousands(past.executed[at])
            );
        }
        if past.failed > 0 {
            let _ = writeln!(out, "<li>{} cannot be built with it</li>", count(past.failed, "commit"));
        }
        out.push_str("</ul>\n");
        if !past.files.is_empty() {
            out.push_str(
                "<table class=\"list\"><thead><tr><th>file</th><th>builds it made run</th><th>seconds as it is\
                 </th></tr></thead><tbody>\n",
            );
            for (path, builds, cost) in &past.files {
                let _ = writeln!(
                    out,
                    "<tr><td><code>{}</code></td><td>{builds}</td><td>{}</td></tr>",
                    escape(path),
                    seconds(*cost)
                );
            }
            out.push_str("</tbody></table>\n");
        }
        out.push_str("</section>\n");
    }

    fn weights(&self, out: &mut String) {
        if self.sizes.is_empty() {
            return;
        }
        let total = amount::sum(self.sizes.iter().map(|s| s.bytes));
        let most = self.sizes.iter().map(|s| s.bytes.value).fold(0.0, f64::max);
        let _ = writeln!(
            out,
            "<section><h2>What the final stage weighs <small>{}</small></h2>\n<table class=\"list\">",
            figure_bytes(total)
        );
        for size in &self.sizes {
            let share = if most > 0.0 { size.bytes.value / most } else { 0.0 };
            let _ = writeln!(
                out,
                "<tr><td><code>{}</code></td><td>{}</td><td class=\"bar\">{}</td></tr>",
                escape(&text::fit(&safe(&size.label), 100)),
                figure_bytes(size.bytes),
                bar(share)
            );
        }
        out.push_str("</table></section>\n");
    }

    fn surprises(&self, out: &mut String) {
        if self.traps.is_empty() {
            return;
        }
        out.push_str("<section><h2>Watch out</h2>\n<ul>\n");
        for trap in &self.traps {
            let _ = writeln!(
                out,
                "<li>{}<br><small>change: <code>{}</code></small></li>",
                escape(&trap.message),
                escape(&trap.change)
            );
        }
        out.push_str("</ul></section>\n");
    }
}

fn line(out: &mut String, number: usize, row: &Row) {
    let (class, word) = match (row.runs, row.certain) {
        (None, _) => ("", ""),
        (Some(true), true) => ("runs", "runs"),
        (Some(true), false) => ("runs", "runs?"),
        (Some(false), true) => ("cached", "cached"),
        (Some(false), false) => ("cached", "cached?"),
    };
    let cost = match (row.runs, row.seconds) {
        (Some(true), Some(figure)) => short(figure),
        _ => String::new(),
    };
    let why = if row.runs == Some(true) && !row.why.is_empty() {
        format!(" title=\"{}\"", escape(&row.why))
    } else {
        String::new()
    };
    let bar = if row.runs == Some(true) { bar(row.share) } else { String::new() };
    let _ = writeln!(
        out,
        "<tr class=\"{class}\"{why}><td class=\"n\">{number}</td><td class=\"t\">{}</td><td class=\"s\">{word}</td>\
         <td class=\"c\">{cost}</td><td class=\"bar\">{bar}</td></tr>",
        escape(&row.text)
    );
}

/// Seconds in a narrow column.
fn short(figure: Figure) -> String {
    let sign = if figure.basis == Basis::Estimated && figure.value > 0.0 { "≈ " } else { "" };
    format!("{sign}{}", seconds(figure.value))
}

fn bar(share: f64) -> String {
    format!("<i style=\"width:{:.0}%\"></i>", (share * 100.0).clamp(0.0, 100.0))
}

fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "under 1%".into() } else { format!("{:.0}%", share * 100.0) }
}
