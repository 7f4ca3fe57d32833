//! Sizes of images: what the engine here reports, else the catalogue in `assets/images.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::measured::Measured;
use super::{Basis, Figure};

/// What the catalogue holds of an image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueImage {
    /// The reference as people write it.
    pub name: String,
    /// Uncompressed bytes, as `docker images` prints them.
    pub bytes: u64,
    /// Bytes that a pull transfers.
    #[serde(default)]
    pub download: Option<u64>,
    /// Layers.
    #[serde(default)]
    pub layers: Option<u32>,
    /// Key of its [`System`].
    pub system: String,
    /// Certificates of CAs are in it.
    #[serde(default)]
    pub ca: bool,
    /// The time zone database is in it.
    #[serde(default)]
    pub tz: bool,
    /// Who runs in it, where that is not root.
    #[serde(default)]
    pub user: Option<String>,
    /// The size is rounded, or that of a sibling.
    #[serde(default)]
    pub approximate: bool,
    /// Date of the image, else of the source (`2023-01-09`).
    pub date: String,
    /// Where the figures come from.
    pub source: String,
}

/// What a family of images has in common.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// The C library.
    #[serde(default)]
    pub libc: Libc,
    /// There is a shell.
    #[serde(default)]
    pub shell: bool,
    /// The package manager, where there is one.
    #[serde(default)]
    pub packages: Option<String>,
}

/// C libraries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// None: only static programs run.
    #[default]
    None,
    /// GNU's.
    Glibc,
    /// musl.
    Musl,
}

/// The size of an image, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSize {
    /// Uncompressed bytes; none where nothing is known.
    pub bytes: Option<Figure>,
    /// The catalogue's entry that stands for the image.
    pub entry: Option<&'static CatalogueImage>,
    /// The entry is another image: the nearest one that is known.
    pub nearest: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    sources: BTreeMap<String, String>,
    systems: HashMap<String, System>,
    catalogue: Catalogue,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    images: Vec<CatalogueImage>,
}

struct Index {
    table: Table,
    by_repository: HashMap<String, Vec<(usize, Tag)>>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    // The table is part of the binary and a test reads it, so it cannot be malformed here.
    let table: Table =
        toml::from_str(include_str!("../../assets/images.toml")).expect("images.toml is valid");
    let mut by_repository: HashMap<String, Vec<(usize, Tag)>> = HashMap::new();
    for (at, image) in table.catalogue.images.iter().enumerate() {
        let (repository, tag) = split(&image.name);
        by_repository.entry(repository.to_string()).or_default().push((at, Tag::read(tag)));
    }
    Index { table, by_repository }
});

impl CatalogueImage {
    /// What it is built of.
    pub fn system(&self) -> &'static System {
        // A test sees to it that every system named is there.
        INDEX.table.systems.get(&self.system).unwrap_or(&NO_SYSTEM)
    }

    /// The source in full: an address, and where in it.
    pub fn source_text(&self) -> String {
        let (key, rest) = self.source.split_once(':').unwrap_or((&self.source, ""));
        let source = INDEX.table.sources.get(key).map_or(key, String::as_str);
        if rest.is_empty() { source.to_string() } else { format!("{source} repos/{rest}.md") }
    }
}

static NO_SYSTEM: System = System { libc: Libc::None, shell: false, packages: None };

/// All images of the catalogue, by name.
pub fn catalogue() -> &'static [CatalogueImage] {
    &INDEX.table.catalogue.images
}

/// Finds the size of an image: what this machine's engine reports, else the catalogue's, else that of the nearest
/// image of the same repository.
pub fn size(image: &str, measured: &Measured) -> ImageSize {
    let found = find(image);
    let here = measured.images.get(image).or_else(|| measured.images.get(&crate::graph::canonical(image)));
    let bytes = match (here, found) {
        (Some(here), _) => Some(Figure { value: here.bytes as f64, basis: Basis::Measured }),
        (None, Some((entry, _))) => Some(Figure { value: entry.bytes as f64, basis: Basis::Estimated }),
        (None, None) => None,
    };
    ImageSize {
        bytes,
        entry: found.map(|(entry, _)| entry),
        nearest: here.is_none() && found.is_some_and(|(_, near)| near),
    }
}

