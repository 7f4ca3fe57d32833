use super::*;
use std::sync::Arc;

use crate::context::{Change, ChangeKind, File};
use proptest::prelude::*;

fn project() -> Tree {
    Tree::from_pairs([
        ("package.json", "{}"),
        ("package-lock.json", "{1}"),
        ("src/app.js", "a"),
        ("src/util.js", "u"),
        ("src/style.css", "c"),
        ("src/x/util.js", "xu"),
        ("README.md", "#"),
        ("public/index.html", "<p>"),
        ("top.js", "t"),
    ])
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(String::from).collect()
}

/// A COPY's selectors from its text without the destination: flags first.
fn copy(text: &str) -> Vec<Selector> {
    let parents = text.contains("--parents");
    let exclude: Vec<String> =
        words(text).iter().filter_map(|w| w.strip_prefix("--exclude=").map(String::from)).collect();
    words(text)
        .iter()
        .filter(|w| !w.starts_with("--"))
        .map(|s| if parents { Selector::of_parents(s, &exclude) } else { Selector::of_source(s, &exclude) })
        .collect()
}

fn digest(tree: &Tree, text: &str) -> Digest {
    select_all(tree, &copy(text), &mut Memo::default()).unwrap().digest
}

/// A COPY, an edit, and whether the edit changes the content key. A path alone is a new or another file;
/// `-` removes, `a>b` renames, `+` makes a directory, `@` makes a symlink, `x` a mode.
const TABLE: &[(&str, &str, bool)] = &[
    // copy-single-untouched, copy-dir-vs-contents, copy-multi
    ("src/app.js", "src/util.js", false),
    ("src/app.js", "src/app.js", true),
    ("src", "srcs/x", false),
    ("src", "src2", false),
    ("src", "src/new", true),
    ("src", "+src/empty", true),
    ("src", "-src/util.js", true),
    ("src", "src/util.js>src/Util.js", true),
    ("src", "xsrc/app.js", true),
    ("package.json package-lock.json src", "README.md", false),
    ("package.json package-lock.json src", "src/app.js", true),
    ("src src/app.js", "src/util.js", true),
    (".", "new.txt", true),
    ("../src", "src/app.js", true),
    ("../src", "README.md", false),
    // copy-wild-*
    ("*.json", "README.md", false),
    ("*.json", "package-lock.json", true),
    ("*.json", "tsconfig.json", true),
    ("package*.json", "-package-lock.json", true),
    ("src/*.js", "src/style.css", false),
    ("src/*.js", "src/z.js", true),
    ("src/*.js", "src/util.js>src/tools.js", true),
    ("src/*.js", "src/x/util.js", false),
    ("src/?pp.js src/[t-u]*.js", "src/zpp.js", true),
    ("src/?pp.js src/[t-u]*.js", "src/tool.js", true),
    ("src/?pp.js src/[t-u]*.js", "src/xapp.js", false),
    ("**/*.js", "top.js", false),
    ("**/*.js", "src/app.js", true),
    ("**/*.js", "src/x/util.js", false),
    ("s*", "src/x/util.js", true),
    ("s*", "+src/empty", true),
    ("*", ".env", true),
    ("*.none", "README.md", false),
    ("*.none", "x.none", true),
    // copy-exclude-*
    ("--exclude=**/util.js src", "src/util.js", false),
    ("--exclude=**/util.js src", "src/x/util.js", false),
    ("--exclude=**/util.js src", "src/app.js", true),
    ("--exclude=*.md .", "README.md", false),
    ("--exclude=*.md .", "docs/a.md", true),
    ("--exclude=src --exclude=!src/x .", "src/app.js", false),
    ("--exclude=src --exclude=!src/x .", "src/x/util.js", true),
    ("--exclude=*.css src", "+src/empty", true),
    // the pattern is relative to each match, whose own name it does not see
    ("--exclude=*.js *.js", "top.js", true),
    ("--exclude=*.js s*", "src/app.js", false),
    ("--exclude=*.js s*", "src/style.css", true),
    // copy-parents-*
    ("--parents src", "src/app.js", true),
    ("--parents src", "src/n.js", true),
    ("--parents src", "public/index.html", false),
    ("--parents src/x/util.js", "src/app.js", false),
    ("--parents src/x/util.js", "src/x/util.js", true),
    ("--parents **/util.js", "src/x/util.js", true),
    ("--parents **/util.js", "public/util.js", true),
    ("--parents **/util.js", "src/app.js", false),
    ("--parents src/./x", "src/app.js", false),
    ("--parents src/./x", "src/x/util.js", true),
    ("--parents --exclude=**/*.css src", "src/style.css", false),
];

