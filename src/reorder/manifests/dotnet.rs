//! .NET: solutions, projects and the files that MSBuild picks up on its own.

use super::{Install, Plan, Why};
use crate::context::path;

const PROJECTS: [&str; 3] = [".csproj", ".fsproj", ".vbproj"];
const SOLUTIONS: [&str; 2] = [".sln", ".slnx"];

/// What MSBuild and NuGet look for beside a project and in every directory above.
const PICKED_UP: [&str; 8] = [
    "directory.build.props",
    "directory.build.targets",
    "directory.packages.props",
    "directory.solution.props",
    "global.json",
    "nuget.config",
    "packages.lock.json",
    "directory.build.rsp",
];

/// `dotnet restore` reads the projects that it is given, those that they refer to, and settings above them.
pub(super) fn check(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    let mut open = roots(install);
    if open.is_empty() {
        return Err(install.no_manifest("project file"));
    }
    while let Some(project) = open.pop() {
        if plan.needs.contains(&project) {
            continue;
        }
        let text = install.files.read(&project).ok_or_else(|| Why::Unreadable(project.clone()))?;
        let (dir, _) = path::split(&project);
        plan.need(project.clone());
        settings_above(install, dir, plan);
        let is_project = ends(&project, &PROJECTS);
        if is_project {
            plan.writes.insert(path::join(dir, "obj"));
            if text.contains("<Import Project=") {
                return Err(Why::DependsOnSources(format!("{project} imports other files")));
            }
        }
        for reference in references(&text, is_project) {
            let target = path::clean(&path::join(dir, &reference.replace('\\', "/"))).into_owned();
            if !install.tree.contains(&target) {
                return Err(Why::NoManifest { name: target, dir: String::new() });
            }
            open.push(target);
        }
    }
    plan.needs.sort();
    Ok(())
}

/// The projects or solutions that the command names, else those in its directory.
fn roots(install: &Install<'_>) -> Vec<String> {
    let is_root = |name: &str| ends(name, &PROJECTS) || ends(name, &SOLUTIONS);
    let named: Vec<String> =
        install.words.iter().skip(2).filter(|word| is_root(word)).map(|word| install.path(word)).collect();
    if !named.is_empty() {
        return named;
    }
    let dir = install
        .words
        .iter()
        .skip(2)
        .map(|word| install.path(word))
        .find(|dir| install.tree.subtree(dir).is_some());
    let dir = dir.unwrap_or_else(|| install.dir.to_owned());
    let Some(subtree) = install.tree.subtree(&dir) else { return Vec::new() };
    let names: Vec<String> =
        subtree.root().iter().map(|(name, _)| name.to_owned()).filter(|name| is_root(name)).collect();
    // Beside a solution, projects count only through it.
    let solutions: Vec<String> = names.iter().filter(|name| ends(name, &SOLUTIONS)).cloned().collect();
    let chosen = if solutions.is_empty() { names } else { solutions };
    chosen.iter().map(|name| path::join(&dir, name)).collect()
}

/// Paths of projects in a solution or in a project's references, as written.
fn references(text: &str, is_project: bool) -> Vec<String> {
    if is_project {
        let parts = text.split("<ProjectReference").skip(1);
        return parts
            .filter_map(|part| part.split_once("Include=\"")?.1.split('"').next())
            .map(str::to_owned)
            .collect();
    }
    text.split('"').filter(|word| ends(word, &PROJECTS)).map(str::to_owned).collect()
}

fn settings_above(install: &Install<'_>, dir: &str, plan: &mut Plan) {
    let mut dir = dir;
    loop {
        let names = install.tree.subtree(dir);
        for (name, entry) in names.iter().flat_map(|subtree| subtree.root().iter()) {
            if !entry.is_dir() && PICKED_UP.contains(&name.to_ascii_lowercase().as_str()) {
                plan.need(path::join(dir, name));
            }
        }
        if dir.is_empty() {
            return;
        }
        dir = path::split(dir).0;
    }
}

fn ends(name: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| name.ends_with(end))
}
