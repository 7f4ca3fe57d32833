//! Images in the engine's own store: looking at them, and throwaway ones that do not outlive their guard.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::build::{BuildError, Output, Request};
use super::find::{Engine, QUESTION};
use super::images::{HistoryEntry, Image, Listing};
use super::process::Ran;
use crate::graph::{ImageConfig, NoCache};

/// An image that is in the engine's store.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredImage {
    /// Its config, as `docker image inspect` prints it under `Config`.
    pub config: serde_json::Value,
    /// `os/arch`.
    pub platform: String,
    /// Bytes, as `docker images` prints them.
    pub bytes: u64,
    /// The history, oldest first.
    pub layers: Vec<HistoryEntry>,
    /// Digests of its layers, the lowest first: what a FROM counts by (cache semantics, section 4).
    pub chain: Vec<String>,
}

/// A name in the engine's store that is removed when this goes.
#[derive(Debug)]
pub struct Throwaway {
    engine: Engine,
    /// The name.
    pub name: String,
}

/// A container that is removed when this goes; it is never started.
struct Container<'a> {
    engine: &'a Engine,
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    #[serde(default)]
    config: serde_json::Value,
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    size: u64,
    #[serde(default, rename = "RootFS")]
    root_fs: RootFs,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RootFs {
    #[serde(default)]
    layers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HistoryLine {
    created_by: String,
    size: String,
}

impl StoredImage {
    /// Layers that hold something.
    pub fn full_layers(&self) -> u32 {
        self.layers.iter().filter(|l| l.bytes > 0).count() as u32
    }

    /// One text for the chain of its layers: equal for images that a FROM cannot tell apart.
    pub fn digest(&self) -> String {
        format!("layers:{}", crate::context::Digest::of(self.chain.join(" ").as_bytes()))
    }

    /// What the graph needs to know of the config.
    pub fn graph_config(&self) -> ImageConfig {
        let words = |field: &str| -> Vec<String> {
            let items = self.config.get(field).and_then(serde_json::Value::as_array);
            items.into_iter().flatten().filter_map(|v| Some(v.as_str()?.to_owned())).collect()
        };
        let text = |field: &str| {
            self.config.get(field).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        let pair = |line: String| match line.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (line, String::new()),
        };
        ImageConfig {
            env: words("Env").into_iter().map(pair).collect(),
            workdir: text("WorkingDir"),
            user: text("User"),
            shell: words("Shell"),
            onbuild: words("OnBuild"),
        }
    }
}

impl Engine {
    /// Looks at an image of the engine's store; none where it is not there.
    ///
    /// # Errors
    /// The client cannot be run, or prints what cannot be read.
    pub fn stored_image(&self, name: &str) -> Result<Option<StoredImage>, BuildError> {
        if !self.has_local_images() {
            return Err(BuildError::NoImages(self.describe()));
        }
        let ran = self.program.run(&["image", "inspect", "--format", "{{json .}}", name], QUESTION)?;
        if !ran.status.success() {
            return Ok(None);
        }
        let what = || format!("image inspect {name}");
        let unreadable = |error: serde_json::Error| refused(what(), error.to_string());
        let inspected: Inspected = serde_json::from_slice(&ran.stdout).map_err(unreadable)?;
        let history =
            self.ask(&["history", "--no-trunc", "--human=false", "--format", "{{json .}}", name], QUESTION)?;
        let mut layers = Vec::new();
        for line in history.text().lines() {
            let line: HistoryLine = serde_json::from_str(line).map_err(unreadable)?;
            // Sizes of layers below the image's own config are unknown to some stores; they print nothing.
            layers.push(HistoryEntry { created_by: line.created_by, bytes: line.size.parse().unwrap_or(0) });
        }
        layers.reverse();
        Ok(Some(StoredImage {
            config: inspected.config,
            platform: format!("{}/{}", inspected.os, inspected.architecture),
            bytes: inspected.size,
            layers,
            chain: inspected.root_fs.layers,
        }))
    }

    /// Looks at an image, and pulls it where it is not there; also tells whether it was pulled.
    ///
    /// # Errors
    /// [`BuildError::NoImage`] where it is neither there nor to be had; what [`Engine::stored_image`] fails with.
    pub fn pulled_image(&self, name: &str, limit: Duration) -> Result<(StoredImage, bool), BuildError> {
        if let Some(image) = self.stored_image(name)? {
            return Ok((image, false));
        }
        let ran = self.program.run(&["pull", "--quiet", name], limit)?;
        let message = if ran.status.success() { String::new() } else { ran.complaint() };
        let missing = BuildError::NoImage { image: name.to_owned(), message };
        let image = self.stored_image(name)?.ok_or(missing)?;
        // One that somebody else put there meanwhile is not ours to remove.
        Ok((image, ran.status.success()))
    }

    /// Builds an image, takes down its files, config and history, and removes it again.
    ///
    /// The output of the request is replaced. The files are those of a container that is made of the image and
    /// never started; what Docker itself puts there (`/.dockerenv`, `/dev`, empty `/etc/hosts`,
    /// `/etc/hostname`, `/etc/resolv.conf`) is the same for every image.
    ///
    /// # Errors
    /// [`BuildError::Failed`] where the build fails; the client cannot be run; the engine has no images.
    pub fn image(&self, request: &Request) -> Result<Image, BuildError> {
        if !self.has_local_images() {
            return Err(BuildError::NoImages(self.describe()));
        }
        let image = self.throwaway();
        let request = Request { output: Output::Image(image.name.clone()), ..request.clone() };
        if let Some(failure) = self.build(&request)?.progress.failure {
            return Err(BuildError::Failed { message: failure.message });
        }
        let stored = self.stored_image(&image.name)?;
        let stored =
            stored.ok_or_else(|| refused("image inspect".into(), "the image is not there".into()))?;
        let files = self.files(&image.name, request.limit)?;
        Ok(Image {
            files,
            config: stored.config,
            platform: stored.platform,
            layers: stored.layers,
            bytes: stored.bytes,
        })
    }

    /// Builds the same Dockerfile twice from nothing and lists the paths in which the two images differ: what
    /// no comparison of two Dockerfiles can hold against one of them.
    ///
    /// # Errors
    /// As [`Engine::image`].
    pub fn varying(&self, request: &Request) -> Result<std::collections::BTreeSet<String>, BuildError> {
        let request = Request { no_cache: NoCache::All, ..request.clone() };
        Ok(self.image(&request)?.files.varying(&self.image(&request)?.files))
    }

    /// Lists the files of an image.
    fn files(&self, image: &str, limit: Duration) -> Result<Listing, BuildError> {
        let container = self.container(image)?;
        let folder = tempfile::tempdir()?;
        let tar = folder.path().join("files.tar");
        let arguments = ["export", "--output", &tar.display().to_string(), &container.id];
        self.ask(&arguments, limit)?;
        Ok(Listing::from_tar(std::io::BufReader::new(std::fs::File::open(tar)?))?)
    }

    /// Makes an image of `base` with one more layer, which holds one file of these bytes, `/.layerlab-verify`:
    /// no build has seen it, so no step on top of it is cached. Config and triggers are the base's, but for
    /// the command.
    ///
    /// # Errors
    /// The client cannot be run or refuses.
    pub(super) fn marked(&self, base: &str, mark: &str) -> Result<Throwaway, BuildError> {
        let container = self.container(base)?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join(".layerlab-verify");
        std::fs::write(&file, mark)?;
        // Always of the same time, so that images of equal layers stay equal.
        let time = std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
        std::fs::File::options().write(true).open(&file)?.set_times(time)?;
        self.copy_in(&file, &container)?;
        let image = self.throwaway();
        self.ask(&["commit", &container.id, &image.name], QUESTION)?;
        Ok(image)
    }

    fn copy_in(&self, file: &Path, container: &Container<'_>) -> Result<Ran, BuildError> {
        self.ask(&["cp", &file.display().to_string(), &format!("{}:/", container.id)], QUESTION)
    }

    fn container(&self, image: &str) -> Result<Container<'_>, BuildError> {
        // An image may have no command; one is asked for although nothing is started.
        let id = self.ask(&["create", "--network", "none", image, "/nothing"], QUESTION)?.text();
        // A pull that `create` does by itself prints before the id.
        let id = id.lines().last().unwrap_or_default().to_owned();
        Ok(Container { engine: self, id })
    }

    /// A name for an image that nobody else uses; the image need not be there when it is removed.
    pub(super) fn throwaway(&self) -> Throwaway {
        Throwaway { engine: self.clone(), name: format!("layerlab.invalid/verify:{}", unique()) }
    }

    /// Gives an image a further name.
    ///
    /// # Errors
    /// The client cannot be run or refuses.
    pub(super) fn tagged(&self, image: &str) -> Result<Throwaway, BuildError> {
        let name = self.throwaway();
        self.ask(&["tag", image, &name.name], QUESTION)?;
        Ok(name)
    }

    /// A guard that removes an image which was not there before this session.
    pub(super) fn pulled_for_now(&self, name: &str) -> Throwaway {
        Throwaway { engine: self.clone(), name: name.to_owned() }
    }

    /// Calls the client and expects a yes.
    fn ask(&self, arguments: &[&str], limit: Duration) -> Result<Ran, BuildError> {
        let ran = self.program.run(arguments, limit)?;
        if ran.status.success() { Ok(ran) } else { Err(refused(arguments.join(" "), ran.complaint())) }
    }

    /// Removes what was made, also after Ctrl-C, when no other program is started any more.
    fn remove(&self, arguments: &[&str]) {
        let mut program = self.program.clone();
        program.interrupt = super::Interrupt::default();
        // Nothing is left to be done about a failure here; the name says whose image it is.
        let _ = program.run(arguments, QUESTION);
    }
}

