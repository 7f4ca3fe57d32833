//! The directories of a cache, and what of them gets elsewhere.

use super::Search;
use crate::dockerfile::ast::InstructionKind;
use crate::shell::{PathPattern, join};

impl Search<'_> {
    /// Tells whether a file of the project may keep the tool from the places that are known.
    pub(super) fn is_moved_by_a_file(&self) -> bool {
        let input = self.sheet.input;
        self.cache.settings.iter().any(|(path, word)| {
            let paths = input.tree.iter().filter(|(known, entry)| {
                !entry.is_dir() && (known == path || known.ends_with(&format!("/{path}")))
            });
            paths.into_iter().any(|(path, _)| input.files.read(&path).is_none_or(|text| text.contains(word)))
        })
    }

    /// The directories, and whether variables name all of them; `None` where they cannot be known.
    pub(super) fn targets(&self, first: usize) -> Option<(Vec<String>, bool)> {
        let scope = self.sheet.scope(self.stage, first);
        let mut told = 0;
        let home = if scope.vars.contains_key("HOME") { scope.value("HOME")? } else { "/root".to_owned() };
        let places = self.cache.places.iter().map(|place| {
            place.iter().find_map(|place| match place.strip_prefix('$') {
                Some(rest) => {
                    let end = rest.find('/').unwrap_or(rest.len());
                    scope.vars.contains_key(&rest[..end]).then(|| {
                        told += 1;
                        scope.value(&rest[..end]).map(|value| format!("{value}{}", &rest[end..]))
                    })
                }
                None if place.starts_with("./") => {
                    Some(self.cwd(self.stage, first).map(|cwd| join(&cwd, place)))
                }
                None => Some(Some(place.replacen('~', &home, 1))),
            })
        });
        let places: Option<Vec<String>> = places.map(Option::flatten).collect();
        let places = places?;
        let is_plain = |path: &String| {
            path.starts_with('/') && path.len() > 1 && !path.contains([',', ' ', '"', '\'', '$', '\\'])
        };
        places.iter().all(is_plain).then(|| {
            (
                places.iter().map(|path| crate::shell::normalise(path)).collect(),
                told == self.cache.places.len(),
            )
        })
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
