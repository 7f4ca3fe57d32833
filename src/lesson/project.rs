//! The files of a lesson's project as a value, and changes to them.
//!
//! A path can only be one that is safe to write in a workspace: see [`check_path`].

use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::Op;
use crate::context::{Digest, Entry, File, Ignore, Tree, path};

/// Files of a project by path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    files: BTreeMap<String, ProjectFile>,
    /// Where it is not `Dockerfile`.
    dockerfile: Option<String>,
}

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct ProjectFile {
    /// Permission bits.
    pub mode: u32,
    /// What it holds.
    pub body: Body,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Text.
    Text(Arc<str>),
    /// So many zero bytes: weight alone.
    Zeros(u64),
    /// Bytes known by size and digest: a file of the learner's.
    Known(u64, Digest),
    /// A symbolic link of the learner's.
    Link(Arc<str>),
}

impl ProjectFile {
    /// Makes a text file of mode 0644.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self { mode: 0o644, body: Body::Text(text.into()) }
    }

    fn entry(&self) -> Entry {
        match &self.body {
            Body::Text(text) => Entry::file(self.mode, text.as_bytes()),
            Body::Zeros(size) => Entry::File(File {
                mode: self.mode,
                size: *size,
                content: Digest::of(format!("{size} zero bytes").as_bytes()),
            }),
            Body::Known(size, content) => {
                Entry::File(File { mode: self.mode, size: *size, content: *content })
            }
            Body::Link(target) => Entry::Symlink(target.clone()),
        }
    }
}

/// What is wrong with a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChangeError(pub String);

impl Project {
    /// Path of its Dockerfile.
    pub fn dockerfile(&self) -> &str {
        self.dockerfile.as_deref().unwrap_or("Dockerfile")
    }

    /// Says where its Dockerfile is.
    pub fn set_dockerfile(&mut self, path: &str) {
        self.dockerfile = Some(path::clean(path).into_owned());
    }

    /// Puts a file at a clean path.
    pub fn insert(&mut self, path: &str, file: ProjectFile) {
        self.files.insert(path::clean(path).into_owned(), file);
    }

    /// The file at a path.
    pub fn get(&self, path: &str) -> Option<&ProjectFile> {
        self.files.get(path)
    }

    /// The text of the file at a path.
    pub fn text(&self, path: &str) -> Option<&Arc<str>> {
        match &self.files.get(path)?.body {
            Body::Text(text) => Some(text),
            _ => None,
        }
    }

    /// All files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ProjectFile)> {
        self.files.iter().map(|(p, f)| (p.as_str(), f))
    }

    /// Lays the files of another project over this one's.
    pub fn lay_over(&mut self, other: &Self) {
        for (path, file) in &other.files {
            self.files.insert(path.clone(), file.clone());
        }
    }

    /// Paths that were added, removed or changed.
    pub fn changed(&self, newer: &Self) -> Vec<String> {
        let mut out: Vec<String> = self
            .files
            .iter()
            .filter(|(p, f)| newer.files.get(*p) != Some(f))
            .map(|(p, _)| p.clone())
            .collect();
        out.extend(newer.files.keys().filter(|p| !self.files.contains_key(*p)).cloned());
        out.sort();
        out
    }

    /// What the daemon is sent: all files but those that the ignore file leaves out.
    pub fn context(&self, ignore: &Ignore) -> Tree {
        let mut tree = Tree::default();
        for (path, file) in &self.files {
            if !ignore.is_ignored(path) {
                tree.insert(path, file.entry());
            }
        }
        tree
    }

    /// Paths that match a pattern of .dockerignore's kind (`src/**`, `*.md`, a folder for all below it).
    pub fn matching(&self, pattern: &str) -> Vec<String> {
        matcher(pattern)
            .map_or_else(|_| Vec::new(), |m| self.files.keys().filter(|p| m.is_ignored(p)).cloned().collect())
    }

    /// Applies a change; an `edit` must name one file (patterns are expanded before, see [`expand`]).
    pub fn apply(&mut self, op: &Op) -> Result<(), ChangeError> {
        let (verb, at) = verb(op)?;
        let at = check_virtual(at)?;
        let missing = || ChangeError(format!("there is no file {at}"));
        match verb {
            "edit" => {
                let file = self.files.get_mut(&at).ok_or_else(missing)?;
                file.body = match &file.body {
                    Body::Text(text) => Body::Text(format!("{text}{}", edit_line(&at)).into()),
                    Body::Zeros(n) => Body::Known(n + 1, Digest::of(format!("edited {n}").as_bytes())),
                    Body::Known(n, d) => Body::Known(n + 1, Digest::of_parts([d.0.as_slice(), b"edited"])),
                    Body::Link(to) => Body::Link(format!("{to}-edited").into()),
                };
            }
            "write" => {
                let text: Arc<str> = need(op.text.as_deref(), "write", "text")?.into();
                let mode = self.files.get(&at).map_or(0o644, |f| f.mode);
                self.files.insert(at, ProjectFile { mode, body: Body::Text(text) });
            }
            "append" => {
                let text = need(op.text.as_deref(), "append", "text")?;
                let old = self.text(&at).ok_or_else(missing)?.clone();
                let file = self.files.get_mut(&at).ok_or_else(missing)?;
                file.body = Body::Text(format!("{old}{text}").into());
            }
            "replace" => {
                let (old, new) =
                    (need(op.old.as_deref(), "replace", "old")?, need(op.new.as_deref(), "replace", "new")?);
                let text = self.text(&at).ok_or_else(missing)?.clone();
                if !text.contains(old) {
                    return Err(ChangeError(format!("{at} does not hold {old:?}")));
                }
                let file = self.files.get_mut(&at).ok_or_else(missing)?;
                file.body = Body::Text(text.replacen(old, new, 1).into());
            }
            "delete" => {
                let before = self.files.len();
                self.files.retain(|p, _| !path::is_within(p, &at));
                if before == self.files.len() {
                    return Err(missing());
                }
            }
            "rename" => {
                let to = check_virtual(need(op.to.as_deref(), "rename", "to")?)?;
                let moved: Vec<String> =
                    self.files.keys().filter(|p| path::is_within(p, &at)).cloned().collect();
                if moved.is_empty() {
                    return Err(missing());
                }
                for from in moved {
                    if let Some(file) = self.files.remove(&from) {
                        self.files.insert(format!("{to}{}", &from[at.len()..]), file);
                    }
                }
            }
            "chmod" => {
                let mode = octal(need(op.mode.as_deref(), "chmod", "mode")?)?;
                self.files.get_mut(&at).ok_or_else(missing)?.mode = mode;
            }
            // The modification time is not part of a project: nothing that the key could hold changes.
            _ => {
                if !self.files.contains_key(&at) {
                    return Err(missing());
                }
            }
        }
        Ok(())
    }
}

