//! From the files of a lesson's folder to a [`Lesson`] whose parts fit together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::manifest::{FORMAT, Goal, Kind, Manifest, Op, StepManifest};
use super::project::{Body, Project, ProjectFile, check_path, matcher, octal, verb};
use super::size::parse_size;
use super::text::{self, StepText};
use crate::dockerfile::diagnostic::line_and_column;

/// The files of a lesson's folder by path (`lesson.toml`, `lesson.md`, `project/...`), as text.
pub type LessonFiles = BTreeMap<String, Arc<str>>;

/// A lesson.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// Name of its folder: `02-order`.
    pub id: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its steps with their texts.
    pub steps: Vec<Step>,
    /// The project as the learner gets it.
    pub project: Project,
    /// Folders that are laid over it: `variants/good`, `solutions/fix`.
    pub overlays: BTreeMap<String, Project>,
}

/// A step with its texts.
#[derive(Debug, Clone)]
pub struct Step {
    /// What the manifest says.
    pub manifest: StepManifest,
    /// What `lesson.md` says.
    pub text: StepText,
}

/// What is wrong with a lesson's folder, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LessonError {
    /// Lesson and file: `02-order/lesson.toml`.
    pub file: String,
    /// Line from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// Column from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for LessonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A message may quote the file: nothing in it may steer a terminal.
        let clean = |s: &str| {
            s.chars().map(|c| if text::is_forbidden(c) { '\u{fffd}' } else { c }).collect::<String>()
        };
        write!(f, "{}", clean(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", clean(&self.message))
    }
}

impl std::error::Error for LessonError {}

/// Bytes that one lesson may put in a workspace.
const MAX_BYTES: u64 = 32 << 20;
/// Files that one lesson may put in a workspace.
const MAX_FILES: usize = 500;

impl Lesson {
    /// Reads and checks a lesson.
    ///
    /// # Errors
    /// Every problem found, in the order of the files.
    pub fn load(id: &str, files: &LessonFiles) -> Result<Self, Vec<LessonError>> {
        let mut reader = Reader { id, files, errors: Vec::new() };
        let lesson = reader.read();
        match lesson {
            Some(lesson) if reader.errors.is_empty() => Ok(lesson),
            _ => Err(reader.errors),
        }
    }

    /// The two digits or the word at the start of the id: `02`.
    pub fn number(&self) -> &str {
        self.id.split('-').next().unwrap_or(&self.id)
    }

    /// Finds a step by its id.
    pub fn step_index(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|s| s.manifest.id == id)
    }

    /// The files that a step starts from: the project with the step's overlay.
    pub fn start(&self, step: usize) -> Project {
        let mut project = self.project.clone();
        if let Some(over) = self.steps[step].manifest.overlay.as_deref().and_then(|o| self.overlays.get(o)) {
            project.lay_over(over);
        }
        project
    }

    /// The files of a step's solution: its start, or the files that it keeps, with `solutions/<step>`.
    pub fn solution(&self, step: usize) -> Option<Project> {
        let manifest = &self.steps[step].manifest;
        let mut project = if manifest.keep { self.kept(step) } else { self.start(step) };
        project.lay_over(self.overlays.get(&format!("solutions/{}", manifest.id))?);
        Some(project)
    }

    /// The files that a step with `keep` finds if the steps before were solved as the lesson does.
    pub fn kept(&self, step: usize) -> Project {
        (0..step)
            .rev()
            .find(|&s| matches!(self.steps[s].manifest.kind, Kind::Do | Kind::Repair))
            .and_then(|s| self.solution(s))
            .unwrap_or_else(|| self.project.clone())
    }
}

struct Reader<'a> {
    id: &'a str,
    files: &'a LessonFiles,
    errors: Vec<LessonError>,
}

