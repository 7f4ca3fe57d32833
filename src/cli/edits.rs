//! "What if this file were edited now": which files are meant, and a tree in which they are.

use std::path::Path;

use anyhow::bail;

use super::project::Sources;
use crate::context::{Digest, Entry, Ignore, Tree};
use crate::dockerfile::suggest::did_you_mean;

/// Edits that are only thought of.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    /// Files taken as edited, in path order.
    pub paths: Vec<String>,
    /// What is to be said of names that stand for no file of the context.
    pub notes: Vec<String>,
}

impl Edits {
    /// Finds the files that names stand for: a file, a directory with all below it, or a pattern as in a
    /// .dockerignore. Paths count from the context's root, or from here where they lead into it.
    ///
    /// # Errors
    /// A sentence for a name that stands for nothing at all.
    pub fn find(sources: &Sources, names: &[String]) -> anyhow::Result<Self> {
        let tree = sources.scan.tree();
        let mut edits = Self::default();
        for name in names {
            let found = resolve(sources, tree, name);
            if found.is_empty() {
                edits.notes.push(nothing(sources, tree, name)?);
            }
            edits.paths.extend(found);
        }
        edits.paths.sort();
        edits.paths.dedup();
        Ok(edits)
    }

    /// The tree with these files edited.
    pub fn apply(&self, tree: &Tree) -> Tree {
        let mut edited = tree.clone();
        for path in &self.paths {
            edit(&mut edited, path);
        }
        edited
    }
}

/// Edits one file of a tree: its bytes are others now, its mode stays.
///
/// A symbolic link leads to the file that an editor would write to; where it leads nowhere, the link changes.
pub fn edit(tree: &mut Tree, path: &str) {
    let at = match tree.resolve(path, true) {
        Ok(Some((at, Entry::File(_)))) => at,
        _ => path.to_string(),
    };
    let entry = match tree.get(&at) {
        Some(Entry::File(mut file)) => {
            file.content = Digest::of_parts([b"edited".as_slice(), &file.content.0]);
            Entry::File(file)
        }
        Some(Entry::Symlink(target)) => Entry::symlink(&format!("{target} (edited)")),
        Some(Entry::Special(mut special)) => {
            special.mode ^= 0o100;
            Entry::Special(special)
        }
        // A directory has nothing of its own that counts.
        Some(Entry::Dir(_)) | None => return,
    };
    tree.insert(&at, entry);
}

fn resolve(sources: &Sources, tree: &Tree, name: &str) -> Vec<String> {
    let inside = match tree.get(name) {
        Some(_) => Some(name.to_string()),
        // A shell completes paths from where one stands.
        None => sources.in_context(Path::new(name)).filter(|p| tree.contains(p)),
    };
    match inside.as_deref().map(|p| (crate::context::path::clean(p).into_owned(), tree.get(p))) {
        Some((at, Some(Entry::Dir(dir)))) => {
            let below = Tree::from(dir);
            let join = |p: String| crate::context::path::join(&at, &p);
            below.iter().filter(|(_, e)| !e.is_dir()).map(|(p, _)| join(p)).collect()
        }
        Some((at, Some(_))) => vec![at],
        _ => matching(tree, name),
    }
}

/// Files that a pattern matches, as in a .dockerignore.
fn matching(tree: &Tree, pattern: &str) -> Vec<String> {
    if !pattern.contains(['*', '?', '[']) {
        return Vec::new();
    }
    let Ok(pattern) = Ignore::parse(pattern) else { return Vec::new() };
    tree.iter().filter(|(p, e)| !e.is_dir() && pattern.is_ignored(p)).map(|(p, _)| p).collect()
}

/// What to say of a name that stands for no file of the context.
fn nothing(sources: &Sources, tree: &Tree, name: &str) -> anyhow::Result<String> {
    let on_disk = [sources.context.join(name), Path::new(name).to_path_buf()];
    if let Some(inside) = on_disk.iter().find_map(|p| sources.in_context(p)) {
        let line = sources.scan.ignore().decision(&inside);
        let file = sources.ignore_file.as_ref().map_or_else(
            || ".dockerignore".to_string(),
            |(p, _)| p.strip_prefix("./").unwrap_or(p).display().to_string(),
        );
        return Ok(match line {
            Some(line) => {
                format!(
                    "{name} is left out by {file}:{} ({}): no edit of it is ever seen",
                    line.line, line.pattern
                )
            }
            None => format!("{name} holds no file: there is nothing to edit"),
        });
    }
    let files: Vec<String> = tree.iter().filter(|(_, e)| !e.is_dir()).map(|(p, _)| p).collect();
    let same_name = |p: &&String| p.rsplit('/').next() == name.rsplit('/').next();
    let near = did_you_mean(name, files.iter().map(String::as_str))
        .or_else(|| files.iter().find(same_name).map(String::as_str));
    match near {
        Some(near) => bail!("there is no {name} in the context; did you mean {near}?"),
        None => bail!("there is no {name} in the context {}", sources.context.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_changes_bytes_and_nothing_else() {
        let mut tree = Tree::from_pairs([("a/b", "x"), ("c", "y")]);
        tree.insert("l", Entry::symlink("a/b"));
        tree.insert("gone", Entry::symlink("nowhere"));
        let before = tree.clone();
        edit(&mut tree, "a/b");
        edit(&mut tree, "a");
        edit(&mut tree, "not/there");
        let changed: Vec<_> = crate::context::diff(&before, &tree).into_iter().map(|c| c.path).collect();
        assert_eq!(changed, ["a/b"]);
        let mut through = before.clone();
        edit(&mut through, "l");
        assert_eq!(through, tree, "an editor writes through a link");
        edit(&mut through, "gone");
        assert_ne!(through, tree);
    }

    #[test]
    fn a_second_edit_is_another_one() {
        let mut tree = Tree::from_pairs([("a", "x")]);
        edit(&mut tree, "a");
        let once = tree.clone();
        edit(&mut tree, "a");
        assert_ne!(once, tree);
    }

    #[test]
    fn patterns_are_those_of_an_ignore_file() {
        let tree = Tree::from_pairs([("src/a.js", ""), ("src/x/b.js", ""), ("c.js", ""), ("d.md", "")]);
        let table: [(&str, &[&str]); 4] = [
            ("*.js", &["c.js"]),
            ("**/*.js", &["c.js", "src/a.js", "src/x/b.js"]),
            ("src/*", &["src/a.js", "src/x/b.js"]),
            ("src/[", &[]),
        ];
        for (pattern, want) in table {
            assert_eq!(matching(&tree, pattern), want, "{pattern}");
        }
    }
}
