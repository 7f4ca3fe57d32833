//! The replay against brute force: every commit checked out into a folder, scanned and built, step by step.

mod history_repos;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use history_repos::{Edit, Scratch, Stream, edit};
use layerlab::context::{Ignore, Index, Scan, find_ignore};
use layerlab::cost::{Basis, Figure};
use layerlab::dockerfile::ast::Dockerfile;
use layerlab::dockerfile::parse;
use layerlab::graph::GraphOptions;
use layerlab::history::replay::{
    Common, DockerfileSource, Mark, Plan, Readings, Rewriting, Runner, SideWalk, walk,
};
use layerlab::history::{ContextOptions, Repository, Selection, Series};
use layerlab::simulate::{BuildInput, Simulator};
use layerlab::solver::Status;
use proptest::prelude::*;
use tempfile::TempDir;

/// A build as both ways tell of it: a line a step, and what ended it.
type Told = (Vec<String>, bool);

fn second(_: &Dockerfile, graph: &layerlab::graph::Graph, _: &layerlab::context::Tree) -> Vec<Figure> {
    vec![Figure { value: 1.0, basis: Basis::Estimated }; graph.steps.len()]
}

fn common() -> Common<'static> {
    Common { options: GraphOptions::default(), cost: &second, readings: Readings::default() }
}

fn replay(repo: &Repository, series: &Series, dockerfile: DockerfileSource<'_>, runner: Runner) -> SideWalk {
    replay_all(repo, series, vec![dockerfile], runner).remove(0)
}

fn replay_all(
    repo: &Repository,
    series: &Series,
    dockerfiles: Vec<DockerfileSource<'_>>,
    runner: Runner,
) -> Vec<SideWalk> {
    let plan = |dockerfile| Plan { dockerfile, ignoring: None, runner, reasons: true };
    let plans: Vec<Plan<'_>> = dockerfiles.into_iter().map(plan).collect();
    let options = ContextOptions::of(repo);
    let walks = walk(repo, series, &options, &common(), &plans, &mut |_, _| true).expect("a walk");
    walks.into_iter().map(Arc::unwrap_or_clone).collect()
}

fn told_by_replay(walk: &SideWalk) -> Vec<Told> {
    let of_build = |build: &layerlab::history::replay::Build| {
        let steps = build.version.map_or(&[][..], |version| &walk.versions[version].steps);
        let line = |(step, mark): (&layerlab::history::replay::VersionStep, &Mark)| {
            let ran = mark.ran() || *mark == Mark::Free;
            format!("{} {ran} {}", step.label, !mark.is_assumed())
        };
        (steps.iter().zip(&build.marks).map(line).collect(), build.error.is_some())
    };
    walk.builds.iter().map(of_build).collect()
}

fn git(at: &Path, args: &[&str]) {
    let mut command = Command::new("git");
    command.args(args).current_dir(at).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE");
    assert!(command.status().expect("git runs").success(), "git {args:?}");
}

/// Checks every commit out into one folder, and builds the folder.
fn told_by_force(from: &Path, series: &Series, fixed: Option<&str>) -> Vec<Told> {
    let folder = TempDir::new().expect("a temporary directory");
    let from = from.to_str().expect("a path in UTF-8");
    git(folder.path(), &["clone", "--quiet", "--no-checkout", from, "."]);
    let mut simulator = Simulator::default();
    let mut told = Vec::new();
    for (commit, counts) in
        series.base.iter().map(|c| (c, false)).chain(series.commits.iter().map(|c| (c, true)))
    {
        git(folder.path(), &["checkout", "--quiet", "--force", "--detach", &commit.id.to_string()]);
        let build = build(&mut simulator, folder.path(), fixed);
        if counts {
            told.push(build);
        }
    }
    told
}

