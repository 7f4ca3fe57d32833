//! pip, Poetry, uv, Pipenv.

use std::collections::BTreeSet;

use super::{Install, Plan, Why};
use crate::shell::Word;

/// `pip install -r FILE…`: the files with all that they include; packages by name need nothing of the project.
pub(super) fn pip(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    // The program may be a path (`/venv/bin/pip`), which is nothing to install.
    let mut words = install.words.iter().skip(1).map(String::as_str);
    let mut lists = Vec::new();
    while let Some(word) = words.next() {
        let value = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => Some((flag, value)),
            _ if ["-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-f", "--find-links"]
                .contains(&word)
                || FLAGS_WITH_VALUES.contains(&word) =>
            {
                words.next().map(|value| (word, value))
            }
            _ if word.len() > 2
                && (word.starts_with("-r") || word.starts_with("-c") || word.starts_with("-e")) =>
            {
                Some(word.split_at(2))
            }
            _ => None,
        };
        match value {
            Some(("-r" | "--requirement" | "-c" | "--constraint", file)) => lists.push(file.to_owned()),
            Some(("-e" | "--editable", what)) => return Err(Why::InstallsProject(format!(" (-e {what})"))),
            Some(("-f" | "--find-links", what)) if !what.contains("://") => {
                return Err(Why::LocalDependency { path: "the command".to_owned(), what: what.to_owned() });
            }
            Some((flag, _)) if FLAGS_WITH_VALUES.contains(&flag) => {}
            _ if is_local(word) => return Err(Why::InstallsProject(format!(" ({word})"))),
            _ => {}
        }
    }
    let mut seen = BTreeSet::new();
    for list in lists.iter().filter(|list| !list.starts_with('/') && !list.contains("://")) {
        requirements(install, list, &mut seen, plan)?;
    }
    Ok(())
}

/// Takes a requirements file in, and those that it includes.
fn requirements(
    install: &Install<'_>,
    name: &str,
    seen: &mut BTreeSet<String>,
    plan: &mut Plan,
) -> Result<(), Why> {
    let path = install.path(name);
    if !seen.insert(path.clone()) {
        return Ok(());
    }
    if !install.has(name) {
        return Err(install.no_manifest(name));
    }
    plan.need(path.clone());
    let text = install.read(name)?.replace("\\\n", " ");
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let value = |flags: &[&str]| {
            flags
                .iter()
                .find_map(|flag| line.strip_prefix(flag))
                .map(|rest| rest.trim_start_matches([' ', '=']).trim())
        };
        if let Some(file) = value(&["--requirement", "--constraint", "-r", "-c"]) {
            let dir = name.rsplit_once('/').map_or(String::new(), |(dir, _)| format!("{dir}/"));
            requirements(install, &format!("{dir}{file}"), seen, plan)?;
        } else if let Some(what) = value(&["--editable", "-e"]).or_else(|| value(&["--find-links", "-f"])) {
            if !what.contains("://") {
                return Err(Why::LocalDependency { path, what: what.to_owned() });
            }
        } else if is_local(line) || line.contains("@ file:") {
            return Err(Why::LocalDependency { path, what: line.to_owned() });
        }
    }
    Ok(())
}

