//! What is known of files on disk, so that a file whose stat did not change is not read again.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Digest;

mod file;

/// What the file system says of a regular file without reading it. Times are nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Bytes.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Inode number; 0 where there is none.
    pub inode: u64,
    /// Time of the last change of bytes.
    pub mtime: i64,
    /// Time of the last change of anything, which nobody can set; 0 where there is none.
    pub ctime: i64,
}

/// What is known of one regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub stat: Stat,
    /// Digest of what it holds.
    pub content: Digest,
    /// Digest of what the daemon would go on using, where that is not `content`.
    pub shipped: Option<Box<Digest>>,
    /// It changed so shortly before it was read that a further change might not show in its stat.
    pub racy: bool,
}

/// Stats and digests of a context's files, by directory.
///
/// Kept in one file per context in a folder of the caller's, replaced as a whole, so that two processes may
/// share it: the later one wins, and either is right. A file that cannot be read as an index of this very
/// context is as good as none.
#[derive(Debug, Clone, Default)]
pub struct Index {
    dirs: HashMap<Box<str>, Records>,
}

/// The files of one directory, sorted by name.
pub(super) type Records = Vec<(Arc<str>, Record)>;

impl Stat {
    #[cfg(unix)]
    pub(super) fn of(meta: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanos = |secs: i64, ns: i64| secs.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            size: meta.len(),
            mode: meta.mode() & 0o7777,
            inode: meta.ino(),
            mtime: nanos(meta.mtime(), meta.mtime_nsec()),
            ctime: nanos(meta.ctime(), meta.ctime_nsec()),
        }
    }

    /// Windows has no such bits; BuildKit's client makes every file executable there.
    #[cfg(not(unix))]
    pub(super) fn of(meta: &Metadata) -> Self {
        let mtime = meta.modified().map_or(0, nanos);
        Self { size: meta.len(), mode: 0o755, inode: 0, mtime, ctime: 0 }
    }

    /// Tells whether a change right after this stat, taken `now`, might leave the stat as it is: clocks of
    /// file systems tick coarsely, some once in two seconds.
    pub(super) fn is_racy(&self, now: SystemTime) -> bool {
        let changed = if self.ctime == 0 { self.mtime } else { self.ctime };
        let tick =
            if changed % 1_000_000_000 == 0 { Duration::from_secs(2) } else { Duration::from_millis(50) };
        changed.saturating_add(tick.as_nanos() as i64) >= nanos(now)
    }
}

fn nanos(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
}

impl Record {
    /// Records a file that was read, given what was known of it.
    ///
    /// The daemon compares size, mode and modification time with what it has, and keeps the old bytes where
    /// none of them changed (`meta-same-mtime-size`). That a new change was hidden so shows in the change
    /// time; where that did not move either, it is the race that [`Stat::is_racy`] guards against.
    pub fn new(stat: Stat, content: Digest, racy: bool, before: Option<&Self>) -> Self {
        let unseen = |b: &&Self| {
            let shown = |s: &Stat| (s.size, s.mode, s.mtime);
            shown(&b.stat) == shown(&stat) && (b.stat.ctime != stat.ctime || b.content == content)
        };
        let shipped = before.filter(unseen).map(|b| b.shipped.as_deref().copied().unwrap_or(b.content));
        Self { stat, content, shipped: shipped.filter(|s| *s != content).map(Box::new), racy }
    }

    /// Tells whether a file of this stat need not be read.
    pub fn holds(&self, stat: &Stat) -> bool {
        self.stat == *stat && !self.racy
    }
}

impl Index {
    /// Reads the index of the context at `root` kept in `folder`; an empty one where there is none.
    pub fn load(folder: &Path, root: &Path) -> Self {
        let read = fs::read(file_of(folder, root)).ok();
        read.and_then(|bytes| file::decode(&bytes, &root_id(root))).unwrap_or_default()
    }

    /// Writes the index of the context at `root` into `folder`, which is made if need be.
    pub fn save(&self, folder: &Path, root: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut temp = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut temp, &file::encode(self, &root_id(root)))?;
        temp.persist(file_of(folder, root))?;
        Ok(())
    }

    /// How many files it knows.
    pub fn len(&self) -> usize {
        self.dirs.values().map(Vec::len).sum()
    }

    /// Tells whether it knows no file.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn from_dirs(dirs: impl IntoIterator<Item = (Box<str>, Records)>) -> Self {
        let mut index = Self::default();
        index.extend(dirs);
        index
    }

    pub(super) fn dirs(&self) -> impl Iterator<Item = (&str, &Records)> {
        self.dirs.iter().map(|(dir, records)| (&**dir, records))
    }

    /// Takes over directories that it does not know.
    pub(super) fn extend(&mut self, dirs: impl IntoIterator<Item = (Box<str>, Records)>) {
        self.dirs.extend(dirs.into_iter().filter(|(_, records)| !records.is_empty()));
    }

    pub(super) fn get(&self, dir: &str, name: &str) -> Option<&Record> {
        let records = self.dirs.get(dir)?;
        find(records, name).ok().map(|i| &records[i].1)
    }

    pub(super) fn set(&mut self, dir: &str, name: &str, record: Record) {
        let records = self.dirs.entry(dir.into()).or_default();
        match find(records, name) {
            Ok(i) => records[i].1 = record,
            Err(i) => records.insert(i, (name.into(), record)),
        }
    }

    pub(super) fn remove(&mut self, dir: &str, name: &str) -> bool {
        let Some(records) = self.dirs.get_mut(dir) else { return false };
        find(records, name).map(|i| records.remove(i)).is_ok()
    }

    pub(super) fn remove_dir(&mut self, dir: &str) -> bool {
        self.dirs.remove(dir).is_some()
    }
}

