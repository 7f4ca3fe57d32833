//! A lesson's predictions as scenarios for a real engine.
//!
//! The engine need hold no more than small bases with a shell: every external base is another of [`BASES`], and
//! a RUN's command becomes one that does nothing, or the lesson's stand-in for it. Both keep which keys are equal:
//! another command text is another stand-in.

use std::collections::BTreeMap;

use super::load::Lesson;
use super::manifest::{BuildOptions, Kind, StandIn, Store};
use super::project::{Body, Project, ProjectFile};
use super::scenario::{Run, merged};
use super::{own, predict};
use crate::dockerfile::{self, InstructionKind, ast::CommandLine};
use crate::engine::scenario::{Content, Edit, Node, Options, Scenario, Step};
use crate::solver::Status;

/// Small images that stand in for a lesson's bases, in the order in which they are named.
pub const BASES: [&str; 4] = ["alpine:3.17", "alpine:3.20", "busybox:1.36", "alpine:latest"];

/// A prediction of a lesson's, to be done on an engine.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The two builds.
    pub scenario: Scenario,
    /// What the lesson says of the second one: each step but the FROMs, and whether it runs. None where a RUN's
    /// output decides.
    pub steps: Vec<(String, Option<bool>)>,
}

/// All predictions by marks of a lesson that an engine can do.
///
/// # Errors
/// A stand-in that leaves a Dockerfile which cannot be read.
pub fn claims(lesson: &Lesson) -> Result<Vec<Claim>, String> {
    if lesson.manifest.engine.skip.is_some() {
        return Ok(Vec::new());
    }
    let sample = lesson.manifest.own_project.then(|| own::on(lesson, lesson.project.clone()));
    let lesson = sample.as_ref().unwrap_or(lesson);
    let mut claims = Vec::new();
    for (i, step) in lesson.steps.iter().enumerate() {
        let m = &step.manifest;
        let before = merged(&lesson.manifest.build, &m.before);
        let after = merged(&before, &m.with);
        let undoable = after.cache.is_some() || after.image_store == Some(Store::Classic);
        if m.kind != Kind::Predict || m.rebuilds.is_none() || undoable {
            continue;
        }
        let run = predict::run(lesson, i).map_err(|e| format!("{}/{}: {e}", lesson.id, m.id))?;
        claims.push(
            claim(lesson, i, &run, &before, &after).map_err(|e| format!("{}/{}: {e}", lesson.id, m.id))?,
        );
    }
    Ok(claims)
}

fn claim(
    lesson: &Lesson,
    step: usize,
    run: &Run,
    before: &BuildOptions,
    after: &BuildOptions,
) -> Result<Claim, String> {
    let m = &lesson.steps[step].manifest;
    let stand_ins = &lesson.manifest.engine.stand_in;
    let mut old = lesson.start(step);
    for op in &m.given {
        old.apply(op).map_err(|e| e.to_string())?;
    }
    let mut new = old.clone();
    for op in &m.change {
        new.apply(op).map_err(|e| e.to_string())?;
    }
    let touched: Vec<&String> = m.change.iter().filter_map(|op| op.touch.as_ref()).collect();
    let names = bases(&run.after.input.dockerfile);
    for project in [&mut old, &mut new] {
        let text = project.text("Dockerfile").ok_or("no Dockerfile")?.clone();
        project.insert("Dockerfile", ProjectFile::text(adapted(&text, stand_ins, &names)?));
    }
    let context = old.iter().map(|(path, file)| (path.to_string(), content(file))).collect();
    let mut edit: Vec<Edit> =
        old.changed(&new).into_iter().flat_map(|path| edits(&path, &old, &new)).collect();
    edit.extend(touched.into_iter().map(|path| Edit::Touch { path: path.clone(), mtime: None }));
    let scenario = Scenario {
        id: format!("{}/{}", lesson.id, m.id),
        about: m.ask.clone().unwrap_or_default(),
        context,
        first: Step { options: options(before, &names), ..Step::default() },
        steps: vec![Step { edit, options: options(after, &names), ..Step::default() }],
        ..Scenario::default()
    };
    let said = |s: &crate::solver::StepPrediction| {
        let status = (s.status == Status::Executed).then_some(true).or(Some(false));
        (s.label.to_string(), status.filter(|_| s.certain))
    };
    let steps = run
        .after
        .outcome
        .prediction
        .steps
        .iter()
        .filter(|s| !s.label.instruction.starts_with("FROM "))
        .map(said)
        .collect();
    Ok(Claim { scenario, steps })
}