impl Reader<'_> {
    fn error(&mut self, file: &str, line: usize, column: usize, message: impl Into<String>) {
        self.errors.push(LessonError {
            file: format!("{}/{file}", self.id),
            line,
            column,
            message: message.into(),
        });
    }

    fn read(&mut self) -> Option<Lesson> {
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

    fn general(&mut self, manifest: &Manifest, project: &Project) {
        if manifest.format != FORMAT {
            let message =
                format!("format {} is not known here; this program reads format {FORMAT}", manifest.format);
            let line = self.line_of("format");
            self.error("lesson.toml", line, 1, message);
        }
        if manifest.remember.len() != 3 {
            let line = self.line_of("remember");
            self.error("lesson.toml", line, 1, "remember has three lines, no more and no less");
        }
        if manifest.step.is_empty() {
            self.error("lesson.toml", 1, 1, "a lesson without a step");
        }
        if !(1..=90).contains(&manifest.minutes) {
            let line = self.line_of("minutes");
            self.error("lesson.toml", line, 1, "minutes is between 1 and 90");
        }
        if project.get("Dockerfile").is_none() {
            self.error("project/Dockerfile", 0, 0, "is missing: every lesson's project has a Dockerfile");
        }
        for number in &manifest.beliefs {
            if !(1..=20).contains(number) {
                let line = self.line_of("beliefs");
                self.error(
                    "lesson.toml",
                    line,
                    1,
                    format!("there is no belief {number}: beliefs.toml has 1 to 20"),
                );
            }
        }
    }

    fn step(&mut self, step: &StepManifest, text: &StepText, overlays: &BTreeMap<String, Project>) {
        let line = self.line_of_step(&step.id);
        let mut wrong: Vec<String> = Vec::new();
        let mut needs = |ok: bool, says: &str| {
            if !ok {
                wrong.push(says.to_string());
            }
        };
        needs(!text.body.is_empty(), "has no text in lesson.md (<!-- step … -->)");
        if step.kind != Kind::Read {
            needs(step.ask.is_some(), "needs ask: the question or the task in one sentence");
        }
        let is_predict = step.kind == Kind::Predict;
        if is_predict {
            needs(
                step.rebuilds.is_some() == step.choices.is_empty(),
                "needs either rebuilds (marks) or choices (one is right)",
            );
            if step.choices.is_empty() {
                needs(step.answer.is_none() && step.proof.is_empty(), "answer and proof belong to choices");
            } else {
                let right = step.answer.is_some_and(|a| (1..=step.choices.len()).contains(&a));
                needs(right, "needs answer, the number of the right choice, from 1");
                needs((2..=6).contains(&step.choices.len()), "has two to six choices");
                needs(
                    !step.proof.is_empty() || step.proof_source.is_some(),
                    "needs proof (assertions) or proof_source (where it is written)",
                );
            }
            needs(!text.after.is_empty(), "needs <!-- after … -->: what to learn from the answer");
        } else {
            needs(step.rebuilds.is_none() && step.choices.is_empty(), "only predict has rebuilds or choices");
            needs(
                step.change.is_empty() && step.given.is_empty(),
                "change and given belong to predict; in a goal they are called after and given",
            );
        }
        if matches!(step.kind, Kind::Do | Kind::Repair) {
            needs(!step.goal.is_empty(), "needs a goal");
            needs(!text.hints.is_empty(), "needs a hint at least (<!-- hint … -->)");
            needs(!text.solution.is_empty(), "needs <!-- solution … -->: why the solution is one");
            let solution = overlays.contains_key(&format!("solutions/{}", step.id));
            needs(solution, "needs the folder solutions/<id>, or files in it by [[file]]");
        } else {
            needs(step.goal.is_empty(), "only do and repair have a goal");
        }
        needs(!step.keep || step.kind == Kind::Repair, "keep is for repair");
        needs(!(step.keep && step.overlay.is_some()), "keep and use exclude each other");
        if let Some(over) = &step.overlay {
            needs(overlays.contains_key(over), &format!("uses {over:?}, and there is no such folder"));
        }
        for goal in step.goal.iter().chain(&step.proof) {
            needs(!goal.say.trim().is_empty(), "has a goal without say");
            needs(asserts_something(goal), &format!("has a goal that asserts nothing: {:?}", goal.say));
        }
        let sizes = step
            .goal
            .iter()
            .chain(&step.proof)
            .flat_map(|g| [&g.image_under, &g.image_over, &g.context_under]);
        for size in sizes.flatten() {
            needs(
                parse_size(size).is_some(),
                &format!("has a size that reads {size:?}; write for example 20 MB"),
            );
        }
        let ops = step.given.iter().chain(&step.change);
        let goal_ops = step.goal.iter().chain(&step.proof).flat_map(|g| g.given.iter().chain(&g.after));
        for op in ops.chain(goal_ops) {
            if let Err(e) = check_op(op) {
                needs(false, &e);
            }
        }
        for message in wrong {
            self.error("lesson.toml", line, 1, format!("step {:?} {message}", step.id));
        }
    }

    fn ids(
        &mut self,
        manifest: &Manifest,
        texts: &BTreeMap<String, StepText>,
        overlays: &BTreeMap<String, Project>,
    ) {
        let mut seen = BTreeSet::new();
        for step in &manifest.step {
            if !seen.insert(step.id.as_str()) {
                let line = self.line_of_step(&step.id);
                self.error("lesson.toml", line, 1, format!("two steps have the id {:?}", step.id));
            }
        }
        for (id, text) in texts {
            if !seen.contains(id.as_str()) {
                self.error(
                    "lesson.md",
                    text.line,
                    1,
                    format!("a part for {id:?}, and lesson.toml has no such step"),
                );
            }
        }
        for over in overlays.keys() {
            if let Some(id) = over.strip_prefix("solutions/")
                && !seen.contains(id)
            {
                self.error(over, 0, 0, format!("a solution for {id:?}, and lesson.toml has no such step"));
            }
        }
    }

    fn line_of(&self, needle: &str) -> usize {
        let text = self.files.get("lesson.toml").map_or("", |t| t);
        text.lines().position(|l| l.contains(needle)).map_or(1, |l| l + 1)
    }

    fn line_of_step(&self, id: &str) -> usize {
        let text = self.files.get("lesson.toml").map_or("", |t| t);
        let is_it = |l: &str| l.trim_start().starts_with("id") && l.contains(&format!("\"{id}\""));
        text.lines().position(is_it).map_or(1, |l| l + 1)
    }
}

fn check_op(op: &Op) -> Result<(), String> {
    let (verb, path) = verb(op).map_err(|e| e.to_string())?;
    if verb == "edit" {
        matcher(path).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn asserts_something(g: &Goal) -> bool {
    let lists = [
        &g.cached,
        &g.rebuilds,
        &g.has,
        &g.lacks,
        &g.final_has,
        &g.context_has,
        &g.context_lacks,
        &g.assumed,
        &g.together,
    ];
    lists.iter().any(|l| !l.is_empty())
        || g.at_most.is_some()
        || g.noticed
        || g.nonroot
        || g.seconds_under.is_some()
        || g.image_under.is_some()
        || g.image_over.is_some()
        || g.context_under.is_some()
        || g.shell.is_some()
        || g.touches.is_some()
        || g.because.is_some()
}
