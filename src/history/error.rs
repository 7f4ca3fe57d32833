//! What can go wrong while history is read.

use std::path::PathBuf;

use gix::ObjectId;

/// A reason why history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Neither the path nor a directory above it is a git repository that can be opened.
    #[error("{} is not in a git repository: {reason}", path.display())]
    NotARepository {
        /// The path as given.
        path: PathBuf,
        /// What git's rules say about it.
        reason: String,
    },
    /// A revision names no commit.
    #[error("{spec:?} names no commit here: {reason}")]
    Revision {
        /// The revision as given.
        spec: String,
        /// Why.
        reason: String,
    },
    /// A text that should be a date is none.
    #[error("{text:?} is not a date; dates are read like git's: 2026-01-31, \"2 weeks ago\"")]
    Date {
        /// The text as given.
        text: String,
    },
    /// An object that a commit names is not in the repository (a partial clone, or damage).
    #[error("git object {id} is not in this repository; a partial clone has to fetch it first")]
    MissingObject {
        /// The object.
        id: ObjectId,
    },
    /// The object database or the configuration cannot be read.
    #[error("cannot read the git repository: {0}")]
    Git(String),
}

impl From<gix::Error> for HistoryError {
    fn from(error: gix::Error) -> Self {
        Self::Git(error.to_string())
    }
}
