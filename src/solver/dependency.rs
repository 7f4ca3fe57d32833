//! How a vertex takes from its inputs (cache semantics, section 3).

use crate::context::{Digest, Selector, path};
use crate::graph::{Action, CopyAction, FileOp, MountKind, Op, Vertex, VertexId};

/// How one vertex takes from one input.
#[derive(Debug)]
pub(super) struct Dependency {
    pub(super) vertex: VertexId,
    /// Digest of the paths taken: part of the definition key.
    pub(super) selected: Digest,
    /// None where only the definition counts.
    pub(super) selectors: Option<Vec<Selector>>,
}

/// How a vertex takes from its inputs (section 3).
pub(super) fn dependencies(vertex: &Vertex) -> Vec<Dependency> {
    (0..vertex.inputs.len())
        .map(|n| {
            let (texts, selectors) = match &vertex.op {
                Op::File(f) => file_dependency(f, n),
                Op::Exec(e) => {
                    let mounts = e
                        .mounts
                        .iter()
                        .filter(|m| m.input == Some(n) && !matches!(m.kind, MountKind::Tmpfs { .. }));
                    // Of several mounts of one input, the last in the order of targets says whether content
                    // counts (BuildKit's getMountDeps), and the paths of all are taken.
                    let (mut texts, mut content) = (Vec::new(), false);
                    for m in mounts {
                        texts.push(m.selector.clone());
                        content = !m.output;
                    }
                    let whole = texts.iter().any(String::is_empty);
                    let paths = if whole { &[][..] } else { &texts[..] };
                    let selectors = paths.iter().map(|t| Selector::of_mount(t)).collect();
                    (texts, content.then_some(selectors))
                }
                Op::Merge | Op::Source(_) => (Vec::new(), None),
            };
            let selected = Digest::of_parts(texts.iter().map(String::as_bytes));
            Dependency { vertex: vertex.inputs[n], selected, selectors }
        })
        .collect()
}

fn file_dependency(file: &FileOp, input: usize) -> (Vec<String>, Option<Vec<Selector>>) {
    let selectors: Vec<Selector> = file
        .actions
        .iter()
        .filter_map(|a| match a {
            Action::Copy(c) if c.input == Some(input) => Some(selector(c)),
            _ => None,
        })
        .collect();
    if file.base == Some(input) || selectors.is_empty() {
        return (Vec::new(), None);
    }
    // Plain data with string keys always serializes.
    let texts =
        Selector::combine(&selectors).iter().map(|s| serde_json::to_string(s).unwrap_or_default()).collect();
    (texts, Some(selectors))
}

/// A graph's selector as the context reads it.
pub(crate) fn selector(copy: &CopyAction) -> Selector {
    let s = &copy.selector;
    let relative = |p: &str| path::clean(p).into_owned();
    Selector {
        path: s.path.trim_start_matches('/').to_string(),
        wildcard: s.wildcard,
        follow_links: s.follow_links,
        include: s.include.clone(),
        exclude: s.exclude.clone(),
        required: s.required.first().map(|r| relative(r)),
    }
}
