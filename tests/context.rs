//! Recorded builds, judged at the level of the context alone: what a COPY selects must change exactly where the
//! daemon ran the COPY again.

#![cfg(unix)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use layerlab::context::{
    Digest, Ignore, Index, Memo, Scan, SelectError, Selector, Tree, find_ignore, select_all,
};
use serde_json::Value;

/// The folder of one case, edited step by step.
struct Folder {
    dir: tempfile::TempDir,
}

impl Folder {
    fn new(case: &Value) -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap() };
        folder.write("Dockerfile", case["dockerfile"].as_str().unwrap().as_bytes());
        for (path, what) in case["context"].as_object().unwrap() {
            if let Some(target) = what["symlink"].as_str() {
                folder.link(path, target);
            } else if what["dir"].is_boolean() {
                fs::create_dir_all(folder.at(path)).unwrap();
            } else {
                folder.write(path, &bytes_of(what));
            }
            if let Some(mode) = what["mode"].as_str() {
                folder.chmod(path, mode);
            }
        }
        folder
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        let fresh = !self.at(path).exists();
        fs::write(self.at(path), bytes).unwrap();
        if fresh {
            self.chmod(path, "0644");
        }
    }

    fn chmod(&self, path: &str, mode: &str) {
        use std::os::unix::fs::PermissionsExt;
        let mode = u32::from_str_radix(mode, 8).unwrap();
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        // It may or may not be there yet.
        let _ = fs::remove_file(self.at(path));
        std::os::unix::fs::symlink(target, self.at(path)).unwrap();
    }

    fn edit(&self, op: &Value) {
        let path = op["path"].as_str().unwrap_or_default();
        let text = || fs::read_to_string(self.at(path)).unwrap();
        match op["op"].as_str().unwrap() {
            "none" => {}
            "write" => self.write(path, &bytes_of(op)),
            "append" => self.write(path, (text() + op["content"].as_str().unwrap()).as_bytes()),
            "replace" => {
                let new = text().replacen(op["old"].as_str().unwrap(), op["new"].as_str().unwrap(), 1);
                self.write(path, new.as_bytes());
            }
            "delete" if self.at(path).is_dir() => fs::remove_dir_all(self.at(path)).unwrap(),
            "delete" => fs::remove_file(self.at(path)).unwrap(),
            "rename" => {
                let to = self.at(op["to"].as_str().unwrap());
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::rename(self.at(path), to).unwrap();
            }
            "chmod" => self.chmod(path, op["mode"].as_str().unwrap()),
            "touch" => {
                let file = fs::File::options().write(true).open(self.at(path)).unwrap();
                file.set_modified(std::time::SystemTime::now()).unwrap();
            }
            "mkdir" => fs::create_dir_all(self.at(path)).unwrap(),
            "symlink" => self.link(path, op["target"].as_str().unwrap()),
            "write_keep_mtime" => {
                let was = fs::metadata(self.at(path)).unwrap().modified().unwrap();
                self.write(path, &bytes_of(op));
                fs::File::options().write(true).open(self.at(path)).unwrap().set_modified(was).unwrap();
            }
            other => panic!("unknown edit {other}"),
        }
    }
}

fn bytes_of(what: &Value) -> Vec<u8> {
    let text = what.as_str().or(what["content"].as_str()).unwrap();
    text.repeat(what["repeat"].as_u64().unwrap_or(1) as usize).into_bytes()
}

/// Scans as a build does: with the ignore file that it would take, and what is known from the last time.
fn shipped(folder: &Path, index: &Path, dockerfile: &str) -> Result<Tree, layerlab::context::IgnoreError> {
    let text = find_ignore(folder, &folder.join(dockerfile)).unwrap().map_or(String::new(), |(_, text)| text);
    let mut scan = Scan::new(folder, Ignore::parse(&text)?, Index::load(index, folder)).unwrap();
    scan.save_index(index).unwrap();
    Ok(scan.shipped())
}