impl Drop for Throwaway {
    fn drop(&mut self) {
        self.engine.remove(&["image", "rm", "--force", &self.name]);
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        self.engine.remove(&["rm", "--force", "--volumes", &self.id]);
    }
}

fn refused(what: String, message: String) -> BuildError {
    BuildError::Refused { what, message }
}

/// Twelve letters and digits that no other call of any process here yields.
pub fn unique() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    // The standard library seeds each hasher anew from the system's randomness.
    let number = RandomState::new().build_hasher().finish();
    format!("{number:016x}")[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_images_config_is_what_the_graph_wants_to_know() {
        let config = serde_json::json!({
            "Env": ["PATH=/bin", "A=b=c", "EMPTY="], "WorkingDir": "/app", "User": "node",
            "OnBuild": ["RUN x"], "Shell": ["/bin/bash", "-c"], "Cmd": ["x"], "Labels": null
        });
        let image =
            StoredImage { config, platform: String::new(), bytes: 0, layers: Vec::new(), chain: Vec::new() };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let expected = ImageConfig {
            env: vec![pair("PATH", "/bin"), pair("A", "b=c"), pair("EMPTY", "")],
            workdir: "/app".into(),
            user: "node".into(),
            shell: vec!["/bin/bash".into(), "-c".into()],
            onbuild: vec!["RUN x".into()],
        };
        assert_eq!(image.graph_config(), expected);
        let bare = StoredImage { config: serde_json::json!({"Env": null, "OnBuild": null}), ..image };
        assert_eq!(bare.graph_config(), ImageConfig::default());
    }

    #[test]
    fn names_are_never_used_twice() {
        let names: std::collections::BTreeSet<_> = (0..200).map(|_| unique()).collect();
        assert_eq!(names.len(), 200);
        assert!(names.iter().all(|n| n.len() == 12));
    }
}
