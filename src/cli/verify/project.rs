//! The user's project: copied, built from nothing and after each edit, and by the scenarios that edit it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use super::Verification;
use crate::cli::edits::Edits;
use crate::cli::project::Sources;
use crate::context::{Entry, Ignore, Index, Scan};
use crate::engine::scenario::{Edit, Scenario};
use crate::engine::session::{BuildReport, Session, Settings};
use crate::engine::workspace::Workspace;
use crate::engine::{series, unique_mark};

impl Verification<'_> {
    /// The project's first build, its edits, and the scenarios that edit it.
    pub(super) fn project(&mut self, sources: &Sources) -> anyhow::Result<()> {
        let mark = unique_mark();
        let workspace = self.workspace(&mark)?;
        let settings = self.copy(sources, &workspace)?;
        let engine = self.engine.clone();
        let mut session = Session::new(&engine, &workspace, &mark);
        self.begin("project", "", None)?;
        let weighed = Settings { weigh: true, ..settings.clone() };
        let first = session.build("first build, from nothing", &weighed)?;
        let goes_on = first.can_go_on();
        self.learn_images(&session);
        self.take(first)?;
        if !goes_on || !self.edits(&mut session, sources, &workspace, &settings)? {
            return Ok(());
        }
        let of_project: Vec<Scenario> = self.scenarios.iter().filter(|s| !s.has_context()).cloned().collect();
        let mut spaces = Vec::new();
        for _ in &of_project {
            let space = self.workspace(&mark)?;
            let settings = self.copy(sources, &space)?;
            spaces.push((space, settings));
        }
        for (scenario, (space, settings)) in of_project.iter().zip(&spaces) {
            self.begin(&scenario.id, &scenario.about, scenario.undoable())?;
            if scenario.undoable().is_some() {
                continue;
            }
            session.move_to(space);
            let mut reports = Vec::new();
            let done =
                series::steps(&mut session, space, scenario, settings, &mut |report| reports.push(report));
            let goes_on = reports.iter().all(BuildReport::can_go_on);
            for report in reports {
                self.take(report)?;
            }
            done.with_context(|| format!("in the scenario {}", scenario.id))?;
            if !goes_on {
                break;
            }
        }
        Ok(())
    }

    /// One build after each edit that is asked for, each undone after it; yields whether there is more to compare.
    fn edits(
        &mut self,
        session: &mut Session<'_>,
        sources: &Sources,
        workspace: &Workspace,
        settings: &Settings,
    ) -> anyhow::Result<bool> {
        for name in &self.args.edits {
            let edits = Edits::find(sources, std::slice::from_ref(name))?;
            if edits.paths.is_empty() {
                self.report.notes.extend(edits.notes);
                continue;
            }
            let files: Vec<String> =
                edits.paths.iter().filter_map(|path| file_behind(sources, path)).collect();
            let kept: Vec<_> = files.iter().map(|path| workspace.keep(path)).collect::<Result<_, _>>()?;
            for path in &files {
                workspace.nudge(path)?;
            }
            let built = session.build(&format!("edit {name}"), settings)?;
            let goes_on = built.can_go_on();
            self.take(built)?;
            for kept in &kept {
                workspace.restore(kept)?;
            }
            if !goes_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Copies the project into a workspace, and says how to build it there.
    fn copy(&self, sources: &Sources, workspace: &Workspace) -> anyhow::Result<Settings> {
        let of_project = || self.scenarios.iter().filter(|s| !s.has_context());
        let edits = || of_project().flat_map(|s| s.builds().flat_map(|b| &b.edit)).filter_map(edited);
        let dockerfile = sources.dockerfile_path.as_deref().and_then(|p| sources.in_context(p));
        let ignore_file = sources.ignore_file.as_ref().and_then(|(p, _)| sources.in_context(p));
        // Files that no build takes in, but that a build reads or a scenario edits.
        let mut also: BTreeSet<&str> = BTreeSet::from([".dockerignore"]);
        also.extend(dockerfile.as_deref());
        also.extend(ignore_file.as_deref());
        also.extend(edits());
        also.retain(|path| sources.context.join(path).is_file());
        let also: Vec<&str> = also.into_iter().collect();
        let everything = edits().any(|path| path.ends_with(".dockerignore"));
        let whole = everything
            .then(|| Scan::new(&sources.context, Ignore::default(), Index::default()))
            .transpose()?;
        let tree = whole.as_ref().map_or(sources.scan.tree(), Scan::tree);
        workspace.copy(&sources.context, tree, workspace.root(), &also)?;
        let place = match &dockerfile {
            Some(path) => workspace.root().join(path),
            // Outside of the context, or on standard input.
            None => {
                let folder = workspace.beside("dockerfile")?;
                let path = sources.dockerfile_path.as_deref();
                let name = path.and_then(Path::file_name).unwrap_or("Dockerfile".as_ref());
                std::fs::write(folder.join(name), &*sources.text)?;
                let own = sources.ignore_file.as_ref().filter(|_| ignore_file.is_none());
                if let Some((_, text)) = own {
                    let mut own = name.to_owned();
                    own.push(".dockerignore");
                    std::fs::write(folder.join(own), text)?;
                }
                folder.join(name)
            }
        };
        let mut settings = self.settings(&place);
        for (number, (name, scan)) in sources.named.iter().enumerate() {
            let folder = workspace.beside(&format!("named-{number}"))?;
            let ignore = scan.root().join(".dockerignore").is_file().then_some(".dockerignore");
            let also: Vec<&str> = ignore.into_iter().collect();
            workspace.copy(scan.root(), scan.tree(), &folder, &also)?;
            settings.named.insert(name.clone(), folder);
        }
        Ok(settings)
    }
}

/// The file that an editor would write to: a symbolic link leads to it.
fn file_behind(sources: &Sources, path: &str) -> Option<String> {
    match sources.scan.tree().resolve(path, true) {
        Ok(Some((at, Entry::File(_)))) => Some(at),
        _ => None,
    }
}

/// The path that an edit needs to be there.
fn edited(edit: &Edit) -> Option<&str> {
    match edit {
        Edit::Append { path, .. }
        | Edit::Replace { path, .. }
        | Edit::Delete { path }
        | Edit::Rename { path, .. }
        | Edit::Chmod { path, .. }
        | Edit::Touch { path, .. }
        | Edit::Write { path, .. }
        | Edit::WriteKeepMtime { path, .. } => Some(path),
        Edit::None {} | Edit::Mkdir { .. } | Edit::Symlink { .. } => None,
    }
}
