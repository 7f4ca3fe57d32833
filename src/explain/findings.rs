//! What of a Dockerfile will surprise whoever believes what its lines seem to say: with the line to change.

use std::sync::Arc;

use serde::Serialize;

use crate::dockerfile::ast::{CommandLine, CopySpec, Dockerfile, InstructionKind};
use crate::graph::{Exec, Graph, GraphOptions, ImageStore, Label, Op, Step};
use crate::shell::{Scene, Script, ShellKind};

/// Something about a line of the Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// An ARG stands above RUNs that do not use it: a new value runs them all (`arg-unused-value`).
    ArgTooEarly {
        /// Line of the ARG, from 1.
        line: usize,
        /// Its name.
        name: String,
        /// The RUNs between it and its first use.
        breaks: Vec<Arc<Label>>,
        /// Line of the first instruction that uses it; none where nothing does.
        used_at: Option<usize>,
    },
    /// A COPY --link is a plain COPY here: it runs whenever the step before it does (cases `@classic`,
    /// `link-chmod`).
    LinkIsPlain {
        /// Line of the COPY, from 1.
        line: usize,
        /// Why.
        because: PlainLink,
    },
}

/// Why a COPY --link is a plain COPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainLink {
    /// dockerd's classic image store cannot merge layers.
    ClassicStore,
    /// With --chmod BuildKit falls back to the plain copy.
    Chmod,
}

/// Finds what will surprise in a Dockerfile, in the order of its lines.
pub fn findings(dockerfile: &Dockerfile, graph: &Graph, options: &GraphOptions) -> Vec<Finding> {
    let mut out = Vec::new();
    for (at, stage) in dockerfile.stages.iter().enumerate() {
        if !graph.stages.get(at).is_some_and(|s| s.reachable) {
            continue;
        }
        for (n, instruction) in stage.instructions.iter().enumerate() {
            let line = instruction.line;
            match &instruction.kind {
                InstructionKind::Arg(decls) => {
                    for d in decls.iter().filter(|d| varies(&d.name, options)) {
                        out.extend(arg_too_early(dockerfile, graph, at, n, &d.name, line));
                    }
                }
                InstructionKind::Copy(c) => out.extend(
                    plain_link(&c.spec, options).map(|because| Finding::LinkIsPlain { line, because }),
                ),
                InstructionKind::Add(a) => out.extend(
                    plain_link(&a.spec, options).map(|because| Finding::LinkIsPlain { line, because }),
                ),
                _ => {}
            }
        }
    }
    out
}

fn plain_link(spec: &CopySpec, options: &GraphOptions) -> Option<PlainLink> {
    match (spec.link, options.image_store, &spec.chmod) {
        (true, ImageStore::Classic, _) => Some(PlainLink::ClassicStore),
        (true, _, Some(_)) => Some(PlainLink::Chmod),
        _ => None,
    }
}

/// Says whether an argument is one whose value changes from build to build: it was given for this one, or is
/// called as such arguments are.
fn varies(name: &str, options: &GraphOptions) -> bool {
    const WORDS: [&str; 14] = [
        "SHA",
        "COMMIT",
        "REVISION",
        "REV",
        "REF",
        "BRANCH",
        "BUILD",
        "DATE",
        "TIME",
        "TIMESTAMP",
        "CACHEBUST",
        "CACHE_BUST",
        "GIT",
        "NUMBER",
    ];
    let name = name.to_ascii_uppercase();
    options.build_args.contains_key(&name)
        || name.split('_').any(|w| WORDS.contains(&w))
        || WORDS.contains(&&*name)
}

fn arg_too_early(
    dockerfile: &Dockerfile,
    graph: &Graph,
    stage: usize,
    at: usize,
    name: &str,
    line: usize,
) -> Option<Finding> {
    let instructions = &dockerfile.stages[stage].instructions;
    let step_of = |n: usize| graph.steps.iter().find(|s| s.stage == stage && s.instruction == Some(n));
    // Without a value it changes nothing (`config-arg-nodefault`), but then nobody gave it to this build.
    let mut breaks = Vec::new();
    for (n, instruction) in instructions.iter().enumerate().skip(at + 1) {
        let used = match (&instruction.kind, step_of(n)) {
            (InstructionKind::Run(run), Some(step)) => {
                let mentions = matches!(&run.command, CommandLine::Shell(_)) && run_uses(graph, step, name);
                mentions || mentions_variable(&instruction.original, name)
            }
            (InstructionKind::Arg(decls), _) if decls.iter().any(|d| d.name == name) => return None,
            _ => mentions_variable(&instruction.original, name),
        };
        if used {
            let used_at = Some(instruction.line);
            return (!breaks.is_empty()).then(|| Finding::ArgTooEarly {
                line,
                name: name.into(),
                breaks,
                used_at,
            });
        }
        if let (InstructionKind::Run(_), Some(step)) = (&instruction.kind, step_of(n)) {
            breaks.push(Arc::clone(&step.label));
        }
    }
    (!breaks.is_empty()).then(|| Finding::ArgTooEarly { line, name: name.into(), breaks, used_at: None })
}

