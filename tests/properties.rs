//! What holds for every text and every build, tried on random ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use layerlab::context::{Entry, Tree};
use layerlab::dockerfile::ast::{Comment, Dockerfile, Span};
use layerlab::dockerfile::expand::Lexer;
use layerlab::dockerfile::{self, Diagnostic};
use layerlab::graph::{self, GraphOptions};
use layerlab::simulate::{BuildInput, Outcome, Simulator};
use layerlab::solver::Status;
use proptest::prelude::*;
use proptest::sample::select;

/// Pieces of which texts that nearly are Dockerfiles are made.
const PIECES: [&str; 60] = [
    "FROM alpine",
    "FROM alpine AS a",
    "from scratch as b",
    "FROM a",
    "RUN x",
    "RUN [\"x\"]",
    "COPY a /b",
    "COPY --from=a /x /y",
    "COPY --link . .",
    "ADD https://h/x.git#y:z /d",
    "WORKDIR /w",
    "ENV A=1 B='2 3'",
    "ENV A 1",
    "ARG V=${A:-x}",
    "USER 1:2",
    "LABEL a=b",
    "ONBUILD RUN y",
    "HEALTHCHECK --interval=1s CMD x",
    "EXPOSE 80",
    "SHELL [\"/bin/sh\"]",
    "RUN --mount=type=cache,target=/c x",
    "RUN <<EOF",
    "COPY <<\"E\" <<-F /d",
    "EOF",
    "E",
    "\tF",
    "# c",
    "# escape=`",
    "\\",
    "`",
    "\n",
    "\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    "\"",
    "'",
    "$",
    "${",
    "}",
    "<<",
    "--",
    "=",
    ",",
    "[",
    "]",
    "\u{feff}",
    "é",
    "\u{a0}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "\u{1b}[31m",
    "${A#*\\}}",
    "${A//./-}",
    "FOO",
    "\u{10ffff}",
    "\u{b}",
    "AS",
];

fn nearly_a_dockerfile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![4 => select(&PIECES[..]).prop_map(str::to_string), 1 => any::<char>().prop_map(String::from)];
    let glue = select(&["\n", "\n", " ", "", " \\\n"][..]);
    prop::collection::vec((piece, glue), 0..24)
        .prop_map(|parts| parts.into_iter().map(|(piece, glue)| piece + glue).collect())
}

fn check_span(text: &str, span: &Span) {
    assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {text:?}");
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?} of {text:?}");
}

fn check_error(text: &str, error: &Diagnostic) {
    if let Some(span) = &error.span {
        check_span(text, span);
        let place = dockerfile::diagnostic::line_and_column(text, span.start);
        assert_eq!((error.line, error.column), place);
    }
    assert!(!error.message.is_empty() && !error.message.ends_with('.'), "{}", error.message);
}

fn check_comments(text: &str, comments: &[Comment]) {
    for comment in comments {
        check_span(text, &comment.span);
    }
}

