//! Builds one after the other, predicted and real, from a cold start.
//!
//! The start is cold without touching anything of the user's: base images get one more layer that no build has
//! seen (`FROM` names them under throwaway tags), and the files of the context an attribute that no build has
//! seen. What neither reaches, a stage FROM scratch for example, runs once with `--no-cache` in the first
//! build; a WORKDIR in it may then still be found from before, which is told apart in the comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::build::{BuildError, Output, Request};
use super::compare::{self, Circumstances, Ending, Row, Verdict};
use super::find::{Client, Engine};
use super::progress::Status as RealStatus;
use super::store::{StoredImage, Throwaway};
use super::workspace::{EditError, Workspace};
use crate::context::{Ignore, Index, Scan, find_ignore};
use crate::dockerfile::{self, Diagnostic, DiagnosticKind, Dockerfile};
use crate::graph::{self, Graph, GraphOptions, NoCache, Op, Platform, Source, StageBase, canonical};
use crate::simulate::{BuildInput, Outcome, Simulator};

/// A series of builds on one engine and in one simulator, which both know of nothing at the start.
#[derive(Debug)]
pub struct Session<'a> {
    engine: &'a Engine,
    workspace: &'a Workspace,
    mark: String,
    simulator: Simulator,
    scan: Option<Scan>,
    named: BTreeMap<String, Scan>,
    /// Images looked at: by the name that the engine knows.
    images: BTreeMap<String, StoredImage>,
    /// Images that were pulled for this session.
    pulled: Vec<Throwaway>,
    /// Base images with the mark: by the name that the engine knows.
    marked: BTreeMap<String, Throwaway>,
    around: Circumstances,
    /// Steps of which an uncertain prediction did not come true, by label.
    guessed_wrong: BTreeSet<String>,
    /// Steps that were under way when a build failed, by label.
    overtaken: BTreeSet<String>,
    is_first: bool,
}

/// What one build of a session is made with; paths lie in the workspace.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Dockerfile, in the copy of the context or beside it.
    pub dockerfile: PathBuf,
    /// Options that enter the graph: target, arguments, platform, `--no-cache`.
    pub options: GraphOptions,
    /// `--build-context` folders.
    pub named: BTreeMap<String, PathBuf>,
    /// What images stand for: name to the name of an image on the engine.
    pub images: BTreeMap<String, String>,
    /// `--secret`, as written.
    pub secrets: Vec<String>,
    /// `--ssh`, as written.
    pub ssh: Vec<String>,
    /// `--platform`, where given.
    pub platform: Option<Platform>,
    /// `--network`.
    pub network: Option<String>,
    /// Further arguments for the client.
    pub extra: Vec<OsString>,
    /// How long one build may take.
    pub limit: Duration,
    /// Makes an image of the result for a moment, to learn the sizes of its layers.
    pub weigh: bool,
}

/// One build, predicted and real.
#[derive(Debug, Clone, Serialize)]
pub struct BuildReport {
    /// What it is: the baseline, an edit, a step of a scenario.
    pub name: String,
    /// The steps that the prediction or the engine has.
    pub steps: Vec<Row>,
    /// How it ended.
    pub ending: Ending,
    /// Seconds that the engine took.
    pub seconds: f64,
    /// Bytes of layers of the final image, by number in `steps`; only where weighed.
    #[serde(skip)]
    pub layers: BTreeMap<usize, u64>,
    /// Everything the engine printed.
    #[serde(skip)]
    pub log: String,
}

