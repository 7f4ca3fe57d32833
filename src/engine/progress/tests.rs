use std::collections::HashMap;

use serde::Deserialize;

use super::*;

/// A recorded log, with what the recorded case of the same name says of that build.
#[derive(Deserialize)]
struct Recorded {
    log: String,
    expect: Vec<Expected>,
    error: Option<RecordedError>,
}

#[derive(Deserialize)]
struct Expected {
    stage: Option<String>,
    index: u32,
    of: u32,
    instruction: String,
    status: Status,
    merge: Option<Status>,
}

#[derive(Deserialize)]
struct RecordedError {
    kind: String,
    path: Option<String>,
}

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine_progress")
}

fn recorded() -> Vec<Recorded> {
    let text =
        std::fs::read_to_string(folder().join("expected.jsonl")).expect("the recorded logs are in the tree");
    text.lines().map(|line| serde_json::from_str(line).expect("expected.jsonl is JSON")).collect()
}

fn log(recorded: &Recorded, form: &str) -> Progress {
    let path = folder().join(format!("{}.{form}", recorded.log));
    read(&std::fs::read_to_string(path).expect("every recorded build has both forms"))
}

/// The recorded builds got their base by a named context, which BuildKit counts in `of` but gives no index.
fn by_label(progress: &Progress) -> HashMap<(Option<String>, u32, u32, String), &RealStep> {
    let key = |l: &Label| (l.stage.clone(), l.index + 1, l.of, l.instruction.clone());
    progress.steps.iter().map(|step| (key(&step.label), step)).collect()
}

fn key(e: &Expected) -> (Option<String>, u32, u32, String) {
    (e.stage.clone(), e.index, e.of, e.instruction.clone())
}

#[test]
fn recorded_rawjson_says_what_the_cases_say() {
    let recorded = recorded();
    assert_eq!(recorded.len(), 16);
    for build in &recorded {
        let progress = log(build, "rawjson");
        assert_eq!(progress.format, Format::RawJson, "{}", build.log);
        assert_eq!(progress.steps.len(), build.expect.len(), "{}", build.log);
        let steps = by_label(&progress);
        for expected in &build.expect {
            let step =
                steps.get(&key(expected)).unwrap_or_else(|| panic!("{}: {:?}", build.log, key(expected)));
            assert_eq!(
                (step.status, step.merge),
                (expected.status, expected.merge),
                "{} {}",
                build.log,
                step.label
            );
            let ran = matches!(expected.status, Status::Executed | Status::Error);
            assert!(!ran || step.seconds.is_some_and(|s| s >= 0.0), "{} {}", build.log, step.label);
        }
    }
}

#[test]
fn recorded_plain_says_the_same_with_copy_and_merge_as_one() {
    for build in &recorded() {
        let progress = log(build, "plain");
        assert_eq!(progress.format, Format::Plain, "{}", build.log);
        let steps = by_label(&progress);
        for expected in &build.expect {
            let status = match expected.merge {
                Some(Status::Executed) => Status::Executed,
                _ => expected.status,
            };
            let found = steps.get(&key(expected)).map_or(Status::NotRun, |step| step.status);
            assert_eq!(found, status, "{} {:?}", build.log, key(expected));
        }
    }
}

#[test]
fn recorded_failures_name_the_step_and_the_reason() {
    for build in &recorded() {
        for form in ["rawjson", "plain"] {
            let failure = log(build, form).failure;
            assert_eq!(failure.is_some(), build.error.is_some(), "{} {form}: {failure:?}", build.log);
            let (Some(failure), Some(error)) = (failure, &build.error) else { continue };
            assert!(failure.vertex.is_some_and(|v| Label::parse(&v).is_some()), "{} {form}", build.log);
            if let ("source_not_found", Some(path)) = (error.kind.as_str(), &error.path) {
                assert!(failure.message.contains(path.as_str()), "{} {form}: {}", build.log, failure.message);
            }
        }
    }
}

#[test]
fn indented_values_and_values_in_one_line_are_the_same_stream() {
    for build in &recorded() {
        let path = folder().join(format!("{}.rawjson", build.log));
        let text = std::fs::read_to_string(path).expect("recorded");
        let mut indented = String::from("#0 building with \"default\" instance\n");
        let mut joined = String::new();
        for line in text.lines() {
            match serde_json::from_str::<serde_json::Value>(line) {
                Ok(value) => {
                    indented += &serde_json::to_string_pretty(&value).expect("a value");
                    indented.push('\n');
                    joined += line;
                }
                Err(_) => indented += &format!("{line}\n"),
            }
        }
        assert_eq!(read(&indented), read(&text), "{}", build.log);
        assert_eq!(read(&joined).steps, read(&text).steps, "{}", build.log);
    }
}