fn check_file(text: &str, file: &Dockerfile) {
    assert_eq!(&*file.text, text);
    file.directives.iter().for_each(|directive| check_span(text, &directive.span));
    let mut end = 0;
    let stages = file.stages.iter().flat_map(|stage| {
        check_comments(text, &stage.comments);
        check_span(text, &stage.base_span);
        let head = (&stage.span, stage.line);
        std::iter::once(head).chain(stage.instructions.iter().map(|i| (&i.span, i.line)))
    });
    for (span, line) in file.global_args.iter().map(|i| (&i.span, i.line)).chain(stages) {
        check_span(text, span);
        assert!(span.start >= end, "instructions overlap in {text:?}");
        assert_eq!(text[..span.start].matches('\n').count() + 1, line, "line in {text:?}");
        end = span.end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_text_breaks_the_reader_or_the_converter(text in nearly_a_dockerfile()) {
        let first = dockerfile::parse(&text);
        prop_assert_eq!(&first, &dockerfile::parse(&text), "the same text reads the same");
        match first {
            Err(error) => check_error(&text, &error),
            Ok(file) => {
                check_file(&text, &file);
                match graph::build(&file, &GraphOptions::default()) {
                    Err(error) => check_error(&text, &error),
                    Ok(graph) => {
                        for (at, vertex) in graph.vertices.iter().enumerate() {
                            prop_assert!(vertex.inputs.iter().all(|&input| input < at), "inputs come first");
                        }
                        for step in &graph.steps {
                            check_span(&text, &step.span);
                            prop_assert!(step.label.index >= 1 && step.vertex < graph.vertices.len());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = dockerfile::parse(&text) {
            check_error(&text, &error);
        }
    }

    #[test]
    fn no_word_breaks_the_expander(
        word in "[$A{}\"'\\\\`:+?#%/* -<\u{e9}=.x\n]{0,24}",
        backtick in any::<bool>(),
        options in any::<[bool; 4]>(),
        value in "[a*?.\\\\ \n]{0,6}",
    ) {
        let [raw_quotes, raw_escapes, skip_unset_env, skip_process_quotes] = options;
        let escape = if backtick { '`' } else { '\\' };
        let lexer = Lexer { escape, raw_quotes, raw_escapes, skip_unset_env, skip_process_quotes };
        let env = |name: &str| (name == "A").then(|| value.clone());
        let text = lexer.process_word(&word, &env);
        let words = lexer.process_words(&word, &env);
        prop_assert_eq!(text.is_ok(), words.is_ok(), "both refuse the same words");
        prop_assert!(words.iter().flatten().all(|word| !word.is_empty()));
    }

    #[test]
    fn a_text_without_dollar_quote_and_escape_expands_to_itself(word in "[a-z0-9 ./=:,-]{0,24}") {
        let got = Lexer::new('\\').process_word(&word, &|_| None).expect("nothing to refuse");
        prop_assert_eq!(&got.text, &word);
        let words = Lexer::new('\\').process_words(&word, &|_| None).expect("nothing to refuse");
        prop_assert_eq!(words, word.split_whitespace().map(str::to_string).collect::<Vec<_>>());
    }
}

/// Files of the small projects below.
const FILES: [&str; 6] = ["a", "b", "src/a", "src/b", "src/deep/c", "README.md"];

/// Instructions that such a project can be built with.
const STEPS: [&str; 16] = [
    "COPY . .",
    "COPY a /a",
    "COPY src /src",
    "COPY src/* /flat/",
    "COPY --link b /b",
    "COPY --exclude=*.md . /x",
    "COPY --chmod=600 a b /d/",
    "RUN make",
    "RUN --mount=type=bind,target=/m ls",
    "RUN --mount=type=cache,target=/c ls",
    "WORKDIR /w",
    "WORKDIR sub",
    "ENV A=1",
    "ARG V=2",
    "USER 5",
    "COPY <<EOF /h\ntext\nEOF",
];

fn project() -> impl Strategy<Value = (String, Tree)> {
    let stage = prop::collection::vec(select(&STEPS[..]), 1..6).prop_map(|steps| steps.join("\n"));
    let content = prop::collection::vec("[xy]{1,3}", FILES.len());
    (stage.clone(), stage, any::<bool>(), content).prop_map(|(first, second, copies, content)| {
        let copy = if copies { "COPY --from=first /a /from\n" } else { "" };
        let text = format!("FROM alpine AS first\nCOPY a /a\n{first}\nFROM first\n{second}\n{copy}");
        (text, Tree::from_pairs(FILES.into_iter().zip(content.iter().map(String::as_str))))
    })
}

fn input(text: &str, context: &Tree) -> BuildInput {
    BuildInput {
        dockerfile: Arc::new(dockerfile::parse(text).expect("a Dockerfile")),
        options: GraphOptions::default(),
        context: context.clone(),
        named: BTreeMap::new(),
    }
}

fn all_cached(outcome: &Outcome) -> bool {
    let cached = |status: Option<Status>| status.is_none_or(|status| status == Status::Cached);
    outcome.prediction.error.is_none()
        && outcome.prediction.steps.iter().all(|step| cached(Some(step.status)) && cached(step.merge))
}

fn statuses(outcome: &Outcome) -> Vec<(String, Status, Option<Status>, bool)> {
    let steps = outcome.prediction.steps.iter();
    steps.map(|s| (s.label.to_string(), s.status, s.merge, s.certain)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn what_was_built_is_found_again((text, tree) in project()) {
        let mut simulator = Simulator::default();
        simulator.build(&input(&text, &tree)).expect("a graph");
        let again = simulator.build(&input(&text, &tree)).expect("a graph");
        prop_assert!(all_cached(&again), "{}\n{:?}", text, statuses(&again));
        prop_assert!(again.prediction.steps.iter().all(|step| step.certain), "{}\n{:?}", text, statuses(&again));
        prop_assert!(again.explanations.iter().all(|e| e.causes.is_empty()));
    }

    #[test]
    fn there_and_back_finds_the_first_again(
        (text, tree) in project(),
        edited in select(&FILES[..]),
    ) {
        let mut simulator = Simulator::default();
        simulator.build(&input(&text, &tree)).expect("a graph");
        let mut other = tree.clone();
        other.insert(edited, Entry::file(0o644, b"edited"));
        simulator.build(&input(&text, &other)).expect("a graph");
        let back = simulator.build(&input(&text, &tree)).expect("a graph");
        prop_assert!(all_cached(&back), "{}\n{:?}", text, statuses(&back));
    }

    #[test]
    fn an_edited_tree_is_predicted_as_one_made_anew(
        (text, tree) in project(),
        edits in prop::collection::vec((select(&FILES[..]), "[xyz]{1,3}"), 1..4),
    ) {
        let mut base = Simulator::default();
        base.build(&input(&text, &tree)).expect("a graph");
        let mut edited = tree.clone();
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for (path, content) in &edits {
            edited.insert(path, Entry::file(0o644, content.as_bytes()));
            base.predict(&input(&text, &edited)).expect("a graph");
            files.insert((*path).to_string(), content.clone());
        }
        let mut anew = Tree::default();
        for path in FILES {
            let entry = match files.get(path) {
                Some(content) => Entry::file(0o644, content.as_bytes()),
                None => tree.get(path).expect("a file"),
            };
            anew.insert(path, entry);
        }
        prop_assert_eq!(edited.digest(), anew.digest());
        let mut fresh = Simulator::default();
        fresh.build(&input(&text, &tree)).expect("a graph");
        let one = base.predict(&input(&text, &edited)).expect("a graph");
        let two = fresh.predict(&input(&text, &anew)).expect("a graph");
        prop_assert_eq!(statuses(&one), statuses(&two));
    }

    /// What it remembers of the builds before saves work and says nothing.
    #[test]
    fn a_builder_that_is_kept_predicts_as_a_new_one_with_its_cache(
        (text, tree) in project(),
        edits in prop::collection::vec((select(&FILES[..]), "[xy]", any::<bool>(), 0..6_usize), 2..9),
    ) {
        let mut kept = Simulator::default();
        // Other versions of the Dockerfile: another variable from the start, a step more at the end, both.
        let (from, rest) = text.split_once('\n').expect("more than a line");
        let versions = [
            text.clone(),
            format!("{from}\nENV V=1\n{rest}"),
            format!("{text}RUN last\n"),
            format!("{from}\nENV V=1\n{rest}RUN last\n"),
        ];
        let first = input(&format!("{text}COPY --from=first /d /made\n"), &tree);
        kept.build(&first).expect("a graph");
        let mut before = first.clone();
        for (path, content, is_built, version) in edits {
            let mut now = before.clone();
            if let Some(text) = versions.get(version) {
                now.dockerfile = input(&format!("{text}COPY --from=first /d /made\n"), &tree).dockerfile;
            }
            now.context.insert(path, Entry::file(0o644, content.as_bytes()));
            let mut fresh = Simulator::with_store(kept.store().clone());
            fresh.compare_with(&before).expect("a graph");
            let (one, two) = (kept.predict(&now).expect("a graph"), fresh.predict(&now).expect("a graph"));
            let said = |outcome: &Outcome| {
                let steps = outcome.prediction.steps.iter();
                steps.map(|s| format!("{} {:?} {:?}", s.key, s.assumption, s.certain)).collect::<Vec<_>>()
            };
            prop_assert_eq!(statuses(&one), statuses(&two));
            prop_assert_eq!(said(&one), said(&two));
            prop_assert_eq!(one.additions(), two.additions());
            if is_built {
                kept.commit(&one);
                before = now;
            }
        }
    }

    #[test]
    fn a_comment_in_an_ignored_dockerfile_rebuilds_nothing((text, tree) in project(), line in 0..4_usize) {
        let mut simulator = Simulator::default();
        simulator.build(&input(&text, &tree)).expect("a graph");
        let mut lines: Vec<&str> = text.split('\n').collect();
        // Within a heredoc a comment is text: put it before one of the first lines, which are none.
        lines.insert(line.min(2), "# a comment");
        let commented = simulator.build(&input(&lines.join("\n"), &tree)).expect("a graph");
        prop_assert!(all_cached(&commented), "{}\n{:?}", lines.join("\n"), statuses(&commented));
    }
}
