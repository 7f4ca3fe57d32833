use super::*;

/// Pattern lines (`|` stands for a line end), a path, and whether it is ignored.
const TABLE: &[(&str, &str, bool)] = &[
    // plain names match at the root alone
    ("README.md", "README.md", true),
    ("README.md", "docs/README.md", false),
    ("README.md", "README.md2", false),
    ("readme.md", "README.md", false),
    ("src", "src", true),
    ("src", "src/app.js", true),
    ("src", "src/a/b/c", true),
    ("src", "srcs", false),
    ("src/", "src/app.js", true),
    ("src//lib", "src/lib/x", true),
    ("./src", "src/x", true),
    ("/src", "src/x", true),
    ("/src", "a/src", false),
    ("src/../README.md", "README.md", true),
    ("../README.md", "README.md", false),
    ("src/./x", "src/x", true),
    (".", "x", false),
    ("/", "x", false),
    // a star stays within its directory
    ("*", "x", true),
    ("*", ".env", true),
    ("*", "a/b", true),
    ("*.md", "a.md", true),
    ("*.md", "docs/a.md", false),
    ("*.md", ".md", true),
    ("docs/*", "docs/a.md", true),
    ("docs/*", "docs", false),
    ("docs/*.md", "docs/x/a.md", false),
    ("*/temp*", "a/temporary", true),
    ("*/temp*", "a/temp/x", true),
    ("*/temp*", "temp", false),
    ("*/*/temp", "a/b/temp", true),
    ("a*c", "abc", true),
    ("a*c", "a/c", false),
    ("a*b*c", "aXbYc", true),
    ("a?c", "abc", true),
    ("a?c", "a/c", false),
    ("a?c", "aüc", true),
    ("a?c", "ac", false),
    // two stars do not
    ("**", "x", true),
    ("**", "a/b/c", true),
    ("**/", "a/b", true),
    ("**/node_modules", "node_modules", true),
    ("**/node_modules", "a/b/node_modules", true),
    ("**/node_modules", "a/node_modules/x/y", true),
    ("**/node_modules", "a/my_node_modules", false),
    ("**/*.md", "a.md", true),
    ("**/*.md", "a/b/c.md", true),
    ("**/*.md", "a.mdx", false),
    ("**/a/b", "x/a/b", true),
    ("**/a/b", "a/x/b", false),
    ("**foo", "barfoo", true),
    ("**foo*", "barfoox", false),
    ("a/**", "a/b", true),
    ("a/**", "a/b/c", true),
    ("a/**", "a", false),
    ("a/**", "ab", false),
    ("a**", "ab/c", true),
    ("a/**/b", "a/b", true),
    ("a/**/b", "a/x/y/b", true),
    ("a/**/b", "a/xb", false),
    ("a/**/b/**", "a/x/b/y", true),
    ("a/**/*", "a/x/y", true),
    ("**/a/**", "x/a/y", true),
    ("**/.*", "a/.git", true),
    ("**/.*", "a/git", false),
    // classes and escapes
    ("[a-c].js", "b.js", true),
    ("[a-c].js", "d.js", false),
    ("[^a-c].js", "d.js", true),
    ("[^a-c].js", "b.js", false),
    ("[\\]x]", "]", true),
    ("a[!b]", "a!", true),
    ("\\#notes", "#notes", true),
    ("\\!important", "!important", true),
    ("a\\*", "a*", true),
    ("a\\*", "ab", false),
    ("a+b(c)|d.{e}$", "a+b(c)|d.{e}$", true),
    ("a.c*", "abcd", false),
    // comments, blanks, marks
    ("#a", "#a", false),
    (" #a", "#a", true),
    ("  a  ", "a", true),
    ("\ta", "a", true),
    ("\u{feff}a", "a", true),
    ("a\r|b\r", "b", true),
    ("|||a", "a", true),
    ("ü*", "über", true),
    // the last match wins, exceptions bring back
    ("*.md|!README.md", "README.md", false),
    ("*.md|!README.md", "a.md", true),
    ("!README.md|*.md", "README.md", true),
    ("!README.md", "README.md", false),
    ("src|!src/app.js", "src/app.js", false),
    ("src|!src/app.js", "src/util.js", true),
    ("**|!src/keep/**", "src/keep/a", false),
    ("**|!src/keep/**", "src/app.js", true),
    ("**|!src|src/util.js", "src/app.js", false),
    ("**|!src|src/util.js", "src/util.js", true),
    ("*|!src|!package.json", "src/a/b", false),
    ("*|!src|!package.json", "src2", true),
    ("**/node_modules|!keep/node_modules", "keep/node_modules/b", false),
    ("a|!a/b|a/b/c", "a/b/c", true),
    ("a|!a/b|a/b/c", "a/b/d", false),
    ("a|! a/b", "a/b", false),
    ("a|!/a/b", "a/b", false),
    // an exception for a directory that no pattern matches is forgotten below it
    ("a/b|!a", "a/b", true),
];

