//! Builds, an edit, and what is said of it: reviewed as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Cause, Explanation};
use crate::context::{Entry, Tree};
use crate::dockerfile;
use crate::graph::GraphOptions;
use crate::simulate::{BuildInput, Outcome, Simulator};
use crate::solver::Status;

const FILES: &[(&str, &str)] = &[
    ("package.json", "{}"),
    ("package-lock.json", "{}"),
    ("src/app.js", "1"),
    ("src/util.js", "2"),
    ("README.md", "r"),
    ("go.mod", "module m"),
    ("main.go", "package main"),
];

/// One project, edited and built again.
struct Bench {
    text: String,
    options: GraphOptions,
    tree: Tree,
    simulator: Simulator,
}

impl Bench {
    fn new(text: &str) -> Self {
        let tree = Tree::from_pairs(FILES.iter().copied());
        let mut bench = Self {
            text: text.into(),
            options: GraphOptions::default(),
            tree,
            simulator: Simulator::default(),
        };
        bench.build();
        bench
    }

    fn build(&mut self) -> Outcome {
        let input = BuildInput {
            dockerfile: Arc::new(dockerfile::parse(&self.text).unwrap()),
            options: self.options.clone(),
            context: self.tree.clone(),
            named: BTreeMap::new(),
        };
        self.simulator.build(&input).unwrap()
    }

    fn touch(&mut self, path: &str) -> String {
        self.tree.insert(path, Entry::file(0o644, b"changed"));
        self.told()
    }

    fn replace(&mut self, old: &str, new: &str) -> String {
        assert!(self.text.contains(old));
        self.text = self.text.replacen(old, new, 1);
        self.told()
    }

    fn told(&mut self) -> String {
        told(&self.build())
    }
}

/// The steps with their causes, one a line; `?` marks what is assumed.
fn told(outcome: &Outcome) -> String {
    let mut out = String::new();
    for (n, (step, e)) in outcome.prediction.steps.iter().zip(&outcome.explanations).enumerate() {
        let status = if step.status == Status::Executed { "RUNS" } else { "cached" };
        let doubt = if step.certain { "" } else { "?" };
        let root = if e.root { format!(" root, drags {:?}", e.drags) } else { String::new() };
        let _ = writeln!(out, "{n} {} | {status}{doubt}{root}", step.label);
        for cause in &e.causes {
            let _ = writeln!(out, "      {}", short(cause));
        }
        if let Some(a) = &step.assumption {
            let _ = writeln!(out, "      assumes {}", serde_json::to_string(a).unwrap());
        }
    }
    out
}

fn short(cause: &Cause) -> String {
    match cause {
        Cause::Parent { step } => format!("parent {step}"),
        Cause::Output { step, path } => format!("output {path} of {step}"),
        other => serde_json::to_string(other).unwrap(),
    }
}

const NPM: &str =
    "FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nRUN npm install\nCOPY package.json .\nCMD [\"node\"]\n";

const GO: &str = "FROM golang:1.19-alpine AS builder
WORKDIR /build
COPY . .
RUN go build -o app .
FROM alpine:3.17
RUN apk add --no-cache ca-certificates
COPY --from=builder /build/app /app
COPY --from=builder /build/README.md /
CMD [\"/app\"]
";

#[test]
fn an_edited_source_is_the_root_and_the_rest_is_dragged() {
    insta::assert_snapshot!(Bench::new(NPM).touch("src/app.js"));
}

#[test]
fn the_first_build_is_new() {
    let input = BuildInput {
        dockerfile: Arc::new(dockerfile::parse(NPM).unwrap()),
        options: GraphOptions::default(),
        context: Tree::from_pairs(FILES.iter().copied()),
        named: BTreeMap::new(),
    };
    insta::assert_snapshot!(told(&Simulator::default().build(&input).unwrap()));
}

#[test]
fn a_builder_that_ran_decides_by_what_came_out() {
    insta::assert_snapshot!(Bench::new(GO).touch("main.go"));
}

#[test]
fn instructions_variables_and_settings_are_told_apart() {
    let text = "FROM alpine:3.17\nARG V=1\nENV A=1\nWORKDIR /a\nUSER root\nRUN echo a\nRUN echo b\n";
    let mut out = String::new();
    for (old, new) in [
        ("echo a", "echo c"),
        ("V=1", "V=2"),
        ("A=1", "A=1 B=2"),
        ("/a", "/a/"),
        ("USER root", "USER node"),
        ("USER node", "SHELL [\"/bin/sh\", \"-ec\"]"),
        ("FROM alpine:3.17", "FROM alpine:3.18"),
        ("RUN echo c\n", ""),
        ("RUN echo b", "RUN --network=none echo b"),
    ] {
        let mut bench = Bench::new(text);
        if old == "echo c" || old.starts_with("RUN echo c") || old == "USER node" {
            bench.replace("echo a", "echo c");
            bench.replace("USER root", "USER node");
        }
        let _ = writeln!(out, "## {old:?} becomes {new:?}\n{}", bench.replace(old, new));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn two_roots_share_what_both_drag() {
    let text = "FROM a\nCOPY package.json .\nRUN npm ci\nCOPY src src\nRUN make\n";
    let mut bench = Bench::new(text);
    bench.tree.insert("package.json", Entry::file(0o644, b"x"));
    insta::assert_snapshot!(bench.touch("src/app.js"));
}

#[test]
fn modes_links_and_removals_are_named() {
    let mut bench = Bench::new("FROM a\nCOPY . /s\n");
    bench.tree.insert("src/app.js", Entry::file(0o755, b"1"));
    bench.tree.remove("README.md");
    bench.tree.insert("link", Entry::symlink("src"));
    insta::assert_snapshot!(bench.told());
}

#[test]
fn no_cache_is_its_own_cause() {
    let mut bench = Bench::new(NPM);
    bench.options.no_cache = crate::graph::NoCache::All;
    insta::assert_snapshot!(bench.told());
}

/// What each declared line turns into certainty (issue of assumptions): the build step below ran anew because the
/// README changed, but says that it reads the Go files alone.
#[test]
fn what_is_declared_turns_assumptions_into_certainties() {
    let plain = Bench::new(GO).touch("src/util.js");
    let declared = GO.replace(
        "RUN go build",
        "# layerlab: reads=\"*.go go.mod\" writes=\"app\" deterministic=true\nRUN go build",
    );
    let declared = Bench::new(&declared).touch("src/util.js");
    insta::assert_snapshot!(format!("## nothing declared\n{plain}\n## declared\n{declared}"));
}

#[test]
fn causes_are_told_exactly_for_what_runs() {
    for (n, text) in [NPM, GO].into_iter().enumerate() {
        for (path, _) in FILES {
            let mut bench = Bench::new(text);
            bench.tree.insert(path, Entry::file(0o644, b"changed"));
            let outcome = bench.build();
            for (step, Explanation { causes, root, drags }) in
                outcome.prediction.steps.iter().zip(&outcome.explanations)
            {
                assert_eq!(step.status == Status::Executed, !causes.is_empty(), "{n} {path} {}", step.label);
                assert!(*root || drags.is_empty());
            }
            // Nothing runs without a root to blame.
            let runs = outcome.prediction.count(Status::Executed);
            assert!(runs == 0 || outcome.explanations.iter().any(|e| e.root), "{n} {path}");
        }
    }
}
