//! A directory with all below it: listed, its changed files read, put together as a value.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::super::Digest;
use super::super::ignore::Ignore;
use super::super::index::{Index, Known, Record, Records, Stat};
use super::super::path;
use super::super::tree::pack::{Block, Packed};
use super::super::tree::{Dir, Entry, File};
use super::walk::{self, Item, Listed, Pending, What};
use super::{ScanStats, Warning, is_gone, read};

/// What was found.
pub(super) struct Gathered {
    pub dir: Arc<Dir>,
    pub records: Vec<(Box<str>, Known)>,
    pub left_out: Vec<(String, bool)>,
    pub warnings: Vec<Warning>,
    /// Directories that were listed, with their identities.
    pub dirs: Vec<(String, u64)>,
    /// Symbolic links.
    pub links: Vec<String>,
    pub stats: ScanStats,
    /// Directories that are not what the index has of them, where that could have been seen.
    pub differ: usize,
}

/// How one file came out.
pub(super) enum Settled {
    /// Its stat was known.
    Known(Record),
    Read(Record),
    Unreadable(Warning),
    Gone(Warning),
}

/// Reads a file unless its stat is known. Its path on disk is not even put together where it is.
pub(super) fn settle(
    disk: impl FnOnce() -> PathBuf,
    dir: &str,
    name: &str,
    stat: &Stat,
    index: &Index,
) -> Settled {
    let known = index.get(dir, name);
    if known.as_ref().is_some_and(|r| r.holds(stat))
        && let Some(record) = known
    {
        return Settled::Known(record);
    }
    match read::record(&disk(), known.as_ref()) {
        Ok(record) => Settled::Read(record),
        Err(e) if is_gone(&e) => Settled::Gone(Warning::of(&path::join(dir, name), &e)),
        Err(e) => Settled::Unreadable(Warning::of(&path::join(dir, name), &e)),
    }
}

/// The entry of a file that cannot be read: by its header, as the daemon would see it.
pub(super) fn stand_in(stat: &Stat) -> Entry {
    Entry::File(File { mode: stat.mode, size: stat.size, content: Digest::of(b"unreadable") })
}

/// The entry of a file that was read.
pub(in super::super) fn entry_of(record: &Record) -> Entry {
    Entry::File(File { mode: record.stat.mode, size: record.stat.size, content: record.content })
}

/// Gathers a directory and all below it.
pub(super) fn gather(ignore: &Ignore, start: Pending, index: &Index) -> Gathered {
    let at = start.path.clone();
    let mut listed = walk::walk(ignore, vec![start], index);
    let settled = settle_all(&listed, index);
    let mut gathered = Gathered {
        dir: Arc::default(),
        records: Vec::new(),
        left_out: Vec::new(),
        warnings: Vec::new(),
        dirs: Vec::new(),
        links: Vec::new(),
        stats: ScanStats::default(),
        differ: 0,
    };
    for l in &mut listed {
        gathered.left_out.append(&mut l.left_out);
        gathered.warnings.append(&mut l.warnings);
        gathered.links.append(&mut l.links);
        gathered.dirs.push((l.dir.path.clone(), l.dir.identity));
        gathered.differ += usize::from(l.differs);
    }
    let mut made: HashMap<String, Arc<Dir>> = HashMap::new();
    let mut fresh = Vec::new();
    // A directory comes before what it holds, so from the end it finds what it holds made.
    for (listed, settled) in listed.into_iter().zip(settled).rev() {
        let Listed { dir: pending, items, same, .. } = listed;
        let mut builder = Builder { made: &mut made, gathered: &mut gathered, records: Vec::new() };
        let (dir, known) = match same {
            Some(block) => (builder.same(&pending, items, &block), Known::Packed(block)),
            None => {
                let entries = builder.entries(items, &pending.path, settled);
                let mut records = builder.records;
                records.sort_by(|a, b| a.0.cmp(&b.0));
                (Arc::new(Dir::new(pending.mode, entries)), Known::Loose(records))
            }
        };
        gathered.records.push((pending.path.as_str().into(), known));
        // An ignored directory is there only for what is brought back in it.
        if !(pending.ignored && dir.is_empty()) {
            if dir.block().is_none() {
                fresh.push(Arc::clone(&dir));
            }
            made.insert(pending.path, dir);
        }
    }
    gathered.dir = made.remove(&at).unwrap_or_default();
    // Digests are kept where they belong, so that the threads can compute them ahead.
    fresh.par_iter().for_each(|dir| {
        dir.digest();
    });
    gathered
}

