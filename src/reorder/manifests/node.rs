//! npm, yarn, pnpm, bun: workspaces, lifecycle scripts, local dependencies, lock files.

mod members;
mod paths;

use serde_json::Value;

use super::{Install, Plan, TABLE, Why};

/// Scripts of the project that package managers run when they install it.
///
/// `dependencies` is npm's, after any change of `node_modules`; `pnpm:devPreinstall` is pnpm's, before all else (the pages
/// on scripts of both).
const LIFECYCLE: [&str; 9] = [
    "pnpm:devPreinstall",
    "preinstall",
    "install",
    "postinstall",
    "preprepare",
    "prepare",
    "postprepare",
    "prepublish",
    "dependencies",
];

const DEPENDENCIES: [&str; 4] =
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

pub(super) fn check(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    let root = manifest(install, "package.json")?;
    if let Some(above) = workspace_above(install) {
        return Err(Why::DependsOnSources(format!("it is part of the workspace of {above}")));
    }
    let members = members(install, &root)?;
    if !members.is_empty() {
        members::check_copies(install, &install.path("package.json"), &root)?;
    }
    check_package(install, "", &root, plan)?;
    paths::of_settings(install, plan)?;
    paths::of_patches(install, &root, plan)?;
    for member in &members {
        let package = manifest(install, &format!("{member}/package.json"))?;
        install.need(&format!("{member}/package.json"), plan);
        plan.writes.insert(install.path(&format!("{member}/node_modules")));
        check_package(install, member, &package, plan)?;
        members::check(install, member, &package, plan)?;
    }
    foreign_locks(install, plan)?;
    check_lock(install, &root)
}

/// Takes in lock files of other managers, from which versions are taken where the own lock file is missing.
///
/// npm keeps a yarn.lock up to date whenever it saves, beside a lock file of its own too (npm/arborist,
/// `shrinkwrap.js`). Bun writes what it finds into bun.lock, and moves what pnpm-workspace.yaml says to package.json.
fn foreign_locks(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    let has_own = install.ecosystem.locks.iter().any(|name| install.has(name));
    if !has_own {
        for name in &install.ecosystem.foreign {
            install.need(name, plan);
            plan.looks_at.insert(install.path(name));
        }
    }
    let rewritten = match install.ecosystem.name.as_str() {
        "npm" if !install.is_frozen() => Some(("yarn.lock", "yarn.lock")),
        "bun" if paths::prints_yarn_lock(install)? && install.has("yarn.lock") => {
            Some(("yarn.lock", "yarn.lock"))
        }
        "bun" if !has_own => Some(("pnpm-lock.yaml", "package.json")),
        _ => None,
    };
    match rewritten.filter(|(found, _)| install.has(found)) {
        Some((_, name)) => Err(Why::RewritesLock(install.path(name))),
        None => Ok(()),
    }
}

/// A workspace in a directory above decides what is installed.
fn workspace_above(install: &Install<'_>) -> Option<String> {
    let mut dir = install.dir;
    while !dir.is_empty() {
        dir = crate::context::path::split(dir).0;
        let manifest = crate::context::path::join(dir, "package.json");
        let package = install.files.read(&manifest).filter(|_| install.tree.contains(&manifest));
        let settings = crate::context::path::join(dir, "pnpm-workspace.yaml");
        if install.tree.contains(&settings) || package.is_some_and(|text| text.contains("\"workspaces\"")) {
            return Some(manifest);
        }
    }
    None
}

fn manifest(install: &Install<'_>, name: &str) -> Result<Value, Why> {
    let text = install.read(name)?;
    serde_json::from_str(&text).map_err(|_| Why::Unreadable(install.path(name)))
}