/// The words of a command of pip from its verb on, if it is one that fetches or installs packages: `pip`, `pip3.12`,
/// `python -m pip` and `uv pip`.
pub(super) fn words_of_pip(words: &[Word]) -> Option<&[Word]> {
    let (program, rest) = words.split_first()?;
    let name = program.text.rsplit('/').next().unwrap_or(&program.text);
    let is_pip = |name: &str| {
        name.strip_prefix("pip").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    let is_called = is_pip(name)
        || (name.starts_with("python") || name.starts_with("pypy") || name == "uv")
            && rest.iter().any(|word| is_pip(&word.text));
    let verbs = ["install", "wheel", "download", "sync"];
    let at = rest.iter().position(|word| verbs.contains(&word.text.as_str()))?;
    is_called.then(|| &rest[at..])
}

/// The files that pip's command takes lists of packages from; `None` where their names are not all known.
pub(super) fn lists(words: &[Word]) -> Option<Vec<&str>> {
    const FLAGS: [&str; 4] = ["--requirement", "--constraint", "-r", "-c"];
    // `uv pip sync` has lists for operands.
    let is_sync = words.first().is_some_and(|verb| verb.text == "sync");
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate().skip(1) {
        let text = word.text.as_str();
        let glued = FLAGS.iter().find_map(|flag| text.strip_prefix(flag));
        let glued = glued.map(|rest| rest.trim_start_matches('='));
        let name = match glued {
            Some("") => words.get(at + 1)?,
            Some(_) => word,
            None if is_sync && !text.starts_with('-') => word,
            None => continue,
        };
        if name.dynamic || name.glob {
            return None;
        }
        found.push(glued.filter(|glued| !glued.is_empty()).unwrap_or(&name.text));
    }
    Some(found)
}

/// The lists that a list of packages includes; `None` where it names a directory or a file to install.
pub(super) fn included(text: &str) -> Option<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let value = |flags: &[&str]| flags.iter().find_map(|flag| line.strip_prefix(flag));
        let plain = |rest: &str| rest.trim_start_matches([' ', '=']).trim().to_owned();
        if let Some(file) = value(&["--requirement", "--constraint", "-r", "-c"]) {
            found.push(plain(file));
        } else if let Some(what) = value(&["--editable", "-e", "--find-links", "-f"]) {
            what.contains("://").then_some(())?;
        } else if is_local(line) || line.contains("@ file:") {
            return None;
        }
    }
    Some(found)
}

/// Flags of pip whose value is neither a package nor a file of the project.
const FLAGS_WITH_VALUES: [&str; 19] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "--trusted-host",
    "--cache-dir",
    "--no-binary",
    "--only-binary",
    "--platform",
    "--python-version",
    "--python",
    "--implementation",
    "--abi",
    "--timeout",
    "--retries",
    "--proxy",
    "--progress-bar",
    "--upgrade-strategy",
    "--root-user-action",
    "--link-mode",
];

/// pip takes a word for a path if it is a dot, has a slash in it and no scheme, or names an archive.
fn is_local(word: &str) -> bool {
    let word = word.split(" ;").next().unwrap_or(word).split(" #").next().unwrap_or(word).trim();
    let is_archive = [".whl", ".zip", ".tar.gz", ".tgz"].iter().any(|end| word.ends_with(end));
    !word.starts_with('-')
        && !word.contains("://")
        && (word.starts_with('.') || word.contains('/') || is_archive || word.starts_with("file:"))
}

pub(super) fn poetry(install: &Install<'_>) -> Result<(), Why> {
    let pyproject = pyproject(install)?;
    let project = pyproject.get("tool").and_then(|tool| tool.get("poetry"));
    let package_mode = project.and_then(|poetry| poetry.get("package-mode")).and_then(toml::Value::as_bool);
    if !install.has_word(&["--no-root"]) && package_mode != Some(false) {
        return Err(Why::InstallsProject("; with --no-root it would not".to_owned()));
    }
    no_path_dependency(install, &pyproject)
}

pub(super) fn uv(install: &Install<'_>) -> Result<(), Why> {
    let pyproject = pyproject(install)?;
    let settings = pyproject.get("tool").and_then(|tool| tool.get("uv"));
    let package = settings.and_then(|uv| uv.get("package")).and_then(toml::Value::as_bool);
    let is_package = package.unwrap_or(pyproject.get("build-system").is_some());
    if is_package && !install.has_word(&["--no-install-project", "--no-install-workspace"]) {
        return Err(Why::InstallsProject("; with --no-install-project it would not".to_owned()));
    }
    if settings.and_then(|uv| uv.get("workspace")).is_some() {
        return Err(Why::DependsOnSources("the uv workspace's members".to_owned()));
    }
    if let Some(lock) = install.loose_lock() {
        return Err(Why::RewritesLock(install.path(lock)));
    }
    no_local_index(install, settings)?;
    no_path_dependency(install, &pyproject)
}

