//! Recorded builds of the real daemon, predicted step by step (tests/conformance/README.md says what they hold).
//!
//! `LAYERLAB_CASES=FOLDER` judges the cases of another folder, `LAYERLAB_CASE=ID` one case alone.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use layerlab::dockerfile::{self, Diagnostic, DiagnosticKind};
use layerlab::graph::{GraphOptions, ImageStore, NoCache};
use layerlab::simulate::{BuildInput, Outcome, Simulator};
use layerlab::solver::export::ExportMode;
use layerlab::solver::{Addition, Status};
use recorded::{Folder, shipped};
use serde_json::{Map, Value};

mod recorded;

/// What is judged of all steps together.
#[derive(Debug, Default, Clone)]
struct Score {
    steps: usize,
    right: usize,
    uncertain: usize,
    uncertain_wrong: usize,
    wrong: Vec<String>,
}

/// The options of one build: the case's, and over them its own.
fn options(case: &Value, build: &Value) -> Map<String, Value> {
    let mut all = case["options"].as_object().cloned().unwrap_or_default();
    all.extend(build["options"].as_object().cloned().unwrap_or_default());
    all
}

fn graph_options(o: &Map<String, Value>) -> GraphOptions {
    let target = o.get("target").and_then(Value::as_str).map(str::to_string);
    let mut out = GraphOptions { target, ..GraphOptions::default() };
    if let Some(args) = o.get("build_args").and_then(Value::as_object) {
        out.build_args = args.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_string())).collect();
    }
    if o.get("no_cache").and_then(Value::as_bool) == Some(true) {
        out.no_cache = NoCache::All;
    }
    if let Some(stages) = o.get("no_cache_filter").and_then(Value::as_array) {
        out.no_cache = NoCache::Stages(stages.iter().map(|s| s.as_str().unwrap().to_string()).collect());
    }
    if o.get("image_store").and_then(Value::as_str) == Some("classic") {
        out.image_store = ImageStore::Classic;
    }
    for image in ["node:20-alpine", "alpine:3.17", "golang:1.19-alpine", "python:3.12-slim", "busybox:1.36"] {
        out.set_image_digest(image, &format!("sha256:{}", "a".repeat(64)));
    }
    if let Some(images) = o.get("images").and_then(Value::as_object) {
        for (image, which) in images {
            out.set_image_digest(image, &format!("sha256:{}", which.as_str().unwrap().repeat(64)));
        }
    }
    out
}

/// One simulated machine on which the builds of a case happen.
struct Machine {
    folder: Folder,
    index: tempfile::TempDir,
    simulator: Simulator,
    export: Vec<Addition>,
}

impl Machine {
    fn build(&mut self, o: &Map<String, Value>) -> Result<Outcome, Diagnostic> {
        let root = self.folder.dir.path();
        let file = o.get("file").and_then(Value::as_str).unwrap_or("Dockerfile");
        let problem = |m: String| Diagnostic::parse("", 0..0, m);
        let tree = shipped(root, self.index.path(), file).map_err(|e| problem(e.to_string()))?;
        let text = fs::read_to_string(root.join(file)).map_err(|e| problem(e.to_string()))?;
        let mut named = BTreeMap::new();
        for (name, path) in o.get("named_contexts").and_then(Value::as_object).into_iter().flatten() {
            let folder = root.join(path.as_str().unwrap());
            named.insert(
                name.clone(),
                shipped(&folder, self.index.path(), "").map_err(|e| problem(e.to_string()))?,
            );
        }
        let input = BuildInput {
            dockerfile: Arc::new(dockerfile::parse(&text)?),
            options: graph_options(o),
            context: tree,
            named,
        };
        if o.get("fresh").and_then(Value::as_bool) == Some(true) {
            self.simulator = Simulator::default();
        }
        if o.get("cache_from").and_then(Value::as_bool) == Some(true) {
            self.simulator.import(self.export.iter().cloned());
        }
        let outcome = self.simulator.build(&input)?;
        match o.get("cache_to").and_then(Value::as_str) {
            Some("min") => self.export = outcome.export(ExportMode::Min),
            Some("max") => self.export = outcome.export(ExportMode::Max),
            _ => {}
        }
        Ok(outcome)
    }
}

fn status(text: &str) -> Option<Status> {
    match text {
        "cached" => Some(Status::Cached),
        "executed" => Some(Status::Executed),
        _ => None,
    }
}

fn judge(case: &Value) -> Score {
    let id = case["id"].as_str().unwrap();
    let mut score = Score::default();
    let mut machine = Machine {
        folder: Folder::new(case),
        index: tempfile::tempdir().unwrap(),
        simulator: Simulator::default(),
        export: Vec::new(),
    };
    let steps = case["steps"].as_array().cloned().unwrap_or_default();
    for (n, build) in std::iter::once(&case["first"]).chain(&steps).enumerate() {
        // Clocks of file systems tick every few milliseconds.
        std::thread::sleep(Duration::from_millis(12));
        build["edit"].as_array().into_iter().flatten().for_each(|op| machine.folder.edit(op));
        let got = machine.build(&options(case, build));
        let want_error = &build["error"];
        if want_error.is_object() {
            judge_error(&format!("{id} build {n}"), want_error, got, &mut score);
            continue;
        }
        match got {
            Err(e) => score.wrong.push(format!("{id} build {n}: refused: {e}")),
            Ok(o) if o.prediction.error.is_some() => {
                score.wrong.push(format!("{id} build {n}: failed: {}", o.prediction.error.unwrap()));
            }
            Ok(outcome) => judge_steps(&format!("{id} build {n}"), build, &outcome, &mut score),
        }
    }
    score
}