/// Why a session cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] BuildError),
    /// The copy of the context.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The copy cannot be read.
    #[error(transparent)]
    Scan(#[from] crate::context::ScanError),
    /// An ignore file is wrong.
    #[error("{0}: {1}")]
    Ignore(PathBuf, crate::context::IgnoreError),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    /// This client cannot do what is asked.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// A Dockerfile with what its graph says of base images.
struct Read {
    dockerfile: Arc<Dockerfile>,
    options: GraphOptions,
    graph: Option<Graph>,
}

impl Settings {
    /// Settings of a plain build by this Dockerfile.
    pub fn new(dockerfile: &Path) -> Self {
        Self {
            dockerfile: dockerfile.to_owned(),
            options: GraphOptions::default(),
            named: BTreeMap::new(),
            images: BTreeMap::new(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            platform: None,
            network: None,
            extra: Vec::new(),
            limit: Duration::from_secs(1800),
            weigh: false,
        }
    }
}

impl BuildReport {
    /// Counts steps of a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.steps.iter().filter(|s| s.verdict == verdict).count()
    }

    /// Says whether layerlab was wrong where it was certain.
    pub fn is_different(&self) -> bool {
        self.ending.is_different() || self.count(Verdict::Different) > 0
    }

    /// Says whether what follows on the same cache can be compared.
    pub fn can_go_on(&self) -> bool {
        matches!(self.ending, Ending::Built | Ending::FailedAsPredicted { .. })
    }
}

impl<'a> Session<'a> {
    /// Begins with nothing known.
    pub fn new(engine: &'a Engine, workspace: &'a Workspace, mark: &str) -> Self {
        let around = Circumstances {
            dockerd: engine.dockerd(),
            fresh_contexts: workspace.is_marked(),
            ..Circumstances::default()
        };
        Self {
            engine,
            workspace,
            mark: mark.to_owned(),
            simulator: Simulator::default(),
            scan: None,
            named: BTreeMap::new(),
            images: BTreeMap::new(),
            pulled: Vec::new(),
            marked: BTreeMap::new(),
            around,
            guessed_wrong: BTreeSet::new(),
            overtaken: BTreeSet::new(),
            is_first: true,
        }
    }

    /// Goes on in another workspace with the same mark: same engine, same caches, other files.
    pub fn move_to(&mut self, workspace: &'a Workspace) {
        self.workspace = workspace;
        self.around.fresh_contexts &= workspace.is_marked();
        self.scan = None;
        self.named.clear();
    }

    /// The base images that were looked at, by the name that the engine knows.
    pub fn images(&self) -> impl Iterator<Item = (&str, &StoredImage)> {
        self.images.iter().map(|(name, image)| (name.as_str(), image))
    }

    /// Predicts the build of the workspace as it stands, does it, and compares.
    ///
    /// # Errors
    /// The engine, the workspace or a base image cannot be used; a build that fails is no error.
    pub fn build(&mut self, name: &str, settings: &Settings) -> Result<BuildReport, SessionError> {
        if self.engine.client == Client::Docker && !settings.named.is_empty() {
            return Err(SessionError::Unsupported("a docker client without buildx knows no --build-context"));
        }
        let text = read_text(&settings.dockerfile)?;
        // An ignore file that cannot be read fails the real build as well.
        let refused = match self.rescan(settings) {
            Err(SessionError::Ignore(_, error)) => {
                Some(Diagnostic::at(DiagnosticKind::Parse, "", 0..0, error.to_string()))
            }
            done => done.map(|()| None)?,
        };
        self.around.filtered_no_cache |= matches!(settings.options.no_cache, NoCache::Stages(_));
        let read = match dockerfile::parse(&text) {
            Ok(dockerfile) => Ok(self.with_images(Arc::new(dockerfile), settings)?),
            Err(diagnostic) => Err(diagnostic),
        };
        let predicted = match (&read, refused) {
            (Ok(read), None) => self.predict(read),
            (_, Some(diagnostic)) => Err(diagnostic),
            (Err(diagnostic), None) => Err(diagnostic.clone()),
        };
        let given = match &read {
            Ok(read) => self.mark_bases(read, settings, &text)?,
            Err(_) => text,
        };
        let image = settings.weigh.then(|| self.engine.has_local_images().then(|| self.engine.throwaway()));
        let image = image.flatten();
        let request = self.request(settings, &given, predicted.as_ref().ok(), image.as_ref())?;
        let built = self.engine.build(&request)?;
        self.is_first = false;
        let mut report = BuildReport {
            name: name.to_owned(),
            steps: Vec::new(),
            ending: Ending::Built,
            seconds: built.seconds,
            layers: BTreeMap::new(),
            log: built.log,
        };
        match &predicted {
            Ok(outcome) => {
                report.steps = compare::rows(outcome, &built.progress, &self.around);
                compare::excuse(&mut report.steps, &mut self.guessed_wrong);
                if built.progress.failure.is_some() {
                    compare::note_overtaken(&report.steps, &mut self.overtaken);
                } else {
                    compare::excuse_overtaken(&mut report.steps, &self.overtaken);
                }
                let error = outcome.prediction.error.as_ref();
                report.ending = compare::ending(error, &built.progress, &self.around);
                self.simulator.commit(outcome);
                if let Some(image) = image.filter(|_| report.ending == Ending::Built) {
                    let stored = self.engine.stored_image(&image.name)?;
                    report.layers = stored.map(|s| layers(outcome, &report.steps, &s)).unwrap_or_default();
                }
            }
            Err(error) => report.ending = compare::ending(Some(error), &built.progress, &self.around),
        }
        Ok(report)
    }

    /// Takes in what was edited, as the engine's transfer of files sees it.
    fn rescan(&mut self, settings: &Settings) -> Result<(), SessionError> {
        let root = self.workspace.root().to_owned();
        if let Err(error) = self.workspace.mark_all() {
            return Err(SessionError::Io(root, error));
        }
        self.scan = Some(scan(self.scan.take(), &root, &settings.dockerfile)?);
        for (name, folder) in &settings.named {
            let before = self.named.remove(name).filter(|scan| scan.root() == folder);
            // A folder's own ignore file applies to it; no Dockerfile lies there that could have another.
            let scan = scan(before, folder, &folder.join(""))?;
            self.named.insert(name.clone(), scan);
        }
        Ok(())
    }

    /// Looks at the base images that the graph needs, which may bring triggers that need further ones.
    fn with_images(
        &mut self,
        dockerfile: Arc<Dockerfile>,
        settings: &Settings,
    ) -> Result<Read, SessionError> {
        let mut options = settings.options.clone();
        options.image_store = self.engine.store;
        // The engine says what images are, not the command line.
        options.image_digests.clear();
        options.named_contexts = settings.named.keys().cloned().collect();
        if let (None, Ok(platform)) = (&settings.platform, Platform::parse(&self.engine.platform)) {
            options.platform = platform.clone();
            options.build_platform = platform;
        }
        loop {
            let graph = graph::build(&dockerfile, &options).ok();
            if !self.engine.has_local_images() {
                return Ok(Read { dockerfile, options, graph });
            }
            let wanted: BTreeSet<String> = graph.iter().flat_map(images_of).collect();
            let unknown: Vec<String> =
                wanted.into_iter().filter(|name| !options.image_digests.contains_key(name)).collect();
            if unknown.is_empty() {
                return Ok(Read { dockerfile, options, graph });
            }
            for name in unknown {
                let image = self.look_at(&on_engine(&name, settings), settings.limit)?;
                options.image_digests.insert(name.clone(), image.digest());
                options.image_configs.insert(name, image.graph_config());
            }
        }
    }

    fn look_at(&mut self, name: &str, limit: Duration) -> Result<StoredImage, SessionError> {
        if let Some(known) = self.images.get(name) {
            return Ok(known.clone());
        }
        let (image, was_pulled) = self.engine.pulled_image(name, limit)?;
        if was_pulled {
            self.pulled.push(self.engine.pulled_for_now(name));
        }
        self.images.insert(name.to_owned(), image.clone());
        Ok(image)
    }

    fn predict(&mut self, read: &Read) -> Result<Outcome, Diagnostic> {
        let tree = |scan: &Scan| scan.shipped();
        let input = BuildInput {
            dockerfile: Arc::clone(&read.dockerfile),
            options: read.options.clone(),
            context: self.scan.as_ref().map(tree).unwrap_or_default(),
            named: self.named.iter().map(|(name, scan)| (name.clone(), scan.shipped())).collect(),
        };
        self.simulator.predict(&input)
    }

    /// The Dockerfile for the engine: its base images under names that no build has seen.
    fn mark_bases(&mut self, read: &Read, settings: &Settings, text: &str) -> Result<String, SessionError> {
        let Some(graph) = &read.graph else { return Ok(text.to_owned()) };
        if !self.engine.has_local_images() {
            return Ok(text.to_owned());
        }
        let mut given = text.to_owned();
        // From the end, so that places before it stay where they are.
        for (number, stage) in read.dockerfile.stages.iter().enumerate().rev() {
            let Some(info) = graph.stages.get(number).filter(|s| s.reachable) else { continue };
            let StageBase::Image(name) = &info.base else { continue };
            let platform = graph.stage_steps(number).find_map(|s| match &graph.vertices[s.vertex].op {
                Op::Source(Source::Image { platform, .. }) => Some(platform.format()),
                _ => None,
            });
            // An image of another platform cannot be made into a container everywhere.
            if platform.is_none_or(|p| p != self.engine.platform) {
                continue;
            }
            let mark = self.mark_base(&on_engine(name, settings))?;
            given.replace_range(stage.base_span.clone(), &mark);
            self.around.fresh_images.extend(read.options.image_digests.get(name).cloned());
        }
        Ok(given)
    }

    /// The throwaway name of a base image with the mark; images of equal layers stay equal.
    fn mark_base(&mut self, name: &str) -> Result<String, SessionError> {
        if let Some(known) = self.marked.get(name) {
            return Ok(known.name.clone());
        }
        let digest = self.images.get(name).map(StoredImage::digest);
        let twin =
            self.marked.iter().find(|(other, _)| self.images.get(*other).map(StoredImage::digest) == digest);
        let mark = match twin {
            // The same layers, but it may bring another config.
            Some((other, twin)) if self.images.get(other) == self.images.get(name) => {
                self.engine.tagged(&twin.name)?
            }
            _ => self.engine.marked(name, &self.mark)?,
        };
        let given = mark.name.clone();
        self.marked.insert(name.to_owned(), mark);
        Ok(given)
    }

    fn request(
        &self,
        settings: &Settings,
        dockerfile: &str,
        predicted: Option<&Outcome>,
        image: Option<&Throwaway>,
    ) -> Result<Request, SessionError> {
        let folder = self.workspace.beside("engine").map_err(|e| SessionError::Io(PathBuf::new(), e))?;
        let name =
            settings.dockerfile.file_name().map_or_else(|| OsString::from("Dockerfile"), OsString::from);
        let place = folder.join(&name);
        std::fs::write(&place, dockerfile).map_err(|e| SessionError::Io(place.clone(), e))?;
        // An ignore file of the Dockerfile's own is looked for beside it.
        let beside = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(".dockerignore");
            PathBuf::from(name)
        };
        let (own, given) = (beside(&settings.dockerfile), beside(&place));
        if own.is_file() {
            std::fs::copy(&own, &given).map_err(|e| SessionError::Io(own, e))?;
        } else {
            let _ = std::fs::remove_file(&given);
        }
        let is_cold = predicted.is_none_or(|o| compare::is_all_fresh(&o.graph, &self.around));
        let no_cache =
            if self.is_first && !is_cold { NoCache::All } else { settings.options.no_cache.clone() };
        Ok(Request {
            target: settings.options.target.clone(),
            build_args: settings.options.build_args.clone(),
            named: settings.named.clone(),
            no_cache,
            platform: settings.platform.as_ref().map(Platform::format),
            network: settings.network.clone(),
            secrets: settings.secrets.clone(),
            ssh: settings.ssh.clone(),
            extra: settings.extra.clone(),
            output: image.map_or(Output::Nothing, |image| Output::Image(image.name.clone())),
            limit: settings.limit,
            ..Request::new(self.workspace.root(), &place)
        })
    }
}

