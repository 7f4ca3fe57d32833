use super::*;
use crate::context::diff::{ChangeKind, diff};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn sample() -> Tree {
    Tree::from_pairs([
        ("package.json", "{}"),
        ("src/app.js", "1"),
        ("src/lib/x.js", "2"),
        ("public/i.html", "3"),
    ])
}

#[test]
fn counts_and_lookups() {
    let t = sample();
    assert_eq!((t.len(), t.bytes()), (4, 5));
    assert!(t.contains("./src/../src/lib/x.js") && t.contains("/src") && !t.contains("src/app.js/x"));
    let paths: Vec<_> = t.iter().map(|(p, _)| p).collect();
    assert_eq!(
        paths,
        ["package.json", "public", "public/i.html", "src", "src/app.js", "src/lib", "src/lib/x.js"]
    );
    assert_eq!(t.subtree("src").map(|s| s.len()), Some(2));
}

#[test]
fn what_counts_in_a_digest() {
    let base = sample();
    let changed = |edit: &dyn Fn(&mut Tree)| {
        let mut t = base.clone();
        edit(&mut t);
        t != base
    };
    assert!(changed(&|t| t.insert("src/app.js", Entry::file(0o644, b"2"))), "bytes");
    assert!(changed(&|t| t.insert("src/app.js", Entry::file(0o755, b"1"))), "mode");
    assert!(changed(&|t| t.insert("src/app.js", Entry::symlink("1"))), "kind");
    assert!(changed(&|t| t.insert("src/e", Entry::Dir(Arc::default()))), "an empty directory");
    assert!(changed(&|t| assert!(t.remove("src/app.js"))), "removal");
    assert!(!changed(&|t| t.insert("src/app.js", Entry::file(0o644, b"1"))), "the same again");
    assert!(!changed(&|t| assert!(!t.remove("src/none"))), "nothing removed");
    assert!(
        !changed(&|t| {
            let entries: Vec<_> =
                t.subtree("src").unwrap().root().iter().map(|(n, e)| (n.into(), e.clone())).collect();
            t.insert("src", Entry::Dir(Arc::new(Dir::new(0o700, entries))));
        }),
        "a directory's own mode"
    );
}

#[test]
fn links_are_followed_as_in_buildkit() {
    let mut t = Tree::from_pairs([("v1/a", "1"), ("d/e/f", "2")]);
    for (at, target) in [
        ("cur", "v1"),
        ("abs", "/v1/a"),
        ("up", "../../v1"),
        ("d/back", "../cur"),
        ("loop", "loop2"),
        ("loop2", "loop"),
        ("dangling", "nowhere"),
        ("odd", "nowhere/../v1"),
        ("self", "."),
    ] {
        t.insert(at, Entry::symlink(target));
    }
    let table = [
        ("cur", true, Some("v1")),
        ("cur", false, Some("cur")),
        ("cur/a", false, Some("v1/a")),
        ("abs", true, Some("v1/a")),
        ("up/a", true, Some("v1/a")),
        ("d/back/a", true, Some("v1/a")),
        ("dangling", true, None),
        ("dangling", false, Some("dangling")),
        ("odd/a", true, Some("v1/a")),
        ("self/self/v1", true, Some("v1")),
        ("", true, Some("")),
        ("none/x", true, None),
    ];
    for (path, follow, want) in table {
        let got = t.resolve(path, follow).unwrap().map(|(p, _)| p);
        assert_eq!(got.as_deref(), want, "{path} {follow}");
    }
    assert!(t.resolve("loop", true).is_err());
    assert!(t.resolve("loop/x", false).is_err());
    assert!(t.resolve("loop", false).is_ok());
}

#[test]
fn differences() {
    let old = sample();
    let mut new = old.clone();
    new.insert("src/app.js", Entry::file(0o644, b"x"));
    new.insert("src/lib/x.js", Entry::file(0o755, b"2"));
    new.insert("package.json", Entry::Dir(Arc::default()));
    new.insert("n/o", Entry::file(0o644, b""));
    new.remove("public");
    let got: Vec<_> = diff(&old, &new).into_iter().map(|c| (c.path, c.kind)).collect();
    let want = [
        ("n/o", ChangeKind::Added),
        ("package.json", ChangeKind::Kind),
        ("public/i.html", ChangeKind::Removed),
        ("src/app.js", ChangeKind::Content),
        ("src/lib/x.js", ChangeKind::Mode),
    ];
    assert_eq!(got, want.map(|(p, k)| (p.to_string(), k)));
}

