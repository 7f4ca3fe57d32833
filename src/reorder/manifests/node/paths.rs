//! Paths that a project's settings name: patches, certificates, the package manager itself, code that it loads.

use serde_json::Value;

use super::super::{Install, Plan, Why};
use crate::context::{Entry, path};

/// Files that hold data and no code, so that nothing else is read on account of them.
const DATA: [&str; 6] = [".patch", ".diff", ".pem", ".crt", ".cer", ".key"];

/// Settings that lead an install to another lock file, to code or to another `node_modules`, in lower case and without
/// dashes, as `.npmrc` and pnpm-workspace.yaml spell them differently.
const LEADS: [&str; 8] = [
    "pnpmfile",
    "globalpnpmfile",
    "modulesdir",
    "virtualstoredir",
    "lockfiledir",
    "lockfilefilename",
    "userconfig",
    "globalconfig",
];

/// The values of those that lead to where it looks anyway.
const USUAL: [&str; 5] =
    ["node_modules", "node_modules/.pnpm", "yarn.lock", ".pnpmfile.cjs", ".pnpmfile.mjs"];

/// Follows the paths in the settings files of the manager, and refuses code among them that may read more.
pub(super) fn of_settings(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    for name in [".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", "bunfig.toml"] {
        let is_read = install.ecosystem.files.iter().any(|file| file == name) && install.has(name);
        if !is_read {
            continue;
        }
        for (key, value) in settings(name, &install.read(name)?) {
            of_setting(install, name, &key, &value, plan)?;
        }
    }
    // Node.js warns of one that is missing, and goes on without it.
    if let Some(value) = (install.env)("NODE_EXTRA_CA_CERTS") {
        of_setting(install, "NODE_EXTRA_CA_CERTS", "", &value, plan)?;
    }
    of_pnpmfile(install)
}

/// pnpm's hooks are code, of which all but what it requires and reads is known.
fn of_pnpmfile(install: &Install<'_>) -> Result<(), Why> {
    const READS: [&str; 9] = [
        "require('.",
        "require(\".",
        "require(`",
        "import(",
        "from '.",
        "from \".",
        "fs'",
        "fs\"",
        "child_process",
    ];
    let name = ".pnpmfile.cjs";
    if install.ecosystem.name != "pnpm" || !install.has(name) {
        return Ok(());
    }
    let text = install.read(name)?;
    match READS.iter().find(|sign| text.contains(**sign)) {
        Some(_) => {
            let what = format!("{} loads or reads other files", install.path(name));
            Err(Why::DependsOnSources(what))
        }
        None => Ok(()),
    }
}

/// Follows patches that package.json names for packages (pnpm and Bun).
pub(super) fn of_patches(install: &Install<'_>, package: &Value, plan: &mut Plan) -> Result<(), Why> {
    if !matches!(install.ecosystem.name.as_str(), "pnpm" | "bun") {
        return Ok(());
    }
    let lists = ["/patchedDependencies", "/pnpm/patchedDependencies"];
    let named = lists.iter().filter_map(|list| package.pointer(list)?.as_object()).flatten();
    for patch in named.filter_map(|(_, value)| value.as_str()) {
        take(install, "package.json", patch, plan)?;
    }
    Ok(())
}

/// Follows the ranges that bind a package to files: Yarn's patches, and what overrides point to directories.
pub(super) fn of_ranges(
    install: &Install<'_>,
    member: &str,
    package: &Value,
    plan: &mut Plan,
) -> Result<(), Why> {
    let manifest =
        if member.is_empty() { "package.json".to_owned() } else { format!("{member}/package.json") };
    let mut ranges: Vec<&str> = super::dependencies(package).map(|(_, range)| range).collect();
    for list in ["/resolutions", "/overrides", "/pnpm/overrides"] {
        let mut overrides = Vec::new();
        package.pointer(list).into_iter().for_each(|value| strings(value, &mut overrides));
        if let Some(what) = overrides.iter().find(|range| is_local(range)) {
            return Err(Why::LocalDependency { path: install.path(&manifest), what: (*what).to_owned() });
        }
        ranges.extend(overrides);
    }
    for patch in ranges.into_iter().filter(|range| range.starts_with("patch:")).flat_map(patches_of) {
        // A tilde stands for the project's root, any other path begins at the member.
        let path = match patch.strip_prefix("~/") {
            Some(inner) => inner.to_owned(),
            None => path::join(member, patch),
        };
        take(install, &manifest, &path, plan)?;
    }
    Ok(())
}

/// The files after the number sign of `patch:NAME@RANGE#FILE&FILE::PARAMETERS`; Yarn's own patches are none.
fn patches_of(range: &str) -> impl Iterator<Item = &str> {
    let (_, files) = range.split_once('#').unwrap_or_default();
    let files = files.split("::").next().unwrap_or_default();
    let plain = |file| str::trim_start_matches(str::trim_start_matches(file, "optional!"), "~builtin");
    files.split('&').map(plain).filter(|file| !file.is_empty() && !file.contains('<'))
}