/// An image's name without the registry and the library of Docker Hub, however they are written, or of its mirrors.
pub fn on_docker_hub(image: &str) -> &str {
    const STARTS: [&str; 9] = [
        "docker.io/library/",
        "index.docker.io/library/",
        "registry-1.docker.io/library/",
        "registry.docker.com/library/",
        "registry.hub.docker.com/library/",
        "library/",
        "docker.io/",
        "public.ecr.aws/docker/library/",
        "mirror.gcr.io/library/",
    ];
    STARTS.iter().find_map(|start| image.strip_prefix(start)).unwrap_or(image)
}

/// Finds the catalogue's entry of an image, or the nearest one, and tells whether it is another.
pub fn find(image: &str) -> Option<(&'static CatalogueImage, bool)> {
    let short = on_docker_hub(image.split('@').next().unwrap_or(image));
    let (repository, tag) = split(short);
    let entries = INDEX.by_repository.get(repository)?;
    let image_of = |at: usize| &INDEX.table.catalogue.images[at];
    let exact = entries.iter().find(|(at, _)| split(&image_of(*at).name).1 == tag);
    // A repository with one untagged entry (distroless): all its tags are that image.
    if let Some((at, _)) = exact.or_else(|| entries.iter().find(|(at, _)| !image_of(*at).name.contains(':')))
    {
        return Some((image_of(*at), false));
    }
    let wanted = Tag::read(tag);
    let nearest = entries.iter().min_by_key(|(_, tag)| wanted.distance(tag))?;
    Some((image_of(nearest.0), true))
}

/// Splits a reference into its repository and its tag (`latest` where none is given).
fn split(name: &str) -> (&str, &str) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}

/// A tag taken apart: `3.12.4-slim-bookworm` is version 3.12.4 of the flavour `slim`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    version: Vec<u32>,
    flavour: &'static str,
    words: Vec<String>,
}

impl Tag {
    fn read(tag: &str) -> Self {
        let words: Vec<String> = tag.split(['-', '_']).map(str::to_lowercase).collect();
        let has = |start: &str| words.iter().any(|word| word.starts_with(start));
        let flavour = if has("alpine") || has("musl") {
            "alpine"
        } else if has("slim") {
            "slim"
        } else if has("chiseled") || has("distroless") {
            "distroless"
        } else {
            ""
        };
        let number = words.iter().find_map(|word| {
            let text = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let parts: Vec<u32> = text.split(['.', 'u', '+']).map_while(|part| part.parse().ok()).collect();
            (!parts.is_empty() && !word.starts_with("alpine")).then_some(parts)
        });
        // `latest`, `lts`, `stable` stand for a version later than any that is known.
        let version =
            number.or_else(|| codename(&words).map(|n| vec![n])).unwrap_or_else(|| vec![u32::MAX; 2]);
        let words = words
            .into_iter()
            .filter(|word| word.chars().all(|c| c.is_ascii_alphabetic()) && word != "latest")
            .collect();
        Self { version, flavour, words }
    }

    /// How far another tag is: another flavour is further than any version.
    fn distance(&self, other: &Self) -> (u32, usize, u64) {
        let flavour = match (self.flavour == other.flavour, other.flavour) {
            (true, _) => 0,
            // The full image is nearer to a slim one than Alpine's.
            (false, "slim" | "") if self.flavour != "alpine" => 1,
            (false, _) => 2,
        };
        let has = |words: &[String], word: &String| words.contains(word);
        let foreign = self
            .words
            .iter()
            .filter(|word| MATTERS.contains(&word.as_str()) && !has(&other.words, word))
            .count()
            + other
                .words
                .iter()
                .filter(|word| MATTERS.contains(&word.as_str()) && !has(&self.words, word))
                .count();
        let number = |tag: &Self| {
            // A major alone (`node:20`) is the latest of it.
            let part = |at: usize| tag.version.get(at).map_or(9_999, |number| u64::from(*number));
            part(0) * 10_000 + part(1)
        };
        (flavour, foreign, number(self).abs_diff(number(other)))
    }
}

/// Words of tags that make another image of it, whatever its version.
const MATTERS: [&str; 9] = ["jre", "jdk", "fpm", "apache", "cli", "dind", "management", "musl", "glibc"];