fn judge_error(at: &str, want: &Value, got: Result<Outcome, Diagnostic>, score: &mut Score) {
    let kind = want["kind"].as_str().unwrap();
    if kind == "run_failed" {
        return;
    }
    score.steps += 1;
    let error = match got {
        Err(e) => Some(e),
        Ok(o) => o.prediction.error,
    };
    let right = error.as_ref().is_some_and(|e| match kind {
        "source_not_found" => {
            e.kind == DiagnosticKind::SourceNotFound && e.path.as_deref() == want["path"].as_str()
        }
        "stage_not_found" => e.kind == DiagnosticKind::StageNotFound,
        "parse" => e.kind == DiagnosticKind::Parse,
        _ => e.kind == DiagnosticKind::Unsupported,
    });
    if right {
        score.right += 1;
    } else {
        score.wrong.push(format!("{at}: want {want}, got {error:?}"));
    }
}

fn judge_steps(at: &str, build: &Value, outcome: &Outcome, score: &mut Score) {
    for want in build["expect"].as_array().into_iter().flatten() {
        let Some(want_status) = status(want["status"].as_str().unwrap()) else { continue };
        score.steps += 1;
        let found = outcome.prediction.steps.iter().find(|s| {
            s.label.stage.as_deref() == want["stage"].as_str()
                && u64::from(s.label.index) == want["index"].as_u64().unwrap()
                && u64::from(s.label.of) == want["of"].as_u64().unwrap()
                && Some(s.label.instruction.as_str()) == want["instruction"].as_str()
        });
        let Some(step) = found else {
            score.wrong.push(format!("{at}: no step {want}"));
            continue;
        };
        let merge = want["merge"].as_str().and_then(status);
        let right = step.status == want_status && (want.get("merge").is_none() || step.merge == merge);
        score.right += usize::from(right);
        score.uncertain += usize::from(!step.certain);
        match (right, step.certain) {
            (true, _) => {}
            (false, false) => {
                score.uncertain_wrong += 1;
                if std::env::var_os("SHOW_UNCERTAIN").is_some() {
                    eprintln!("{at}: {} guessed {:?} for {:?}", step.label, step.status, step.assumption);
                }
            }
            (false, true) => {
                let got = (step.status, step.merge);
                score.wrong.push(format!("{at}: {} want {want_status:?} {merge:?} got {got:?}", step.label));
            }
        }
        let number = outcome.prediction.steps.iter().position(|s| s.step == step.step).unwrap();
        let told = !outcome.explanations[number].causes.is_empty();
        let runs = step.status == Status::Executed || step.merge == Some(Status::Executed);
        if told != runs {
            score.wrong.push(format!("{at}: {} runs: {runs}, causes told: {told}", step.label));
        }
    }
}

fn cases() -> Vec<Value> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let folders = match std::env::var_os("LAYERLAB_CASES") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => vec![ours.join("cases"), ours.join("own")],
    };
    let only = std::env::var("LAYERLAB_CASE").ok();
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<PathBuf> = files.map(|f| f.unwrap().path()).collect();
    files.sort();
    let lines = files.iter().filter(|f| f.extension().is_some_and(|e| e == "jsonl")).flat_map(|f| {
        let text = fs::read_to_string(f).unwrap();
        text.lines().map(|l| serde_json::from_str(l).unwrap()).collect::<Vec<Value>>()
    });
    lines.filter(|c| only.as_deref().is_none_or(|id| c["id"] == id)).collect()
}

#[test]
fn every_recorded_build_is_predicted() {
    let cases = Mutex::new(cases());
    let total = Mutex::new(Score::default());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(case) = cases.lock().unwrap().pop() else { break };
                    let score = judge(&case);
                    let mut t = total.lock().unwrap();
                    t.steps += score.steps;
                    t.right += score.right;
                    t.uncertain += score.uncertain;
                    t.uncertain_wrong += score.uncertain_wrong;
                    t.wrong.extend(score.wrong);
                }
            });
        }
    });
    let mut score = total.into_inner().unwrap();
    score.wrong.sort();
    let said = format!(
        "steps {}, right {}, uncertain {} ({} guessed wrong), wrong though certain {}",
        score.steps,
        score.right,
        score.uncertain,
        score.uncertain_wrong,
        score.wrong.len()
    );
    println!("{said}");
    assert!(score.wrong.is_empty(), "{said}\n{}", score.wrong.join("\n"));
    assert!(score.uncertain * 100 <= score.steps * 6, "too many uncertain: {said}");
    assert!(score.uncertain_wrong * 10 <= score.uncertain.max(10), "too many guessed wrong: {said}");
}
