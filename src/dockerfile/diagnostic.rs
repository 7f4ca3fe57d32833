//! What is wrong with a text, where, and what would be right: data, rendered at the edge.

use std::ops::Range;

use serde::Serialize;

/// Kind of a problem, as named in the JSON contract (`error.kind`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosticKind {
    /// The text is not a Dockerfile.
    Parse,
    /// A stage is named that does not exist, or not yet, or that needs itself.
    StageNotFound,
    /// A COPY or ADD names a path that its source does not have.
    SourceNotFound,
    /// Valid, but outside of what layerlab models.
    Unsupported,
}

/// One problem in a text, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct Diagnostic {
    /// What kind of problem it is.
    pub kind: DiagnosticKind,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do about it, where that is known.
    pub help: Option<String>,
    /// Bytes of the text concerned, in the text as it stands on disk (a byte order mark counts).
    pub span: Option<Range<usize>>,
    /// Line of the start of `span`, from 1; 0 where there is no span.
    pub line: usize,
    /// Column of the start of `span` in characters, from 1; 0 where there is no span.
    pub column: usize,
    /// The path concerned, for `SourceNotFound`, as BuildKit prints it (`/nothing.txt`).
    pub path: Option<String>,
}

impl Diagnostic {
    /// Creates a problem of a kind at a place in a text.
    ///
    /// The line and column are counted here: columns in characters, a byte order mark at the start of the text
    /// not counted.
    pub fn at(kind: DiagnosticKind, text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let (line, column) = line_and_column(text, span.start);
        Self { kind, message: message.into(), help: None, span: Some(span), line, column, path: None }
    }

    /// Creates a problem of the text's grammar.
    pub fn parse(text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self::at(DiagnosticKind::Parse, text, span, message)
    }

    /// Adds what to do about it.
    pub fn with_help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

/// Returns the line and the column in characters, both from 1, of a byte of a text.
///
/// A byte beyond the end counts as the end, one inside of a character as its start.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let offset = (0..=offset.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
    let column = before[line_start..].trim_start_matches('\u{feff}').chars().count() + 1;
    (line, column)
}
