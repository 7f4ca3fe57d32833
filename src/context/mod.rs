//! The build context as a value: paths, kinds, modes, digests; .dockerignore; what a COPY selects.
//!
//! [`scan`], with the [`index`] that it keeps, and [`watch`] are the only doors to the file system. The rest is
//! pure: a [`Tree`] is a value, what a [`Selector`] takes from it is a function of both.

pub mod diff;
pub mod digest;
mod glob;
pub mod ignore;
pub mod index;
mod names;
pub mod path;
mod patterns;
pub mod scan;
pub mod select;
pub mod traps;
pub mod tree;
pub mod watch;

pub use diff::{Change, ChangeKind, diff};
pub use digest::Digest;
pub use ignore::{Decision, Ignore, IgnoreError};
pub use index::Index;
pub use scan::{Scan, ScanError, ScanStats, Warning, WarningKind, find_ignore};
pub use select::{Memo, SelectError, Selection, Selector, changed_paths, select, select_all};
pub use traps::Trap;
pub use tree::{Dir, Entry, File, Special, Tree};
pub use watch::{WatchError, WatchEvent, WatchMode, Watcher};