fn find(records: &Records, name: &str) -> Result<usize, usize> {
    records.binary_search_by(|(n, _)| (**n).cmp(name))
}

/// Tells contexts apart by where they are.
fn root_id(root: &Path) -> Digest {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    Digest::of(root.as_os_str().as_encoded_bytes())
}

fn file_of(folder: &Path, root: &Path) -> PathBuf {
    folder.join(format!("context-{}.index", root_id(root).short()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(size: u64, mtime: i64, ctime: i64) -> Stat {
        Stat { size, mode: 0o644, inode: 1, mtime, ctime }
    }

    #[test]
    fn what_the_daemon_does_not_see() {
        let (a, b, c) = (Digest::of(b"a"), Digest::of(b"b"), Digest::of(b"c"));
        let first = Record::new(stat(1, 5, 5), a, false, None);
        assert_eq!(first.shipped, None);
        let hidden = Record::new(stat(1, 5, 9), b, false, Some(&first));
        assert_eq!(hidden.shipped.as_deref(), Some(&a));
        assert_eq!(Record::new(hidden.stat, b, false, Some(&hidden)), hidden, "read once more");
        let hidden_again = Record::new(stat(1, 5, 11), c, false, Some(&hidden));
        assert_eq!(hidden_again.shipped.as_deref(), Some(&a));
        assert_eq!(Record::new(stat(1, 5, 12), a, false, Some(&hidden)).shipped, None, "back to what it has");
        for seen in [stat(2, 5, 9), stat(1, 6, 9), Stat { mode: 0o755, ..stat(1, 5, 9) }, stat(1, 5, 5)] {
            assert_eq!(Record::new(seen, b, false, Some(&first)).shipped, None, "{seen:?}");
        }
    }

    #[test]
    fn a_fresh_change_is_not_trusted() {
        let now = UNIX_EPOCH + Duration::new(100, 500);
        let at = |secs: i64, ns: i64| stat(1, 0, secs * 1_000_000_000 + ns);
        assert!(at(100, 0).is_racy(now) && at(99, 960_000_000).is_racy(now) && at(200, 1).is_racy(now));
        assert!(!at(99, 940_000_000).is_racy(now));
        assert!(at(99, 0).is_racy(now), "whole seconds hint at a coarse clock");
        assert!(!at(97, 0).is_racy(now));
        let record = |racy| Record::new(at(1, 1), Digest::default(), racy, None);
        assert!(
            record(false).holds(&at(1, 1))
                && !record(true).holds(&at(1, 1))
                && !record(false).holds(&at(1, 2))
        );
    }

    fn sample() -> Index {
        let mut index = Index::default();
        let hidden = Record {
            shipped: Some(Box::new(Digest::of(b"old"))),
            ..Record::new(stat(3, -4, 5), Digest::of(b"x"), true, None)
        };
        index.set("", "b", Record::new(stat(1, 2, 3), Digest::of(b"b"), false, None));
        index.set("", "a", hidden);
        index.set(
            "src/ü",
            "x y",
            Record::new(stat(u64::MAX, i64::MIN, i64::MAX), Digest::of(b""), false, None),
        );
        index
    }

    #[test]
    fn kept_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (root, other) = (folder.path().join("ctx"), folder.path().join("other"));
        let index = sample();
        index.save(folder.path(), &root).unwrap();
        assert_eq!(Index::load(folder.path(), &root).dirs, index.dirs);
        assert!(Index::load(folder.path(), &other).is_empty(), "another context's is not taken");

        let path = file_of(folder.path(), &root);
        let good = fs::read(&path).unwrap();
        for spoil in 0..good.len() {
            let mut bad = good.clone();
            bad[spoil] ^= 1;
            assert!(file::decode(&bad, &root_id(&root)).is_none(), "byte {spoil}");
            assert!(file::decode(&good[..spoil], &root_id(&root)).is_none(), "cut at {spoil}");
        }
        fs::write(&path, b"something else").unwrap();
        assert!(Index::load(folder.path(), &root).is_empty());
    }
}
