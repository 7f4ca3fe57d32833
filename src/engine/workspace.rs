//! A copy of a context in a temporary folder, where edits are made and builds are started: the user's own
//! folder is only ever read.
//!
//! Files of the copy carry an extended attribute with the session's mark. Attributes of files count in
//! BuildKit's content digests (cache semantics, section 5), so no result that the engine has from before is
//! found by what is copied from here, while bytes, modes and times are as the user has them.

use std::io;
use std::path::{Path, PathBuf};

use crate::context::{Entry, Tree};

mod edits;
mod metadata;

pub use edits::Kept;
use metadata::{copy_file, copy_metadata, mark_below, set_mode, symlink};

/// A temporary folder with copies of contexts, removed when this goes.
#[derive(Debug)]
pub struct Workspace {
    folder: tempfile::TempDir,
    root: PathBuf,
    /// What files are marked with; none where the file system takes no attributes.
    mark: Option<String>,
    /// What is added to the times of copied files.
    shift: std::time::Duration,
}

/// An edit that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The path leaves the context, or leads through a symbolic link.
    #[error("{path}: {reason}")]
    Path {
        /// The path as written.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text to replace is not there.
    #[error("{path} does not hold {old:?}")]
    NotFound {
        /// The file.
        path: String,
        /// The text looked for.
        old: String,
    },
    /// The file system says no.
    #[error("{path}: {source}")]
    Io {
        /// The path as written.
        path: String,
        /// What it said.
        source: io::Error,
    },
}

impl Workspace {
    /// Makes an empty context.
    ///
    /// # Errors
    /// The temporary folder cannot be made.
    pub fn new(mark: &str) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("layerlab-verify-").tempdir()?;
        let root = folder.path().join("context");
        std::fs::create_dir(&root)?;
        set_mode(&root, 0o755)?;
        let mut workspace =
            Self { folder, root, mark: Some(mark.to_owned()), shift: std::time::Duration::ZERO };
        if workspace.mark_all().is_err() {
            workspace.mark = None;
        }
        Ok(workspace)
    }

    /// The copy of the context.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A further folder beside the context, made if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn beside(&self, name: &str) -> io::Result<PathBuf> {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Says whether its files carry the mark: whether nothing copied from here can be found in the engine's
    /// cache from before.
    pub fn is_marked(&self) -> bool {
        self.mark.is_some()
    }

    /// Has files copied from now on be later by less than a millisecond, another part of it for each mark.
    ///
    /// buildctl gives all contexts one name, so that the daemon compares a folder with the one that was sent
    /// before, by size, mode and time: without this it would keep the files of an earlier session, and their
    /// mark.
    pub fn shift_times(&mut self) {
        let digits = self.mark.as_deref().and_then(|mark| u64::from_str_radix(mark, 16).ok());
        self.shift = std::time::Duration::from_nanos(1 + digits.unwrap_or_default() % 999_999);
    }

    /// Copies what a scanned folder holds into the context, or into a folder beside it.
    ///
    /// `also` are paths that the tree leaves out and a build reads nevertheless: ignore file and Dockerfile.
    ///
    /// # Errors
    /// A file cannot be read or written, with its path.
    pub fn copy(&self, from: &Path, tree: &Tree, to: &Path, also: &[&str]) -> Result<(), EditError> {
        let mut folders = Vec::new();
        for (path, entry) in tree {
            let (source, target) = (from.join(&path), to.join(&path));
            let done = match &entry {
                Entry::Dir(_) => {
                    folders.push(path.clone());
                    std::fs::create_dir(&target)
                }
                Entry::File(_) => copy_file(&source, &target, self.shift),
                Entry::Symlink(link) => symlink(link, &target),
                // Sockets, pipes and devices: no test build needs them.
                Entry::Special(_) => Ok(()),
            };
            done.map_err(|source| EditError::Io { path: path.clone(), source })?;
        }
        for path in also {
            let (source, target) = (from.join(path), to.join(path));
            if target.symlink_metadata().is_ok() {
                continue;
            }
            let made = target.parent().map_or(Ok(()), std::fs::create_dir_all);
            made.and_then(|()| copy_file(&source, &target, self.shift))
                .map_err(|source| EditError::Io { path: (*path).to_owned(), source })?;
        }
        // What was put into them changed their times; the deepest first, modes last.
        for path in folders.iter().rev().map(String::as_str).chain([""]) {
            copy_metadata(&from.join(path), &to.join(path), self.shift)
                .map_err(|source| EditError::Io { path: path.to_owned(), source })?;
        }
        Ok(())
    }

    /// Marks what is not marked yet: to be called after edits, before a build.
    ///
    /// # Errors
    /// The file system takes no attributes.
    pub fn mark_all(&self) -> io::Result<()> {
        match &self.mark {
            Some(mark) => mark_below(self.folder.path(), mark),
            None => Ok(()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
