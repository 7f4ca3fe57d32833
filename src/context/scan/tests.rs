use super::*;
use crate::context::{ChangeKind, Digest};
use proptest::prelude::*;
use std::fs;
use std::time::{Duration, SystemTime};

fn scan(root: &Path, ignore: &str) -> Scan {
    Scan::new(root, Ignore::parse(ignore).unwrap(), Index::default()).unwrap()
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Sets a file's times back, so that its stat can be trusted; its change time cannot be set, hence the wait.
fn settle(root: &Path) {
    let old = SystemTime::now() - Duration::from_secs(100);
    for (path, entry) in scan(root, "").tree() {
        if matches!(entry, Entry::File(_)) {
            fs::File::options().write(true).open(root.join(path)).unwrap().set_modified(old).unwrap();
        }
    }
    std::thread::sleep(Duration::from_millis(60));
}

#[test]
fn a_folder_as_a_tree() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    for path in ["a.txt", "src/app.js", "node_modules/x/y.js", "docs/a.md", "docs/keep.md"] {
        write(root, path, path);
    }
    fs::create_dir(root.join("empty")).unwrap();
    let scan = scan(root, "node_modules\n**/*.md\n!docs/keep.md\n");
    let paths: Vec<_> = scan.tree().iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["a.txt", "docs", "docs/keep.md", "empty", "src", "src/app.js"]);
    assert_eq!(scan.ignored().collect::<Vec<_>>(), [("docs/a.md", false), ("node_modules", true)]);
    assert_eq!(scan.warnings(), []);
    assert_eq!(scan.stats(), ScanStats { read: 3, read_bytes: 27, known: 0 });
    let Some(Entry::File(f)) = scan.tree().get("a.txt") else { panic!() };
    assert_eq!((f.size, f.content), (5, Digest::of(b"a.txt")));
}

#[test]
fn an_ignored_directory_is_there_for_what_is_brought_back() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["out/a/b/keep", "out/a/c/drop", "out/d/e"] {
        write(dir.path(), path, "");
    }
    let scan = scan(dir.path(), "out\n!**/keep\n");
    let paths: Vec<_> = scan.tree().iter().map(|(p, _)| p).collect();
    assert_eq!(paths, ["out", "out/a", "out/a/b", "out/a/b/keep"]);
}

#[test]
fn which_ignore_file() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let found = |dockerfile: &str| {
        find_ignore(root, &root.join(dockerfile))
            .unwrap()
            .map(|(p, text)| (p.file_name().unwrap().to_str().unwrap().to_string(), text))
    };
    assert_eq!(found("Dockerfile"), None);
    write(root, ".dockerignore", "a");
    write(root, "build.Dockerfile.dockerignore", "b");
    assert_eq!(found("Dockerfile"), Some((".dockerignore".into(), "a".into())));
    assert_eq!(found("build.Dockerfile"), Some(("build.Dockerfile.dockerignore".into(), "b".into())));
}

#[test]
fn no_folder_no_scan() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "file", "");
    for path in ["none", "file"] {
        let e = Scan::new(&dir.path().join(path), Ignore::default(), Index::default()).unwrap_err();
        assert!(e.to_string().starts_with("cannot read the context"), "{e}");
    }
}

#[test]
fn what_is_known_is_not_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let (root, folder) = (dir.path().join("ctx"), dir.path().join("cache"));
    write(&root, "a", "1");
    write(&root, "d/b", "2");
    settle(&root);
    let load = || Index::load(&folder, &root);
    let again = || Scan::new(&root, Ignore::default(), load()).unwrap();
    let mut first = again();
    first.save_index(&folder).unwrap();
    assert_eq!((first.stats().read, first.stats().known), (2, 0));
    let second = again();
    assert_eq!((second.stats().read, second.stats().known), (0, 2));
    assert_eq!(second.tree(), first.tree());
    write(&root, "a", "3");
    fs::remove_file(root.join("d/b")).unwrap();
    let mut third = again();
    assert_eq!((third.stats().read, third.stats().known), (1, 0));
    third.save_index(&folder).unwrap();
    assert_eq!(load().len(), 1);
    assert_eq!(again().stats().read, 1, "a file that was just written is not trusted");
}

#[test]
fn an_edit_that_keeps_size_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "a", "1");
    write(root, "b", "1");
    settle(root);
    let mut scan = scan(root, "");
    let was = scan.tree().clone();
    let mtime = fs::metadata(root.join("a")).unwrap().modified().unwrap();
    fs::write(root.join("a"), "2").unwrap();
    fs::File::options().write(true).open(root.join("a")).unwrap().set_modified(mtime).unwrap();
    let changes = scan.update(&["a"]);
    assert_eq!(changes, [Change { path: "a".into(), kind: ChangeKind::Content }]);
    assert_eq!(scan.stale().collect::<Vec<_>>(), ["a"]);
    assert_eq!((scan.shipped() == was, scan.tree() == &was), (true, false));
    scan.sweep();
    assert_eq!(scan.stale().collect::<Vec<_>>(), ["a"], "a sweep knows it too");
    fs::write(root.join("a"), "3").unwrap();
    scan.update(&["a"]);
    assert_eq!((scan.stale().count(), &scan.shipped()), (0, scan.tree()));
}