fn strings<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Object(all) => all.values().for_each(|value| strings(value, into)),
        Value::Array(all) => all.iter().for_each(|value| strings(value, into)),
        _ => {}
    }
}

fn is_local(range: &str) -> bool {
    ["file:", "link:", "portal:", "./", "../"].iter().any(|start| range.starts_with(start))
}

/// Tells whether Bun is told to write a yarn.lock beside its own lock file.
pub(super) fn prints_yarn_lock(install: &Install<'_>) -> Result<bool, Why> {
    let name = "bunfig.toml";
    let is_set =
        |text: String| settings(name, &text).iter().any(|(key, value)| key == "print" && value == "yarn");
    Ok(install.has_word(&["-y", "--yarn"]) || install.has(name) && is_set(install.read(name)?))
}

/// Keys and values of a settings file, line by line. What is deeper has its innermost key, an entry of a list none.
fn settings(name: &str, text: &str) -> Vec<(String, String)> {
    let is_yaml = ["yml", "yaml"].iter().any(|end| name.ends_with(end));
    let mut section = "";
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        if is_yaml && !line.is_empty() && !line.starts_with([' ', '-', '\t']) {
            section = line.split(':').next().unwrap_or_default();
        }
        // Members are found by their package.json.
        if section == "packages" {
            continue;
        }
        let line = line.split(" #").next().unwrap_or_default();
        let parts: Vec<&str> =
            if name == ".npmrc" { vec![line] } else { line.split(['{', '}', '[', ']', ',']).collect() };
        for part in parts {
            let part = part.trim().trim_start_matches("- ").trim();
            let pair = match name {
                ".yarnrc" => part.split_once(char::is_whitespace),
                _ if is_yaml => part.rsplit_once(": "),
                _ => part.split_once('='),
            };
            let (key, value) = pair.unwrap_or(("", part));
            let plain = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
            found.push((plain(key), plain(value)));
        }
    }
    found
}

fn of_setting(
    install: &Install<'_>,
    manifest: &str,
    key: &str,
    value: &str,
    plan: &mut Plan,
) -> Result<(), Why> {
    let plain = key.rsplit(':').next().unwrap_or(key).replace('-', "").to_ascii_lowercase();
    let told = || format!("{key} in {}", install.path(manifest));
    let is_of_node = plain == "nodeoptions" && (value.contains("require") || value.contains("import"));
    let names_file = plain.ends_with("file") || plain.ends_with("path");
    if LEADS.contains(&plain.as_str()) && !USUAL.contains(&value.trim_start_matches("./"))
        || is_of_node
        || names_file && value.contains('$')
    {
        return Err(Why::Elsewhere(told()));
    }
    if is_local(value) && value.contains(':') {
        return Err(Why::LocalDependency { path: install.path(manifest), what: value.to_owned() });
    }
    if value.is_empty() || value.contains("://") {
        return Ok(());
    }
    if value.starts_with('/') {
        // Where in the stage the project lies is not asked: what ends like one of its files may be that file.
        let mut ends = value.match_indices('/').map(|(at, _)| &value[at + 1..]);
        return match ends.find(|end| install.tree.get(end).is_some_and(|entry| !entry.is_dir())) {
            Some(_) => Err(names(install, manifest, value)),
            None => Ok(()),
        };
    }
    let path = install.path(value);
    let Some(entry) = install.tree.get(&path).filter(|_| !path.is_empty()) else { return Ok(()) };
    let is_known = plan.needs.iter().any(|need| path::is_within(&path, need));
    // A word alone may be a package that is called like a directory.
    if is_known || entry.is_dir() && !value.contains('/') {
        return Ok(());
    }
    if matches!(plain.as_str(), "yarnpath") && is_own_file(install, &path) {
        plan.need(path);
        return Ok(());
    }
    take(install, manifest, value, plan)
}

/// Takes in a file that settings name, where it holds data alone; refuses any other.
fn take(install: &Install<'_>, manifest: &str, name: &str, plan: &mut Plan) -> Result<(), Why> {
    let path = install.path(name);
    if plan.needs.iter().any(|need| path::is_within(&path, need)) && install.tree.contains(&path) {
        return Ok(());
    }
    if !DATA.iter().any(|end| path.ends_with(end)) || !is_own_file(install, &path) {
        return Err(names(install, manifest, name));
    }
    plan.need(path);
    Ok(())
}

/// Tells whether a plain file lies there, in the project.
fn is_own_file(install: &Install<'_>, path: &str) -> bool {
    let is_own = install.dir.is_empty() || path::is_within(path, install.dir);
    is_own && matches!(install.tree.get(path), Some(Entry::File(_)))
}

fn names(install: &Install<'_>, manifest: &str, what: &str) -> Why {
    let manifest =
        if manifest == "NODE_EXTRA_CA_CERTS" { manifest.to_owned() } else { install.path(manifest) };
    Why::DependsOnSources(format!("{manifest} names {what}"))
}
