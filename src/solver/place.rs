//! Where a COPY puts what it takes, and where what stands somewhere came from.

use crate::context::select::{Dress, Landed, Landing, landings};
use crate::context::{Digest, Entry, File, Selector, Tree, path};

/// Where a COPY's source goes, and as whose.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Relative clean path; the root is `""`.
    pub dest: String,
    /// A file goes into it, whatever stands there: it was written with a slash at its end.
    pub into: bool,
    /// `--chown`, and `--chmod`, as far as they count.
    pub owner: Option<String>,
    pub mode: Option<String>,
}

/// Directories that every image has, so that a file copied to one goes into it.
const USUAL: [&str; 22] = [
    "",
    "bin",
    "etc",
    "home",
    "lib",
    "media",
    "mnt",
    "opt",
    "root",
    "run",
    "sbin",
    "srv",
    "tmp",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/local",
    "usr/local/bin",
    "usr/sbin",
    "usr/share",
    "var",
    "var/lib",
];

/// Puts what a selector takes from one tree into another.
///
/// What cannot be read is left out: the error is told where the content key is asked for.
pub(super) fn put(tree: &mut Tree, source: &Tree, selector: &Selector, place: &Place, landed: &mut Landed) {
    let dress = |file| place.dress(file);
    let dress: Dress<'_> = if place.dresses() { Some(&dress) } else { None };
    let Ok(found) = landings(source, selector, dress, landed) else { return };
    for Landing { below, is_source, entry } in found {
        // A file takes the destination's name, unless that is a directory; a directory's contents go there.
        let at = if below.is_empty() || is_source && !place.takes_in(tree) {
            place.dest.clone()
        } else {
            path::join(&place.dest, &below)
        };
        tree.lay(&at, entry);
    }
}

impl Place {
    /// Whether a file that is copied here goes into a directory.
    fn takes_in(&self, tree: &Tree) -> bool {
        self.into
            || USUAL.contains(&self.dest.as_str())
            || matches!(tree.resolve(&self.dest, true), Ok(Some((_, Entry::Dir(_)))))
    }

    /// Whether it changes files that it puts down.
    fn dresses(&self) -> bool {
        self.owner.is_some() || self.mode.is_some()
    }

    /// Applies owner and mode: both are part of a file's digest, neither of a directory's.
    fn dress(&self, mut file: File) -> File {
        if let Some(mode) = &self.mode {
            match u32::from_str_radix(mode, 8) {
                Ok(bits) => file.mode = bits,
                Err(_) => file.content = Digest::of_parts([&file.content.0[..], mode.as_bytes()]),
            }
        }
        if let Some(owner) = &self.owner {
            file.content = Digest::of_parts([&file.content.0[..], b"owner", owner.as_bytes()]);
        }
        file
    }

    /// The path of the source from which what stands at a path of the result came; none where this copy has no
    /// part in it. Where that cannot be told, a path above it.
    pub fn source_of(&self, at: &str, source: &Tree, selector: &Selector) -> Option<String> {
        let base = selector.base();
        if path::is_within(&self.dest, at) {
            return Some(base.to_string());
        }
        if !path::is_within(at, &self.dest) {
            return None;
        }
        let rest = at[self.dest.len()..].trim_start_matches('/');
        if selector.wildcard {
            return Some(base.to_string());
        }
        let whole = Some(path::join(base, rest));
        if !selector.include.is_empty() {
            return whole;
        }
        let name = path::split(base).1;
        match source.resolve(base, true) {
            Ok(Some((real, Entry::Dir(_)))) => Some(path::join(&real, rest)),
            Ok(Some(_)) => (rest == name).then(|| base.to_string()),
            _ if rest == name || path::is_within(rest, name) => Some(base.to_string()),
            _ => whole,
        }
    }
}
