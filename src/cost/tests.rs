//! Costs of whole Dockerfiles.

mod sizes;

use std::collections::BTreeMap;

use super::*;
use crate::context::Tree;
use crate::declare::Declarations;
use crate::dockerfile::parse;
use crate::graph::{self, GraphOptions};

/// The costs of a Dockerfile's steps over a context of these files, with what was measured.
fn costs_with(text: &str, files: &[(&str, &str)], measured: &Measured) -> Vec<(String, StepCost)> {
    let dockerfile = parse(text).expect("the test's Dockerfile is valid");
    let graph = graph::build(&dockerfile, &GraphOptions::default()).expect("the graph can be built");
    let (declared, problems) = Declarations::read(&dockerfile);
    assert_eq!(problems, []);
    let context = Tree::from_pairs(files.iter().copied());
    let inputs = Inputs { context: &context, named: &BTreeMap::new(), measured, declared: &declared };
    let costs = estimate(&graph, &inputs);
    graph.steps.iter().map(|step| step.label.instruction.clone()).zip(costs).collect()
}

fn costs(text: &str, files: &[(&str, &str)]) -> Vec<StepCost> {
    costs_with(text, files, &Measured::default()).into_iter().map(|(_, cost)| cost).collect()
}

#[test]
fn a_copy_weighs_what_it_takes_from_the_context() {
    let files = [("a.js", "12345"), ("src/b.js", "123"), ("src/c.md", "1")];
    for (copy, want) in [
        ("COPY a.js /app/", 5.0),
        ("COPY src /app", 4.0),
        ("COPY . .", 9.0),
        ("COPY *.js /app/", 5.0),
        ("COPY --exclude=*.md src /app", 3.0),
        ("COPY a.js src/b.js /app/", 8.0),
        ("COPY <<EOF /x\nhello\nEOF", 6.0),
    ] {
        let costs = costs(&format!("FROM scratch\n{copy}\n"), &files);
        assert_eq!(costs[0].bytes, Figure { value: want, basis: Basis::Measured }, "{copy}");
    }
}

#[test]
fn a_copy_from_a_stage_weighs_what_is_known_of_the_stage() {
    let text = "FROM scratch AS b\nCOPY src /w/src\nRUN go build -o /out/app .\nRUN cp -r /w/src /again\n\
                FROM scratch\nCOPY --from=b /w /w\nCOPY --from=b /out/app /app\nCOPY --from=b /again/x /\n";
    let costs = costs(text, &[("src/x", "1234567")]);
    assert_eq!(costs[3].bytes, Figure { value: 7.0, basis: Basis::Measured });
    assert_eq!(costs[4].bytes, Figure { value: 5.5e6, basis: Basis::Estimated });
    assert_eq!(costs[5].bytes, Figure { value: 7.0, basis: Basis::Measured });
}

#[test]
fn measured_goes_before_declared_and_declared_before_the_table() {
    let text = "FROM scratch\nRUN npm ci\n# layerlab: seconds=7 bytes=3MB\nRUN npm ci --omit=dev\n";
    let before = costs(text, &[]);
    assert_eq!(before[0].seconds.basis, Basis::Estimated);
    assert!(before[0].seconds.value >= 30.0);
    assert_eq!(before[1].seconds, Figure { value: 7.0, basis: Basis::Declared });
    assert_eq!(before[1].bytes, Figure { value: 3e6, basis: Basis::Declared });
    let mut measured = Measured::default();
    measured.record(crate::context::Digest::of(b"?"), "RUN npm ci --omit=dev", Some(2.5), Some(11));
    let after = costs_with(text, &[], &measured);
    assert_eq!(after[1].1.seconds, Figure { value: 2.5, basis: Basis::Measured });
    assert_eq!(after[1].1.bytes, Figure { value: 11.0, basis: Basis::Measured });
}

#[test]
fn what_a_cache_mount_takes_is_not_in_the_layer() {
    let with = costs("FROM scratch\nWORKDIR /app\nRUN --mount=type=cache,target=/root/.npm npm ci\n", &[]);
    let without = costs("FROM scratch\nWORKDIR /app\nRUN npm ci\n", &[]);
    assert_eq!(without[1].bytes.value - with[1].bytes.value, 40e6);
}

#[test]
fn what_a_run_removes_itself_costs_nothing() {
    let lists = costs("FROM scratch\nRUN apt-get update\n", &[])[0].bytes.value;
    assert!(lists > 1e6);
    let clean = costs("FROM scratch\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\n", &[]);
    assert_eq!(clean[0].bytes.value, 0.0);
    let late = costs("FROM scratch\nRUN apt-get update\nRUN rm -rf /var/lib/apt/lists/*\n", &[]);
    assert_eq!((late[0].bytes.value, late[1].bytes.value), (lists, 0.0));
}

#[test]
fn a_change_of_owner_puts_the_files_into_the_layer_again() {
    let text =
        "FROM scratch\nCOPY . /app\nRUN chown -R 1000 /app\nRUN chmod 755 /app/a\nRUN chmod 755 /app\n";
    let costs = costs(text, &[("a", "12345"), ("b/c", "123")]);
    let bytes: Vec<f64> = costs.iter().map(|cost| cost.bytes.value).collect();
    assert_eq!(bytes, [8.0, 8.0, 5.0, 0.0]);
    assert_eq!(costs[1].bytes.basis, Basis::Measured);
}

#[test]
fn one_of_several_package_managers_is_taken_to_run() {
    let one = costs("FROM scratch\nRUN npm ci\n", &[])[0];
    let text = "FROM scratch\nRUN if [ -f yarn.lock ]; then yarn install; elif [ -f package-lock.json ]; then npm ci; else exit 1; fi\n";
    let either = costs(text, &[])[0];
    assert!(either.seconds.value < one.seconds.value + 2.0, "{either:?} against {one:?}");
}

#[test]
fn a_working_directory_weighs_nothing() {
    let costs = costs("FROM scratch\nCOPY a /a\nWORKDIR /\nWORKDIR /x\n", &[("a", "123")]);
    let bytes: Vec<f64> = costs.iter().map(|cost| cost.bytes.value).collect();
    assert_eq!(bytes, [3.0, 0.0], "that of the root is no step");
}

#[test]
fn a_program_copied_from_a_builder_brings_nothing_of_the_builder_along() {
    let text = "FROM golang:1.19-alpine AS b\nWORKDIR /app\nCOPY . .\nRUN go build -o main .\n\
                FROM alpine:3.17\nCOPY --from=b /app/main .\n";
    let costs = costs(text, &[("main.go", "package main")]);
    let last = costs.last().expect("six steps");
    assert_eq!(last.bytes, Figure { value: 5.5e6, basis: Basis::Estimated });
}
