//! A generated tree of files, programs to compare with, and medians: what both benches need.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of which the median is told.
pub const RUNS: usize = 9;

/// One row of one column: its name and its milliseconds, if it could be measured.
pub type Row = (&'static str, Option<f64>);

/// Measures each size that the command line names, or 500, 5,000 and 50,000 files, and prints a table.
pub fn table(column: impl Fn(usize) -> Vec<Row>) {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![500, 5_000, 50_000] } else { sizes };
    println!("median of {RUNS} runs, milliseconds, files in the page cache");
    let head: Vec<String> = sizes.iter().map(|n| format!("{n:>12}")).collect();
    println!("{:<56}{}", "files", head.concat());
    let columns: Vec<Vec<Row>> = sizes.iter().map(|&n| column(n)).collect();
    for row in 0..columns[0].len() {
        let cell = |c: &Vec<Row>| c[row].1.map_or_else(|| format!("{:>12}", "-"), |ms| format!("{ms:>12.2}"));
        let cells: Vec<String> = columns.iter().map(cell).collect();
        println!("{:<56}{}", columns[0][row].0, cells.concat());
    }
}

/// Makes a tree of about this many files of a few kilobytes, in directories of ten and twenty.
pub fn make(root: &Path, files: usize) {
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

/// Puts a tree under git, and waits until neither git nor an index distrusts what was just written.
pub fn settle(root: &Path) {
    git(root, &["init", "-q"]);
    git(root, &["add", "-A"]);
    std::thread::sleep(Duration::from_millis(1_500));
    git(root, &["status"]);
}

/// Runs git in a folder.
pub fn git(root: &Path, arguments: &[&str]) {
    run(Command::new("git").current_dir(root).args(arguments));
}

/// `git add` of everything into a fresh index and object store, once: it writes an object per file.
pub fn fresh_add(root: &Path, elsewhere: &Path) -> f64 {
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
pub fn b3sum(root: &Path) -> Option<f64> {
    Command::new("b3sum").arg("--version").stdout(Stdio::null()).status().ok()?;
    let all = "find . -path ./.git -prune -o -type f -print0 | xargs -0 b3sum";
    Some(median(|| run(Command::new("sh").current_dir(root).args(["-c", all]))))
}

/// Runs a program to its end, which must be a good one.
pub fn run(command: &mut Command) {
    let status =
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("a program to compare to");
    assert!(status.success(), "{command:?}");
}

/// The median time of several runs, in milliseconds.
pub fn median(mut what: impl FnMut()) -> f64 {
    median_of(|| {
        let start = Instant::now();
        what();
        start.elapsed()
    })
}

/// The median of several times, in milliseconds.
pub fn median_of(what: impl FnMut() -> Duration) -> f64 {
    let mut times: Vec<Duration> = std::iter::repeat_with(what).take(RUNS).collect();
    times.sort();
    times[RUNS / 2].as_secs_f64() * 1e3
}
