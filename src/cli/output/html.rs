//! The page of `layerlab report`: self-contained, for light and dark, everything from files escaped.

use super::safe;
use crate::cost::Figure;

mod render;

/// What the page shows.
#[derive(Debug, Clone)]
pub struct Report {
    /// Name of the project: its folder's.
    pub project: String,
    /// The Dockerfile as the user knows it.
    pub dockerfile: String,
    /// Files of the context.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The edit that the two sides show.
    pub shown_edit: Option<String>,
    /// The Dockerfile as it is, and the reordered one where there is a better order.
    pub sides: Vec<Side>,
    /// Kinds of edits and what each makes run, the most frequent first.
    pub edits: Vec<EditRow>,
    /// Commits that the frequencies were counted over; none where they are a guess.
    pub commits: Option<usize>,
    /// Expected seconds of a rebuild, before and after.
    pub expected: (f64, f64),
    /// What the reordered one changes.
    pub moves: Vec<Move>,
    /// What the steps of the final stage weigh.
    pub sizes: Vec<Size>,
    /// What the last commits would have rerun.
    pub past: Option<Past>,
    /// What will surprise.
    pub traps: Vec<Trap>,
}

/// One Dockerfile after the shown edit.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is called.
    pub title: String,
    /// One a line of its text.
    pub rows: Vec<Row>,
    /// What runs.
    pub ran: Ran,
}

/// A line of a Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// As written.
    pub text: String,
    /// Whether its step runs; none where it makes none or belongs to the line above.
    pub runs: Option<bool>,
    /// The status is no assumption.
    pub certain: bool,
    /// What its step takes.
    pub seconds: Option<Figure>,
    /// That beside the dearest step's, from 0 to 1.
    pub share: f64,
    /// Why it runs.
    pub why: String,
}

/// What a build runs.
#[derive(Debug, Clone, Copy)]
pub struct Ran {
    /// Steps that run.
    pub executed: usize,
    /// Steps in all.
    pub steps: usize,
    /// Seconds of those that run.
    pub seconds: Figure,
}

/// A kind of edit.
#[derive(Debug, Clone)]
pub struct EditRow {
    /// The files.
    pub name: String,
    /// Its share of all edits, from 0 to 1.
    pub share: f64,
    /// As it is.
    pub left: Ran,
    /// Reordered.
    pub right: Option<Ran>,
}

/// A change of the order.
#[derive(Debug, Clone)]
pub struct Move {
    /// What it does.
    pub name: String,
    /// Why it is safe.
    pub why: String,
    /// Expected seconds of a rebuild that it saves.
    pub saves: f64,
}

/// What a step adds to the image.
#[derive(Debug, Clone)]
pub struct Size {
    /// The step.
    pub label: String,
    /// Bytes.
    pub bytes: Figure,
}

/// What the last commits would have rerun.
#[derive(Debug, Clone)]
pub struct Past {
    /// Commits that were looked at.
    pub commits: usize,
    /// Those of them whose build fails.
    pub failed: usize,
    /// Seconds, a side each.
    pub seconds: Vec<f64>,
    /// Steps that ran, a side each.
    pub executed: Vec<usize>,
    /// Files that cost most on the left: path, builds, seconds.
    pub files: Vec<(String, usize, f64)>,
}

/// Something that will surprise.
#[derive(Debug, Clone)]
pub struct Trap {
    /// What it is.
    pub message: String,
    /// What to change.
    pub change: String,
}

/// Makes text from files fit for HTML: no markup, no control characters.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::render::STYLE;
    use super::*;
    use crate::cost::Basis;

    fn report() -> Report {
        let figure = |value| Figure { value, basis: Basis::Estimated };
        let ran = |executed, value| Ran { executed, steps: 3, seconds: figure(value) };
        let row = |text: &str, runs, share| Row {
            text: text.into(),
            runs,
            certain: true,
            seconds: Some(figure(38.0 * share)),
            share,
            why: "src/\"app\".js changed".into(),
        };
        let rows = vec![
            row("FROM node", Some(false), 0.0),
            row("COPY . .", Some(true), 0.01),
            row("RUN npm ci && echo '<b>\x1b[31m'", Some(true), 1.0),
            Row { text: "CMD [\"node\"]".into(), ..Row::default() },
        ];
        Report {
            project: "<script>alert(1)</script>".into(),
            dockerfile: "Dockerfile".into(),
            files: 1204,
            bytes: 51_200,
            shown_edit: Some("src/app.js".into()),
            sides: vec![
                Side { title: "as it is".into(), rows: rows.clone(), ran: ran(2, 38.0) },
                Side { title: "reordered".into(), rows, ran: ran(1, 0.2) },
            ],
            edits: vec![EditRow {
                name: "src/app.js".into(),
                share: 0.8,
                left: ran(2, 38.0),
                right: Some(ran(1, 0.2)),
            }],
            commits: Some(200),
            expected: (31.0, 3.0),
            moves: vec![Move {
                name: "Copy the manifests first".into(),
                why: "it reads two & no more".into(),
                saves: 28.0,
            }],
            sizes: vec![Size { label: "[2/3] COPY . .".into(), bytes: figure(5120.0) }],
            past: Some(Past {
                commits: 100,
                failed: 2,
                seconds: vec![3800.0, 20.0],
                executed: vec![1200, 100],
                files: vec![("src/app.js".into(), 80, 3040.0)],
            }),
            traps: vec![Trap { message: "a < b".into(), change: ".dockerignore: add .git".into() }],
        }
    }

    #[test]
    fn the_whole_page() {
        insta::assert_snapshot!(report().render().replace(STYLE, "…\n"));
    }

    #[test]
    fn nothing_of_a_file_becomes_markup_and_nothing_is_fetched() {
        let page = report().render();
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains('\x1b'));
        assert!(page.contains("&lt;script&gt;"));
        for fetched in ["http:", "https:", "src=", "url(", "@import", "<link"] {
            assert!(!page.contains(fetched), "{fetched}");
        }
    }
}
