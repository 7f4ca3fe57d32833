//! The sizes for people: the final image's layers, what is left behind, what nobody needs, what else there is.

use std::fmt::Write as _;

use super::Page;
use crate::cli::output::ansi::{BOLD, DIM, GREEN, RESET, YELLOW};
use crate::cli::output::safe;
use crate::cost::compare::Way;
use crate::cost::images::CatalogueImage;
use crate::cost::sizes::StageSize;
use crate::cost::view;
use crate::cost::words::{bytes, figure_bytes};

/// Renders the page.
pub(super) fn render(page: &Page<'_>, width: usize) -> String {
    let mut out = String::new();
    learned(page, &mut out);
    if !page.compare_only {
        headline(page, &mut out);
        layers(page.sizes.image(), width, &mut out);
        left_behind(page, width, &mut out);
        waste(page, &mut out);
    }
    comparison(page, width, &mut out);
    sources(page, &mut out);
    out
}

fn learned(page: &Page<'_>, out: &mut String) {
    let Some(learned) = &page.learned else { return };
    for (name, size) in &learned.images {
        let _ = writeln!(out, "{GREEN}learned{RESET} {}: {}", safe(name), bytes(*size as f64));
    }
    for name in &learned.missing {
        let _ = writeln!(
            out,
            "{YELLOW}not on this Docker{RESET}: {} (docker pull it, then learn again)",
            safe(name)
        );
    }
    out.push('\n');
}

fn headline(page: &Page<'_>, out: &mut String) {
    let image = page.sizes.image();
    let stages = page.sizes.stages.len();
    let _ = writeln!(
        out,
        "{BOLD}The image weighs {}{RESET}, as docker images would print it: {}{}",
        figure_bytes(image.total),
        match stages {
            1 => "one stage".to_string(),
            n => format!("the last of {n} stages, {}", safe(&image.name)),
        },
        if page.target.is_some() { " (--target)" } else { "" },
    );
    out.push('\n');
}

/// The layers of a stage's image, with a bar to scale.
fn layers(stage: &StageSize, width: usize, out: &mut String) {
    let bar = (width / 5).clamp(8, 24);
    let text = width.saturating_sub(5 + 2 + 14 + 2 + bar + 2).max(20);
    let _ = writeln!(out, "{DIM}{:>5}  {:>14}  {:bar$}  layer{RESET}", "line", "size", "");
    for layer in view::bars(stage) {
        let line = layer.line.map(|line| line.to_string()).unwrap_or_default();
        let drawn = "█".repeat(layer.cells(bar));
        let label = safe(&layer.label).into_owned();
        let _ = writeln!(out, "{line:>5}  {:>14}  {drawn:bar$}  {}", layer.size, shortened(&label, text));
    }
    let _ = writeln!(out, "{:>5}  {BOLD}{:>14}{RESET}  in all", "", figure_bytes(stage.total));
}

fn shortened(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_string();
    }
    let start: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{start}…")
}

fn left_behind(page: &Page<'_>, width: usize, out: &mut String) {
    let mut first = true;
    for stage in page.sizes.left_behind() {
        if first {
            let _ = writeln!(
                out,
                "\n{BOLD}Left behind{RESET}: these stages are built, and only what is copied from them is in the image"
            );
            first = false;
        }
        let _ = writeln!(
            out,
            "{:>5}  {:>14}  {}, FROM {}",
            stage.line,
            figure_bytes(stage.total),
            safe(&stage.name),
            safe(&stage.from)
        );
        if page.all {
            layers(stage, width, out);
        }
    }
    if page.all {
        for stage in page.sizes.stages.iter().filter(|s| s.in_image && s.stage != page.sizes.image().stage) {
            let _ = writeln!(out, "\n{BOLD}{}{RESET}, on which the image is built", safe(&stage.name));
            layers(stage, width, out);
        }
    }
}

fn waste(page: &Page<'_>, out: &mut String) {
    let waste = &page.sizes.waste;
    if waste.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{BOLD}Nobody needs {} of it{RESET}", figure_bytes(page.sizes.wasted()));
    for item in waste {
        let (what, fix) = item.words();
        let _ = writeln!(
            out,
            "{:>5}  {YELLOW}{:>14}{RESET}  {}",
            item.line,
            figure_bytes(item.bytes),
            safe(&what)
        );
        let _ = writeln!(out, "{:>5}  {:>14}  line {}: {}", "", "", item.change, safe(&fix));
    }
}

fn comparison(page: &Page<'_>, width: usize, out: &mut String) {
    let rows = &page.comparison.rows;
    let bars = &page.view.ways;
    if rows.len() < 2 && page.comparison.impossible.is_empty() {
        return;
    }
    if !out.is_empty() && !page.compare_only {
        out.push('\n');
    }
    let _ = writeln!(out, "{BOLD}The same program{RESET}");
    let bar = (width / 5).clamp(8, 24);
    for (row, drawn) in rows.iter().zip(bars) {
        let style = if row.kind == Way::This { BOLD } else { "" };
        let _ = writeln!(
            out,
            "  {style}{:<18}{RESET} {:>14}  {:bar$}  FROM {}",
            row.kind.words(),
            figure_bytes(row.total),
            "█".repeat(drawn.cells(bar)),
            safe(&row.base),
        );
        for change in &row.changes {
            let _ = writeln!(out, "  {:<18} {YELLOW}to do{RESET}: {}", "", safe(change));
        }
        for caveat in &row.caveats {
            let _ = writeln!(out, "  {:<18} {DIM}mind:{RESET}  {}", "", safe(caveat));
        }
    }
    for (way, why) in &page.comparison.impossible {
        let _ = writeln!(out, "  {DIM}{way:<18} {:>14}  {}{RESET}", "not possible", safe(why));
    }
}

/// Where the sizes of the bases come from, and what `about` means.
fn sources(page: &Page<'_>, out: &mut String) {
    let _ = writeln!(
        out,
        "\n{DIM}Sizes of base images ({} are known, --catalogue lists them with their sources):",
        crate::cost::images::catalogue().len()
    );
    for note in &page.view.sources {
        let _ = writeln!(out, "  {}", safe(note));
    }
    let _ = writeln!(
        out,
        "Files that COPY takes are measured; what commands put out is estimated (about) until verify has measured it,\nor a comment above the RUN says it: # layerlab: bytes=12MB{RESET}"
    );
}

/// The catalogue as a table.
pub(super) fn catalogue(images: &[&CatalogueImage]) -> String {
    let widest = images.iter().map(|image| image.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{BOLD}{:<widest$}  {:>9}  {:>9}  {:>6}  {:<10}  source{RESET}",
        "image", "size", "download", "layers", "date"
    );
    for image in images {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_string());
        let _ = writeln!(
            out,
            "{:<widest$}  {:>9}  {:>9}  {:>6}  {:<10}  {}{}",
            image.name,
            bytes(image.bytes as f64),
            or_dash(image.download.map(|d| bytes(d as f64))),
            or_dash(image.layers.map(|n| n.to_string())),
            image.date,
            if image.approximate { "roughly: " } else { "" },
            image.source_text(),
        );
    }
    out
}
