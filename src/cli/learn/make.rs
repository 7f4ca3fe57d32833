//! For authors: a skeleton, and the proof that lessons keep what they say.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::json;

use super::super::Ended;
use super::super::output::{print_json, safe};
use crate::lesson::{Course, Lesson, LessonError, course, prove};

/// What a new lesson begins with; a test proves it.
pub const SKELETON: [(&str, &str); 4] = [
    ("lesson.toml", include_str!("skeleton/lesson.toml")),
    ("lesson.md", include_str!("skeleton/lesson.md")),
    ("project/Dockerfile", include_str!("skeleton/project.Dockerfile")),
    ("solutions/fix/Dockerfile", include_str!("skeleton/solution.Dockerfile")),
];

/// Small files that the skeleton's project has besides.
pub const SKELETON_FILES: [(&str, &str); 3] = [
    ("project/requirements.txt", "flask==3.0.3\n"),
    ("project/app.py", "print(\"hello\")\n"),
    ("project/README.md", "# A small project\n"),
];

/// Makes the skeleton of a lesson.
pub fn new(dir: &Path) -> anyhow::Result<Ended> {
    let name = dir.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        bail!("name the lesson's folder with small letters, digits and dashes, as in 30-my-lesson");
    }
    if dir.symlink_metadata().is_ok() {
        bail!("{} is there already", dir.display());
    }
    for (path, text) in SKELETON.iter().chain(&SKELETON_FILES) {
        let to = dir.join(path);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        std::fs::write(&to, text).with_context(|| format!("cannot write {}", to.display()))?;
    }
    let shown = dir.display().to_string();
    say!("Made {}: lesson.toml says what happens, lesson.md holds the words.", safe(&shown));
    say!("Prove it:  layerlab learn test {}", safe(&shown));
    say!(
        "Try it:    layerlab learn --lessons {} start {name}",
        safe(
            &dir.parent()
                .filter(|p| !p.as_os_str().is_empty())
                .unwrap_or(Path::new("."))
                .display()
                .to_string()
        )
    );
    Ok(Ended::Done)
}

/// Proves the lessons of a folder, or of the embedded course.
pub fn test(dir: Option<&Path>, as_json: bool) -> anyhow::Result<Ended> {
    let embedded = Course::open(None).map_err(|e| anyhow::anyhow!(joined(&e)))?;
    let (lessons, errors) = match dir {
        None => (embedded.lessons.clone(), Vec::new()),
        Some(dir) => from_folder(dir)?,
    };
    let mut ids: Vec<&str> = embedded.lessons.iter().map(|l| l.id.as_str()).collect();
    ids.extend(lessons.iter().map(|l| l.id.as_str()));
    let findings: Vec<_> = lessons.iter().flat_map(|l| prove::prove(l, &ids)).collect();
    let wrong = findings.iter().filter(|f| !f.holds).count() + errors.len();
    if as_json {
        let errors: Vec<_> = errors
            .iter()
            .map(|e| json!({"file": e.file, "line": e.line, "column": e.column, "message": e.message}))
            .collect();
        print_json(&json!({"schema": 1, "lessons": lessons.len(), "errors": errors, "findings": findings}))?;
    } else {
        for e in &errors {
            say!("{e}");
        }
        for f in findings.iter().filter(|f| !f.holds) {
            say!("{}: not so: {}", safe(&f.at), f.what);
            for why in &f.why {
                say!("    {}", safe(why));
            }
        }
        let held = findings.len() - findings.iter().filter(|f| !f.holds).count();
        say!(
            "{} lessons read, {held} of {} claims hold, {} files or claims are wrong.",
            lessons.len(),
            findings.len(),
            wrong
        );
    }
    Ok(if wrong == 0 { Ended::Done } else { Ended::No })
}

fn joined(errors: &[LessonError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn from_folder(dir: &Path) -> anyhow::Result<(Vec<Lesson>, Vec<LessonError>)> {
    // A name such as `.` says nothing of the lesson.
    let dir = dir.canonicalize().with_context(|| format!("cannot read {}", dir.display()))?;
    let folders = if dir.join("lesson.toml").is_file() {
        vec![dir.clone()]
    } else {
        let mut found: Vec<_> = std::fs::read_dir(&dir)
            .with_context(|| format!("cannot read {}", dir.display()))?
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.join("lesson.toml").is_file())
            .collect();
        found.sort();
        found
    };
    if folders.is_empty() {
        bail!("{} holds no lesson: a lesson is a folder with lesson.toml and lesson.md", dir.display());
    }
    let (mut lessons, mut errors) = (Vec::new(), Vec::new());
    for folder in folders {
        let id = folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        match course::read_folder(&folder) {
            Err(e) => errors.push(e),
            Ok(files) => match Lesson::load(&id, &files) {
                Ok(lesson) => lessons.push(lesson),
                Err(mut e) => errors.append(&mut e),
            },
        }
    }
    Ok((lessons, errors))
}
