//! Edits of a lesson's files, and what differs after them.

use super::*;

fn project() -> Project {
    let mut p = Project::default();
    for (path, text) in
        [("Dockerfile", "FROM a\n"), ("src/app.js", "1\n"), ("src/b/util.js", "2\n"), ("README.md", "r")]
    {
        p.insert(path, ProjectFile::text(text));
    }
    p
}

fn op(toml: &str) -> Op {
    toml::from_str(toml).unwrap()
}

#[test]
fn changes_do_what_they_say() {
    let mut p = project();
    for change in [
        "append = \"src/app.js\"\ntext = \"x\"",
        "replace = \"Dockerfile\"\nold = \"a\"\nnew = \"b\"",
        "rename = \"src/b\"\nto = \"lib\"",
        "chmod = \"src/app.js\"\nmode = \"755\"",
        "delete = \"README.md\"",
        "write = \"new\"\ntext = \"n\"",
        "touch = \"new\"",
    ] {
        p.apply(&op(change)).unwrap();
    }
    let paths: Vec<&str> = p.iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["Dockerfile", "lib/util.js", "new", "src/app.js"]);
    assert_eq!(&**p.text("src/app.js").unwrap(), "1\nx");
    assert_eq!(&**p.text("Dockerfile").unwrap(), "FROM b\n");
    assert_eq!(p.get("src/app.js").unwrap().mode, 0o755);
}

#[test]
fn a_change_that_cannot_be_is_refused() {
    for (change, says) in [
        ("text = \"x\"", "needs a verb"),
        ("write = \"a\"\ndelete = \"b\"", "one verb"),
        ("append = \"none\"\ntext = \"x\"", "no file"),
        ("write = \"../out\"\ntext = \"x\"", "clean path"),
        ("write = \"/etc/passwd\"\ntext = \"x\"", "inside of the project"),
        ("chmod = \"Dockerfile\"\nmode = \"x\"", "no mode"),
        ("replace = \"Dockerfile\"\nold = \"zzz\"\nnew = \"\"", "does not hold"),
    ] {
        let error = project().apply(&op(change)).unwrap_err();
        assert!(error.0.contains(says), "{change}: {error}");
    }
}

#[test]
fn a_pattern_is_one_build_a_file() {
    let p = project();
    let runs = expand(&p, &[op("edit = \"src/**\"")]).unwrap();
    let files: Vec<_> = runs.iter().map(|r| r[0].edit.clone().unwrap()).collect();
    assert_eq!(files, ["src/app.js", "src/b/util.js"]);
    assert!(expand(&p, &[op("edit = \"docs/**\"")]).is_err());
}

#[test]
fn paths_that_leave_the_workspace_or_are_acted_on_are_refused() {
    for bad in [
        "..",
        "a/../../b",
        "/abs",
        "a//b",
        "./a",
        "C:x",
        "a\\b",
        ".git/config",
        "a/.GIT/hooks",
        ".envrc",
        "a\u{1b}b",
        "",
    ] {
        assert!(check_path(bad).is_err(), "{bad:?}");
    }
    for good in ["a", "src/app.js", ".dockerignore", ".env", "a b/c"] {
        assert!(check_path(good).is_ok(), "{good:?}");
    }
}
