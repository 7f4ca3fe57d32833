//! A directory tree as an immutable value with shared parts: cheap to copy, cheap to change in one place.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::Digest;

/// A tree of files: the build context, or what is known of a stage's file system.
///
/// Paths are relative, `/`-separated, clean (no `.`, `..`, empty parts); the root is `""`. Names that are not
/// UTF-8 are held with each bad byte written as `\xHH`. Cloning is one reference count; a change copies the
/// directories from the root to the changed entry and shares the rest. A directory's digest is computed when
/// first asked and kept, so that after a change only the changed path is hashed anew.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    root: Arc<Dir>,
}

/// A directory.
#[derive(Debug, Clone, Default)]
pub struct Dir {
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// What it holds, by name.
    pub entries: BTreeMap<Box<str>, Entry>,
    digest: OnceLock<Digest>,
}

/// What stands at a path.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A regular file (hard links count as files).
    File(File),
    /// A symbolic link, with the text of its target.
    Symlink(Arc<str>),
    /// A directory.
    Dir(Arc<Dir>),
    /// A FIFO or device, which BuildKit transfers by its header alone.
    Special(Special),
}

/// A regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    /// Digest of its bytes.
    pub content: Digest,
}

/// A FIFO or device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// File type and permission bits.
    pub mode: u32,
    /// Device number, 0 for a FIFO.
    pub device: u64,
}
