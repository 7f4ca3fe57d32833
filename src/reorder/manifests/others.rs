//! Go, Cargo, Bundler, Composer.

use super::{Install, Plan, Why};

/// Go needs the go.mod of every module that is replaced by, or used from, a directory.
pub(super) fn go(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    let mut manifests: Vec<String> = ["go.mod", "go.work"].map(String::from).to_vec();
    let mut at = 0;
    while at < manifests.len() {
        let name = manifests[at].clone();
        at += 1;
        if !install.has(&name) {
            continue;
        }
        let dir = name.rsplit_once('/').map_or("", |(dir, _)| dir);
        for used in local_modules(&install.read(&name)?) {
            let module = crate::context::path::clean(&crate::context::path::join(dir, &used)).into_owned();
            let manifest = crate::context::path::join(&module, "go.mod");
            if !install.has(&manifest) {
                return Err(Why::LocalDependency { path: install.path(&name), what: used });
            }
            install.need(&manifest, plan);
            install.need(&crate::context::path::join(&module, "go.sum"), plan);
            if !manifests.contains(&manifest) {
                manifests.push(manifest);
            }
        }
    }
    Ok(())
}

/// Directories after `=>` in go.mod, and those that go.work uses.
fn local_modules(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_use = false;
    for line in text.lines().map(|line| line.split("//").next().unwrap_or(line).trim()) {
        let target = match line.split_once("=>") {
            Some((_, target)) => Some(target.trim()),
            None if in_use => Some(line),
            None => line.strip_prefix("use ").map(str::trim),
        };
        in_use = (in_use || line == "use (") && line != ")";
        found.extend(
            target.filter(|path| path.starts_with('.')).map(|path| path.trim_matches('"').to_owned()),
        );
    }
    found
}

/// Cargo reads no manifest whose targets are not there.
pub(super) fn cargo(install: &Install<'_>) -> Result<(), Why> {
    let _ = install;
    Err(Why::DependsOnSources(
        "Cargo refuses a manifest whose src/main.rs or src/lib.rs is missing".to_owned(),
    ))
}

pub(super) fn bundler(install: &Install<'_>, plan: &mut Plan) -> Result<(), Why> {
    // What these say is kept in the project, where the image does not name another place.
    if install.has_word(&["--with", "--without"]) {
        plan.writes.insert(install.path(".bundle"));
    }
    let gemfile = install.read("Gemfile")?;
    for line in gemfile.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let local =
            line.starts_with("gemspec") || line.starts_with("eval_gemfile") || line.starts_with("path ");
        if local || line.contains("path:") || line.contains(":path =>") {
            return Err(Why::LocalDependency { path: install.path("Gemfile"), what: line.to_owned() });
        }
        if line.contains("File.read") || line.contains("require_relative") {
            return Err(Why::DependsOnSources(format!("the Gemfile runs code: {line}")));
        }
    }
    let Some(lock) = install.loose_lock() else { return Ok(()) };
    let text = install.read(lock)?;
    if bundler_lock_fits_linux(&text) { Ok(()) } else { Err(Why::RewritesLock(install.path(lock))) }
}

/// Bundler adds the platform it runs on to a lock file that lacks it.
fn bundler_lock_fits_linux(text: &str) -> bool {
    let platforms = text.lines().skip_while(|line| line.trim() != "PLATFORMS").skip(1);
    let mut platforms = platforms.map(str::trim).take_while(|line| !line.is_empty());
    platforms.any(|name| name == "ruby" || name.contains("linux"))
}

/// Plugins that do their work when the autoloader is made, or by commands of their own, or among what is installed.
const COMPOSER_PLUGINS: [&str; 11] = [
    "composer/package-versions-deprecated",
    "dealerdirect/phpcodesniffer-composer-installer",
    "ergebnis/composer-normalize",
    "infection/extension-installer",
    "ocramius/package-versions",
    "pestphp/pest-plugin",
    "php-http/discovery",
    "phpstan/extension-installer",
    "rector/extension-installer",
    "symfony/runtime",
    "veewee/composer-run-parallel",
];

