//! The sizes as one JSON object.

use serde::Serialize;
use serde_json::{Value, json};

use super::Page;
use crate::cost::Figure;
use crate::cost::sizes::{LayerSize, StageSize};

#[derive(Serialize)]
struct Layer<'a> {
    line: usize,
    instruction: &'a str,
    bytes: Figure,
    base: bool,
}

/// Makes the object.
pub(super) fn answer(page: &Page<'_>) -> Value {
    let sizes = page.sizes;
    let stages: Vec<Value> = sizes.stages.iter().map(stage).collect();
    let waste: Vec<Value> = sizes
        .waste
        .iter()
        .map(|waste| {
            let (what, fix) = waste.words();
            json!({ "line": waste.line, "change": waste.change, "bytes": waste.bytes, "what": what, "fix": fix })
        })
        .collect();
    let compare: Vec<Value> = page
        .comparison
        .rows
        .iter()
        .map(|row| {
            json!({
                "way": row.kind, "base": row.base, "bytes": row.total,
                "changes": row.changes, "caveats": row.caveats,
            })
        })
        .collect();
    let impossible: Vec<Value> =
        page.comparison.impossible.iter().map(|(way, why)| json!({ "way": way, "why": why })).collect();
    let mut answer = json!({
        "schema": 1,
        "context": page.context,
        "dockerfile": page.dockerfile,
        "target": page.target,
        "image": stage(sizes.image()),
        "stages": stages,
        "waste": waste,
        "compare": compare,
        "impossible": impossible,
    });
    if let Some(learned) = &page.learned {
        answer["learned"] = json!(learned);
    }
    answer
}

fn stage(stage: &StageSize) -> Value {
    let layers: Vec<Layer<'_>> = stage.layers.iter().map(layer).collect();
    let base = stage.base.as_ref().map(|base| {
        let entry = base.size.entry;
        json!({
            "name": base.name,
            "bytes": base.size.bytes,
            "catalogue": entry.map(|entry| &entry.name),
            "nearest": base.size.nearest,
            "approximate": entry.is_some_and(|entry| entry.approximate),
            "layers": entry.and_then(|entry| entry.layers),
            "download": entry.and_then(|entry| entry.download),
            "date": entry.map(|entry| &entry.date),
            "source": entry.map(crate::cost::images::CatalogueImage::source_text),
        })
    });
    json!({
        "stage": stage.stage, "name": stage.name, "from": stage.from, "line": stage.line,
        "in_image": stage.in_image, "base": base, "layers": layers, "bytes": stage.total,
    })
}

fn layer(layer: &LayerSize) -> Layer<'_> {
    Layer { line: layer.line, instruction: &layer.instruction, bytes: layer.bytes, base: layer.base }
}
