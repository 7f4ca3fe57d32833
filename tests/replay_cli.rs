//! `layerlab replay` as users call it. After a wanted change: `INSTA_UPDATE=always cargo test --test replay_cli`, then
//! read the diff.

mod history_repos;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use history_repos::{Scratch, Stream};
use insta::assert_snapshot;
use tempfile::TempDir;

const BAD: &str = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n";
const GOOD: &str = "FROM node:20\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n";
const LOCK: &str =
    r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x","dependencies":{"a":"^1.0.0"}}}}"#;
const MANIFEST: &str = r#"{"name":"x","dependencies":{"a":"^1.0.0"}}"#;

fn history() -> Scratch {
    let mut s = Stream::default();
    s.commit("main", "Begin")
        .write("Dockerfile", BAD)
        .write(".dockerignore", ".git\nDockerfile\n.dockerignore\n")
        .write("package.json", MANIFEST)
        .write("package-lock.json", LOCK)
        .write("src/app.js", "0");
    for n in 1..=6 {
        s.commit("main", &format!("Edit the app, {n}")).write("src/app.js", &n.to_string());
        if n % 2 == 0 {
            s.commit("main", &format!("Explain it, {n}")).write("README.md", &n.to_string());
        }
    }
    s.commit("main", "Lock \x1b[31mit\x1b[0m anew").write("package-lock.json", &LOCK.replace("1.0", "1.1"));
    s.commit("main", "Say more").write("README.md", "more");
    let scratch = Scratch::new();
    scratch.import(&s);
    scratch.git(&["reset", "--quiet", "--hard"]);
    scratch
}

fn run_in(cache: &Path, context: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("layerlab").expect("the program");
    command.arg("replay").arg(context).args(args).env("XDG_CACHE_HOME", cache).env("NO_COLOR", "1");
    command.output().expect("it runs")
}