/// A plugin of another kind: of those that the lock file has, else of those that may run.
fn composer_plugin(install: &Install<'_>, manifest: &serde_json::Value) -> Option<String> {
    if install.has_word(&["--no-plugins"]) {
        return None;
    }
    let is_unknown = |name: &String| !COMPOSER_PLUGINS.contains(&name.as_str());
    let text = install.read("composer.lock").ok();
    if let Some(lock) = text.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()) {
        let kinds = ["packages", "packages-dev"];
        let packages = kinds.iter().filter_map(|kind| lock.get(kind)?.as_array()).flatten();
        let plugins = packages.filter(|package| {
            package.get("type").and_then(serde_json::Value::as_str) == Some("composer-plugin")
        });
        return plugins
            .filter_map(|package| Some(package.get("name")?.as_str()?.to_owned()))
            .find(is_unknown);
    }
    match manifest.pointer("/config/allow-plugins") {
        Some(serde_json::Value::Bool(true)) => Some("that is allowed".to_owned()),
        Some(allowed) => {
            let named = allowed.as_object().into_iter().flatten();
            named
                .filter(|(_, value)| value.as_bool() == Some(true))
                .map(|(name, _)| name.clone())
                .find(is_unknown)
        }
        None => None,
    }
}

/// Composer's autoloader is a list of classes found in the sources, unless it only maps names to directories.
pub(super) fn composer(install: &Install<'_>) -> Result<(), Why> {
    let text = install.read("composer.json")?;
    let unreadable = |_| Why::Unreadable(install.path("composer.json"));
    let manifest: serde_json::Value = serde_json::from_str(&text).map_err(unreadable)?;
    let has_scripts =
        manifest.get("scripts").and_then(|scripts| scripts.as_object()).is_some_and(|scripts| {
            scripts.keys().any(|name| {
                [
                    "pre-install",
                    "post-install",
                    "pre-autoload",
                    "post-autoload",
                    "pre-package",
                    "post-package",
                    "pre-command",
                    "command",
                ]
                .iter()
                .any(|event| name.starts_with(event))
            })
        });
    if has_scripts && !install.has_word(&["--no-scripts"]) {
        let (path, name) = (install.path("composer.json"), "post-install-cmd".to_owned());
        return Err(Why::Script { path, name, text: "composer's install and autoload events".to_owned() });
    }
    let local =
        manifest.get("repositories").map(ToString::to_string).is_some_and(|text| text.contains("\"path\""));
    if local {
        let what = "a repository of type path".to_owned();
        return Err(Why::LocalDependency { path: install.path("composer.json"), what });
    }
    if let Some(name) = composer_plugin(install, &manifest) {
        return Err(Why::DependsOnSources(format!("the plugin {name} runs while packages are installed")));
    }
    if install.has_word(&["--no-autoloader"]) {
        return Ok(());
    }
    let optimised = install.has_word(&[
        "-o",
        "--optimize-autoloader",
        "-a",
        "--classmap-authoritative",
        "--apcu-autoloader",
    ]) || ["optimize-autoloader", "classmap-authoritative"].iter().any(|key| {
        manifest.pointer(&format!("/config/{key}")).and_then(serde_json::Value::as_bool) == Some(true)
    });
    let listed = ["autoload", "autoload-dev"].iter().any(|key| {
        manifest
            .get(key)
            .is_some_and(|autoload| autoload.get("classmap").is_some() || autoload.get("psr-0").is_some())
    });
    if optimised || listed {
        return Err(Why::DependsOnSources("the autoloader lists the classes that it finds".to_owned()));
    }
    if install.tree.contains(".git") {
        return Err(Why::DependsOnSources("Composer notes the commit found in .git".to_owned()));
    }
    Ok(())
}
