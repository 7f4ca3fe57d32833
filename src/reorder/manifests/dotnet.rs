//! .NET: solutions, projects and the files that MSBuild picks up on its own.

use super::{Install, Plan, Why};

const PROJECTS: [&str; 6] = [".csproj", ".fsproj", ".vbproj", ".sln", ".slnx", ".slnf"];

const PICKED_UP: [&str; 8] = [
    "directory.build.props",
    "directory.build.targets",
    "directory.packages.props",
    "directory.solution.props",
    "global.json",
    "nuget.config",
    "packages.lock.json",
    "dotnet-tools.json",
];

/// `dotnet restore` reads all projects below where it runs; a superset of those that it needs is as safe.
pub(super) fn check(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    let mut found = false;
    for (path, entry) in install.tree {
        let inside = install.dir.is_empty() || crate::context::path::is_within(&path, install.dir);
        if entry.is_dir() || !inside {
            continue;
        }
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let is_project = PROJECTS.iter().any(|end| name.ends_with(end));
        if !is_project && !PICKED_UP.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        found |= is_project;
        plan.need(path.clone());
        if is_project && !name.contains(".sln") {
            plan.writes.insert(crate::context::path::join(dir, "obj"));
            let text = install.files.read(&path).ok_or_else(|| Why::Unreadable(path.clone()))?;
            if text.contains("<Import Project=") {
                return Err(Why::DependsOnSources(format!("{path} imports other files")));
            }
        }
    }
    if found { Ok(()) } else { Err(Why::NoManifest("project file".to_owned())) }
}
