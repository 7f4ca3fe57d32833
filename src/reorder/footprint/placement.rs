//! Where a COPY puts what it takes.

use crate::context::{Selector, Tree, select};
use crate::dockerfile::ast::CopySpec;
use crate::reorder::scope::Scope;
use crate::shell;

/// A context path with the place that a COPY gives it. Directories stand for all that they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::reorder) struct Placement {
    pub(in crate::reorder) source: String,
    pub(in crate::reorder) dest: String,
}

/// Tells where a COPY of local paths puts the files that are there now, entry by entry: what a source directory
/// holds, or the source itself. `None` where it cannot be known.
pub(in crate::reorder) fn placements(spec: &CopySpec, scope: &Scope, tree: &Tree) -> Option<Vec<Placement>> {
    let dest_text = scope.expand(&spec.dest)?;
    let dest = scope.path(&spec.dest)?;
    let is_directory =
        dest_text.ends_with('/') || dest_text.ends_with("/.") || dest_text == "." || spec.sources.len() > 1;
    let mut placed = Vec::new();
    for raw in &spec.sources {
        let source = scope.expand(raw)?;
        let clean = crate::context::path::clean(&source).into_owned();
        if clean.contains(['*', '?', '[']) {
            for path in matches_of(tree, &source)? {
                place_one(tree, &path, &dest, true, &mut placed)?;
            }
        } else {
            place_one(tree, &clean, &dest, is_directory, &mut placed)?;
        }
    }
    for heredoc in &spec.heredocs {
        let dest = if is_directory { shell::join(&dest, &heredoc.name) } else { dest.clone() };
        placed.push(Placement { source: String::new(), dest });
    }
    Some(placed)
}

/// The paths that a wildcard source names, directories included.
fn matches_of(tree: &Tree, pattern: &str) -> Option<Vec<String>> {
    let clean = crate::context::path::clean(pattern).into_owned();
    let depth = clean.split('/').count();
    let files = select::paths(tree, &Selector::of_source(pattern, &[])).ok()?;
    let mut heads: Vec<String> =
        files.iter().map(|path| path.split('/').take(depth).collect::<Vec<_>>().join("/")).collect();
    heads.dedup();
    Some(heads)
}

fn place_one(
    tree: &Tree,
    source: &str,
    dest: &str,
    is_directory: bool,
    placed: &mut Vec<Placement>,
) -> Option<()> {
    let entry = tree.get(source)?;
    match entry.as_dir() {
        Some(dir) => {
            for (name, _) in dir.iter() {
                let source = crate::context::path::join(source, name);
                placed.push(Placement { source, dest: shell::join(dest, name) });
            }
        }
        None => {
            let name = source.rsplit('/').next().unwrap_or(source);
            let dest = if is_directory { shell::join(dest, name) } else { dest.to_owned() };
            placed.push(Placement { source: source.to_owned(), dest });
        }
    }
    Some(())
}
