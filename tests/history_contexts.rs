//! Build contexts of commits: reached step by step they are what each commit alone gives.

mod history_repos;

use history_repos::{Edit, Scratch, Stream, edit, stream_of};
use layerlab::context::{Entry, Tree};
use layerlab::history::{BuildInput, ContextOptions, Contexts, Ignoring, Repository, Selection};
use proptest::prelude::*;

/// A tree as one line: paths in order, directories with a slash, executables with a star, links with target.
fn listing(tree: &Tree) -> String {
    let shown = tree.iter().filter(|(path, _)| !path.starts_with(".git/")).map(|(path, entry)| match entry {
        Entry::Dir(dir) if dir.is_empty() => format!("{path}/"),
        Entry::Dir(_) | Entry::Special(_) => String::new(),
        Entry::File(file) if file.mode == 0o755 => format!("{path}*"),
        Entry::File(_) => path,
        Entry::Symlink(target) => format!("{path}->{target}"),
    });
    shown.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

fn inputs(repo: &Repository, options: &ContextOptions) -> Vec<BuildInput> {
    let series = repo.series(&Selection::default()).expect("a series");
    let mut contexts = Contexts::new(repo, options.clone());
    series.commits.iter().map(|commit| contexts.advance(commit).expect("an input")).collect()
}

fn listings(repo: &Repository) -> Vec<String> {
    inputs(repo, &ContextOptions::of(repo)).iter().map(|input| listing(&input.tree)).collect()
}

/// Edits of files, and of ignore files made of patterns that meet them.
fn edit_or_ignore() -> impl Strategy<Value = Edit> {
    let pattern = prop_oneof![
        Just("a"),
        Just("!a"),
        Just("a/*"),
        Just("!a/b"),
        Just("**/b"),
        Just("a.b"),
        Just("*/ab"),
        Just("*"),
        Just("!b"),
    ];
    let file = prop_oneof![Just(".dockerignore"), Just("Dockerfile.dockerignore")];
    let ignore = (file, prop::collection::vec(pattern, 0..4)).prop_map(|(path, lines)| Edit::Write {
        mode: "100644",
        path: path.into(),
        bytes: lines.join("\n").into_bytes(),
    });
    prop_oneof![6 => edit(), 1 => ignore]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn step_by_step_is_the_same_as_each_alone(
        commits in prop::collection::vec(prop::collection::vec(edit_or_ignore(), 0..6), 1..12),
        context in prop_oneof![3 => Just(""), 1 => Just("a")],
    ) {
        let scratch = Scratch::new();
        scratch.import(&stream_of(&commits));
        let repo = scratch.open().with_context(context);
        let options = ContextOptions::of(&repo);
        let series = repo.series(&Selection::default()).expect("a series");
        for (commit, input) in series.commits.iter().zip(inputs(&repo, &options)) {
            let alone = Contexts::new(&repo, options.clone()).advance(commit).expect("an input");
            prop_assert_eq!(listing(&input.tree), listing(&alone.tree), "{}", commit.subject);
            prop_assert_eq!(input.tree.digest(), alone.tree.digest(), "{}", commit.subject);
            prop_assert_eq!(input.dockerfile, alone.dockerfile);
            prop_assert_eq!(input.ignore, alone.ignore);
        }
    }
}

#[test]
fn kinds_of_files_are_gits() {
    let mut s = Stream::default();
    let pin = |id: &str| format!("M 160000 {} lib", id.repeat(20));
    s.commit("main", "one")
        .write("f", "1")
        .file("100755", "x", "1")
        .file("120000", "l", "f")
        .line(&pin("aa"));
    s.commit("main", "moved").line(&pin("bb"));
    s.commit("main", "modes").file("100755", "f", "1").file("100644", "l", "f").delete("x");
    s.commit("main", "in place of the submodule").delete("lib").write("lib/f", "1");
    let scratch = Scratch::new();
    scratch.import(&s);
    let lib = |id: &str| format!("lib/@{}", id.repeat(20));
    assert_eq!(
        listings(&scratch.open()),
        [
            format!("f l->f {} x*", lib("aa")),
            format!("f l->f {} x*", lib("bb")),
            format!("f* l {}", lib("bb")),
            "f* l lib/f".into()
        ]
    );
}

#[test]
fn directories_come_and_go_with_their_files() {
    let mut s = Stream::default();
    s.commit("main", "one")
        .write(".dockerignore", "docs/*\ntmp\n!tmp/keep")
        .write("docs/a/b", "1")
        .write("tmp/x", "1");
    s.commit("main", "kept").write("tmp/keep", "1");
    s.commit("main", "not kept").delete("tmp/keep").write("src/deep/f", "1");
    s.commit("main", "gone").delete("docs").delete("src/deep/f");
    s.commit("main", "unignored").delete(".dockerignore");
    let scratch = Scratch::new();
    scratch.import(&s);
    assert_eq!(
        listings(&scratch.open()),
        [
            ".dockerignore docs/",
            ".dockerignore docs/ tmp/keep",
            ".dockerignore docs/ src/deep/f",
            ".dockerignore",
            "tmp/x",
        ]
    );
}

#[test]
fn equal_bytes_are_equal_content() {
    let mut s = Stream::default();
    s.commit("main", "one").write("a", "1").write("b", "2");
    s.commit("main", "two").write("a", "2").write("b", "1");
    s.commit("main", "one again").write("a", "1").write("b", "2");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open();
    let options = ContextOptions { git_dir: false, ..ContextOptions::of(&repo) };
    let trees: Vec<Tree> = inputs(&repo, &options).into_iter().map(|input| input.tree).collect();
    let digest = |tree: &Tree, path: &str| tree.get(path).expect("there").digest();
    assert_eq!(digest(&trees[0], "a"), digest(&trees[1], "b"));
    assert_ne!(trees[0].digest(), trees[1].digest());
    assert_eq!(trees[0].digest(), trees[2].digest());
    let with_git_dir: Vec<Tree> =
        inputs(&repo, &ContextOptions::of(&repo)).into_iter().map(|input| input.tree).collect();
    assert_ne!(with_git_dir[0].digest(), with_git_dir[2].digest(), "no two commits have the same .git");
    assert_eq!(digest(&with_git_dir[0], ".git/HEAD"), digest(&with_git_dir[2], ".git/HEAD"));
}

#[test]
fn sizes_only_when_asked() {
    let mut s = Stream::default();
    s.commit("main", "one").write("a", "12345");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open();
    let base = ContextOptions { git_dir: false, ..ContextOptions::of(&repo) };
    for (sizes, bytes) in [(false, 0), (true, 5)] {
        assert_eq!(inputs(&repo, &ContextOptions { sizes, ..base.clone() })[0].tree.bytes(), bytes);
    }
}

#[test]
fn texts_are_as_of_each_commit() {
    let mut s = Stream::default();
    s.commit("main", "none").write("a", "1");
    s.commit("main", "born").write("app/Dockerfile", "FROM one").write("app/.dockerignore", "x");
    s.commit("main", "own ignore file").write("app/Dockerfile.dockerignore", "y");
    s.commit("main", "a link")
        .file("120000", "app/Dockerfile", "../docker/prod")
        .write("docker/prod", "FROM two");
    s.commit("main", "in a circle").file("120000", "docker/prod", "../app/Dockerfile");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open().with_context("app");
    let texts = |options: &ContextOptions| -> Vec<(Option<String>, Option<String>)> {
        let text = |text: Option<std::sync::Arc<str>>| text.map(|text| text.to_string());
        inputs(&repo, options).into_iter().map(|input| (text(input.dockerfile), text(input.ignore))).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    let options = ContextOptions::of(&repo);
    assert_eq!(
        texts(&options),
        [
            (None, None),
            (some("FROM one"), some("x")),
            (some("FROM one"), some("y")),
            (some("FROM two"), some("y")),
            (None, some("y")),
        ]
    );
    let elsewhere = ContextOptions { dockerfile: "docker/prod".into(), ..options.clone() };
    assert_eq!(texts(&elsewhere)[3], (some("FROM two"), some("x")));
    let pinned = ContextOptions { ignoring: Ignoring::always(None), ..options };
    assert!(texts(&pinned).iter().all(|(_, ignore)| ignore.is_none()));
}

/// What a Dockerfile was called before is found by equal bytes, else by half of its lines, in and below its context.
#[test]
fn a_dockerfile_is_followed_through_its_names() {
    const TEXT: &str = "FROM a\nWORKDIR /w\nCOPY . .\nRUN one\n";
    let mut s = Stream::default();
    s.commit("main", "born").write("Dockerfile.web", TEXT).write("web/a", "1");
    s.commit("main", "edited").write("web/a", "2");
    s.commit("main", "moved").delete("Dockerfile.web").write("docker/web.Dockerfile", TEXT);
    s.commit("main", "moved and edited")
        .delete("docker/web.Dockerfile")
        .write("web/Dockerfile", &format!("{TEXT}RUN two\n"))
        .write("web/Dockerfile.dockerignore", "b");
    s.commit("main", "ignored").write("web/b", "1");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open().with_context("web");
    let all = repo.series(&Selection::default()).expect("a series");
    let names = |dockerfile: &str| {
        let found = repo.former_names(&all, dockerfile).expect("names");
        found.iter().map(|n| format!("{} {} {}", n.path, n.until.subject, n.commits)).collect::<Vec<_>>()
    };
    assert_eq!(
        names("web/Dockerfile"),
        ["docker/web.Dockerfile moved and edited 3", "Dockerfile.web moved 2"]
    );
    assert_eq!(names("Dockerfile.web"), [""; 0]);
    assert_eq!(names("web/a"), [""; 0]);
    let mut options = ContextOptions { git_dir: false, ..ContextOptions::of(&repo) };
    options.follow(&all, &repo.former_names(&all, "web/Dockerfile").expect("names"));
    let told = inputs(&repo, &options).into_iter().map(|input| {
        let lines = input.dockerfile.map_or(0, |text| text.lines().count());
        format!("{lines} {}", listing(&input.tree))
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "4 a",
            "4 a",
            "4 a",
            "5 Dockerfile Dockerfile.dockerignore a",
            "5 Dockerfile Dockerfile.dockerignore a"
        ]
    );
}

/// A file that came while an unlike one went is new.
#[test]
fn an_unlike_dockerfile_is_not_followed() {
    let mut s = Stream::default();
    s.commit("main", "born").write("old.Dockerfile", "FROM a\nRUN x\n").write("LICENSE", "FROM b\nRUN y\n");
    s.commit("main", "other")
        .delete("old.Dockerfile")
        .delete("LICENSE")
        .write("Dockerfile", "FROM b\nRUN z\n");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open();
    let all = repo.series(&Selection::default()).expect("a series");
    assert_eq!(repo.former_names(&all, "Dockerfile").expect("names"), []);
}
