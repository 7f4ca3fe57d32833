//! RUNs that are cut: what their parts are called, and what is declared of them.

use super::*;
use crate::declare::Declarations;

/// Two parts of line 6 move up, each to another place.
const TWICE: &str = "FROM python:3-alpine\nWORKDIR /app\nCOPY requirements.txt ./\nCOPY a.py ./\nENV A=1\nRUN apk add --no-cache gcc g++ make cmake git musl-dev linux-headers curl && pip install -r requirements.txt && python a.py\n";

fn ids(proposal: &Proposal) -> Vec<&str> {
    proposal.moves.iter().map(|made| made.id.as_str()).collect()
}

#[test]
fn no_two_moves_have_one_id_and_one_can_be_left_out() {
    let files = &[
        ("package.json", r#"{"name":"x"}"#),
        ("package-lock.json", r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x"}}}"#),
        ("requirements.txt", "flask\n"),
        ("a.py", "x"),
        ("src/a.js", "x"),
    ];
    let packages: Vec<String> = (1..40).map(|number| format!("p{number}")).collect();
    let cuts = format!(
        "FROM node:alpine\nWORKDIR /app\nCOPY . .\nRUN apk add --no-cache {} && npm ci && npm run build\n",
        packages.join(" ")
    );
    let mut parted = 0;
    for text in [TWICE, cuts.as_str()] {
        let whole = propose_for(text, files);
        let all = ids(&whole);
        let distinct: BTreeSet<&&str> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
        for id in &all {
            parted += usize::from(id.contains('.'));
            let without = propose_with(text, files, &skipping(&[id]));
            assert!(!ids(&without).contains(id), "{id} is left out of {:?}", ids(&without));
            assert!(without.expected_after >= whole.expected_after - 1e-9, "{id}: {}", shown(text, files));
            if id.contains('.') {
                let first = id.split('.').next().expect("a part");
                let keeps = ids(&without).contains(&first) || !all.contains(&first);
                assert!(keeps, "{id} alone is left out: {:?}", ids(&without));
            }
        }
    }
    assert!(parted > 0, "no case has two parts of a line that move alike");
}

/// The seconds that a Dockerfile declares, RUN by RUN.
fn declared(text: &str) -> Vec<(Option<f64>, Option<u64>)> {
    let dockerfile = parse(text).expect("it parses");
    let (all, problems) = Declarations::read(&dockerfile);
    assert!(problems.is_empty(), "{problems:?}");
    let instructions = &dockerfile.stages[0].instructions;
    let runs = (0..instructions.len()).filter(|at| instructions[*at].kind.keyword() == "RUN");
    runs.map(|at| all.get(0, at).map_or((None, None), |own| (own.seconds, own.bytes))).collect()
}

#[test]
fn what_is_declared_of_a_run_is_shared_among_its_parts() {
    let text =
        |comment: &str| format!("FROM node\nWORKDIR /app\nCOPY . .\n{comment}RUN npm ci && npm run build\n");
    for (comment, expected) in [
        ("# layerlab: seconds=100\n", vec![(Some(59.9), None), (Some(40.1), None)]),
        (
            "# both\n# layerlab: bytes=10MB seconds=100\n",
            vec![(Some(59.9), Some(5_992_063)), (Some(40.1), Some(4_007_937))],
        ),
        ("# nothing\n", vec![(None, None), (None, None)]),
        // What the whole reads is not what each part does: it stays one.
        ("# layerlab: seconds=100 writes=/app\n", vec![(Some(100.0), None)]),
    ] {
        let proposal = propose_for(&text(comment), NPM);
        assert_eq!(declared(&proposal.text), expected, "{}", proposal.text);
    }
}

/// A step that ends at its first failure is cut as a chain is, and each part does so again.
#[test]
fn a_step_that_ends_at_a_failure_is_cut_as_a_chain_is() {
    let files = &[
        ("package.json", r#"{"name":"x"}"#),
        ("package-lock.json", r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x"}}}"#),
        ("src/a.js", "x"),
    ];
    let text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN set -eux; \\\n    npm ci; \\\n    npm run build;\n";
    let cut = "FROM node:20\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN set -eux; \\\n    npm ci\nCOPY . .\nRUN set -eux && npm run build\n";
    assert_eq!(propose_for(text, files).text, cut);
    // One command alone ends with its own failure.
    for (set, second) in [
        ("-e", "RUN npm run build\n"),
        ("-ex", "RUN npm run build\n"),
        ("-eu", "RUN set -eu && npm run build\n"),
    ] {
        let text = format!("FROM node:20\nWORKDIR /app\nCOPY . .\nRUN set {set}; npm ci; npm run build\n");
        let made = propose_for(&text, files).text;
        assert!(made.ends_with(&format!("RUN set {set}; npm ci\nCOPY . .\n{second}")), "{made}");
    }
    // What goes on after a failure is another thing in two steps.
    for run in ["set -x; npm ci; npm run build", "set -e; npm ci; ! npm test; npm run build"] {
        let text = format!("FROM node:20\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
        assert_eq!(propose_for(&text, files).text, text);
    }
}

/// What changes the owner or the mode of all that was installed stays in its layer, which would else hold it twice.
#[test]
fn what_changes_the_installed_files_stays_with_the_install() {
    for (run, is_cut) in [
        ("npm ci && npm run build", true),
        ("npm ci && chown -R node:node /app", false),
        ("npm ci && chmod -R 755 /app && npm run build", false),
        ("npm ci && chgrp -R 0 . && npm run build", false),
        ("npm ci && find . -type f -exec chmod 644 {} + && npm run build", false),
        ("npm ci && sh -c 'chown -R node /app' && npm run build", false),
        ("npm ci && sed -i s/a/b/ node_modules/x/index.js && npm run build", false),
        ("npm ci && touch node_modules/.stamp && npm run build", false),
        // Other files, or the directory alone.
        ("npm ci && sed -i s/a/b/ src/app.js && npm run build", true),
        ("npm ci && chmod 755 /app && npm run build", true),
        ("npm ci && chown -R node:node /data && npm run build", true),
    ] {
        let text = format!("FROM node:20\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
        let made = propose_for(&text, NPM);
        assert_eq!(made.text != text, is_cut, "{}", made.text);
        let told = made.refused.iter().filter(|refused| refused.why.contains("would then be in two layers"));
        assert_eq!(told.count(), usize::from(!is_cut), "{run}: {:?}", made.refused);
    }
}
