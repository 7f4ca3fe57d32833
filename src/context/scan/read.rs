//! Reading one file for its digest, without ever hanging on what only looks like a file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::time::SystemTime;

use super::super::Digest;
use super::super::index::{Record, Stat};

/// Files from this size on are hashed by several threads.
const LARGE: u64 = 1 << 20;

/// Reads a regular file and records it, given what was known of it.
///
/// Memory maps would be a little faster on large files, but a file that shrinks under a map kills the process.
pub(super) fn record(path: &Path, before: Option<&Record>) -> io::Result<Record> {
    let mut file = open(path)?;
    let now = SystemTime::now();
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "it is no longer a file"));
    }
    let stat = Stat::of(&meta);
    let bytes = digest(&mut file, stat.size)?;
    let content = with_attributes(&file, bytes);
    // What changed while it was read is read again next time.
    let racy = stat.is_racy(now) || Stat::of(&file.metadata()?) != stat;
    Ok(Record::new(stat, content, racy, before))
}

/// Opens without following a link and without waiting for the other end of a FIFO, should either have taken
/// the file's place.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new().read(true).open(path)
}

fn digest(file: &mut File, size: u64) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let large = size >= LARGE;
    let mut buffer = vec![0; if large { 4 << 20 } else { (size as usize + 1).clamp(512, 64 << 10) }];
    loop {
        // Whole buffers, so that the threads have something to share.
        let filled = fill(file, &mut buffer)?;
        if large {
            hasher.update_rayon(&buffer[..filled]);
        } else {
            hasher.update(&buffer[..filled]);
        }
        if filled < buffer.len() {
            return Ok(hasher.finalize().into());
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(filled)
}

/// Adds the extended attributes that count (cache semantics, section 5); most files have none.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn with_attributes(file: &File, bytes: Digest) -> Digest {
    let mut attributes = attributes(file);
    if attributes.is_empty() {
        return bytes;
    }
    attributes.sort();
    let pairs = attributes.iter().flat_map(|(name, value)| [name.as_slice(), value.as_slice()]);
    Digest::of_parts(std::iter::once(bytes.0.as_slice()).chain(pairs))
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn with_attributes(_: &File, bytes: Digest) -> Digest {
    bytes
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn attributes(file: &File) -> Vec<(Vec<u8>, Vec<u8>)> {
    use rustix::fs::{fgetxattr, flistxattr};
    let mut names = [0; 1024];
    // A file system without attributes, or more of them than anybody sets, counts as none.
    let len = flistxattr(file, &mut names).unwrap_or(0);
    let counts = |name: &&[u8]| {
        !name.is_empty()
            && (*name == b"security.capability"
                || !(name.starts_with(b"security.")
                    || name.starts_with(b"system.")
                    || name.starts_with(b"com.apple.")))
    };
    let mut found = Vec::new();
    for name in names[..len].split(|b| *b == 0).filter(counts) {
        let mut value = vec![0; 64 << 10];
        if let Ok(len) = fgetxattr(file, name, &mut value) {
            value.truncate(len);
            found.push((name.to_vec(), value));
        }
    }
    found
}
