//! Addresses of git repositories (BuildKit's `dfgitutil.ParseGitRef` and `gitutil.ParseURL`).

use super::path;

/// A git repository as a source of ADD: what of its address counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GitRef {
    /// The repository, without query and fragment.
    pub remote: String,
    /// Branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// Folder in the repository; empty for all of it.
    pub folder: String,
    /// The commit it has to be.
    pub checksum: Option<String>,
    pub keep_git_dir: Option<bool>,
    pub submodules: Option<bool>,
    pub fetch_by_commit: bool,
}

impl GitRef {
    /// One text for all ways to write the same: `remote#reference:folder`.
    pub(super) fn text(&self) -> String {
        let mut out = self.remote.clone();
        if !self.reference.is_empty() || !self.folder.is_empty() {
            out.push('#');
            out.push_str(&self.reference);
        }
        if !self.folder.is_empty() {
            out.push(':');
            out.push_str(&self.folder);
        }
        if self.submodules == Some(false) {
            out.push_str(" without submodules");
        }
        if self.fetch_by_commit {
            out.push_str(" by commit");
        }
        out
    }
}

/// Reads an address; none where it is a path, or a URL of something else.
///
/// # Errors
/// A sentence where it is one of a git repository, but its query is not understood.
pub(super) fn parse(source: &str) -> Option<Result<GitRef, String>> {
    let (bare, query, fragment) = split_address(source);
    let remote = match source.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => {
            let scheme = scheme.to_ascii_lowercase();
            let rest = &bare[scheme.len()..];
            match scheme.as_str() {
                "http" | "https" if !percent_decoded(rest).ends_with(".git") => return None,
                "http" | "https" | "ssh" | "git" => format!("{scheme}{rest}"),
                _ => return None,
            }
        }
        _ if is_scp_like(bare) => bare.to_owned(),
        _ => return None,
    };
    let (reference, folder) = match percent_decoded(fragment).split_once(':') {
        Some((reference, folder)) => (reference.to_owned(), inside(folder)),
        None => (percent_decoded(fragment), String::new()),
    };
    let mut git = GitRef { remote, reference, folder, ..GitRef::default() };
    Some(git.read_query(query).map(|()| git))
}

impl GitRef {
    fn read_query(&mut self, query: &str) -> Result<(), String> {
        let mut seen: Vec<String> = Vec::new();
        let (mut tag, mut branch) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (query_decoded(name), query_decoded(value));
            if seen.contains(&name) {
                return Err(format!("`{name}` is given twice in the address of a git repository"));
            }
            let flag = |value: &str| match value {
                "" | "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
                "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
                other => Err(format!("`{name}` is true or false, not `{other}`")),
            };
            match name.as_str() {
                "keep-git-dir" => self.keep_git_dir = Some(flag(&value)?),
                "submodules" => self.submodules = Some(flag(&value)?),
                "fetch-by-commit" => self.fetch_by_commit = flag(&value)?,
                "ref" | "tag" | "branch" | "subdir" | "checksum" | "commit" | "mtime" if value.is_empty() => {
                    return Err(format!("`{name}` has no value in the address of a git repository"));
                }
                "ref" => same("ref", &mut self.reference, value)?,
                "subdir" => same("subdir", &mut self.folder, value)?,
                "tag" => tag = Some(value),
                "branch" => branch = Some(value),
                "checksum" | "commit" => self.checksum = Some(value),
                "mtime" if matches!(value.as_str(), "checkout" | "commit") => {}
                "mtime" => return Err(format!("`mtime` is checkout or commit, not `{value}`")),
                _ => return Err(format!("`{name}` is not known in the address of a git repository")),
            }
            seen.push(name);
        }
        if tag.is_some() && branch.is_some() {
            return Err("the address of a git repository takes a tag or a branch, not both".into());
        }
        for (name, prefix) in [(tag, "refs/tags/"), (branch, "refs/heads/")] {
            let Some(name) = name else { continue };
            let full = if name.starts_with(prefix) { name } else { format!("{prefix}{name}") };
            same("ref", &mut self.reference, full)?;
        }
        Ok(())
    }
}

