//! Edits of the copy, none of which can leave it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::super::scenario::{Content, Edit, Node};
use super::metadata::{set_mode, set_mtime, symlink};
use super::{EditError, Workspace};

/// A file as it was.
#[derive(Debug)]
pub struct Kept {
    path: String,
    bytes: Vec<u8>,
    modified: std::time::SystemTime,
}

impl Workspace {
    /// Writes a scenario's own context.
    ///
    /// # Errors
    /// As [`Workspace::apply`].
    pub fn write_context(&self, context: &BTreeMap<String, Content>) -> Result<(), EditError> {
        for (path, content) in context {
            let node = match content {
                Content::Text(text) => Node { content: text.clone(), ..Node::default() },
                Content::Node(node) => node.clone(),
            };
            self.put(path, &node)?;
        }
        Ok(())
    }

    /// Makes one edit.
    ///
    /// # Errors
    /// It cannot be made, or would leave the copy.
    pub fn apply(&self, edit: &Edit) -> Result<(), EditError> {
        match edit {
            Edit::None {} => Ok(()),
            Edit::Write { path, content, repeat, mode } => {
                let node =
                    Node { content: content.clone(), repeat: *repeat, mode: mode.clone(), ..Node::default() };
                self.put(path, &node)
            }
            Edit::Append { path, content } => {
                let mut text = self.read(path)?;
                text.extend_from_slice(content.as_bytes());
                self.write(path, &text)
            }
            Edit::Replace { path, old, new } => {
                let text = self.read(path)?;
                let found = text.windows(old.len().max(1)).position(|w| w == old.as_bytes());
                let at = found.filter(|_| !old.is_empty());
                let at = at.ok_or_else(|| EditError::NotFound { path: path.clone(), old: old.clone() })?;
                let text = [&text[..at], new.as_bytes(), &text[at + old.len()..]].concat();
                self.write(path, &text)
            }
            Edit::Delete { path } => {
                let place = self.place(path)?;
                let is_folder = place.symlink_metadata().is_ok_and(|m| m.is_dir());
                let done =
                    if is_folder { std::fs::remove_dir_all(&place) } else { std::fs::remove_file(&place) };
                done.map_err(at(path))
            }
            Edit::Rename { path, to } => {
                let (from, target) = (self.place(path)?, self.place(to)?);
                self.make_folders(to)?;
                std::fs::rename(from, target).map_err(at(path))
            }
            Edit::Chmod { path, mode } => {
                let mode = octal(path, mode)?;
                set_mode(&self.file(path)?, mode).map_err(at(path))
            }
            Edit::Touch { path, mtime } => {
                let nanos = mtime.unwrap_or(1e9) * 1e9;
                let time = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(nanos.max(0.0) as u64);
                let file = self.file(path)?;
                set_mtime(&file, time).map_err(at(path))
            }
            Edit::Mkdir { path, mode } => {
                self.put(path, &Node { dir: true, mode: mode.clone(), ..Node::default() })
            }
            Edit::Symlink { path, target } => {
                self.put(path, &Node { symlink: Some(target.clone()), ..Node::default() })
            }
            Edit::WriteKeepMtime { path, content } => {
                let file = self.file(path)?;
                let before = file.metadata().and_then(|m| m.modified()).map_err(at(path))?;
                self.write(path, content.as_bytes())?;
                set_mtime(&file, before).map_err(at(path))
            }
        }
    }

    /// Edits a file in a way that hardly any tool minds: one more line break at its end.
    ///
    /// # Errors
    /// There is no such file.
    pub fn nudge(&self, path: &str) -> Result<(), EditError> {
        self.apply(&Edit::Append { path: path.to_owned(), content: "\n".to_owned() })
    }

