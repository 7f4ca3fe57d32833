//! How long a context takes: from nothing, from an index, and from one edit to the next tree.
//!
//! `cargo bench --bench context [-- FILES...]` makes trees of that many files (500, 5,000 and 50,000 unless
//! told) in a temporary folder and prints a table. `git status` and `b3sum`, where they are installed, do
//! their part on the same tree in the same run; without b3sum, `git add` into a fresh index stands in.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use layerlab::context::select::select_memo;
use layerlab::context::{Ignore, Index, Memo, Scan, Selector, changed_paths};

/// Runs of which the median is told.
const RUNS: usize = 9;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![500, 5_000, 50_000] } else { sizes };
    println!("median of {RUNS} runs, milliseconds, files in the page cache");
    let head: Vec<String> = sizes.iter().map(|n| format!("{n:>12}")).collect();
    println!("{:<44}{}", "", head.concat());
    let columns: Vec<Vec<(&str, Option<f64>)>> = sizes.iter().map(|&n| column(n)).collect();
    for row in 0..columns[0].len() {
        let cell = |c: &Vec<(&str, Option<f64>)>| {
            c[row].1.map_or_else(|| format!("{:>12}", "-"), |ms| format!("{ms:>12.2}"))
        };
        let cells: Vec<String> = columns.iter().map(cell).collect();
        println!("{:<44}{}", columns[0][row].0, cells.concat());
    }
}

/// Measures one size.
fn column(files: usize) -> Vec<(&'static str, Option<f64>)> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (root, cache) = (dir.path().join("tree"), dir.path().join("cache"));
    make(&root, files);
    git(&root, &["init", "-q"]);
    git(&root, &["add", "-A"]);
    // What was just written is not trusted yet, by git and by the index alike.
    std::thread::sleep(Duration::from_millis(1_500));
    git(&root, &["status"]);
    let ignore = || Ignore::parse(".git\n").expect("a good pattern");
    let cold = || Scan::new(&root, ignore(), Index::default()).expect("a folder");
    let warm = || Scan::new(&root, ignore(), Index::load(&cache, &root)).expect("a folder");
    cold().save_index(&cache).expect("room for an index");
    let mut out = vec![
        (
            "scan from nothing",
            Some(median(|| {
                cold().tree().digest();
            })),
        ),
        ("b3sum of all files", b3sum(&root)),
        // It writes an object per file, so once is enough.
        ("git add into a fresh index, once", Some(fresh_add(&root, dir.path()))),
        (
            "scan from the index",
            Some(median(|| {
                warm().tree().digest();
            })),
        ),
        ("git status", Some(median(|| git(&root, &["status", "--porcelain"])))),
    ];
    let mut scan = warm();
    for (name, selector) in [
        ("one edit: tree, COPY . . and its cause", Selector::of_source(".", &[])),
        ("one edit: the same with --exclude=**/*.md", Selector::of_source(".", &["**/*.md".to_string()])),
        ("one edit: the same with COPY d1*/ .", Selector::of_source("d1*/", &[])),
    ] {
        out.push((name, Some(edits(&mut scan, &root, &selector))));
    }
    out.push(("a sweep with nothing changed", Some(median(|| drop(scan.sweep())))));
    out
}

/// One edit after the other, each followed to the new key of a COPY and the paths that changed in it.
fn edits(scan: &mut Scan, root: &Path, selector: &Selector) -> f64 {
    let mut memo = Memo::default();
    let select = |scan: &Scan, memo: &mut Memo| select_memo(scan.tree(), selector, memo).expect("all there");
    select(scan, &mut memo);
    let mut text = String::new();
    median_of(|| {
        text.push('x');
        fs::write(root.join("d1/s0/f0.js"), &text).expect("a file to edit");
        let before = scan.tree().clone();
        let start = Instant::now();
        let changes = scan.update(&["d1/s0/f0.js"]);
        select(scan, &mut memo);
        let told = changed_paths(&before, scan.tree(), selector);
        let took = start.elapsed();
        assert_eq!((changes.len(), told.len()), (1, 1));
        took
    })
}

/// Makes a tree of about this many files of a few kilobytes, in directories of ten and twenty.
fn make(root: &Path, files: usize) {
    let mut state = 1_u64;
    for i in 0..files {
        let dir = root.join(format!("d{}/s{}", i / 200, i / 10 % 20));
        if i % 10 == 0 {
            fs::create_dir_all(&dir).expect("a folder");
        }
        // Sizes from nothing to eight kilobytes, contents that differ.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let line = format!("{state:016x}\n");
        let text = line.repeat((state >> 33) as usize % 480);
        fs::write(dir.join(format!("f{}.{}", i % 10, if i % 10 == 9 { "md" } else { "js" })), text)
            .expect("a file");
    }
}

fn git(root: &Path, arguments: &[&str]) {
    run(Command::new("git").current_dir(root).args(arguments));
}

fn fresh_add(root: &Path, elsewhere: &Path) -> f64 {
    let objects = elsewhere.join("objects");
    // There may be none yet.
    let _ = fs::remove_dir_all(&objects);
    let _ = fs::remove_file(elsewhere.join("index"));
    fs::create_dir_all(&objects).expect("a folder");
    let mut add = Command::new("git");
    add.env("GIT_INDEX_FILE", elsewhere.join("index")).env("GIT_OBJECT_DIRECTORY", &objects);
    let start = Instant::now();
    run(add.current_dir(root).args(["add", "-A"]));
    start.elapsed().as_secs_f64() * 1e3
}

/// Hashes all files by name through xargs, as one does; none where b3sum is not installed.
fn b3sum(root: &Path) -> Option<f64> {
    Command::new("b3sum").arg("--version").stdout(Stdio::null()).status().ok()?;
    let all = "find . -path ./.git -prune -o -type f -print0 | xargs -0 b3sum";
    Some(median(|| run(Command::new("sh").current_dir(root).args(["-c", all]))))
}

fn run(command: &mut Command) {
    let status =
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("a program to compare to");
    assert!(status.success(), "{command:?}");
}

fn median(mut what: impl FnMut()) -> f64 {
    median_of(|| {
        let start = Instant::now();
        what();
        start.elapsed()
    })
}

/// The median of several times, in milliseconds.
fn median_of(what: impl FnMut() -> Duration) -> f64 {
    let mut times: Vec<Duration> = std::iter::repeat_with(what).take(RUNS).collect();
    times.sort();
    times[RUNS / 2].as_secs_f64() * 1e3
}
