//! What the same program would weigh on another base, in one stage or in two, and what to mind there.

use super::images::{self, CatalogueImage, Libc};
use super::sizes::{LayerSize, Sizes, StageSize, total};
use super::{Basis, Figure, Measured, run};
use crate::dockerfile::ast::{CommandLine, Dockerfile, InstructionKind};
use crate::graph::{Exec, Graph, Op};
use crate::shell::Word;

/// This Dockerfile beside others for the same program.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// This Dockerfile first, then what else can work.
    pub rows: Vec<Alternative>,
    /// What cannot work, and why.
    pub impossible: Vec<(String, String)>,
}

/// One way to ship the program.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// Which way.
    pub kind: Way,
    /// What its last FROM says.
    pub base: String,
    /// What it weighs.
    pub total: Figure,
    /// What has to be changed for it to work.
    pub changes: Vec<String>,
    /// What to mind.
    pub caveats: Vec<String>,
}

/// Ways to ship a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// As the Dockerfile has it.
    This,
    /// All in the builder's stage.
    SingleStage,
    /// On Alpine.
    Alpine,
    /// On a slim Debian.
    Slim,
    /// On distroless.
    Distroless,
    /// On nothing.
    Scratch,
}

impl Way {
    /// How it is called on screens.
    pub const fn words(self) -> &'static str {
        match self {
            Self::This => "this Dockerfile",
            Self::SingleStage => "as a single stage",
            Self::Alpine => "on Alpine",
            Self::Slim => "on slim Debian",
            Self::Distroless => "on distroless",
            Self::Scratch => "on scratch",
        }
    }
}

/// What runs in the final image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runtime {
    Go,
    Rust,
    Native,
    Node,
    Python,
    Java,
    Dotnet,
    Ruby,
    Php,
    Nginx,
    Unknown,
}

impl Runtime {
    /// Tells it from an image's repository.
    fn of(image: &str) -> Self {
        let repository = image.rsplit_once(':').map_or(image, |(repository, _)| repository);
        let name = repository.rsplit('/').next().unwrap_or(repository);
        if repository.starts_with("mcr.microsoft.com/dotnet/") {
            return Self::Dotnet;
        }
        match name {
            "golang" => Self::Go,
            "rust" => Self::Rust,
            "gcc" | "buildpack-deps" => Self::Native,
            "nginx" | "httpd" | "caddy" | "nginx-unprivileged" => Self::Nginx,
            "ruby" => Self::Ruby,
            "php" | "composer" => Self::Php,
            _ if name.starts_with("node") => Self::Node,
            _ if name.starts_with("python") || name == "pypy" => Self::Python,
            "eclipse-temurin" | "openjdk" | "maven" | "gradle" | "amazoncorretto" | "tomcat" => Self::Java,
            _ if name.starts_with("java") => Self::Java,
            _ => Self::Unknown,
        }
    }

    const fn compiled(self) -> bool {
        matches!(self, Self::Go | Self::Rust | Self::Native)
    }
}

/// Compares a Dockerfile with other ways to ship the same program.
pub fn compare(dockerfile: &Dockerfile, graph: &Graph, sizes: &Sizes, measured: &Measured) -> Comparison {
    let subject = Subject::new(dockerfile, graph, sizes, measured);
    let image = sizes.image();
    let this = Alternative {
        kind: Way::This,
        base: image.from.clone(),
        total: image.total,
        changes: Vec::new(),
        caveats: Vec::new(),
    };
    let mut comparison = Comparison { rows: vec![this], impossible: Vec::new() };
    comparison.rows.extend(subject.single_stage());
    for way in [Way::Alpine, Way::Slim, Way::Distroless, Way::Scratch] {
        match subject.on(way) {
            Answer::Works(row) => comparison.rows.push(row),
            Answer::Impossible(why) => comparison.impossible.push((way.words().to_string(), why)),
            Answer::Same => {}
        }
    }
    comparison
}

enum Answer {
    Works(Alternative),
    Impossible(String),
    /// It is that already.
    Same,
}

/// What is compared.
struct Subject<'a> {
    dockerfile: &'a Dockerfile,
    graph: &'a Graph,
    sizes: &'a Sizes,
    measured: &'a Measured,
    runtime: Runtime,
    /// The base the program is built on; another than the image's own in a multi-stage build.
    builder: Option<&'a StageSize>,
}

