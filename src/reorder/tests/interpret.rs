//! Compares what two orders of small Dockerfiles leave behind.

mod image;

use proptest::prelude::*;

use super::super::*;
use crate::dockerfile::parse;
use image::build;

fn context() -> Tree {
    Tree::from_pairs([("f", "1"), ("g", "2"), ("src/f", "3"), ("src/deep/h", "4"), ("lib/x", "5")])
}

fn place() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "/f",
        "/a",
        "/a/f",
        "/a/src",
        "/a/src/f",
        "/b",
        "/b/x",
        "f",
        "g",
        "src/f",
        "src",
        "deep",
        "x",
        "/a/deep/h",
        ".",
        "/w/y",
    ])
    .prop_map(str::to_owned)
}

fn command() -> impl Strategy<Value = String> {
    prop_oneof![
        (place(), place()).prop_map(|(a, b)| format!("cat {a} > {b}")),
        (place(), place()).prop_map(|(a, b)| format!("cp {a} {b}")),
        (place(), place()).prop_map(|(a, b)| format!("mv {a} {b}")),
        place().prop_map(|a| format!("mkdir -p {a}")),
        place().prop_map(|a| format!("touch {a}")),
        place().prop_map(|a| format!("rm -rf {a}")),
        (prop::sample::select(vec!["$A", "$B", "hello"]), place())
            .prop_map(|(what, a)| format!("echo {what} > {a}")),
        (place(), place()).prop_map(|(a, b)| format!("ls {a} > {b}")),
        place().prop_map(|a| format!("chown 7 {a}")),
        place().prop_map(|a| format!("chmod 700 {a}")),
        (prop::sample::select(vec!["/m/f", "/m/deep/h"]), place()).prop_map(|(a, b)| format!("cp {a} {b}")),
        (place(), place()).prop_map(|(a, b)| format!("cd {a} && touch {b}")),
    ]
}

fn instruction() -> impl Strategy<Value = String> {
    let owner = prop::sample::select(vec!["", "", "--chown=5 "]);
    prop_oneof![
        4 => command().prop_map(|command| format!("RUN {command}")),
        2 => (command(), command()).prop_map(|(a, b)| format!("RUN {a} && {b}")),
        4 => (owner, prop::sample::select(vec![".", "src", "f", "g", "lib/x", "f g", "src lib"]), prop::sample::select(vec!["/a/", "/b/", ".", "./src/", "/w/", "$A/"]))
            .prop_map(|(owner, from, to)| format!("COPY {owner}{from} {to}")),
        2 => prop::sample::select(vec!["/a", "/b", "/w", "src", "deep", "/a/src"]).prop_map(|dir| format!("WORKDIR {dir}")),
        1 => prop::sample::select(vec!["0", "9"]).prop_map(|user| format!("USER {user}")),
        2 => (prop::sample::select(vec!["A", "B"]), prop::sample::select(vec!["/a", "/b", "$A"])).prop_map(|(name, value)| format!("ENV {name}={value}")),
        1 => prop::sample::select(vec!["A", "B"]).prop_map(|name| format!("ARG {name}=/w")),
        1 => prop::sample::select(vec!["A", "B"]).prop_map(|name| format!("LABEL l=${name}")),
        1 => (prop::sample::select(vec!["type=bind,source=src,target=/m", "type=cache,target=/m"]), command())
            .prop_map(|(mount, command)| format!("RUN --mount={mount} {command}")),
        1 => (command(), command(), command()).prop_map(|(a, b, c)| format!("RUN {a} && {b} && {c}")),
    ]
}

/// A last stage that takes from the one before it, or goes on from it.
fn last_stage() -> impl Strategy<Value = String> {
    let copy = (
        prop::sample::select(vec!["/a", "/a/f", "/b", "/a/src", "/w"]),
        prop::sample::select(vec!["/a/", "/b/", "/z"]),
    )
        .prop_map(|(from, to)| format!("COPY --from=one {from} {to}"));
    let line = prop_oneof![3 => instruction(), 2 => copy];
    let lines = prop::collection::vec(line, 1..6).prop_map(|lines| lines.join("\n"));
    prop_oneof![
        3 => Just(String::new()),
        2 => (prop::sample::select(vec!["scratch", "one"]), lines).prop_map(|(base, lines)| format!("FROM {base}\n{lines}\n")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, max_global_rejects: 1_000_000, ..ProptestConfig::default() })]

    /// Whatever is proposed leaves the same image, and the text of what is proposed is a Dockerfile.
    #[test]
    fn every_proposal_leaves_the_same_image(
        lines in prop::collection::vec(instruction(), 2..9),
        costs in prop::collection::vec(1_u32..100, 12),
        weights in prop::collection::vec(0_u32..10, 7),
        last in last_stage(),
    ) {
        let text = format!("FROM scratch AS one\n{}\n{last}", lines.join("\n"));
        let tree = context();
        let Ok(before) = build(&text, &tree) else { return Ok(()) };
        let dockerfile = parse(&text).expect("it was built");
        let paths = ["f", "g", "src/f", "src/deep/h", "lib/x"];
        let mut edits: Vec<Edit> = paths.iter().zip(&weights).map(|(path, weight)| Edit {
            weight: f64::from(*weight), paths: vec![(*path).to_owned()], build_args: Vec::new(),
        }).collect();
        edits.push(Edit { weight: f64::from(weights[5]), paths: Vec::new(), build_args: vec!["A".to_owned()] });
        let seconds = |_: usize, instruction: &Instruction| f64::from(costs[instruction.line % costs.len()]);
        let read = |_: &str| None;
        let options = ReorderOptions::default();
        let edits = Expected::new(edits);
        let input = ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &seconds, options: &options };
        let proposal = propose(&dockerfile, &input);
        let after = build(&proposal.text, &tree);
        prop_assert!(after.is_ok(), "{}\nbecame\n{}", text, proposal.text);
        prop_assert_eq!(&before, &after.unwrap_or_default(), "{}\nbecame\n{}", text, proposal.text);
        prop_assert!(proposal.expected_after <= proposal.expected_before + 1e-9);
        prop_assert_eq!(proposal.moves.is_empty(), proposal.text == text);
    }
}
