//! How long a context takes: from nothing, from an index, and from one edit to the next tree.
//!
//! `cargo bench --bench context [-- FILES...]` makes trees of that many files (500, 5,000 and 50,000 unless
//! told) in a temporary folder and prints a table. `git status` and `b3sum`, where they are installed, do
//! their part on the same tree in the same run; without b3sum, `git add` into a fresh index stands in.

use std::fs;
use std::path::Path;
use std::time::Instant;

mod tree;

use layerlab::context::select::select_memo;
use layerlab::context::{Ignore, Index, Memo, Scan, Selector, changed_paths};
use tree::{Row, b3sum, fresh_add, git, make, median, median_of, settle, table};

fn main() {
    table(column);
}

/// Measures one size.
fn column(files: usize) -> Vec<Row> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (root, cache) = (dir.path().join("tree"), dir.path().join("cache"));
    make(&root, files);
    settle(&root);
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
