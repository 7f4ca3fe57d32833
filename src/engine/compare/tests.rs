use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::context::Tree;
use crate::dockerfile::{self, Diagnostic};
use crate::engine::progress::{self, Failure};
use crate::engine::scenario::{Content, Scenario};
use crate::graph::{GraphOptions, ImageStore};
use crate::simulate::{BuildInput, Simulator};

const FILES: &[(&str, &str)] = &[("src/a.js", "1\n"), ("package.json", "{}\n")];

fn input(text: &str, files: &[(&str, &str)]) -> BuildInput {
    BuildInput {
        dockerfile: Arc::new(dockerfile::parse(text).expect(text)),
        options: GraphOptions { image_store: ImageStore::Containerd, ..GraphOptions::default() },
        context: Tree::from_pairs(files.iter().copied()),
        named: [].into(),
    }
}

fn first(text: &str) -> Outcome {
    Simulator::default().build(&input(text, FILES)).expect(text)
}

/// What an engine would report that did everything as predicted.
fn as_predicted(outcome: &Outcome) -> Progress {
    let real = |status| match status {
        Status::Cached => RealStatus::Cached,
        Status::Executed => RealStatus::Executed,
    };
    let step = |s: &StepPrediction| RealStep {
        label: Label::clone(&s.label),
        status: real(s.status),
        merge: s.merge.map(real),
        started: None,
        seconds: Some(1.0),
        digest: None,
        error: None,
    };
    let steps = outcome.prediction.steps.iter().map(step).collect();
    Progress { format: Format::RawJson, steps, failure: None }
}

fn around() -> Circumstances {
    let fresh_images = BTreeSet::from(["docker.io/library/alpine:3.17".to_owned()]);
    Circumstances { fresh_contexts: true, fresh_images, dockerd: Some((26, 1)), ..Circumstances::default() }
}

fn verdicts(outcome: &Outcome, real: &Progress) -> Vec<Verdict> {
    rows(outcome, real, &around()).into_iter().map(|row| row.verdict).collect()
}

const TWO: &str = "FROM alpine:3.17 AS b\nWORKDIR /w\nCOPY src .\nRUN make\n\
    FROM alpine:3.17\nCOPY --link package.json /p\nCOPY --from=b /w /w\nRUN ls\n";

#[test]
fn a_build_that_went_as_predicted_is_the_same_and_leaves_out_from() {
    let outcome = first(TWO);
    let real = as_predicted(&outcome);
    let rows = rows(&outcome, &real, &around());
    let labels: Vec<_> = rows.iter().map(|r| r.label.instruction.as_str()).collect();
    let expected = [
        "WORKDIR /w",
        "COPY src .",
        "RUN make",
        "COPY --link package.json /p",
        "COPY --from=b /w /w",
        "RUN ls",
    ];
    assert_eq!(labels, expected);
    assert!(rows.iter().all(|r| r.verdict == Verdict::Same && r.seconds == Some(1.0)), "{rows:?}");
    assert!(rows.iter().all(|r| !r.causes.is_empty() && r.line.is_some() && r.operation.is_some()));
}

#[test]
fn each_way_of_differing_has_its_verdict() {
    type Change = fn(&mut Progress);
    let table: [(&str, Change, usize, Verdict); 7] = [
        ("another status", |p| p.steps[2].status = RealStatus::Cached, 1, Verdict::Different),
        ("a step too few", |p| drop(p.steps.remove(2)), 1, Verdict::Different),
        ("another text", |p| p.steps[2].label.instruction = "COPY a b".into(), 1, Verdict::Different),
        ("another number", |p| p.steps[2].label.index = 4, 1, Verdict::Different),
        ("another merge", |p| p.steps[5].merge = Some(RealStatus::Cached), 3, Verdict::Different),
        ("a merge that is not printed", |p| p.steps[5].merge = None, 3, Verdict::Same),
        ("blanks in a label", |p| p.steps[2].label.instruction = "COPY  src .".into(), 1, Verdict::Same),
    ];
    for (what, change, at, verdict) in table {
        let outcome = first(TWO);
        let mut real = as_predicted(&outcome);
        change(&mut real);
        assert_eq!(verdicts(&outcome, &real)[at], verdict, "{what}");
    }
    let outcome = first(TWO);
    let mut real = as_predicted(&outcome);
    real.steps[2].label.instruction = "COPY a b".into();
    let all = rows(&outcome, &real, &around());
    assert_eq!(all.len(), 7, "the step that layerlab does not have is listed too");
    assert!(all[6].predicted.is_none() && all[6].verdict == Verdict::Different);
}

