//! Where a word of a command points, and what lies around it.

use super::super::paths::{PathPattern, join};
use super::super::script::Word;

/// Where a word points.
pub(super) enum Place {
    /// Nowhere that counts: a standard stream, `/dev/null`.
    Nowhere,
    /// To this.
    Known(PathPattern),
    /// To somewhere unknown, perhaps below this.
    Unknown(Option<PathPattern>),
}

pub(super) fn place_of(word: &Word, cwd: Option<&str>, exact: bool) -> Place {
    const STREAMS: [&str; 6] = ["-", "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty"];
    if !word.dynamic && (STREAMS.contains(&word.text.as_str()) || word.text.is_empty()) {
        return Place::Nowhere;
    }
    if word.text.contains("://") {
        return Place::Nowhere;
    }
    let absolute = if word.text.starts_with('/') {
        join("/", &word.text)
    } else {
        match cwd {
            Some(cwd) if !word.dynamic => join(cwd, &word.text),
            _ => return Place::Unknown(None),
        }
    };
    if word.dynamic {
        // Only whole names before the unknown part are sure, and of those only a directory tells anything.
        let directory = word.text.rsplit_once('/').map_or("", |(directory, _)| directory);
        let start = (!directory.is_empty()).then(|| PathPattern::tree(join("/", directory)));
        return Place::Unknown(start);
    }
    Place::Known(PathPattern { text: absolute, glob: word.glob, exact })
}

/// What lies around a program that runs in a directory: all below it; of the root only its own entries, because
/// every path lies below the root.
pub(super) fn surroundings(cwd: &str) -> PathPattern {
    if cwd == "/" {
        PathPattern { text: "/*".to_owned(), glob: true, exact: true }
    } else {
        PathPattern::tree(cwd)
    }
}

/// The outermost directory above one that can still be the project's: not one that many things share.
pub(super) fn project_root(cwd: &str) -> &str {
    const SHARED: [&str; 14] = [
        "/usr",
        "/usr/src",
        "/usr/local",
        "/usr/local/src",
        "/usr/share",
        "/home",
        "/opt",
        "/var",
        "/var/www",
        "/var/lib",
        "/srv",
        "/root",
        "/tmp",
        "/go/src",
    ];
    let ends = cwd.match_indices('/').map(|(at, _)| at).skip(1).chain([cwd.len()]);
    ends.map(|end| &cwd[..end]).find(|path| !SHARED.contains(path)).unwrap_or(cwd)
}