/// The line that an `edit` appends: a comment where the file's kind has one.
pub fn edit_line(path: &str) -> &'static str {
    let name = path::split(path).1;
    match name.rsplit_once('.').map(|(_, e)| e) {
        Some("js" | "ts" | "tsx" | "go" | "rs" | "java" | "c" | "cs") => "// edited\n",
        Some("md" | "txt" | "html" | "json") => "\n",
        _ => "# edited\n",
    }
}

/// Reads a pattern in .dockerignore's grammar.
pub fn matcher(pattern: &str) -> Result<Ignore, ChangeError> {
    Ignore::parse(pattern).map_err(|e| ChangeError(format!("the pattern {pattern:?}: {}", e.message)))
}

/// The verb of a change and its path.
pub fn verb(op: &Op) -> Result<(&'static str, &str), ChangeError> {
    let verbs = [
        ("edit", &op.edit),
        ("write", &op.write),
        ("append", &op.append),
        ("replace", &op.replace),
        ("delete", &op.delete),
        ("rename", &op.rename),
        ("chmod", &op.chmod),
        ("touch", &op.touch),
    ];
    let mut given = verbs.iter().filter_map(|(v, p)| p.as_deref().map(|p| (*v, p)));
    match (given.next(), given.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(ChangeError(
            "a change needs a verb: edit, write, append, replace, delete, rename, chmod or touch".into(),
        )),
        (Some((a, _)), Some((b, _))) => {
            Err(ChangeError(format!("a change has one verb, this one has {a} and {b}")))
        }
    }
}

/// Expands patterns in `edit`: one list of changes for each file, in order.
pub fn expand(project: &Project, ops: &[Op]) -> Result<Vec<Vec<Op>>, ChangeError> {
    let mut runs: Vec<Vec<Op>> = vec![Vec::new()];
    for op in ops {
        let (verb, at) = verb(op)?;
        let files = if verb == "edit" {
            let files = project.matching(at);
            if files.is_empty() {
                return Err(ChangeError(format!("no file matches {at}")));
            }
            files.into_iter().map(|f| Op { edit: Some(f), ..Op::default() }).collect()
        } else {
            vec![op.clone()]
        };
        runs = runs
            .iter()
            .flat_map(|run| files.iter().map(|f| run.iter().cloned().chain([f.clone()]).collect()))
            .collect();
    }
    Ok(runs)
}

fn need<'a>(value: Option<&'a str>, verb: &str, field: &str) -> Result<&'a str, ChangeError> {
    value.ok_or_else(|| ChangeError(format!("{verb} needs {field}")))
}

/// Reads permission bits in octal.
pub fn octal(text: &str) -> Result<u32, ChangeError> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|m| *m <= 0o777)
        .ok_or_else(|| ChangeError(format!("{text:?} is no mode; write for example 755")))
}

/// Names that programs act on by themselves as soon as one enters a folder or opens it.
const ACTED_ON: [&str; 12] = [
    ".git",
    ".envrc",
    ".direnv",
    ".vscode",
    ".idea",
    ".devcontainer",
    ".husky",
    ".vimrc",
    ".nvimrc",
    ".exrc",
    ".nvim.lua",
    ".mise.toml",
];

/// Checks a path that a lesson wants to write in a workspace.
///
/// Relative, without `..`, without control characters, without backslashes and colons (which mean something
/// on Windows), and none of the names on which shells, editors and git act by themselves.
pub fn check_path(given: &str) -> Result<String, ChangeError> {
    let path = check_virtual(given)?;
    for part in path.split('/') {
        if ACTED_ON.iter().any(|n| n.eq_ignore_ascii_case(part)) {
            return Err(ChangeError(format!(
                "{given:?}: a lesson may not write {part}, because programs act on it by themselves"
            )));
        }
    }
    Ok(path)
}

/// Checks a path that exists in memory alone.
fn check_virtual(given: &str) -> Result<String, ChangeError> {
    let refuse = |why: &str| Err(ChangeError(format!("{given:?} {why}")));
    if given.is_empty() || given.starts_with('/') {
        return refuse("is not a path inside of the project");
    }
    if given.chars().any(super::text::is_forbidden) || given.contains(['\\', ':', '\n', '\t']) {
        return refuse("has a character that a lesson's paths may not have");
    }
    if given.split('/').any(|p| matches!(p, "" | "." | "..")) {
        return refuse("is not a clean path: no \"..\", no \".\", no empty part");
    }
    Ok(given.to_string())
}

#[cfg(test)]
mod tests;
