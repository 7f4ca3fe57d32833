//! One real build: the client's command line, and what it printed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::find::{Client, Engine};
use super::process::{ProcessError, Ran};
use super::progress::{self, Failure, Progress};
use crate::graph::NoCache;

/// What is built, and what becomes of it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The build context.
    pub context: PathBuf,
    /// The Dockerfile, in the context or not; its ignore file is looked for beside it.
    pub dockerfile: PathBuf,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg` values.
    pub build_args: BTreeMap<String, String>,
    /// `--build-context` folders.
    pub named: BTreeMap<String, PathBuf>,
    /// `--no-cache` and its filter.
    pub no_cache: NoCache,
    /// `--platform`.
    pub platform: Option<String>,
    /// `--network`; where not given and the engine has no bridge, the host's.
    pub network: Option<String>,
    /// `--secret`, as written.
    pub secrets: Vec<String>,
    /// `--ssh`, as written.
    pub ssh: Vec<String>,
    /// Further arguments for the client.
    pub extra: Vec<OsString>,
    /// What is made of the result.
    pub output: Output,
    /// How long it may take.
    pub limit: Duration,
}

/// What is made of a build's result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Output {
    /// Nothing: only the cache is filled.
    #[default]
    Nothing,
    /// An image of this name, in the engine's store.
    Image(String),
}

/// A build that ended, well or not; [`Progress::failure`] tells.
#[derive(Debug, Clone)]
pub struct Built {
    /// What it reported.
    pub progress: Progress,
    /// Everything it printed.
    pub log: String,
    /// Seconds from the client's start to its end.
    pub seconds: f64,
}

/// Why a build, or a question about an image, has no result.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The client could not be run to its end.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// The engine has no such image and could not get it.
    #[error("the base image {image} is not on this engine and cannot be pulled: {message}")]
    NoImage {
        /// Its name.
        image: String,
        /// The engine's words.
        message: String,
    },
    /// A build had to succeed and failed.
    #[error("the build failed: {message}")]
    Failed {
        /// The engine's words.
        message: String,
    },
    /// The client said no.
    #[error("docker {what}: {message}")]
    Refused {
        /// What was asked of it.
        what: String,
        /// Its words.
        message: String,
    },
    /// The engine keeps no images that can be looked at.
    #[error("images can be looked at only on an engine of Docker's own, not in {0}")]
    NoImages(String),
    /// Something could not be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Request {
    /// A build of a folder by its `Dockerfile`, with no options.
    pub fn new(context: &Path, dockerfile: &Path) -> Self {
        Self {
            context: context.to_owned(),
            dockerfile: dockerfile.to_owned(),
            target: None,
            build_args: BTreeMap::new(),
            named: BTreeMap::new(),
            no_cache: NoCache::Off,
            platform: None,
            network: None,
            secrets: Vec::new(),
            ssh: Vec::new(),
            extra: Vec::new(),
            output: Output::Nothing,
            limit: Duration::from_secs(1800),
        }
    }
}

impl Engine {
    /// Builds. A build that fails is a result like any other.
    ///
    /// # Errors
    /// The client cannot be run, takes longer than [`Request::limit`], or Ctrl-C.
    pub fn build(&self, request: &Request) -> Result<Built, BuildError> {
        let mut raw_json = self.raw_json;
        loop {
            let arguments = self.arguments(request, raw_json);
            let began = Instant::now();
            let ran = self.program.run(&arguments, request.limit)?;
            let seconds = began.elapsed().as_secs_f64();
            let log = String::from_utf8_lossy(&ran.stderr).into_owned();
            // A client that says it is new and does not know rawjson.
            if raw_json && !ran.status.success() && log.contains("rawjson") && !log.contains("\"vertexes\"") {
                raw_json = false;
                continue;
            }
            return Ok(finish(&ran, log, seconds));
        }
    }

    fn arguments(&self, request: &Request, raw_json: bool) -> Vec<OsString> {
        let progress = if raw_json { "--progress=rawjson" } else { "--progress=plain" };
        let mut words = Words::default();
        match self.client {
            Client::Buildctl => self.buildctl(request, &mut words),
            Client::Buildx => {
                words.add(&["buildx", "build"]);
                if let Some(builder) = &self.builder {
                    words.pair("--builder", builder);
                }
                self.docker(request, &mut words);
            }
            Client::Docker => {
                words.add(&["build"]);
                self.docker(request, &mut words);
            }
        }
        words.add(&[progress]);
        words.0.extend(request.extra.iter().cloned());
        if self.client != Client::Buildctl {
            words.0.push(request.context.clone().into());
        }
        words.0
    }

    /// The arguments of `docker build` and `docker buildx build` but for the context.
    fn docker(&self, request: &Request, words: &mut Words) {
        words.add(&["--file"]);
        words.0.push(request.dockerfile.clone().into());
        match &request.output {
            Output::Nothing => words.pair("--output", "type=cacheonly"),
            Output::Image(tag) if self.has_local_images() => words.pair("--tag", tag),
            Output::Image(tag) => {
                words.pair("--tag", tag);
                words.add(&["--load"]);
            }
        }
        if let Some(network) = self.network(request) {
            words.pair("--network", network);
        }
        if let Some(target) = &request.target {
            words.pair("--target", target);
        }
        if let Some(platform) = &request.platform {
            words.pair("--platform", platform);
        }
        for (name, value) in &request.build_args {
            words.pair("--build-arg", &format!("{name}={value}"));
        }
        for (name, folder) in &request.named {
            words.pair("--build-context", &format!("{name}={}", folder.display()));
        }
        match &request.no_cache {
            NoCache::Off => {}
            NoCache::All => words.add(&["--no-cache"]),
            NoCache::Stages(stages) => words.pair("--no-cache-filter", &stages.join(",")),
        }
        request.secrets.iter().for_each(|secret| words.pair("--secret", secret));
        request.ssh.iter().for_each(|agent| words.pair("--ssh", agent));
    }

    fn buildctl(&self, request: &Request, words: &mut Words) {
        words.add(&["build", "--frontend", "dockerfile.v0"]);
        let (folder, file) = folder_and_file(&request.dockerfile);
        words.pair("--local", &format!("context={}", request.context.display()));
        words.pair("--local", &format!("dockerfile={}", folder.display()));
        words.pair("--opt", &format!("filename={file}"));
        if let Some(network) = self.network(request) {
            words.pair("--opt", &format!("force-network-mode={network}"));
            if network == "host" {
                words.pair("--allow", "network.host");
            }
        }
        if let Some(target) = &request.target {
            words.pair("--opt", &format!("target={target}"));
        }
        if let Some(platform) = &request.platform {
            words.pair("--opt", &format!("platform={platform}"));
        }
        for (name, value) in &request.build_args {
            words.pair("--opt", &format!("build-arg:{name}={value}"));
        }
        for (name, folder) in &request.named {
            words.pair("--opt", &format!("context:{name}=local:{name}"));
            words.pair("--local", &format!("{name}={}", folder.display()));
        }
        match &request.no_cache {
            NoCache::Off => {}
            NoCache::All => words.add(&["--no-cache"]),
            NoCache::Stages(stages) => words.pair("--opt", &format!("no-cache={}", stages.join(","))),
        }
        request.secrets.iter().for_each(|secret| words.pair("--secret", secret));
        request.ssh.iter().for_each(|agent| words.pair("--ssh", agent));
        if let Output::Image(tag) = &request.output {
            words.pair("--output", &format!("type=image,name={tag}"));
        }
    }

    fn network<'a>(&self, request: &'a Request) -> Option<&'a str> {
        request.network.as_deref().or(self.host_network.then_some("host"))
    }
}

/// Words of a command line.
#[derive(Default)]
struct Words(Vec<OsString>);

impl Words {
    fn add(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn pair(&mut self, flag: &str, value: &str) {
        self.add(&[flag, value]);
    }
}

fn folder_and_file(path: &Path) -> (&Path, String) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (folder, path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned())
}

fn finish(ran: &Ran, log: String, seconds: f64) -> Built {
    let mut progress = progress::read(&log);
    if ran.status.success() {
        // A message that only reads like a failure.
        progress.failure = None;
    } else if progress.failure.is_none() {
        progress.failure = Some(Failure { vertex: None, message: ran.complaint() });
    }
    Built { progress, log, seconds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::process::{Interrupt, Program};
    use crate::graph::ImageStore;

    fn engine(client: Client) -> Engine {
        Engine {
            program: Program { path: "docker".into(), env: Vec::new(), interrupt: Interrupt::default() },
            builder: None,
            client,
            version: "26.1.5".into(),
            driver: None,
            store: ImageStore::Classic,
            raw_json: true,
            host_network: false,
            platform: "linux/amd64".into(),
        }
    }

    fn request() -> Request {
        Request {
            target: Some("app".into()),
            build_args: [("A".to_owned(), "b c".to_owned())].into(),
            named: [("docs".to_owned(), PathBuf::from("/d"))].into(),
            no_cache: NoCache::Stages(vec!["x".into(), "y".into()]),
            platform: Some("linux/arm64".into()),
            secrets: vec!["id=s,src=/s".into()],
            ssh: vec!["default".into()],
            extra: vec!["--pull".into()],
            ..Request::new(Path::new("/ctx"), Path::new("/f/Dockerfile"))
        }
    }

    fn line(engine: &Engine, request: &Request, raw_json: bool) -> String {
        let words = engine.arguments(request, raw_json);
        words.iter().map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn command_lines_of_the_three_clients() {
        let common = "--target app --platform linux/arm64 --build-arg A=b c --build-context docs=/d \
                      --no-cache-filter x,y --secret id=s,src=/s --ssh default";
        assert_eq!(
            line(&engine(Client::Buildx), &request(), true),
            format!(
                "buildx build --file /f/Dockerfile --output type=cacheonly {common} --progress=rawjson --pull /ctx"
            )
        );
        let mut old = engine(Client::Docker);
        old.host_network = true;
        let tagged = Request {
            no_cache: NoCache::All,
            output: Output::Image("t:1".into()),
            ..Request::new(Path::new("."), Path::new("D"))
        };
        assert_eq!(
            line(&old, &tagged, false),
            "build --file D --tag t:1 --network host --no-cache --progress=plain ."
        );
        let request = Request { network: Some("host".into()), ..request() };
        assert_eq!(
            line(&engine(Client::Buildctl), &request, true),
            "build --frontend dockerfile.v0 --local context=/ctx --local dockerfile=/f --opt filename=Dockerfile \
             --opt force-network-mode=host --allow network.host --opt target=app --opt platform=linux/arm64 \
             --opt build-arg:A=b c --opt context:docs=local:docs --local docs=/d --opt no-cache=x,y \
             --secret id=s,src=/s --ssh default --progress=rawjson --pull"
        );
        assert_eq!(folder_and_file(Path::new("D")), (Path::new("."), "D".to_owned()));
    }
}
