//! The demo's table, undo, builds, broken texts: all from values.

use super::*;
use crate::tui::model::{Line, Mark, plain};

const LEFT: &str = "FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nRUN npm install\nCOPY package.json .\nCMD [\"node\", \"src/app.js\"]\n";
const RIGHT: &str = "FROM node:20-alpine\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"src/app.js\"]\n";

fn bench() -> Workbench {
    let tree = Tree::from_pairs([("package.json", "{}"), ("src/app.js", "1"), ("README.md", "x")]);
    let setting = Setting { per_day: 20, ..Setting::default() };
    let mut bench = Workbench::new(setting, "Dockerfile", LEFT, tree);
    bench.set_right("reordered", "Dockerfile", RIGHT, true);
    bench.predict();
    bench
}

/// Numbers of the steps that run.
fn rebuilt(side: &Side) -> Vec<u32> {
    let of = |line: &Line| match line {
        Line::Row(row) if row.mark.is_rebuild() => row.number,
        _ => None,
    };
    side.lines.iter().filter_map(of).collect()
}

fn both(comparison: &Comparison) -> (Vec<u32>, Vec<u32>) {
    (rebuilt(&comparison.left), comparison.right.as_ref().map(rebuilt).unwrap_or_default())
}

#[test]
fn the_table_of_every_course() {
    let mut bench = bench();
    assert_eq!(both(bench.live()), (vec![], vec![]), "what is there counts as built");
    let table: [(&str, &[u32], &[u32]); 3] = [
        ("src/app.js", &[3, 4, 5], &[5]),
        ("package.json", &[3, 4, 5], &[3, 4, 5]),
        ("README.md", &[3, 4, 5], &[5]),
    ];
    for (path, left, right) in table {
        bench.pretend(&[path.to_string()]);
        assert_eq!(both(bench.live()), (left.to_vec(), right.to_vec()), "{path}");
        bench.build();
        assert_eq!(both(bench.live()), (vec![], vec![]), "built after {path}");
    }
    assert_eq!(bench.edits().len(), 3);
    let tally = bench.tally();
    assert_eq!((tally.edits, tally.pretended), (3, 3));
    let both = tally.both.expect("there are two sides");
    assert_eq!((both.edits, both.left), (3, tally.left));
    assert!(both.left > both.right * 2.0, "{tally:?}");
}

#[test]
fn sides_are_compared_over_edits_that_both_were_built_for() {
    let say = |bench: &Workbench| plain(&crate::tui::view::sentence::tally(&bench.tally()));
    let edit = |bench: &mut Workbench| {
        bench.pretend(&["src/app.js".to_string()]);
        bench.build();
    };
    let mut bench = bench();
    edit(&mut bench);
    bench.set_no_right("written");
    bench.predict();
    edit(&mut bench);
    let tally = bench.tally();
    assert_eq!((tally.edits, tally.both), (2, None), "there is nothing to compare with now");
    assert!(!say(&bench).contains("against"), "{}", say(&bench));
    bench.set_right("reordered", "Dockerfile", RIGHT, true);
    bench.predict();
    edit(&mut bench);
    let tally = bench.tally();
    let both = tally.both.expect("there are two sides");
    assert_eq!((tally.edits, both.edits), (3, 2));
    assert!((both.left * 3.0 - tally.left * 2.0).abs() < 1e-6, "each edit costs the same: {tally:?}");
    assert!(say(&bench).contains("So far 3 edits, all pretended, 2 on both sides: "), "{}", say(&bench));
}

#[test]
fn what_a_file_would_break_is_told_before_it_is_edited() {
    let mut bench = bench();
    let impacts = bench.impacts(&["src/app.js".into(), "package.json".into()]);
    let numbers: Vec<(Vec<u32>, Vec<u32>)> =
        impacts.into_iter().map(|(_, left, right)| (left.numbers, right.unwrap().numbers)).collect();
    assert_eq!(numbers, [(vec![3, 4, 5], vec![5]), (vec![3, 4, 5], vec![3, 4, 5])]);
    assert_eq!(both(bench.live()), (vec![], vec![]), "asking changes nothing");
}

