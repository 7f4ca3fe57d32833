//! `--cache DIR`: what one process remembers another finds, whatever happened in between.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::sync::Arc;

use layerlab::context::{Entry, Tree};
use layerlab::dockerfile;
use layerlab::explain::Cause;
use layerlab::graph::GraphOptions;
use layerlab::simulate::BuildInput;
use layerlab::simulate::disk::CacheFolder;
use layerlab::solver::Status;

fn input(source: &str) -> BuildInput {
    let mut context = Tree::from_pairs([("package.json", "{}"), ("src/app.js", source)]);
    context.insert("bin", Entry::Dir(Arc::default()));
    context.insert("link", Entry::symlink("src/app.js"));
    BuildInput {
        dockerfile: Arc::new(
            dockerfile::parse("FROM a\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN make\n").unwrap(),
        ),
        options: GraphOptions::default(),
        context,
        named: BTreeMap::new(),
    }
}

/// Builds as one process would: loads, builds, remembers; yields how many steps ran.
fn build(folder: &CacheFolder, source: &str) -> usize {
    let outcome = folder.load().unwrap().predict(&input(source)).unwrap();
    folder.remember(&outcome).unwrap();
    outcome.prediction.count(Status::Executed)
}

#[test]
fn a_later_process_finds_what_an_earlier_one_built() {
    let dir = tempfile::tempdir().unwrap();
    let folder = CacheFolder::new(dir.path().join("cache"));
    assert_eq!(build(&folder, "1"), 5);
    assert_eq!(build(&folder, "1"), 0);
    assert_eq!(build(&folder, "2"), 2);
    // A, B, A: nothing is overwritten.
    assert_eq!(build(&folder, "1"), 0);
    assert_eq!(build(&folder, "2"), 0);
}

#[test]
fn causes_are_told_across_processes() {
    let dir = tempfile::tempdir().unwrap();
    let folder = CacheFolder::new(dir.path());
    build(&folder, "1");
    let outcome = folder.load().unwrap().predict(&input("2")).unwrap();
    let Cause::Content { changes, total, .. } = &outcome.explanations[3].causes[0] else {
        panic!("{:?}", outcome.explanations[3].causes)
    };
    assert_eq!((changes[0].path.as_str(), *total), ("src/app.js", 1));
}

#[test]
fn a_line_that_a_crash_cut_short_costs_that_line_alone() {
    let dir = tempfile::tempdir().unwrap();
    let folder = CacheFolder::new(dir.path());
    build(&folder, "1");
    let file = dir.path().join("records.jsonl");
    let whole = fs::read(&file).unwrap();
    // Cut at every byte of the last record: what stands before it is found, and the next build mends the file.
    let last = whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for cut in (last..whole.len()).step_by(17) {
        fs::write(&file, &whole[..cut]).unwrap();
        let ran = build(&folder, "1");
        assert!(ran <= 1, "{ran} steps ran after a cut at {cut}");
        assert_eq!(build(&folder, "1"), 0, "mended after a cut at {cut}");
    }
}

#[test]
fn a_damaged_memory_of_the_last_build_costs_the_causes_alone() {
    let dir = tempfile::tempdir().unwrap();
    let folder = CacheFolder::new(dir.path());
    build(&folder, "1");
    fs::File::create(dir.path().join("last.json")).unwrap().write_all(b"{\"text\": 1").unwrap();
    assert_eq!(build(&folder, "1"), 0);
    // The one tree that it names, cut short.
    let trees = || fs::read_dir(dir.path().join("trees")).unwrap().map(|e| e.unwrap().path());
    let tree = trees().next().unwrap();
    let whole = fs::read(&tree).unwrap();
    fs::write(&tree, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(build(&folder, "1"), 0);
    assert_eq!(fs::read(&tree).unwrap(), whole, "mended");
    build(&folder, "2");
    assert_eq!((trees().count(), tree.exists()), (1, false), "what no build names is dropped");
}

#[test]
fn processes_that_share_a_folder_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let sources: Vec<String> = (0..16).map(|n| n.to_string()).collect();
    std::thread::scope(|scope| {
        for chunk in sources.chunks(4) {
            let folder = CacheFolder::new(dir.path());
            scope.spawn(move || {
                for source in chunk {
                    build(&folder, source);
                }
            });
        }
    });
    let folder = CacheFolder::new(dir.path());
    for source in &sources {
        assert_eq!(build(&folder, source), 0, "{source}");
    }
}