/// Sets what may be given in two places, but only as the same.
fn same(name: &str, place: &mut String, value: String) -> Result<(), String> {
    if !place.is_empty() && *place != value {
        return Err(format!("`{name}` is given as `{place}` and as `{value}`"));
    }
    *place = value;
    Ok(())
}

/// Splits an address into what stands before its query, the query, and the fragment.
fn split_address(source: &str) -> (&str, &str, &str) {
    let (rest, fragment) = source.split_once('#').unwrap_or((source, ""));
    let (bare, query) = rest.split_once('?').unwrap_or((rest, ""));
    (bare, query, fragment)
}

fn is_scheme(scheme: &str) -> bool {
    !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric())
}

/// `user@host:path`.
fn is_scp_like(source: &str) -> bool {
    let Some((user, rest)) = source.split_once('@') else { return false };
    let Some((host, _)) = rest.split_once(':') else { return false };
    let word = |text: &str, also: char| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == also)
    };
    word(user, '_') && word(host, '.')
}

/// A folder that cannot leave the repository.
fn inside(folder: &str) -> String {
    path::clean_absolute(folder).trim_start_matches('/').to_owned()
}

fn query_decoded(text: &str) -> String {
    percent_decoded(&text.replace('+', " "))
}

/// `%2e` to what it stands for; what is no such escape stays.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        match digits.filter(|_| byte == b'%').and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_ways_to_write_a_repository_come_to_one_text() {
        for (given, want) in [
            ("https://github.com/a/b.git", "https://github.com/a/b.git"),
            ("HTTPS://github.com/a/b.git", "https://github.com/a/b.git"),
            ("https://github.com/a/b.git#v1", "https://github.com/a/b.git#v1"),
            ("https://github.com/a/b.git?ref=v1", "https://github.com/a/b.git#v1"),
            ("https://github.com/a/b.git#v1:dir/./x/", "https://github.com/a/b.git#v1:dir/x"),
            ("https://github.com/a/b.git?ref=v1&subdir=dir/x", "https://github.com/a/b.git#v1:dir/x"),
            ("https://github.com/a/b.git#:../dir", "https://github.com/a/b.git#:dir"),
            ("https://github.com/a/b.git?tag=v1", "https://github.com/a/b.git#refs/tags/v1"),
            ("https://github.com/a/b.git?branch=x%2Fy", "https://github.com/a/b.git#refs/heads/x/y"),
            ("https://github.com/a/b.git?submodules=0", "https://github.com/a/b.git without submodules"),
            ("git://h/a", "git://h/a"),
            ("ssh://git@h:22/a#x", "ssh://git@h:22/a#x"),
            ("git@github.com:a/b.git#x:y", "git@github.com:a/b.git#x:y"),
            ("me-2_x@host.name:a?ref=r", "me-2_x@host.name:a#r"),
        ] {
            let git = parse(given).unwrap_or_else(|| panic!("{given} is git")).expect(given);
            assert_eq!(git.text(), want, "{given}");
        }
    }

    #[test]
    fn paths_and_other_urls_are_no_repositories() {
        for other in [
            "src",
            "./git@h:a",
            "github.com/a/b.git",
            "https://h/a.tar.gz",
            "https://h/a.git/info",
            "https://h/a?x=.git",
            "ftp://h/a.git",
            "a@b",
            "us.er@h:a",
            "user@ho_st:a",
            "@h:a",
            "C:\\a",
            "a b@h:c",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn queries_that_contradict_or_say_nothing_are_refused() {
        for bad in ["ref=a&ref=b", "tag=a&branch=b", "x=1", "ref=", "ref", "mtime=now", "submodules=yes"] {
            let git = parse(&format!("https://h/a.git?{bad}")).expect("git");
            assert!(git.is_err(), "{bad}");
        }
        assert!(parse("https://h/a.git?ref=b#a").expect("git").is_err());
        assert!(
            parse("https://h/a.git?ref=a&keep-git-dir#a").expect("git").expect("fine").keep_git_dir.is_some()
        );
    }
}