/// Says whether a RUN may use a variable: its text names it, or runs something that cannot be known and could.
fn run_uses(graph: &Graph, step: &Step, name: &str) -> bool {
    let Op::Exec(Exec { args, env, cwd, .. }) = &graph.vertices[step.vertex].op else { return false };
    let Some(text) = args.last() else { return false };
    let lookup = |n: &str| env.iter().find(|(m, _)| m == n).map(|(_, v)| v.clone());
    let scene = Scene { cwd, env: &lookup, shell: ShellKind::of(&args[..1]) };
    Script::read(text, &scene).variables.contains(name)
}

/// Looks for `$NAME` and `${NAME…}`.
fn mentions_variable(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(i, _)| {
        let before = &text[..i];
        let after = text[i + name.len()..].chars().next();
        let ends = !after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        ends && (before.ends_with('$') || before.ends_with("${"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{dockerfile, graph};

    fn of(text: &str, store: ImageStore) -> Vec<Finding> {
        let file = dockerfile::parse(text).unwrap();
        let options = GraphOptions { image_store: store, ..GraphOptions::default() };
        let graph = graph::build(&file, &options).unwrap();
        findings(&file, &graph, &options)
    }

    fn said(text: &str) -> Vec<(usize, String, usize, Option<usize>)> {
        of(text, ImageStore::Containerd)
            .into_iter()
            .filter_map(|f| match f {
                Finding::ArgTooEarly { line, name, breaks, used_at } => {
                    Some((line, name, breaks.len(), used_at))
                }
                Finding::LinkIsPlain { .. } => None,
            })
            .collect()
    }

    #[test]
    fn an_arg_above_what_it_breaks_is_found() {
        let arg = |line, name: &str, breaks, used| vec![(line, name.to_string(), breaks, used)];
        for (text, want) in [
            (
                "FROM a\nARG COMMIT_SHA\nRUN npm ci\nRUN make\nLABEL rev=$COMMIT_SHA\n",
                arg(2, "COMMIT_SHA", 2, Some(5)),
            ),
            ("FROM a\nARG GIT_REV=x\nRUN npm ci\n", arg(2, "GIT_REV", 1, None)),
            ("FROM a\nARG COMMIT\nRUN echo ${COMMIT:-none} > /v\nRUN make\n", vec![]),
            (
                "FROM a\nARG COMMIT\nCOPY . .\nRUN npm ci\nRUN echo \"$COMMIT\"\n",
                arg(2, "COMMIT", 1, Some(5)),
            ),
            // Not one whose value changes from build to build.
            ("FROM a\nARG NODE_ENV=production\nRUN npm ci\n", vec![]),
            // Declared again where it is used.
            ("FROM a\nARG COMMIT\nARG COMMIT\nRUN echo $COMMIT\n", vec![]),
            // Another name that begins alike is no use of it.
            ("FROM a\nARG COMMIT\nRUN echo $COMMITS\n", arg(2, "COMMIT", 1, None)),
        ] {
            assert_eq!(said(text), want, "{text}");
        }
    }

    #[test]
    fn a_link_that_is_a_plain_copy_is_found() {
        let text = "FROM a\nCOPY --link a /a\nCOPY --link --chmod=755 b /b\nCOPY c /c\n";
        let link = |line, because| Finding::LinkIsPlain { line, because };
        assert_eq!(of(text, ImageStore::Containerd), [link(3, PlainLink::Chmod)]);
        let classic = [link(2, PlainLink::ClassicStore), link(3, PlainLink::ClassicStore)];
        assert_eq!(of(text, ImageStore::Classic), classic);
    }
}
