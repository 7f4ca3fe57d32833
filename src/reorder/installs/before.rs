//! What the stages that a step goes back to have copied and installed before it.

use crate::context::path;
use crate::dockerfile::ast::{CommandLine, CopySpec, Dockerfile, Instruction, InstructionKind};
use crate::reorder::ReorderInput;
use crate::reorder::footprint::shell_text;
use crate::reorder::installs::local_copy;
use crate::reorder::manifests::{Why, ecosystem_of};
use crate::shell::{Call, Scene, Script, ShellKind, Word, calls};

/// Tells whether an earlier step, of the stage, of those that it is built on or of those that it copies from, has
/// installed what manifests name by the same tools.
pub(super) fn installs(dockerfile: &Dockerfile, stage: usize, index: usize) -> bool {
    let own = tools_of(&dockerfile.stages[stage].instructions[index], false);
    let before = &dockerfile.stages[stage].instructions[..index];
    let sources = before.iter().filter_map(|one| match &one.kind {
        InstructionKind::Copy(copy) => {
            let from = copy.from.as_deref()?;
            named(dockerfile, stage, from).or_else(|| from.parse().ok().filter(|number| *number < stage))
        }
        _ => None,
    });
    let others = lineage(dockerfile, stage).into_iter().chain(sources);
    let mut all = others.flat_map(|other| &dockerfile.stages[other].instructions).chain(before);
    all.any(|other| tools_of(other, true).iter().any(|tool| own.contains(tool)))
}

/// The reason that an install step stays where it is because the sources come with the stage that its own is built on,
/// if they do and nothing has been installed above them.
pub(super) fn sources_below(
    dockerfile: &Dockerfile,
    stage: usize,
    index: usize,
    input: &ReorderInput<'_>,
) -> Option<Why> {
    let own = &dockerfile.stages[stage].instructions;
    if tools_of(&own[index], true).is_empty() || installs(dockerfile, stage, index) {
        return None;
    }
    // With sources of its own the step has been looked at by them.
    let is_broad = |spec: &CopySpec| spec.sources.iter().any(|source| is_directory(source, input));
    let brings = |one: &Instruction| local_copy(one).is_some_and(is_broad);
    if own[..index].iter().any(|one| local_copy(one).is_some()) {
        return None;
    }
    let below = lineage(dockerfile, stage);
    let found = below.into_iter().find(|stage| dockerfile.stages[*stage].instructions.iter().any(brings))?;
    let name = dockerfile.stages[found].name.clone();
    Some(Why::SourcesBelow(name.unwrap_or_else(|| found.to_string())))
}

/// The stages that a stage is built on, the nearest first.
fn lineage(dockerfile: &Dockerfile, stage: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = stage;
    while let Some(below) = named(dockerfile, at, &dockerfile.stages[at].base) {
        found.push(below);
        at = below;
    }
    found
}

/// The stage above another that has a name.
fn named(dockerfile: &Dockerfile, below: usize, name: &str) -> Option<usize> {
    let is_it = |at: &usize| {
        dockerfile.stages[*at].name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))
    };
    (0..below).rev().find(is_it)
}

fn is_directory(source: &str, input: &ReorderInput<'_>) -> bool {
    input.tree.get(&path::clean(source)).is_some_and(|entry| entry.is_dir())
}

/// The ecosystems of which a RUN installs something; with `by_manifest` what manifests name, which pip is told with a flag.
fn tools_of(instruction: &Instruction, by_manifest: bool) -> Vec<&'static str> {
    let InstructionKind::Run(run) = &instruction.kind else { return Vec::new() };
    let scene = Scene { cwd: "/", env: &|_| None, shell: ShellKind::Bash };
    let script = match &run.command {
        CommandLine::Shell(text) => Script::read(&shell_text(run, text), &scene),
        CommandLine::Exec(words) => Script::of_words(words, "/"),
    };
    let tool = |call: Call| {
        let is_meant = !by_manifest || !call.program.starts_with("pip") || call.has(&["-r", "--requirement"]);
        let words: Vec<Word> = std::iter::once(Word::known(call.path)).chain(call.operands).collect();
        ecosystem_of(&words).filter(|_| is_meant).map(|ecosystem| ecosystem.name.as_str())
    };
    calls(&script, &scene).into_iter().filter_map(tool).collect()
}
