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

use super::build::{BuildError, Output, Request};
use super::compare::{self, Circumstances, Ending};
use super::find::{Client, Engine};
use super::store::{StoredImage, Throwaway};
use super::workspace::{EditError, Workspace};
use crate::context::{Ignore, Index, Scan, find_ignore};
use crate::dockerfile::{self, Diagnostic, DiagnosticKind, Dockerfile};
use crate::graph::{Graph, GraphOptions, NoCache, Platform};
use crate::simulate::{BuildInput, Outcome, Simulator};

mod bases;
mod report;

use report::layers;
pub use report::{BuildReport, learned};

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
