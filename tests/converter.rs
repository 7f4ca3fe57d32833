//! Dockerfiles and what BuildKit's own converter makes of them: which it refuses, the label of every step, and which
//! steps have equal operations.
//!
//! `converter/cases.jsonl` holds one case a line (its README tells how the values came about): `dockerfile`, options,
//! and either `refused` or `steps`, pairs of a label and a number. Across all cases two steps have the same number
//! exactly when BuildKit's cache digest of their operations is the same, so ours has to be the same just then.

use std::collections::{BTreeMap, HashMap};

use layerlab::dockerfile;
use layerlab::graph::{self, Graph, GraphOptions, ImageConfig, Op};
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    id: String,
    dockerfile: String,
    target: Option<String>,
    #[serde(default)]
    build_args: BTreeMap<String, String>,
    /// ONBUILD triggers that every image has.
    #[serde(default)]
    onbuild: Vec<String>,
    #[serde(default)]
    refused: bool,
    #[serde(default)]
    steps: Vec<(String, Option<usize>)>,
}

/// The images that cases with triggers name.
const IMAGES: [&str; 12] = [
    "alpine",
    "alpine:3.17",
    "busybox",
    "s0",
    "s1",
    "s2",
    "b",
    "a/b/c",
    "ghcr.io/a/b:1",
    "localhost:5000/x",
    "docker.io/library/alpine",
    "busybox@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

fn build(case: &Case) -> Result<Graph, String> {
    let file = dockerfile::parse(&case.dockerfile).map_err(|e| e.message)?;
    let config = ImageConfig { onbuild: case.onbuild.clone(), ..ImageConfig::default() };
    let options = GraphOptions {
        target: case.target.clone(),
        build_args: case.build_args.clone(),
        image_configs: IMAGES.iter().map(|image| (graph::canonical(image), config.clone())).collect(),
        ..GraphOptions::default()
    };
    graph::build(&file, &options).map_err(|e| e.message)
}

/// Compares one case; tells what differs.
fn differences(case: &Case, keys: &mut Keys) -> Vec<String> {
    let graph = match build(case) {
        Err(_) if case.refused => return Vec::new(),
        Err(message) => return vec![format!("refused: {message}")],
        Ok(_) if case.refused => return vec!["taken, though BuildKit refuses it".into()],
        Ok(graph) => graph,
    };
    let mut found = Vec::new();
    // The digest that an image resolves to is cut off.
    let label_of = |n: usize| {
        let label = graph.steps[n].label.to_string();
        match label.split_once("@sha256:") {
            Some((name, _)) if graph.steps[n].label.is_from() => name.to_string(),
            _ => label,
        }
    };
    for (label, number) in &case.steps {
        let ours: Vec<usize> = (0..graph.steps.len()).filter(|&n| label_of(n) == *label).collect();
        let [step] = ours[..] else {
            if ours.is_empty() {
                found.push(format!("no step {label:?}"));
            }
            continue;
        };
        let op = &graph.vertices[graph.steps[step].vertex].op;
        if let (Some(number), false) = (number, matches!(op, Op::Source(_))) {
            found.extend(keys.check(
                *number,
                &op.cache_digest().to_string(),
                &format!("{} {label}", case.id),
            ));
        }
    }
    for n in 0..graph.steps.len() {
        let (step, label) = (&graph.steps[n], label_of(n));
        // A vertex that two steps share is named once, and an image that a --from takes has no name.
        let shared = graph.steps.iter().filter(|s| s.vertex == step.vertex).count() > 1;
        if !shared && !step.label.is_from() && !case.steps.iter().any(|(l, _)| *l == label) {
            found.push(format!("a step too many: {label:?}"));
        }
    }
    found
}

/// Numbers of equal operations, and ours, both ways.
#[derive(Default)]
struct Keys {
    ours: HashMap<usize, (String, String)>,
    theirs: HashMap<String, (usize, String)>,
}

impl Keys {
    fn check(&mut self, number: usize, ours: &str, at: &str) -> Option<String> {
        let (known, first) = self.ours.entry(number).or_insert((ours.into(), at.into()));
        if known != ours {
            return Some(format!("{at}: equal to {first} for BuildKit, not for us"));
        }
        let (known, first) = self.theirs.entry(ours.into()).or_insert((number, at.into()));
        (*known != number).then(|| format!("{at}: equal to {first} for us, not for BuildKit"))
    }
}

#[test]
fn every_dockerfile_is_converted_as_buildkit_does() {
    let cases: Vec<Case> = include_str!("converter/cases.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a case a line"))
        .collect();
    assert!(cases.len() >= 713, "cases were lost: {}", cases.len());
    let mut keys = Keys::default();
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| {
            let found = differences(case, &mut keys);
            found
                .into_iter()
                .map(|what| format!("{}: {what}\n{}", case.id, case.dockerfile))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{} differences\n{}", wrong.len(), wrong.join("\n"));
    assert!(keys.ours.len() > 700, "few operations were compared: {}", keys.ours.len());
}
