//! Paths of a container's file system, and sets of them.

/// Directories that packages of the system go to, and that decide how its programs run. Directories in which
/// projects are put as well (`/usr/src`, `/opt`, `/srv`, `/home`) are not among them, as distributions leave those
/// to the administrator (Filesystem Hierarchy Standard, chapters 3 and 4).
pub const SYSTEM: [&str; 23] = [
    "/bin",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/sbin",
    "/usr/bin",
    "/usr/games",
    "/usr/include",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/libexec",
    "/usr/local/bin",
    "/usr/local/etc",
    "/usr/local/include",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/libexec",
    "/usr/local/sbin",
    "/usr/local/share",
    "/usr/sbin",
    "/usr/share",
];

/// The paths that a command may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathSet {
    /// Any path at all.
    Everything,
    /// These and no others.
    Paths(Vec<PathPattern>),
}

/// An absolute path, perhaps with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    /// Absolute and clean. `*`, `?` and `[…]` stand for parts of one name when `glob` says so.
    pub text: String,
    /// Whether wildcards in `text` are wildcards.
    pub glob: bool,
    /// Only the entry itself, not what lies below it (`mkdir /a`, `touch /a`).
    pub exact: bool,
}

impl PathPattern {
    /// Makes a pattern that covers the path and all that lies below it.
    pub fn tree(path: impl Into<String>) -> Self {
        Self { text: path.into(), glob: false, exact: false }
    }

    /// Makes a pattern that covers the entry alone.
    pub fn exact(path: impl Into<String>) -> Self {
        Self { text: path.into(), glob: false, exact: true }
    }

    /// Makes a pattern with wildcards that covers its matches and all that lies below them.
    pub fn glob(path: impl Into<String>) -> Self {
        Self { text: path.into(), glob: true, exact: false }
    }

    /// Tells whether something covered lies at `path`, below it, or (unless `exact`) `path` lies below something
    /// covered. `path` is absolute and clean and taken literally.
    pub fn touches(&self, path: &str) -> bool {
        self.overlaps(&Self::tree(path))
    }

    /// Tells whether two patterns have a path in common.
    ///
    /// Two wildcards in the same name are taken to agree, so the answer errs towards yes.
    pub fn overlaps(&self, other: &Self) -> bool {
        if !self.glob && !other.glob {
            return if is_within(&other.text, &self.text) {
                !self.exact || self.text == other.text
            } else {
                !other.exact && is_within(&self.text, &other.text)
            };
        }
        let (mut mine, mut theirs) = (names(&self.text), names(&other.text));
        loop {
            match (mine.next(), theirs.next()) {
                (None, None) => return true,
                (None, Some(_)) => return !self.exact,
                (Some(_), None) => return !other.exact,
                (Some(a), Some(b)) => {
                    if !names_agree(a, self.glob, b, other.glob) {
                        return false;
                    }
                }
            }
        }
    }

    /// Tells whether every path that `other` covers is covered by this pattern, as far as can be told.
    pub fn covers(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        if self.exact || other.glob {
            return false;
        }
        if !self.glob {
            return is_within(&other.text, &self.text);
        }
        let mut theirs = names(&other.text);
        names(&self.text)
            .all(|mine| theirs.next().is_some_and(|name| names_agree(mine, self.glob, name, false)))
    }
}

impl PathSet {
    /// Makes a set without paths.
    pub const fn nothing() -> Self {
        Self::Paths(Vec::new())
    }

    /// Tells whether no path is in the set.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Paths(paths) if paths.is_empty())
    }

    /// Tells whether the set touches this absolute, clean path; see [`PathPattern::touches`].
    pub fn touches(&self, path: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Paths(paths) => paths.iter().any(|pattern| pattern.touches(path)),
        }
    }

    /// Tells whether two sets have a path in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, other) | (other, Self::Everything) => !other.is_nothing(),
            (Self::Paths(mine), Self::Paths(theirs)) => {
                mine.iter().any(|a| theirs.iter().any(|b| a.overlaps(b)))
            }
        }
    }

    /// Adds a pattern, unless it is covered already.
    pub fn add(&mut self, pattern: PathPattern) {
        if let Self::Paths(paths) = self
            && !paths.iter().any(|known| known.covers(&pattern))
        {
            paths.retain(|known| !pattern.covers(known));
            paths.push(pattern);
        }
    }

    /// Adds all that another set holds.
    pub fn extend(&mut self, other: Self) {
        match other {
            Self::Everything => *self = Self::Everything,
            Self::Paths(paths) => paths.into_iter().for_each(|pattern| self.add(pattern)),
        }
    }

    /// The patterns of the set; none where it is everything.
    pub fn patterns(&self) -> &[PathPattern] {
        match self {
            Self::Everything => &[],
            Self::Paths(paths) => paths,
        }
    }
}

