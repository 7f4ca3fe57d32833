//! Paths inside of an image: absolute, with `/`, as Go's `path` package and BuildKit's `util/system` treat them.

/// Shortens a path as Go's `path.Clean`: no `.`, no `..` that could be resolved, no doubled or trailing slash.
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            p => parts.push(p),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_string(),
        (false, false) => parts.join("/"),
    }
}

/// Makes a path absolute from the root and cleans it; `..` cannot leave the root (`copy-src-parent-escape`).
pub fn clean_absolute(path: &str) -> String {
    clean(&format!("/{path}"))
}

/// Joins a path onto a directory, cleaned; an absolute path stands for itself, as written.
pub fn join_absolute(dir: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_string() } else { clean_absolute(&format!("{dir}/{path}")) }
}

/// A new working directory: absolute ones as written (`config-workdir-slash`), others joined and cleaned.
pub fn join_dir(current: &str, dir: &str) -> String {
    match dir {
        "" if current.is_empty() => "/".to_string(),
        "" => current.to_string(),
        d => join_absolute(current, d),
    }
}

/// A destination: absolute and clean, with its trailing slash (or `/.`) kept (`copy-dest-slash`).
pub fn join_dest(workdir: &str, dest: &str) -> String {
    let dest = if dest.is_empty() || dest == "." { "./" } else { dest };
    let mut out = clean_absolute(&join_absolute(workdir, dest));
    if dest.ends_with('/') && !out.ends_with('/') {
        out.push('/');
    } else if dest.ends_with("/.") {
        if out != "/" {
            out.push('/');
        }
        out.push('.');
    }
    out
}

/// The last part of a path (Go's `path.Base`).
pub fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        Some((_, b)) => b,
        None if !trimmed.is_empty() => trimmed,
        None if path.is_empty() => ".",
        None => "/",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_go_does() {
        for (given, want) in [
            ("", "."),
            ("/", "/"),
            ("a//b/./c/", "a/b/c"),
            ("/../a", "/a"),
            ("../../a", "../../a"),
            ("a/../..", ".."),
            ("/a/b/../..", "/"),
        ] {
            assert_eq!(clean(given), want, "{given}");
        }
        assert_eq!(clean_absolute("../../x"), "/x");
    }

    #[test]
    fn destinations_keep_their_slash() {
        for (dir, dest, want) in [
            ("/app", ".", "/app/"),
            ("/app", "", "/app/"),
            ("/app", "./", "/app/"),
            ("/app", "x", "/app/x"),
            ("/app", "x/", "/app/x/"),
            ("", "x", "/x"),
            ("/app", "/a/./b/", "/a/b/"),
            ("/app", "/a/.", "/a/."),
            ("/app", "/", "/"),
        ] {
            assert_eq!(join_dest(dir, dest), want, "{dir} {dest}");
        }
    }

    #[test]
    fn working_directories_are_kept_as_written() {
        for (current, dir, want) in
            [("", "", "/"), ("/a", "", "/a"), ("/a", "b/", "/a/b"), ("/a", "/b/", "/b/"), ("", "b", "/b")]
        {
            assert_eq!(join_dir(current, dir), want, "{current} {dir}");
        }
    }

    #[test]
    fn base_names() {
        for (path, want) in [("/a/b", "b"), ("/a/b/", "b"), ("/", "/"), ("", "."), ("x", "x")] {
            assert_eq!(base_name(path), want, "{path}");
        }
    }
}
