//! What of a build's options the graph depends on.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::image::canonical;

/// The options of a build that enter the graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphOptions {
    /// `--target`: a stage's name, in any case; not a number (`stages-target-index`).
    pub target: Option<String>,
    /// `--build-arg` values.
    pub build_args: BTreeMap<String, String>,
    /// Names of the `--build-context` folders.
    pub named_contexts: BTreeSet<String>,
    /// `--no-cache` and `--no-cache-filter`.
    pub no_cache: NoCache,
    /// `--platform`: what is built for.
    pub platform: Platform,
    /// What the builder itself runs on.
    pub build_platform: Platform,
    /// Where the daemon keeps images.
    pub image_store: ImageStore,
    /// What each image resolves to, by canonical name; without one, the name stands for the digest.
    pub image_digests: BTreeMap<String, String>,
    /// What is known of the images' config, by canonical name.
    pub image_configs: BTreeMap<String, ImageConfig>,
}

impl GraphOptions {
    /// Sets what an image resolves to.
    pub fn set_image_digest(&mut self, image: &str, digest: &str) {
        self.image_digests.insert(canonical(image), digest.to_string());
    }

    /// Digest and config known for a canonical image name.
    pub(crate) fn image(&self, canonical: &str) -> (Option<&String>, Option<&ImageConfig>) {
        (self.image_digests.get(canonical), self.image_configs.get(canonical))
    }
}

/// Which steps run without a look-up (cache semantics, section 7).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoCache {
    /// All may hit.
    #[default]
    Off,
    /// `--no-cache`.
    All,
    /// `--no-cache-filter`: the stages named, in any case.
    Stages(Vec<String>),
}

impl NoCache {
    /// Says whether the steps of a stage of this name are marked.
    pub fn covers(&self, stage: Option<&str>) -> bool {
        match self {
            Self::Off => false,
            Self::All => true,
            Self::Stages(names) => names.iter().any(|n| n.eq_ignore_ascii_case(stage.unwrap_or_default())),
        }
    }
}

/// Where the daemon keeps images: decides whether COPY --link makes a merge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageStore {
    /// The containerd image store, and BuildKit of its own: COPY --link is a copy and a merge.
    #[default]
    Containerd,
    /// dockerd's older store: COPY --link is a plain COPY (cases `@classic`).
    Classic,
}

/// An operating system and an architecture.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`.
    pub os: String,
    /// `amd64`.
    pub arch: String,
    /// `v7`, or empty.
    pub variant: String,
}

impl Default for Platform {
    fn default() -> Self {
        Self { os: "linux".into(), arch: "amd64".into(), variant: String::new() }
    }
}

impl Platform {
    /// Reads `os/arch[/variant]`, an architecture alone, or an operating system alone, with the usual other
    /// names of architectures.
    ///
    /// # Errors
    /// A sentence that says what a platform looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let ok = |p: &str| {
            !p.is_empty() && p.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
        };
        if parts.len() > 3 || !parts.iter().all(|p| ok(p)) {
            return Err(format!(
                "{text:?} is not a platform; write os/arch or os/arch/variant, as in linux/arm64"
            ));
        }
        let host = Self::default();
        let (os, arch, variant) = match parts[..] {
            [one] if SYSTEMS.contains(&normal_os(one).as_str()) => (one, host.arch.as_str(), ""),
            // A name alone has to be known, since there is nothing else to tell a slip by.
            [one] if ARCHITECTURES.contains(&normal_arch(&one.to_lowercase(), "").0.as_str()) => {
                (host.os.as_str(), one, "")
            }
            [one] => return Err(format!("{one:?} is neither an operating system nor an architecture")),
            [os, arch] => (os, arch, ""),
            [os, arch, variant] => (os, arch, variant),
            _ => return Err(format!("{text:?} is not a platform")),
        };
        let (arch, variant) = normal_arch(&arch.to_lowercase(), &variant.to_lowercase());
        Ok(Self { os: normal_os(os), arch, variant })
    }

    /// Prints `os/arch[/variant]`.
    pub fn format(&self) -> String {
        let mut out = format!("{}/{}", self.os, self.arch);
        if !self.variant.is_empty() {
            out.push('/');
            out.push_str(&self.variant);
        }
        out
    }
}

/// Operating systems that Go knows.
const SYSTEMS: [&str; 17] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

/// Architectures that Go knows.
const ARCHITECTURES: [&str; 24] = [
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

fn normal_os(os: &str) -> String {
    let os = os.to_lowercase();
    if os == "macos" { "darwin".into() } else { os }
}

/// Other names of architectures to Go's, as containerd's platforms package does.
fn normal_arch(arch: &str, variant: &str) -> (String, String) {
    let (arch, variant) = match (arch, variant) {
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64", v) => ("amd64", v),
        ("i386", _) => ("386", ""),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64" | "arm64", "9" | "9.0" | "v9.0") => ("arm64", "v9"),
        ("aarch64", v) => ("arm64", v),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        ("arm", "8") => ("arm", "v8"),
        (a, v) => (a, v),
    };
    (arch.to_string(), variant.to_string())
}

/// What is known of an image's config.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// `NAME=value` pairs; PATH is added where it is missing.
    pub env: Vec<(String, String)>,
    /// Working directory, or empty.
    pub workdir: String,
    /// User, or empty.
    pub user: String,
    /// SHELL of the image, or empty for the default.
    pub shell: Vec<String>,
    /// ONBUILD triggers.
    pub onbuild: Vec<String>,
}

/// BuildKit's PATH where an image sets none.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