fn run(context: &Path, args: &[&str]) -> Output {
    run_in(TempDir::new().expect("a temporary directory").path(), context, args)
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn text_for_people() {
    let scratch = history();
    let text = said(&run(scratch.path(), &["--platform", "linux/amd64"]));
    assert!(text.lines().all(|line| unicode_width::UnicodeWidthStr::width(line) <= 80), "{text}");
    assert!(!text.contains('\x1b'), "a subject's escapes are shown, not sent");
    assert_snapshot!(text);
}

#[test]
fn a_second_run_is_the_same_and_fresh_too() {
    let scratch = history();
    let cache = TempDir::new().expect("a temporary directory");
    let first = said(&run_in(cache.path(), scratch.path(), &[]));
    let kept = std::fs::read_dir(cache.path().join("layerlab/replay")).expect("kept walks").count();
    assert!(kept >= 2, "both sides are kept");
    assert_eq!(said(&run_in(cache.path(), scratch.path(), &[])), first);
    assert_eq!(said(&run_in(cache.path(), scratch.path(), &["--fresh"])), first);
    let again = std::fs::read_dir(cache.path().join("layerlab/replay")).expect("kept walks").count();
    assert_eq!(again, kept, "the same keys");
}

#[test]
fn against_a_file_and_pinned() {
    let scratch = history();
    let against = scratch.path().join("Dockerfile.good");
    std::fs::write(&against, GOOD).expect("writable");
    let json =
        said(&run(scratch.path(), &["--against", against.to_str().expect("UTF-8"), "--format", "json"]));
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let reran = |side: &str, text: &str| {
        let rows = report[side]["rows"].as_array().expect("rows");
        rows.iter().find(|row| row["instruction"] == text).expect("the row")["executed"].as_u64()
    };
    // The first commit is built on nothing; 11 of the 12 after it touch what COPY . . takes in.
    assert_eq!((reran("left", "RUN npm ci"), reran("right", "RUN npm ci")), (Some(12), Some(2)));
    assert_eq!(report["commits"].as_array().map(Vec::len), Some(12));
    assert_eq!((&report["partial"], &report["schema"]), (&false.into(), &1.into()));
    std::fs::write(scratch.path().join("Dockerfile"), GOOD).expect("writable");
    let pinned = said(&run(scratch.path(), &["--pin", "--format", "json"]));
    let pinned: serde_json::Value = serde_json::from_str(&pinned).expect("JSON");
    assert_eq!(pinned["left"]["rows"][3]["executed"], 2, "today's, which is not committed yet");
    assert!(pinned["right"].is_null(), "the order of today's is good, whatever that of the commits was");
    let other = BAD.replace("run build", "run other");
    std::fs::write(scratch.path().join("Dockerfile"), other).expect("writable");
    let pinned = said(&run(scratch.path(), &["--pin", "--format", "json"]));
    let pinned: serde_json::Value = serde_json::from_str(&pinned).expect("JSON");
    for side in ["left", "right"] {
        let rows = pinned[side]["rows"].as_array().expect("rows");
        let built = rows.iter().filter(|row| row["instruction"] == "RUN npm run other").count();
        assert_eq!(built, 1, "{side} builds today's on every commit: {rows:?}");
        assert!(!rows.iter().any(|row| row["instruction"] == "RUN npm run build"), "{side}: {rows:?}");
    }
}

#[test]
fn commits_that_the_other_side_does_not_build_save_nothing() {
    let scratch = history();
    let good = scratch.path().join("Dockerfile.good");
    std::fs::write(&good, GOOD).expect("writable");
    let against = ["--against", good.to_str().expect("UTF-8")];
    let text = said(&run(scratch.path(), &against));
    assert!(text.contains("over these commits"), "{text}");
    let saved = |args: &[&str]| {
        let json = said(&run(scratch.path(), &[args, &["--format", "json"][..]].concat()));
        let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        report["saved"].as_f64().expect("seconds")
    };
    let (before, reordered) = (saved(&against), saved(&[]));
    // Without a lock file `npm ci` fails; what of it the simulated build sees is that there is nothing to copy.
    scratch.git(&["rm", "--quiet", "package-lock.json"]);
    let who = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    scratch.git(&[&who[..], &["commit", "--quiet", "-m", "Lose the lock"]].concat());
    let text = said(&run(scratch.path(), &against));
    assert!(text.contains("over the commits that it builds, while 1 other would fail"), "{text}");
    assert!((saved(&against) - before).abs() < 1e-6, "the commit that fails there counts for nothing");
    // layerlab's own order is made anew without the file, and builds.
    let text = said(&run(scratch.path(), &[]));
    assert!(text.contains("over these commits"), "{text}");
    assert!(saved(&[]) <= reordered + 1e-6, "nothing is found again where the manifests changed");
}

#[test]
fn csv_has_a_row_for_every_step() {
    let scratch = history();
    let csv = said(&run(scratch.path(), &["-n", "2", "--format", "csv"]));
    let rows: Vec<&str> = csv.trim_end().split("\r\n").collect();
    let left = rows.iter().filter(|row| row.contains(",left,")).count();
    assert_eq!(left, 2 * 5);
    assert!(rows[0].starts_with("commit,date,side,step,"));
    assert!(csv.contains("RUN npm ci") && csv.contains("README.md"), "{csv}");
}

#[test]
fn a_gate_answers_with_its_exit_status() {
    let scratch = history();
    let gate = |limit: &str, format: &str| {
        run(scratch.path(), &["--range", "HEAD~1..", "--gate", limit, "--format", format])
    };
    let fine = gate("steps=3", "text");
    assert_eq!(fine.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&fine.stdout).contains("holds: steps=3"));
    let past = gate("steps=2", "markdown");
    assert_eq!(past.status.code(), Some(1));
    assert_snapshot!("gate_markdown", String::from_utf8_lossy(&past.stdout));
    let annotated = gate("seconds=0", "github");
    assert_eq!(annotated.status.code(), Some(1));
    let text = String::from_utf8_lossy(&annotated.stdout);
    assert!(text.lines().any(|line| line.starts_with("::error file=Dockerfile,line=1,")), "{text}");
    assert!(text.lines().any(|line| line.starts_with("::warning file=Dockerfile,line=3,")), "{text}");
    assert_eq!(run(scratch.path(), &["--gate", "minutes=1"]).status.code(), Some(2));
}

