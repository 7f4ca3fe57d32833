//! Finding the user's engine: which client to call, what it talks to, what it can do.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::process::{Interrupt, ProcessError, Program};
use crate::graph::ImageStore;

/// Time for a question that builds nothing.
pub(super) const QUESTION: Duration = Duration::from_secs(60);

/// What to look for, and where.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// The docker client; `docker` of the PATH where none is given.
    pub docker: Option<PathBuf>,
    /// The client of a BuildKit daemon of its own; `buildctl` of the PATH where none is given.
    pub buildctl: Option<PathBuf>,
    /// Only this kind; any where none is given.
    pub kind: Option<Kind>,
    /// The buildx builder; the current one where none is given.
    pub builder: Option<String>,
    /// Variables for the client besides those of this process (`DOCKER_HOST`, …).
    pub env: Vec<(OsString, OsString)>,
    /// Ctrl-C.
    pub interrupt: Interrupt,
}

/// Kinds of engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Docker, through its client.
    Docker,
    /// A BuildKit daemon of its own, through buildctl.
    Buildkit,
}

/// The program that builds are started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// `docker buildx build`.
    Buildx,
    /// `docker build` of an old client, with `DOCKER_BUILDKIT=1`; plain progress only.
    Docker,
    /// `buildctl build`.
    Buildctl,
}

/// An engine that answered.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) program: Program,
    pub(super) builder: Option<String>,
    /// What builds are started with.
    pub client: Client,
    /// The engine's version: dockerd's, or BuildKit's.
    pub version: String,
    /// The builder's driver (`docker`, `docker-container`, …); none without buildx.
    pub driver: Option<String>,
    /// Where it keeps images: with the classic store a COPY --link is a plain COPY.
    pub store: ImageStore,
    /// The client is new enough for rawjson progress.
    pub raw_json: bool,
    /// Containers have no network unless they use the host's (an engine without a bridge).
    pub host_network: bool,
    /// `os/arch` it builds for.
    pub platform: String,
}