fn build(simulator: &mut Simulator, folder: &Path, fixed: Option<&str>) -> Told {
    let file = folder.join("Dockerfile");
    let text = match fixed {
        Some(text) => text.to_owned(),
        None => match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(_) => return (Vec::new(), false),
        },
    };
    let ignore = find_ignore(folder, &file).expect("readable").map_or_else(String::new, |(_, text)| text);
    let Ok(ignore) = Ignore::parse(&ignore) else { return (Vec::new(), true) };
    let scan = Scan::new(folder, ignore, Index::default()).expect("a folder");
    let Ok(dockerfile) = parse(&text) else { return (Vec::new(), true) };
    let input = BuildInput {
        dockerfile: Arc::new(dockerfile),
        options: GraphOptions::default(),
        context: scan.tree().clone(),
        named: BTreeMap::new(),
    };
    let Ok(outcome) = simulator.build(&input) else { return (Vec::new(), true) };
    let line = |step: &layerlab::solver::StepPrediction| {
        format!("{} {} {}", step.label, step.status == Status::Executed, step.certain)
    };
    (outcome.prediction.steps.iter().map(line).collect(), outcome.prediction.error.is_some())
}

/// What else a generated commit does.
#[derive(Debug, Clone)]
enum Turn {
    Nothing,
    Dockerfile(&'static str),
    Ignore(&'static str),
    Drop(&'static str),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => Just(Turn::Nothing),
        1 => Just(Turn::Dockerfile("FROM a\nCOPY . /x\nRUN one\n")),
        2 => Just(Turn::Dockerfile("FROM a\nWORKDIR /w\nCOPY a* ./\nRUN one\nCOPY . .\nRUN two\n")),
        1 => Just(Turn::Dockerfile(
            "FROM a AS m\nWORKDIR /w\nCOPY a* ./\nRUN make\nFROM b\nCOPY --from=m /w /w\nCOPY --link . /b\nRUN run\n"
        )),
        1 => Just(Turn::Dockerfile("FROM a\nRUN --mount=type=bind,source=a,target=/a cat /a > /out\nCOPY b /b\n")),
        1 => Just(Turn::Dockerfile("FROM a\nCOPY --chmod=755 --exclude=a.b . /x\nCOPY [\"a\", \"/y\"]\n")),
        1 => Just(Turn::Dockerfile("FROM\n")),
        2 => Just(Turn::Ignore(".git\nDockerfile\n.dockerignore\n")),
        1 => Just(Turn::Ignore("*\n!a\n!a*/**\n")),
        1 => Just(Turn::Ignore("[\n")),
        1 => Just(Turn::Drop(".dockerignore")),
        1 => Just(Turn::Drop("Dockerfile")),
    ]
}

/// A history that begins with a Dockerfile. Submodules are left out: where they are not checked out, a folder does
/// not show what commit they are pinned to, and the replay does.
fn stream(commits: &[(Vec<Edit>, Turn)]) -> Stream {
    let mut stream = Stream::default();
    stream.commit("main", "born").write("Dockerfile", "FROM a\nCOPY . /x\nRUN one\n").write("a", "1");
    for (i, (edits, turn)) in commits.iter().enumerate() {
        stream.commit("main", &format!("commit {i}"));
        for edit in edits {
            match edit {
                Edit::Write { mode, path, bytes } => stream.file(mode, path, bytes),
                Edit::Delete { path } => stream.delete(path),
                Edit::Pin { .. } => continue,
            };
        }
        match turn {
            Turn::Nothing => {}
            Turn::Dockerfile(text) => {
                stream.write("Dockerfile", text);
            }
            Turn::Ignore(text) => {
                stream.write(".dockerignore", text);
            }
            Turn::Drop(path) => {
                stream.delete(path);
            }
        }
    }
    stream
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Every step of every commit is what building a checkout of it says.
    #[test]
    fn every_step_is_that_of_a_checkout(
        commits in prop::collection::vec((prop::collection::vec(edit(), 0..4), turn()), 1..14)
    ) {
        let scratch = Scratch::new();
        scratch.import(&stream(&commits));
        let repo = scratch.open();
        let series = repo.series(&Selection::default()).expect("a series");
        let walk = replay(&repo, &series, DockerfileSource::OfCommit, Runner::Warm);
        prop_assert_eq!(told_by_replay(&walk), told_by_force(scratch.path(), &series, None));
        // What is kept for the next run is all of it.
        let text = serde_json::to_string(&walk).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<SideWalk>(&text).expect("the same form"), walk);
    }

    /// A part of a history starts warm with the commit before it.
    #[test]
    fn a_part_of_a_history_is_built_on_its_base(
        commits in prop::collection::vec((prop::collection::vec(edit(), 0..3), turn()), 4..8)
    ) {
        let scratch = Scratch::new();
        scratch.import(&stream(&commits));
        let repo = scratch.open();
        let series = repo.series(&Selection { limit: Some(3), ..Selection::default() }).expect("a series");
        prop_assert!(series.base.is_some());
        let walk = replay(&repo, &series, DockerfileSource::OfCommit, Runner::Warm);
        prop_assert_eq!(told_by_replay(&walk), told_by_force(scratch.path(), &series, None));
    }

    /// A side that is rewritten is the same, whether the side that it is made of stands beside it or not.
    #[test]
    fn a_side_that_is_held_back_is_that_which_is_walked_alone(
        commits in prop::collection::vec((prop::collection::vec(edit(), 0..3), turn()), 1..40)
    ) {
        let scratch = Scratch::new();
        scratch.import(&stream(&commits));
        let repo = scratch.open();
        let series = repo.series(&Selection::default()).expect("a series");
        let [alone, beside, left] = rewritten_alone_and_beside(&repo, &series);
        prop_assert_eq!(&beside, &alone);
        let own = replay(&repo, &series, DockerfileSource::OfCommit, Runner::Warm);
        prop_assert_eq!(&left, &own);
    }
}

/// A side whose Dockerfile is made of the commit's own where a file `a` is there: walked alone, walked beside the one
/// that builds the commit's own, and that one.
fn rewritten_alone_and_beside(repo: &Repository, series: &Series) -> [SideWalk; 3] {
    let rewrite =
        |own: &Arc<Dockerfile>, tree: &layerlab::context::Tree, _: &dyn Fn(&str) -> Option<String>| {
            if tree.contains("a") {
                own.text.replace("RUN two", "RUN three").into()
            } else {
                Arc::clone(&own.text)
            }
        };
    let rests_on = |path: &str| path == "a";
    let rewritten = || DockerfileSource::Rewritten(Rewriting { rewrite: &rewrite, rests_on: &rests_on });
    let alone = replay(repo, series, rewritten(), Runner::Warm);
    let both = vec![DockerfileSource::OfCommit, rewritten()];
    let [left, beside] = replay_all(repo, series, both, Runner::Warm).try_into().expect("two walks");
    [alone, beside, left]
}

/// What is made of a Dockerfile is made anew where a file comes on which it rests, and holds from there on alone.
#[test]
fn a_dockerfile_is_rewritten_anew_where_what_it_rests_on_comes() {
    let mut s = Stream::default();
    s.commit("main", "born").write("Dockerfile", "FROM x\nCOPY . /x\nRUN two\n").write("b", "1");
    s.commit("main", "edited").write("b", "2");
    s.commit("main", "come").write("a", "1");
    s.commit("main", "edited again").write("a", "2");
    s.commit("main", "gone").delete("a");
    let scratch = Scratch::new();
    scratch.import(&s);
    let repo = scratch.open();
    let series = repo.series(&Selection::default()).expect("a series");
    let [alone, beside, _] = rewritten_alone_and_beside(&repo, &series);
    let texts = |walk: &SideWalk| {
        let of_build = |build: &layerlab::history::replay::Build| {
            let text = &walk.versions[build.version.expect("a Dockerfile")].text;
            text.rsplit(' ').next().unwrap_or_default().trim().to_owned()
        };
        walk.builds.iter().map(of_build).collect::<Vec<_>>()
    };
    assert_eq!(texts(&alone), ["two", "two", "three", "three", "two"]);
    assert_eq!(beside, alone);
}

/// A real history: this repository's own, or the one that `LAYERLAB_REPLAY_REPO` names with its Dockerfile.
#[test]
fn a_real_history_is_that_of_its_checkouts() {
    let named = std::env::var_os("LAYERLAB_REPLAY_REPO");
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = named.as_ref().map_or(own, Path::new);
    let Ok(repo) = Repository::open(path) else {
        eprintln!("skipped: {} is not in a git repository", path.display());
        return;
    };
    if named.is_none()
        && repo.working_tree().and_then(|root| root.canonicalize().ok()) != own.canonicalize().ok()
    {
        eprintln!("skipped: the repository around this checkout is another");
        return;
    }
    let commits = std::env::var("LAYERLAB_REPLAY_COMMITS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let series = repo.series(&Selection { limit: Some(commits), ..Selection::default() }).expect("a series");
    // Ours has no Dockerfile of its own.
    let text = "FROM rust AS build\nWORKDIR /s\nCOPY Cargo.toml Cargo.lock ./\nCOPY src src\nRUN cargo build\n\
                COPY . .\nRUN cargo test\nFROM debian\nCOPY --from=build /s/target/debug/layerlab /usr/bin/\n\
                COPY assets /assets\n";
    let fixed = named.is_none().then_some(text);
    let source = fixed.map_or(DockerfileSource::OfCommit, |text| DockerfileSource::Fixed(text.into()));
    let walk = replay(&repo, &series, source, Runner::Warm);
    let (ours, theirs) = (told_by_replay(&walk), told_by_force(path, &series, fixed));
    for ((commit, ours), theirs) in series.commits.iter().zip(&ours).zip(&theirs) {
        assert_eq!(ours, theirs, "{} {}", commit.short(), commit.subject);
    }
    assert_eq!(ours.len(), theirs.len());
}

fn shop() -> Scratch {
    let mut s = Stream::default();
    let dockerfile = "FROM node:20 AS build\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci\nCOPY src src\n\
                      RUN npm run build\nFROM nginx\nCOPY --from=build /app/dist /www\n";
    s.commit("main", "born")
        .write("Dockerfile", dockerfile)
        .write("package.json", "{}")
        .write("src/a.js", "1");
    s.commit("main", "source").write("src/a.js", "2");
    s.commit("main", "readme").write("README.md", "1");
    s.commit("main", "manifest").write("package.json", "{ }");
    s.commit("main", "back").write("src/a.js", "1").write("package.json", "{}");
    let scratch = Scratch::new();
    scratch.import(&s);
    scratch
}

fn letters(walk: &SideWalk) -> Vec<String> {
    let of_build = |build: &layerlab::history::replay::Build| {
        let json = serde_json::to_value(build).expect("plain data");
        json["marks"].as_str().expect("letters").to_owned()
    };
    walk.builds.iter().map(of_build).collect()
}

#[test]
fn runners_differ_in_what_their_cache_holds() {
    let scratch = shop();
    let repo = scratch.open();
    let series = repo.series(&Selection::default()).expect("a series");
    let of = |runner| letters(&replay(&repo, &series, DockerfileSource::OfCommit, runner));
    let warm = of(Runner::Warm);
    assert_eq!(warm[2], "cccccccc", "a README that no COPY takes in");
    assert_eq!(warm[4], "cccccccc", "a warm machine still has what it built at first");
    assert!(of(Runner::Cold).iter().all(|marks| !marks.contains('c')), "a cold one has nothing");
    let (max, min) = (of(Runner::Max), of(Runner::Min));
    assert_eq!(max[1], warm[1]);
    assert_ne!(max[4], warm[4], "an export holds the last build alone");
    assert_eq!(min[2], "cccccccc", "nothing edited, all found");
    assert!(min[1].matches('c').count() < max[1].matches('c').count(), "{min:?} {max:?}");
}

#[test]
fn a_watcher_can_end_a_walk() {
    let scratch = shop();
    let repo = scratch.open();
    let series = repo.series(&Selection::default()).expect("a series");
    let options = ContextOptions::of(&repo);
    let plan =
        Plan { dockerfile: DockerfileSource::OfCommit, runner: Runner::Warm, ignoring: None, reasons: true };
    let mut told = Vec::new();
    let walks = walk(&repo, &series, &options, &common(), &[plan], &mut |done, of| {
        told.push((done, of));
        done < 2
    })
    .expect("a walk");
    assert_eq!(told, [(1, 5), (2, 5)]);
    assert_eq!((walks[0].builds.len(), walks[0].is_partial()), (2, true));
}