#[test]
fn labels() {
    let table = [
        ("[2/4] WORKDIR /app", Some((None, 2, 4, "WORKDIR /app"))),
        ("[builder 3/4] RUN a [b] c", Some((Some("builder"), 3, 4, "RUN a [b] c"))),
        ("[linux/arm64 builder 3/4] COPY . .", Some((Some("builder"), 3, 4, "COPY . ."))),
        ("[linux/amd64->arm64 3/4] COPY . .", Some((None, 3, 4, "COPY . ."))),
        ("[stage-1 2/2] COPY [a b,/c]", Some((Some("stage-1"), 2, 2, "COPY [a b,/c]"))),
        ("[ 2/12] RUN a", Some((None, 2, 12, "RUN a"))),
        ("[builder  2/12] RUN a", Some((Some("builder"), 2, 12, "RUN a"))),
        ("[internal] load build context", None),
        ("[context alpine:3.17] OCI load from client", None),
        ("[auth] library/alpine:pull token for registry-1.docker.io", None),
        ("exporting to image", None),
    ];
    for (name, expected) in table {
        let label = Label::parse(name);
        let parts = label.as_ref().map(|l| (l.stage.as_deref(), l.index, l.of, l.instruction.as_str()));
        assert_eq!(parts, expected, "{name}");
    }
}

#[test]
fn plain_of_old_engines_prints_digests_and_interleaves() {
    let log = "#1 [internal] load build definition from Dockerfile\n\
               #1 sha256:aa\n#1 DONE 0.0s\n\n\
               #5 [a 2/3] RUN one\n#5 sha256:bb\n#5 0.046 DONE 9.9s\n\n\
               #6 [b 2/2] RUN two\n#6 sha256:cc\n#6 0.1 x\n#6 ...\n\n\
               #5 [a 2/3] RUN one\n#5 DONE 1.5s\r\n\n\
               #7 [a 3/3] RUN three\n#7 CACHED\n\n\
               #6 [b 2/2] RUN two\n#6 CANCELED\n";
    let progress = read(log);
    let found: Vec<_> = progress.steps.iter().map(|s| (s.label.to_string(), s.status, s.seconds)).collect();
    assert_eq!(
        found,
        [
            ("[a 2/3] RUN one".to_owned(), Status::Executed, Some(1.5)),
            ("[a 3/3] RUN three".to_owned(), Status::Cached, None),
            ("[b 2/2] RUN two".to_owned(), Status::NotRun, None),
        ]
    );
    assert_eq!(progress.failure, None);
}

#[test]
fn a_build_that_fails_before_its_first_step_says_why() {
    let table = [
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: line 4: Unknown flag: network",
        "ERROR: failed to solve: alpine:9: failed to resolve source metadata",
        "{\"vertexes\":[]}\nerror: failed to solve: target stage \"x\" could not be found",
    ];
    for log in table {
        let failure = read(log).failure.expect(log);
        assert!(failure.message.starts_with("failed to solve"), "{}", failure.message);
        assert_eq!(failure.vertex, None);
    }
}

#[test]
fn nothing_is_an_empty_build() {
    for log in ["", "\n", "{", "{\"a\"", "#", "#x y", "#1", "hello\n{not json}\n"] {
        let progress = read(log);
        assert!(progress.steps.is_empty() && progress.failure.is_none(), "{log:?}: {progress:?}");
    }
}

#[test]
fn a_step_that_a_failure_overtakes_is_not_called_cached() {
    let vertex = |name: &str, digest: &str, times: &str| {
        format!("{{\"vertexes\":[{{\"digest\":\"{digest}\",\"name\":\"{name}\",{times}}}]}}\n")
    };
    let at = |second: u32| format!("\"2026-11-25T02:53:{second:02}Z\"");
    let run = |times: String| vertex("[2/4] RUN a", "a", &times);
    let begun = run(format!("\"started\":{}", at(1)));
    let made_up = run(format!("\"started\":{0},\"completed\":{0},\"cached\":true", at(2)));
    let ended = run(format!("\"started\":{},\"completed\":{}", at(1), at(3)));
    let failed = vertex(
        "[3/4] COPY b /",
        "b",
        &format!("\"started\":{0},\"completed\":{0},\"error\":\"not found\"", at(2)),
    );
    let cached =
        vertex("[2/2] RUN c", "c", &format!("\"started\":{0},\"completed\":{0},\"cached\":true", at(1)));
    let table = [
        (format!("{cached}{begun}{made_up}{failed}{ended}"), Status::Executed),
        (format!("{cached}{begun}{made_up}{failed}"), Status::NotRun),
        (format!("{cached}{made_up}{failed}"), Status::NotRun),
    ];
    for (log, status) in table {
        let steps = read(&log).steps;
        let of = |text: &str| steps.iter().find(|s| s.label.instruction == text).map(|s| s.status);
        assert_eq!((of("RUN a"), of("COPY b /")), (Some(status), Some(Status::Error)));
        assert_eq!(of("RUN c"), Some(Status::Cached), "what was found stays found");
    }
}
