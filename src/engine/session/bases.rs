//! Base images: which ones a build needs, and the throwaway names that no build has seen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Read, Session, SessionError, Settings};
use crate::dockerfile::Dockerfile;
use crate::engine::store::StoredImage;
use crate::graph::{self, Graph, Op, Platform, Source, StageBase, canonical};

impl Session<'_> {
    /// Looks at the base images that the graph needs, which may bring triggers that need further ones.
    pub(super) fn with_images(
        &mut self,
        dockerfile: Arc<Dockerfile>,
        settings: &Settings,
    ) -> Result<Read, SessionError> {
        let mut options = settings.options.clone();
        options.image_store = self.engine.store;
        // The engine says what images are, not the command line.
        options.image_digests.clear();
        options.named_contexts = settings.named.keys().cloned().collect();
        if let (None, Ok(platform)) = (&settings.platform, Platform::parse(&self.engine.platform)) {
            options.platform = platform.clone();
            options.build_platform = platform;
        }
        loop {
            let graph = graph::build(&dockerfile, &options).ok();
            if !self.engine.has_local_images() {
                return Ok(Read { dockerfile, options, graph });
            }
            let wanted: BTreeSet<String> = graph.iter().flat_map(images_of).collect();
            let unknown: Vec<String> =
                wanted.into_iter().filter(|name| !options.image_digests.contains_key(name)).collect();
            if unknown.is_empty() {
                return Ok(Read { dockerfile, options, graph });
            }
            for name in unknown {
                let image = self.look_at(&on_engine(&name, settings), settings.limit)?;
                options.image_digests.insert(name.clone(), image.digest());
                options.image_configs.insert(name, image.graph_config());
            }
        }
    }

    fn look_at(&mut self, name: &str, limit: Duration) -> Result<StoredImage, SessionError> {
        if let Some(known) = self.images.get(name) {
            return Ok(known.clone());
        }
        let (image, was_pulled) = self.engine.pulled_image(name, limit)?;
        if was_pulled {
            self.pulled.push(self.engine.pulled_for_now(name));
        }
        self.images.insert(name.to_owned(), image.clone());
        Ok(image)
    }

    /// The Dockerfile for the engine: its base images under names that no build has seen.
    pub(super) fn mark_bases(
        &mut self,
        read: &Read,
        settings: &Settings,
        text: &str,
    ) -> Result<String, SessionError> {
        let Some(graph) = &read.graph else { return Ok(text.to_owned()) };
        if !self.engine.has_local_images() {
            return Ok(text.to_owned());
        }
        let mut given = text.to_owned();
        // From the end, so that places before it stay where they are.
        for (number, stage) in read.dockerfile.stages.iter().enumerate().rev() {
            let Some(info) = graph.stages.get(number).filter(|s| s.reachable) else { continue };
            let StageBase::Image(name) = &info.base else { continue };
            let platform = graph.stage_steps(number).find_map(|s| match &graph.vertices[s.vertex].op {
                Op::Source(Source::Image { platform, .. }) => Some(platform.format()),
                _ => None,
            });
            // An image of another platform cannot be made into a container everywhere.
            if platform.is_none_or(|p| p != self.engine.platform) {
                continue;
            }
            let mark = self.mark_base(&on_engine(name, settings))?;
            given.replace_range(stage.base_span.clone(), &mark);
            self.around.fresh_images.extend(read.options.image_digests.get(name).cloned());
        }
        Ok(given)
    }

    /// The throwaway name of a base image with the mark; images of equal layers stay equal.
    fn mark_base(&mut self, name: &str) -> Result<String, SessionError> {
        if let Some(known) = self.marked.get(name) {
            return Ok(known.name.clone());
        }
        let digest = self.images.get(name).map(StoredImage::digest);
        let twin =
            self.marked.iter().find(|(other, _)| self.images.get(*other).map(StoredImage::digest) == digest);
        let mark = match twin {
            // The same layers, but it may bring another config.
            Some((other, twin)) if self.images.get(other) == self.images.get(name) => {
                self.engine.tagged(&twin.name)?
            }
            _ => self.engine.marked(name, &self.mark)?,
        };
        let given = mark.name.clone();
        self.marked.insert(name.to_owned(), mark);
        Ok(given)
    }
}

/// The images that a graph takes in, by canonical name.
fn images_of(graph: &Graph) -> Vec<String> {
    let source = |vertex: &graph::Vertex| match &vertex.op {
        Op::Source(Source::Image { name, .. }) => Some(name.clone()),
        _ => None,
    };
    let bases = graph.stages.iter().filter(|s| s.reachable).filter_map(|stage| match &stage.base {
        StageBase::Image(name) => Some(name.clone()),
        _ => None,
    });
    graph.vertices.iter().filter_map(source).chain(bases).collect()
}

/// The name under which the engine has an image.
fn on_engine(name: &str, settings: &Settings) -> String {
    let told = settings.images.iter().find(|(given, _)| canonical(given) == name);
    match told.map(|(_, image)| image.as_str()) {
        // The two bases of recorded builds.
        Some(letter @ ("a" | "b")) => format!("layerlab-base:{letter}"),
        Some(image) => image.to_owned(),
        None => name.to_owned(),
    }
}
