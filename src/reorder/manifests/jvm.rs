//! Maven and Gradle.

use super::{Install, Plan, Why, maven};

/// What Maven does from pom.xml alone.
const MAVEN_FETCHES: [&str; 3] =
    ["dependency:go-offline", "dependency:resolve", "dependency:resolve-plugins"];

/// What Gradle does without the sources.
const GRADLE_FETCHES: [&str; 3] = ["dependencies", "resolveDependencies", "downloadDependencies"];
const GRADLE_VALUES: [&str; 10] = [
    "-x",
    "--exclude-task",
    "--configuration",
    "-P",
    "-D",
    "-g",
    "--gradle-user-home",
    "--console",
    "--max-workers",
    "--warning-mode",
];

/// Refuses a command that has other goals or tasks beside those that fetch.
fn only(install: &Install<'_>, fetches: &[&str], values: &[&str]) -> Result<(), Why> {
    let words = &install.words;
    let is_other = |at: &usize| {
        let word = words[*at].as_str();
        // `:app:dependencies` is the task of a project.
        let task = if fetches == GRADLE_FETCHES {
            word.rsplit(':').next().unwrap_or(word)
        } else {
            maven::goal(word)
        };
        !word.starts_with('-') && !values.contains(&words[at - 1].as_str()) && !fetches.contains(&task)
    };
    match (1..words.len()).find(is_other) {
        Some(at) => Err(Why::SharesCommand(words[at].clone())),
        None => Ok(()),
    }
}

pub(super) fn maven(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    only(install, &MAVEN_FETCHES, &maven::VALUES)?;
    maven::check(install, plan)
}

/// Gradle reads the build scripts of every project that its settings include.
pub(super) fn gradle(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    only(install, &GRADLE_FETCHES, &GRADLE_VALUES)?;
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
