//! Sizes of whole images, what nobody needs of them, and other ways to ship them.

use super::*;
use crate::cost::compare::{Comparison, Way, compare};
use crate::cost::view::{Role, SizesView};

fn sizes(text: &str, files: &[(&str, &str)]) -> (Sizes, Comparison) {
    let dockerfile = parse(text).expect("the test's Dockerfile is valid");
    let graph = graph::build(&dockerfile, &GraphOptions::default()).expect("the graph can be built");
    let context = Tree::from_pairs(files.iter().copied());
    let (declared, _) = Declarations::read(&dockerfile);
    let measured = Measured::default();
    let inputs =
        Inputs { context: &context, named: &BTreeMap::new(), measured: &measured, declared: &declared };
    let sizes = Sizes::of(&dockerfile, &graph, &inputs);
    let comparison = compare(&dockerfile, &graph, &sizes, &measured);
    (sizes, comparison)
}

/// The ways that work: bytes in words, changes, caveats.
fn ways(comparison: &Comparison) -> Vec<(Way, String)> {
    comparison.rows.iter().map(|row| (row.kind, words::figure_bytes(row.total))).collect()
}

const COURSE: &str = "FROM golang:1.19-alpine AS builder\nWORKDIR /app\nCOPY . .\nRUN go build -o main .\n\n\
                      FROM alpine:3.17\nWORKDIR /root/\nCOPY --from=builder /app/main .\nCMD [\"./main\"]\n";

#[test]
fn the_go_service_of_the_course_weighs_what_the_course_says() {
    let (sizes, comparison) = sizes(COURSE, &[("main.go", "package main"), ("go.mod", "module x")]);
    assert_eq!(
        ways(&comparison),
        [
            (Way::This, "about 12.5 MB".to_string()),
            (Way::SingleStage, "about 498 MB".to_string()),
            (Way::Slim, "about 79.5 MB".to_string()),
            (Way::Distroless, "about 7.93 MB".to_string()),
            (Way::Scratch, "about 5.5 MB".to_string()),
        ]
    );
    let distroless = comparison.rows.iter().find(|row| row.kind == Way::Distroless).expect("it works");
    assert!(distroless.changes.iter().any(|change| change.contains("CGO_ENABLED=0")), "{distroless:?}");
    assert!(distroless.caveats.iter().any(|caveat| caveat.contains("no shell")), "{distroless:?}");
    assert_eq!(sizes.left_behind().map(|stage| stage.name.as_str()).collect::<Vec<_>>(), ["builder"]);
    assert_eq!(sizes.waste, [], "what is left in the builder is not in the image");
}

#[test]
fn a_static_build_needs_no_change_for_scratch() {
    let text = COURSE.replace("RUN go build", "RUN CGO_ENABLED=0 go build");
    let (_, comparison) = sizes(&text, &[("main.go", "")]);
    let scratch = comparison.rows.iter().find(|row| row.kind == Way::Scratch).expect("it works");
    assert_eq!(scratch.changes, Vec::<String>::new());
    for word in ["CA certificates", "time zones", "no shell", "root"] {
        assert!(scratch.caveats.iter().any(|caveat| caveat.contains(word)), "{word}: {scratch:?}");
    }
}

#[test]
fn a_compiler_that_is_shipped_is_offered_a_second_stage() {
    let (sizes, comparison) = sizes(
        "FROM golang:1.22\nWORKDIR /s\nCOPY . .\nRUN go build -o /app .\nCMD /app\n",
        &[("main.go", "")],
    );
    assert!(sizes.image().total.value > 900e6);
    let caches = sizes.waste.iter().map(|waste| waste.words().0).collect::<Vec<_>>();
    assert_eq!(caches, ["Go's build cache left in the image", "Go's module cache left in the image"]);
    let distroless = comparison.rows.iter().find(|row| row.kind == Way::Distroless).expect("it works");
    assert_eq!(distroless.total.value, 5.5e6 + 2.43e6);
    let changes = distroless.changes.join("; ");
    assert!(
        changes.contains("second stage") && changes.contains("CMD in line 5 as a JSON array"),
        "{changes}"
    );
}

#[test]
fn what_cannot_work_is_said_with_its_reason() {
    let node = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n";
    let (_, comparison) = sizes(node, &[("a.js", "1")]);
    let kinds: Vec<Way> = comparison.rows.iter().map(|row| row.kind).collect();
    assert_eq!(kinds, [Way::This, Way::Alpine, Way::Slim]);
    let reasons: Vec<&str> = comparison.impossible.iter().map(|(_, why)| why.as_str()).collect();
    assert!(reasons[0].starts_with("line 4 runs a command"), "{reasons:?}");
    assert_eq!(reasons[1], "scratch holds nothing that could run it");
}

