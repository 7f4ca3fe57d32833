//! Copies and edits of a context in a real folder.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::metadata::set_mtime;
use super::*;
use crate::context::{Ignore, Index, Scan};
use crate::engine::scenario::Edit;

fn scan(root: &Path, ignore: &str) -> Scan {
    Scan::new(root, Ignore::parse(ignore).expect("patterns"), Index::default()).expect("a folder")
}

fn edit(json: &str) -> Edit {
    serde_json::from_str(json).expect(json)
}

fn workspace() -> Workspace {
    Workspace::new("m").expect("a temporary folder")
}

#[test]
fn a_copy_has_bytes_modes_times_and_links_and_leaves_out_what_is_ignored() {
    let user = tempfile::tempdir().expect("a folder");
    let root = user.path();
    std::fs::create_dir_all(root.join("src/deep")).expect("ours");
    std::fs::create_dir_all(root.join("node_modules/x")).expect("ours");
    for (path, mode) in
        [("src/a.sh", 0o755), ("src/deep/b", 0o400), ("node_modules/x/y", 0o644), ("Dockerfile", 0o644)]
    {
        std::fs::write(root.join(path), path).expect("ours");
        set_mode(&root.join(path), mode).expect("ours");
    }
    std::fs::write(root.join(".dockerignore"), "node_modules\nDockerfile\n").expect("ours");
    symlink("/etc/passwd", &root.join("out")).expect("ours");
    set_mode(&root.join("src/deep"), 0o700).expect("ours");
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::setxattr(root.join("src/a.sh"), "user.x", b"y", rustix::fs::XattrFlags::empty());
    let old = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(1_600_000_000_123_456_789);
    set_mtime(&root.join("src/a.sh"), old).expect("ours");
    set_mtime(&root.join("src/deep"), old).expect("ours");
    let before = scan(root, "node_modules\nDockerfile\n");

    let copy = workspace();
    copy.copy(root, before.tree(), copy.root(), &["Dockerfile", ".dockerignore"]).expect("copied");
    assert_eq!(scan(copy.root(), "node_modules\nDockerfile\n").tree(), before.tree());
    assert!(copy.root().join("Dockerfile").is_file() && !copy.root().join("node_modules").exists());
    for path in ["src/a.sh", "src/deep"] {
        let (was, is) = (root.join(path).metadata(), copy.root().join(path).metadata());
        let (was, is) = (was.expect("there"), is.expect("copied"));
        assert_eq!((was.mtime_nsec(), was.mtime(), was.mode()), (is.mtime_nsec(), is.mtime(), is.mode()));
    }
    let deep = copy.root().join("src/deep/b").metadata().expect("copied");
    assert_eq!(deep.permissions().mode() & 0o7777, 0o400);
    let place = copy.folder.path().to_owned();
    drop(copy);
    assert!(!place.exists(), "nothing is left behind");
}

#[test]
fn times_are_shifted_only_where_asked_and_by_less_than_a_millisecond() {
    let user = tempfile::tempdir().expect("a folder");
    std::fs::write(user.path().join("a"), "x").expect("ours");
    let tree = scan(user.path(), "").tree().clone();
    let was = user.path().join("a").metadata().and_then(|m| m.modified()).expect("a time");
    let mut seen = std::collections::BTreeSet::new();
    for mark in ["0000000000ff", "00000000abcd"] {
        let mut space = Workspace::new(mark).expect("a temporary folder");
        space.shift_times();
        space.copy(user.path(), &tree, space.root(), &[]).expect("copied");
        let is = space.root().join("a").metadata().and_then(|m| m.modified()).expect("a time");
        let later = is.duration_since(was).expect("later");
        assert!(
            later > std::time::Duration::ZERO && later < std::time::Duration::from_millis(1),
            "{later:?}"
        );
        seen.insert(later);
    }
    assert_eq!(seen.len(), 2, "another part of it for each mark");
}

