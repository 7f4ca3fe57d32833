//! What is known of files on disk, so that a file whose stat did not change is not read again.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Digest;
use super::tree::Tree;
use super::tree::pack::{self, Block};

mod file;

pub(super) use file::record;

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
/// context is as good as none. What was kept is looked into directory by directory, when one is asked for.
#[derive(Debug, Clone, Default)]
pub struct Index {
    dirs: HashMap<Box<str>, Known>,
    /// What was kept, until a scan has gone over it.
    kept: Option<Block>,
    /// The rules under which it was made; see [`super::Ignore::digest`].
    pub(super) ignore: Digest,
}

/// What is known of one directory's files.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// They are as they were kept.
    Packed(Block),
    /// Some differ.
    Loose(Records),
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

    /// The same of what the system itself says.
    #[cfg(target_os = "linux")]
    // The types of the fields differ between processors.
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_cast,
        clippy::cast_possible_wrap,
        clippy::allow_attributes
    )]
    pub(super) fn raw(stat: &rustix::fs::Stat) -> Self {
        let nanos = |secs: i64, ns: i64| secs.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            size: stat.st_size as u64,
            mode: stat.st_mode & 0o7777,
            inode: u64::from(stat.st_ino),
            mtime: nanos(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime: nanos(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
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
        let Ok(mut bytes) = fs::read(file_of(folder, root)) else { return Self::default() };
        // The rules come last: whatever they are, only the right ones make the rest readable.
        let Some(ignore) = bytes.last_chunk().copied().map(Digest) else { return Self::default() };
        bytes.truncate(bytes.len() - ignore.0.len());
        match pack::decode(bytes, &made_of(root, &ignore)) {
            Some(kept) => Self { dirs: HashMap::new(), kept: Some(kept), ignore },
            None => Self::default(),
        }
    }

    /// Writes the index of the context at `root`, which holds `tree`, into `folder`, which is made if need be.
    pub fn save(&self, folder: &Path, root: &Path, tree: &Tree) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let mut temp = tempfile::NamedTempFile::new_in(folder)?;
        temp.write_all(&file::encode(self, tree, &made_of(root, &self.ignore)))?;
        temp.write_all(&self.ignore.0)?;
        temp.persist(file_of(folder, root))?;
        Ok(())
    }

    /// How many files it knows.
    pub fn len(&self) -> usize {
        let of_dir = |known: &Known| match known {
            Known::Packed(block) => block.noted(),
            Known::Loose(records) => records.len(),
        };
        self.kept.as_ref().map_or_else(|| self.dirs.values().map(of_dir).sum(), Block::noted_below)
    }

    /// Tells whether it knows no file.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An empty one, to be made under some rules.
    pub(super) fn under(ignore: Digest) -> Self {
        Self { ignore, ..Self::default() }
    }

    /// Takes over directories that it does not know.
    pub(super) fn extend(&mut self, dirs: impl IntoIterator<Item = (Box<str>, Known)>) {
        let holds = |known: &Known| !matches!(known, Known::Loose(records) if records.is_empty());
        self.dirs.extend(dirs.into_iter().filter(|(_, known)| holds(known)));
    }

    /// What was kept of a directory, if nothing in it is known to differ.
    pub(super) fn block(&self, dir: &str) -> Option<Block> {
        match (&self.kept, self.dirs.get(dir)) {
            (Some(kept), _) => kept.below(dir),
            (None, Some(Known::Packed(block))) => Some(block.clone()),
            (None, _) => None,
        }
    }

    pub(super) fn get(&self, dir: &str, name: &str) -> Option<Record> {
        if let Some(kept) = &self.kept {
            return file::record(&kept.below(dir)?.get(name)?);
        }
        match self.dirs.get(dir)? {
            Known::Packed(block) => file::record(&block.get(name)?),
            Known::Loose(records) => find(records, name).ok().map(|i| records[i].1.clone()),
        }
    }

    /// The records of a directory, to be changed.
    fn loose(&mut self, dir: &str) -> &mut Records {
        let known = self.dirs.entry(dir.into()).or_insert_with(|| Known::Loose(Records::new()));
        if let Known::Packed(block) = known {
            *known = Known::Loose(file::records(block));
        }
        match known {
            Known::Loose(records) => records,
            Known::Packed(_) => unreachable!("it was just made loose"),
        }
    }

    pub(super) fn set(&mut self, dir: &str, name: &str, record: Record) {
        let records = self.loose(dir);
        match find(records, name) {
            Ok(i) => records[i].1 = record,
            Err(i) => records.insert(i, (name.into(), record)),
        }
    }

    pub(super) fn remove(&mut self, dir: &str, name: &str) -> bool {
        if self.get(dir, name).is_none() {
            return false;
        }
        let records = self.loose(dir);
        find(records, name).map(|i| records.remove(i)).is_ok()
    }

    /// Takes it that every file has stood long enough to be told from a later one.
    #[cfg(test)]
    pub(super) fn trust(&mut self) {
        for dir in self.dirs.keys().cloned().collect::<Vec<_>>() {
            self.loose(&dir).iter_mut().for_each(|(_, record)| record.racy = false);
        }
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

/// What an index is of: a context, under rules.
fn made_of(root: &Path, ignore: &Digest) -> Digest {
    Digest::of_parts([root_id(root).0.as_slice(), &ignore.0])
}

fn file_of(folder: &Path, root: &Path) -> PathBuf {
    folder.join(format!("context-{}.index", root_id(root).short()))
}

#[cfg(test)]
mod tests {
    use super::super::path;
    use super::super::tree::Entry;
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

    /// Files of a context, and what is known of them.
    fn sample() -> (Tree, Index) {
        let (mut tree, mut index) = (Tree::default(), Index::default());
        let mut add = |dir: &str, name: &str, record: Record| {
            tree.insert(&path::join(dir, name), super::super::scan::entry_of(&record));
            index.set(dir, name, record);
        };
        let hidden = Record {
            shipped: Some(Box::new(Digest::of(b"old"))),
            ..Record::new(stat(3, -4, 5), Digest::of(b"x"), true, None)
        };
        add("", "b", Record::new(stat(1, 2, 3), Digest::of(b"b"), false, None));
        add("", "a", hidden);
        let last = Record::new(stat(u64::MAX / 2, i64::MIN, i64::MAX), Digest::of(b""), false, None);
        add("src/ü", "x y", last);
        tree.insert("link", Entry::symlink("b"));
        tree.insert("unreadable", Entry::file(0o600, b"x"));
        (tree, index)
    }

    #[test]
    fn kept_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (root, other) = (folder.path().join("ctx"), folder.path().join("other"));
        let (tree, mut index) = sample();
        index.ignore = Digest::of(b"rules");
        index.save(folder.path(), &root, &tree).unwrap();
        let mut kept = Index::load(folder.path(), &root);
        assert_eq!((kept.len(), kept.ignore), (index.len(), index.ignore));
        for (dir, name) in
            [("", "a"), ("", "b"), ("src/ü", "x y"), ("", "unreadable"), ("", "src"), ("x", "y")]
        {
            assert_eq!(kept.get(dir, name), index.get(dir, name), "{dir}/{name}");
        }
        assert!(Index::load(folder.path(), &other).is_empty(), "another context's is not taken");

        // As a scan leaves it: by directory, as long as none differs.
        let block = |dir: &str| (Box::from(dir), Known::Packed(kept.block(dir).unwrap()));
        let dirs = [block(""), block("src"), block("src/ü")];
        kept.kept = None;
        kept.extend(dirs);
        assert_eq!(kept.len(), index.len());
        let changed = Record::new(stat(1, 9, 9), Digest::of(b"c"), false, None);
        for index in [&mut kept, &mut index] {
            index.set("", "b", changed.clone());
            assert!(index.remove("src/ü", "x y") && !index.remove("src/ü", "none"));
        }
        for (dir, name) in [("", "a"), ("", "b"), ("src/ü", "x y")] {
            assert_eq!(kept.get(dir, name), index.get(dir, name), "{dir}/{name}");
        }
        assert!(kept.block("").is_none() && kept.block("src").is_some());

        let path = file_of(folder.path(), &root);
        let good = fs::read(&path).unwrap();
        for spoil in 0..good.len() {
            let mut bad = good.clone();
            bad[spoil] ^= 1;
            fs::write(&path, bad).unwrap();
            assert!(Index::load(folder.path(), &root).is_empty(), "byte {spoil}");
        }
        fs::write(&path, b"something else").unwrap();
        assert!(Index::load(folder.path(), &root).is_empty());
    }
}
