//! What words come to, by data.
//!
//! `words.jsonl` holds one case a line: the word, the escape character, the options (`u` leaves unset names, `q`
//! leaves quotes, `e` leaves escapes, `p` does not look at quotes), what the word expands to and what it splits into,
//! `null` where BuildKit (moby/buildkit 73ed6825) refuses it. The expected values are what its own lexer gave for our
//! words.

use super::{ExpandReason, Lexer};

const ENVIRONMENT: [(&str, &str); 15] = [
    ("FOO", "foo"),
    ("A", "a.b.c"),
    ("P", "/usr/lib/x.tar.gz"),
    ("SP", "one two"),
    ("PAD", "  in  "),
    ("EMPTY", ""),
    ("STAR", "a*b?c\\d"),
    ("NAME", "World"),
    ("X1", "dig"),
    ("_u", "under"),
    ("é", "acute"),
    ("1", "one"),
    ("AAA", "aaaa"),
    ("NEEDLE", "l"),
    ("NL", "a\nb"),
];

type Case = (String, char, String, Option<String>, Option<Vec<String>>);

fn lookup(name: &str) -> Option<String> {
    ENVIRONMENT.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_string())
}

#[test]
fn words_expand_and_split_as_buildkits_do() {
    let cases: Vec<Case> = include_str!("words.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a case a line"))
        .collect();
    assert!(cases.len() >= 299, "cases were lost: {}", cases.len());
    for (word, escape, options, text, words) in cases {
        let lexer = Lexer {
            escape,
            raw_quotes: options.contains('q'),
            raw_escapes: options.contains('e'),
            skip_unset_env: options.contains('u'),
            skip_process_quotes: options.contains('p'),
        };
        let expanded = lexer.process_word(&word, &lookup).ok().map(|e| e.text);
        assert_eq!(expanded, text, "{word:?} escape {escape:?} options {options:?}");
        let split = lexer.process_words(&word, &lookup).ok();
        assert_eq!(split, words, "split {word:?} escape {escape:?} options {options:?}");
    }
}

#[test]
fn what_is_wrong_with_a_word_is_told() {
    for (word, want) in [
        ("'a", ExpandReason::OpenQuote("single")),
        ("\"a", ExpandReason::OpenQuote("double")),
        ("${FOO", ExpandReason::MissingBrace),
        ("${FOO:-x", ExpandReason::MissingBrace),
        ("${A/x", ExpandReason::MissingSlash),
        ("${}", ExpandReason::BadSubstitution),
        ("${FOO=x}", ExpandReason::UnknownModifier("=".into())),
        ("${FOO:=x}", ExpandReason::UnknownModifier(":=".into())),
        ("${FOO:#x}", ExpandReason::UnknownModifier(":#".into())),
        ("${UNSET:?give it}", ExpandReason::Required { name: "UNSET".into(), message: "give it".into() }),
        (
            "${EMPTY:?}",
            ExpandReason::Required { name: "EMPTY".into(), message: "is not allowed to be empty".into() },
        ),
        (
            "${UNSET?}",
            ExpandReason::Required { name: "UNSET".into(), message: "is not allowed to be unset".into() },
        ),
        ("${A%\\x}", ExpandReason::BadPattern { pattern: "\\x".into(), escape: "x".into() }),
    ] {
        let error = Lexer::new('\\').process_word(word, &lookup).expect_err(word);
        assert_eq!((error.word.as_str(), error.reason), (word, want));
    }
}

#[test]
fn names_that_were_asked_for_are_kept_apart_by_whether_they_are_set() {
    let got = Lexer::new('\\').process_word("$FOO ${UNSET:-$A} ${EMPTY+x} '$NAME'", &lookup).expect("fine");
    let names = |set: &std::collections::BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
    assert_eq!(names(&got.matched), ["A", "EMPTY", "FOO"]);
    assert_eq!(names(&got.unmatched), ["UNSET"]);
}
