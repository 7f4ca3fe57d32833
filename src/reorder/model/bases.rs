//! What stages are built on.

use std::collections::BTreeMap;

use crate::dockerfile::ast::{Dockerfile, Stage};
use crate::dockerfile::expand::Lexer;
use crate::reorder::scope::global_args;

/// The bases of the stages with the ARGs before the first FROM, and those of the platform, put in.
pub(super) fn expanded_bases(
    dockerfile: &Dockerfile,
    global: &BTreeMap<String, Option<String>>,
) -> Vec<String> {
    const PLATFORM: [(&str, &str); 4] =
        [("TARGETOS", "linux"), ("TARGETARCH", "amd64"), ("BUILDOS", "linux"), ("BUILDARCH", "amd64")];
    let value = |name: &str| {
        let platform =
            PLATFORM.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        global.get(name).cloned().flatten().or(platform)
    };
    let lexer = Lexer::new(dockerfile.escape);
    let expand = |raw: &str| {
        lexer.process_word(raw, &value).map_or_else(|_| raw.to_owned(), |expansion| expansion.text)
    };
    dockerfile.stages.iter().map(|stage| expand(&stage.base)).collect()
}

/// The image that a stage goes back to, by the last part of its name and without its tag (`golang`).
pub(in crate::reorder) fn base_image(dockerfile: &Dockerfile, stage: usize) -> Option<String> {
    let reference = base_references(dockerfile, &BTreeMap::new()).swap_remove(stage);
    let name = reference.split(['@', ':']).next()?.rsplit('/').next()?;
    Some(name.to_owned())
}

/// The images that the stages go back to, as FROM names them with these build arguments.
pub(in crate::reorder) fn base_references(
    dockerfile: &Dockerfile,
    given: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut bases = expanded_bases(dockerfile, &global_args(dockerfile, given));
    // A stage stands below those that are built on it, so that its own base is known by then.
    for at in 0..bases.len() {
        if let Some(earlier) = earlier_stage(dockerfile, at, &bases[at]) {
            let below = bases[earlier].clone();
            bases[at] = below;
        }
    }
    bases
}

pub(super) fn earlier_stage(dockerfile: &Dockerfile, at: usize, name: &str) -> Option<usize> {
    dockerfile.stages[..at].iter().rposition(|stage: &Stage| {
        stage.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))
    })
}

pub(super) fn stage_of(dockerfile: &Dockerfile, at: usize, name: &str) -> Option<usize> {
    earlier_stage(dockerfile, at, name).or_else(|| name.parse().ok().filter(|number| *number < at))
}
