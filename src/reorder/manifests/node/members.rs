//! Members of a workspace: the commands that are linked at install, and the fields by which an install looks at files.

use serde_json::Value;

use super::super::{Install, Plan, Why};
use crate::context::{Entry, path};

/// Refuses a member of which an install may look at more than its package.json.
pub(super) fn check(
    install: &Install<'_>,
    member: &str,
    package: &Value,
    plan: &mut Plan,
) -> Result<(), Why> {
    let manifest = install.path(&format!("{member}/package.json"));
    // Manual pages and whole directories of commands are found by looking; a directory to publish is linked in place
    // of the member (pnpm's `publishConfig.directory`).
    for field in ["/man", "/directories/man", "/directories/bin", "/publishConfig/directory"] {
        if package.pointer(field).is_some() {
            let name = field.trim_start_matches('/').replace('/', ".");
            let what = format!("{manifest} has \"{name}\", files of which are looked for at install");
            return Err(Why::DependsOnSources(what));
        }
    }
    check_copies(install, &manifest, package)?;
    for target in commands(package).ok_or_else(|| Why::Unreadable(manifest.clone()))? {
        check_command(install, member, &manifest, target, plan)?;
    }
    Ok(())
}

/// Refuses members that are packed or copied into `node_modules` instead of linked.
pub(super) fn check_copies(install: &Install<'_>, manifest: &str, package: &Value) -> Result<(), Why> {
    let is_injected = |kept: &Value| kept.get("injected").is_some_and(|own| own != &Value::Bool(false));
    let injects = package
        .get("dependenciesMeta")
        .and_then(Value::as_object)
        .is_some_and(|all| all.values().any(is_injected));
    if injects {
        let what = format!("{manifest} has members injected, which copies their files");
        return Err(Why::DependsOnSources(what));
    }
    for (file, settings) in [
        (".npmrc", &["install-links", "inject-workspace-packages"][..]),
        ("pnpm-workspace.yaml", &["injectWorkspacePackages", "injected"][..]),
    ] {
        let Some(text) = install.has(file).then(|| install.read(file)).transpose()? else { continue };
        if let Some(setting) = settings.iter().find(|setting| text.contains(**setting)) {
            let what = format!("{} sets {setting}, which copies members' files", install.path(file));
            return Err(Why::DependsOnSources(what));
        }
    }
    Ok(())
}

/// The files that commands are linked to; `None` where they cannot be read.
fn commands(package: &Value) -> Option<Vec<&str>> {
    match package.get("bin") {
        None => Some(Vec::new()),
        Some(Value::String(one)) => Some(vec![one]),
        Some(Value::Object(all)) => all.values().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

/// Lets a command through only if its file is not in the context, nor the directory that would hold it.
///
/// A file that is there is changed by the install, and COPY would put it back: npm makes it executable and takes the
/// carriage return from its first line (npm/bin-links, `fix-bin.js`), yarn 1 makes it executable (yarnpkg/yarn,
/// `package-linker.js`), pnpm does both and writes what its first line says into the link (pnpm/pnpm, `link-bins`). One
/// that is missing on either side of the move is nothing to any of them but for its name: npm and yarn make no link
/// (`link-gently.js`; `linkSelfDependencies` goes on), pnpm warns, or in its newest versions writes a link for a
/// file to come. pnpm also asks whether the directory around it is there (`getBinNodePaths`), so that has to be missing
/// too, unless it is the member's own, which its package.json brings. All three were run on workspaces with and without
/// the sources (npm 11, yarn 1.22, pnpm 9) and left the same `node_modules`.
fn check_command(
    install: &Install<'_>,
    member: &str,
    manifest: &str,
    target: &str,
    plan: &mut Plan,
) -> Result<(), Why> {
    let linked = |file: &str| {
        Why::DependsOnSources(format!(
            "{manifest} names a command (\"bin\") that is linked at install: {file}"
        ))
    };
    if !links_alike(install)? {
        return Err(linked(target));
    }
    let plain = target.strip_prefix("./").unwrap_or(target);
    let is_plain = !plain.is_empty()
        && plain.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !plain.contains(['\\', ':']);
    if !is_plain {
        return Err(linked(target));
    }
    let member = install.path(member);
    let file = path::join(&member, plain);
    let dir = path::split(&file).0;
    if install.tree.contains(&file) || (dir != member && install.tree.contains(dir)) {
        return Err(linked(&file));
    }
    // A link on the way there could lead to what is there after all.
    let mut above = dir;
    while !above.is_empty() {
        if install.tree.get(above).is_some_and(|entry| !matches!(entry, Entry::Dir(_))) {
            return Err(linked(&file));
        }
        above = path::split(above).0;
    }
    plan.looks_at.insert(file);
    Ok(())
}

/// Tells whether it is one of the managers whose way of linking is known: npm, yarn 1, pnpm.
fn links_alike(install: &Install<'_>) -> Result<bool, Why> {
    Ok(match install.ecosystem.name.as_str() {
        "npm" | "pnpm" => true,
        // Later yarns write another lock file, and are named in package.json or in settings of their own.
        "yarn" => {
            let package = super::manifest(install, "package.json")?;
            let manager = package.get("packageManager").and_then(Value::as_str);
            install.has("yarn.lock")
                && install.read("yarn.lock")?.contains("# yarn lockfile v1")
                && ![".yarnrc.yml", ".yarn/releases", ".pnp.cjs"].iter().any(|name| install.has(name))
                && manager.is_none_or(|name| name.starts_with("yarn@1."))
        }
        _ => false,
    })
}
