//! A lesson on the learner's own project: names like `@source` become files of it.

use super::load::Lesson;
use super::manifest::Op;
use super::project::Project;
use crate::context::path;

/// Names that stand for a kind of file, and what they stand for.
pub const NAMES: [(&str, &str); 3] =
    [("@source", "a source file"), ("@manifest", "the dependency manifest"), ("@readme", "the README")];

/// File names that say what a project depends on.
const MANIFESTS: [&str; 18] = [
    "package.json",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "Gemfile",
    "composer.json",
    "mix.exs",
    "pubspec.yaml",
    "Package.swift",
    "deno.json",
    "environment.yml",
    "setup.py",
    "project.clj",
];

/// Endings of source files.
const SOURCES: [&str; 26] = [
    "js", "ts", "tsx", "jsx", "mjs", "vue", "svelte", "py", "go", "rs", "java", "kt", "scala", "rb", "php",
    "cs", "fs", "c", "cc", "cpp", "h", "swift", "ex", "clj", "dart", "zig",
];

/// Folders whose files are not what one usually edits.
const ASIDE: [&str; 10] =
    ["node_modules", "vendor", "dist", "build", "target", ".git", "test", "tests", "__tests__", "docs"];

/// Finds the file of a project that a name stands for.
pub fn pick(project: &Project, name: &str) -> Option<String> {
    let files: Vec<&str> = project.iter().map(|(p, _)| p).collect();
    let depth = |p: &str| p.matches('/').count();
    match name {
        "@manifest" => {
            let found = files.iter().filter(|p| {
                let base = path::split(p).1;
                MANIFESTS.contains(&base) || base.ends_with(".csproj") || base.ends_with(".fsproj")
            });
            found.min_by_key(|p| (depth(p), **p)).map(ToString::to_string)
        }
        "@readme" => {
            let found = files.iter().filter(|p| path::split(p).1.to_lowercase().starts_with("readme"));
            found.min_by_key(|p| (depth(p), **p)).map(ToString::to_string)
        }
        "@source" => {
            let is_source = |p: &&&str| {
                let ending = p.rsplit_once('.').map_or("", |(_, e)| e);
                SOURCES.contains(&ending)
                    && !p.split('/').any(|part| ASIDE.contains(&part))
                    && !p.contains(".config.")
            };
            // The folder with the most source files is where people work.
            let sources: Vec<&&str> = files.iter().filter(is_source).collect();
            let top = |p: &str| p.split('/').next().unwrap_or_default().to_string();
            let weight = |p: &str| sources.iter().filter(|q| top(q) == top(p)).count();
            sources
                .iter()
                .max_by_key(|p| (weight(p), std::cmp::Reverse(depth(p)), std::cmp::Reverse(***p)))
                .map(ToString::to_string)
        }
        "@dockerfile" => Some(project.dockerfile().to_string()),
        _ => None,
    }
}

/// Makes the lesson be about a project: its files, and the names in its changes. Steps about a kind of file that
/// the project has not are left out.
pub fn on(lesson: &Lesson, project: Project) -> Lesson {
    let mut lesson = lesson.clone();
    lesson.overlays.retain(|name, _| name.starts_with("solutions/"));
    lesson.steps.retain_mut(|step| {
        let m = &mut step.manifest;
        let mut ops = m.change.iter_mut().chain(&mut m.given);
        let mut all = ops.all(|op| fill(op, &project));
        m.goal.retain_mut(|g| g.after.iter_mut().chain(&mut g.given).all(|op| fill(op, &project)));
        if m.kind == super::Kind::Repair && m.goal.is_empty() {
            all = false;
        }
        if let Some(ask) = &mut m.ask {
            for (name, _) in NAMES {
                if let Some(file) = pick(&project, name) {
                    *ask = ask.replace(name, &file);
                }
            }
        }
        all
    });
    lesson.project = project;
    lesson
}

fn fill(op: &mut Op, project: &Project) -> bool {
    for field in [&mut op.edit, &mut op.append, &mut op.delete, &mut op.chmod, &mut op.touch] {
        if let Some(name) = field.as_deref().filter(|n| n.starts_with('@')) {
            match pick(project, name) {
                Some(file) => *field = Some(file),
                None => return false,
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::project::ProjectFile;
    use super::*;

    #[test]
    fn the_usual_file_of_each_kind_is_found() {
        let mut p = Project::default();
        for path in [
            "web/package.json",
            "package.json",
            "README.md",
            "src/a.ts",
            "src/b/c.ts",
            "tests/x.ts",
            "vite.config.ts",
        ] {
            p.insert(path, ProjectFile::text("x"));
        }
        assert_eq!(pick(&p, "@manifest").as_deref(), Some("package.json"));
        assert_eq!(pick(&p, "@readme").as_deref(), Some("README.md"));
        assert_eq!(pick(&p, "@source").as_deref(), Some("src/a.ts"));
        assert_eq!(pick(&Project::default(), "@source"), None);
    }
}
