//! `layerlab verify`: the same builds, predicted and done by a real engine, side by side.

mod project;
mod report;
mod text;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::flags::{BuildFlags, Format, FormatFlag};
use super::project::Sources;
use super::{Ended, costs, output};
use crate::cost::{Measured, MeasuredImage};
use crate::engine::scenario::Scenario;
use crate::engine::session::{self, BuildReport, Session, Settings};
use crate::engine::workspace::Workspace;
use crate::engine::{Client, Engine, Interrupt, Kind, NoEngine, Wish, series};
use report::{Report, Series};

/// Arguments of `layerlab verify`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    #[command(flatten)]
    flags: BuildFlags,
    /// After the first build, edits this file in the copy and builds again; a folder or a pattern stands for
    /// all its files. Repeatable: each edit starts from the project as it is
    #[arg(long = "edit", value_name = "PATH")]
    edits: Vec<String>,
    /// Does the builds of a scenario file (TOML, or JSONL with one scenario a line); repeatable
    #[arg(long = "scenario", value_name = "FILE")]
    scenarios: Vec<PathBuf>,
    /// Which kind of engine [default: docker, or buildkit where BUILDKIT_HOST is set]
    #[arg(long, value_name = "KIND", value_enum)]
    engine: Option<Kind>,
    /// The docker client
    #[arg(long, value_name = "PROGRAM", env = "LAYERLAB_DOCKER")]
    docker: Option<PathBuf>,
    /// The client of a BuildKit daemon of its own
    #[arg(long, value_name = "PROGRAM", env = "LAYERLAB_BUILDCTL")]
    buildctl: Option<PathBuf>,
    /// The buildx builder [default: the current one]
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// Network of RUN, as docker build takes it [default: the engine's; the host's where it has no bridge]
    #[arg(long, value_name = "MODE")]
    network: Option<String>,
    /// How long one build may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1800)]
    timeout: u64,
    /// Keeps no durations and sizes for later predictions
    #[arg(long)]
    no_learn: bool,
    #[command(flatten)]
    format: FormatFlag,
    /// Further arguments for the engine's client
    #[arg(last = true, value_name = "ARGUMENT")]
    extra: Vec<OsString>,
}

const HELP: &str = "\
Nothing of yours is touched: the context is copied to a temporary folder and edited there; no image, \
container or tag is left behind, and nothing is pruned. What the builds leave is what every build leaves: \
records in the engine's build cache, which its own garbage collection removes.

The first build starts cold, by itself: base images get one more layer that no build has seen, files of the \
copy an attribute that no build has seen (user.layerlab-verify). Where neither reaches, as in a stage FROM \
scratch, the first build runs with --no-cache as well, and a WORKDIR there may be found from before; it is then listed as \
such and not compared. Whether FROM itself counts as cached is not compared.

What is listed as uncertain in a plan is judged apart: a wrong guess is shown and is no difference. Known \
differences of older engines are named as such: no LINK merge with Docker's classic image store, ONBUILD \
triggers printed without the word, no stale hit after --no-cache-filter, flags that an old frontend lacks.

