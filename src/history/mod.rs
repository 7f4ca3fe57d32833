//! Git commits as a series of build contexts, read from git's objects without a checkout.
//!
//! [`Repository`] opens the repository of a build context; [`Repository::series`] names the commits of a
//! [`Selection`], oldest first; [`Repository::changes`] lists what one of them changed, skipping every
//! sub-tree whose object id did not. Nothing here writes, runs git or touches the working tree.
//!
//! What git does not record: owners, modification times, permission bits other than the executable one,
//! empty directories, and whatever the working tree holds beside the commit (ignored and untracked files).

mod contexts;
mod decoded;
mod diff;
mod edits;
mod error;
mod files;
mod frequency;
mod lfs;
mod renamed;
pub mod replay;
mod repo;
mod walk;
mod when;

pub use contexts::{BuildInput, ContextOptions, Contexts, Ignoring};
pub use diff::{Blob, BlobKind, Change, Rename, exact_renames};
pub use edits::{ObservedEdit, ObservedEdits};
pub use error::HistoryError;
pub use frequency::{Frequencies, FrequencyCount};
pub use gix::ObjectId;
pub use lfs::LfsPointer;
pub use renamed::FormerName;
pub use repo::Repository;
pub use walk::{Commit, Selection, Series, SeriesEnd};
pub use when::seconds_of_date;