#[cfg(unix)]
#[test]
fn odd_things_stop_nothing() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "plain", "1");
    symlink("loop2", root.join("loop")).unwrap();
    symlink("loop", root.join("loop2")).unwrap();
    symlink(".", root.join("here")).unwrap();
    symlink("/etc", root.join("out")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"bad\xff")), "x").unwrap();
    write(root, "secret", "s");
    fs::set_permissions(root.join("secret"), fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::File::open(root.join("secret")).is_ok(); // by the superuser
    let mut scan = scan(root, "");
    let told: Vec<_> = scan.warnings().iter().map(|w| w.path.clone()).collect();
    for path in ["loop", "loop2", "pipe", "socket", "bad\\xff"] {
        assert!(told.contains(&path.to_string()), "{path} in {told:?}");
    }
    assert_eq!(told.contains(&"secret".to_string()), !readable);
    assert!(matches!(scan.tree().get("out"), Some(Entry::Symlink(t)) if &*t == "/etc"));
    assert!(matches!(scan.tree().get("pipe"), Some(Entry::Special(_))));
    assert!(matches!(scan.tree().get("socket"), Some(Entry::File(File { size: 0, .. }))));
    assert!(scan.tree().contains("bad\\xff"));
    let count = scan.warnings().len();
    assert_eq!(scan.sweep(), []);
    assert_eq!(scan.warnings().len(), count, "told once");
    // a path through a link is the link's
    assert_eq!(scan.update(&["out/passwd", "here/plain", "../x", "/elsewhere"]), []);
    assert!(!scan.tree().contains("out/passwd"));
}

#[cfg(unix)]
#[test]
fn extended_attributes_count() {
    use rustix::fs::{XattrFlags, setxattr};
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a", "1");
    let before = scan(dir.path(), "").tree().clone();
    // Some file systems have none; then there is nothing to tell apart.
    if setxattr(dir.path().join("a"), "user.note", b"x", XattrFlags::empty()).is_ok() {
        assert_ne!(&before, scan(dir.path(), "").tree());
    }
}

#[test]
fn a_directory_moved_over_another() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "a/sub/x", "new");
    write(root, "b/sub/x", "old");
    let mut scan = scan(root, "");
    fs::rename(root.join("b"), root.join("c")).unwrap();
    fs::rename(root.join("a"), root.join("b")).unwrap();
    scan.update(&["a", "b", "c"]);
    assert_eq!(scan.tree(), self::scan(root, "").tree());
}

#[cfg(unix)]
#[test]
fn a_directory_becomes_a_link() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/b", "1");
    let mut scan = scan(dir.path(), "");
    fs::remove_dir_all(dir.path().join("a")).unwrap();
    std::os::unix::fs::symlink("b", dir.path().join("a")).unwrap();
    scan.update(&["a"]);
    assert_eq!((scan.tree(), scan.index.len()), (self::scan(dir.path(), "").tree(), 0));
}

#[derive(Debug, Clone)]
enum Op {
    Write(String, String),
    MakeDir(String),
    Remove(String),
    Rename(String, String),
    Link(String, String),
    Chmod(String, bool),
}

impl Op {
    /// Does it, as far as the folder allows, and names what may have changed.
    fn apply(&self, root: &Path) -> Vec<String> {
        let at = |p: &str| root.join(p);
        // Through a link something else would change.
        let through = |p: &str| path::join(p, "").match_indices('/').any(|(i, _)| at(&p[..i]).is_symlink());
        match self {
            Self::Write(p, _) | Self::MakeDir(p) | Self::Chmod(p, _) if through(p) => return Vec::new(),
            Self::Remove(p) | Self::Link(p, _) if through(path::split(p).0) => return Vec::new(),
            Self::Rename(p, q) if through(path::split(p).0) || through(path::split(q).0) => {
                return Vec::new();
            }
            _ => {}
        }
        let mut dirty = match self {
            Self::Write(p, _) | Self::MakeDir(p) | Self::Remove(p) | Self::Link(p, _) | Self::Chmod(p, _) => {
                vec![p.clone()]
            }
            Self::Rename(p, q) => vec![p.clone(), q.clone()],
        };
        if let Self::Remove(p) = self {
            // Removing goes file by file, moving does not.
            let below =
                scan(root, "").tree().iter().map(|(q, _)| q).filter(|q| path::is_within(q, p)).collect();
            dirty = [below, dirty].concat();
        }
        // What cannot be done is not done.
        let _: io::Result<()> = match self {
            Self::Write(p, text) => fs::write(at(p), text),
            Self::MakeDir(p) => fs::create_dir_all(at(p)),
            Self::Remove(p) if at(p).is_dir() && !at(p).is_symlink() => fs::remove_dir_all(at(p)),
            Self::Remove(p) => fs::remove_file(at(p)),
            Self::Rename(p, q) => fs::rename(at(p), at(q)),
            #[cfg(unix)]
            Self::Link(p, q) => std::os::unix::fs::symlink(q, at(p)),
            #[cfg(unix)]
            Self::Chmod(p, x) => {
                use std::os::unix::fs::PermissionsExt;
                let mode = if *x { 0o755 } else { 0o644 };
                if at(p).is_file() {
                    fs::set_permissions(at(p), fs::Permissions::from_mode(mode))
                } else {
                    Ok(())
                }
            }
            #[cfg(not(unix))]
            _ => Ok(()),
        };
        dirty
    }
}