/// The directories of workspaces, relative to the project.
fn members(install: &Install<'_>, root: &Value) -> Result<Vec<String>, Why> {
    let mut patterns = Vec::new();
    let workspaces = root.get("workspaces").map(|value| value.get("packages").unwrap_or(value));
    if let Some(list) = workspaces.and_then(Value::as_array) {
        patterns.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    if install.ecosystem.name == "pnpm" && install.has("pnpm-workspace.yaml") {
        patterns.extend(yaml_list(&install.read("pnpm-workspace.yaml")?, "packages"));
    }
    let (out, into): (Vec<String>, Vec<String>) =
        patterns.into_iter().partition(|pattern| pattern.starts_with('!'));
    let mut found: Vec<String> = Vec::new();
    for (path, entry) in install.tree {
        let Some(dir) = path.strip_suffix("/package.json").filter(|_| !entry.is_dir()) else { continue };
        let Some(dir) = relative(dir, install.dir) else { continue };
        let matches = |pattern: &String| {
            glob(pattern.trim_start_matches('!').trim_start_matches("./").trim_end_matches('/'), dir)
        };
        if into.iter().any(matches)
            && !out.iter().any(matches)
            && !dir.split('/').any(|name| name == "node_modules")
        {
            found.push(dir.to_owned());
        }
    }
    Ok(found)
}

fn relative<'p>(path: &'p str, dir: &str) -> Option<&'p str> {
    if dir.is_empty() { Some(path) } else { path.strip_prefix(dir)?.strip_prefix('/') }
}

/// Matches a workspace pattern: `*` within a name, `**` over names.
fn glob(pattern: &str, path: &str) -> bool {
    fn names(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern.split_first(), path.split_first()) {
            (None, None) => true,
            (Some((&"**", rest)), _) => names(rest, path) || (!path.is_empty() && names(pattern, &path[1..])),
            (Some((p, rest)), Some((n, path))) => {
                let pattern = crate::shell::PathPattern::glob(format!("/{p}"));
                let name = crate::shell::PathPattern::exact(format!("/{n}"));
                pattern.overlaps(&name) && names(rest, path)
            }
            _ => false,
        }
    }
    names(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>())
}

/// The entries of a list at the top of a YAML file: `key:` and lines that begin with a dash.
fn yaml_list(text: &str, key: &str) -> Vec<String> {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != format!("{key}:"));
    lines.next();
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map_while(|line| line.strip_prefix('-'))
        .map(|entry| entry.split(" #").next().unwrap_or(entry).trim().trim_matches(['"', '\'']).to_owned())
        .collect()
}

fn check_package(install: &Install<'_>, member: &str, package: &Value, plan: &mut Plan) -> Result<(), Why> {
    let path = if member.is_empty() { "package.json".to_owned() } else { format!("{member}/package.json") };
    for (name, range) in dependencies(package) {
        let local = ["file:", "link:", "portal:"].iter().any(|start| range.starts_with(start));
        if local || range.starts_with("./") || range.starts_with("../") {
            return Err(Why::LocalDependency {
                path: install.path(&path),
                what: format!("{name} ({range})"),
            });
        }
    }
    paths::of_ranges(install, member, package, plan)?;
    if install.has_word(&["--ignore-scripts", "fetch"]) {
        return Ok(());
    }
    for name in LIFECYCLE {
        if let Some(text) = package.pointer(&format!("/scripts/{name}")).and_then(Value::as_str) {
            check_script(install, &path, name, text, plan)?;
        }
    }
    let gyp = if member.is_empty() { "binding.gyp".to_owned() } else { format!("{member}/binding.gyp") };
    if install.has(&gyp) {
        return Err(Why::DependsOnSources(format!("{} compiles native code at install", install.path(&gyp))));
    }
    Ok(())
}

fn check_script(
    install: &Install<'_>,
    path: &str,
    name: &str,
    text: &str,
    plan: &mut Plan,
) -> Result<(), Why> {
    let commands = text.split("&&").flat_map(|part| part.split("||")).flat_map(|part| part.split(';'));
    for command in commands.map(str::trim).filter(|command| !command.is_empty()) {
        let known = TABLE.script.iter().find(|known| {
            command == known.words
                || command.strip_prefix(&known.words).is_some_and(|rest| rest.starts_with(' '))
        });
        let known = known
            .filter(|known| !known.unless.as_ref().is_some_and(|path| install.tree.contains(path)))
            .filter(|_| !does_more(command));
        let Some(known) = known else {
            let (path, name, text) = (install.path(path), name.to_owned(), text.to_owned());
            return Err(Why::Script { path, name, text });
        };
        if known.words.ends_with("prisma generate") {
            check_prisma(install, command)?;
        }
        // A member's script runs in the member.
        let dir = path.strip_suffix("package.json").unwrap_or_default();
        for needed in known.files.iter().chain(&known.folders) {
            install.need(&format!("{dir}{needed}"), plan);
        }
    }
    Ok(())
}