#[test]
fn undo_goes_back_over_edits_and_builds() {
    let mut bench = bench();
    bench.pretend(&["src/app.js".into()]);
    let after_edit = both(bench.live());
    bench.build();
    bench.pretend(&["README.md".into()]);
    assert_eq!(bench.tally().edits, 2);
    assert!(bench.undo());
    assert_eq!((both(bench.live()), bench.tally().edits), ((vec![], vec![]), 1));
    assert!(bench.undo(), "the build");
    assert_eq!(both(bench.live()), after_edit);
    assert!(bench.undo(), "the first edit");
    assert_eq!((both(bench.live()), bench.tally().edits), ((vec![], vec![]), 0));
    assert!(!bench.undo());
}

#[test]
fn a_real_edit_and_its_way_back_are_seen_and_found_again() {
    let mut bench = bench();
    let first = bench.tree().clone();
    let mut edited = first.clone();
    edited.insert("src/app.js", Entry::file(0o644, b"2"));
    bench.set_tree(edited, &["src/app.js".into()]);
    bench.edited(&["src/app.js".into()], false);
    assert_eq!(both(bench.live()), (vec![3, 4, 5], vec![5]));
    assert_eq!(bench.changes().0, [("src/app.js".to_string(), How::Content)]);
    bench.set_tree(first, &["src/app.js".into()]);
    bench.edited(&["src/app.js".into()], false);
    assert_eq!(both(bench.live()), (vec![], vec![]), "A, B, A finds A again");
    assert_eq!(both(&bench.edits()[1].picture), (vec![], vec![]));
}

#[test]
fn a_broken_dockerfile_leaves_the_last_good_prediction() {
    let mut bench = bench();
    bench.set_left(&LEFT.replace("RUN npm", "RUNN npm"));
    bench.predict();
    let live = bench.live();
    let problem = live.left.problem.as_ref().expect("it cannot be read");
    assert_eq!((problem.line, problem.source.as_str()), (4, "RUNN npm install"));
    assert_eq!(live.left.lines.len(), 6, "the last good one");
    assert!(plain(&live.sentence).contains("line 4"));
    bench.set_left(&LEFT.replace("npm install", "npm ci"));
    bench.edited(&["Dockerfile".into()], false);
    assert_eq!(bench.live().left.problem, None);
    assert_eq!(rebuilt(&bench.live().left), [4, 5]);
}

#[test]
fn a_stage_that_ran_again_with_the_same_result_says_so_where_it_is_copied_from() {
    let text = "FROM a AS b\nCOPY . /src\nFROM x\nCOPY --from=b /src/keep /keep\n";
    let tree = Tree::from_pairs([("keep", "1"), ("other", "1")]);
    let mut bench = Workbench::new(Setting::default(), "Dockerfile", text, tree);
    bench.pretend(&["other".into()]);
    assert_eq!(rebuilt(&bench.live().left), [2], "the COPY of the stage b alone");
    let told = |line: &Line| match line {
        Line::Row(row) if row.text.starts_with("COPY --from") => Some(plain(&row.why.says[0])),
        _ => None,
    };
    let told = bench.live().left.lines.iter().find_map(told).expect("it is there");
    assert_eq!(
        told,
        "b ran again, and what is taken from it came out the same: this step and what follows it are found."
    );
}

#[test]
fn a_source_that_is_gone_is_told_where_it_stands() {
    let mut bench = bench();
    let mut tree = bench.tree().clone();
    tree.remove("package.json");
    bench.set_tree(tree, &["package.json".into()]);
    bench.edited(&["package.json".into()], false);
    let problem = bench.live().left.problem.as_ref().expect("COPY package.json . cannot work");
    assert_eq!(problem.line, 5);
    let marks: Vec<Mark> = bench
        .live()
        .left
        .lines
        .iter()
        .filter_map(|l| if let Line::Row(row) = l { Some(row.mark) } else { None })
        .collect();
    assert!(marks.contains(&Mark::NotReached), "{marks:?}");
}

#[test]
fn a_file_that_never_parsed_starts_once_it_does() {
    let mut bench =
        Workbench::new(Setting::default(), "Dockerfile", "FORM x\n", Tree::from_pairs([("a", "1")]));
    assert!(bench.live().left.problem.is_some());
    assert!(bench.live().left.lines.is_empty());
    bench.set_left("FROM x\nCOPY a .\n");
    bench.predict();
    assert_eq!((bench.live().left.problem.as_ref(), bench.live().left.totals.rebuilt), (None, 0));
}