#[test]
fn plain_progress_tells_copy_and_merge_as_one() {
    let text = "FROM alpine:3.17\nRUN a\nCOPY --link src /s\n";
    let mut simulator = Simulator::default();
    simulator.build(&input(text, FILES)).expect(text);
    // The RUN is another one: the copy is found, its merge is made anew.
    let outcome = simulator.predict(&input(&text.replace("RUN a", "RUN b"), FILES)).expect(text);
    let step = outcome.prediction.steps.last().expect("a COPY");
    assert_eq!((step.status, step.merge), (Status::Cached, Some(Status::Executed)));
    let mut real = as_predicted(&outcome);
    real.format = Format::Plain;
    let last = real.steps.last_mut().expect("a COPY");
    (last.status, last.merge) = (RealStatus::Executed, None);
    assert_eq!(verdicts(&outcome, &real), [Verdict::Same, Verdict::Same]);
    real.steps.last_mut().expect("a COPY").status = RealStatus::Cached;
    assert_eq!(verdicts(&outcome, &real), [Verdict::Same, Verdict::Different]);
}

#[test]
fn equal_vertices_are_reported_once_under_either_label() {
    let text = "FROM alpine:3.17 AS a\nRUN same\nFROM alpine:3.17 AS b\nRUN same\n\
        FROM scratch\nCOPY --from=a / /a\nCOPY --from=b / /b\n";
    let outcome = first(text);
    for stage in ["a", "b"] {
        let mut real = as_predicted(&outcome);
        real.steps.retain(|s| s.label.instruction != "RUN same" || s.label.stage.as_deref() == Some(stage));
        let all = rows(&outcome, &real, &around());
        assert!(all.iter().all(|r| r.verdict != Verdict::Different), "{stage}: {all:?}");
    }
}

#[test]
fn uncertain_steps_are_judged_apart_and_excuse_what_follows_from_them() {
    let text =
        "FROM alpine:3.17 AS b\nCOPY src /s\nRUN make\nFROM alpine:3.17\nCOPY --from=b /out /out\nRUN ls\n";
    let mut simulator = Simulator::default();
    simulator.build(&input(text, FILES)).expect(text);
    let edited = [("src/a.js", "2\n"), ("package.json", "{}\n")];
    let outcome = simulator.predict(&input(text, &edited)).expect(text);
    let right = as_predicted(&outcome);
    let expected = [Verdict::Same, Verdict::Same, Verdict::GuessedRight, Verdict::GuessedRight];
    assert_eq!(verdicts(&outcome, &right), expected);
    let mut wrong = right;
    for step in &mut wrong.steps[4..] {
        step.status = RealStatus::Cached;
    }
    let mut all = rows(&outcome, &wrong, &around());
    let mut guessed = BTreeSet::new();
    excuse(&mut all, &mut guessed);
    let expected = [Verdict::Same, Verdict::Same, Verdict::GuessedWrong, Verdict::GuessedWrong];
    assert_eq!(all.iter().map(|r| r.verdict).collect::<Vec<_>>(), expected);
    assert_eq!(guessed.len(), 2);

    simulator.commit(&outcome);
    let mut all = rows(&outcome, &wrong, &around());
    all[0].verdict = Verdict::Different;
    all[3].verdict = Verdict::Different;
    excuse(&mut all, &mut guessed);
    assert_eq!((all[0].verdict, all[3].verdict), (Verdict::Different, Verdict::GuessedWrong));
}

#[test]
fn what_an_engine_may_have_from_before_is_what_nothing_new_leads_to() {
    let text = "FROM alpine:3.17 AS b\nRUN a\nFROM scratch\nWORKDIR /w\nCOPY --from=b /x /x\nCOPY src /s\nCOPY --from=b /y /y\n";
    let outcome = first(text);
    let fresh = |around: &Circumstances| -> Vec<bool> {
        let all = freshness(&outcome.graph, around);
        outcome.graph.steps.iter().filter(|s| !s.label.is_from()).map(|s| all[s.vertex]).collect()
    };
    assert_eq!(fresh(&around()), [true, false, false, true, true]);
    assert!(!is_all_fresh(&outcome.graph, &around()));
    assert_eq!(fresh(&Circumstances::default()), [false; 5]);
    let based = first("FROM alpine:3.17\nWORKDIR /w\nCOPY --link src /s\nRUN a\n");
    assert!(is_all_fresh(&based.graph, &around()));
    let script = first("FROM alpine:3.17\nCOPY --link <<F /s\nx\nF\n");
    assert!(!is_all_fresh(&script.graph, &around()), "a text of its own depends on nothing");

    let mut real = as_predicted(&outcome);
    let workdir = real.steps.iter_mut().find(|s| s.label.instruction.starts_with("WORKDIR"));
    workdir.expect("there").status = RealStatus::Cached;
    assert_eq!(verdicts(&outcome, &real)[1], Verdict::FromBefore);
}

