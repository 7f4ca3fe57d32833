//! `layerlab sizes` as people and programs call it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const COURSE: &str = "\
FROM golang:1.19-alpine AS builder
WORKDIR /app
COPY . .
RUN go build -o main .

FROM alpine:3.17
WORKDIR /root/
COPY --from=builder /app/main .
EXPOSE 8080
CMD [\"./main\"]
";

fn project(dockerfile: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("Dockerfile", dockerfile),
        ("main.go", "package main\n\nfunc main() {}\n"),
        ("go.mod", "module example.com/app\n\ngo 1.19\n"),
        ("app/data.bin", &"x".repeat(300_000)),
    ];
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("ours");
        fs::write(path, text).expect("ours");
    }
    folder
}

fn sizes(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_layerlab"))
        .arg("sizes")
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder.join(".home"))
        .env("XDG_CACHE_HOME", folder.join(".home/cache"))
        .env("XDG_STATE_HOME", folder.join(".home/state"))
        .env("NO_COLOR", "1")
        .env_remove("DOCKER_HOST")
        .output()
        .expect("the binary runs")
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_course_is_told_layer_by_layer_and_beside_other_ways() {
    let folder = project(COURSE);
    insta::assert_snapshot!("course", text(&sizes(folder.path(), &[])));
}

#[test]
fn waste_and_a_second_stage_are_told_with_their_lines() {
    let folder = project(
        "FROM python:3.12\nWORKDIR /srv\nCOPY app app\nRUN chown -R 1000 app\nRUN apt-get update && apt-get install -y gcc\n\
         RUN pip install flask gunicorn\nRUN rm -rf app\nUSER 1000\nCMD gunicorn app\n",
    );
    insta::assert_snapshot!("waste", text(&sizes(folder.path(), &[])));
}

#[test]
fn all_shows_every_stage_and_compare_shows_only_the_ways() {
    let folder = project(COURSE);
    let all = text(&sizes(folder.path(), &["--all"]));
    assert!(all.contains("RUN go build -o main ."), "{all}");
    let compare = text(&sizes(folder.path(), &["--compare"]));
    assert!(compare.starts_with("The same program\n") && !compare.contains("RUN go build"), "{compare}");
}

#[test]
fn json_holds_figures_with_their_basis_and_source() {
    let folder = project(COURSE);
    let answer: Value =
        serde_json::from_str(&text(&sizes(folder.path(), &["--format", "json"]))).expect("JSON");
    assert_eq!(answer["schema"], 1);
    assert_eq!(answer["image"]["bytes"], serde_json::json!({ "value": 12_540_000.0, "basis": "estimated" }));
    assert_eq!(answer["image"]["base"]["date"], "2023-01-09");
    assert!(answer["image"]["base"]["source"].as_str().is_some_and(|s| s.contains("repo-info")), "{answer}");
    let instructions: Vec<&str> = answer["image"]["layers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|l| l["instruction"].as_str())
        .collect();
    assert_eq!(instructions.len(), 3);
    assert_eq!(answer["stages"][0]["layers"][2]["bytes"]["basis"], "measured", "a COPY of the context");
    assert_eq!(answer["compare"][1]["way"], "single_stage");
}

#[test]
fn a_target_is_the_image() {
    let folder = project(COURSE);
    let answer: Value =
        serde_json::from_str(&text(&sizes(folder.path(), &["--target", "builder", "--format", "json"])))
            .expect("JSON");
    assert_eq!(answer["image"]["name"], "builder");
    assert_eq!(answer["stages"].as_array().map(Vec::len), Some(1), "the other is not needed for it");
}

#[test]
fn the_catalogue_is_listed_without_a_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let listed = text(&sizes(folder.path(), &["--catalogue=alpine:3.17"]));
    assert!(
        listed.contains("alpine:3.17") && listed.contains("7.04 MB") && listed.contains("repo-info"),
        "{listed}"
    );
    let none = sizes(folder.path(), &["--catalogue=no-such-image"]);
    assert_eq!(none.status.code(), Some(1));
}

#[test]
fn learning_without_an_engine_says_what_to_do() {
    let folder = project(COURSE);
    let output = Command::new(env!("CARGO_BIN_EXE_layerlab"))
        .args(["sizes", "--learn"])
        .current_dir(folder.path())
        .env("PATH", folder.path())
        .env("HOME", folder.path())
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("docker") && said.contains("Install"), "{said}");
}