/// Debian's and Ubuntu's code names as numbers.
fn codename(words: &[String]) -> Option<u32> {
    const NAMES: [(&str, u32); 11] = [
        ("stretch", 9),
        ("buster", 10),
        ("bullseye", 11),
        ("bookworm", 12),
        ("trixie", 13),
        ("xenial", 16),
        ("bionic", 18),
        ("focal", 20),
        ("jammy", 22),
        ("noble", 24),
        ("resolute", 26),
    ];
    NAMES.iter().find(|(name, _)| words.iter().any(|word| word == name)).map(|(_, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::MeasuredImage;

    #[test]
    fn the_catalogue_is_whole() {
        let all = catalogue();
        assert!(all.len() >= 120, "{} images", all.len());
        let mut names: Vec<&str> = all.iter().map(|image| image.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len(), "every reference stands there once");
        for image in all {
            assert!(INDEX.table.systems.contains_key(&image.system), "{}: {}", image.name, image.system);
            let key = image.source.split(':').next().unwrap_or_default();
            assert!(INDEX.table.sources.contains_key(key), "{}: {key}", image.name);
            assert_eq!(image.date.len(), 10, "{}", image.name);
            assert!(image.download.is_none_or(|download| download < image.bytes), "{}", image.name);
        }
    }

    #[test]
    fn figures_that_the_course_needs_are_those_of_their_sources() {
        for (name, bytes, layers) in [
            ("golang:1.19-alpine", 352_140_000, Some(4)),
            ("alpine:3.17", 7_040_000, Some(1)),
            ("gcr.io/distroless/static-debian11", 2_430_000, None),
            ("mcr.microsoft.com/dotnet/aspnet:8.0", 214_930_477, None),
            ("scratch", 0, Some(0)),
        ] {
            let (entry, near) = find(name).expect(name);
            assert_eq!((entry.bytes, entry.layers, near), (bytes, layers, false), "{name}");
        }
    }

    #[test]
    fn an_unknown_tag_falls_back_to_the_nearest_known() {
        for (name, want) in [
            ("docker.io/library/golang:1.19.5-alpine3.17", "golang:1.19-alpine"),
            ("golang:1.20-alpine", "golang:1.19-alpine"),
            ("golang:latest", "golang:1.22"),
            ("node", "node:20"),
            ("node:22", "node:20"),
            ("node:20.11.1-bookworm-slim", "node:20-slim"),
            ("node:lts-alpine", "node:24-alpine"),
            ("python:3.11-slim-bookworm", "python:3.12-slim"),
            ("python:3.13-alpine", "python:3.12-alpine"),
            ("php:8.2-fpm-alpine", "php:7.4-fpm-alpine"),
            ("eclipse-temurin:21-jdk-alpine", "eclipse-temurin:17-jdk-alpine"),
            ("debian:bookworm-20240612-slim", "debian:bookworm-slim"),
            ("ubuntu:24.04", "ubuntu:22.04"),
            ("ubuntu:jammy", "ubuntu:22.04"),
            ("mcr.microsoft.com/dotnet/sdk:8.0-bookworm-slim", "mcr.microsoft.com/dotnet/sdk:8.0"),
            ("nginx:alpine", "nginx:stable-alpine"),
            ("rust:alpine", "rust:1-alpine"),
            ("golang:alpine3.23", "golang:1.25-alpine"),
            ("alpine", "alpine:3.22"),
        ] {
            let (entry, near) = find(name).expect(name);
            assert_eq!(entry.name, want, "{name}");
            assert!(near, "{name}");
        }
        assert_eq!(
            find("gcr.io/distroless/static-debian11:nonroot").map(|(e, near)| (e.bytes, near)),
            Some((2_430_000, false))
        );
        assert_eq!(find("example.com/ours/base:1"), None);
    }

    #[test]
    fn what_the_engine_here_reports_goes_first() {
        let mut measured = Measured::default();
        assert_eq!(size("alpine:3.17", &measured).bytes.map(|f| f.basis), Some(Basis::Estimated));
        let image = MeasuredImage { bytes: 7_049_688, layers: 1 };
        measured.images.insert("docker.io/library/alpine:3.17".into(), image);
        let figure = Figure { value: 7_049_688.0, basis: Basis::Measured };
        assert_eq!(size("docker.io/library/alpine:3.17", &measured).bytes, Some(figure));
        assert_eq!(size("alpine:3.17", &measured).bytes, Some(figure));
    }
}
