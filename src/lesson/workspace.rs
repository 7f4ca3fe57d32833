//! The learner's files on disk: the lessons' one door to the file system besides the progress file.
//!
//! All lessons live below one folder that is layerlab's: one that it made, or an empty one that it was given. In
//! it, nothing outside a lesson's own folder is written, links are never followed, and what the learner changed
//! is put aside rather than overwritten.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};

use super::project::{Body, Project, ProjectFile, check_path};
use crate::context::Digest;

/// Name of the folder that says "this is layerlab's", and that keeps what was put aside.
const OURS: &str = ".layerlab";

/// The folder that holds the learner's lessons.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Opens the folder, and makes it where it is not there.
    ///
    /// # Errors
    /// A folder that holds other things than lessons, or that cannot be written.
    pub fn open(root: &Path) -> anyhow::Result<Self> {
        let root = std::path::absolute(root)?;
        let marker = root.join(OURS);
        if !is_dir(&marker) {
            if root.read_dir().is_ok_and(|mut d| d.next().is_some()) {
                bail!(
                    "{} holds other files already; name an empty or a new folder for the lessons (--in DIR)",
                    root.display()
                );
            }
            std::fs::create_dir_all(&marker).with_context(|| {
                format!(
                    "cannot make the folder {} for the lessons; name another one with --in DIR",
                    root.display()
                )
            })?;
        }
        Ok(Self { root })
    }

    /// Where a lesson's files are.
    pub fn dir(&self, lesson: &str) -> PathBuf {
        self.root.join(lesson)
    }

    /// Tells whether a lesson's folder is there.
    pub fn has(&self, lesson: &str) -> bool {
        is_dir(&self.dir(lesson))
    }

    /// Reads a lesson's files as they are now.
    pub fn read(&self, lesson: &str) -> anyhow::Result<Project> {
        read_project(&self.dir(lesson))
    }

    /// Puts the files of a step in place; what stood there and is in nobody's lesson is put aside.
    ///
    /// Yields where that is. `known` are states that need not be kept: the lesson can make them again.
    pub fn set_up(
        &self,
        lesson: &str,
        files: &Project,
        known: &[Project],
    ) -> anyhow::Result<Option<PathBuf>> {
        let dir = self.dir(lesson);
        let mut kept = None;
        if is_dir(&dir) {
            let now = read_project(&dir).ok();
            if now.as_ref() == Some(files) {
                return Ok(None);
            }
            if now.as_ref().is_some_and(|n| n.iter().next().is_none() || known.contains(n)) {
                empty(&dir)?;
            } else {
                kept = Some(self.put_aside(lesson, &dir)?);
            }
        } else if dir.symlink_metadata().is_ok() {
            bail!("{} is no folder; move it away", dir.display());
        } else {
            std::fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        for (path, file) in files.iter() {
            write_file(&dir, path, file)
                .with_context(|| format!("cannot write {path} in {}", dir.display()))?;
        }
        Ok(kept)
    }

    fn put_aside(&self, lesson: &str, dir: &Path) -> anyhow::Result<PathBuf> {
        let kept = self.root.join(OURS).join("kept");
        std::fs::create_dir_all(&kept)?;
        let to = (1..10_000)
            .map(|n| kept.join(format!("{lesson}-{n}")))
            .find(|p| p.symlink_metadata().is_err())
            .context("too many versions are kept already")?;
        std::fs::create_dir(&to)?;
        // The folder itself stays, so that a shell or an editor in it goes on working.
        for entry in dir.read_dir()? {
            let entry = entry?;
            std::fs::rename(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(to)
    }
}

/// Bytes up to which a file is held as text.
const TEXT_LIMIT: u64 = 256 << 10;

/// Reads the files below a folder; links are taken as links.
pub fn read_project(dir: &Path) -> anyhow::Result<Project> {
    let mut project = Project::default();
    let mut count = 0;
    read_dir(dir, "", &mut project, &mut count)?;
    Ok(project)
}

fn read_dir(dir: &Path, at: &str, project: &mut Project, count: &mut usize) -> anyhow::Result<()> {
    let listing = dir.read_dir().with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in listing {
        let entry = entry?;
        *count += 1;
        if *count > 20_000 {
            bail!("{} holds more than 20,000 files, too many for a lesson", dir.display());
        }
        let name = crate::context::path::name_of(&entry.file_name()).into_owned();
        let path = crate::context::path::join(at, &name);
        // A file that goes away while its folder is read is gone.
        let Ok(meta) = entry.path().symlink_metadata() else { continue };
        if meta.is_dir() {
            read_dir(&entry.path(), &path, project, count)?;
        } else if meta.is_symlink() {
            let target = std::fs::read_link(entry.path())?;
            project.insert(
                &path,
                ProjectFile { mode: 0o777, body: Body::Link(target.to_string_lossy().into()) },
            );
        } else if meta.is_file()
            && let Ok(body) = read_body(&entry.path(), meta.len())
        {
            project.insert(&path, ProjectFile { mode: mode_of(&meta), body });
        }
    }
    Ok(())
}

fn read_body(path: &Path, size: u64) -> io::Result<Body> {
    if size <= TEXT_LIMIT {
        let bytes = std::fs::read(path)?;
        return Ok(match String::from_utf8(bytes) {
            Ok(text) if text.is_empty() || text.bytes().any(|b| b != 0) => Body::Text(text.into()),
            Ok(zeros) => Body::Zeros(zeros.len() as u64),
            Err(e) => Body::Known(size, Digest::of(e.as_bytes())),
        });
    }
    let mut file = std::fs::File::open(path)?;
    let (mut hash, mut buffer, mut zeros, mut total) = (blake3::Hasher::new(), vec![0; 1 << 16], true, 0u64);
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        total += n as u64;
        zeros &= buffer[..n].iter().all(|b| *b == 0);
        hash.update(&buffer[..n]);
    }
    Ok(if zeros { Body::Zeros(total) } else { Body::Known(total, hash.finalize().into()) })
}

#[cfg(unix)]
fn mode_of(meta: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode_of(_: &std::fs::Metadata) -> u32 {
    // What Docker's client sends from Windows.
    0o755
}

fn is_dir(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|m| m.is_dir())
}

fn empty(dir: &Path) -> io::Result<()> {
    for entry in dir.read_dir()? {
        let entry = entry?;
        if is_dir(&entry.path()) {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Writes one file of a lesson; every folder on the way has to be a real one.
fn write_file(dir: &Path, path: &str, file: &ProjectFile) -> anyhow::Result<()> {
    // Checked when the lesson was read; the door checks once more.
    let path = check_path(path)?;
    let mut at = dir.to_path_buf();
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        at.push(part);
        if parts.peek().is_some() {
            match at.symlink_metadata() {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => bail!("{} is no folder", at.display()),
                Err(_) => std::fs::create_dir(&at)?,
            }
        }
    }
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).open(&at)?;
    match &file.body {
        Body::Text(text) => out.write_all(text.as_bytes())?,
        Body::Zeros(size) => out.set_len(*size)?,
        Body::Known(..) | Body::Link(_) => bail!("only text and weight are written"),
    }
    set_mode(&at, file.mode)?;
    Ok(())
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// The folder that lessons use where none is named: the user's state folder.
pub fn default_root() -> Option<PathBuf> {
    state_dir().map(|d| d.join("learn"))
}

/// layerlab's own folder for what it remembers.
pub fn state_dir() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.state_dir().unwrap_or_else(|| base.data_dir()).join("layerlab"))
}

/// Makes a value of the project `learn` is run on: the learner's own folder, which is only read.
///
/// Its big files are known by digest, its texts as far as builds need them.
pub fn own_project(dir: &Path, dockerfile: &str) -> anyhow::Result<Project> {
    use crate::context::{Entry, Ignore, Index, Scan, find_ignore};
    let file = dir.join(dockerfile);
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let ignored = find_ignore(dir, &file)?;
    let ignore = ignored.as_ref().map_or_else(|| Ok(Ignore::default()), |(_, t)| Ignore::parse(t))?;
    let scan = Scan::new(dir, ignore, Index::default())?;
    let mut project = Project::default();
    for (path, entry) in scan.tree() {
        match entry {
            Entry::File(f) => {
                project.insert(&path, ProjectFile { mode: f.mode, body: Body::Known(f.size, f.content) });
            }
            Entry::Symlink(to) => {
                project.insert(&path, ProjectFile { mode: 0o777, body: Body::Link(to.clone()) });
            }
            _ => {}
        }
    }
    project.set_dockerfile(dockerfile);
    let mode = project.get(dockerfile).map_or(0o644, |f| f.mode);
    project.insert(dockerfile, ProjectFile { mode, body: Body::Text(text.into()) });
    if let Some((path, text)) = ignored {
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let at = if name == ".dockerignore" { name } else { format!("{dockerfile}.dockerignore") };
        project.insert(&at, ProjectFile { mode: 0o644, body: Body::Text(Arc::from(text)) });
    }
    Ok(project)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(pairs: &[(&str, &str)]) -> Project {
        let mut p = Project::default();
        for (path, text) in pairs {
            p.insert(path, ProjectFile::text(*text));
        }
        p
    }

    #[test]
    fn a_folder_of_others_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("thesis.tex"), "x").unwrap();
        let error = Workspace::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("holds other files"), "{error}");
        assert_eq!(dir.path().read_dir().unwrap().count(), 1, "nothing is written there");
    }

    #[test]
    fn what_the_learner_changed_is_put_aside_and_what_the_lesson_can_make_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let w = Workspace::open(&dir.path().join("w")).unwrap();
        let (a, b) = (project(&[("Dockerfile", "a"), ("src/x", "1")]), project(&[("Dockerfile", "b")]));
        assert_eq!(w.set_up("01-x", &a, &[]).unwrap(), None);
        assert_eq!(w.read("01-x").unwrap(), a);
        assert_eq!(
            w.set_up("01-x", &b, std::slice::from_ref(&a)).unwrap(),
            None,
            "the lesson can make a again"
        );
        assert_eq!(w.read("01-x").unwrap(), b);
        std::fs::write(w.dir("01-x").join("mine.txt"), "mine").unwrap();
        let kept = w.set_up("01-x", &a, &[a.clone(), b]).unwrap().unwrap();
        assert_eq!(std::fs::read_to_string(kept.join("mine.txt")).unwrap(), "mine");
        assert_eq!(w.read("01-x").unwrap(), a);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_workspace_leads_nothing_outside() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("x"), "theirs").unwrap();
        let w = Workspace::open(&dir.path().join("w")).unwrap();
        std::fs::create_dir(w.dir("01-x")).unwrap();
        std::os::unix::fs::symlink(&outside, w.dir("01-x").join("src")).unwrap();
        w.set_up("01-x", &project(&[("src/x", "ours")]), &[]).unwrap();
        assert_eq!(std::fs::read_to_string(outside.join("x")).unwrap(), "theirs");
        assert_eq!(std::fs::read_to_string(w.dir("01-x").join("src/x")).unwrap(), "ours");
        // The lesson's folder itself may not be a link either.
        std::os::unix::fs::symlink(&outside, w.dir("02-y")).unwrap();
        assert!(w.set_up("02-y", &project(&[("a", "b")]), &[]).is_err());
    }

    #[test]
    fn weight_is_weight_again_when_read() {
        let dir = tempfile::tempdir().unwrap();
        let w = Workspace::open(&dir.path().join("w")).unwrap();
        let mut p = project(&[("Dockerfile", "x")]);
        p.insert("big", ProjectFile { mode: 0o644, body: Body::Zeros(1 << 20) });
        p.insert("small", ProjectFile { mode: 0o755, body: Body::Zeros(10) });
        w.set_up("01-x", &p, &[]).unwrap();
        assert_eq!(w.read("01-x").unwrap(), p);
    }
}
