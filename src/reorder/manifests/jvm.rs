//! Maven and Gradle.

use super::{Install, Plan, Why};

pub(super) fn maven(install: &Install<'_>) -> Result<(), Why> {
    let pom = install.read("pom.xml")?;
    if pom.contains("<modules>") || pom.contains("<subprojects>") {
        return Err(Why::DependsOnSources(
            "modules that depend on each other have to be built first".to_owned(),
        ));
    }
    if pom.contains("<systemPath>") || pom.contains("${project.basedir}/") {
        let what = "files beside pom.xml".to_owned();
        return Err(Why::LocalDependency { path: install.path("pom.xml"), what });
    }
    let parent = pom.split_once("<relativePath>").map(|(_, rest)| rest.trim_start());
    if parent.is_some_and(|rest| !rest.starts_with('<')) {
        let what = "a parent in another directory".to_owned();
        return Err(Why::LocalDependency { path: install.path("pom.xml"), what });
    }
    Ok(())
}

/// Gradle reads the build scripts of every project that its settings include.
pub(super) fn gradle(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    let mut scripts = vec![String::new()];
    for name in ["settings.gradle", "settings.gradle.kts"] {
        if !install.has(name) {
            continue;
        }
        let text = install.read(name)?;
        if text.contains("includeBuild") || text.contains("projectDir") || text.contains("file(") {
            return Err(Why::DependsOnSources(format!("{} includes other builds", install.path(name))));
        }
        scripts.extend(included(&text));
    }
    if install.has("buildSrc") {
        return Err(Why::DependsOnSources("buildSrc is compiled first".to_owned()));
    }
    for project in scripts {
        for name in ["build.gradle", "build.gradle.kts", "gradle.properties", "gradle.lockfile"] {
            let path = crate::context::path::join(&project, name);
            if !install.has(&path) {
                continue;
            }
            install.need(&path, plan);
            let text = install.read(&path)?;
            if ["apply from", "apply(from", "files(", "fileTree(", "file("]
                .iter()
                .any(|word| text.contains(word))
            {
                return Err(Why::DependsOnSources(format!("{} reads other files", install.path(&path))));
            }
        }
        plan.writes.insert(install.path(&crate::context::path::join(&project, "build")));
    }
    Ok(())
}

/// The directories of projects that settings include: quoted names after `include`, colons standing for slashes.
fn included(text: &str) -> Vec<String> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("include"))
        .flat_map(|line| line.split(['"', '\'']).skip(1).step_by(2))
        .map(|name| name.trim_start_matches(':').replace(':', "/"))
        .collect()
}
