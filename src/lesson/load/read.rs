//! Reads the files of a lesson's folder, and tells of each what is wrong with it.

use std::collections::BTreeMap;

use super::super::manifest::Manifest;
use super::super::project::{Body, Project, ProjectFile, check_path, octal};
use super::super::size::parse_size;
use super::super::text::{self, StepText};
use super::{Lesson, LessonError, LessonFiles, Step};
use crate::dockerfile::diagnostic::line_and_column;

/// Bytes that one lesson may put in a workspace.
const MAX_BYTES: u64 = 32 << 20;

/// Files that one lesson may put in a workspace.
const MAX_FILES: usize = 500;

pub(super) struct Reader<'a> {
    pub(super) id: &'a str,
    pub(super) files: &'a LessonFiles,
    pub(super) errors: Vec<LessonError>,
}

impl Reader<'_> {
    pub(super) fn error(&mut self, file: &str, line: usize, column: usize, message: impl Into<String>) {
        self.errors.push(LessonError {
            file: format!("{}/{file}", self.id),
            line,
            column,
            message: message.into(),
        });
    }

    pub(super) fn read(&mut self) -> Option<Lesson> {
        let ok = !self.id.is_empty()
            && self.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !ok {
            self.error(
                "",
                0,
                0,
                "a lesson's folder is named with small letters, digits and dashes: 03-changes",
            );
            return None;
        }
        for (path, text) in self.files {
            if let Some(at) = text.char_indices().find(|(_, c)| text::is_forbidden(*c)) {
                let (line, column) = line_and_column(text, at.0);
                self.error(path, line, column, "a control character: lessons hold plain text alone");
            }
        }
        let manifest = self.manifest()?;
        let texts = self.texts()?;
        let (mut project, mut overlays) = self.projects();
        self.attributes(&manifest, &mut project, &mut overlays);
        self.general(&manifest, &project);
        let mut steps = Vec::new();
        for step in &manifest.step {
            let text = texts.get(&step.id).cloned().unwrap_or_default();
            self.step(step, &text, &overlays);
            steps.push(Step { manifest: step.clone(), text });
        }
        self.ids(&manifest, &texts, &overlays);
        Some(Lesson { id: self.id.to_string(), manifest, steps, project, overlays })
    }

    fn manifest(&mut self) -> Option<Manifest> {
        let Some(text) = self.files.get("lesson.toml") else {
            self.error("lesson.toml", 0, 0, "is missing: it says what the lesson's steps are");
            return None;
        };
        match toml::from_str::<Manifest>(text) {
            Ok(manifest) => Some(manifest),
            Err(e) => {
                let (line, column) = e.span().map_or((1, 1), |s| line_and_column(text, s.start));
                self.error("lesson.toml", line, column, e.message().replace('\n', "; "));
                None
            }
        }
    }

    fn texts(&mut self) -> Option<BTreeMap<String, StepText>> {
        let Some(text) = self.files.get("lesson.md") else {
            self.error("lesson.md", 0, 0, "is missing: it holds the texts of the steps");
            return None;
        };
        match text::parse(text) {
            Ok(parts) => Some(parts),
            Err(e) => {
                self.error("lesson.md", e.line, e.column, e.message);
                None
            }
        }
    }

    fn projects(&mut self) -> (Project, BTreeMap<String, Project>) {
        let (mut project, mut overlays) = (Project::default(), BTreeMap::<String, Project>::new());
        for (path, text) in self.files {
            let (into, rest) = if let Some(rest) = path.strip_prefix("project/") {
                (&mut project, rest)
            } else if let Some((kind @ ("variants" | "solutions"), rest)) = path.split_once('/')
                && let Some((name, rest)) = rest.split_once('/')
            {
                (overlays.entry(format!("{kind}/{name}")).or_default(), rest)
            } else {
                continue;
            };
            match check_path(rest) {
                Ok(clean) => into.insert(&clean, ProjectFile::text(text.clone())),
                Err(e) => self.error(path, 0, 0, e.to_string()),
            }
        }
        (project, overlays)
    }

    fn attributes(
        &mut self,
        manifest: &Manifest,
        project: &mut Project,
        overlays: &mut BTreeMap<String, Project>,
    ) {
        let mut bytes: u64 = 0;
        for file in &manifest.file {
            let line = self.line_of(&format!("\"{}\"", file.path));
            let path = match check_path(&file.path) {
                Ok(path) => path,
                Err(e) => {
                    self.error("lesson.toml", line, 1, e.to_string());
                    continue;
                }
            };
            let over = file.overlay.as_ref().map(|o| overlays.entry(o.clone()).or_default());
            let mut made = over.as_ref().and_then(|o| o.get(&path)).or(project.get(&path)).cloned();
            match file.size.as_deref().map(parse_size) {
                Some(Some(size)) => {
                    bytes = bytes.saturating_add(size);
                    made = Some(ProjectFile { mode: 0o644, body: Body::Zeros(size) });
                }
                Some(None) => self.error("lesson.toml", line, 1, "a size reads like 3 MB or 40 kB"),
                None => {}
            }
            let Some(mut made) = made else {
                self.error("lesson.toml", line, 1, format!("there is no file project/{path}"));
                continue;
            };
            match file.mode.as_deref().map(octal) {
                Some(Ok(mode)) if mode & 0o400 != 0 => made.mode = mode,
                Some(Ok(_)) => self.error("lesson.toml", line, 1, "a file that its owner cannot read"),
                Some(Err(e)) => self.error("lesson.toml", line, 1, e.to_string()),
                None => {}
            }
            over.unwrap_or(project).insert(&path, made);
        }
        if bytes > MAX_BYTES || project.iter().count() > MAX_FILES {
            self.error("lesson.toml", 1, 1, "a lesson may have 500 files and 32 MB at most");
        }
    }

    pub(super) fn line_of(&self, needle: &str) -> usize {
        let text = self.files.get("lesson.toml").map_or("", |t| t);
        text.lines().position(|l| l.contains(needle)).map_or(1, |l| l + 1)
    }

    pub(super) fn line_of_step(&self, id: &str) -> usize {
        let text = self.files.get("lesson.toml").map_or("", |t| t);
        let is_it = |l: &str| l.trim_start().starts_with("id") && l.contains(&format!("\"{id}\""));
        text.lines().position(is_it).map_or(1, |l| l + 1)
    }
}