#[test]
fn a_gate_sees_what_a_dockerfile_costs_later() {
    let scratch = history();
    scratch.git(&["checkout", "--quiet", "-b", "change"]);
    std::fs::write(scratch.path().join("Dockerfile"), GOOD).expect("writable");
    let named = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    scratch.git(&[&named[..], &["commit", "--quiet", "-am", "Copy the manifests first"]].concat());
    let good = run(scratch.path(), &["--range", "main..change", "--gate", "later=0"]);
    let text = String::from_utf8_lossy(&good.stdout);
    assert_eq!(good.status.code(), Some(0), "{text}");
    assert!(text.contains("less on average"), "{text}");
    scratch.git(&[&named[..], &["revert", "--no-edit", "HEAD"]].concat());
    let bad = run(scratch.path(), &["--range", "HEAD~1..HEAD", "--gate", "later=1"]);
    assert_eq!(bad.status.code(), Some(1), "{}", String::from_utf8_lossy(&bad.stdout));
}

#[test]
fn bare_shallow_and_below_the_root() {
    let scratch = history();
    scratch.git(&["clone", "--quiet", "--bare", ".", "bare.git"]);
    let bare = said(&run(&scratch.path().join("bare.git"), &["-n", "3"]));
    assert!(bare.contains("Dockerfile, 3 commits"), "{bare}");
    let url = format!("file://{}", scratch.path().display());
    scratch.git(&["clone", "--quiet", "--depth", "3", &url, "shallow"]);
    let shallow = said(&run(&scratch.path().join("shallow"), &[]));
    assert!(shallow.contains("The clone is shallow"), "{shallow}");
    let mut s = Stream::default();
    s.commit("main", "one").write("apps/web/Dockerfile", BAD).write("apps/web/a", "1");
    s.commit("main", "elsewhere").write("apps/api/a", "1");
    s.commit("main", "here").write("apps/web/a", "2");
    let mono = Scratch::new();
    mono.import(&s);
    mono.git(&["reset", "--quiet", "--hard"]);
    let text = said(&run(&mono.path().join("apps/web"), &[]));
    assert!(text.contains("The context is apps/web: 1 commit changes nothing in it"), "{text}");
    let subdir = said(&run(mono.path(), &["--subdir", "apps/web", "-n", "2"]));
    assert!(subdir.contains("apps/web/Dockerfile, 2 commits"), "{subdir}");
}

#[test]
fn what_cannot_be_used_is_said() {
    let scratch = history();
    let elsewhere = TempDir::new().expect("a temporary directory");
    for (context, args, part) in [
        (elsewhere.path(), &[][..], "is not in a git repository"),
        (
            scratch.path(),
            &["-f", "Dockerfile.none"],
            "none of these commits has Dockerfile.none; found Dockerfile",
        ),
        (scratch.path(), &["--range", "nowhere"], "names no commit here"),
        (scratch.path(), &["--range", "HEAD..HEAD"], "no commit is selected by HEAD..HEAD"),
        (scratch.path(), &["--since", "soon"], "is not a date"),
        (scratch.path(), &["--against", "/none/at/all"], "cannot read /none/at/all"),
        (scratch.path(), &["--tui"], "--tui needs a terminal"),
        (scratch.path(), &["--build-context", "lib=../lib"], "a replay takes no --build-context"),
    ] {
        let output = run(context, args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}
