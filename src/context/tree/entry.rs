//! What stands at a path: a file, a link, a directory, a device.

use std::sync::Arc;

use super::super::Digest;
use super::Dir;

/// What stands at a path.
#[derive(Debug, Clone)]
pub enum Entry {
    /// A regular file (hard links count as files).
    File(File),
    /// A symbolic link, with the text of its target.
    Symlink(Arc<str>),
    /// A directory.
    Dir(Arc<Dir>),
    /// A FIFO or device, which BuildKit transfers by its header alone.
    Special(Special),
}

/// A regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Bytes.
    pub size: u64,
    /// Digest of its bytes (and of its extended attributes, where it has any that count).
    pub content: Digest,
}

/// A FIFO or device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// File type and permission bits.
    pub mode: u32,
    /// Device number, 0 for a FIFO.
    pub device: u64,
}

/// The mode that git records for a file: whether its owner may run it is all that counts.
pub(in crate::context) fn git_mode(mode: u32) -> u32 {
    if mode & 0o100 == 0 { 0o644 } else { 0o755 }
}

impl Entry {
    /// Makes a regular file of some bytes.
    pub fn file(mode: u32, bytes: &[u8]) -> Self {
        Self::File(File { mode, size: bytes.len() as u64, content: Digest::of(bytes) })
    }

    /// Makes a symbolic link.
    pub fn symlink(target: &str) -> Self {
        Self::Symlink(target.into())
    }

    /// Digest of what stands here, without its name.
    pub fn digest(&self) -> Digest {
        match self {
            Self::File(f) => {
                let mut bytes = [0; 45];
                bytes[0] = b'f';
                bytes[1..5].copy_from_slice(&f.mode.to_le_bytes());
                bytes[5..13].copy_from_slice(&f.size.to_le_bytes());
                bytes[13..].copy_from_slice(&f.content.0);
                Digest::of(&bytes)
            }
            Self::Symlink(target) => Digest::of_parts([b"symlink".as_slice(), target.as_bytes()]),
            Self::Dir(dir) => dir.digest(),
            Self::Special(s) => {
                Digest::of_parts([b"special".as_slice(), &s.mode.to_le_bytes(), &s.device.to_le_bytes()])
            }
        }
    }

    /// Files (anything but directories) at and below, and bytes of the regular ones.
    pub fn weight(&self) -> (usize, u64) {
        match self {
            Self::File(f) => (1, f.size),
            Self::Symlink(_) | Self::Special(_) => (1, 0),
            Self::Dir(d) => (d.files(), d.bytes()),
        }
    }

    /// Tells whether it is a file with a mode that git does not record, or holds one.
    pub fn has_odd_modes(&self) -> bool {
        match self {
            Self::File(f) => f.mode != git_mode(f.mode),
            Self::Dir(d) => d.has_odd_modes(),
            Self::Symlink(_) | Self::Special(_) => false,
        }
    }

    /// The directory, if it is one.
    pub fn as_dir(&self) -> Option<&Arc<Dir>> {
        if let Self::Dir(d) = self { Some(d) } else { None }
    }

    /// Tells whether it is a directory.
    pub fn is_dir(&self) -> bool {
        matches!(self, Self::Dir(_))
    }
}
