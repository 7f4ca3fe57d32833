//! What is refused, where, and in which words; and what the reader keeps of a text.

use std::fmt::Write;

use super::{Dockerfile, InstructionKind, parse};
use crate::graph::{self, GraphOptions};

/// Texts that BuildKit refuses, each for one reason.
const REFUSED: &str = include_str!("refused.txt");

/// Renders what is wrong with a text: place, sentence, what to do, and the part of the text that is meant.
fn complaint(text: &str) -> String {
    let error = match parse(text) {
        Err(error) => error,
        Ok(file) => match graph::build(&file, &GraphOptions::default()) {
            Err(error) => error,
            Ok(_) => return "  is taken\n".into(),
        },
    };
    let mut out = format!("  {}:{}: {}\n", error.line, error.column, error.message);
    if let Some(part) = error.span.as_ref().and_then(|span| text.get(span.clone())) {
        let _ = writeln!(out, "  at {part:?}");
    }
    if let Some(help) = &error.help {
        let _ = writeln!(out, "  help: {help}");
    }
    out
}

#[test]
fn every_refusal_names_its_place_and_says_what_was_expected() {
    let mut out = String::new();
    for text in REFUSED.split("\n====\n") {
        let text = text.trim_start_matches("====\n").replace("<CR>", "\r");
        let _ = write!(out, "{text}\n{}\n", complaint(&text));
    }
    assert!(!out.contains("is taken"), "{out}");
    insta::assert_snapshot!(out);
}

fn read(text: &str) -> Dockerfile {
    parse(text).unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

#[test]
fn places_count_a_byte_order_mark_and_carriage_returns() {
    let text =
        "\u{feff}# syntax=x\r\n# about b\r\nFROM alpine AS b\r\n\r\n# one\r\n# two\r\nRUN a \\\r\n  b\r\n";
    let file = read(text);
    assert_eq!(&text[file.directives[0].span.clone()], "# syntax=x");
    let stage = &file.stages[0];
    assert_eq!((&text[stage.span.clone()], stage.line), ("FROM alpine AS b", 3));
    assert_eq!(&text[stage.base_span.clone()], "alpine");
    assert_eq!(stage.comments.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["about b"]);
    let run = &stage.instructions[0];
    assert_eq!((&text[run.span.clone()], run.line, run.end_line), ("RUN a \\\r\n  b", 7, 8));
    assert_eq!(run.original, "RUN a   b");
    assert_eq!(run.comments.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn an_instruction_reaches_to_the_end_of_its_heredocs() {
    let text = "FROM a\nRUN cat <<A <<-B\n1\nA\n\t2\n\tB\nRUN c\n";
    let file = read(text);
    let [run, after] = &file.stages[0].instructions[..] else { panic!("two instructions") };
    assert_eq!((run.line, run.end_line, after.line), (2, 6, 7));
    assert_eq!(&text[run.span.clone()], "RUN cat <<A <<-B\n1\nA\n\t2\n\tB");
    let InstructionKind::Run(kind) = &run.kind else { panic!("a RUN") };
    let docs: Vec<_> =
        kind.heredocs.iter().map(|h| (h.name.as_str(), h.body.as_str(), h.raw.as_str())).collect();
    assert_eq!(docs, [("A", "1\n", "1\n"), ("B", "2\n", "\t2\n")]);
}

#[test]
fn directives_are_kept_as_far_as_they_count() {
    for (text, names, escape) in [
        ("# syntax=a\n# escape=`\n# check=x\nFROM a\n", &["syntax", "escape", "check"][..], '`'),
        ("#escape=\\\nFROM a\n", &["escape"], '\\'),
        ("# c\n# escape=`\nFROM a\n", &[], '\\'),
        ("\n# escape=`\nFROM a\n", &[], '\\'),
        ("# syntax=a\n\n# escape=`\nFROM a\n", &["syntax"], '\\'),
        ("# foo=a\n# escape=`\nFROM a\n", &[], '\\'),
        ("FROM a\n# escape=`\n", &[], '\\'),
    ] {
        let file = read(text);
        let got: Vec<_> = file.directives.iter().map(|d| d.name.as_str()).collect();
        assert_eq!((&got[..], file.escape), (names, escape), "{text:?}");
    }
}

/// `parse-dockerfile` as a second opinion. It differs from BuildKit on what is rare in written files (`\\\\` at the end
/// of a line, heredocs beside shell modifiers, stages of one name), which is why it is not the reader.
#[test]
fn another_reader_sees_the_same_instructions_in_all_but_rare_texts() {
    let (mut taken, mut both, mut same) = (0, 0, 0);
    for line in include_str!("../../tests/converter/cases.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("a case a line");
        let text = case["dockerfile"].as_str().expect("a text");
        // Its places count from after a byte order mark.
        let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
        let Ok(ours) = parse(bare) else { continue };
        taken += 1;
        let Ok(theirs) = parse_dockerfile::parse(bare) else { continue };
        both += 1;
        let stages = ours.stages.iter().flat_map(|stage| {
            std::iter::once(stage.span.start).chain(stage.instructions.iter().map(|i| i.span.start))
        });
        let ours: Vec<usize> = ours.global_args.iter().map(|i| i.span.start).chain(stages).collect();
        let theirs: Vec<usize> = theirs.instructions.iter().map(start).collect();
        same += usize::from(ours == theirs);
    }
    assert_eq!((taken, both, same), (612, 531, 529), "texts taken by ours, by both, read the same by both");
}

fn start(instruction: &parse_dockerfile::Instruction<'_>) -> usize {
    use parse_dockerfile::Instruction as I;
    match instruction {
        I::Add(i) => i.add.span.start,
        I::Arg(i) => i.arg.span.start,
        I::Cmd(i) => i.cmd.span.start,
        I::Copy(i) => i.copy.span.start,
        I::Entrypoint(i) => i.entrypoint.span.start,
        I::Env(i) => i.env.span.start,
        I::Expose(i) => i.expose.span.start,
        I::From(i) => i.from.span.start,
        I::Healthcheck(i) => i.healthcheck.span.start,
        I::Label(i) => i.label.span.start,
        I::Maintainer(i) => i.maintainer.span.start,
        I::Onbuild(i) => i.onbuild.span.start,
        I::Run(i) => i.run.span.start,
        I::Shell(i) => i.shell.span.start,
        I::Stopsignal(i) => i.stopsignal.span.start,
        I::User(i) => i.user.span.start,
        I::Volume(i) => i.volume.span.start,
        I::Workdir(i) => i.workdir.span.start,
        _ => usize::MAX,
    }
}