/// The selectors of a COPY as its label shows it; none where it copies no files of the context.
fn selectors(instruction: &str) -> Option<Vec<Selector>> {
    let rest = instruction.strip_prefix("COPY ").or_else(|| instruction.strip_prefix("ADD "))?;
    if rest.contains("--from=") || rest.contains("<<") || rest.contains("://") || rest.starts_with("git@") {
        return None;
    }
    let (mut exclude, mut parents, mut sources) = (Vec::new(), false, Vec::new());
    let json = rest.strip_prefix('[').and_then(|r| r.strip_suffix(']'));
    let words: Vec<&str> = match json {
        Some(list) => list.split(", ").flat_map(|w| w.split(',')).map(str::trim).collect(),
        None => rest.split_whitespace().collect(),
    };
    for word in words {
        if let Some(pattern) = word.strip_prefix("--exclude=") {
            exclude.push(pattern.to_string());
        } else if word == "--parents" {
            parents = true;
        } else if !word.starts_with("--") {
            sources.push(word);
        }
    }
    sources.pop();
    let of = if parents { Selector::of_parents } else { Selector::of_source };
    Some(sources.iter().map(|source| of(source, &exclude)).collect())
}

/// Judges one build of a case; yields how many COPYs were judged.
fn judge(id: &str, build: &Value, tree: &Tree, seen: &mut HashSet<(String, Digest)>) -> usize {
    let (mut judged, mut untouched) = (0, true);
    for step in build["expect"].as_array().unwrap() {
        let instruction = step["instruction"].as_str().unwrap();
        let ran = match step["status"].as_str() {
            Some("executed") => true,
            Some("cached") => false,
            // The build failed here or before.
            _ => break,
        };
        if let Some(selectors) = selectors(instruction) {
            let digest = select_all(tree, &selectors, &mut Memo::default()).unwrap().digest;
            let new = seen.insert((instruction.to_string(), digest));
            // A COPY after a step that ran says nothing of its own content, and one of another spelling may
            // find what an equal one stored.
            let spelt_before = seen.iter().filter(|(i, _)| i == instruction).count() > usize::from(new);
            if untouched && spelt_before {
                assert_eq!(new, ran, "{id}: {instruction}");
                judged += 1;
            }
        }
        untouched &= !ran;
    }
    if let Some(path) = build["error"]["path"].as_str() {
        let missing = Selector::of_source(path, &[]);
        let e = select_all(tree, &[missing], &mut Memo::default()).unwrap_err();
        assert_eq!(e, SelectError::NotFound { path: path.to_string() }, "{id}");
        judged += 1;
    }
    judged
}

fn run(case: &Value) -> usize {
    let id = case["id"].as_str().unwrap();
    let (folder, index) = (Folder::new(case), tempfile::tempdir().unwrap());
    let mut seen = HashSet::new();
    let mut judged = 0;
    let none = Vec::new();
    let steps = case["steps"].as_array().unwrap_or(&none);
    for build in std::iter::once(&case["first"]).chain(steps) {
        // Clocks of file systems tick every few milliseconds.
        std::thread::sleep(Duration::from_millis(12));
        build["edit"].as_array().unwrap_or(&none).iter().for_each(|op| folder.edit(op));
        let file = build["options"]["file"].as_str().or(case["options"]["file"].as_str());
        match shipped(folder.dir.path(), index.path(), file.unwrap_or("Dockerfile")) {
            Ok(tree) => judged += judge(id, build, &tree, &mut seen),
            Err(e) => {
                assert_eq!(build["error"]["kind"], "parse", "{id}: {e}");
                judged += 1;
            }
        }
    }
    judged
}

#[test]
fn recorded_builds() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/cases");
    let mut judged = 0;
    for area in ["copy", "dockerignore", "metadata"] {
        let text = fs::read_to_string(cases.join(format!("{area}.jsonl"))).unwrap();
        for line in text.lines() {
            judged += run(&serde_json::from_str(line).unwrap());
        }
    }
    assert!(judged > 100, "only {judged} COPYs were judged");
}
