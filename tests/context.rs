//! Recorded builds, judged at the level of the context alone: what a COPY selects must change exactly where the
//! daemon ran the COPY again.

#![cfg(unix)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use layerlab::context::{Digest, Memo, SelectError, Selector, Tree, select_all};
use recorded::{Folder, shipped};
use serde_json::Value;

mod recorded;

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
