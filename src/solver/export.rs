//! What an exported cache holds (cache semantics, section 8; recorded cases of area `ci`).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::prediction::Prediction;
use super::store::{Addition, Kept, Record};
use crate::graph::{Graph, Op, Source, VertexId};

/// `mode=` of `--cache-to`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportMode {
    /// Results that lead to the layers of the final image; of the others the keys alone. What inline caches and
    /// the default of every exporter hold.
    #[default]
    Min,
    /// Every result.
    Max,
}

/// What an export of this build holds, as additions to an empty store.
///
/// `additions` are those of the build: one a vertex, in order, but for contexts.
pub fn export(prediction: &Prediction, additions: &[Addition], mode: ExportMode) -> Vec<Addition> {
    let graph = &prediction.graph;
    let kept = layers(graph);
    let is_context = |v: VertexId| matches!(graph.vertices[v].op, Op::Source(Source::Context { .. }));
    let mut numbers = (0..graph.vertices.len()).filter(|&v| !is_context(v));
    additions
        .iter()
        .map(|addition| {
            let vertex = numbers.next();
            match addition {
                Addition::Record(r)
                    if mode == ExportMode::Min && vertex.is_none_or(|v| !kept.contains(&v)) =>
                {
                    let result = if vertex.is_some_and(|v| may_be_packed(graph, v)) {
                        Kept::Perhaps
                    } else {
                        Kept::No
                    };
                    Addition::Record(Arc::new(Record { result, ..(**r).clone() }))
                }
                other => other.clone(),
            }
        })
        .collect()
}

/// Vertices whose results are the layers of the final image: from the last one down through what each is put on.
fn layers(graph: &Graph) -> BTreeSet<VertexId> {
    let mut kept = BTreeSet::new();
    let mut todo: Vec<VertexId> = graph.result.into_iter().collect();
    while let Some(v) = todo.pop() {
        if !kept.insert(v) {
            continue;
        }
        let vertex = &graph.vertices[v];
        match &vertex.op {
            Op::Source(_) => {}
            Op::Merge => todo.extend(&vertex.inputs),
            Op::File(f) => todo.extend(f.base.map(|n| vertex.inputs[n])),
            Op::Exec(e) => {
                todo.extend(
                    e.mounts.iter().filter(|m| m.output).filter_map(|m| m.input).map(|n| vertex.inputs[n]),
                );
            }
        }
    }
    kept
}

/// Says whether a result that does not lead to the final image's layers may be in a mode=min export all the same.
///
/// The exporter keeps what has been packed already. Seen in one recorded build (`ci-min-random-1033`): the LINK
/// merge of a stage without a RUN, and what was built on it.
fn may_be_packed(graph: &Graph, v: VertexId) -> bool {
    let mut merged = false;
    let mut todo = vec![v];
    while let Some(v) = todo.pop() {
        let vertex = &graph.vertices[v];
        match &vertex.op {
            Op::Source(_) => {}
            Op::Exec(_) => return false,
            Op::Merge => {
                merged = true;
                todo.push(vertex.inputs[0]);
            }
            Op::File(f) => todo.extend(f.base.map(|n| vertex.inputs[n])),
        }
    }
    merged || is_merged(graph, v)
}

/// The copy of a COPY --link is packed with its merge.
fn is_merged(graph: &Graph, v: VertexId) -> bool {
    let merge = graph.vertices.iter().position(|m| m.op == Op::Merge && m.inputs.get(1) == Some(&v));
    merge.is_some_and(|m| may_be_packed(graph, m))
}