#[test]
fn table() {
    for &(text, path, want) in TABLE {
        let ignore = Ignore::parse(&text.replace('|', "\n")).unwrap();
        // The one pattern with a bar of its own cannot be cut at bars.
        let ignore = if text.contains(")|") { Ignore::parse(text).unwrap() } else { ignore };
        assert_eq!(ignore.is_ignored(path), want, "{text:?} on {path:?}");
    }
}

#[test]
fn walking_and_asking_agree() {
    for &(text, path, want) in TABLE {
        let text = if text.contains(")|") { text.to_string() } else { text.replace('|', "\n") };
        let ignore = Ignore::parse(&text).unwrap();
        let mut rules: Option<DirRules> = None;
        let mut pruned = false;
        for end in path.match_indices('/').map(|(i, _)| i).chain([path.len()]) {
            let verdict = ignore.judge(&path[..end], rules.as_ref());
            if end == path.len() {
                assert_eq!(verdict.ignored || pruned, want, "{text:?} on {path:?}");
            }
            pruned |= verdict.ignored && ignore.can_prune(&path[..end]);
            rules = Some(verdict.rules);
        }
    }
}

#[test]
fn the_line_that_decided() {
    let ignore = Ignore::parse("# build output\ndist\n\n*.md\n!README.md\n").unwrap();
    let line = |path| ignore.decision(path).map(|d| (d.line, d.pattern, d.negated));
    assert_eq!(line("dist/x"), Some((2, "dist".into(), false)));
    assert_eq!(line("a.md"), Some((4, "*.md".into(), false)));
    assert_eq!(line("README.md"), Some((5, "!README.md".into(), true)));
    assert_eq!(line("src"), None);
}

#[test]
fn lines_that_only_look_like_it() {
    let ignore = Ignore::parse("node_modules\n*.log\n/build\n**/tmp\n!keep\n*\n!packages\n").unwrap();
    let near = |path| ignore.near_miss(path).map(|d| d.line);
    assert_eq!(near("packages/a/node_modules/x/i.js"), Some(1));
    assert_eq!(near("packages/a/x.log"), Some(2));
    assert_eq!(near("packages/build/x"), Some(3));
    assert_eq!(near("packages/a/src.js"), None);
    assert_eq!(near("node_modules/x"), None, "that one is ignored");
}

#[test]
fn what_cannot_be_read() {
    let table = [
        ("[\n", 1, 1, "a [ without its ]"),
        ("ok\n  src/[a\n", 2, 7, "a [ without its ]"),
        ("a\n!\n", 2, 1, "a ! with nothing to bring back"),
        ("ü[]x]\n", 1, 2, "an empty [ ]"),
        ("x\\\n", 1, 2, "a \\ with nothing to escape"),
        ("![z-a]\n", 1, 2, "a range that runs backwards"),
    ];
    for (text, line, column, why) in table {
        let e = Ignore::parse(text).unwrap_err();
        assert_eq!((e.line, e.column), (line, column), "{text:?}: {e}");
        assert!(e.message.starts_with(why), "{text:?}: {e}");
    }
}

#[test]
fn pruning() {
    let can = |text: &str, dir| Ignore::parse(text).unwrap().can_prune(dir);
    assert!(can("node_modules", "node_modules"));
    assert!(can("a\n!b", "a"));
    assert!(!can("a\n!a/b/c", "a/b"));
    assert!(!can("a\n!a/b/**", "a/b"));
    assert!(!can("a\n!**/x", "a"), "a wildcard may lead anywhere");
}