#[derive(Debug, Clone)]
enum Op {
    Put(String, u8),
    Take(String),
}

fn op() -> impl Strategy<Value = Op> {
    let path = prop_oneof!["[a-c]/[a-z]{1,2}", "[a-z]{1,2}", "[a-c]/[a-c]/[0-9]"];
    prop_oneof![(path.clone(), any::<u8>()).prop_map(|(p, b)| Op::Put(p, b)), path.prop_map(Op::Take)]
}

proptest! {
    /// However it came about, a tree equals the one made at once of the same files; its parts agree with a plain map.
    #[test]
    fn edits_in_any_order_reach_the_same_tree(ops in prop::collection::vec(op(), 1..120)) {
        let mut tree = Tree::default();
        let mut files: BTreeMap<String, u8> = BTreeMap::new();
        let before = tree.clone();
        for op in &ops {
            match op {
                Op::Put(path, byte) => {
                    // A file in the way of a directory goes, and the other way round.
                    files.retain(|p, _| !path::is_within(p, path) && !path::is_within(path, p));
                    files.insert(path.clone(), *byte);
                    tree.insert(path, Entry::file(0o644, &[*byte]));
                }
                Op::Take(path) => {
                    files.retain(|p, _| !path::is_within(p, path));
                    tree.remove(path);
                }
            }
        }
        let got: Vec<_> = tree.iter().filter(|(_, e)| !e.is_dir()).map(|(p, e)| (p, e.digest())).collect();
        // `a.b` sorts before `a/b` as text, yet after it in a walk.
        let mut want: Vec<_> =
            files.iter().map(|(p, b)| (p.clone(), Entry::file(0o644, &[*b]).digest())).collect();
        want.sort_by(|a, b| a.0.split('/').cmp(b.0.split('/')));
        prop_assert_eq!(&got, &want);
        prop_assert_eq!(tree.len(), files.len());

        let mut again = Tree::default();
        for (p, e) in tree.iter().filter(|(_, e)| !e.is_dir() || e.as_dir().is_some_and(|d| d.is_empty())) {
            again.insert(&p, e.clone());
        }
        prop_assert_eq!(again.digest(), tree.digest());
        prop_assert_eq!(diff(&tree, &again), vec![]);
        let added = diff(&before, &tree).into_iter().filter(|c| !tree.get(&c.path).unwrap().is_dir()).count();
        prop_assert_eq!(added, files.len());
    }

    /// Many changes at once are the same as one after the other, removals first, without what became empty.
    #[test]
    fn changes_at_once_are_the_same_as_one_by_one(
        first in prop::collection::vec(op(), 0..80),
        second in prop::collection::vec(op(), 1..40),
    ) {
        let mut tree = Tree::default();
        for op in &first {
            if let Op::Put(path, byte) = op {
                tree.insert(path, Entry::file(0o644, &[*byte]));
            }
        }
        // As between two commits: of a file and what lies below its path, at most one is put.
        let mut put: Vec<(&str, u8)> = Vec::new();
        for op in &second {
            if let Op::Put(path, byte) = op
                && !put.iter().any(|(p, _)| path::is_within(p, path) || path::is_within(path, p))
            {
                put.push((path, *byte));
            }
        }
        let taken: Vec<&str> =
            second.iter().filter_map(|op| if let Op::Take(path) = op { Some(path.as_str()) } else { None }).collect();
        let mut one_by_one = tree.clone();
        for path in &taken {
            one_by_one.remove(path);
            let mut dir = path::split(path).0;
            while !dir.is_empty() && one_by_one.get(dir).is_some_and(|e| e.as_dir().is_some_and(|d| d.is_empty())) {
                one_by_one.remove(dir);
                dir = path::split(dir).0;
            }
        }
        for (path, byte) in &put {
            one_by_one.insert(path, Entry::file(0o644, &[*byte]));
        }

        let mut edits: Vec<(&str, Option<Entry>)> = taken.iter().map(|path| (*path, None)).collect();
        edits.extend(put.iter().map(|(path, byte)| (*path, Some(Entry::file(0o644, &[*byte])))));
        tree.edit(&mut edits);
        let listed = |tree: &Tree| tree.iter().map(|(p, e)| (p, e.digest())).collect::<Vec<_>>();
        prop_assert_eq!(listed(&tree), listed(&one_by_one));
        prop_assert_eq!(tree.digest(), one_by_one.digest());
    }
}
