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

impl Label {
    /// Reads a vertex' name as BuildKit prints it; none where it is not a step's label.
    ///
    /// A build for several platforms prints the platform before the stage (`[linux/arm64 builder 2/4]`,
    /// `[linux/amd64->arm64 2/4]`); it is dropped. Numbers may be padded (`[ 2/10]`).
    pub fn parse(name: &str) -> Option<Self> {
        let (bracket, instruction) = name.strip_prefix('[')?.split_once("] ")?;
        let mut words: Vec<&str> = bracket.split_whitespace().collect();
        let (index, of) = words.pop()?.split_once('/')?;
        let (index, of) = (index.parse().ok()?, of.parse().ok()?);
        if words.first().is_some_and(|w| w.contains('/')) {
            words.remove(0);
        }
        let stage = (!words.is_empty()).then(|| words.join(" "));
        Some(Self { stage, index, of, instruction: instruction.to_owned() })
    }

    /// Says whether this is the FROM of an external image.
    pub fn is_from(&self) -> bool {
        self.instruction.starts_with("FROM ")
    }
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
