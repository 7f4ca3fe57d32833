//! Things about a context that change its keys, or fail to, in ways that nobody expects.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ignore::{Decision, Ignore};
use super::path;
use super::tree::pack::{Block, Packed};
use super::tree::{Dir, Entry, Tree, git_mode};

/// Something that will surprise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trap {
    /// A file's bytes changed while its size, mode and modification time stayed: the daemon goes on using the
    /// old ones (`meta-same-mtime-size`).
    Unseen {
        /// The file.
        path: String,
    },
    /// Files have modes that git does not record, so that another checkout has other keys.
    Modes {
        /// The mode that they have.
        mode: u32,
        /// The mode that git would record: 0644 or 0755.
        git: u32,
        /// The umask that a checkout would have given it under, if it looks like one.
        umask: Option<u32>,
        /// Which they are.
        files: Sample,
    },
    /// A line of the ignore file looks as if it ignored these, but matches at the root alone
    /// (`ignore-not-recursive`).
    LooksIgnored {
        /// The line.
        line: Decision,
        /// The pattern that would ignore them.
        instead: String,
        /// Which they are: files, and directories with all below.
        paths: Sample,
    },
    /// A file that describes the build is part of its own context, so that even a comment in it changes what
    /// `COPY . .` copies (`ignore-dockerfile-edit`, `ignore-git-not-ignored`).
    OwnContext {
        /// The Dockerfile, its ignore file, or `.git`.
        path: String,
    },
}

/// The first few of several paths.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Sample {
    /// The first ten.
    pub first: Vec<String>,
    /// How many there are.
    pub count: usize,
}

impl Sample {
    const SHOWN: usize = 10;

    fn add(&mut self, path: String) {
        self.count += 1;
        if self.first.len() < Self::SHOWN {
            self.first.push(path);
        }
    }
}

/// Finds the traps in a context.
///
/// `stale` are the files of [`super::Scan::stale`]; `own` the paths, in the context, of the Dockerfile and of the
/// ignore file as far as they lie in it.
pub fn find<'a>(
    tree: &Tree,
    ignore: &Ignore,
    stale: impl IntoIterator<Item = &'a str>,
    own: &[&str],
) -> Vec<Trap> {
    let unseen = stale.into_iter().map(|path| Trap::Unseen { path: path.to_string() });
    let own = own.iter().chain(&[".git"]).filter(|p| !p.is_empty() && tree.contains(p));
    let own = own.map(|path| Trap::OwnContext { path: path::clean(path).into_owned() });
    unseen.chain(own).chain(looks_ignored(tree, ignore)).chain(modes(tree)).collect()
}

/// Finds files with modes that git does not record, one trap per mode.
pub fn modes(tree: &Tree) -> Vec<Trap> {
    let mut found: BTreeMap<u32, Sample> = BTreeMap::new();
    odd_modes(tree.root(), "", &mut found);
    found
        .into_iter()
        .map(|(mode, files)| {
            let git = git_mode(mode);
            Trap::Modes { mode, git, umask: umask(mode), files }
        })
        .collect()
}

fn odd_modes(dir: &Dir, at: &str, found: &mut BTreeMap<u32, Sample>) {
    // Most directories have none, and say so without being looked into.
    for (name, entry) in dir.iter().filter(|(_, entry)| entry.has_odd_modes()) {
        match entry {
            Entry::File(f) if f.mode != git_mode(f.mode) => {
                found.entry(f.mode).or_default().add(path::join(at, name));
            }
            // What git itself keeps is not in git.
            Entry::Dir(d) if !(at.is_empty() && name == ".git") => odd_modes(d, &path::join(at, name), found),
            _ => {}
        }
    }
}

/// The umask under which a file of this mode was made, if one gives it.
fn umask(mode: u32) -> Option<u32> {
    let full = if mode & 0o100 == 0 { 0o666 } else { 0o777 };
    // No umask takes from the owner, gives what was not there, or takes less from others than from the group.
    let mask = full & !mode;
    let plausible = mode & !full == 0 && mask & 0o600 == 0;
    plausible.then_some(if full == 0o777 { mask } else { with_run_bits(mask) })
}

/// A umask seen on a file that nobody may run shows no run bits; usual umasks take all of a class or only
/// the right to write.
fn with_run_bits(mask: u32) -> u32 {
    mask | (mask & 0o044) >> 2
}

