//! Modes, times, links and extended attributes of the copy, as far as the system has them.

use std::io;
use std::path::Path;

/// Name of the attribute.
const ATTRIBUTE: &str = "user.layerlab-verify";

pub(super) fn copy_file(from: &Path, to: &Path, later: std::time::Duration) -> io::Result<()> {
    std::fs::copy(from, to)?;
    copy_metadata(from, to, later)
}

/// Gives a file or folder the modes and times of another.
pub(super) fn copy_metadata(from: &Path, to: &Path, later: std::time::Duration) -> io::Result<()> {
    let metadata = from.metadata()?;
    copy_attributes(from, to);
    set_mtime(to, metadata.modified()? + later)?;
    std::fs::set_permissions(to, metadata.permissions())
}

pub(super) fn set_mtime(path: &Path, time: std::time::SystemTime) -> io::Result<()> {
    // A folder can only be opened for reading; its owner may set the time all the same.
    let file = std::fs::File::open(path)?;
    file.set_times(std::fs::FileTimes::new().set_modified(time))
}

#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
pub(super) fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
pub(super) fn symlink(target: &str, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
pub(super) fn symlink(_target: &str, _place: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "symbolic links are copied on Unix only"))
}

#[cfg(target_os = "linux")]
pub(super) fn mark_below(folder: &Path, mark: &str) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let mut value = [0u8; 64];
    for entry in folder.read_dir()? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if !kind.is_file() && !kind.is_dir() {
            continue;
        }
        let has = getxattr(&path, ATTRIBUTE, &mut value[..]).is_ok_and(|n| &value[..n] == mark.as_bytes());
        if !has {
            let set = || setxattr(&path, ATTRIBUTE, mark.as_bytes(), XattrFlags::empty());
            if set().is_err() {
                // A read-only file takes no attribute from anyone but root.
                let before = entry.metadata()?.permissions();
                std::fs::set_permissions(&path, PermissionsExt::from_mode(before.mode() | 0o200))?;
                let done = set();
                std::fs::set_permissions(&path, before)?;
                done?;
            }
        }
        if kind.is_dir() {
            mark_below(&path, mark)?;
        }
    }
    Ok(())
}

/// Copies extended attributes as far as the temporary folder takes them: those of files count in content
/// digests. What it does not take is then seen neither by the engine nor by the scan of the copy.
#[cfg(target_os = "linux")]
fn copy_attributes(from: &Path, to: &Path) {
    use rustix::fs::{XattrFlags, getxattr, listxattr, setxattr};
    let mut names = vec![0u8; 1 << 16];
    let Ok(length) = listxattr(from, &mut names[..]) else { return };
    for name in names[..length].split(|b| *b == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0u8; 1 << 16];
        if let Ok(length) = getxattr(from, name, &mut value[..]) {
            let _ = setxattr(to, name, &value[..length], XattrFlags::empty());
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn copy_attributes(_from: &Path, _to: &Path) {}

/// Attributes of other systems do not reach a Linux builder.
#[cfg(not(target_os = "linux"))]
pub(super) fn mark_below(_folder: &Path, _mark: &str) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "no attributes here"))
}
