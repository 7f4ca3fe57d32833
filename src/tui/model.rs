//! What the panes show, as plain values: made from predictions by [`super::picture`], by hand in tests, and by the
//! lesson and replay screens. No view looks anything up besides.

use std::ops::Range;
use std::sync::Arc;

use crate::cost::{Basis, Figure, StepCost};
use crate::explain::How;

/// Two Dockerfiles side by side, their lines aligned: both sides have as many.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// The Dockerfile as it is.
    pub left: Side,
    /// The better order, or the user's other file; none where there is only one.
    pub right: Option<Side>,
    /// The one sentence that matters.
    pub sentence: Words,
}

/// One Dockerfile with what is predicted of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Side {
    /// `as it is`, `reordered`, or a file's name.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Sums.
    pub totals: Totals,
    /// In place of lines, or below them: `looking for a better order…`, `nothing to improve`.
    pub note: Option<String>,
    /// What is wrong with the text; the lines are those of the last good one.
    pub problem: Option<Problem>,
}

/// One line of a side.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// Nothing, because the other side has something here.
    Gap,
    /// The head of a stage.
    Heading(Heading),
    /// An instruction.
    Row(Box<Row>),
}

/// The head of a stage, where a Dockerfile has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// `builder`, `stage 2`.
    pub name: String,
    /// `final image`, `not built`, or nothing.
    pub remark: String,
    /// The target needs it.
    pub built: bool,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As written, on one line.
    pub text: String,
    /// Number of the step in its stage, as the builder prints it; none where it makes no step.
    pub number: Option<u32>,
    /// Line in the Dockerfile, from 1.
    pub line: usize,
    /// How it differs from the other side.
    pub sign: Sign,
    /// What is predicted of it.
    pub mark: Mark,
    /// It runs for a reason of its own.
    pub root: bool,
    /// What it costs when it runs.
    pub cost: Option<StepCost>,
    /// Its part of the seconds of a build from nothing, 0 to 1, for the length of its bar.
    pub share: f64,
    /// Its mark is another than in the picture before.
    pub fresh: bool,
    /// The stage is not built.
    pub dimmed: bool,
    /// Why, as the pane below tells it.
    pub why: Why,
}

/// How a line differs from the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sign {
    /// It does not.
    #[default]
    Same,
    /// It is on this side alone.
    Added,
    /// It stands elsewhere on the other side.
    Moved,
    /// It is left out on the other side.
    Dropped,
}

/// What is predicted of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mark {
    /// It makes no step: ENV, CMD.
    #[default]
    None,
    /// It is found.
    Cached {
        /// For sure, or on an assumption.
        certain: bool,
    },
    /// It runs.
    Rebuilds {
        /// For sure, or on an assumption.
        certain: bool,
    },
    /// The build ended before it.
    NotReached,
    /// Its stage is not needed.
    NotBuilt,
}

impl Mark {
    /// The word, never colour alone.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Cached { certain: true } => "cached",
            Self::Cached { certain: false } => "cached?",
            Self::Rebuilds { certain: true } => "REBUILDS",
            Self::Rebuilds { certain: false } => "REBUILDS?",
            Self::NotReached => "not reached",
            Self::NotBuilt => "not built",
        }
    }

    /// Tells whether it runs.
    pub fn is_rebuild(self) -> bool {
        matches!(self, Self::Rebuilds { .. })
    }
}

/// Sums of one side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Steps that run.
    pub rebuilt: usize,
    /// Steps in all.
    pub steps: usize,
    /// Seconds of those that run.
    pub seconds: f64,
    /// The least that any of the seconds that count rests on.
    pub basis: Basis,
    /// None of it rests on an assumption about what a RUN puts out.
    pub certain: bool,
}

impl Default for Totals {
    fn default() -> Self {
        Self { rebuilt: 0, steps: 0, seconds: 0.0, basis: Basis::Measured, certain: true }
    }
}

impl Totals {
    /// Its seconds as a figure.
    pub fn figure(&self) -> Figure {
        Figure { value: self.seconds, basis: self.basis }
    }
}

/// A text in words, each with how it is meant.
pub type Words = Vec<(Tone, String)>;

/// How a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As it stands.
    #[default]
    Plain,
    /// It matters.
    Strong,
    /// It matters less.
    Dim,
    /// A path or a piece of a Dockerfile.
    Path,
    /// It costs.
    Bad,
    /// It saves.
    Good,
    /// It is assumed.
    Maybe,
}

