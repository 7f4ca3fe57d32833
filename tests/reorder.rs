//! `layerlab reorder` as a user and as CI call it.

use std::path::Path;
use std::process::Command;

const BAD: &str = "FROM node:20-alpine\nWORKDIR /app\n# everything\nCOPY . .\nRUN npm install\nCMD [\"node\", \"src/app.js\"]\n";
const GOOD: &str = "FROM node:20-alpine\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\n# everything\nCOPY . .\nCMD [\"node\", \"src/app.js\"]\n";

fn project(dockerfile: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("ours");
        std::fs::write(path, text).expect("ours");
    };
    write("Dockerfile", dockerfile);
    write("package.json", r#"{"name":"x"}"#);
    write("src/app.js", "x");
    folder
}

/// Exit status, standard output, standard error.
fn reorder(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_layerlab"))
        .current_dir(folder)
        .arg("reorder")
        .args(arguments)
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_check_fails_only_where_enough_is_gained() {
    let bad = project(BAD);
    for (arguments, expected) in [
        (&["--check"][..], 1),
        (&["--check", "--min-gain", "10%"], 1),
        (&["--check", "--min-gain", "5s"], 1),
        (&["--check", "--min-gain", "100%"], 0),
        (&["--check", "--min-gain", "100000"], 0),
        (&["--check", "--skip", "manifests-first:5"], 0),
        (&["--check", "--skip", "manifests-first"], 0),
        (&["--check", "--skip", "drop-redundant"], 1),
        (&["--check", "--min-gain", "much"], 2),
        (&["--check", "--write"], 2),
        (&["--min-gain", "1"], 2),
        (&["-f", "missing"], 2),
    ] {
        let (status, _, err) = reorder(bad.path(), arguments);
        assert_eq!(status, expected, "{arguments:?}: {err}");
    }
    assert_eq!(
        std::fs::read_to_string(bad.path().join("Dockerfile")).expect("there"),
        BAD,
        "a check writes nothing"
    );
    let (status, out, _) = reorder(project(GOOD).path(), &["--check"]);
    assert_eq!(status, 0, "{out}");
    assert!(out.contains("nothing to improve that can be shown to be safe"), "{out}");
}

#[test]
fn the_new_order_goes_where_it_is_asked_to() {
    let folder = project(BAD);
    let (status, out, _) = reorder(folder.path(), &["-o", "-"]);
    assert_eq!((status, out.as_str()), (0, GOOD));
    let (status, _, err) = reorder(folder.path(), &["--output", "New"]);
    assert_eq!(status, 0, "{err}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("there");
    assert_eq!((read("New").as_str(), read("Dockerfile").as_str()), (GOOD, BAD));
    let (status, out, err) = reorder(folder.path(), &["--write"]);
    assert_eq!((status, read("Dockerfile").as_str()), (0, GOOD), "{err}");
    assert!(out.contains("+COPY package.json ./") && out.contains("[manifests-first:5]"), "{out}");
    let (_, out, _) = reorder(folder.path(), &[]);
    assert!(out.contains("nothing to improve"), "what was written needs nothing more: {out}");
}

#[cfg(unix)]
#[test]
fn writing_keeps_the_permissions_and_a_symbolic_link() {
    use std::os::unix::fs::PermissionsExt;
    let folder = project(BAD);
    let real = folder.path().join("docker.real");
    std::fs::rename(folder.path().join("Dockerfile"), &real).expect("ours");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).expect("ours");
    std::os::unix::fs::symlink("docker.real", folder.path().join("Dockerfile")).expect("ours");
    let (status, _, err) = reorder(folder.path(), &["--write"]);
    assert_eq!(status, 0, "{err}");
    assert_eq!(std::fs::read_to_string(&real).expect("there"), GOOD);
    assert_eq!(real.metadata().expect("there").permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("Dockerfile").symlink_metadata().expect("there").file_type().is_symlink());
}

#[test]
fn annotations_name_the_file_and_the_lines() {
    let folder = project(BAD);
    let (status, out, _) = reorder(folder.path(), &["--format", "github", "--check"]);
    assert_eq!(status, 1);
    let first = out.lines().next().expect("a line");
    assert!(
        first.starts_with("::warning file=Dockerfile,line=5,endLine=5,title=layerlab%3A copy package.json"),
        "{first}"
    );
    assert!(out.lines().all(|line| line.starts_with("::warning ") || line.starts_with("::notice ")), "{out}");
}

#[test]
fn the_report_for_tools_holds_the_diff_the_text_and_the_moves() {
    let (status, out, _) = reorder(project(BAD).path(), &["--format", "json"]);
    assert_eq!(status, 0);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["schema"], 1);
    assert_eq!(report["improves"], true);
    assert_eq!(report["text"], GOOD);
    assert_eq!(report["moves"][0]["id"], "manifests-first:5");
    assert_eq!(report["moves"][0]["kind"], "manifests_first");
    assert!(
        report["diff"].as_str().expect("text").starts_with("--- Dockerfile\n+++ Dockerfile (reordered)\n")
    );
    assert!(report["expected"]["after"].as_f64() < report["expected"]["before"].as_f64());
    assert!(report["expected"]["commits"].is_null(), "there is no repository");
}