impl<'a> Subject<'a> {
    fn new(dockerfile: &'a Dockerfile, graph: &'a Graph, sizes: &'a Sizes, measured: &'a Measured) -> Self {
        // The stage that most is left behind in is the one that builds.
        let builder = sizes.left_behind().max_by(|a, b| a.total.value.total_cmp(&b.total.value));
        let of =
            |stage: &StageSize| stage.base.as_ref().map_or(Runtime::Unknown, |base| Runtime::of(&base.name));
        let own = of(sizes.image());
        let runtime = match (own, builder) {
            (Runtime::Unknown, Some(builder)) => match of(builder) {
                built if built.compiled() => built,
                // Node or Java cannot run without its runtime, which a plain base has not.
                _ => Runtime::Unknown,
            },
            (own, _) => own,
        };
        Self { dockerfile, graph, sizes, measured, runtime, builder }
    }

    /// Layers of the image above its base.
    fn own_layers(&self) -> impl Iterator<Item = &'a LayerSize> {
        self.sizes.image().layers.iter().filter(|layer| !layer.base)
    }

    fn own_base(&self) -> &str {
        self.sizes.image().base.as_ref().map_or("scratch", |base| base.name.as_str())
    }

    /// The builder's image with the rest of the final stage on top.
    fn single_stage(&self) -> Option<Alternative> {
        let builder = self.builder?;
        let rest = self.own_layers().filter(|layer| !self.copies_from_stage(layer)).map(|layer| layer.bytes);
        let sum = total([builder.total].into_iter().chain(rest));
        Some(Alternative {
            kind: Way::SingleStage,
            base: builder.from.clone(),
            total: sum,
            changes: Vec::new(),
            caveats: vec!["all that the build needs goes along: tools, sources, caches".to_string()],
        })
    }

    fn copies_from_stage(&self, layer: &LayerSize) -> bool {
        let step = &self.graph.steps[layer.step];
        let instruction =
            step.instruction.and_then(|at| self.dockerfile.stages.get(step.stage)?.instructions.get(at));
        matches!(instruction.map(|i| &i.kind), Some(InstructionKind::Copy(copy)) if copy.from.is_some())
    }

    /// The image is built where it runs, with a compiler in it.
    fn ships_compiler(&self) -> bool {
        self.runtime.compiled() && self.builder.is_none()
    }

    /// What goes on top of another base.
    fn payload(&self, entry: &CatalogueImage) -> Figure {
        if !self.ships_compiler() {
            let kept = self.own_layers().filter(|layer| self.needless(layer, entry).is_none());
            return total(kept.map(|layer| layer.bytes));
        }
        let artifacts = self.own_layers().flat_map(|layer| &layer.pieces).filter(|piece| piece.artifact);
        total(artifacts.map(|piece| Figure { value: piece.weight.bytes, basis: Basis::Estimated }))
    }

    fn on(&self, way: Way) -> Answer {
        let base = match self.candidate(way) {
            Ok(base) => base,
            Err(why) => return Answer::Impossible(why),
        };
        let same = images::find(&base).map(|(entry, _)| &entry.name);
        let own = images::find(self.own_base()).map(|(entry, _)| &entry.name);
        if self.own_base() == base || (same.is_some() && same == own) {
            return Answer::Same;
        }
        let size = images::size(&base, self.measured);
        let (Some(bytes), Some(entry)) = (size.bytes, size.entry) else {
            return Answer::Impossible(format!("nothing is known of {base}"));
        };
        if let Some(why) = self.obstacle(entry) {
            return Answer::Impossible(why);
        }
        let mut caveats = self.caveats(entry);
        if size.nearest {
            caveats.push(format!("its size is that of {} ({})", entry.name, entry.date));
        } else if entry.approximate && bytes.basis == Basis::Estimated {
            caveats.push("the size of the base is a rough figure".to_string());
        }
        Answer::Works(Alternative {
            kind: way,
            total: total([bytes, self.payload(entry)].into_iter()),
            base,
            changes: self.changes(entry),
            caveats,
        })
    }

    /// The base to try, or why there is none.
    fn candidate(&self, way: Way) -> Result<String, String> {
        let own = self.own_base();
        let (repository, tag) = own.rsplit_once(':').unwrap_or((own, ""));
        let version = tag.split('-').next().filter(|v| v.starts_with(|c: char| c.is_ascii_digit()));
        let of_repository = |flavour: &str| {
            let tag = version.map_or(flavour.to_string(), |version| format!("{version}-{flavour}"));
            format!("{repository}:{tag}")
        };
        let scratch = "scratch holds nothing that could run it";
        Ok(match (self.runtime, way) {
            (Runtime::Unknown, Way::Slim) if own.starts_with("debian:") => "debian:bookworm-slim".to_string(),
            (Runtime::Unknown, _) => {
                return Err("what the image runs cannot be told from its base".to_string());
            }
            (runtime, Way::Alpine) if runtime.compiled() => {
                if own.starts_with("alpine") {
                    own.to_string()
                } else {
                    "alpine:3.22".to_string()
                }
            }
            (runtime, Way::Slim) if runtime.compiled() => "debian:bookworm-slim".to_string(),
            (Runtime::Go, Way::Distroless) => static_distroless(own),
            (Runtime::Rust, Way::Distroless) if self.built_on() == Some(Libc::Musl) => static_distroless(own),
            (Runtime::Rust | Runtime::Native, Way::Distroless) => "gcr.io/distroless/cc-debian12".to_string(),
            (runtime, Way::Scratch) if runtime.compiled() => "scratch".to_string(),
            (Runtime::Node | Runtime::Python | Runtime::Ruby, Way::Alpine)
                if repository.starts_with("gcr.io/") =>
            {
                return Err(format!("{own} has no Alpine twin"));
            }
            (Runtime::Node | Runtime::Python | Runtime::Ruby | Runtime::Nginx, Way::Alpine) => {
                of_repository("alpine")
            }
            (Runtime::Node | Runtime::Python | Runtime::Ruby, Way::Slim) => of_repository("slim"),
            (Runtime::Node, Way::Distroless) => "gcr.io/distroless/nodejs20-debian12".to_string(),
            (Runtime::Python, Way::Distroless) => "gcr.io/distroless/python3-debian12".to_string(),
            (Runtime::Java, Way::Alpine) => java_alpine(tag),
            (Runtime::Java, Way::Distroless) => "gcr.io/distroless/java17-debian12".to_string(),
            (Runtime::Dotnet, Way::Alpine) => of_repository("alpine"),
            (Runtime::Dotnet, Way::Distroless)
                if repository.ends_with("/aspnet") || repository.ends_with("/runtime") =>
            {
                of_repository("jammy-chiseled")
            }
            (Runtime::Php, Way::Alpine) => {
                let flavour = ["fpm", "cli"].into_iter().find(|f| tag.contains(f));
                match flavour {
                    Some(flavour) => of_repository(&format!("{flavour}-alpine")),
                    None if tag.contains("apache") => {
                        return Err("there is no PHP with Apache on Alpine; php-fpm behind a web server is"
                            .to_string());
                    }
                    None => of_repository("cli-alpine"),
                }
            }
            (Runtime::Nginx, Way::Distroless) => return Err("there is no distroless web server".to_string()),
            (_, Way::Scratch) => return Err(scratch.to_string()),
            (_, _) => return Err(format!("there is no such image of {repository}")),
        })
    }

    /// Why the image cannot be built on a base at all.
    fn obstacle(&self, entry: &CatalogueImage) -> Option<String> {
        let system = entry.system();
        if system.shell || self.ships_compiler() {
            return None;
        }
        let run = self
            .own_layers()
            .find(|layer| self.exec(layer).is_some() && self.needless(layer, entry).is_none())?;
        Some(format!(
            "line {} runs a command, and {} has no shell; do it in a builder stage and copy the result",
            run.line, entry.name
        ))
    }

    fn exec(&self, layer: &LayerSize) -> Option<&'a Exec> {
        match &self.graph.vertices[self.graph.steps[layer.step].vertex].op {
            Op::Exec(exec) => Some(exec),
            _ => None,
        }
    }

    /// What to do instead of a RUN on a base without a shell, where it installs or makes only what such bases bring
    /// along, or can do without.
    fn needless(&self, layer: &LayerSize, entry: &CatalogueImage) -> Option<String> {
        const SUPPLIES: [&str; 2] = ["ca-certificates", "tzdata"];
        let exec = self.exec(layer).filter(|_| !entry.system().shell)?;
        let mut supplies = false;
        for call in run::calls_of(exec) {
            match call.program.as_str() {
                "addgroup" | "adduser" | "groupadd" | "useradd" | "rm" | "update-ca-certificates" | "set" => {
                }
                "apk" | "apt-get" | "apt" => {
                    let packages = call.after("add").or_else(|| call.after("install"));
                    let known = |word: &Word| SUPPLIES.contains(&word.text.as_str());
                    if !packages.is_none_or(|packages| packages.iter().all(known)) {
                        return None;
                    }
                    supplies |= packages.is_some();
                }
                _ => return None,
            }
        }
        Some(match (supplies, entry.ca && entry.tz) {
            (true, true) => {
                format!("drop line {}: {} has certificates and time zones", layer.line, entry.name)
            }
            (true, false) => format!(
                "do line {} in the builder, and copy /etc/ssl/certs/ca-certificates.crt and /usr/share/zoneinfo from it",
                layer.line
            ),
            (false, _) => {
                format!("drop line {}: write USER 65532, which needs no entry in /etc/passwd", layer.line)
            }
        })
    }

    /// What has to change for the program to run on a base.
    fn changes(&self, entry: &CatalogueImage) -> Vec<String> {
        let system = entry.system();
        let mut changes = Vec::new();
        if self.ships_compiler() {
            changes
                .push(format!("add a second stage: FROM {}, and COPY --from the program alone", entry.name));
        }
        let built_on = self.built_on();
        let other_libc = built_on.is_some_and(|libc| libc != system.libc);
        match self.runtime {
            Runtime::Go if other_libc && !self.is_static() => {
                changes.push("build with CGO_ENABLED=0, so that the program needs no C library".to_string());
            }
            Runtime::Rust if other_libc && built_on != Some(Libc::Musl) => {
                changes.push(match system.libc {
                    Libc::Musl | Libc::None => {
                        "build with --target x86_64-unknown-linux-musl, so that the program needs no glibc"
                            .to_string()
                    }
                    Libc::Glibc => String::new(),
                });
            }
            Runtime::Native if other_libc => {
                changes.push("link statically (-static): another C library is there, or none".to_string());
            }
            _ => {}
        }
        if let (Some(own), Some(line)) = (self.packages(), self.installs()) {
            match system.packages.as_deref() {
                Some(other) if other != own => changes.push(format!(
                    "line {line} installs with {own}: here it is {other}, and packages have other names"
                )),
                _ => {}
            }
        }
        if !system.shell {
            changes.extend(self.shell_forms());
            if !self.ships_compiler() {
                changes.extend(self.own_layers().filter_map(|layer| self.needless(layer, entry)));
            }
        }
        changes.retain(|change| !change.is_empty());
        changes
    }

    /// The C library that the program is built with.
    fn built_on(&self) -> Option<Libc> {
        let builder = self.builder.unwrap_or(self.sizes.image());
        let base = builder.base.as_ref()?;
        images::find(&base.name).map(|(entry, _)| entry.system().libc)
    }

    fn packages(&self) -> Option<&'static str> {
        let (entry, _) = images::find(self.own_base())?;
        entry.system().packages.as_deref()
    }

    /// Line of the first RUN of the image that installs packages of the system.
    fn installs(&self) -> Option<usize> {
        const TOOLS: [&str; 5] = ["apt-get ", "apt ", "apk ", "yum ", "dnf "];
        if self.ships_compiler() {
            return None;
        }
        let found = self.own_layers().find(|layer| TOOLS.iter().any(|tool| layer.instruction.contains(tool)));
        found.map(|layer| layer.line)
    }

    /// CMD and ENTRYPOINT that need a shell.
    fn shell_forms(&self) -> Vec<String> {
        let stage = self.sizes.image().stage;
        let instructions = self.dockerfile.stages.get(stage).map_or(&[][..], |s| &s.instructions);
        let shell = instructions.iter().filter(|i| {
            matches!(
                &i.kind,
                InstructionKind::Cmd(CommandLine::Shell(_))
                    | InstructionKind::Entrypoint(CommandLine::Shell(_))
            )
        });
        shell
            .map(|i| {
                format!(
                    "write {} in line {} as a JSON array: there is no shell to read it",
                    i.kind.keyword(),
                    i.line
                )
            })
            .collect()
    }

    /// The program is told to be built without C.
    fn is_static(&self) -> bool {
        let stage = self.builder.map_or(self.sizes.image().stage, |builder| builder.stage);
        self.graph.stage_steps(stage).any(|step| match &self.graph.vertices[step.vertex].op {
            Op::Exec(exec) => {
                exec.env.iter().any(|(name, value)| name == "CGO_ENABLED" && value == "0")
                    || exec.args.iter().any(|arg| arg.contains("CGO_ENABLED=0"))
            }
            _ => false,
        })
    }

    fn caveats(&self, entry: &CatalogueImage) -> Vec<String> {
        let system = entry.system();
        let mut caveats = Vec::new();
        match (self.runtime, system.libc) {
            (Runtime::Node, Libc::Musl) => {
                caveats.push("musl instead of glibc: native modules must have a build for it".to_string());
            }
            (Runtime::Python, Libc::Musl) => {
                caveats.push(
                    "musl instead of glibc: wheels without a musllinux build are compiled, slowly"
                        .to_string(),
                );
            }
            (Runtime::Ruby | Runtime::Php | Runtime::Dotnet | Runtime::Java, Libc::Musl) => {
                caveats.push("musl instead of glibc: native libraries must be built for it".to_string());
            }
            _ => {}
        }
        match (system.shell, &system.packages) {
            (false, _) => {
                caveats.push("no shell and no package manager: docker exec opens no prompt".to_string())
            }
            (true, None) => caveats.push("no package manager".to_string()),
            _ => {}
        }
        if self.runtime == Runtime::Node && entry.name.starts_with("gcr.io/") {
            caveats.push("its entrypoint is node: CMD names the script alone".to_string());
        }
        if self.runtime == Runtime::Python && entry.name.starts_with("gcr.io/") {
            caveats.push("Debian's own Python: packages must be installed for that version".to_string());
        }
        if !entry.ca {
            caveats.push(match system.packages.as_deref() {
                Some(_) => "no CA certificates: install ca-certificates where it calls HTTPS".to_string(),
                None => "no CA certificates: copy /etc/ssl/certs/ca-certificates.crt from the builder where it calls HTTPS"
                    .to_string(),
            });
        }
        if !entry.tz {
            caveats.push(match (self.runtime, system.packages.as_deref()) {
                (_, Some(_)) => "no time zones: install tzdata where it uses them".to_string(),
                (Runtime::Go, None) => {
                    "no time zones: build with -tags timetzdata where it uses them".to_string()
                }
                _ => "no time zones: copy /usr/share/zoneinfo where it uses them".to_string(),
            });
        }
        let user = self.sets_user();
        match (&entry.user, user) {
            (Some(user), _) => {
                caveats.push(format!("runs as user {user}: files it writes must belong to it"))
            }
            (None, false) if entry.name.starts_with("gcr.io/distroless") => {
                caveats.push("runs as root; its tag :nonroot runs as user 65532".to_string());
            }
            (None, false) if entry.name == "scratch" => {
                caveats.push("runs as root; USER 65532 works without a user of that name".to_string());
            }
            _ => {}
        }
        if self.ships_compiler() {
            caveats.push("files that the program reads when it runs must be copied as well".to_string());
        }
        caveats
    }

    fn sets_user(&self) -> bool {
        let stage = &self.graph.stages[self.sizes.image().stage];
        !stage.state.user.is_empty()
    }
}

fn static_distroless(own: &str) -> String {
    let release = if own.contains("debian11") { "11" } else { "12" };
    format!("gcr.io/distroless/static-debian{release}")
}

/// The runtime of a Java version on Alpine.
fn java_alpine(tag: &str) -> String {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>();
    let version = tag
        .split('-')
        .map(|word| digits(word.trim_start_matches("jdk").trim_start_matches("jre")))
        .find(|v| ["8", "11", "17", "21", "25"].contains(&v.as_str()))
        .unwrap_or_else(|| "17".to_string());
    format!("eclipse-temurin:{version}-jre-alpine")
}
