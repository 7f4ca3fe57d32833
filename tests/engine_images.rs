//! Images that real engines built, taken down and compared.

mod engine_support;

use std::collections::BTreeSet;
use std::path::Path;

use engine_support::Which;
use layerlab::engine::images::{Image, NodeKind};
use layerlab::engine::{BuildError, Engine, Request};

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("below the folder")).expect("ours");
        std::fs::write(path, text).expect("ours");
    }
}

fn built(engine: &Engine, dockerfile: &str) -> Result<Image, BuildError> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("Dockerfile", dockerfile), ("src/a.txt", "a\n"), ("src/b.txt", "b\n")]);
    engine.image(&Request::new(folder.path(), &folder.path().join("Dockerfile")))
}

const BEFORE: &str = "FROM alpine:3.17\nWORKDIR /app\nCOPY src/b.txt ./\nCOPY src/a.txt ./\n\
    RUN echo made > made.txt && chown node made.txt && chmod 4750 made.txt\nENV A=1 B=2\nCMD [\"sh\"]\n";

fn compare_images(which: Which) {
    let Some(engine) = engine_support::engine(which) else { return };
    let _alone = engine_support::alone(which);
    let before_all = engine_support::holdings(which);
    let before = built(&engine, BEFORE).expect("it builds");
    let made = before.files.get("app/made.txt").expect("made by RUN");
    assert_eq!((made.mode, made.uid), (0o4750, 1000));
    assert!(matches!(made.kind, NodeKind::File { bytes: 5, .. }));
    assert!(before.layers.iter().any(|l| l.created_by.contains("COPY src/a.txt") && l.bytes > 0));
    assert!(before.bytes > 0 && before.platform.starts_with("linux/"));

    let reordered =
        BEFORE.replace("COPY src/b.txt ./\nCOPY src/a.txt ./\n", "COPY src/a.txt ./\nCOPY src/b.txt ./\n");
    let reordered = reordered.replace("ENV A=1 B=2", "ENV B=2\nENV A=1");
    let comparison = before.compare(&built(&engine, &reordered).expect("it builds"), &BTreeSet::new());
    assert!(comparison.is_same(), "{:?}", comparison.sentences());

    let other =
        BEFORE.replace("COPY src/b.txt ./", "COPY src/b.txt /b").replace("4750", "755").replace("A=1", "A=2");
    let sentences = before.compare(&built(&engine, &other).expect("it builds"), &BTreeSet::new()).sentences();
    let expected =
        ["/app/b.txt is missing", "/app/made.txt has mode 0755 instead of 4750", "/b is added", "Env is"];
    assert_eq!(sentences.len(), expected.len(), "{sentences:?}");
    for (sentence, start) in sentences.iter().zip(expected) {
        assert!(sentence.starts_with(start), "{sentence}");
    }

    let failed = built(&engine, "FROM alpine:3.17\nRUN exit 3\n").expect_err("it fails");
    assert!(matches!(failed, BuildError::Failed { .. }), "{failed}");
    assert_eq!(engine_support::holdings(which), before_all, "no image and no container is left behind");
}

#[test]
fn images_are_compared_file_by_file_on_the_new_engine() {
    compare_images(Which::New);
}

#[test]
fn images_are_compared_file_by_file_with_the_containerd_store() {
    compare_images(Which::Containerd);
}

#[test]
fn images_are_compared_file_by_file_on_the_old_engine() {
    compare_images(Which::Old);
}

#[test]
fn paths_that_vary_by_themselves_are_found_by_building_twice() {
    let Some(engine) = engine_support::engine(Which::New) else { return };
    let _alone = engine_support::alone(Which::New);
    let folder = tempfile::tempdir().expect("a folder");
    let dockerfile = "FROM alpine:3.17\nRUN cat /proc/sys/kernel/random/uuid > /stamp; echo same > /same\n";
    write(folder.path(), &[("Dockerfile", dockerfile)]);
    let request = Request::new(folder.path(), &folder.path().join("Dockerfile"));
    let varying = engine.varying(&request).expect("it builds");
    assert_eq!(varying, BTreeSet::from(["stamp".to_owned()]));
}

#[test]
fn a_stored_image_tells_its_config_and_a_missing_one_says_that_it_is_missing() {
    let Some(engine) = engine_support::engine(Which::New) else { return };
    let _alone = engine_support::alone(Which::New);
    let image = engine.stored_image("node:20-alpine").expect("asked").expect("there");
    assert_eq!(image.graph_config().env[0].0, "PATH");
    assert!(image.bytes > 1_000_000 && !image.layers.is_empty());
    assert_eq!(engine.stored_image("layerlab.invalid/none:1").expect("asked"), None);
    let error = engine.pulled_image("layerlab.invalid/none:1", std::time::Duration::from_secs(60));
    assert!(matches!(error, Err(BuildError::NoImage { .. })), "{error:?}");
}
