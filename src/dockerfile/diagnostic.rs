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
