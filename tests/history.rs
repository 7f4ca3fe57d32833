//! Reading history, compared with what git itself says of the same repositories.

mod history_repos;

use history_repos::{Scratch, Stream, edit, stream_of};
use layerlab::history::{
    Blob, BlobKind, Change, Commit, HistoryError, ObjectId, Repository, Selection, SeriesEnd, exact_renames,
};
use proptest::prelude::*;

fn all() -> Selection {
    Selection::default()
}

fn range(text: &str) -> Selection {
    Selection { range: Some(text.into()), ..all() }
}

fn subjects(commits: &[Commit]) -> Vec<&str> {
    commits.iter().map(|commit| commit.subject.as_str()).collect()
}

fn paths(changes: &[Change]) -> String {
    changes.iter().map(|change| &*change.path).collect::<Vec<_>>().join(" ")
}

/// One line of `git diff-tree --raw`: old mode, new mode, old id, new id, path.
type Raw = [String; 5];

fn raw_of_git(scratch: &Scratch, commit: &Commit) -> Vec<Raw> {
    let id = commit.id.to_string();
    let parent = commit.parents.first().map(ToString::to_string);
    let mut args = vec!["diff-tree", "-r", "-z", "--raw", "--no-renames", "--full-index", "--no-commit-id"];
    match &parent {
        Some(parent) => args.extend([parent.as_str(), id.as_str()]),
        None => args.extend(["--root", id.as_str()]),
    }
    let answer = scratch.git(&args);
    let mut parts = answer.split_terminator('\0');
    let mut raw = Vec::new();
    while let (Some(header), Some(path)) = (parts.next(), parts.next()) {
        let fields: Vec<&str> = header.trim_start_matches(':').split(' ').collect();
        raw.push([fields[0], fields[1], fields[2], fields[3], path].map(str::to_owned));
    }
    raw
}

