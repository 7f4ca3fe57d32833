//! Images as values, and whether two of them are the same to whoever runs them.
//!
//! Pure. `engine::Engine::image` makes an [`Image`] of what a real engine built; `reorder --verify` compares
//! the one before with the one after.

mod listing;
mod noise;
mod tar;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use listing::{FileDifference, FileDifferenceKind, Listing, Node, NodeKind};

/// A built image: its files, its config, its layers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// All layers on top of each other.
    pub files: Listing,
    /// The config as `docker image inspect` prints it under `Config`.
    pub config: serde_json::Value,
    /// `os/arch`.
    pub platform: String,
    /// The history, oldest first.
    pub layers: Vec<HistoryEntry>,
    /// Bytes as `docker images` prints them; the layers of the base included.
    pub bytes: u64,
}

/// One line of `docker history`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// `CREATED BY`, in full.
    pub created_by: String,
    /// Bytes it added.
    pub bytes: u64,
}

/// A setting of two images that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigDifference {
    /// `Env`, `Cmd`, …
    pub field: &'static str,
    /// In the first; null where it is not set.
    pub before: serde_json::Value,
    /// In the second.
    pub after: serde_json::Value,
}

/// How two images differ.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// What differs of the files, noise included.
    pub files: Vec<FileDifference>,
    /// What differs of the config.
    pub config: Vec<ConfigDifference>,
}

/// The settings that whoever runs an image sees.
const FIELDS: &[&str] = &[
    "Env",
    "Cmd",
    "Entrypoint",
    "WorkingDir",
    "User",
    "ExposedPorts",
    "Volumes",
    "Labels",
    "StopSignal",
    "Shell",
    "Healthcheck",
    "OnBuild",
];

impl Image {
    /// Compares with another image: paths, kinds, modes, owners, bytes, attributes, config.
    ///
    /// `varies` are the paths that two builds of one Dockerfile do not agree on; see [`Listing::varying`].
    pub fn compare(&self, other: &Self, varies: &BTreeSet<String>) -> Comparison {
        let mut config = Vec::new();
        for field in FIELDS {
            let (before, after) = (setting(&self.config, field), setting(&other.config, field));
            if before != after {
                config.push(ConfigDifference { field, before, after });
            }
        }
        if self.platform != other.platform {
            let (before, after) = (self.platform.clone().into(), other.platform.clone().into());
            config.push(ConfigDifference { field: "Platform", before, after });
        }
        Comparison { files: self.files.differences(&other.files, varies), config }
    }
}

/// A setting in a form in which equal ones are equal: empty is null, the environment in the order of names.
fn setting(config: &serde_json::Value, field: &str) -> serde_json::Value {
    use serde_json::Value;
    match config.get(field) {
        Some(Value::Array(items)) if items.is_empty() => Value::Null,
        Some(Value::Object(items)) if items.is_empty() => Value::Null,
        Some(Value::String(text)) if text.is_empty() => Value::Null,
        // No program sees the order.
        Some(Value::Array(items)) if field == "Env" => {
            let mut sorted = items.clone();
            sorted.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Value::Array(sorted)
        }
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

impl Comparison {
    /// Says whether nothing differs but noise.
    pub fn is_same(&self) -> bool {
        self.config.is_empty() && self.files.iter().all(|d| d.noise.is_some())
    }

    /// The differences that count, as sentences.
    pub fn sentences(&self) -> Vec<String> {
        let files = self.files.iter().filter(|d| d.noise.is_none()).map(ToString::to_string);
        files.chain(self.config.iter().map(ToString::to_string)).collect()
    }
}

impl std::fmt::Display for ConfigDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is {} instead of {}", self.field, self.after, self.before)
    }
}
