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

#[test]
fn a_step_is_cheaper_where_an_earlier_one_has_done_its_fetching() {
    for (fetch, compile) in [
        ("go mod download", "go build -o /app ."),
        ("go mod download", "make app"),
        ("cargo chef cook --release", "cargo build --release"),
        ("dotnet restore", "dotnet publish -o /out"),
        ("mvn dependency:go-offline", "mvn package"),
        ("uv sync --frozen --no-install-project", "uv sync --frozen"),
        ("poetry install --no-root", "poetry install"),
    ] {
        let alone = costs(&format!("FROM scratch\nRUN {compile}\n"), &[])[0].seconds.value;
        let after = costs(&format!("FROM scratch\nRUN {fetch}\nCOPY . .\nRUN {compile}\n"), &[("a", "b")]);
        let after = after[2].seconds.value;
        assert!(after < alone && after > 0.0, "{compile}: {after} after {fetch}, {alone} alone");
    }
    let elsewhere = "FROM scratch AS a\nRUN go mod download\nFROM scratch\nRUN go build -o /app .\n";
    let alone = costs("FROM scratch\nRUN go build -o /app .\n", &[])[0].seconds;
    assert_eq!(costs(elsewhere, &[]).last().expect("a step").seconds, alone, "another stage's modules");
}

#[test]
fn a_warm_cache_mount_spares_what_it_holds() {
    let seconds = |text: &str| costs(&format!("FROM scratch\nRUN {text}\n"), &[])[0].seconds.value;
    for (mount, command) in [
        ("/root/.npm", "npm ci"),
        ("/root/.cache/pip", "pip install -r requirements.txt"),
        ("/root/.cache/go-build", "go build -o /app ."),
        ("/go/pkg/mod", "go build -o /app ."),
        ("/root/.m2", "mvn package"),
    ] {
        let with = seconds(&format!("--mount=type=cache,target={mount} {command}"));
        assert!(with < seconds(command), "{mount}");
        assert!(with >= 0.2, "{mount}");
    }
    assert_eq!(seconds("--mount=type=cache,target=/root/.npm make"), seconds("make"));
}

#[test]
fn what_was_measured_of_a_whole_is_shared_among_its_parts() {
    let text = |runs: &str| format!("FROM scratch\n{runs}\n");
    let mut measured = Measured::default();
    let op = crate::context::Digest::of(b"op");
    measured.record(op, "RUN npm ci && npm run build", Some(500.0), None);
    measured.record(op, "RUN make app", Some(100.0), None);
    let seconds = |runs: &str| -> Vec<Figure> {
        costs_with(&text(runs), &[], &measured).into_iter().map(|(_, cost)| cost.seconds).collect()
    };
    let parts = seconds("RUN npm ci\nRUN npm run build");
    let sum: f64 = parts.iter().map(|figure| figure.value).sum();
    assert!((sum - 500.0).abs() < 10.0, "{parts:?}");
    assert!(parts.iter().all(|figure| figure.basis == Basis::Estimated), "a share is no measurement");
    let whole = seconds("RUN npm ci && npm run build")[0];
    assert_eq!(whole, Figure { value: 500.0, basis: Basis::Measured });
    // Measured without a fetch before it: less is left behind one that was not there.
    let fetched = seconds("RUN go mod download\nRUN make app");
    assert!(fetched[1].value < 100.0 && fetched[1].basis == Basis::Estimated, "{fetched:?}");
    assert!(fetched[0].value + fetched[1].value <= 100.0 + 1.0, "{fetched:?}");
    assert_eq!(seconds("RUN make app")[0].value, 100.0);
}
