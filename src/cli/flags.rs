//! Flags that build, plan, watch, reorder and verify share; they follow `docker build`.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::graph::{GraphOptions, ImageStore, NoCache, Platform};
use crate::solver::export::ExportMode;

/// What is built, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct BuildFlags {
    /// The build context
    #[arg(value_name = "CONTEXT", default_value = ".")]
    pub context: PathBuf,
    /// The Dockerfile, `-` for standard input [default: CONTEXT/Dockerfile]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The stage to build [default: the last one]
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,
    /// Sets an ARG; without a value, to what the environment holds
    #[arg(long = "build-arg", value_name = "K[=V]")]
    pub build_args: Vec<String>,
    /// Adds a folder under a name for FROM, COPY --from and RUN --mount
    #[arg(long = "build-context", value_name = "NAME=PATH", value_parser = name_and_folder)]
    pub build_contexts: Vec<(String, PathBuf)>,
    /// Looks nothing up: RUN, COPY and ADD all run
    #[arg(long)]
    pub no_cache: bool,
    /// Looks nothing up for the steps of these stages
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    pub no_cache_filter: Vec<String>,
    /// The platform to build for [default: linux on this machine's architecture]
    #[arg(long, value_name = "OS/ARCH", value_parser = Platform::parse)]
    pub platform: Option<Platform>,
    /// Where the daemon keeps images; with `classic`, COPY --link is a plain COPY
    #[arg(long, value_name = "STORE", value_enum, default_value_t)]
    pub image_store: Store,
    /// Accepted as docker build does; secrets never count
    #[arg(long, value_name = "…")]
    pub secret: Vec<String>,
    /// Accepted as docker build does; it never counts
    #[arg(long, value_name = "…", num_args = 0..=1, require_equals = true, default_missing_value = "default")]
    pub ssh: Vec<String>,
    /// What a FROM resolves to; without it, the name itself stands for the digest
    #[arg(long = "image-digest", value_name = "IMAGE=DIGEST", value_parser = image_and_digest)]
    pub image_digests: Vec<(String, String)>,
    /// The simulated cache; build creates it [default: one for this user]
    #[arg(long, value_name = "DIR")]
    pub cache: Option<PathBuf>,
    /// Exports the cache: type=local,dest=DIR,mode=min|max
    #[arg(long, value_name = "type=…", value_parser = CacheExport::parse, long_help = CACHE_TO_HELP)]
    pub cache_to: Vec<CacheExport>,
    /// Imports an exported cache: type=local,src=DIR
    #[arg(long, value_name = "type=…", value_parser = CacheImport::parse)]
    pub cache_from: Vec<CacheImport>,
}

const CACHE_TO_HELP: &str = "Exports the cache after the build: type=local,dest=DIR[,mode=min|max].

mode=max keeps every step of the build. mode=min (the default, and all that type=inline can do) keeps only \
what leads to the layers of the final image: a fresh runner that imports it hits everything while nothing \
is edited, but must run a builder stage from its first step as soon as anything in it is needed. \
type=registry and type=gha are read as what they keep; give them a dest=DIR to say where the simulated \
export lies.";

impl Default for BuildFlags {
    fn default() -> Self {
        Self {
            context: PathBuf::from("."),
            file: None,
            target: None,
            build_args: Vec::new(),
            build_contexts: Vec::new(),
            no_cache: false,
            no_cache_filter: Vec::new(),
            platform: None,
            image_store: Store::default(),
            secret: Vec::new(),
            ssh: Vec::new(),
            image_digests: Vec::new(),
            cache: None,
            cache_to: Vec::new(),
            cache_from: Vec::new(),
        }
    }
}

/// `--image-store`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// The containerd image store, and BuildKit of its own.
    #[default]
    Containerd,
    /// dockerd's older store.
    Classic,
}

/// `--format` of the commands that print text or one JSON object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub struct FormatFlag {
    /// How to print the answer
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t)]
    pub format: Format,
}

/// Formats that every command has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one object on standard output.
    Json,
}

/// One `--cache-to`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheExport {
    /// Where the simulated export lies.
    pub dest: PathBuf,
    /// What it keeps.
    pub mode: ExportMode,
}

/// One `--cache-from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheImport {
    /// Where the simulated export lies.
    pub src: PathBuf,
}

impl BuildFlags {
    /// The options that enter the graph.
    ///
    /// An argument without a value is looked up in the environment and left out where it is not set, as
    /// docker build does.
    pub fn graph_options(&self) -> GraphOptions {
        let host = host_platform();
        let mut options = GraphOptions {
            target: self.target.clone(),
            named_contexts: self.build_contexts.iter().map(|(name, _)| name.clone()).collect(),
            no_cache: match (self.no_cache, self.no_cache_filter.is_empty()) {
                (true, _) => NoCache::All,
                (false, false) => NoCache::Stages(self.no_cache_filter.clone()),
                (false, true) => NoCache::Off,
            },
            platform: self.platform.clone().unwrap_or_else(|| host.clone()),
            build_platform: host,
            image_store: match self.image_store {
                Store::Containerd => ImageStore::Containerd,
                Store::Classic => ImageStore::Classic,
            },
            ..GraphOptions::default()
        };
        for arg in &self.build_args {
            let (name, value) = match arg.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (arg.as_str(), std::env::var(arg).ok()),
            };
            options.build_args.extend(value.map(|v| (name.to_string(), v)));
        }
        for (image, digest) in &self.image_digests {
            options.set_image_digest(image, digest);
        }
        options
    }
}

/// Linux on this machine's architecture: what a local daemon builds for.
fn host_platform() -> Platform {
    Platform::parse(&format!("linux/{}", std::env::consts::ARCH)).unwrap_or_default()
}