fn edit(tree: &Tree, edit: &str) -> Tree {
    let mut t = tree.clone();
    if let Some((from, to)) = edit.split_once('>') {
        let entry = t.get(from).unwrap();
        t.remove(from);
        t.insert(to, entry);
    } else if let Some(path) = edit.strip_prefix('-') {
        assert!(t.remove(path));
    } else if let Some(path) = edit.strip_prefix('+') {
        t.insert(path, Entry::Dir(std::sync::Arc::default()));
    } else if let Some((Entry::File(f), path)) = edit.strip_prefix('x').and_then(|p| Some((t.get(p)?, p))) {
        t.insert(path, Entry::File(crate::context::File { mode: 0o755, ..f }));
    } else {
        t.insert(edit, Entry::file(0o644, b"edited"));
    }
    t
}

#[test]
fn edits_and_keys() {
    let tree = project();
    for &(text, change, want) in TABLE {
        let after = edit(&tree, change);
        assert_eq!(digest(&tree, text) != digest(&after, text), want, "COPY {text} after {change}");
        let told = copy(text).iter().any(|s| !changed_paths(&tree, &after, s).is_empty());
        assert_eq!(told, want, "the changed paths of COPY {text} after {change}");
    }
}

#[test]
fn a_memo_changes_no_answer() {
    let tree = project();
    let mut memo = Memo::default();
    for &(text, change, _) in TABLE {
        for t in [&tree, &edit(&tree, change), &tree] {
            let warm = select_all(t, &copy(text), &mut memo).unwrap();
            assert_eq!(warm, select_all(t, &copy(text), &mut Memo::default()).unwrap(), "{text} {change}");
        }
    }
}

#[test]
fn counts_and_paths() {
    let tree = project();
    for (text, want) in [
        ("src", "src/app.js src/style.css src/util.js src/x/util.js"),
        ("*.json", "package-lock.json package.json"),
        ("--exclude=src --exclude=*.js --exclude=*.json .", "README.md public/index.html"),
        ("--parents **/util.js", "src/util.js src/x/util.js"),
        ("*/util.js", "src/util.js"),
        ("*.none", ""),
    ] {
        let selector = &copy(text)[0];
        let selection = select(&tree, selector).unwrap();
        let listed = paths(&tree, selector).unwrap();
        assert_eq!((listed.len(), listed), (selection.files, words(want)), "{text}");
    }
    assert_eq!(select(&tree, &copy("*.json")[0]).unwrap().bytes, 5);
}

#[test]
fn equal_keys() {
    let mut t = project();
    t.insert("lib/util.js", Entry::file(0o644, b"u"));
    t.insert("other/app.js", Entry::file(0o644, b"a"));
    // copy-move-source-dir, copy-src-slash, copy-src-parent-escape
    assert_eq!(digest(&t, "src/util.js"), digest(&t, "lib/util.js"));
    assert_eq!(digest(&t, "src"), digest(&t, "./src/"));
    assert_eq!(digest(&t, "src"), digest(&t, "../src"));
    // one match whose base name is the pattern's counts as a plain path, any other does not
    assert_eq!(digest(&t, "[o]ther/app.js"), digest(&t, "src/app.js"));
    assert_ne!(digest(&t, "other/a*.js"), digest(&t, "other/app.js"));
    assert_eq!(digest(&t, "--exclude=x other/app.js"), digest(&t, "other/app.js"));
    // the list is relative to the fixed prefix
    assert_eq!(digest(&t, "other/a*.js"), digest(&t, "src/a*.js"));
    assert_ne!(digest(&t, "*/app.js"), digest(&t, "src/app.js"));
}

