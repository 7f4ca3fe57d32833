//! How long a replay takes, beside what git takes to list the same changes.
//!
//! `cargo bench --bench replay` makes histories over trees of several sizes: the time of a commit must not grow with
//! the tree. `LAYERLAB_BENCH_REPO=DIR cargo bench --bench replay` replays the last 1,000 commits of a real one, each
//! with its own Dockerfile, beside `git log --raw --no-renames --first-parent -n 1000` of the same run.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use layerlab::context::Tree;
use layerlab::cost::{Basis, Figure};
use layerlab::dockerfile::ast::Dockerfile;
use layerlab::graph::{Graph, GraphOptions};
use layerlab::history::replay::{Common, DockerfileSource, Plan, Readings, Runner, walk};
use layerlab::history::{ContextOptions, Contexts, Repository, Selection};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 5;

fn main() {
    match std::env::var_os("LAYERLAB_BENCH_REPO") {
        Some(repo) => real(Path::new(&repo)),
        None => made(),
    }
}

fn second(_: &Dockerfile, graph: &Graph, _: &Tree) -> Vec<Figure> {
    vec![Figure { value: 1.0, basis: Basis::Estimated }; graph.steps.len()]
}

fn common() -> Common<'static> {
    Common { options: GraphOptions::default(), cost: &second, readings: Readings::default() }
}

/// The shortest of some runs.
fn fastest(mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..RUNS).map(|_| time(&mut run)).min().unwrap_or_default()
}

fn replay(path: &Path, commits: usize) -> usize {
    let repo = Repository::open(path).expect("a repository");
    let selection = Selection { limit: Some(commits), ..Selection::default() };
    let series = repo.series(&selection).expect("a series");
    let plan =
        Plan { dockerfile: DockerfileSource::OfCommit, ignoring: None, runner: Runner::Warm, reasons: true };
    let walks = walk(&repo, &series, &ContextOptions::of(&repo), &common(), &[plan], &mut |_, _| true)
        .expect("a walk");
    walks[0].builds.iter().map(layerlab::history::replay::Build::executed).sum()
}

/// Goes to every commit and builds nothing.
fn contexts(path: &Path, commits: usize) {
    let repo = Repository::open(path).expect("a repository");
    let selection = Selection { limit: Some(commits), ..Selection::default() };
    let series = repo.series(&selection).expect("a series");
    let mut contexts = Contexts::new(&repo, ContextOptions::of(&repo));
    for commit in series.base.iter().chain(&series.commits) {
        std::hint::black_box(contexts.advance(commit).expect("a commit"));
    }
}

fn git_log(path: &Path, commits: usize) {
    let status = Command::new("git")
        .args(["log", "--raw", "--no-renames", "--first-parent", "-n", &commits.to_string()])
        .current_dir(path)
        .stdout(Stdio::null())
        .status()
        .expect("git runs");
    assert!(status.success());
}

fn real(path: &Path) {
    const COMMITS: usize = 1000;
    let git = fastest(|| git_log(path, COMMITS));
    let only_contexts = fastest(|| contexts(path, COMMITS));
    let mut executed = 0;
    let whole = fastest(|| executed = replay(path, COMMITS));
    println!("git log --raw, {COMMITS} commits   {:>8.1} ms", ms(git));
    println!("contexts of these          {:>8.1} ms", ms(only_contexts));
    println!(
        "replay of these            {:>8.1} ms   {:.1} times git log; {executed} steps ran",
        ms(whole),
        whole.as_secs_f64() / git.as_secs_f64()
    );
    if let Some(peak) = peak_memory() {
        println!("memory at most             {:>8.1} MB", peak as f64 / 1e6);
    }
}

fn made() {
    const COMMITS: usize = 500;
    for files in [100, 1_000, 10_000] {
        let folder = history(files, COMMITS);
        let time = fastest(|| {
            replay(folder.path(), COMMITS);
        });
        let git = fastest(|| git_log(folder.path(), COMMITS));
        println!(
            "{files:>6} files: {:>7.1} us a commit; git log {:>7.1} us",
            ms(time) * 1000.0 / COMMITS as f64,
            ms(git) * 1000.0 / COMMITS as f64
        );
    }
}

/// A repository of so many files in folders of a hundred, each commit editing three of them.
fn history(files: usize, commits: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(args).current_dir(folder.path()).stdin(Stdio::piped());
        command
    };
    assert!(git(&["init", "--quiet", "."]).status().expect("git runs").success());
    let mut stream = String::new();
    let path = |n: usize| format!("src/d{}/f{n}", n / 100);
    for commit in 0..=commits {
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@b> {} +0000\ndata 1\nx\n",
            1_700_000_000 + commit
        );
        let mut file = |path: &str, text: &str| {
            let _ = write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len());
        };
        if commit == 0 {
            file("Dockerfile", "FROM a\nWORKDIR /s\nCOPY src/d0 ./d0\nRUN one\nCOPY . .\nRUN two\n");
            (0..files).for_each(|n| file(&path(n), "0"));
        }
        (0..3).for_each(|n| file(&path((commit * 37 + n * 11) % files), &commit.to_string()));
    }
    let mut import = git(&["fast-import", "--quiet"]).spawn().expect("git runs");
    import.stdin.take().expect("piped above").write_all(stream.as_bytes()).expect("git reads");
    assert!(import.wait().expect("git ends").success());
    assert!(git(&["symbolic-ref", "HEAD", "refs/heads/main"]).status().expect("git runs").success());
    folder
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The most memory that this process had, in bytes, where the system says.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb * 1024)
}
