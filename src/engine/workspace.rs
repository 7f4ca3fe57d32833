//! A copy of a context in a temporary folder, where edits are made and builds are started: the user's own
//! folder is only ever read.
//!
//! Files of the copy carry an extended attribute with the session's mark. Attributes of files count in
//! BuildKit's content digests (cache semantics, section 5), so no result that the engine has from before is
//! found by what is copied from here, while bytes, modes and times are as the user has them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::scenario::{Content, Edit, Node};
use crate::context::{Entry, Tree};

/// Name of the attribute.
const ATTRIBUTE: &str = "user.layerlab-verify";

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

/// A file as it was.
#[derive(Debug)]
pub struct Kept {
    path: String,
    bytes: Vec<u8>,
    modified: std::time::SystemTime,
}

fn at(path: &str) -> impl Fn(io::Error) -> EditError + '_ {
    move |source| EditError::Io { path: path.to_owned(), source }
}

fn octal(path: &str, digits: &str) -> Result<u32, EditError> {
    let mode = u32::from_str_radix(digits, 8).ok().filter(|m| *m <= 0o7777);
    let reason = "a mode is written in octal digits, as in 0644";
    mode.ok_or_else(|| EditError::Path { path: path.to_owned(), reason })
}

fn copy_file(from: &Path, to: &Path, later: std::time::Duration) -> io::Result<()> {
    std::fs::copy(from, to)?;
    copy_metadata(from, to, later)
}

/// Gives a file or folder the modes and times of another.
fn copy_metadata(from: &Path, to: &Path, later: std::time::Duration) -> io::Result<()> {
    let metadata = from.metadata()?;
    copy_attributes(from, to);
    set_mtime(to, metadata.modified()? + later)?;
    std::fs::set_permissions(to, metadata.permissions())
}

fn set_mtime(path: &Path, time: std::time::SystemTime) -> io::Result<()> {
    // A folder can only be opened for reading; its owner may set the time all the same.
    let file = std::fs::File::open(path)?;
    file.set_times(std::fs::FileTimes::new().set_modified(time))
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn symlink(target: &str, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
fn symlink(_target: &str, _place: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "symbolic links are copied on Unix only"))
}

#[cfg(target_os = "linux")]
fn mark_below(folder: &Path, mark: &str) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let mut value = [0u8; 64];
    for entry in folder.read_dir()? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if !kind.is_file() && !kind.is_dir() {
            continue;
        }
        let has = getxattr(&path, ATTRIBUTE, &mut value[..]).is_ok_and(|n| &value[..n] == mark.as_bytes());
        if !has {
            let set = || setxattr(&path, ATTRIBUTE, mark.as_bytes(), XattrFlags::empty());
            if set().is_err() {
                // A read-only file takes no attribute from anyone but root.
                let before = entry.metadata()?.permissions();
                std::fs::set_permissions(&path, PermissionsExt::from_mode(before.mode() | 0o200))?;
                let done = set();
                std::fs::set_permissions(&path, before)?;
                done?;
            }
        }
        if kind.is_dir() {
            mark_below(&path, mark)?;
        }
    }
    Ok(())
}

