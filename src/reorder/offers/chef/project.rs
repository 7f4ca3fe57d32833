//! What the manifests of a Rust project say of a recipe made of them.

use toml::{Table, Value};

use crate::context::path;
use crate::reorder::ReorderInput;

const LOCK: &str = "Cargo.lock";

fn table(input: &ReorderInput<'_>, path: &str) -> Option<Table> {
    input.tree.contains(path).then(|| input.files.read(path))??.parse().ok()
}

/// Refuses a project of which the recipe would not hold all manifests, or no versions.
pub(super) fn fits(input: &ReorderInput<'_>) -> Result<(), &'static str> {
    if !input.tree.contains(LOCK) {
        return Err("no Cargo.lock pins the versions of the dependencies");
    }
    let root = table(input, "Cargo.toml").ok_or("Cargo.toml cannot be read")?;
    let patches = root.get("patch").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let mut patched = patches.chain(root.get("replace")).filter_map(Value::as_table).flat_map(Table::values);
    if patched.any(|dependency| dependency.get("path").is_some()) {
        return Err("a dependency is replaced by a directory of the project, which no recipe holds");
    }
    let excluded: Vec<&str> = root
        .get("workspace")
        .and_then(|workspace| workspace.get("exclude"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let manifests = input.tree.iter().filter(|(path, entry)| !entry.is_dir() && is_manifest(path));
    for (name, _) in manifests {
        let Some(manifest) = table(input, &name) else { continue };
        let dir = path::split(&name).0;
        let outside = |raw: &&str| {
            let place = path::clean(&path::join(dir, raw)).into_owned();
            raw.starts_with('/')
                || !input.tree.contains(&path::join(&place, "Cargo.toml"))
                || excluded.iter().any(|excluded| path::is_within(&place, excluded))
        };
        if paths(&manifest).iter().any(outside) {
            return Err(
                "a dependency is a directory that is no part of the workspace, which no recipe holds",
            );
        }
    }
    Ok(())
}

fn is_manifest(path: &str) -> bool {
    path == "Cargo.toml" || path.ends_with("/Cargo.toml")
}

/// The tables of dependencies of a manifest.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let workspace = manifest.get("workspace").and_then(Value::as_table);
    let holders = std::iter::once(manifest).chain(workspace).chain(targets.filter_map(Value::as_table));
    holders
        .flat_map(|holder| KINDS.iter().filter_map(|kind| holder.get(*kind)).filter_map(Value::as_table))
        .flatten()
}

/// The directories that dependencies of a manifest are.
fn paths(manifest: &Table) -> Vec<&str> {
    dependencies(manifest).filter_map(|(_, value)| value.get("path")?.as_str()).collect()
}

/// Refuses a project of one package whose lock file may not be what its manifest asks for: with `--locked` it would
/// not be compiled.
pub(super) fn lock_is_fresh(input: &ReorderInput<'_>) -> Result<(), &'static str> {
    const STALE: &str = "`cargo install` without --locked takes other versions than the recipe pins, and Cargo.lock cannot be told to be what Cargo.toml asks for";
    let (Some(root), Some(lock)) = (table(input, "Cargo.toml"), table(input, LOCK)) else {
        return Err(STALE);
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let locked: Vec<(String, String)> = lock
        .get("package")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|package| Some((text(package, "name")?, text(package, "version")?)))
        .collect();
    let own = root.get("package").and_then(|own| Some((text(own, "name")?, text(own, "version")?)));
    let holds_own = own.is_some_and(|own| locked.contains(&own)) && !root.contains_key("workspace");
    let holds = |(name, value): (&String, &Value)| {
        let wanted = value.as_str().or_else(|| value.get("version")?.as_str());
        let is_registry = ["path", "git", "registry"].iter().all(|key| value.get(key).is_none());
        let name = value.get("package").and_then(Value::as_str).unwrap_or(name);
        is_registry
            && wanted.is_some_and(|wanted| {
                locked.iter().any(|(known, version)| known == name && is_compatible(wanted, version))
            })
    };
    if holds_own && dependencies(&root).all(holds) { Ok(()) } else { Err(STALE) }
}

/// Tells whether a version fits a plain requirement (`1.2`, `^0.3.1`): the same up to the first number that is not zero,
/// and no older.
fn is_compatible(wanted: &str, version: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let core = text.split(['-', '+']).next()?;
        core.split('.').map(|part| part.parse().ok()).collect()
    };
    let (Some(wanted), Some(version)) = (numbers(wanted.trim().trim_start_matches('^')), numbers(version))
    else {
        return false;
    };
    let fixed = wanted.iter().position(|number| *number > 0).map_or(wanted.len(), |at| at + 1);
    version.len() >= wanted.len()
        && version[..fixed] == wanted[..fixed]
        && version[..wanted.len()] >= wanted[..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_requirements() {
        for (wanted, version, fits) in [
            ("1", "1.9.2", true),
            ("1.0.56", "1.0.56", true),
            ("1.0.56", "1.0.55", false),
            ("^1.2", "1.10.0", true),
            ("1.2", "2.0.0", false),
            ("0.3.1", "0.3.9", true),
            ("0.3.1", "0.4.0", false),
            ("0.0.3", "0.0.3", true),
            ("0.0.3", "0.0.4", false),
            ("0", "0.7.1", true),
            (">=1", "1.0.0", false),
            ("=1.2.3", "1.2.3", false),
            ("1.*", "1.2.3", false),
        ] {
            assert_eq!(is_compatible(wanted, version), fits, "{wanted} {version}");
        }
    }
}
