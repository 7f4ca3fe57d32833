//! Paths of the context: relative, `/`-separated, clean, and unable to leave the root.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write as _;

/// Cleans a path once at the door: `./a//b/` is `a/b`, the root is `""`, and `..` cannot leave the root.
///
/// A leading slash means the root of the context, as in a COPY (`COPY ../x` is `x`, case
/// `copy-src-parent-escape`).
pub fn clean(path: &str) -> Cow<'_, str> {
    if is_clean(path) {
        return Cow::Borrowed(path);
    }
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    Cow::Owned(parts.join("/"))
}

fn is_clean(path: &str) -> bool {
    path.is_empty() || path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Joins a clean directory path (`""` is the root) and a name.
pub fn join(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_string() } else { format!("{dir}/{name}") }
}

/// Splits a clean path into its directory (`""` is the root) and its last name.
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Tells whether a clean path is `dir` itself or lies below it.
pub fn is_within(path: &str, dir: &str) -> bool {
    dir.is_empty() || path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Spells a file name as text; each byte that is no UTF-8 becomes `\xHH`.
pub fn name_of(name: &OsStr) -> Cow<'_, str> {
    if let Some(text) = name.to_str() {
        return Cow::Borrowed(text);
    }
    let mut out = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaning() {
        let table = [
            ("", ""),
            (".", ""),
            ("/", ""),
            ("a", "a"),
            ("a/", "a"),
            ("/a", "a"),
            ("./a/b", "a/b"),
            ("a//b", "a/b"),
            ("./a/../../b", "b"),
            ("../../x", "x"),
            ("a/./b/..", "a"),
            ("a/...", "a/..."),
            ("..a/b..", "..a/b.."),
            ("a b/ü", "a b/ü"),
        ];
        for (from, to) in table {
            assert_eq!(clean(from), to, "{from:?}");
            assert_eq!(clean(&clean(from)), to, "cleaning {from:?} twice");
        }
    }

    #[test]
    fn borders_are_components() {
        assert!(is_within("a/b", "a") && is_within("a", "a") && is_within("a", ""));
        assert!(!is_within("ab", "a") && !is_within("a", "a/b"));
        assert_eq!((split("a/b/c"), split("c")), (("a/b", "c"), ("", "c")));
        assert_eq!((join("", "a"), join("a", "b")), ("a".to_string(), "a/b".to_string()));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_not_utf8() {
        use std::os::unix::ffi::OsStrExt;
        assert_eq!(name_of(OsStr::from_bytes(b"a\xff\xfeb")), "a\\xff\\xfeb");
        assert_eq!(name_of(OsStr::new("ü")), "ü");
    }
}