fn name_and_folder(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text
        .split_once('=')
        .filter(|(n, p)| !n.is_empty() && !p.is_empty())
        .ok_or("write NAME=PATH, as in --build-context shared=../shared")?;
    if let Some(scheme) = remote_scheme(path) {
        return Err(format!(
            "{scheme} is outside of what layerlab reads; name a folder, or fetch it to one first"
        ));
    }
    Ok((name.to_lowercase(), PathBuf::from(path)))
}

/// What a path that is no local one begins with.
pub(super) fn remote_scheme(path: &str) -> Option<&str> {
    let schemes = ["docker-image://", "oci-layout://", "https://", "http://", "git@", "git://", "ssh://"];
    schemes.into_iter().find(|s| path.starts_with(s))
}

fn image_and_digest(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(image, digest)| !image.is_empty() && !digest.is_empty())
        .map(|(image, digest)| (image.to_string(), digest.to_string()))
        .ok_or_else(|| "write IMAGE=DIGEST, as in --image-digest alpine:3.20=sha256:…".to_string())
}

/// Splits `a=b,c=d`; a word alone is a `ref`, as docker reads it.
fn attributes(text: &str) -> Vec<(&str, &str)> {
    text.split(',').map(|part| part.split_once('=').unwrap_or(("ref", part))).collect()
}

fn get<'a>(attributes: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    attributes.iter().rev().find(|(n, _)| *n == name).map(|(_, value)| *value)
}

const CACHE_TYPES: [&str; 4] = ["local", "registry", "gha", "inline"];

fn cache_type<'a>(attributes: &[(&str, &'a str)]) -> Result<&'a str, String> {
    let kind = get(attributes, "type").unwrap_or("registry");
    if CACHE_TYPES.contains(&kind) {
        Ok(kind)
    } else {
        Err(format!("{kind:?} is none of the cache types {}", CACHE_TYPES.join(", ")))
    }
}

impl CacheExport {
    /// Reads the value of a `--cache-to`.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let given = attributes(text);
        let kind = cache_type(&given)?;
        let dest = get(&given, "dest").filter(|d| !d.is_empty()).ok_or_else(|| {
            format!("nothing is pushed anywhere; say where the simulated export lies: type={kind},dest=DIR")
        })?;
        let mode = match (get(&given, "mode"), kind) {
            (None | Some("min"), _) | (Some(_), "inline") => ExportMode::Min,
            (Some("max"), _) => ExportMode::Max,
            (Some(other), _) => return Err(format!("{other:?} is neither mode=min nor mode=max")),
        };
        Ok(Self { dest: PathBuf::from(dest), mode })
    }
}

impl CacheImport {
    /// Reads the value of a `--cache-from`.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let given = attributes(text);
        let kind = cache_type(&given)?;
        let src = get(&given, "src").filter(|s| !s.is_empty()).ok_or_else(|| {
            format!(
                "nothing is pulled from anywhere; say where the simulated export lies: type={kind},src=DIR"
            )
        })?;
        Ok(Self { src: PathBuf::from(src) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_keep_what_their_type_can_keep() {
        let table = [
            ("type=local,dest=d", Ok(ExportMode::Min)),
            ("type=local,dest=d,mode=min", Ok(ExportMode::Min)),
            ("type=local,dest=d,mode=max", Ok(ExportMode::Max)),
            ("type=gha,mode=max,dest=d", Ok(ExportMode::Max)),
            ("type=inline,mode=max,dest=d", Ok(ExportMode::Min)),
            ("ref/x,dest=d,mode=max", Ok(ExportMode::Max)),
            ("type=local", Err("type=local,dest=DIR")),
            ("type=s3,dest=d", Err("none of the cache types")),
            ("type=local,dest=d,mode=most", Err("neither mode=min nor mode=max")),
        ];
        for (text, want) in table {
            match (CacheExport::parse(text), want) {
                (Ok(got), Ok(mode)) => assert_eq!((got.mode, got.dest), (mode, "d".into()), "{text}"),
                (Err(got), Err(part)) => assert!(got.contains(part), "{text}: {got}"),
                (got, _) => panic!("{text}: {got:?}"),
            }
        }
        assert_eq!(CacheImport::parse("type=local,src=x"), Ok(CacheImport { src: "x".into() }));
        assert!(CacheImport::parse("type=local,dest=x").unwrap_err().contains("src=DIR"));
    }

    #[test]
    fn flags_become_options_of_the_graph() {
        let flags = BuildFlags {
            build_args: vec!["A=1=2".into(), "LAYERLAB_SURELY_NOT_SET".into(), "B=".into()],
            no_cache_filter: vec!["x".into()],
            image_digests: vec![image_and_digest("alpine=sha256:1").unwrap()],
            build_contexts: vec![name_and_folder("Lib=../lib").unwrap()],
            ..BuildFlags::default()
        };
        let options = flags.graph_options();
        let args: Vec<_> = options.build_args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(args, [("A", "1=2"), ("B", "")], "without a value and not set: left out");
        assert_eq!(options.no_cache, NoCache::Stages(vec!["x".into()]));
        assert_eq!(options.image_digests["docker.io/library/alpine:latest"], "sha256:1");
        assert!(options.named_contexts.contains("lib"));
        let both = BuildFlags { no_cache: true, ..flags };
        assert_eq!(both.graph_options().no_cache, NoCache::All);
    }

    #[test]
    fn what_is_no_folder_is_said_to_be_none() {
        for text in ["x", "=y", "x=", "x=docker-image://alpine", "x=https://example.com/a.git"] {
            assert!(name_and_folder(text).is_err(), "{text}");
        }
    }
}