fn op() -> impl Strategy<Value = Op> {
    let path = || prop_oneof!["[a-c]", "[a-c]/[a-c]", "[a-c]/[a-c]/[k-m]"];
    prop_oneof![
        4 => (path(), "[0-9]{0,3}").prop_map(|(p, t)| Op::Write(p, t)),
        2 => path().prop_map(Op::MakeDir),
        2 => path().prop_map(Op::Remove),
        2 => (path(), path()).prop_map(|(p, q)| Op::Rename(p, q)),
        1 => (path(), path()).prop_map(|(p, q)| Op::Link(p, q)),
        1 => (path(), any::<bool>()).prop_map(|(p, x)| Op::Chmod(p, x)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Following edits leads to what a scan from nothing finds, whatever the ignore file says.
    #[test]
    fn following_equals_scanning(
        batches in prop::collection::vec(prop::collection::vec(op(), 1..8), 1..12),
        ignore in prop::sample::select(vec!["", "a\n", "b/*\n!b/a\n", "*\n!**/k\n", "c\n!c/c/k\n**/l\n"]),
        by_directory in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut scan = scan(dir.path(), ignore);
        for batch in batches {
            let before = scan.tree().clone();
            let mut dirty: Vec<String> = batch.iter().flat_map(|op| op.apply(dir.path())).collect();
            if by_directory {
                // Some watchers name the directory as well.
                dirty.extend(dirty.clone().iter().map(|p| path::split(p).0.to_string()));
            }
            let changes = scan.update(&dirty);
            let fresh = self::scan(dir.path(), ignore);
            prop_assert_eq!(scan.tree(), fresh.tree(), "after {:?}", batch);
            prop_assert_eq!(changes, diff(&before, fresh.tree()));
            let left_out = |s: &Scan| s.ignored().map(|(p, w)| (p.to_string(), w)).collect::<Vec<_>>();
            prop_assert_eq!(left_out(&scan), left_out(&fresh));
            prop_assert_eq!(scan.index.len(), fresh.index.len());
            let swept = scan.sweep();
            prop_assert_eq!(swept, vec![]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A start with what was kept finds what a scan from nothing finds, by names, by links, by what is left out
    /// and by what should be told, and keeps what the next one needs.
    #[test]
    fn starting_again_equals_scanning(
        batches in prop::collection::vec(prop::collection::vec(op(), 0..5), 1..6),
        rules in prop::collection::vec(prop::sample::select(vec!["", "a\n", "b/*\n!b/a\n", "*\n!**/k\n", "b\n!b/c/k\n"]), 2),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (root, folder) = (dir.path().join("ctx"), dir.path().join("cache"));
        fs::create_dir(&root).unwrap();
        for (number, batch) in batches.iter().enumerate() {
            for op in batch {
                op.apply(&root);
            }
            // The rules change once on the way.
            let rules = rules[usize::from(number > 2)];
            let mut again = Scan::new(&root, Ignore::parse(rules).unwrap(), Index::load(&folder, &root)).unwrap();
            let mut fresh = self::scan(&root, rules);
            prop_assert_eq!(again.tree(), fresh.tree(), "after {:?}", batch);
            let listed = |s: &Scan| s.tree().iter().map(|(p, e)| (p, e.digest())).collect::<Vec<_>>();
            prop_assert_eq!(listed(&again), listed(&fresh));
            let left_out = |s: &Scan| s.ignored().map(|(p, w)| (p.to_string(), w)).collect::<Vec<_>>();
            prop_assert_eq!(left_out(&again), left_out(&fresh));
            let sorted = |s: &Scan| { let mut all = s.warnings().to_vec(); all.sort(); all };
            prop_assert_eq!(sorted(&again), sorted(&fresh));
            prop_assert_eq!((again.index.len(), &again.dirs), (fresh.index.len(), &fresh.dirs));
            prop_assert_eq!(fresh.update(&[&root]), vec![]);
            again.index.trust();
            again.unsaved = true;
            again.save_index(&folder).unwrap();
            prop_assert_eq!(again.sweep(), vec![]);
            // So that what is written next has another time.
            std::thread::sleep(std::time::Duration::from_millis(25));
            let mut still = Scan::new(&root, Ignore::parse(rules).unwrap(), Index::load(&folder, &root)).unwrap();
            prop_assert_eq!((still.stats().read, still.unsaved), (0, false));
            prop_assert_eq!(still.tree(), again.tree());
            prop_assert_eq!(listed(&still), listed(&again));
            prop_assert_eq!(still.sweep(), vec![]);
        }
    }
}