/// The external bases of a Dockerfile, and what stands in for each.
fn bases(file: &dockerfile::Dockerfile) -> BTreeMap<String, String> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (i, stage) in file.stages.iter().enumerate() {
        let is_stage = file.stages[..i].iter().any(|s| s.name.as_deref() == Some(stage.base.as_str()));
        if !is_stage && stage.base != "scratch" && !names.contains_key(&stage.base) {
            let stand_in = BASES[names.len() % BASES.len()];
            names.insert(stage.base.clone(), stand_in.to_string());
        }
    }
    names
}

/// The Dockerfile with stand-ins for its bases and commands; all else stays as written.
fn adapted(text: &str, stand_ins: &[StandIn], names: &BTreeMap<String, String>) -> Result<String, String> {
    let file = dockerfile::parse(text).map_err(|e| e.to_string())?;
    let mut changes: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    for stage in &file.stages {
        if let Some(name) = names.get(&stage.base) {
            changes.push((stage.base_span.clone(), name.clone()));
        }
        for instruction in &stage.instructions {
            let InstructionKind::Run(run) = &instruction.kind else { continue };
            let CommandLine::Shell(command) = &run.command else { continue };
            let with = stand_ins
                .iter()
                .find(|s| command.contains(&s.run))
                .map_or_else(|| format!(": '{}'", command.replace('\'', "'\\''")), |s| s.with.clone());
            let mounts: Vec<String> = run.mounts.iter().map(|m| format!("--mount={} ", m.value)).collect();
            changes.push((instruction.span.clone(), format!("RUN {}{with}", mounts.concat())));
        }
    }
    changes.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut out = text.to_string();
    for (span, with) in changes {
        out.replace_range(span, &with);
    }
    Ok(out)
}

fn content(file: &ProjectFile) -> Content {
    let mode = Some(format!("{:o}", file.mode));
    match &file.body {
        Body::Text(text) => Content::Node(Node { content: text.to_string(), mode, ..Node::default() }),
        Body::Zeros(size) | Body::Known(size, _) => {
            Content::Node(Node { content: "0".into(), repeat: Some(*size as usize), mode, ..Node::default() })
        }
        Body::Link(to) => Content::Node(Node { symlink: Some(to.to_string()), ..Node::default() }),
    }
}

fn edits(path: &str, old: &Project, new: &Project) -> Vec<Edit> {
    let path = path.to_string();
    let Some(file) = new.get(&path) else { return vec![Edit::Delete { path }] };
    if old.get(&path).is_some_and(|o| o.body == file.body) {
        return vec![Edit::Chmod { path, mode: format!("{:o}", file.mode) }];
    }
    let (content, repeat) = match &file.body {
        Body::Text(text) => (text.to_string(), None),
        Body::Zeros(size) | Body::Known(size, _) => ("1".into(), Some(*size as usize)),
        Body::Link(to) => (to.to_string(), None),
    };
    vec![Edit::Write { path, content, repeat, mode: Some(format!("{:o}", file.mode)) }]
}

fn options(build: &BuildOptions, names: &BTreeMap<String, String>) -> Options {
    let images: BTreeMap<String, String> =
        build.images.keys().filter_map(|image| Some((names.get(image)?.clone(), "b".to_string()))).collect();
    Options {
        target: build.target.clone(),
        build_args: (!build.build_args.is_empty()).then(|| build.build_args.clone()),
        no_cache: build.no_cache,
        no_cache_filter: build.no_cache_filter.clone(),
        images: (!images.is_empty()).then_some(images),
        ..Options::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_bases_are_replaced_and_all_else_stays() {
        let text = "# c\nFROM golang:1.19 AS b\nRUN --mount=type=cache,target=/c go build \\\n  -o /s .\nFROM b\nRUN it's\nCOPY a b\n";
        let file = dockerfile::parse(text).unwrap();
        let stand_in = [StandIn { run: "go build".into(), with: "cat x > /s".into() }];
        assert_eq!(
            adapted(text, &stand_in, &bases(&file)).unwrap(),
            "# c\nFROM alpine:3.17 AS b\nRUN --mount=type=cache,target=/c cat x > /s\nFROM b\nRUN : 'it'\\''s'\nCOPY a b\n"
        );
    }
}