/// Joins a path to a working directory and cleans it: absolute, no `.`, no `..`, no doubled slash.
///
/// An absolute `path` stands for itself; `..` does not climb above the root.
pub fn join(cwd: &str, path: &str) -> String {
    if path.starts_with('/') { normalise(path) } else { normalise(&format!("{cwd}/{path}")) }
}

/// Cleans an absolute path: no `.`, no `..`, no empty names, no slash at the end.
pub fn normalise(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    format!("/{}", kept.join("/"))
}

/// Tells whether a clean absolute path is another or lies below it.
fn is_within(path: &str, directory: &str) -> bool {
    let directory = directory.strip_suffix('/').unwrap_or(directory);
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

fn names_agree(a: &str, a_glob: bool, b: &str, b_glob: bool) -> bool {
    let wild = |name: &str, glob: bool| glob && name.contains(['*', '?', '[']);
    match (wild(a, a_glob), wild(b, b_glob)) {
        (false, false) => a == b,
        (true, false) => name_matches(a, b),
        (false, true) => name_matches(b, a),
        (true, true) => true,
    }
}

/// Matches one name against a shell wildcard; a bracket expression counts as any one character.
fn name_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some('?') => Some(1),
            Some('[') => {
                pattern[p..].iter().skip(2).position(|c| *c == ']').map_or(Some(1), |end| Some(end + 3))
            }
            Some(c) if *c == name[n] => Some(1),
            _ => None,
        };
        match (step, star) {
            (Some(width), _) => (p, n) = (p + width, n + 1),
            (None, Some((at, from))) => {
                (p, n) = (at + 1, from + 1);
                star = Some((at, from + 1));
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_and_cleans() {
        for (cwd, path, expected) in [
            ("/", "a", "/a"),
            ("/app", "./b/../c//", "/app/c"),
            ("/app", "/x/", "/x"),
            ("/app", "../../..", "/"),
            ("/app", ".", "/app"),
        ] {
            assert_eq!(join(cwd, path), expected, "{cwd} + {path}");
        }
    }

    #[test]
    fn a_pattern_touches_what_is_above_and_below_it() {
        let cases = [
            (PathPattern::tree("/app"), "/app/src", true),
            (PathPattern::tree("/app/src"), "/app", true),
            (PathPattern::tree("/app"), "/application", false),
            (PathPattern::exact("/app"), "/app", true),
            (PathPattern::exact("/app"), "/app/src", false),
            (PathPattern::exact("/app/x"), "/app", true),
            (PathPattern::glob("/app/*.js"), "/app/a.js", true),
            (PathPattern::glob("/app/*.js"), "/app/a.ts", false),
            (PathPattern::glob("/app/*/x"), "/app", true),
            (PathPattern::glob("/l/a*b*c"), "/l/aXbbYc", true),
            (PathPattern::glob("/l/a*b*c"), "/l/aXbbY", false),
            (PathPattern::glob("/l/v[0-9].?"), "/l/v1.2", true),
            (PathPattern::tree("/app/*.js"), "/app/a.js", false),
            (PathPattern::tree("/"), "/any", true),
        ];
        for (pattern, path, expected) in cases {
            assert_eq!(pattern.touches(path), expected, "{pattern:?} {path}");
        }
    }

    #[test]
    fn a_set_keeps_the_widest_patterns() {
        let mut set = PathSet::nothing();
        set.add(PathPattern::tree("/a/b"));
        set.add(PathPattern::tree("/a"));
        set.add(PathPattern::exact("/a/c"));
        assert_eq!(set.patterns(), [PathPattern::tree("/a")]);
        assert!(!PathSet::Everything.overlaps(&PathSet::nothing()));
    }
}
