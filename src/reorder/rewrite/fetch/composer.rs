//! Composer: what the lock file pins is unpacked before the sources are there, the autoloader made when they are.

use serde_json::Value;

use super::{Rewrite, Site};
use crate::context::path;
use crate::shell::{Command, Script};

/// Flags with which there is nothing to put before, or it would be somewhere else.
const UNLESS: [&str; 7] =
    ["--no-autoloader", "--dry-run", "--no-install", "-d", "--working-dir", "--download-only", "-h"];

/// Events of a package that is unpacked, and those before anything is: without scripts they would not come, or come
/// later than they did.
const EVENTS: [&str; 7] =
    ["pre-install", "pre-package", "post-package", "pre-operations", "pre-pool", "pre-file", "post-file"];

/// The same command without scripts and autoloader, before the one that finds its work done then.
pub(super) fn find(site: &Site<'_>, script: &Script) -> Option<Rewrite> {
    let is_cd = |command: &&Command| command.words.first().is_some_and(|word| word.text == "cd");
    // What stands before it in the RUN may be what Composer comes with.
    let command = script.commands.iter().find(|command| !is_cd(command)).filter(|_| script.understood)?;
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let (program, rest) = words.split_first()?;
    let is_composer = ["composer", "composer.phar"].contains(&program.rsplit('/').next()?);
    let installs = rest.first().is_some_and(|verb| ["install", "i"].contains(verb));
    let values = command.assigns.iter().map(|(_, value)| value);
    let is_plain = command.words.iter().chain(values).all(|word| {
        !word.dynamic
            && !word.glob
            && !word.text.contains(|c: char| c.is_whitespace() || "'\"\\$;&|".contains(c))
    });
    let is_unlike = rest.iter().any(|word| UNLESS.contains(&word.split('=').next().unwrap_or(word)));
    if !is_composer || !installs || !is_plain || is_unlike || !command.redirects.is_empty() {
        return None;
    }
    let cwd = command.cwd.as_deref()?;
    let dir = site.context_directory(cwd)?;
    let in_project = |name: &str| path::join(&dir, name);
    let manifest: Value = serde_json::from_str(&site.input.files.read(&in_project("composer.json"))?).ok()?;
    let events = manifest.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let comes_with_packages =
        |(name, _): (&String, &Value)| EVENTS.iter().any(|event| name.starts_with(event));
    if !site.input.tree.contains(&in_project("composer.lock"))
        || events.into_iter().any(comes_with_packages)
        || site.is_fetched("--no-autoloader")
    {
        return None;
    }
    let mut text: Vec<String> =
        command.assigns.iter().map(|(name, value)| format!("{name}={}", value.text)).collect();
    text.extend(words.iter().map(|word| (*word).to_owned()));
    text.extend(
        ["--no-scripts", "--no-autoloader"]
            .into_iter()
            .filter(|flag| !rest.contains(flag))
            .map(str::to_owned),
    );
    site.with_step(
        cwd,
        &text.join(" "),
        "unpack what composer.lock pins in a step of its own",
        "`--no-scripts --no-autoloader` leaves out what looks at the sources; the command as it stands then finds the packages there, makes the autoloader and runs the scripts",
        true,
    )
}