fn raw_of_ours(change: &Change) -> Raw {
    let mode = |blob: Option<Blob>| match blob.map(|blob| blob.kind) {
        None => "000000",
        Some(BlobKind::File) => "100644",
        Some(BlobKind::Executable) => "100755",
        Some(BlobKind::Symlink) => "120000",
        Some(BlobKind::Submodule) => "160000",
    };
    let id = |blob: Option<Blob>| {
        blob.map_or_else(|| ObjectId::null(gix::hash::Kind::Sha1), |blob| blob.id).to_string()
    };
    let (old, new) = (change.old, change.new);
    [mode(old).into(), mode(new).into(), id(old), id(new), change.path.to_string()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Every commit's changes are those of `git diff-tree`.
    #[test]
    fn changes_are_gits(commits in prop::collection::vec(prop::collection::vec(edit(), 0..6), 1..12)) {
        let scratch = Scratch::new();
        scratch.import(&stream_of(&commits));
        let repo = scratch.open();
        let series = repo.series(&all()).expect("a series");
        prop_assert_eq!(series.commits.len(), commits.len());
        let mut before: Option<&Commit> = None;
        for commit in &series.commits {
            let ours: Vec<Raw> =
                repo.changes(before, commit).expect("changes").iter().map(raw_of_ours).collect();
            prop_assert_eq!(ours, raw_of_git(&scratch, commit));
            before = Some(commit);
        }
    }
}

/// A main line with two merged branches, one of them begun before the other was merged.
fn merged_history() -> Scratch {
    let mut s = Stream::default();
    s.commit("main", "one").write("a", "1");
    s.commit("side", "side one").from("main").write("s", "1");
    s.commit("late", "late one").from("main").write("l", "1");
    s.commit("main", "two\n\nand a body").write("a", "2");
    s.commit("side", "side two").write("s", "2");
    s.commit("main", "merge side").merge("side").write("s", "2");
    s.commit("main", "three").write("a", "3");
    s.commit("late", "late two").merge("side").write("s", "2").write("l", "2");
    s.commit("main", "merge late").merge("late").write("l", "2");
    s.commit("main", "four").write("a", "4");
    let scratch = Scratch::new();
    scratch.import(&s);
    let named = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    scratch.git(&[&named[..], &["tag", "-a", "-m", "release", "v1", "main~2"]].concat());
    scratch
}

#[test]
fn ranges_are_gits() {
    let scratch = merged_history();
    let repo = scratch.open();
    for text in [
        "main",
        "main~1",
        "v1",
        "v1..main",
        "main~4..main",
        "side..main",
        "late..main",
        "main..late",
        "side..late",
        "main..main",
        "main~3..side",
        "late..",
        "..late",
        "main~2..main~1",
        "main...late",
    ] {
        let series = repo.series(&range(text)).expect(text);
        let of_git = match text.split_once("...") {
            Some((from, to)) => format!("{}..{to}", scratch.git(&["merge-base", from, to]).trim()),
            None => text.to_owned(),
        };
        let expected = scratch.git(&["rev-list", "--first-parent", "--reverse", &of_git]);
        let ours: Vec<String> = series.commits.iter().map(|c| c.id.to_string()).collect();
        assert_eq!(ours, expected.lines().collect::<Vec<_>>(), "{text}");
        let parent = series.commits.first().and_then(|c| c.parents.first().copied());
        assert_eq!(series.base.map(|c| c.id), parent, "{text}: the base is the oldest one's first parent");
    }
}

#[test]
fn series_say_why_they_end() {
    let scratch = merged_history();
    let repo = scratch.open();
    for (selection, base, commits, end) in [
        (all(), None, "one, two, merge side, three, merge late, four", SeriesEnd::Root),
        (Selection { limit: Some(2), ..all() }, Some("three"), "merge late, four", SeriesEnd::Limit),
        (
            Selection { since: Some(1_700_000_007), ..all() },
            Some("merge side"),
            "three, merge late, four",
            SeriesEnd::Since,
        ),
        (Selection { limit: Some(0), ..all() }, None, "", SeriesEnd::Limit),
        (range("main~2..main"), Some("three"), "merge late, four", SeriesEnd::Range),
    ] {
        let series = repo.series(&selection).expect("a series");
        assert_eq!(series.base.as_ref().map(|c| c.subject.as_str()), base, "{selection:?}");
        assert_eq!(subjects(&series.commits).join(", "), commits, "{selection:?}");
        assert_eq!(series.end, end, "{selection:?}");
    }
    let two = repo.commit("main~4").expect("a commit");
    assert_eq!((two.subject.as_str(), two.author.as_str()), ("two", "Ann"));
    assert_eq!((two.authored, two.committed), (1_700_000_004 - 500, 1_700_000_004));
    assert!(two.id.to_string().starts_with(&two.short()));
}

#[test]
fn unknown_revisions_are_named() {
    let scratch = merged_history();
    let repo = scratch.open();
    for (text, named) in [("nowhere", "nowhere"), ("nowhere..main", "nowhere"), ("main:a", "main:a")] {
        let error = repo.series(&range(text)).expect_err(text);
        assert!(matches!(&error, HistoryError::Revision { spec, .. } if spec == named), "{text}: {error}");
    }
    let outside = tempfile::tempdir().expect("a temporary directory");
    assert!(matches!(Repository::open(outside.path()), Err(HistoryError::NotARepository { .. })));
}

#[test]
fn shallow_clones_end_early_and_say_so() {
    let scratch = merged_history();
    let origin = format!("file://{}", scratch.path().display());
    scratch.git(&["clone", "--quiet", "--depth=3", "--branch=main", &origin, "shallow"]);
    let repo = Repository::open(&scratch.path().join("shallow")).expect("a repository");
    assert!(repo.is_shallow() && !scratch.open().is_shallow());
    let series = repo.series(&all()).expect("a series");
    assert_eq!(subjects(&series.commits), ["three", "merge late", "four"]);
    assert_eq!((series.base, series.end), (None, SeriesEnd::Shallow));
    let series = repo.series(&range("main~1..main")).expect("a series");
    assert_eq!(subjects(&series.commits), ["four"]);
}

#[test]
fn every_kind_of_place_opens() {
    let scratch = merged_history();
    scratch.git(&["checkout", "--quiet", "main"]);
    scratch.git(&["worktree", "add", "--quiet", "linked", "side"]);
    scratch.git(&["clone", "--quiet", "--bare", ".", "bare.git"]);
    std::fs::create_dir_all(scratch.path().join("apps/web")).expect("a directory");
    let open = |path: &str| Repository::open(&scratch.path().join(path)).expect(path);
    for (path, context, tip, bare) in [
        (".", "", "four", false),
        ("linked", "", "side two", false),
        ("bare.git", "", "four", true),
        ("apps/web", "apps/web", "four", false),
        (".git", "", "four", false),
    ] {
        let repo = open(path);
        assert_eq!(repo.context(), context, "{path}");
        assert_eq!(repo.commit("HEAD").expect(path).subject, tip, "{path}");
        assert_eq!(repo.working_tree().is_none(), bare, "{path}");
    }
    assert_eq!(open("bare.git").with_context("./apps//web/").context(), "apps/web");
}

#[test]
fn sub_directories_are_contexts_of_their_own() {
    let mut s = Stream::default();
    s.commit("main", "elsewhere").write("README", "1");
    s.commit("main", "born").write("apps/web/src/a", "1").file("100755", "apps/web/run", "1");
    s.commit("main", "beside").write("README", "2").write("apps/api/a", "2");
    s.commit("main", "inside").write("apps/web/src/a", "2");
    s.commit("main", "gone").delete("apps/web");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open().with_context("apps/web");
    let series = repo.series(&all()).expect("a series");
    let mut before = None;
    for (commit, expected) in series.commits.iter().zip(["", "run src/a", "", "src/a", "run src/a"]) {
        assert_eq!(paths(&repo.changes(before, commit).expect("changes")), expected, "{}", commit.subject);
        before = Some(commit);
    }
    let born = &series.commits[1];
    let blob = repo.blob_at(born, "apps/web/src/a").expect("readable").expect("there");
    assert_eq!(repo.bytes(blob.id).expect("bytes"), b"1");
    assert_eq!(repo.blob_at(born, "apps/web/src").expect("readable"), None);
    assert_eq!(repo.blob_at(born, "README/x").expect("readable"), None);
}

#[test]
fn sizes_are_real_ones() {
    let hash = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hash}\nsize 987654321\n");
    let mut s = Stream::default();
    s.commit("main", "sizes")
        .write("small", "12345")
        .write("big", &"x".repeat(4096))
        .write("model", &pointer);
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open();
    let head = repo.commit("main").expect("a commit");
    for (path, size) in [("small", 5), ("big", 4096), ("model", 987_654_321)] {
        let blob = repo.blob_at(&head, path).expect("readable").expect("there");
        assert_eq!(repo.size(blob.id).expect("a size"), size, "{path}");
    }
}

