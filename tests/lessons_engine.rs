//! The lessons' predictions, done on a real engine: with small bases and harmless commands, the keys' structure kept.

mod engine_support;

use std::path::Path;

use engine_support::Which;
use layerlab::engine::compare::{Ending, Verdict};
use layerlab::engine::progress::Status as RealStatus;
use layerlab::engine::series;
use layerlab::engine::session::{BuildReport, Settings};
use layerlab::lesson::{Course, real};

#[test]
fn every_prediction_comes_true_on_a_present_day_engine() {
    // The containerd image store merges, as the lessons say unless they speak of the classic one.
    let Some(engine) = engine_support::engine(Which::Containerd) else { return };
    let course = Course::open(None).expect("the embedded lessons");
    let (mut wrong, mut builds, mut steps) = (String::new(), 0, 0);
    let only = std::env::var("LAYERLAB_LESSON").unwrap_or_default();
    for lesson in course.lessons.iter().filter(|l| l.id.contains(&only)) {
        for claim in real::claims(lesson).unwrap_or_else(|e| panic!("{e}")) {
            let id = &claim.scenario.id;
            let mut reports: Vec<BuildReport> = Vec::new();
            let settings = Settings::new(Path::new("Dockerfile"));
            if let Err(e) = series::own_context(&engine, &claim.scenario, &settings, &mut |r| reports.push(r))
            {
                wrong.push_str(&format!("{id}: {e}\n"));
                continue;
            }
            builds += reports.len();
            let Some(second) = reports.get(1) else {
                wrong.push_str(&format!(
                    "{id}: the first build ended it: {:?}\n",
                    reports.first().map(|r| &r.ending)
                ));
                continue;
            };
            if second.ending != Ending::Built {
                wrong.push_str(&format!("{id}: {:?}\n", second.ending));
            }
            if second.steps.len() != claim.steps.len() {
                wrong.push_str(&format!(
                    "{id}: {} steps, and the lesson has {}\n",
                    second.steps.len(),
                    claim.steps.len()
                ));
            }
            for (row, (label, said)) in second.steps.iter().zip(&claim.steps) {
                steps += 1;
                let real = row.real.map(|r| r.status);
                let ran = match real {
                    Some(RealStatus::Executed) => Some(true),
                    Some(RealStatus::Cached) => Some(false),
                    _ => None,
                };
                // A vertex that two stages share is printed once.
                let as_said = said.is_none() || ran.is_none() || *said == ran;
                let as_modelled = !matches!(row.verdict, Verdict::Different | Verdict::GuessedWrong);
                if !as_said || !as_modelled {
                    wrong.push_str(&format!(
                        "{id}: {label}: the lesson says {said:?}, the engine {real:?} ({:?})\n",
                        row.verdict
                    ));
                }
            }
        }
    }
    println!("{builds} builds, {steps} steps compared");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(!only.is_empty() || steps > 150, "only {steps} steps were compared");
}
