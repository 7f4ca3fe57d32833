//! Which edits a history holds, told in terms of its newest commit.

mod history_repos;

use history_repos::{Scratch, Stream};
use layerlab::history::{ContextOptions, Ignoring, Repository, Selection};

fn edits(repo: &Repository, options: &ContextOptions, limit: Option<usize>) -> Vec<String> {
    let series = repo.series(&Selection { limit, ..Selection::default() }).expect("a series");
    let observed = repo.observed_edits(&series, options).expect("edits");
    observed.edits.iter().map(|edit| format!("{} {}", edit.commits, edit.paths.join(" "))).collect()
}

fn history() -> Scratch {
    let mut s = Stream::default();
    s.commit("main", "born").write("old.js", "a").write("package.json", "{}").write("gone.txt", "1");
    s.commit("main", "source").write("old.js", "b");
    s.commit("main", "moved").delete("old.js").write("src/app.js", "b");
    s.commit("main", "source and manifest").write("src/app.js", "c").write("package.json", "{ }");
    s.commit("main", "source again").write("src/app.js", "d");
    s.commit("main", "going").delete("gone.txt");
    s.commit("main", "rules").write(".dockerignore", ".dockerignore\n.git\nREADME.md\n");
    s.commit("main", "ignored").write("README.md", "1");
    let scratch = Scratch::new();
    scratch.import(&s);
    scratch
}

#[test]
fn edits_bear_the_names_of_today() {
    let scratch = history();
    let repo = scratch.open();
    let options = ContextOptions::of(&repo);
    assert_eq!(edits(&repo, &options, None), ["3 ", "3 src/app.js", "1 package.json src/app.js"]);
    assert_eq!(
        edits(&repo, &options, Some(2)),
        ["2 "],
        "the one before the first is what it is compared with"
    );
}

#[test]
fn a_git_directory_that_is_not_ignored_is_edited_by_every_commit() {
    let scratch = history();
    let repo = scratch.open();
    let options = ContextOptions { ignoring: Ignoring::always(None), ..ContextOptions::of(&repo) };
    let told = edits(&repo, &options, Some(4));
    assert_eq!(
        told,
        [
            "1 .dockerignore .git/index .git/logs/HEAD",
            "1 .git/index .git/logs/HEAD",
            "1 .git/index .git/logs/HEAD README.md",
            "1 .git/index .git/logs/HEAD src/app.js",
        ]
    );
}

#[test]
fn an_empty_series_has_no_edits() {
    let scratch = history();
    let repo = scratch.open();
    let series = repo.series(&Selection { limit: Some(0), ..Selection::default() }).expect("a series");
    let observed = repo.observed_edits(&series, &ContextOptions::of(&repo)).expect("nothing to fail");
    assert_eq!((observed.edits.len(), observed.commits), (0, 0));
}