/// The images that a graph takes in, by canonical name.
fn images_of(graph: &Graph) -> Vec<String> {
    let source = |vertex: &graph::Vertex| match &vertex.op {
        Op::Source(Source::Image { name, .. }) => Some(name.clone()),
        _ => None,
    };
    let bases = graph.stages.iter().filter(|s| s.reachable).filter_map(|stage| match &stage.base {
        StageBase::Image(name) => Some(name.clone()),
        _ => None,
    });
    graph.vertices.iter().filter_map(source).chain(bases).collect()
}

/// The name under which the engine has an image.
fn on_engine(name: &str, settings: &Settings) -> String {
    let told = settings.images.iter().find(|(given, _)| canonical(given) == name);
    match told.map(|(_, image)| image.as_str()) {
        // The two bases of recorded builds.
        Some(letter @ ("a" | "b")) => format!("layerlab-base:{letter}"),
        Some(image) => image.to_owned(),
        None => name.to_owned(),
    }
}

fn scan(before: Option<Scan>, root: &Path, dockerfile: &Path) -> Result<Scan, SessionError> {
    let io = |error| SessionError::Io(root.to_owned(), error);
    let ignore = match find_ignore(root, dockerfile).map_err(io)? {
        Some((path, text)) => Ignore::parse(&text).map_err(|e| SessionError::Ignore(path, e))?,
        None => Ignore::default(),
    };
    match before {
        Some(mut scan) => {
            scan.set_ignore(ignore);
            Ok(scan)
        }
        None => Ok(Scan::new(root, ignore, Index::default())?),
    }
}