#[test]
fn renames_and_odd_names() {
    let mut s = Stream::default();
    s.commit("main", "one").write("old", "same").write("copy", "same");
    s.commit("main", "two").delete("old").delete("copy").write("new/name", "same");
    s.commit("main", "three").write("\"caf\\351\\303\\251\"", "Latin-1, then UTF-8");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open();
    let series = repo.series(&all()).expect("a series");
    let changes = |n: usize| repo.changes(Some(&series.commits[n - 1]), &series.commits[n]).expect("changes");
    let renames = exact_renames(&changes(1));
    let pairs: Vec<_> = renames.iter().map(|rename| (&*rename.from, &*rename.to)).collect();
    assert_eq!(pairs, [("copy", "new/name")], "the first deleted one");
    assert_eq!(paths(&changes(2)), "caf\\xe9é");
}

#[test]
fn an_object_that_is_not_there_is_named() {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path().join("dir")).expect("a directory");
    std::fs::write(scratch.path().join("dir/a"), "1").expect("a file");
    scratch.git(&["add", "dir"]);
    let named = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    scratch.git(&[&named[..], &["commit", "--quiet", "-m", "one"]].concat());
    let tree = scratch.git(&["rev-parse", "HEAD:dir"]).trim().to_owned();
    // A commit made in the working tree leaves loose objects, so that one can be taken away.
    let loose = scratch.path().join(".git/objects").join(&tree[..2]).join(&tree[2..]);
    std::fs::remove_file(loose).expect("a loose object");
    let head_dir = ObjectId::from_hex(tree.as_bytes()).expect("an object id");
    let repo = scratch.open();
    let head = repo.commit("HEAD").expect("a commit");
    let error = repo.changes(None, &head).expect_err("a tree is missing");
    assert!(matches!(error, HistoryError::MissingObject { id } if id == head_dir), "{error}");
}
