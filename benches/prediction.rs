//! How long a prediction takes: the first of a fresh start, the next start, and from one edit to the next answer.
//!
//! `cargo bench --bench prediction [-- FILES...]` makes trees of that many files (500, 5,000 and 50,000 unless
//! told) in a temporary folder and prints a table. Starts are those of the real command with its output;
//! `git status` and `b3sum`, where they are installed, do their part on the same tree in the same run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

mod tree;

use layerlab::context::{Ignore, Index, Scan};
use layerlab::dockerfile::parse;
use layerlab::graph::GraphOptions;
use layerlab::simulate::{BuildInput, Simulator};
use layerlab::solver::Status;
use tree::{Row, b3sum, fresh_add, git, make, median, median_of, run, settle, table};

const DOCKERFILE: &str = "\
FROM node:20-alpine AS builder
WORKDIR /app
COPY . .
RUN npm install
COPY --exclude=**/*.md d1 /app/d1
RUN npm run build
FROM nginx:alpine
COPY --from=builder /app/dist /usr/share/nginx/html
";

fn main() {
    table(column);
}

/// Measures one size.
fn column(files: usize) -> Vec<Row> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (root, home) = (dir.path().join("tree"), dir.path().join("home"));
    make(&root, files);
    fs::write(root.join("Dockerfile"), DOCKERFILE).expect("a Dockerfile");
    fs::write(root.join(".dockerignore"), ".git\n").expect("an ignore file");
    settle(&root);
    let layerlab = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_layerlab"));
        run(command.current_dir(&root).env("XDG_CACHE_HOME", &home).args(arguments));
    };
    let cold = median_of(|| {
        // There may be none yet.
        let _ = fs::remove_dir_all(&home);
        let start = Instant::now();
        layerlab(&["plan"]);
        start.elapsed()
    });
    layerlab(&["build"]);
    let warm = median(|| layerlab(&["plan"]));
    let what_if = median(|| layerlab(&["plan", "--edit", "d1/s0/f0.js"]));
    vec![
        ("layerlab plan, first start", Some(cold)),
        ("b3sum of all files", b3sum(&root)),
        ("git add into a fresh index, once", Some(fresh_add(&root, dir.path()))),
        ("layerlab plan, next start, nothing changed", Some(warm)),
        ("layerlab plan --edit FILE, next start", Some(what_if)),
        ("git status", Some(median(|| git(&root, &["status", "--porcelain"])))),
        ("one edit on disk to its prediction and causes", Some(edits(&root))),
    ]
}

/// One edit after the other, each followed to the prediction and its causes, as the screen does it.
fn edits(root: &Path) -> f64 {
    let ignore = Ignore::parse(".git\n").expect("a good pattern");
    let mut scan = Scan::new(root, ignore, Index::default()).expect("a folder");
    let dockerfile = Arc::new(parse(DOCKERFILE).expect("a good Dockerfile"));
    let input = |scan: &Scan| BuildInput {
        dockerfile: Arc::clone(&dockerfile),
        options: GraphOptions::default(),
        context: scan.shipped(),
        named: BTreeMap::new(),
    };
    let mut simulator = Simulator::default();
    simulator.build(&input(&scan)).expect("a graph");
    let mut text = String::new();
    median_of(|| {
        text.push('x');
        fs::write(root.join("d1/s0/f0.js"), &text).expect("a file to edit");
        let start = Instant::now();
        scan.update(&["d1/s0/f0.js"]);
        let outcome = simulator.predict(&input(&scan)).expect("a graph");
        let took = start.elapsed();
        // Both copies, both commands, and the copy of what came of them.
        assert_eq!(outcome.prediction.count(Status::Executed), 5);
        took
    })
}
