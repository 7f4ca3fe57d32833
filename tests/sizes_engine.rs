//! Sizes as predicted beside those of images that a real engine built.

mod engine_support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use engine_support::Which;
use layerlab::context::{Ignore, Index, Scan};
use layerlab::cost::archives;
use layerlab::cost::sizes::Sizes;
use layerlab::cost::{Inputs, Measured, MeasuredImage};
use layerlab::declare::Declarations;
use layerlab::dockerfile::parse;
use layerlab::engine::{Engine, Request};
use layerlab::graph::{self, GraphOptions, ImageStore};

/// What the issue allows: a hundredth, or ten kilobytes.
fn is_near(predicted: f64, real: f64) -> bool {
    let off = (predicted - real).abs();
    off <= real / 100.0 || off <= 10_000.0
}

/// Bytes that no compression makes small, the same every time.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// One file as a tar of two blocks' header and padding.
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, bytes) in files {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..107].copy_from_slice(b"0000644");
        header[108..115].copy_from_slice(b"0000000");
        header[116..123].copy_from_slice(b"0000000");
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[136..147].copy_from_slice(b"14000000000");
        header[148..156].copy_from_slice(b"        ");
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[263..265].copy_from_slice(b"00");
        let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(bytes);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

fn context(folder: &Path) {
    fs::create_dir_all(folder.join("src/lib")).expect("ours");
    fs::write(folder.join("package.json"), noise(120_000, 1)).expect("ours");
    fs::write(folder.join("src/app"), noise(1_000_000, 2)).expect("ours");
    fs::write(folder.join("src/lib/a"), noise(300_000, 3)).expect("ours");
    fs::write(folder.join("src/lib/notes.md"), noise(40_000, 4)).expect("ours");
    #[cfg(unix)]
    std::os::unix::fs::symlink("app", folder.join("src/link")).expect("ours");
    let (one, two) = (noise(700_000, 5), noise(90_000, 6));
    fs::write(folder.join("data.tar"), tar_of(&[("one", &one), ("two", &two)])).expect("ours");
    fs::write(folder.join(".dockerignore"), "Dockerfile\n.dockerignore\n").expect("ours");
}

const CASES: [(&str, &str); 14] = [
    ("copy", "COPY src /app\nCOPY package.json /app/\n"),
    ("copy of all", "WORKDIR /app\nCOPY package.json .\nCOPY . .\n"),
    ("copy by pattern", "COPY src/lib/* /lib2/\nCOPY src/lib/no* /one/\n"),
    ("copy with owner and mode", "COPY --chown=1000:1000 --chmod=600 src /app\n"),
    ("copy --link", "WORKDIR /app\nCOPY --link src /app\n"),
    ("add", "ADD src /app\nADD package.json /x/\n"),
    ("add an archive", "ADD data.tar /data/\n"),
    ("chmod later", "COPY src /app\nRUN chmod 600 /app/app\nRUN chmod -R g+w /app/lib\n"),
    ("chown later", "COPY src /app\nRUN chown -R 1000:1000 /app\n"),
    ("delete later", "COPY src /app\nRUN rm /app/app\nRUN rm -rf /app\n"),
    (
        "made and deleted at once",
        "RUN dd if=/dev/zero of=/big bs=1M count=3 && rm /big && head -c 250000 /dev/zero > /kept\n",
    ),
    ("copies and moves", "COPY src /app\nRUN cp -r /app /again\nRUN mv /again/lib /moved\n"),
    (
        "two stages",
        "RUN dd if=/dev/zero of=/out bs=1k count=2000\nFROM alpine:3.17\nCOPY --from=0 /out /out\nCOPY src/app /\n",
    ),
    ("a stage on a stage", "COPY src/app /a\nFROM below AS top\nCOPY src/lib /lib2\nRUN chmod 600 /a\n"),
];

