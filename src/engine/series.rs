//! Whole scenarios on an engine: write or copy the context, edit, build, compare.

use std::path::{Path, PathBuf};

use super::find::Engine;
use super::scenario::{Options, Scenario};
use super::session::{BuildReport, Session, SessionError, Settings};
use super::store::unique;
use super::workspace::Workspace;
use crate::graph::NoCache;

/// Does a scenario with a context of its own, from a cold start, and hands out each build as it ends.
///
/// A build after which nothing can be compared any more ends it.
///
/// # Errors
/// As [`Session::build`].
pub fn own_context(
    engine: &Engine,
    scenario: &Scenario,
    base: &Settings,
    on_build: &mut dyn FnMut(BuildReport),
) -> Result<(), SessionError> {
    let mark = unique();
    let workspace = new_workspace(&mark)?;
    workspace.write_context(&scenario.context)?;
    if let Some(text) = scenario.dockerfile.as_ref().filter(|_| !scenario.context.contains_key("Dockerfile"))
    {
        let write = super::scenario::Edit::Write {
            path: "Dockerfile".to_owned(),
            content: text.clone(),
            repeat: None,
            mode: None,
        };
        workspace.apply(&write)?;
    }
    let mut session = Session::new(engine, &workspace, &mark);
    let base = Settings { dockerfile: workspace.root().join("Dockerfile"), ..base.clone() };
    let first = edit_and_build(&mut session, &workspace, scenario, 0, &base)?;
    let goes_on = first.can_go_on();
    on_build(first);
    if goes_on { steps(&mut session, &workspace, scenario, &base, on_build) } else { Ok(()) }
}

/// Does the steps of a scenario after its first build.
///
/// # Errors
/// As [`Session::build`].
pub fn steps(
    session: &mut Session<'_>,
    workspace: &Workspace,
    scenario: &Scenario,
    base: &Settings,
    on_build: &mut dyn FnMut(BuildReport),
) -> Result<(), SessionError> {
    for number in 1..=scenario.steps.len() {
        let report = edit_and_build(session, workspace, scenario, number, base)?;
        let goes_on = report.can_go_on();
        on_build(report);
        if !goes_on {
            break;
        }
    }
    Ok(())
}

/// Makes a workspace.
///
/// # Errors
/// The temporary folder cannot be made.
pub fn new_workspace(mark: &str) -> Result<Workspace, SessionError> {
    Workspace::new(mark).map_err(|error| SessionError::Io(std::env::temp_dir(), error))
}

/// Does one build of a scenario, the first one being number 0.
fn edit_and_build(
    session: &mut Session<'_>,
    workspace: &Workspace,
    scenario: &Scenario,
    number: usize,
    base: &Settings,
) -> Result<BuildReport, SessionError> {
    let Some(step) = scenario.builds().nth(number) else {
        return Err(SessionError::Unsupported("a scenario has no such step"));
    };
    for edit in &step.edit {
        workspace.apply(edit)?;
    }
    let settings = settings(&step.options.over(&scenario.options), base, workspace)?;
    let edits: Vec<String> = step.edit.iter().map(ToString::to_string).collect();
    let name = match (number, edits.is_empty()) {
        (0, _) => "first build".to_owned(),
        (_, true) => format!("step {number}: nothing edited"),
        (_, false) => format!("step {number}: {}", edits.join(", ")),
    };
    session.build(&name, &settings)
}

/// Lays a scenario's options over those of the command line.
fn settings(options: &Options, base: &Settings, workspace: &Workspace) -> Result<Settings, SessionError> {
    let mut settings = base.clone();
    if let Some(file) = &options.file {
        settings.dockerfile = inside(workspace, file);
    }
    if options.target.is_some() {
        settings.options.target.clone_from(&options.target);
    }
    if let Some(arguments) = &options.build_args {
        settings.options.build_args.extend(arguments.clone());
    }
    match (options.no_cache, &options.no_cache_filter) {
        (Some(true), _) => settings.options.no_cache = NoCache::All,
        (_, Some(stages)) => settings.options.no_cache = NoCache::Stages(stages.clone()),
        (Some(false), None) => settings.options.no_cache = NoCache::Off,
        (None, None) => {}
    }
    if let Some(named) = &options.named_contexts {
        settings.named =
            named.iter().map(|(name, at)| (name.to_lowercase(), inside(workspace, at))).collect();
    }
    if let Some(images) = &options.images {
        settings.images.extend(images.clone());
    }
    for (id, value) in options.secrets.iter().flatten() {
        let folder =
            workspace.beside("secrets").map_err(|e| SessionError::Io(PathBuf::from("secrets"), e))?;
        let file = folder.join(id.replace(['/', '\\'], "_"));
        std::fs::write(&file, value).map_err(|e| SessionError::Io(file.clone(), e))?;
        settings.secrets.push(format!("id={id},src={}", file.display()));
    }
    Ok(settings)
}

/// A path in the copy of the context; what would lead out of it stays in it.
fn inside(workspace: &Workspace, path: &str) -> PathBuf {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    parts.fold(workspace.root().to_owned(), |place, part| place.join(Path::new(part)))
}
