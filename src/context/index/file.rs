//! The index as bytes: the tree with what is known of each file noted by it (see [`pack`]).
//!
//! A note is `inode, mtime, ctime, flags` and, where the flags say so, the digest that the daemon goes on using;
//! size and mode are the entry's own.

use super::super::tree::pack::{self, Block, Packed};
use super::super::{Digest, Tree};
use super::{Index, Record, Records, Stat};

const RACY: u8 = 1;
const SHIPPED: u8 = 2;

/// Writes the index of a context that holds this tree.
pub(super) fn encode(index: &Index, tree: &Tree, of: &Digest) -> Vec<u8> {
    pack::encode(tree.root(), of, &mut |dir, name, out| index.get(dir, name).is_some_and(|r| put(out, &r)))
}

/// Writes a note, and tells whether the file can be taken for unchanged by its stat alone.
fn put(out: &mut Vec<u8>, record: &Record) -> bool {
    let Stat { inode, mtime, ctime, .. } = record.stat;
    out.extend_from_slice(&inode.to_le_bytes());
    out.extend_from_slice(&mtime.to_le_bytes());
    out.extend_from_slice(&ctime.to_le_bytes());
    let racy = if record.racy { RACY } else { 0 };
    match &record.shipped {
        None => out.push(racy),
        Some(shipped) => {
            out.push(racy | SHIPPED);
            out.extend_from_slice(&shipped.0);
        }
    }
    !record.racy && record.shipped.is_none()
}

/// What is known of a file in a block; none of what is no file, or was not known.
pub(in super::super) fn record(packed: &Packed<'_>) -> Option<Record> {
    let &Packed::File(file, mut note) = packed else { return None };
    let inode = u64::from_le_bytes(take(&mut note)?);
    let (mtime, ctime) = (i64::from_le_bytes(take(&mut note)?), i64::from_le_bytes(take(&mut note)?));
    let [flags] = take(&mut note)?;
    let shipped = if flags & SHIPPED == 0 { None } else { Some(Box::new(Digest(take(&mut note)?))) };
    let stat = Stat { size: file.size, mode: file.mode, inode, mtime, ctime };
    Some(Record { stat, content: file.content, shipped, racy: flags & RACY != 0 })
}

/// What is known of all files in a block.
pub(super) fn records(block: &Block) -> Records {
    block.iter().filter_map(|(name, packed)| Some((name.into(), record(&packed)?))).collect()
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*head)
}