/// Refuses wheels of the project: places to look for packages, of the settings or of the lock file, that are no address.
fn no_local_index(install: &Install<'_>, settings: Option<&toml::Value>) -> Result<(), Why> {
    let local =
        |path: &str, what: &str| Why::LocalDependency { path: install.path(path), what: what.to_owned() };
    let own = if install.has("uv.toml") {
        let text = install.read("uv.toml")?;
        Some(toml::from_str::<toml::Value>(&text).map_err(|_| Why::Unreadable(install.path("uv.toml")))?)
    } else {
        None
    };
    for (name, settings) in [("pyproject.toml", settings), ("uv.toml", own.as_ref())] {
        // Settings of pip's part are read by `uv pip` alone.
        for key in ["find-links", "index", "index-url", "default-index", "extra-index-url"] {
            let value = settings.and_then(|settings| settings.get(key));
            if let Some(what) = value.and_then(local_place) {
                return Err(local(name, what));
            }
        }
    }
    let lock = if install.has("uv.lock") { install.read("uv.lock")? } else { String::new() };
    let mut registries = lock.lines().filter_map(|line| line.trim().strip_prefix("source = { registry = \""));
    match registries.find(|place| !place.contains("://")) {
        Some(place) => Err(local("uv.lock", place.split('"').next().unwrap_or(place))),
        None => Ok(()),
    }
}

/// The first place in a setting's value that is no address: a text, a list of them, or tables with a `url`.
fn local_place(value: &toml::Value) -> Option<&str> {
    match value {
        toml::Value::String(place) => {
            (!place.contains("://") || place.starts_with("file:")).then_some(place.as_str())
        }
        toml::Value::Array(all) => all.iter().find_map(local_place),
        toml::Value::Table(one) => one.get("url").and_then(local_place),
        _ => None,
    }
}

pub(super) fn pipenv(install: &Install<'_>) -> Result<(), Why> {
    if let Some(lock) = install.loose_lock() {
        return Err(Why::RewritesLock(install.path(lock)));
    }
    let text = install.read("Pipfile")?;
    let pipfile: toml::Table = toml::from_str(&text).map_err(|_| Why::Unreadable(install.path("Pipfile")))?;
    no_path_dependency(install, &pipfile)
}

fn pyproject(install: &Install<'_>) -> Result<toml::Table, Why> {
    let text = install.read("pyproject.toml")?;
    toml::from_str(&text).map_err(|_| Why::Unreadable(install.path("pyproject.toml")))
}

/// Looks for `{ path = … }` anywhere: Poetry's dependencies, uv's sources, Pipfile's packages.
fn no_path_dependency(install: &Install<'_>, table: &toml::Table) -> Result<(), Why> {
    fn find(table: &toml::Table) -> Option<String> {
        table.iter().find_map(|(key, value)| match value {
            toml::Value::Table(inner) => match inner.get("path").and_then(toml::Value::as_str) {
                Some(path) if inner.len() < 6 => Some(format!("{key} ({path})")),
                _ => find(inner),
            },
            // Poetry's with several constraints are lists.
            toml::Value::Array(all) => all.iter().filter_map(toml::Value::as_table).find_map(|inner| {
                inner.get("path").and_then(toml::Value::as_str).map(|path| format!("{key} ({path})"))
            }),
            _ => None,
        })
    }
    let sections = ["tool", "packages", "dev-packages"];
    let found = sections.iter().filter_map(|name| table.get(*name)?.as_table()).find_map(find);
    let manifest = install.ecosystem.files.first().map_or("", String::as_str);
    found.map_or(Ok(()), |what| Err(Why::LocalDependency { path: install.path(manifest), what }))
}