/// Finds files and directories that only look as if they were ignored, one trap per line.
pub fn looks_ignored(tree: &Tree, ignore: &Ignore) -> Vec<Trap> {
    let mut found: BTreeMap<usize, (Decision, Sample)> = BTreeMap::new();
    if !ignore.is_empty() {
        near_misses(tree.root(), "", ignore, &mut found);
    }
    found
        .into_values()
        .map(|(line, paths)| {
            let instead = format!("**/{}", path::clean(&line.pattern));
            Trap::LooksIgnored { line, instead, paths }
        })
        .collect()
}

fn near_misses(dir: &Dir, at: &str, ignore: &Ignore, found: &mut BTreeMap<usize, (Decision, Sample)>) {
    if let Some(block) = dir.block() {
        return near_misses_packed(block, at, ignore, found);
    }
    for (name, entry) in dir.iter() {
        if !is_near_miss(at, name, ignore, found)
            && let Entry::Dir(d) = entry
        {
            near_misses(d, &path::join(at, name), ignore, found);
        }
    }
}

/// The same of a directory that was not read yet, and need not be for its names.
fn near_misses_packed(
    block: &Block,
    at: &str,
    ignore: &Ignore,
    found: &mut BTreeMap<usize, (Decision, Sample)>,
) {
    for (name, packed) in block.iter() {
        if !is_near_miss(at, name, ignore, found)
            && let Packed::Dir(below) = packed
        {
            near_misses_packed(&below, &path::join(at, name), ignore, found);
        }
    }
}

/// Notes a path that only looks as if it were ignored.
fn is_near_miss(
    at: &str,
    name: &str,
    ignore: &Ignore,
    found: &mut BTreeMap<usize, (Decision, Sample)>,
) -> bool {
    // What is above was looked at before; few names look like a pattern, so paths are seldom put together.
    if at.is_empty() || !ignore.looks_matched(name) {
        return false;
    }
    let full = path::join(at, name);
    let Some(line) = ignore.near_miss(&full) else { return false };
    found.entry(line.line).or_insert_with(|| (line, Sample::default())).1.add(full);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_that_git_does_not_record() {
        let table = [
            (0o644, None),
            (0o755, None),
            (0o664, Some((0o644, Some(0o002)))),
            (0o600, Some((0o644, Some(0o077)))),
            (0o640, Some((0o644, Some(0o027)))),
            (0o666, Some((0o644, Some(0o000)))),
            (0o775, Some((0o755, Some(0o002)))),
            (0o700, Some((0o755, Some(0o077)))),
            (0o777, Some((0o755, Some(0o000)))),
            (0o444, Some((0o644, None))),
            (0o4755, Some((0o755, None))),
            (0o655, Some((0o644, None))),
        ];
        for (mode, want) in table {
            let mut tree = Tree::default();
            tree.insert("a/b", Entry::file(mode, b""));
            tree.insert(".git/config", Entry::file(0o600, b""));
            let got = modes(&tree).into_iter().next().map(|trap| match trap {
                Trap::Modes { mode: m, git, umask, files } => {
                    assert_eq!((m, files.count, &*files.first[0]), (mode, 1, "a/b"));
                    (git, umask)
                }
                other => panic!("{other:?}"),
            });
            assert_eq!(got, want, "{mode:o}");
        }
    }

    #[test]
    fn what_looks_ignored() {
        let files: Vec<String> = (0..12).map(|i| format!("packages/p{i:02}/node_modules/x.js")).collect();
        let mut pairs: Vec<(&str, &str)> = files.iter().map(|f| (f.as_str(), "")).collect();
        pairs.extend([("a/.env", ""), ("a/README.md", "")]);
        let tree = Tree::from_pairs(pairs);
        let ignore = Ignore::parse("node_modules\n./.env\n**/README.md\n").unwrap();
        let told: Vec<_> = looks_ignored(&tree, &ignore)
            .into_iter()
            .map(|trap| match trap {
                Trap::LooksIgnored { line, instead, paths } => {
                    (line.line, instead, paths.count, paths.first.len(), paths.first[0].clone())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                (1, "**/node_modules".to_string(), 12, 10, "packages/p00/node_modules".to_string()),
                (2, "**/.env".to_string(), 1, 1, "a/.env".to_string()),
            ]
        );
        assert_eq!(looks_ignored(&tree, &Ignore::parse("**/node_modules\n**/.env\n").unwrap()), []);
    }

    #[test]
    fn all_together() {
        let tree = Tree::from_pairs([("Dockerfile", ""), (".git/HEAD", ""), ("src/a", "")]);
        let found = find(&tree, &Ignore::default(), ["src/a"], &["Dockerfile", "Dockerfile.dockerignore"]);
        let own = |path: &str| Trap::OwnContext { path: path.into() };
        assert_eq!(found, [Trap::Unseen { path: "src/a".into() }, own("Dockerfile"), own(".git")]);
    }
}