#[test]
fn known_differences_of_older_engines_are_named_and_no_others() {
    let text = "FROM alpine:3.17 AS b\nRUN a\nFROM alpine:3.17\nCOPY --from=b /x /x\nRUN c\n";
    let mut simulator = Simulator::default();
    simulator.build(&input(text, FILES)).expect(text);
    let outcome = simulator.predict(&input(text, FILES)).expect(text);
    let mut real = as_predicted(&outcome);
    real.steps.last_mut().expect("a RUN").status = RealStatus::Executed;
    for (dockerd, filtered, verdict) in [
        (Some((26, 1)), true, Verdict::KnownDifference),
        (Some((26, 1)), false, Verdict::Different),
        (Some((29, 0)), true, Verdict::Different),
        (None, true, Verdict::Different),
    ] {
        let around = Circumstances { dockerd, filtered_no_cache: filtered, ..around() };
        assert_eq!(
            rows(&outcome, &real, &around).last().expect("a RUN").verdict,
            verdict,
            "{dockerd:?} {filtered}"
        );
    }
}

#[test]
fn triggers_printed_without_the_word_are_known() {
    let mut base = input("FROM alpine:3.17\nRUN x\n", FILES);
    let config = crate::graph::ImageConfig { onbuild: vec!["RUN t".into()], ..Default::default() };
    base.options.image_configs.insert("docker.io/library/alpine:3.17".into(), config);
    let outcome = Simulator::default().build(&base).expect("it is one");
    let mut real = as_predicted(&outcome);
    assert_eq!(verdicts(&outcome, &real), [Verdict::Same, Verdict::Same]);
    for step in real.steps.iter_mut().filter(|s| !s.label.is_from()) {
        step.label.instruction = step.label.instruction.replace("ONBUILD ", "");
        step.label.of -= 1;
    }
    assert_eq!(verdicts(&outcome, &real), [Verdict::KnownDifference, Verdict::KnownDifference]);
    let today = Circumstances { dockerd: None, ..around() };
    assert!(rows(&outcome, &real, &today).iter().all(|r| r.verdict == Verdict::Different));
}

#[test]
fn a_stage_that_older_engines_do_not_name_is_known() {
    let outcome = first("FROM alpine:3.17\nRUN --mount=type=cache,target=/c a\nRUN b\n");
    let mut real = as_predicted(&outcome);
    assert!(real.steps.iter().all(|s| s.label.stage.as_deref() == Some("stage-0")));
    real.steps.iter_mut().for_each(|s| s.label.stage = None);
    assert_eq!(verdicts(&outcome, &real), [Verdict::KnownDifference, Verdict::KnownDifference]);
    let today = Circumstances { dockerd: None, ..around() };
    assert!(rows(&outcome, &real, &today).iter().all(|r| r.verdict == Verdict::Different));
}

#[test]
fn endings() {
    let failed = |message: &str| Progress {
        format: Format::RawJson,
        steps: Vec::new(),
        failure: Some(Failure { vertex: None, message: message.into() }),
    };
    let missing = first("FROM alpine:3.17\nCOPY nothing /\n").prediction.error;
    let fine = || Progress { failure: None, ..failed("") };
    let checksum = "failed to calculate checksum of ref x: \"/nothing\": not found";
    type Right = fn(&Ending) -> bool;
    let table: [(Option<&Diagnostic>, Progress, Right); 9] = [
        (None, fine(), |e| *e == Ending::Built),
        (missing.as_ref(), failed(checksum), |e| matches!(e, Ending::FailedAsPredicted { .. })),
        (missing.as_ref(), failed("exit code: 1"), |e| matches!(e, Ending::ErrorNotPredicted { .. })),
        (missing.as_ref(), fine(), |e| matches!(e, Ending::ErrorNotReal { .. })),
        (None, failed(checksum), |e| matches!(e, Ending::ErrorNotPredicted { .. })),
        (None, failed("process did not complete: exit code: 3"), |e| matches!(e, Ending::Failed { .. })),
        (None, failed("dockerfile parse error on line 2: unknown flag: exclude"), |e| {
            matches!(e, Ending::NotSupported { .. })
        }),
        (None, failed("failed to create LLB definition: missing ':' in substitution"), |e| {
            matches!(e, Ending::NotSupported { .. })
        }),
        (None, failed("failed to resolve source metadata: no such host"), |e| {
            matches!(e, Ending::Failed { .. })
        }),
    ];
    for (predicted, real, is_right) in table {
        let found = ending(predicted, &real, &around());
        assert!(is_right(&found), "{found:?}");
    }
    let refused = failed("dockerfile parse error on line 2: unknown flag: exclude");
    let today = Circumstances { dockerd: None, ..around() };
    assert!(
        ending(None, &refused, &today).is_different(),
        "today's frontend knows every flag that layerlab knows"
    );
}