/// Settles all files of all directories, in the order of their items.
fn settle_all(listed: &[Listed], index: &Index) -> Vec<Vec<Settled>> {
    let of_item = |l: &Listed, item: &Item| match &item.what {
        What::File(stat) => Some(settle(|| item.disk(&l.dir.disk), &l.dir.path, &item.name, stat, index)),
        _ => None,
    };
    let of_dir =
        |l: &Listed| l.items.par_iter().with_min_len(64).filter_map(|item| of_item(l, item)).collect();
    listed.par_iter().map(of_dir).collect()
}

/// Makes the entries of one directory.
struct Builder<'a> {
    made: &'a mut HashMap<String, Arc<Dir>>,
    gathered: &'a mut Gathered,
    records: Records,
}

impl Builder<'_> {
    /// A directory whose own entries are those of a block: the block's, if all below are too.
    fn same(&mut self, pending: &Pending, items: Vec<Item>, block: &Block) -> Arc<Dir> {
        self.gathered.stats.known += block.noted();
        let mut below = Vec::with_capacity(items.len());
        let mut same = block.mode() == pending.mode;
        for item in items {
            let What::Dir(pending) = item.what else { continue };
            let made = self.made.remove(&pending.path);
            let was = match block.get(&item.name) {
                Some(Packed::Dir(was)) => Some(was),
                _ => None,
            };
            same &= match (&made, &was) {
                (Some(dir), Some(was)) => dir.block().is_some_and(|b| b.is(was)),
                (None, None) => true,
                _ => false,
            };
            below.extend(made.map(|dir| (item.name, Entry::Dir(dir))));
        }
        if same {
            return Arc::new(block.clone().into());
        }
        let own = block.iter().filter(|(_, packed)| !matches!(packed, Packed::Dir(_)));
        let own = own.map(|(name, packed)| (Arc::from(name), packed.into()));
        Arc::new(Dir::new(pending.mode, own.chain(below).collect::<Vec<_>>()))
    }

    fn entries(&mut self, items: Vec<Item>, dir: &str, settled: Vec<Settled>) -> Vec<(Arc<str>, Entry)> {
        let mut settled = settled.into_iter();
        let mut entries = Vec::with_capacity(items.len());
        for item in items {
            let entry = match item.what {
                What::File(stat) => settled.next().and_then(|s| self.file(&item.name, &stat, s)),
                What::Link(target) => {
                    self.gathered.links.push(path::join(dir, &item.name));
                    Some(Entry::Symlink(target))
                }
                What::Special(special) => Some(Entry::Special(special)),
                What::Socket(mode) => Some(Entry::file(mode, b"")),
                What::Dir(pending) => self.made.remove(&pending.path).map(Entry::Dir),
            };
            entries.extend(entry.map(|entry| (item.name, entry)));
        }
        entries
    }

    fn file(&mut self, name: &Arc<str>, stat: &Stat, settled: Settled) -> Option<Entry> {
        let stats = &mut self.gathered.stats;
        let record = match settled {
            Settled::Known(record) => {
                stats.known += 1;
                record
            }
            Settled::Read(record) => {
                stats.read += 1;
                stats.read_bytes += record.stat.size;
                record
            }
            Settled::Unreadable(warning) => {
                self.gathered.warnings.push(warning);
                return Some(stand_in(stat));
            }
            Settled::Gone(warning) => {
                self.gathered.warnings.push(warning);
                return None;
            }
        };
        let entry = entry_of(&record);
        self.records.push((Arc::clone(name), record));
        Some(entry)
    }
}
