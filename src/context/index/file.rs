//! The index as bytes.
//!
//! `magic, root, digest of the body, body`; the body holds directories one after the other: `path, length of
//! what follows, records`, so that directories can be read in parallel. Numbers are little-endian, text is
//! preceded by its length in 32 bits.

use rayon::prelude::*;

use super::{Digest, Index, Record, Records, Stat};

/// Changes whenever the layout does.
const MAGIC: &[u8; 16] = b"layerlab index 1";

pub(super) fn encode(index: &Index, root: &Digest) -> Vec<u8> {
    let mut body = Vec::new();
    for (dir, records) in index.dirs() {
        put_text(&mut body, dir);
        let at = body.len();
        body.extend_from_slice(&[0; 4]);
        for (name, record) in records {
            put_record(&mut body, name, record);
        }
        let len = (body.len() - at - 4) as u32;
        body[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }
    [MAGIC.as_slice(), &root.0, &Digest::of(&body).0, &body].concat()
}

/// Reads what [`encode`] wrote for this root; none of anything else.
pub(super) fn decode(bytes: &[u8], root: &Digest) -> Option<Index> {
    let rest = bytes.strip_prefix(MAGIC)?.strip_prefix(&root.0)?;
    let (digest, mut body) = rest.split_at_checked(32)?;
    if Digest::of(body).0 != digest {
        return None;
    }
    let mut blocks = Vec::new();
    while !body.is_empty() {
        let dir = take_text(&mut body)?;
        blocks.push((dir, take_block(&mut body)?));
    }
    let dirs: Option<Vec<(Box<str>, Records)>> =
        blocks.into_par_iter().map(|(dir, block)| Some((dir.into(), records(block)?))).collect();
    Some(Index::from_dirs(dirs?))
}

fn records(mut block: &[u8]) -> Option<Records> {
    let mut records = Vec::new();
    while !block.is_empty() {
        let name = take_text(&mut block)?;
        records.push((name.into(), take_record(&mut block)?));
    }
    Some(records)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn put_record(out: &mut Vec<u8>, name: &str, record: &Record) {
    put_text(out, name);
    let Stat { size, mode, inode, mtime, ctime } = record.stat;
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&mode.to_le_bytes());
    out.extend_from_slice(&inode.to_le_bytes());
    out.extend_from_slice(&mtime.to_le_bytes());
    out.extend_from_slice(&ctime.to_le_bytes());
    out.extend_from_slice(&record.content.0);
    out.push(u8::from(record.racy) | u8::from(record.shipped.is_some()) << 1);
    if let Some(shipped) = &record.shipped {
        out.extend_from_slice(&shipped.0);
    }
}

fn take_record(from: &mut &[u8]) -> Option<Record> {
    let stat = Stat {
        size: u64::from_le_bytes(take(from)?),
        mode: u32::from_le_bytes(take(from)?),
        inode: u64::from_le_bytes(take(from)?),
        mtime: i64::from_le_bytes(take(from)?),
        ctime: i64::from_le_bytes(take(from)?),
    };
    let content = Digest(take(from)?);
    let [flags] = take(from)?;
    let shipped = if flags & 2 == 0 { None } else { Some(Box::new(Digest(take(from)?))) };
    Some(Record { stat, content, shipped, racy: flags & 1 != 0 })
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*head)
}

fn take_block<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u32::from_le_bytes(take(from)?) as usize;
    let (head, rest) = from.split_at_checked(len)?;
    *from = rest;
    Some(head)
}

fn take_text<'a>(from: &mut &'a [u8]) -> Option<&'a str> {
    std::str::from_utf8(take_block(from)?).ok()
}