#[test]
fn what_is_not_there() {
    let t = project();
    let names = |text| match select_all(&t, &copy(text), &mut Memo::default()) {
        Err(SelectError::NotFound { path }) => Some(path),
        Ok(selection) => selection.missing.map(|m| format!("later {m}")),
        Err(e) => panic!("{e}"),
    };
    assert_eq!(names("nothing.txt").as_deref(), Some("/nothing.txt"));
    assert_eq!(names("src/../src/none").as_deref(), Some("/src/none"));
    assert_eq!(names("--parents src/none.js").as_deref(), Some("/src/none.js"));
    assert_eq!(names("--parents src/./none.js").as_deref(), Some("/src/none.js"));
    assert_eq!(names("--exclude=x none").as_deref(), Some("later /none"));
    assert_eq!(names("no*.txt"), None);
    assert_eq!(names("--parents no*.txt"), None);
    assert!(matches!(select(&t, &copy("a[")[0]), Err(SelectError::BadPattern { .. })));
    assert!(matches!(select(&t, &copy("--exclude=[ src")[0]), Err(SelectError::BadPattern { .. })));
}

#[test]
fn symbolic_links() {
    let mut t = Tree::from_pairs([("v1/a", "1"), ("v2/a", "1"), ("README.md", "r"), ("src/app.js", "a")]);
    t.insert("cur", Entry::symlink("v1"));
    t.insert("src/link", Entry::symlink("../README.md"));
    let turned = {
        let mut n = t.clone();
        n.insert("cur", Entry::symlink("v2"));
        n
    };
    // metadata-meta-symlink-to-dir: only where it leads counts
    assert_eq!(digest(&t, "cur"), digest(&turned, "cur"));
    assert_ne!(digest(&t, "cur"), digest(&edit(&t, "v1/a"), "cur"));
    assert_eq!(digest(&t, "cur"), digest(&edit(&t, "v2/a"), "cur"));
    let told = |old: &Tree, new: &Tree, text| changed_paths(old, new, &copy(text)[0]);
    assert_eq!(told(&t, &edit(&t, "v1/a"), "cur")[0].path, "v1/a");
    assert_eq!(told(&t, &turned, "cur"), [Change { path: "cur".into(), kind: ChangeKind::Target }]);
    assert_eq!(told(&t, &edit(&t, "v1/a"), "cur/*")[0].path, "v1/a");
    // meta-symlink-pointee: inside a copied directory only the target's text counts
    assert_eq!(digest(&t, "src"), digest(&edit(&t, "README.md"), "src"));
    assert_eq!(digest(&t, "s*"), digest(&edit(&t, "README.md"), "s*"));
    // a match of a wildcard is followed, and so is what stands at the top of a filtered root
    assert_ne!(digest(&t, "c*"), digest(&edit(&t, "v1/a"), "c*"));
    assert_ne!(digest(&t, "--exclude=v1 ."), digest(&edit(&t, "v1/a"), "--exclude=v1 ."));
    assert_eq!(told(&t, &edit(&t, "v1/a"), "c*")[0].path, "v1/a");
    t.insert("c2", Entry::symlink("nowhere"));
    assert_eq!(
        select(&t, &copy("c*")[0]),
        Err(SelectError::NotFound { path: "/c2".into() }),
        "a dangling match"
    );
    t.insert("loop", Entry::symlink("loop"));
    assert!(matches!(select(&t, &copy("loop")[0]), Err(SelectError::TooManyLinks(_))));
}

#[test]
fn several_sources() {
    let combined = |text| Selector::combine(&copy(text)).into_iter().map(|s| s.path).collect::<Vec<_>>();
    assert_eq!(combined("src src/app.js srcs a"), ["a", "src", "srcs"]);
    assert_eq!(combined("b a b"), ["a", "b"]);
    assert_eq!(combined("src/*.js . src"), ["", "src/*.js"]);
    assert_eq!(digest(&project(), "package.json README.md"), digest(&project(), "README.md package.json"));
}

