//! `layerlab reorder --verify`: both orders built on a real engine, and their images compared.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use crate::cli::flags::BuildFlags;
use crate::cli::output::safe;
use crate::cli::project::Project;
use crate::context::path::is_within;
use crate::engine::images::{Comparison, FileDifferenceKind};
use crate::engine::{Engine, Interrupt, Kind, Request, Wish};
use crate::graph::NoCache;
use crate::reorder::Proposal;

/// Flags of the comparison.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// Builds both orders on a real Docker and compares the images: files, modes, owners, contents, settings
    #[arg(long)]
    verify: bool,
    /// The docker client that --verify calls
    #[arg(long, value_name = "PROGRAM", env = "LAYERLAB_DOCKER", requires = "verify")]
    docker: Option<PathBuf>,
    /// Network of RUN for --verify, as docker build takes it
    #[arg(long, value_name = "MODE", requires = "verify")]
    network: Option<String>,
    /// How long one build of --verify may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800, requires = "verify")]
    timeout: u64,
}

impl Flags {
    pub(super) fn is_wanted(&self) -> bool {
        self.verify
    }
}

/// Builds both orders and compares; says on standard error what is done and found, and returns whether the images
/// are the same.
///
/// The old order is built twice from nothing: paths in which these two differ (times written into files, logs)
/// differ by themselves, and are named and left out.
pub(super) fn run(
    flags: &Flags,
    build: &BuildFlags,
    project: &Project,
    proposal: &Proposal,
) -> anyhow::Result<bool> {
    if !proposal.improves() {
        tell("nothing is proposed, so there is nothing to verify");
        return Ok(true);
    }
    let interrupt = Interrupt::listen()?;
    let wish = Wish { docker: flags.docker.clone(), kind: Some(Kind::Docker), interrupt, ..Wish::default() };
    let engine = Engine::find(&wish)?;
    let folder = tempfile::tempdir()?;
    let old = request(flags, build, project, &folder.path().join("old"), &project.sources.text)?;
    let new = request(flags, build, project, &folder.path().join("new"), &proposal.text)?;
    tell(&format!("building the Dockerfile as it is, twice, on {}", engine.describe()));
    let first = engine.image(&old).context("the Dockerfile as it is")?;
    let varies =
        first.files.varying(&engine.image(&old).context("the Dockerfile as it is, once more")?.files);
    tell("building the new order");
    let second = engine.image(&new).context("the new order")?;
    let mut comparison = first.compare(&second, &varies);
    let differs: Vec<&String> = proposal.taken.iter().flat_map(|taken| &taken.differs).collect();
    for file in &mut comparison.files {
        let path = file.path.trim_start_matches('/');
        // A directory that was there for that alone is gone with it; what else it held is told by itself.
        let is_gone = matches!(file.kind, FileDifferenceKind::Missing);
        let is_told = |told: &&String| {
            let told = told.trim_start_matches('/');
            is_within(path, told) || is_gone && is_within(told, path)
        };
        if differs.iter().any(is_told) {
            file.noise = Some("what was taken says that it may differ");
        }
    }
    if !varies.is_empty() {
        let shown: Vec<String> = varies.iter().take(5).map(|path| safe(path).into_owned()).collect();
        let more = if varies.len() > 5 { format!(" and {} more", varies.len() - 5) } else { String::new() };
        tell(&format!(
            "left out, as two builds of the same Dockerfile differ in it: {}{more}",
            shown.join(", ")
        ));
    }
    report(&comparison, first.files.len());
    Ok(comparison.is_same())
}

fn report(comparison: &Comparison, files: usize) {
    if comparison.is_same() {
        tell(&format!("the same: {files} paths with their modes, owners and contents, and all settings"));
        let noise = comparison.files.len();
        if noise > 0 {
            tell(&format!("{noise} differences are of the kinds that no two builds agree on"));
        }
        return;
    }
    let sentences = comparison.sentences();
    tell(&format!("the images DIFFER in {} places:", sentences.len()));
    for sentence in sentences.iter().take(20) {
        tell(&format!("  {}", safe(sentence)));
    }
}

fn tell(text: &str) {
    anstream::eprintln!("verify: {text}");
}

/// A build of the project's context by another Dockerfile, with the project's own ignore file.
fn request(
    flags: &Flags,
    build: &BuildFlags,
    project: &Project,
    folder: &std::path::Path,
    text: &str,
) -> anyhow::Result<Request> {
    std::fs::create_dir_all(folder)?;
    let dockerfile = folder.join("Dockerfile");
    std::fs::write(&dockerfile, text)?;
    std::fs::write(folder.join("Dockerfile.dockerignore"), project.sources.ignore_text())?;
    let options = &project.sources.options;
    Ok(Request {
        target: options.target.clone(),
        build_args: options.build_args.clone(),
        named: build.build_contexts.iter().cloned().collect(),
        no_cache: NoCache::All,
        platform: build.platform.as_ref().map(crate::graph::Platform::format),
        network: flags.network.clone(),
        secrets: build.secret.clone(),
        ssh: build.ssh.clone(),
        limit: Duration::from_secs(flags.timeout),
        ..Request::new(&project.sources.context, &dockerfile)
    })
}