fn read_text(path: &Path) -> Result<String, SessionError> {
    let bytes = std::fs::read(path).map_err(|e| SessionError::Io(path.to_owned(), e))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Finds the layers of the final image's own steps in its history: the last ones that such instructions made.
fn layers(outcome: &Outcome, rows: &[Row], image: &StoredImage) -> BTreeMap<usize, u64> {
    let graph = &outcome.graph;
    // The stages that the target is built on, the lowest first.
    let mut chain = vec![graph.target];
    while let StageBase::Stage(below) = graph.stages[chain[0]].base {
        chain.insert(0, below);
    }
    let steps = chain.iter().flat_map(|stage| graph.stage_steps(*stage)).filter(|s| !s.label.is_from());
    let numbers: Vec<usize> =
        steps.filter_map(|step| rows.iter().position(|row| row.label == step.label)).collect();
    let keyword = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let made: Vec<_> = image
        .layers
        .iter()
        .filter(|l| matches!(keyword(&l.created_by).as_str(), "RUN" | "COPY" | "ADD" | "WORKDIR"))
        .collect();
    let Some(first) = made.len().checked_sub(numbers.len()) else { return BTreeMap::new() };
    let pairs: Vec<_> = numbers.into_iter().zip(&made[first..]).collect();
    let fits = pairs.iter().all(|(number, layer)| {
        let instruction = rows[*number].label.instruction.trim_start_matches("ONBUILD ");
        keyword(instruction) == keyword(&layer.created_by)
    });
    if fits {
        pairs.into_iter().map(|(number, layer)| (number, layer.bytes)).collect()
    } else {
        BTreeMap::new()
    }
}

/// The steps of a report that ran, with their seconds and bytes: what is learned from it.
pub fn learned(report: &BuildReport) -> impl Iterator<Item = (&Row, Option<u64>)> {
    report.steps.iter().enumerate().filter_map(|(number, row)| {
        let ran = row.real.is_some_and(|r| r.status == RealStatus::Executed);
        (ran && row.operation.is_some()).then(|| (row, report.layers.get(&number).copied()))
    })
}