proptest! {
    /// A filter that leaves nothing out tells trees apart exactly where the plain selection does.
    #[test]
    fn an_empty_filter_is_no_filter(
        files in prop::collection::btree_map("[ab]{1}(/[ab]{1}){0,2}", any::<bool>(), 0..6),
        other in prop::collection::btree_map("[ab]{1}(/[ab]{1}){0,2}", any::<bool>(), 0..6),
    ) {
        let tree = |files: &std::collections::BTreeMap<String, bool>| {
            let mut t = Tree::default();
            for (p, b) in files {
                t.insert(p, Entry::file(0o644, &[u8::from(*b)]));
            }
            t
        };
        let (a, b) = (tree(&files), tree(&other));
        for text in ["--exclude=zzz .", "*"] {
            prop_assert_eq!(digest(&a, text) == digest(&b, text), a == b, "{}", text);
        }
    }
}

/// Where the files land that a COPY puts down, with their modes; `dress` gives each file the mode 0600.
fn landed(tree: &Tree, text: &str, dress: bool, memo: &mut Landed) -> Vec<String> {
    let to_0600 = |file: File| File { mode: 0o600, ..file };
    let to_0600: &dyn Fn(File) -> File = &to_0600;
    let mut there = Tree::default();
    for selector in copy(text) {
        for landing in landings(tree, &selector, dress.then_some(to_0600), memo).unwrap() {
            there.lay(&landing.below, landing.entry);
        }
    }
    let mode = |entry: &Entry| match entry {
        Entry::File(file) if file.mode == 0o600 => " 0600",
        _ => "",
    };
    there.iter().filter(|(_, e)| !e.is_dir()).map(|(p, e)| format!("{p}{}", mode(e))).collect()
}

#[test]
fn where_files_land() {
    let tree = project();
    let list = |text: &str| landed(&tree, text, false, &mut Landed::default()).join(" ");
    for (text, want) in [
        ("src", "app.js style.css util.js x/util.js"),
        ("src/x/util.js top.js", "top.js util.js"),
        ("--exclude=*.js src", "style.css x/util.js"),
        ("--exclude=**/*.js src", "style.css"),
        ("--exclude=src --exclude=*.js --exclude=*.json .", "README.md public/index.html"),
        ("s*", "app.js style.css util.js x/util.js"),
        ("*/util.js", "util.js"),
        ("src/*", "app.js style.css util.js"),
        ("--parents **/util.js", "src/util.js src/x/util.js"),
        ("--parents src/./x/util.js", "x/util.js"),
        ("--exclude=none top.js", "top.js"),
        ("*.none", ""),
    ] {
        assert_eq!(list(text), want, "COPY {text}");
    }
    let dressed = landed(&tree, "src", true, &mut Landed::default());
    assert_eq!(dressed.join(" "), "app.js 0600 style.css 0600 util.js 0600 x/util.js 0600");
}

#[test]
fn what_landed_before_changes_no_answer() {
    let tree = project();
    for &(text, ..) in TABLE {
        for dress in [false, true] {
            let mut memo = copy(text).into_iter().map(|s| (s, Landed::default())).collect::<Vec<_>>();
            for &(_, change, _) in TABLE {
                for t in [&tree, &edit(&tree, change)] {
                    for (selector, memo) in &mut memo {
                        let to_0600 = |file: File| File { mode: 0o600, ..file };
                        let to_0600: &dyn Fn(File) -> File = &to_0600;
                        let dress = dress.then_some(to_0600);
                        let all = |l: Vec<Landing>| -> Vec<_> {
                            l.into_iter().map(|l| (l.below, l.is_source, l.entry.digest())).collect()
                        };
                        let warm = landings(t, selector, dress, memo).map(all);
                        let cold = landings(t, selector, dress, &mut Landed::default()).map(all);
                        assert_eq!(warm, cold, "{text} {change}");
                    }
                }
            }
        }
    }
}

#[test]
fn laying_merges_directories() {
    let all = project();
    for &(_, change, _) in TABLE {
        let edited = edit(&all, change);
        let mut laid = all.clone();
        laid.lay("", Entry::Dir(Arc::clone(edited.root())));
        // What one would get path by path.
        let mut want = all.clone();
        for (path, entry) in &edited {
            if !(entry.is_dir() && want.get(&path).is_some_and(|e| e.is_dir())) {
                want.insert(&path, entry.clone());
            }
        }
        assert_eq!(laid, want, "{change}");
    }
}