/// Why there is no engine to build with.
#[derive(Debug, thiserror::Error)]
pub enum NoEngine {
    /// Neither client is there.
    #[error("there is no Docker here: neither `docker` nor `buildctl` is on the PATH")]
    NoClient,
    /// The client given is not there.
    #[error("{0} cannot be started")]
    NotStarted(String),
    /// The client does not reach a daemon.
    #[error("{client} is here, but no daemon answers: {message}")]
    NoDaemon {
        /// Path of the client.
        client: String,
        /// Its words.
        message: String,
    },
    /// The client answers for something that is not BuildKit.
    #[error("{0} builds without BuildKit, by other cache rules")]
    NotBuildKit(String),
    /// A client that needs buildx to use BuildKit, without buildx.
    #[error("the docker client {0} has no buildx, so it would build by the old builder's rules")]
    NoBuildx(String),
    /// The builder does not answer.
    #[error("the builder cannot be used: {0}")]
    Builder(String),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl NoEngine {
    /// Says how to get one.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoClient | Self::NotStarted(_) => {
                "Install Docker Engine (https://docs.docker.com/engine/install/; on Debian and Ubuntu: \
                 apt-get install docker.io docker-buildx), or start a BuildKit daemon, set BUILDKIT_HOST and \
                 have buildctl on the PATH. Everything else of layerlab works without."
            }
            Self::NoDaemon { .. } => {
                "Start it (systemctl start docker, or Docker Desktop), or point DOCKER_HOST, or BUILDKIT_HOST \
                 for buildctl, at one that runs; being in the group docker may be needed to talk to it."
            }
            Self::NotBuildKit(_) => {
                "Use Docker Engine 20.10 or later, or a BuildKit daemon with buildctl and BUILDKIT_HOST."
            }
            Self::NoBuildx(_) => {
                "Install buildx (package docker-buildx or docker-buildx-plugin; \
                 https://docs.docker.com/go/buildx/)."
            }
            Self::Builder(_) => "See `docker buildx ls`, or name another one with --builder.",
            Self::Interrupted => "",
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerVersion {
    client: Option<Versioned>,
    server: Option<Server>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Versioned {
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Server {
    version: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    arch: String,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Component {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerInfo {
    #[serde(default)]
    driver_status: Vec<(String, String)>,
}

impl Engine {
    /// Looks for an engine: Docker first, or BuildKit where `BUILDKIT_HOST` is set.
    ///
    /// Asks only questions: nothing is built, started or changed.
    ///
    /// # Errors
    /// Why there is none, with advice.
    pub fn find(wish: &Wish) -> Result<Self, NoEngine> {
        let wants_buildkit = wish.env.iter().any(|(k, _)| k == "BUILDKIT_HOST")
            || std::env::var_os("BUILDKIT_HOST").is_some_and(|v| !v.is_empty());
        match wish.kind {
            Some(Kind::Docker) => Self::find_docker(wish),
            Some(Kind::Buildkit) => Self::find_buildkit(wish),
            None if wants_buildkit => Self::find_buildkit(wish),
            None => match Self::find_docker(wish) {
                // Without a docker client a BuildKit daemon may stand at its usual place.
                Err(NoEngine::NotStarted(_)) if wish.docker.is_none() => match Self::find_buildkit(wish) {
                    Err(NoEngine::NotStarted(_)) => Err(NoEngine::NoClient),
                    found => found,
                },
                found => found,
            },
        }
    }

    fn find_docker(wish: &Wish) -> Result<Self, NoEngine> {
        let program = program(wish, wish.docker.as_deref().unwrap_or(Path::new("docker")));
        let shown = program.path.display().to_string();
        let ask = |arguments: &[&str]| ask(&program, arguments);
        let (_, text, complaint) = ask(&["version", "--format", "{{json .}}"])?;
        let version: Option<DockerVersion> = serde_json::from_str(&text).ok();
        let Some(DockerVersion { client, server: Some(server) }) = version else {
            return Err(NoEngine::NoDaemon { client: shown, message: complaint });
        };
        if let Some(other) = server.components.iter().find(|c| c.name.to_lowercase().contains("podman")) {
            return Err(NoEngine::NotBuildKit(other.name.clone()));
        }
        let (has_info, text, _) = ask(&["info", "--format", "{{json .}}"])?;
        let info: Option<DockerInfo> = has_info.then(|| serde_json::from_str(&text).ok()).flatten();
        let containerd = info
            .is_some_and(|i| i.driver_status.iter().any(|(_, v)| v.starts_with("io.containerd.snapshotter")));
        let (_, networks, _) = ask(&["network", "ls", "--format", "{{.Driver}}"])?;
        let mut engine = Self {
            builder: wish.builder.clone(),
            client: Client::Docker,
            version: server.version,
            driver: None,
            store: if containerd { ImageStore::Containerd } else { ImageStore::Classic },
            raw_json: false,
            host_network: !networks.is_empty() && !networks.lines().any(|driver| driver == "bridge"),
            platform: format!("{}/{}", server.os, server.arch),
            program: program.clone(),
        };
        let (has_buildx, buildx, _) = ask(&["buildx", "version"])?;
        if has_buildx {
            engine.client = Client::Buildx;
            engine.raw_json = version_of(&buildx).is_none_or(|v| v >= (0, 13));
            engine.take_builder()?;
            return Ok(engine);
        }
        // Clients from 23 on build through buildx alone; older ones have BuildKit's client built in.
        let client = client.map(|c| c.version).unwrap_or_default();
        match version_of(&client) {
            Some(v) if v < (18, 9) => Err(NoEngine::NotBuildKit(format!("Docker {client}"))),
            Some(v) if v < (23, 0) => {
                engine.program.env.push(("DOCKER_BUILDKIT".into(), "1".into()));
                Ok(engine)
            }
            _ => Err(NoEngine::NoBuildx(client)),
        }
    }

    /// Takes in what buildx says of its builder.
    fn take_builder(&mut self) -> Result<(), NoEngine> {
        let mut arguments = vec!["buildx", "inspect"];
        arguments.extend(self.builder.as_deref());
        let (ok, text, complaint) = ask(&self.program, &arguments)?;
        if !ok {
            return Err(NoEngine::Builder(complaint));
        }
        let driver = text.lines().find_map(|l| l.strip_prefix("Driver:")).map(|d| d.trim().to_owned());
        if driver.as_deref().is_some_and(|d| d != "docker") {
            // A BuildKit of its own keeps its own images.
            self.store = ImageStore::Containerd;
            self.host_network = false;
        }
        self.driver = driver;
        Ok(())
    }

    fn find_buildkit(wish: &Wish) -> Result<Self, NoEngine> {
        let program = program(wish, wish.buildctl.as_deref().unwrap_or(Path::new("buildctl")));
        let shown = program.path.display().to_string();
        let (ok, workers, complaint) = ask(&program, &["debug", "workers", "--format", "{{json .}}"])?;
        if !ok {
            return Err(NoEngine::NoDaemon { client: shown, message: complaint });
        }
        let platform = serde_json::from_str::<serde_json::Value>(&workers).ok().and_then(|w| {
            let first = w.get(0)?.get("platforms")?.get(0)?;
            Some(format!("{}/{}", first.get("os")?.as_str()?, first.get("architecture")?.as_str()?))
        });
        let (_, version, _) = ask(&program, &["--version"])?;
        let version = version.split_whitespace().nth(2).unwrap_or("of unknown version").to_owned();
        Ok(Self {
            builder: None,
            client: Client::Buildctl,
            raw_json: version_of(&version).is_none_or(|v| v >= (0, 13)),
            version,
            driver: None,
            store: ImageStore::Containerd,
            host_network: false,
            platform: platform.unwrap_or_else(|| "linux/amd64".to_owned()),
            program,
        })
    }

    /// Says whether builds find what `docker images` lists, and put images there.
    pub fn has_local_images(&self) -> bool {
        match self.client {
            Client::Docker => true,
            Client::Buildx => self.driver.as_deref().is_none_or(|d| d == "docker"),
            Client::Buildctl => false,
        }
    }

    /// Version of dockerd as major and minor; none for BuildKit of its own.
    pub fn dockerd(&self) -> Option<(u32, u32)> {
        if self.has_local_images() { version_of(&self.version) } else { None }
    }

    /// One line that names the engine for people and bug reports.
    pub fn describe(&self) -> String {
        let progress = if self.raw_json { "rawjson" } else { "plain" };
        let store = match self.store {
            ImageStore::Containerd => "containerd image store",
            ImageStore::Classic => "classic image store",
        };
        match self.client {
            Client::Buildx if self.has_local_images() => {
                format!("Docker {} through buildx, {store}, {progress} progress", self.version)
            }
            Client::Buildx => {
                let driver = self.driver.as_deref().unwrap_or_default();
                format!("BuildKit in a {driver} builder of buildx, {progress} progress")
            }
            Client::Docker => format!("Docker {} without buildx, {store}, {progress} progress", self.version),
            Client::Buildctl => format!("BuildKit through buildctl {}, {progress} progress", self.version),
        }
    }
}

fn program(wish: &Wish, path: &Path) -> Program {
    let mut env = wish.env.clone();
    // Hints and attestations are for people and registries.
    env.push(("DOCKER_CLI_HINTS".into(), "false".into()));
    env.push(("BUILDX_NO_DEFAULT_ATTESTATIONS".into(), "1".into()));
    Program { path: path.to_owned(), env, interrupt: wish.interrupt.clone() }
}

/// Asks the client: whether it said yes, its answer, its complaint.
fn ask(program: &Program, arguments: &[&str]) -> Result<(bool, String, String), NoEngine> {
    match program.run(arguments, QUESTION) {
        Ok(ran) => Ok((ran.status.success(), ran.text(), ran.complaint())),
        Err(ProcessError::Interrupted) => Err(NoEngine::Interrupted),
        Err(ProcessError::Start { .. }) => Err(NoEngine::NotStarted(program.path.display().to_string())),
        Err(error @ ProcessError::TimedOut { .. }) => {
            Err(NoEngine::NoDaemon { client: program.path.display().to_string(), message: error.to_string() })
        }
    }
}

/// Finds the first `major.minor` in a text.
fn version_of(text: &str) -> Option<(u32, u32)> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
        let (major, rest) = word.split_once('.')?;
        Some((major.parse().ok()?, rest.split('.').next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests;
