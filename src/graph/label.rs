//! `[stage index/of] INSTRUCTION`: how BuildKit names a step.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A step's name as BuildKit prints it (cache semantics, section 1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Label {
    /// Stage name; none where the Dockerfile has one stage and nothing counts as another.
    pub stage: Option<String>,
    /// Number of the step in its stage, from 1.
    pub index: u32,
    /// Steps in its stage.
    pub of: u32,
    /// Keyword in upper case and text, variables expanded from the environment.
    pub instruction: String,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.of.checked_ilog10().unwrap_or(0) as usize + 1;
        write!(f, "[")?;
        if let Some(s) = &self.stage {
            write!(f, "{s} ")?;
        }
        write!(f, "{:>width$}/{}] {}", self.index, self.of, self.instruction)
    }
}

/// Puts the first word in upper case.
pub(crate) fn uppercase_keyword(text: &str) -> String {
    match text.split_once(' ') {
        Some((k, rest)) => format!("{} {rest}", k.to_uppercase()),
        None => text.to_uppercase(),
    }
}

/// `(first line...)` of a heredoc, as BuildKit appends it to a RUN's label.
pub(crate) fn summarize_heredoc(body: &str) -> String {
    let body = body.trim().replace("\r\n", "\n");
    match body.split_once('\n') {
        Some((first, _)) => format!("{first}..."),
        None => body,
    }
}
