//! What is said of what was left alone, and of what moves save.

use super::offers::Files;
use super::*;

/// What is proposed where each build has another commit, version and date.
pub(super) fn propose_builds(text: &str, files: Files<'_>) -> Proposal {
    let dockerfile = parse(text).expect("the test's Dockerfile is valid");
    let tree = Tree::from_pairs(files.iter().copied());
    let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    let edits = Expected::new(likely_edits(&dockerfile, &tree));
    let edits = edits.with_arguments(likely_arguments(&dockerfile, &tree));
    let options = ReorderOptions::default();
    let input =
        ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &rough_seconds, options: &options };
    propose(&dockerfile, &input)
}

#[test]
fn what_lies_below_in_another_stage_is_told() {
    let shown_all = |text: &str, files: Files<'_>| {
        let proposal = propose_builds(text, files);
        let refused = proposal.refused.iter().map(|one| format!("! line {}: {}\n", one.line, one.why));
        let offered = proposal.offered.iter().filter(|offer| !offer.is_whole());
        let offered = offered.map(|one| format!("? {} [{}]: {}\n", one.name, one.id, one.changes));
        refused.chain(offered).collect::<String>()
    };
    let stages = |base: &str, build: &str| {
        format!(
            "FROM node:20 AS base\nWORKDIR /app\n{base}FROM base AS build\n{build}FROM nginx\nCOPY --from=build /app/dist /usr/share/nginx/html\n"
        )
    };
    let install = "COPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n";
    let mut out = String::new();
    for (base, build) in [
        ("COPY . .\n", "RUN npm ci\nRUN npm run build\n"),
        ("COPY package*.json ./\nRUN npm ci\nCOPY . .\n", "RUN npm ci\nRUN npm run build\n"),
        ("COPY package*.json ./\n", "RUN npm ci\nRUN npm run build\n"),
        ("ARG GIT_COMMIT\nENV GIT_COMMIT=$GIT_COMMIT\n", install),
        (
            "ARG GIT_COMMIT\nENV GIT_COMMIT=$GIT_COMMIT\nRUN apt-get update && apt-get install -y gcc make cmake\n",
            install,
        ),
        ("ARG GIT_COMMIT\nLABEL commit=$GIT_COMMIT\n", install),
        ("ARG MODE=a\nENV MODE=$MODE\n", install),
        ("", "ARG GIT_COMMIT\nENV GIT_COMMIT=$GIT_COMMIT\nCOPY . .\nRUN npm run build\n"),
    ] {
        out += &format!("{base}--\n{build}{}\n", shown_all(&stages(base, build), NPM));
    }
    insta::assert_snapshot!(out);
}

#[test]
fn that_the_project_is_installed_is_told_where_nothing_was_before_it() {
    let files: Files<'_> = &[("requirements.txt", "flask\n"), ("setup.py", "x"), ("a.py", "x")];
    for (before, expected) in [
        ("", 1),
        ("COPY requirements.txt .\nRUN pip install -r requirements.txt\n", 0),
        ("RUN pip install --upgrade pip\n", 1),
        ("COPY --from=wheels /wheels /wheels\n", 0),
    ] {
        let text = format!(
            "FROM python:3.12 AS wheels\nCOPY requirements.txt .\nRUN pip install --target /wheels -r requirements.txt\nFROM python:3.12\nWORKDIR /app\n{before}COPY . .\nRUN pip install .\n"
        );
        assert_eq!(propose_for(&text, files).refused.len(), expected, "{before}");
    }
}

#[test]
fn what_moves_together_saves_together() {
    let text = "FROM python:3.12\nWORKDIR /app\nARG VERSION\nARG COMMIT\nLABEL version=$VERSION commit=$COMMIT\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n";
    let proposal = propose_builds(text, &[("requirements.txt", "flask\n"), ("a.py", "x")]);
    let sum: f64 = proposal.moves.iter().map(|made| made.saves).sum();
    assert!(proposal.moves.len() > 1, "{:#?}", proposal.moves);
    assert!(sum <= proposal.expected_before - proposal.expected_after + 1e-6, "{:#?}", proposal.moves);
}

#[test]
fn where_no_manifest_is_found_is_told() {
    let why = |run: &str| {
        let text = format!("FROM node:20\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
        propose_for(&text, &[("web/package.json", "{}"), ("src/a.js", "x"), ("b.js", "x")])
            .refused
            .remove(0)
            .why
    };
    let end = "which is there where it runs; copy it there first, and see that the ignore file lets it in";
    assert_eq!(why("npm ci"), format!("no package.json lies in the root of the build context, {end}"));
    assert_eq!(why("cd src && npm ci"), format!("no package.json lies in src of the build context, {end}"));
}

#[test]
fn a_build_in_c_that_compiles_all_anew_is_told_of_ccache() {
    let advice = |before: &str, run: &str, files: &[(&str, &str)]| {
        let text = format!(
            "FROM debian:12 AS b\n{before}WORKDIR /s\nCOPY . .\nRUN {run}\nFROM debian:12\nCOPY --from=b /s/x /x\n"
        );
        let offered = propose_for(&text, files).offered;
        let found = offered.into_iter().find(|offer| offer.name.contains("ccache"));
        found.map(|offer| (offer.is_whole(), offer.changes.contains("CMAKE_CXX_COMPILER_LAUNCHER")))
    };
    let cmake = &[("CMakeLists.txt", "project(x)"), ("a.cc", "x")];
    let own = &[("CMakeLists.txt", "find_program(CCACHE ccache)"), ("a.cc", "x")];
    let autotools = &[("configure", "x"), ("a.c", "x")];
    let go = &[("go.mod", "x"), ("Makefile", "x"), ("a.go", "x")];
    for (before, run, files, expected) in [
        ("", "cmake -B build && cmake --build build", &cmake[..], Some((false, true))),
        ("", "./configure && make", &autotools[..], Some((false, false))),
        ("", "cmake -B build && cmake --build build", &own[..], None),
        ("RUN apt-get install -y ccache\n", "cmake -B build", &cmake[..], None),
        ("", "make", &go[..], None),
    ] {
        assert_eq!(advice(before, run, files), expected, "{before}{run}");
    }
}

/// Moves that gain only together do not each claim all of it, and nothing that is saved goes untold.
#[test]
fn what_moves_save_is_what_is_saved_in_all() {
    let go: Files<'_> = &[("go.mod", "module x\n"), ("go.sum", "x"), ("cmd/main.go", "x")];
    let scratch = "FROM scratch\nCOPY --from=b /a /a\n";
    for (text, files) in [
        (format!("FROM golang:1.22-alpine AS b\nWORKDIR /app\nCOPY . .\nRUN apk add git ca-certificates && go build -o /a ./cmd\n{scratch}"), go),
        (format!("FROM golang:1.22 AS b\nWORKDIR /app\nCOPY . .\nRUN go build -o /a ./cmd\n{scratch}"), go),
        ("FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nRUN apk add gcc g++ make && npm ci && npm run build\n".to_owned(), NPM),
        ("FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n".to_owned(), NPM),
    ] {
        let made = propose_for(&text, files);
        let sum: f64 = made.moves.iter().map(|one| one.saves).sum();
        let total = made.expected_before - made.expected_after;
        assert!(total > 1.0 && sum <= total + 1e-6 && sum > 0.9 * total, "{sum} of {total}: {made:#?}");
    }
}