/// Shorthand for one word of a text.
pub fn say(tone: Tone, text: impl Into<String>) -> (Tone, String) {
    (tone, text.into())
}

/// Joins a text without its tones.
pub fn plain(words: &[(Tone, String)]) -> String {
    words.iter().map(|(_, text)| text.as_str()).collect()
}

/// Why a line is as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Why {
    /// The heading: `why step 3 rebuilds`.
    pub title: String,
    /// Paragraphs.
    pub says: Vec<Words>,
    /// Changed files that it takes in, and how they changed.
    pub files: Vec<(String, How)>,
    /// How many more there are.
    pub more: usize,
}

/// A problem of a text, with its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
    /// The line's text.
    pub source: String,
    /// Columns of `source` to underline, from 0.
    pub caret: Range<usize>,
}

/// What a change of one file would rebuild on one side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Impact {
    /// Numbers of the steps, where the Dockerfile has one stage; else none.
    pub numbers: Vec<u32>,
    /// How many steps.
    pub steps: usize,
    /// Seconds of them.
    pub seconds: f64,
    /// The build would stop: the file is needed and would be gone.
    pub certain: bool,
}

/// One line of the file tree.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRow {
    /// Path in the context.
    pub path: String,
    /// Its last part.
    pub name: String,
    /// Directories above it.
    pub depth: usize,
    /// What it is.
    pub kind: FileKind,
    /// What happened to it since the last build.
    pub state: FileState,
    /// It is marked for the next simulated edit.
    pub marked: bool,
    /// What a change of it would rebuild, left and right; none while not known.
    pub impact: Option<(Impact, Option<Impact>)>,
}

/// What a line of the file tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A directory.
    Dir {
        /// What it holds is shown.
        open: bool,
        /// Files below it.
        files: usize,
        /// Files below it that changed.
        changed: usize,
    },
    /// Anything else.
    File,
}

/// What happened to a file since the last build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// Nothing.
    Same,
    /// It changed on disk.
    Changed(How),
    /// Its change is pretended.
    Pretended,
    /// It takes no part.
    Ignored,
}

/// The edits so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// How many.
    pub edits: usize,
    /// Those of them that were pretended.
    pub pretended: usize,
    /// Seconds of building after each, on the left.
    pub left: f64,
    /// Those that were built on both sides; none where there is no right one now.
    pub both: Option<Both>,
    /// Edits of a day, for the sum of a day.
    pub per_day: u32,
    /// The seconds rest on estimates.
    pub estimated: bool,
}

/// Edits that were built on both sides, so that sums can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Both {
    /// How many.
    pub edits: usize,
    /// Seconds of building after each, on the left.
    pub left: f64,
    /// The same on the right.
    pub right: f64,
}

/// One edit of those so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// `src/app.js`, `src/app.js and 3 others`, `Dockerfile`.
    pub what: String,
    /// The first of the paths, as it is in the context.
    pub path: Option<String>,
    /// It was pretended.
    pub pretended: bool,
    /// What it alone rebuilt.
    pub picture: Arc<Comparison>,
}

/// The line at the top.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header {
    /// The context as the user knows it.
    pub context: String,
    /// The Dockerfile as the user knows it.
    pub dockerfile: String,
    /// Files of the context.
    pub files: usize,
    /// Paths left out.
    pub ignored: usize,
    /// Bytes of the context.
    pub bytes: u64,
}

/// How edits are noticed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Watching {
    /// Nothing is known yet.
    #[default]
    Starting,
    /// By the system's events.
    Native,
    /// By looking again and again; why, where it was not asked for.
    Polling(Option<String>),
    /// Not at all.
    Off,
}

/// One move of the reordering.
#[derive(Debug, Clone, PartialEq)]
pub struct MoveRow {
    /// Its id.
    pub id: String,
    /// What it does.
    pub name: String,
    /// Why the image stays the same.
    pub why_safe: String,
    /// Expected seconds of a rebuild that it saves.
    pub saves: f64,
    /// Lines before.
    pub before: Vec<(usize, String)>,
    /// Lines after.
    pub after: Vec<(usize, String)>,
    /// It is applied.
    pub on: bool,
}

/// All moves, and what was left alone.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Moves {
    /// What is or could be applied.
    pub rows: Vec<MoveRow>,
    /// What would change something that can be observed: name, what it changes.
    pub offered: Vec<(String, String)>,
    /// What was refused: line, what, why.
    pub refused: Vec<(usize, String, String)>,
    /// Expected seconds of a rebuild, before and after.
    pub expected: (f64, f64),
}
