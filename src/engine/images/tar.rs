//! Reads a tar as a list of paths, without unpacking it.
//!
//! As much of the format as image exports use: ustar, PAX records, GNU long names.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::listing::{Listing, Node, NodeKind};
use crate::context::Digest;

const BLOCK: usize = 512;

/// What PAX and GNU headers say of the entry that follows them.
#[derive(Default)]
struct Ahead {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    attributes: BTreeMap<String, Digest>,
}

/// Reads a tar to its end.
///
/// # Errors
/// What the reader fails with; `InvalidData` where it is no tar or ends in the middle of an entry.
pub(super) fn read(mut from: impl Read) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let mut ahead = Ahead::default();
    while let Some(header) = block(&mut from)? {
        if header.iter().all(|b| *b == 0) {
            // The end is two empty blocks; what stands after them is filling.
            io::copy(&mut from, &mut io::sink())?;
            break;
        }
        check_sum(&header)?;
        let kind = header[156];
        let size = match kind {
            b'1'..=b'6' => 0,
            _ => ahead.size.unwrap_or(number(&header[124..136])?),
        };
        match kind {
            b'x' => take_records(&bytes(&mut from, size)?, &mut ahead),
            b'g' => drop(bytes(&mut from, size)?),
            b'L' => ahead.path = Some(text(&bytes(&mut from, size)?)),
            b'K' => ahead.link = Some(text(&bytes(&mut from, size)?)),
            _ => entry(&mut from, &header, size, std::mem::take(&mut ahead), &mut listing)?,
        }
    }
    Ok(listing)
}

fn entry(
    from: &mut impl Read,
    header: &[u8; BLOCK],
    size: u64,
    ahead: Ahead,
    listing: &mut Listing,
) -> io::Result<()> {
    let path = clean(&ahead.path.unwrap_or_else(|| name(header)));
    let link = ahead.link.unwrap_or_else(|| text(&header[157..257]));
    let device = |kind| -> io::Result<NodeKind> {
        Ok(NodeKind::Device { kind, major: number(&header[329..337])?, minor: number(&header[337..345])? })
    };
    let kind = match header[156] {
        b'1' => {
            // A further name of a file that came before.
            if let Some(node) = listing.get(&clean(&link)).cloned() {
                listing.insert(path, node);
            }
            return Ok(());
        }
        b'2' => NodeKind::Symlink { target: link },
        b'3' => device('c')?,
        b'4' => device('b')?,
        b'5' => NodeKind::Directory,
        b'6' => NodeKind::Fifo,
        _ => NodeKind::File { bytes: size, content: content(from, size)? },
    };
    let node = Node {
        kind,
        mode: number(&header[100..108])? as u32 & 0o7777,
        uid: ahead.uid.map_or_else(|| number(&header[108..116]), Ok)?,
        gid: ahead.gid.map_or_else(|| number(&header[116..124]), Ok)?,
        attributes: ahead.attributes,
    };
    if !path.is_empty() {
        listing.insert(path, node);
    }
    Ok(())
}

/// Reads one block; none at the end of the input.
fn block(from: &mut impl Read) -> io::Result<Option<[u8; BLOCK]>> {
    let mut block = [0; BLOCK];
    let mut filled = 0;
    while filled < BLOCK {
        match from.read(&mut block[filled..])? {
            0 if filled == 0 => return Ok(None),
            0 => return Err(invalid("a tar ends in the middle of a block")),
            n => filled += n,
        }
    }
    Ok(Some(block))
}

/// Reads the data of a header entry with its filling.
fn bytes(from: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    // A header that claims more than this is no header.
    if size > 16 << 20 {
        return Err(invalid("a header of a tar is too long"));
    }
    let mut data = vec![0; size.next_multiple_of(BLOCK as u64) as usize];
    from.read_exact(&mut data)?;
    data.truncate(size as usize);
    Ok(data)
}

/// Digests the data of a file and skips its filling.
fn content(from: &mut impl Read, size: u64) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    if io::copy(&mut from.by_ref().take(size), &mut hasher)? != size {
        return Err(invalid("a tar ends in the middle of a file"));
    }
    let filling = size.next_multiple_of(BLOCK as u64) - size;
    if io::copy(&mut from.by_ref().take(filling), &mut io::sink())? != filling {
        return Err(invalid("a tar ends in the middle of a file"));
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}

/// Takes in PAX records: `length key=value\n`, one after the other.
fn take_records(mut data: &[u8], ahead: &mut Ahead) {
    while let Some(space) = data.iter().position(|b| *b == b' ') {
        let length = std::str::from_utf8(&data[..space]).ok().and_then(|l| l.parse::<usize>().ok());
        let Some(length) = length.filter(|l| *l > space + 1 && *l <= data.len()) else { return };
        let record = &data[space + 1..length - 1];
        data = &data[length..];
        let Some(equals) = record.iter().position(|b| *b == b'=') else { continue };
        let (key, value) = (text(&record[..equals]), &record[equals + 1..]);
        let as_number = || text(value).parse().ok();
        match key.as_str() {
            "path" => ahead.path = Some(text(value)),
            "linkpath" => ahead.link = Some(text(value)),
            "size" => ahead.size = as_number(),
            "uid" => ahead.uid = as_number(),
            "gid" => ahead.gid = as_number(),
            _ => {
                if let Some(name) = key.strip_prefix("SCHILY.xattr.") {
                    ahead.attributes.insert(name.to_owned(), Digest::of(value));
                }
            }
        }
    }
}

/// The name of a header, with ustar's prefix.
fn name(header: &[u8; BLOCK]) -> String {
    let name = text(&header[..100]);
    let prefix = if &header[257..262] == b"ustar" { text(&header[345..500]) } else { String::new() };
    // GNU's own form keeps other things where ustar has the prefix.
    if prefix.is_empty() || &header[257..265] == b"ustar  \0" { name } else { format!("{prefix}/{name}") }
}

/// Text up to the first zero byte.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// A number in octal digits, or in GNU's binary form.
fn number(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        return Ok(field[1..].iter().fold(u64::from(field[0] & 0x7f), |n, b| (n << 8) | u64::from(*b)));
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| invalid("a number in a tar header is no number"))
}

/// The sum of the header's bytes, its own field counted as blanks.
fn check_sum(header: &[u8; BLOCK]) -> io::Result<()> {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(i, b)| u64::from(if (148..156).contains(&i) { b' ' } else { *b }))
        .sum();
    if number(&header[148..156])? == sum { Ok(()) } else { Err(invalid("this is no tar")) }
}

/// A path without `./`, `/` in front and behind.
fn clean(path: &str) -> String {
    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}