fn predicted(folder: &Path, dockerfile: &str, base: &MeasuredImage) -> Sizes {
    let parsed = parse(dockerfile).expect("a valid Dockerfile");
    let options = GraphOptions { image_store: ImageStore::Classic, ..GraphOptions::default() };
    let graph = graph::build(&parsed, &options).expect("a graph");
    let ignore = Ignore::parse("Dockerfile\n.dockerignore\n").expect("patterns");
    let scan = Scan::new(folder, ignore, Index::default()).expect("a context");
    let mut measured = Measured::default();
    measured.images.insert("docker.io/library/alpine:3.17".into(), base.clone());
    let mut archive = fs::File::open(folder.join("data.tar")).expect("ours");
    let unpacked = archives::unpacked(&mut archive).expect("it can be read").expect("an archive");
    let content = scan.tree().get("data.tar").and_then(|entry| match entry {
        layerlab::context::Entry::File(file) => Some(file.content),
        _ => None,
    });
    measured.archives.insert(content.expect("a file"), unpacked);
    let (declared, _) = Declarations::read(&parsed);
    let inputs =
        Inputs { context: scan.tree(), named: &BTreeMap::new(), measured: &measured, declared: &declared };
    Sizes::of(&parsed, &graph, &inputs)
}

fn check(engine: &Engine, name: &str, steps: &str, skip_new_syntax: bool) {
    if skip_new_syntax
        && (steps.contains("--link") || steps.contains("--exclude") || steps.contains("--chmod"))
    {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    context(folder.path());
    let dockerfile = format!("FROM alpine:3.17 AS below\n{steps}");
    fs::write(folder.path().join("Dockerfile"), &dockerfile).expect("ours");
    let stored = engine.stored_image("alpine:3.17").expect("it answers").expect("a base of .ci/engine");
    let base = MeasuredImage { bytes: stored.bytes, layers: 1 };
    let sizes = predicted(folder.path(), &dockerfile, &base);
    let real = engine
        .image(&Request::new(folder.path(), &folder.path().join("Dockerfile")))
        .unwrap_or_else(|problem| panic!("{name}: {problem}"));

    let image = sizes.image();
    assert!(
        is_near(image.total.value, real.bytes as f64),
        "{name}: {} predicted, {} real",
        image.total.value,
        real.bytes
    );
    let ours: Vec<f64> =
        image.layers.iter().filter(|l| !l.base).map(|l| l.bytes.value).filter(|b| *b >= 1.0).collect();
    let theirs: Vec<f64> = real
        .layers
        .iter()
        .skip(stored.layers.len())
        .map(|layer| layer.bytes as f64)
        .filter(|bytes| *bytes >= 1.0)
        .collect();
    assert_eq!(ours.len(), theirs.len(), "{name}: {ours:?} predicted, {theirs:?} real");
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(is_near(*ours, *theirs), "{name}: a layer of {ours} predicted, {theirs} real");
    }
}

#[test]
fn sizes_are_those_of_real_images_on_the_new_engine() {
    let Some(engine) = engine_support::engine(Which::New) else { return };
    for (name, steps) in CASES {
        check(&engine, name, steps, false);
    }
}

#[test]
fn sizes_are_those_of_real_images_on_the_old_engine() {
    let Some(engine) = engine_support::engine(Which::Old) else { return };
    for (name, steps) in CASES {
        check(&engine, name, steps, true);
    }
}

#[test]
fn learning_takes_the_sizes_of_the_engine_at_hand() {
    let Some((docker, env)) = engine_support::environment(Which::New) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    context(folder.path());
    let dockerfile = "FROM alpine:3.17\nCOPY src /app\n";
    fs::write(folder.path().join("Dockerfile"), dockerfile).expect("ours");
    let home = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| -> serde_json::Value {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_layerlab"))
            .args(["sizes", "--format", "json"])
            .args(arguments)
            .arg(folder.path())
            .env("HOME", home.path())
            .env("XDG_STATE_HOME", home.path().join("state"))
            .env("XDG_CACHE_HOME", home.path().join("cache"))
            .env("PATH", docker.parent().expect("in a folder"))
            .envs(env.iter().cloned())
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one object")
    };
    let engine = engine_support::engine(Which::New).expect("asked for above");
    let real = engine.stored_image("alpine:3.17").expect("it answers").expect("a base of .ci/engine").bytes;

    let before = run(&[]);
    assert_eq!(before["image"]["base"]["bytes"]["basis"], "estimated");
    let learned = run(&["--learn"]);
    assert_eq!(learned["learned"]["images"], serde_json::json!([["alpine:3.17", real]]));
    let after = run(&[]);
    assert_eq!(
        after["image"]["base"]["bytes"],
        serde_json::json!({ "value": real as f64, "basis": "measured" })
    );
    assert_eq!(
        after["image"]["bytes"],
        serde_json::json!({ "value": (real + 1_340_000) as f64, "basis": "measured" })
    );
}