#[test]
fn a_run_that_only_brings_certificates_is_no_obstacle() {
    let text = "FROM golang:1.22-alpine AS b\nRUN CGO_ENABLED=0 go build -o /app\nFROM alpine:3.20\n\
                RUN apk --no-cache add ca-certificates tzdata\nRUN adduser -D app\nCOPY --from=b /app /app\nUSER app\nCMD [\"/app\"]\n";
    let (_, comparison) = sizes(text, &[]);
    let distroless = comparison.rows.iter().find(|row| row.kind == Way::Distroless).expect("it works");
    assert_eq!(distroless.total.value, 5.5e6 + 2.43e6, "without what the RUN installs");
    assert_eq!(
        distroless.changes,
        [
            "drop line 4: gcr.io/distroless/static-debian12 has certificates and time zones",
            "drop line 5: write USER 65532, which needs no entry in /etc/passwd",
        ]
    );
}

#[test]
fn waste_is_named_with_the_line_to_change() {
    let big = "x".repeat(200_000);
    let files = [("data", big.as_str()), ("app/x", big.as_str()), (".git/pack", big.as_str())];
    /// Line, line to change, what is said.
    type Told = (usize, usize, &'static str);
    let table: [(&str, &[Told]); 6] = [
        (
            "RUN apt-get update && apt-get install -y curl\n",
            &[(2, 2, "apt's package lists left in the image")],
        ),
        ("RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n", &[]),
        (
            "COPY app /app\nRUN chown -R 1000 /app\n",
            &[(3, 2, "chown changes /app, so its files are in the image a second time")],
        ),
        ("COPY data /d\nRUN rm /d\n", &[(2, 2, "line 3 removes /d, but the layer of line 2 keeps it")]),
        ("COPY app /a\nCOPY app /a\n", &[(3, 3, "this COPY brings files to /a that are there already")]),
        ("COPY . /all\n", &[(2, 2, "git's own folder is copied to /all/.git")]),
    ];
    for (steps, want) in table {
        let (sizes, _) = sizes(&format!("FROM debian:bookworm-slim\n{steps}"), &files);
        let got: Vec<(usize, usize, String)> =
            sizes.waste.iter().map(|waste| (waste.line, waste.change, waste.words().0)).collect();
        let want: Vec<(usize, usize, String)> =
            want.iter().map(|(a, b, c)| (*a, *b, (*c).to_string())).collect();
        assert_eq!(got, want, "{steps}");
    }
}

#[test]
fn only_the_chain_of_the_final_stage_counts() {
    let text = "FROM alpine:3.17 AS base\nCOPY a /a\nFROM debian:bookworm AS unused\nCOPY a /a\n\
                FROM base AS mid\nCOPY b /b\nFROM mid\nCOPY --from=unused /a /c\n";
    let (sizes, _) = sizes(text, &[("a", "12345"), ("b", "123")]);
    let lines: Vec<usize> = sizes.image().layers.iter().map(|layer| layer.line).collect();
    assert_eq!(lines, [1, 2, 6, 8]);
    assert_eq!(sizes.image().total.value, 7_040_000.0 + 5.0 + 3.0 + 5.0);
    assert_eq!(sizes.left_behind().map(|stage| stage.stage).collect::<Vec<_>>(), [1]);
}

#[test]
fn the_view_draws_to_scale() {
    let (sizes, comparison) = sizes(COURSE, &[("main.go", "")]);
    let view = SizesView::new(&sizes, &comparison);
    assert_eq!(view.title, "The image weighs about 12.5 MB");
    let base = &view.layers[0];
    assert_eq!(
        (base.role, base.share, base.line, base.label.as_str()),
        (Role::Base, 1.0, Some(6), "FROM alpine:3.17")
    );
    assert_eq!(view.layers[1].cells(40), 0);
    assert_eq!(view.layers[2].cells(40), 31);
    assert_eq!((view.ways[1].cells(40), view.ways[0].cells(40)), (40, 1));
    assert_eq!(view.left_behind[0].share, 1.0);
    assert_eq!(
        view.sources,
        ["golang:1.19-alpine: catalogue, 2022-10-04", "alpine:3.17: catalogue, 2023-01-09"]
    );
}

#[test]
fn an_image_that_nobody_knows_counts_as_nothing_and_says_so() {
    let (sizes, comparison) = sizes("FROM example.com/base:1\nCOPY a /a\n", &[("a", "12345")]);
    assert_eq!(sizes.image().total.value, 5.0);
    let view = SizesView::new(&sizes, &comparison);
    assert!(view.sources[0].contains("is not known and counts as 0"), "{:?}", view.sources);
    assert_eq!(comparison.rows.len(), 1);
}
