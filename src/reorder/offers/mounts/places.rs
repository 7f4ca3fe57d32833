//! The directories of a cache, and what of them gets elsewhere.

use super::Search;
use super::owners::Owner;
use crate::dockerfile::ast::InstructionKind;
use crate::shell::{PathPattern, join};

/// Where the mounts come to lie.
pub(super) struct Places {
    pub(super) targets: Vec<String>,
    /// Variables that the steps set, with their values.
    pub(super) sets: Vec<(&'static str, &'static str)>,
    pub(super) owner: Owner,
    /// The first step that uses them.
    pub(super) first: usize,
}

impl Search<'_> {
    /// Tells whether a file of the project may keep the tool from the places that are known.
    pub(super) fn is_moved_by_a_file(&self) -> bool {
        let cache = self.cache;
        let has_line = |text: &str, line: &str| text.lines().any(|own| own.trim() == line);
        let lacks = |(name, line): &(&str, &str)| {
            let texts = self.files_named(name);
            texts.is_empty()
                || texts.iter().any(|text| text.as_deref().is_none_or(|text| !has_line(text, line)))
        };
        let moves = |(name, word): &(&str, &str)| {
            self.files_named(name).iter().any(|text| text.as_deref().is_none_or(|text| text.contains(word)))
        };
        cache.needs.iter().any(lacks) || cache.settings.iter().any(moves)
    }

    /// The texts of the project's files of a name; `None` for one that cannot be read.
    fn files_named(&self, name: &str) -> Vec<Option<String>> {
        let input = self.sheet.input;
        let paths = input.tree.iter().filter(|(known, entry)| {
            // NuGet.Config is written in several ways.
            let (own, name) = (known.to_ascii_lowercase(), name.to_ascii_lowercase());
            !entry.is_dir() && (own == name || own.ends_with(&format!("/{name}")))
        });
        paths.into_iter().map(|(path, _)| input.files.read(&path)).collect()
    }

    /// Tells whether a step configures the tool to keep its cache elsewhere, or empties it in a way that is not followed.
    pub(super) fn is_moved_by_a_step(&self) -> bool {
        let mut stages = self.sheet.family(self.stage);
        let mut below = self.sheet.stage(self.stage).base;
        while let Some(stage) = below {
            stages.push(stage);
            below = self.sheet.stage(stage).base;
        }
        let calls = stages.iter().flat_map(|stage| {
            self.sheet.runs(*stage).flat_map(|(index, ..)| self.sheet.calls(*stage, index))
        });
        let mut own = calls.filter(|call| self.cache.programs.contains(&call.program.as_str()));
        own.any(|call| {
            let words: Vec<&str> = call.operands.iter().map(|word| word.text.as_str()).collect();
            let moves = |word: &str| self.cache.config.iter().any(|part| word.contains(part));
            match words.as_slice() {
                ["config", rest @ ..] => {
                    rest.iter().any(|word| moves(word)) || call.operands.iter().any(|word| word.dynamic)
                }
                // Of the later yarns the first two keep what they work with in the project, and clean no more than that.
                ["cache", "clean", ..] if !self.cache.needs.is_empty() => {
                    let is_early =
                        |text: &String| ["yarn-2.", "yarn-3."].iter().any(|name| text.contains(name));
                    let is_of_the_project = self.files_named(".yarnrc.yml").iter().flatten().any(is_early);
                    !is_of_the_project || call.has(&["--all", "--mirror"])
                }
                _ => false,
            }
        })
    }

    /// The directories; `None` where they cannot be known, and a step cannot set them either.
    pub(super) fn places(&self, first: usize) -> Option<Places> {
        let owner = self.owner(first)?;
        let scope = self.sheet.scope(self.stage, first);
        let home =
            if scope.vars.contains_key("HOME") { scope.value("HOME") } else { Some("/root".to_owned()) };
        let own = self.sheet.base(self.stage);
        let name = name_of(own);
        // An image that is not known may set any variable.
        let fits = self.is_root_image()
            && owner.is_root()
            && (self.cache.images.is_empty() || self.cache.images.contains(&name));
        let is_plain = |path: &String| {
            path.starts_with('/') && path.len() > 1 && !path.contains([',', ' ', '"', '\'', '$', '\\'])
        };
        let (mut targets, mut sets) = (Vec::new(), Vec::new());
        for (at, choices) in self.cache.places.iter().enumerate() {
            let told = choices.iter().filter_map(|place| place.strip_prefix('$')).find_map(|rest| {
                let end = rest.find('/').unwrap_or(rest.len());
                let name = &rest[..end];
                scope
                    .vars
                    .contains_key(name)
                    .then(|| scope.value(name).map(|value| format!("{value}{}", &rest[end..])))
            });
            let usual = || {
                let place = choices.iter().find(|place| !place.starts_with('$'))?;
                if place.starts_with("./") {
                    return self.cwd(self.stage, first).map(|cwd| join(&cwd, place));
                }
                Some(if place.starts_with('~') {
                    place.replacen('~', home.as_deref()?, 1)
                } else {
                    (*place).to_owned()
                })
            };
            let target = match (told, fits, self.cache.set.get(at)) {
                // Without a variable to set, the step could not do without the mount.
                (Some(_), ..) if matches!(owner, Owner::Whoever(_)) => return None,
                (Some(told), ..) => told?,
                (None, true, _) => usual()?,
                (None, false, Some((variable, place))) => {
                    sets.push((*variable, *place));
                    (*place).to_owned()
                }
                (None, false, None) => return None,
            };
            let target = match target.split_once("{ruby}") {
                Some((before, after)) => format!("{before}{}{after}", ruby_directory(own)?),
                None => target,
            };
            targets.push(crate::shell::normalise(Some(target).filter(is_plain)?.as_str()));
        }
        Some(Places { targets, sets, owner, first })
    }

    /// The directory in which a RUN calls the tool, if it is one.
    fn cwd(&self, stage: usize, index: usize) -> Option<String> {
        let mut all: Vec<&String> = Vec::new();
        for call in self.sheet.calls(stage, index).iter().filter(|call| self.is_call(call)) {
            all.push(call.cwd.as_ref()?);
        }
        all.windows(2).all(|pair| pair[0] == pair[1]).then(|| all.first().map(|cwd| (*cwd).clone()))?
    }

    /// Tells whether something of the directories gets into another stage.
    pub(super) fn is_taken_over(&self, family: &[usize], targets: &[String]) -> bool {
        let taken = |(from, path): &(usize, String)| {
            let is_meant = |target: &String| {
                PathPattern::tree(target.as_str()).touches(path)
                    && (self.cache.whole || path.starts_with(target.as_str()))
            };
            family.contains(from) && targets.iter().any(is_meant)
        };
        self.sheet.model.stages.iter().flat_map(|stage| &stage.items).any(|item| item.from.iter().any(taken))
    }

    /// Where other stages put the directories when they take over what lies around them.
    pub(super) fn taken_along(&self, targets: &[String]) -> Vec<String> {
        let sheet = self.sheet;
        let family = sheet.family(self.stage);
        let mut found = Vec::new();
        for (at, stage) in sheet.model.stages.iter().enumerate() {
            for (index, item) in stage.items.iter().enumerate() {
                let InstructionKind::Copy(copy) = &sheet.instructions(at)[index].kind else { continue };
                let dest = sheet.scope(at, index).path(&copy.spec.dest);
                for (_, path) in item.from.iter().filter(|(from, _)| family.contains(from)) {
                    let inner = |target: &String| {
                        let inner = if path == "/" { target.as_str() } else { target.strip_prefix(path)? };
                        let place = join(dest.as_deref()?, inner.strip_prefix('/')?);
                        (!targets.contains(&place)).then_some(place)
                    };
                    found.extend(targets.iter().filter_map(inner));
                }
            }
        }
        found
    }
}

/// The last part of an image's name.
fn name_of(reference: &str) -> &str {
    reference.split(['@', ':']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default()
}

/// How gems of a released Ruby are told apart from those of others (`RbConfig::CONFIG["ruby_version"]`): 3.3.6 has 3.3.0.
fn ruby_directory(reference: &str) -> Option<String> {
    let tag = reference.split('@').next()?.rsplit_once(':')?.1;
    let mut parts = tag.split('-').next()?.split('.');
    let mut number =
        || parts.next().filter(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let (major, minor) = (number()?, number()?);
    let is_released = !["preview", "rc", "dev"].iter().any(|word| tag.contains(word));
    (name_of(reference) == "ruby" && is_released).then(|| format!("{major}.{minor}.0"))
}