    /// Keeps a file as it is, to be put back by [`Workspace::restore`].
    ///
    /// # Errors
    /// There is no such file.
    pub fn keep(&self, path: &str) -> Result<Kept, EditError> {
        let file = self.file(path)?;
        let modified = file.metadata().and_then(|m| m.modified()).map_err(at(path))?;
        Ok(Kept { path: path.to_owned(), bytes: self.read(path)?, modified })
    }

    /// Puts a file back with its bytes and time.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn restore(&self, kept: &Kept) -> Result<(), EditError> {
        self.write(&kept.path, &kept.bytes)?;
        set_mtime(&self.file(&kept.path)?, kept.modified).map_err(at(&kept.path))
    }

    /// Reads a file of the context.
    ///
    /// # Errors
    /// There is none.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, EditError> {
        std::fs::read(self.file(path)?).map_err(at(path))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), EditError> {
        std::fs::write(self.file(path)?, bytes).map_err(at(path))
    }

    fn put(&self, path: &str, node: &Node) -> Result<(), EditError> {
        self.make_folders(path)?;
        let mode = node.mode.as_deref().map(|m| octal(path, m)).transpose()?;
        let place = self.place(path)?;
        let there = place.symlink_metadata().ok();
        if let Some(target) = &node.symlink {
            if there.is_some() {
                std::fs::remove_file(&place).map_err(at(path))?;
            }
            return symlink(target, &place).map_err(at(path));
        }
        if node.dir {
            std::fs::create_dir_all(&place).map_err(at(path))?;
            return set_mode(&place, mode.unwrap_or(0o755)).map_err(at(path));
        }
        let place = self.file(path)?;
        std::fs::write(&place, node.content.repeat(node.repeat.unwrap_or(1))).map_err(at(path))?;
        match mode.or(there.is_none().then_some(0o644)) {
            Some(mode) => set_mode(&place, mode).map_err(at(path)),
            None => Ok(()),
        }
    }

    fn make_folders(&self, path: &str) -> Result<(), EditError> {
        let mut folder = self.root.clone();
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
        self.place(path)?;
        for part in &parts[..parts.len().saturating_sub(1)] {
            folder.push(part);
            if folder.symlink_metadata().is_err() {
                std::fs::create_dir(&folder).and_then(|()| set_mode(&folder, 0o755)).map_err(at(path))?;
            }
        }
        Ok(())
    }

    /// The place of a path, which may be a symbolic link itself but leads through none: one may point out of
    /// the copy, into the user's own files.
    fn place(&self, path: &str) -> Result<PathBuf, EditError> {
        let wrong = |reason| EditError::Path { path: path.to_owned(), reason };
        let parts: Vec<&str> = path.split('/').filter(|p| !p.is_empty() && *p != ".").collect();
        if parts.is_empty() || parts.contains(&"..") || path.starts_with('/') || path.contains('\\') {
            return Err(wrong("write a path in the context, with slashes and without .."));
        }
        let mut place = self.root.clone();
        for part in &parts[..parts.len() - 1] {
            place.push(part);
            if place.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
                return Err(wrong("it leads through a symbolic link"));
            }
        }
        place.push(parts[parts.len() - 1]);
        Ok(place)
    }

    /// The place of a path that is no symbolic link.
    fn file(&self, path: &str) -> Result<PathBuf, EditError> {
        let place = self.place(path)?;
        if place.symlink_metadata().is_ok_and(|m| m.is_symlink()) {
            let reason = "it is a symbolic link; name what it points to";
            return Err(EditError::Path { path: path.to_owned(), reason });
        }
        Ok(place)
    }
}

fn at(path: &str) -> impl Fn(io::Error) -> EditError + '_ {
    move |source| EditError::Io { path: path.to_owned(), source }
}

fn octal(path: &str, digits: &str) -> Result<u32, EditError> {
    let mode = u32::from_str_radix(digits, 8).ok().filter(|m| *m <= 0o7777);
    let reason = "a mode is written in octal digits, as in 0644";
    mode.ok_or_else(|| EditError::Path { path: path.to_owned(), reason })
}