Scenario files, in TOML:

  id = \"lockfile\"
  about = \"a new dependency reinstalls, a source file does not\"
  [[steps]]
  edit = [{ op = \"append\", path = \"src/app.js\", content = \"// more\\n\" }]
  [[steps]]
  edit = [{ op = \"replace\", path = \"package.json\", old = \"1.0.0\", new = \"1.0.1\" }]
  options = { build_args = { MODE = \"dev\" }, target = \"app\" }

The steps edit the copy one after the other and build after each. A scenario with a dockerfile (its text) \
and a [context] (path = text) brings its own project. Edits: write, append, replace, delete, rename, chmod, \
touch, mkdir, symlink, write_keep_mtime, none.

Exit status: 0 all as predicted; 1 something differs; 2 it cannot be done, for want of an engine for example.";

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<Ended> {
    let json = args.format.format == Format::Json;
    let mut report = Report::default();
    let done = Verification::new(args, &mut report).and_then(Verification::run);
    if let Err(error) = &done {
        report.error = Some(format!("{error:#}"));
    }
    if json {
        output::print_json(&report)?;
    } else if report.engine.is_some() {
        output::print(&text::end(&report))?;
    }
    done?;
    match report.failure() {
        _ if report.is_different() => Ok(Ended::No),
        Some(failure) => bail!("{failure}"),
        None => Ok(Ended::Done),
    }
}

/// One run of the command.
struct Verification<'a> {
    args: &'a Args,
    report: &'a mut Report,
    engine: Engine,
    /// None where only scenarios with contexts of their own are to be done.
    sources: Option<Sources>,
    scenarios: Vec<Scenario>,
    measured: Measured,
}

impl<'a> Verification<'a> {
    fn new(args: &'a Args, report: &'a mut Report) -> anyhow::Result<Self> {
        let mut scenarios = Vec::new();
        for file in &args.scenarios {
            scenarios.extend(read_scenarios(file)?);
        }
        let own = !scenarios.is_empty() && scenarios.iter().all(Scenario::has_context);
        let asked =
            args.flags.file.is_some() || !args.edits.is_empty() || args.flags.context != Path::new(".");
        // The Dockerfile is read first: what is wrong in it is said with its place.
        let sources = match Sources::load(&args.flags).and_then(Sources::parsed) {
            Ok(project) => Some(project.sources),
            Err(_) if own && !asked => None,
            Err(error) => return Err(error),
        };
        let interrupt = Interrupt::listen().context("cannot listen to Ctrl-C")?;
        let wish = Wish {
            docker: args.docker.clone(),
            buildctl: args.buildctl.clone(),
            kind: args.engine,
            builder: args.builder.clone(),
            env: Vec::new(),
            interrupt,
        };
        let engine = match Engine::find(&wish) {
            Ok(engine) => engine,
            Err(NoEngine::Interrupted) => bail!("interrupted"),
            Err(error) => bail!("no engine: {error}\n{}", error.advice()),
        };
        report.engine = Some((&engine).into());
        let measured = sources.as_ref().map(|s| costs::measured(&s.context)).unwrap_or_default();
        Ok(Self { args, report, engine, sources, scenarios, measured })
    }

    fn run(mut self) -> anyhow::Result<()> {
        self.say(&text::start(self.report, self.sources.as_ref()))?;
        if let Some(sources) = self.sources.take() {
            let done = self.project(&sources);
            if !self.args.no_learn {
                self.keep_measured(&sources)?;
            }
            done?;
        }
        let own: Vec<Scenario> = self.scenarios.iter().filter(|s| s.has_context()).cloned().collect();
        for scenario in &own {
            let base = self.settings(Path::new("Dockerfile"));
            self.begin(&scenario.id, &scenario.about, scenario.undoable())?;
            if scenario.undoable().is_some() {
                continue;
            }
            let mut reports = Vec::new();
            let engine = self.engine.clone();
            let done = series::own_context(&engine, scenario, &base, &mut |report| reports.push(report));
            for report in reports {
                self.take(report)?;
            }
            done.with_context(|| format!("in the scenario {}", scenario.id))?;
        }
        Ok(())
    }

    fn workspace(&self, mark: &str) -> anyhow::Result<Workspace> {
        let mut workspace = series::new_workspace(mark)?;
        if self.engine.client == Client::Buildctl {
            workspace.shift_times();
        }
        Ok(workspace)
    }

    fn settings(&self, dockerfile: &Path) -> Settings {
        let flags = &self.args.flags;
        Settings {
            options: flags.graph_options(),
            secrets: flags.secret.clone(),
            ssh: flags.ssh.clone(),
            platform: flags.platform.clone(),
            network: self.args.network.clone(),
            extra: self.args.extra.clone(),
            limit: Duration::from_secs(self.args.timeout),
            ..Settings::new(dockerfile)
        }
    }

    /// Begins a series of builds in the report.
    fn begin(&mut self, id: &str, about: &str, skipped: Option<&str>) -> anyhow::Result<()> {
        let series = Series {
            id: id.to_owned(),
            about: about.to_owned(),
            skipped: skipped.map(str::to_owned),
            builds: Vec::new(),
        };
        self.say(&text::series(&series))?;
        self.report.series.push(series);
        Ok(())
    }

    /// Takes a build into the report, shows it, and learns from it.
    fn take(&mut self, built: BuildReport) -> anyhow::Result<()> {
        let engine = self.report.engine.as_ref().map(|e| e.name.clone()).unwrap_or_default();
        self.say(&text::build(&built, &engine))?;
        for (row, bytes) in session::learned(&built) {
            if let Some(operation) = row.operation {
                self.measured.record(operation, &row.label.instruction, row.seconds, bytes);
                self.report.learned.steps += 1;
            }
        }
        if let Some(series) = self.report.series.last_mut() {
            series.builds.push(built);
        }
        Ok(())
    }

    fn learn_images(&mut self, session: &Session<'_>) {
        for (name, image) in session.images() {
            let image = MeasuredImage { bytes: image.bytes, layers: image.full_layers() };
            self.measured.images.insert(crate::graph::canonical(name), image);
        }
    }

    /// Keeps what was learned of the project.
    fn keep_measured(&mut self, sources: &Sources) -> anyhow::Result<()> {
        let Some(file) = costs::measured_file(&sources.context).filter(|_| self.report.learned.steps > 0)
        else {
            return Ok(());
        };
        let write = || -> anyhow::Result<()> {
            let folder = file.parent().context("it has no folder")?;
            std::fs::create_dir_all(folder)?;
            let mut temp = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut temp, &self.measured)?;
            temp.persist(&file)?;
            Ok(())
        };
        write().with_context(|| format!("cannot keep what was measured in {}", file.display()))?;
        self.report.learned.file = Some(file);
        Ok(())
    }

    fn say(&self, text: &str) -> anyhow::Result<()> {
        if self.args.format.format == Format::Text {
            output::print(text)?;
        }
        Ok(())
    }
}

fn read_scenarios(file: &Path) -> anyhow::Result<Vec<Scenario>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut scenarios = Scenario::read(&text).map_err(|e| anyhow::anyhow!("{}: {e}", file.display()))?;
    for scenario in scenarios.iter_mut().filter(|s| s.id.is_empty()) {
        scenario.id = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    }
    Ok(scenarios)
}