/// Copies extended attributes as far as the temporary folder takes them: those of files count in content
/// digests. What it does not take is then seen neither by the engine nor by the scan of the copy.
#[cfg(target_os = "linux")]
fn copy_attributes(from: &Path, to: &Path) {
    use rustix::fs::{XattrFlags, getxattr, listxattr, setxattr};
    let mut names = vec![0u8; 1 << 16];
    let Ok(length) = listxattr(from, &mut names[..]) else { return };
    for name in names[..length].split(|b| *b == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0u8; 1 << 16];
        if let Ok(length) = getxattr(from, name, &mut value[..]) {
            let _ = setxattr(to, name, &value[..length], XattrFlags::empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn copy_attributes(_from: &Path, _to: &Path) {}

/// Attributes of other systems do not reach a Linux builder.
#[cfg(not(target_os = "linux"))]
fn mark_below(_folder: &Path, _mark: &str) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "no attributes here"))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;
    use crate::context::{Ignore, Index, Scan};

    fn scan(root: &Path, ignore: &str) -> Scan {
        Scan::new(root, Ignore::parse(ignore).expect("patterns"), Index::default()).expect("a folder")
    }

    fn edit(json: &str) -> Edit {
        serde_json::from_str(json).expect(json)
    }

    fn workspace() -> Workspace {
        Workspace::new("m").expect("a temporary folder")
    }

    #[test]
    fn a_copy_has_bytes_modes_times_and_links_and_leaves_out_what_is_ignored() {
        let user = tempfile::tempdir().expect("a folder");
        let root = user.path();
        std::fs::create_dir_all(root.join("src/deep")).expect("ours");
        std::fs::create_dir_all(root.join("node_modules/x")).expect("ours");
        for (path, mode) in
            [("src/a.sh", 0o755), ("src/deep/b", 0o400), ("node_modules/x/y", 0o644), ("Dockerfile", 0o644)]
        {
            std::fs::write(root.join(path), path).expect("ours");
            set_mode(&root.join(path), mode).expect("ours");
        }
        std::fs::write(root.join(".dockerignore"), "node_modules\nDockerfile\n").expect("ours");
        symlink("/etc/passwd", &root.join("out")).expect("ours");
        set_mode(&root.join("src/deep"), 0o700).expect("ours");
        #[cfg(target_os = "linux")]
        let _ = rustix::fs::setxattr(root.join("src/a.sh"), "user.x", b"y", rustix::fs::XattrFlags::empty());
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(1_600_000_000_123_456_789);
        set_mtime(&root.join("src/a.sh"), old).expect("ours");
        set_mtime(&root.join("src/deep"), old).expect("ours");
        let before = scan(root, "node_modules\nDockerfile\n");

        let copy = workspace();
        copy.copy(root, before.tree(), copy.root(), &["Dockerfile", ".dockerignore"]).expect("copied");
        assert_eq!(scan(copy.root(), "node_modules\nDockerfile\n").tree(), before.tree());
        assert!(copy.root().join("Dockerfile").is_file() && !copy.root().join("node_modules").exists());
        for path in ["src/a.sh", "src/deep"] {
            let (was, is) = (root.join(path).metadata(), copy.root().join(path).metadata());
            let (was, is) = (was.expect("there"), is.expect("copied"));
            assert_eq!((was.mtime_nsec(), was.mtime(), was.mode()), (is.mtime_nsec(), is.mtime(), is.mode()));
        }
        let deep = copy.root().join("src/deep/b").metadata().expect("copied");
        assert_eq!(deep.permissions().mode() & 0o7777, 0o400);
        let place = copy.folder.path().to_owned();
        drop(copy);
        assert!(!place.exists(), "nothing is left behind");
    }

    #[test]
    fn times_are_shifted_only_where_asked_and_by_less_than_a_millisecond() {
        let user = tempfile::tempdir().expect("a folder");
        std::fs::write(user.path().join("a"), "x").expect("ours");
        let tree = scan(user.path(), "").tree().clone();
        let was = user.path().join("a").metadata().and_then(|m| m.modified()).expect("a time");
        let mut seen = std::collections::BTreeSet::new();
        for mark in ["0000000000ff", "00000000abcd"] {
            let mut space = Workspace::new(mark).expect("a temporary folder");
            space.shift_times();
            space.copy(user.path(), &tree, space.root(), &[]).expect("copied");
            let is = space.root().join("a").metadata().and_then(|m| m.modified()).expect("a time");
            let later = is.duration_since(was).expect("later");
            assert!(
                later > std::time::Duration::ZERO && later < std::time::Duration::from_millis(1),
                "{later:?}"
            );
            seen.insert(later);
        }
        assert_eq!(seen.len(), 2, "another part of it for each mark");
    }

    #[test]
    fn every_edit_does_what_its_name_says() {
        let space = workspace();
        let table = [
            (r#"{"op":"write","path":"d/a","content":"one\n"}"#, "d/a", "one\n"),
            (r#"{"op":"append","path":"d/a","content":"two one\n"}"#, "d/a", "one\ntwo one\n"),
            (r#"{"op":"replace","path":"d/a","old":"one","new":"1"}"#, "d/a", "1\ntwo one\n"),
            (r#"{"op":"write_keep_mtime","path":"d/a","content":"x"}"#, "d/a", "x"),
            (r#"{"op":"rename","path":"d/a","to":"e/f/b"}"#, "e/f/b", "x"),
            (r#"{"op":"write","path":"e/f/b","content":"ab","repeat":3,"mode":"0755"}"#, "e/f/b", "ababab"),
            (r#"{"op":"none"}"#, "e/f/b", "ababab"),
        ];
        for (json, path, expected) in table {
            space.apply(&edit(json)).unwrap_or_else(|e| panic!("{json}: {e}"));
            assert_eq!(space.read(path).expect(json), expected.as_bytes(), "{json}");
        }
        let mode = |path: &str| {
            space.root().join(path).symlink_metadata().expect("there").permissions().mode() & 0o7777
        };
        assert_eq!((mode("e/f/b"), mode("e/f"), mode("d")), (0o755, 0o755, 0o755));
        space.apply(&edit(r#"{"op":"chmod","path":"e/f/b","mode":"4600"}"#)).expect("set");
        space.apply(&edit(r#"{"op":"touch","path":"e/f/b","mtime":1000000}"#)).expect("set");
        assert_eq!(
            (mode("e/f/b"), space.root().join("e/f/b").metadata().expect("there").mtime()),
            (0o4600, 1_000_000)
        );
        space.apply(&edit(r#"{"op":"mkdir","path":"m","mode":"0700"}"#)).expect("made");
        space.apply(&edit(r#"{"op":"symlink","path":"l","target":"e/f/b"}"#)).expect("made");
        space.apply(&edit(r#"{"op":"symlink","path":"l","target":"d"}"#)).expect("made anew");
        assert_eq!(mode("m"), 0o700);
        assert_eq!(std::fs::read_link(space.root().join("l")).expect("a link"), Path::new("d"));
        space.apply(&edit(r#"{"op":"delete","path":"e"}"#)).expect("removed");
        space.apply(&edit(r#"{"op":"delete","path":"l"}"#)).expect("removed");
        assert!(!space.root().join("e").exists() && space.root().join("d").exists());
    }

    #[test]
    fn no_edit_leaves_the_copy() {
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("secret"), "mine").expect("ours");
        let space = workspace();
        space.apply(&edit(r#"{"op":"write","path":"a","content":"x"}"#)).expect("written");
        symlink(&outside.path().display().to_string(), &space.root().join("way")).expect("a link");
        symlink(&outside.path().join("secret").display().to_string(), &space.root().join("file"))
            .expect("a link");
        let table = [
            (r#"{"op":"write","path":"../x","content":""}"#, "without .."),
            (r#"{"op":"write","path":"/etc/x","content":""}"#, "a path in the context"),
            (r#"{"op":"delete","path":""}"#, "a path in the context"),
            (r#"{"op":"write","path":"way/x","content":""}"#, "leads through a symbolic link"),
            (r#"{"op":"delete","path":"way/secret"}"#, "leads through a symbolic link"),
            (r#"{"op":"rename","path":"a","to":"way/a"}"#, "leads through a symbolic link"),
            (r#"{"op":"append","path":"file","content":"x"}"#, "is a symbolic link"),
            (r#"{"op":"write","path":"file","content":"x"}"#, "is a symbolic link"),
            (r#"{"op":"chmod","path":"file","mode":"0777"}"#, "is a symbolic link"),
            (r#"{"op":"chmod","path":"a","mode":"rwx"}"#, "octal digits"),
            (r#"{"op":"replace","path":"a","old":"y","new":"z"}"#, "does not hold"),
            (r#"{"op":"append","path":"b","content":"x"}"#, "b: "),
        ];
        for (json, words) in table {
            let error = space.apply(&edit(json)).expect_err(json).to_string();
            assert!(error.contains(words), "{json}: {error}");
        }
        assert_eq!(std::fs::read(outside.path().join("secret")).expect("still there"), b"mine");
        assert_eq!(outside.path().read_dir().expect("a folder").count(), 1);
    }

    #[test]
    fn a_nudged_file_comes_back_as_it_was() {
        let space = workspace();
        space.apply(&edit(r#"{"op":"write","path":"a","content":"x","mode":"0755"}"#)).expect("written");
        space.apply(&edit(r#"{"op":"touch","path":"a","mtime":5}"#)).expect("set");
        let kept = space.keep("a").expect("there");
        space.nudge("a").expect("edited");
        assert_eq!(space.read("a").expect("there"), b"x\n");
        space.restore(&kept).expect("restored");
        let metadata = space.root().join("a").metadata().expect("there");
        assert_eq!(
            (space.read("a").expect("there"), metadata.mtime(), metadata.mode() & 0o7777),
            (b"x".to_vec(), 5, 0o755)
        );
        assert!(space.nudge("none").is_err());
    }
}