/// Recorded builds again, now with layerlab's own prediction beside them instead of what was written down.
#[test]
fn predictions_agree_with_recorded_logs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine_progress");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    let cases = Scenario::read(&read("cases.jsonl")).expect("scenarios");
    assert_eq!(cases.len(), 6);
    let mut compared = 0;
    for case in &cases {
        for form in ["rawjson", "plain"] {
            let mut files: std::collections::BTreeMap<String, String> = case
                .context
                .iter()
                .map(|(path, content)| match content {
                    Content::Text(text) => (path.clone(), text.clone()),
                    Content::Node(node) => (path.clone(), node.content.clone()),
                })
                .collect();
            files.entry("Dockerfile".into()).or_insert_with(|| case.dockerfile.clone().expect("a text"));
            let mut simulator = Simulator::default();
            for (number, when) in ["cold", "edited"].into_iter().enumerate() {
                let step = case.builds().nth(number).expect("an edit");
                step.edit.iter().for_each(|edit| apply(&mut files, edit));
                let pairs: Vec<_> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
                let outcome = simulator.build(&input(&files["Dockerfile"], &pairs)).expect(&case.id);
                let log = progress::read(&read(&format!("{}.{when}.{form}", case.id)));
                let rows = rows(&outcome, &log, &Circumstances::default());
                let name = format!("{}.{when}.{form}", case.id);
                let ended = ending(outcome.prediction.error.as_ref(), &log, &Circumstances::default());
                assert!(!ended.is_different(), "{name}: {ended:?}");
                for row in rows.iter().filter(|r| r.verdict != Verdict::NotReached) {
                    let fine = matches!(row.verdict, Verdict::Same | Verdict::GuessedRight);
                    assert!(fine, "{name}: {row:?}");
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 80);
}

fn apply(files: &mut std::collections::BTreeMap<String, String>, edit: &crate::engine::scenario::Edit) {
    use crate::engine::scenario::Edit;
    match edit {
        Edit::Write { path, content, .. } => drop(files.insert(path.clone(), content.clone())),
        Edit::Append { path, content } => files.get_mut(path).expect("there").push_str(content),
        Edit::Replace { path, old, new } => {
            let text = files.get_mut(path).expect("there");
            *text = text.replacen(old, new, 1);
        }
        other => panic!("the recorded logs have no such edit: {other}"),
    }
}

#[test]
fn a_step_that_was_finished_beside_a_failing_one_may_be_found_afterwards() {
    let outcome = first("FROM alpine:3.17\nRUN a\nCOPY src /s\n");
    let mut real = as_predicted(&outcome);
    real.steps[1].status = RealStatus::Cached;
    let mut all = rows(&outcome, &real, &around());
    excuse_overtaken(&mut all, &BTreeSet::new());
    assert_eq!(all[0].verdict, Verdict::Different);
    let mut overtaken = BTreeSet::new();
    note_overtaken(&all, &mut overtaken);
    excuse_overtaken(&mut all, &overtaken);
    assert_eq!((all[0].verdict, all[1].verdict), (Verdict::FromBefore, Verdict::Same));
    real.steps[1].status = RealStatus::Executed;
    real.steps[2].status = RealStatus::Cached;
    let mut all = rows(&outcome, &real, &around());
    excuse_overtaken(&mut all, &BTreeSet::from(["[2/3] RUN a".to_owned()]));
    assert_eq!(all[1].verdict, Verdict::Different, "only what was under way");
}
