//! layerlab's predictions against real engines.

mod engine_support;

use std::path::{Path, PathBuf};

use engine_support::Which;
use layerlab::engine::compare::{Ending, Verdict};
use layerlab::engine::scenario::Scenario;
use layerlab::engine::series;
use layerlab::engine::session::{BuildReport, Settings};

fn settings() -> Settings {
    Settings::new(Path::new("Dockerfile"))
}

fn scenarios(folder: &str) -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        folder.read_dir().expect("in the tree").flatten().map(|e| e.path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let text = std::fs::read_to_string(&file).expect("text");
        Scenario::read(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
    };
    files.into_iter().flat_map(read).collect()
}

#[test]
#[ignore = "an exploration: runs the cases named in LAYERLAB_CASES and prints what differs"]
fn explore() {
    let which = match std::env::var("LAYERLAB_WHICH").as_deref() {
        Ok("old") => Which::Old,
        Ok("containerd") => Which::Containerd,
        _ => Which::New,
    };
    let Some(engine) = engine_support::engine(which) else { return };
    let text = std::fs::read_to_string(std::env::var("LAYERLAB_CASES").expect("a file")).expect("text");
    let filter = std::env::var("LAYERLAB_FILTER").unwrap_or_default();
    let mut counts = std::collections::BTreeMap::new();
    for scenario in Scenario::read(&text).expect("scenarios") {
        if scenario.undoable().is_some() || !scenario.id.contains(&filter) {
            continue;
        }
        let mut on_build = |report: BuildReport| {
            for row in &report.steps {
                *counts.entry(format!("{:?}", row.verdict)).or_insert(0) += 1;
                if !matches!(row.verdict, Verdict::Same | Verdict::GuessedRight) {
                    println!(
                        "{} / {}: {:?} {} predicted {:?} real {:?} {}",
                        scenario.id,
                        report.name,
                        row.verdict,
                        row.label,
                        row.predicted,
                        row.real,
                        row.note.as_deref().unwrap_or_default()
                    );
                }
            }
            if report.ending != Ending::Built {
                println!("{} / {}: {:?}", scenario.id, report.name, report.ending);
            }
        };
        if let Err(error) = series::own_context(&engine, &scenario, &settings(), &mut on_build) {
            println!("{}: {error}", scenario.id);
        }
    }
    println!("{counts:?}");
}
