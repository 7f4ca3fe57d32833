//! What the same program would weigh on another base, in one stage or in two, and what to mind there.

mod advice;
mod bases;

use super::images::{self, CatalogueImage};
use super::sizes::{LayerSize, Sizes, StageSize, total};
use super::{Basis, Figure, Measured};
use crate::dockerfile::ast::{Dockerfile, InstructionKind};
use crate::graph::Graph;

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
}