/// Tells whether a command that is known hands something to the shell that is not, or works from another directory.
fn does_more(command: &str) -> bool {
    let quiet = ["2>&1", "2>/dev/null", "2> /dev/null", ">/dev/null", "> /dev/null"]
        .iter()
        .fold(command.to_owned(), |text, silenced| text.replace(silenced, ""));
    quiet.contains(['`', '<', '>', '|', '&']) || quiet.contains("$(") || quiet.contains("--patch-dir")
}

/// Prisma's client goes to `node_modules` unless a schema names another place, and its schema lies in `prisma` unless
/// the project says otherwise.
fn check_prisma(install: &Install<'_>, command: &str) -> Result<(), Why> {
    let elsewhere = command.contains("--schema")
        || install.has("prisma.config.ts")
        || manifest(install, "package.json")?.pointer("/prisma/schema").is_some();
    if elsewhere {
        return Err(Why::DependsOnSources("Prisma is told to look for its schema elsewhere".to_owned()));
    }
    for (path, entry) in install.tree {
        let is_schema =
            !entry.is_dir() && std::path::Path::new(&path).extension().is_some_and(|end| end == "prisma");
        let own = relative(&path, install.dir).filter(|_| is_schema);
        if own.is_some() && install.files.read(&path).is_none_or(|text| writes_elsewhere(&text)) {
            return Err(Why::DependsOnSources(format!(
                "{path} has Prisma's client written among the sources"
            )));
        }
    }
    Ok(())
}

/// Tells whether a generator of a Prisma schema has an `output`, or is another than that of the client.
fn writes_elsewhere(schema: &str) -> bool {
    const KNOWN: [&str; 7] =
        ["prisma-client-js", "postgresql", "mysql", "sqlite", "sqlserver", "mongodb", "cockroachdb"];
    let value = |line: &str, key: &str| {
        let rest = line.trim().strip_prefix(key)?.trim_start().strip_prefix('=')?;
        Some(rest.trim().trim_matches('"').to_owned())
    };
    schema.lines().any(|line| {
        value(line, "output").is_some()
            || value(line, "provider").is_some_and(|name| !KNOWN.contains(&name.as_str()))
    })
}

fn dependencies(package: &Value) -> impl Iterator<Item = (&str, &str)> {
    DEPENDENCIES
        .iter()
        .filter_map(|kind| package.get(kind).and_then(Value::as_object))
        .flatten()
        .filter_map(|(name, range)| Some((name.as_str(), range.as_str()?)))
}

/// A lock file that agrees with the manifest is left as it is; any other may be rewritten.
fn check_lock(install: &Install<'_>, root: &Value) -> Result<(), Why> {
    let Some(lock) = install.loose_lock() else { return Ok(()) };
    let text = install.read(lock).map_err(|_| Why::RewritesLock(install.path(lock)))?;
    let agrees = match lock {
        "package-lock.json" | "npm-shrinkwrap.json" => npm_lock_agrees(&text, root),
        "yarn.lock" => dependencies(root).all(|(name, range)| {
            text.contains(&format!("{name}@{range}")) || text.contains(&format!("{name}@npm:{range}"))
        }),
        "pnpm-lock.yaml" => dependencies(root).all(|(name, range)| {
            text.contains(name) && text.contains(&format!("specifier: {range}"))
                || is_quoted_specifier(&text, range)
        }),
        "bun.lock" => {
            dependencies(root).all(|(name, range)| text.contains(&format!("\"{name}\": \"{range}\"")))
        }
        _ => false,
    };
    if agrees { Ok(()) } else { Err(Why::RewritesLock(install.path(lock))) }
}

fn is_quoted_specifier(text: &str, range: &str) -> bool {
    text.contains(&format!("specifier: '{range}'"))
}

/// npm leaves a lock file of version 2 or later alone if its root entry asks for what package.json asks for.
fn npm_lock_agrees(text: &str, root: &Value) -> bool {
    let Ok(lock) = serde_json::from_str::<Value>(text) else { return false };
    let version = lock.get("lockfileVersion").and_then(Value::as_u64).unwrap_or(0);
    let Some(entry) = lock.pointer("/packages/") else { return false };
    let same = |kind: &str| {
        let empty = Value::Object(serde_json::Map::new());
        root.get(kind).unwrap_or(&empty) == entry.get(kind).unwrap_or(&empty)
    };
    version >= 2 && DEPENDENCIES.iter().all(|kind| same(kind)) && root.get("name") == lock.get("name")
}