#[test]
fn every_edit_does_what_its_name_says() {
    let space = workspace();
    let table = [
        (r#"{"op":"write","path":"d/a","content":"one\n"}"#, "d/a", "one\n"),
        (r#"{"op":"append","path":"d/a","content":"two one\n"}"#, "d/a", "one\ntwo one\n"),
        (r#"{"op":"replace","path":"d/a","old":"one","new":"1"}"#, "d/a", "1\ntwo one\n"),
        (r#"{"op":"write_keep_mtime","path":"d/a","content":"x"}"#, "d/a", "x"),
        (r#"{"op":"rename","path":"d/a","to":"e/f/b"}"#, "e/f/b", "x"),
        (r#"{"op":"write","path":"e/f/b","content":"ab","repeat":3,"mode":"0755"}"#, "e/f/b", "ababab"),
        (r#"{"op":"none"}"#, "e/f/b", "ababab"),
    ];
    for (json, path, expected) in table {
        space.apply(&edit(json)).unwrap_or_else(|e| panic!("{json}: {e}"));
        assert_eq!(space.read(path).expect(json), expected.as_bytes(), "{json}");
    }
    let mode =
        |path: &str| space.root().join(path).symlink_metadata().expect("there").permissions().mode() & 0o7777;
    assert_eq!((mode("e/f/b"), mode("e/f"), mode("d")), (0o755, 0o755, 0o755));
    space.apply(&edit(r#"{"op":"chmod","path":"e/f/b","mode":"4600"}"#)).expect("set");
    space.apply(&edit(r#"{"op":"touch","path":"e/f/b","mtime":1000000}"#)).expect("set");
    assert_eq!(
        (mode("e/f/b"), space.root().join("e/f/b").metadata().expect("there").mtime()),
        (0o4600, 1_000_000)
    );
    space.apply(&edit(r#"{"op":"mkdir","path":"m","mode":"0700"}"#)).expect("made");
    space.apply(&edit(r#"{"op":"symlink","path":"l","target":"e/f/b"}"#)).expect("made");
    space.apply(&edit(r#"{"op":"symlink","path":"l","target":"d"}"#)).expect("made anew");
    assert_eq!(mode("m"), 0o700);
    assert_eq!(std::fs::read_link(space.root().join("l")).expect("a link"), Path::new("d"));
    space.apply(&edit(r#"{"op":"delete","path":"e"}"#)).expect("removed");
    space.apply(&edit(r#"{"op":"delete","path":"l"}"#)).expect("removed");
    assert!(!space.root().join("e").exists() && space.root().join("d").exists());
}

#[test]
fn no_edit_leaves_the_copy() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("secret"), "mine").expect("ours");
    let space = workspace();
    space.apply(&edit(r#"{"op":"write","path":"a","content":"x"}"#)).expect("written");
    symlink(&outside.path().display().to_string(), &space.root().join("way")).expect("a link");
    symlink(&outside.path().join("secret").display().to_string(), &space.root().join("file"))
        .expect("a link");
    let table = [
        (r#"{"op":"write","path":"../x","content":""}"#, "without .."),
        (r#"{"op":"write","path":"/etc/x","content":""}"#, "a path in the context"),
        (r#"{"op":"delete","path":""}"#, "a path in the context"),
        (r#"{"op":"write","path":"way/x","content":""}"#, "leads through a symbolic link"),
        (r#"{"op":"delete","path":"way/secret"}"#, "leads through a symbolic link"),
        (r#"{"op":"rename","path":"a","to":"way/a"}"#, "leads through a symbolic link"),
        (r#"{"op":"append","path":"file","content":"x"}"#, "is a symbolic link"),
        (r#"{"op":"write","path":"file","content":"x"}"#, "is a symbolic link"),
        (r#"{"op":"chmod","path":"file","mode":"0777"}"#, "is a symbolic link"),
        (r#"{"op":"chmod","path":"a","mode":"rwx"}"#, "octal digits"),
        (r#"{"op":"replace","path":"a","old":"y","new":"z"}"#, "does not hold"),
        (r#"{"op":"append","path":"b","content":"x"}"#, "b: "),
    ];
    for (json, words) in table {
        let error = space.apply(&edit(json)).expect_err(json).to_string();
        assert!(error.contains(words), "{json}: {error}");
    }
    assert_eq!(std::fs::read(outside.path().join("secret")).expect("still there"), b"mine");
    assert_eq!(outside.path().read_dir().expect("a folder").count(), 1);
}

#[test]
fn a_nudged_file_comes_back_as_it_was() {
    let space = workspace();
    space.apply(&edit(r#"{"op":"write","path":"a","content":"x","mode":"0755"}"#)).expect("written");
    space.apply(&edit(r#"{"op":"touch","path":"a","mtime":5}"#)).expect("set");
    let kept = space.keep("a").expect("there");
    space.nudge("a").expect("edited");
    assert_eq!(space.read("a").expect("there"), b"x\n");
    space.restore(&kept).expect("restored");
    let metadata = space.root().join("a").metadata().expect("there");
    assert_eq!(
        (space.read("a").expect("there"), metadata.mtime(), metadata.mode() & 0o7777),
        (b"x".to_vec(), 5, 0o755)
    );
    assert!(space.nudge("none").is_err());
}