#[test]
fn what_is_saved_is_told_once_and_what_is_left_alone_with_its_reason() {
    let cut = "FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run build\n";
    let (_, out, _) = reorder(project(cut).path(), &[]);
    assert!(out.contains("[split-run:4]\n   saves what is told with the change"), "{out}");
    assert!(out.contains("For the ignore file"), "node_modules of a working copy: {out}");
    let held = "ARG BASE=x\nFROM $BASE AS b\nWORKDIR /app\nCOPY . .\nRUN npm install -g a && npm install lodash\nFROM alpine\nCOPY --from=b /app /app\n";
    let (_, out, _) = reorder(project(held).path(), &[]);
    assert!(out.contains("did not offer a cache mount for npm: it is not known who runs"), "{out}");
}

#[test]
fn an_offer_is_made_where_it_is_taken_and_names_must_be_known() {
    let taken = GOOD.replace("RUN npm", "RUN --mount=type=cache,target=/root/.npm npm");
    for name in ["cache-mount:5", "cache-mount"] {
        let folder = project(BAD);
        let read = || std::fs::read_to_string(folder.path().join("Dockerfile")).expect("there");
        let (status, out, _) = reorder(folder.path(), &["--take", name, "-o", "-"]);
        assert_eq!((status, out.as_str()), (0, taken.as_str()), "{name}");
        let (status, out, err) = reorder(folder.path(), &["--take", name, "--write"]);
        assert_eq!((status, read().as_str()), (0, taken.as_str()), "{err}");
        assert!(out.contains("Taken, as asked for") && out.contains("[cache-mount:5]"), "{out}");
        assert!(out.contains("+RUN --mount=type=cache,target=/root/.npm npm install"), "{out}");
    }
    let good = project(GOOD);
    for (arguments, expected) in [
        (&["--check"][..], 0),
        (&["--check", "--take", "cache-mount"], 1),
        (&["--check", "--take", "cache-mount:4"], 1),
        (&["--check", "--take", "cache-mount", "--skip", "cache-mount"], 0),
        (&["--check", "--take", "link-copy"], 0),
    ] {
        let (status, out, err) = reorder(good.path(), arguments);
        assert_eq!(status, expected, "{arguments:?}: {out}{err}");
    }
    let (_, _, err) = reorder(good.path(), &["--take", "link-copy"]);
    assert!(err.contains("nothing of the kind link-copy is offered here"), "{err}");
    for (arguments, expected) in [
        (["--take", "cache-mount:99"], "there is no offer \"cache-mount:99\"; there are cache-mount:4"),
        (["--take", "cash-mount"], "there is no offer \"cash-mount\"; there are cache-mount:4"),
        (["--take", "multi-stage"], "offers of the kind multi-stage cannot be taken"),
        (
            ["--skip", "manifests-first:9"],
            "there is no move or offer \"manifests-first:9\"; there are cache-mount:4",
        ),
    ] {
        let (status, _, err) = reorder(good.path(), &arguments);
        assert_eq!(status, 2, "{arguments:?}");
        assert!(err.contains(expected), "{arguments:?}: {err}");
    }
}

#[test]
fn what_is_taken_is_told_apart_in_the_report_and_in_annotations() {
    let folder = project(BAD);
    let (_, out, _) = reorder(folder.path(), &["--format", "json"]);
    let offered: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let offer = &offered["offered"][0];
    assert_eq!((&offer["id"], &offer["kind"]), (&"cache-mount:5".into(), &"cache_mount".into()));
    let edit = &offer["edits"][0];
    let (start, text) =
        (edit["span"]["start"].as_u64().expect("a byte"), offered["text"].as_str().expect("text"));
    assert!(text[start as usize..].starts_with(" npm install"), "{edit}");
    let (_, out, _) = reorder(folder.path(), &["--format", "json", "--take", "cache-mount"]);
    let taken: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(taken["taken"][0]["id"], "cache-mount:5");
    assert_eq!(taken["taken"][0]["differs"][0], "/root/.npm");
    assert_eq!(taken["moves"][0]["id"], "manifests-first:5");
    assert!(taken["offered"].as_array().expect("a list").is_empty(), "{out}");
    assert!(taken["expected"]["after"].as_f64() < offered["expected"]["after"].as_f64());
    let (_, out, _) = reorder(folder.path(), &["--format", "github", "--take", "cache-mount"]);
    assert!(out.contains("(layerlab reorder --take cache-mount:5 --write makes it)"), "{out}");
    assert!(out.lines().any(|line| line.starts_with("::warning file=Dockerfile,line=5,endLine=5,title=layerlab%3A keep")), "{out}");
}

#[test]
fn text_of_a_dockerfile_cannot_drive_the_terminal() {
    let text = BAD.replace("# everything", "# every\u{1b}[2Jthing \u{202e}");
    let (_, out, _) = reorder(project(&text).path(), &[]);
    assert!(!out.contains("\u{1b}[2J") && !out.contains('\u{202e}'), "{out:?}");
    assert!(out.contains("\\x1b[2J"), "{out}");
}
