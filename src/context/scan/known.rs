//! Directories that the index knows: gone over entry by entry without keeping any, which is what most of a next
//! start is.

use super::super::ignore::Ignore;
use super::super::tree::pack::Block;
use super::walk::{Item, Pending};

/// What there is to say of a directory that is as it was.
#[derive(Debug, Default)]
pub(super) struct Unchanged {
    /// The directories in it.
    pub dirs: Vec<Item>,
    /// What the ignore file leaves out of it.
    pub left_out: Vec<(String, bool)>,
    /// The paths of the links in it.
    pub links: Vec<String>,
}

/// Compares a directory on disk with a plain block of it, made under the same rules; none where anything
/// differs, or where that cannot be told for sure.
///
/// Its directories are compared by being there; what they hold is theirs to say.
#[cfg(target_os = "linux")]
pub(super) fn compare(ignore: &Ignore, dir: &Pending, block: &Block) -> Option<Unchanged> {
    use rustix::fs::{FileType, Mode, OFlags, RawDir};

    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = rustix::fs::open(&dir.disk, flags, Mode::empty()).ok()?;
    let mut buffer = Vec::with_capacity(16 << 10);
    let mut entries = RawDir::new(&fd, buffer.spare_capacity_mut());
    let mut found = Unchanged::default();
    let mut seen = vec![false; block.len()];
    while let Some(entry) = entries.next() {
        let entry = entry.ok()?;
        let name = entry.file_name().to_str().ok()?;
        if matches!(name, "." | "..") {
            continue;
        }
        let kind = entry.file_type();
        let (is_dir, is_link) = (kind == FileType::Directory, kind == FileType::Symlink);
        if kind == FileType::Unknown {
            return None;
        }
        let Some(number) = block.find(name) else {
            linux::left_out(ignore, dir, name, is_dir, &mut found)?;
            continue;
        };
        // A name comes once; should a rename in between show it twice, that is looked into.
        if std::mem::replace(seen.get_mut(number)?, true) {
            return None;
        }
        let (_, packed) = block.entry(number)?;
        if is_dir {
            linux::directory(ignore, dir, name, &packed, &mut found)?;
        } else if is_link {
            linux::link(&fd, dir, (name, entry.file_name()), &packed, &mut found)?;
        } else {
            linux::file(&fd, entry.file_name(), &packed)?;
        }
    }
    seen.into_iter().all(|seen| seen).then_some(found)
}

/// Elsewhere every entry is looked at in the general way.
#[cfg(not(target_os = "linux"))]
pub(super) fn compare(_: &Ignore, _: &Pending, _: &Block) -> Option<Unchanged> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CStr;
    use std::fs;
    use std::os::fd::OwnedFd;

    use rustix::fs::{AtFlags, FileType};

    use super::super::super::ignore::Ignore;
    use super::super::super::index::{self, Stat};
    use super::super::super::path;
    use super::super::super::tree::pack::Packed;
    use super::super::walk::{Item, Pending, What};
    use super::Unchanged;

    /// Takes a name that the block has not: it has to be left out, or an ignored directory that may turn out empty.
    pub fn left_out(
        ignore: &Ignore,
        dir: &Pending,
        name: &str,
        is_dir: bool,
        found: &mut Unchanged,
    ) -> Option<()> {
        let at = path::join(&dir.path, name);
        if !ignore.judge(&at, dir.rules.as_ref()).ignored {
            return None;
        }
        if is_dir && !ignore.can_prune(&at) {
            found.dirs.push(pending(ignore, dir, name)?);
        } else {
            found.left_out.push((at, is_dir));
        }
        Some(())
    }

    pub fn directory(
        ignore: &Ignore,
        dir: &Pending,
        name: &str,
        packed: &Packed<'_>,
        found: &mut Unchanged,
    ) -> Option<()> {
        let Packed::Dir(_) = packed else { return None };
        found.dirs.push(pending(ignore, dir, name)?);
        Some(())
    }

    fn pending(ignore: &Ignore, dir: &Pending, name: &str) -> Option<Item> {
        let at = path::join(&dir.path, name);
        let verdict = ignore.judge(&at, dir.rules.as_ref());
        let disk = dir.disk.join(name);
        let meta = fs::symlink_metadata(&disk).ok().filter(fs::Metadata::is_dir)?;
        Some(Item::new(name.as_ref(), What::Dir(Pending::new(at, disk, verdict, &meta))))
    }

    pub fn link(
        fd: &OwnedFd,
        dir: &Pending,
        (name, disk_name): (&str, &CStr),
        packed: &Packed<'_>,
        found: &mut Unchanged,
    ) -> Option<()> {
        let Packed::Link(target) = packed else { return None };
        let now = rustix::fs::readlinkat(fd, disk_name, Vec::new()).ok()?;
        // A target that is no UTF-8 is spelt out in the block, and so never equal.
        if now.to_bytes() != target.as_bytes() {
            return None;
        }
        found.links.push(path::join(&dir.path, name));
        Some(())
    }

    pub fn file(fd: &OwnedFd, disk_name: &CStr, packed: &Packed<'_>) -> Option<()> {
        let record = index::record(packed)?;
        let stat = rustix::fs::statat(fd, disk_name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        (is_file && record.holds(&Stat::raw(&stat))).then_some(())
    }
}
