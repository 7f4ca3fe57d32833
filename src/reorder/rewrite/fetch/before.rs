//! What stands in a RUN before the build that a fetch would be put before: it may be what the fetch needs.

use super::super::split_run::is_sticky;
use super::{Refused, Rewrite, Site};
use crate::shell::{self, Command, PathPattern, SYSTEM, Script, Word};

/// Variables of Go's that say how it compiles, and nothing of what it fetches, or from where.
const OF_THE_COMPILER: [&str; 14] = [
    "GOOS",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOAMD64",
    "GO386",
    "GOWASM",
    "GOCACHE",
    "GOBIN",
    "GOTMPDIR",
    "GOGC",
    "GOMEMLIMIT",
    "CC",
    "CXX",
];

/// The rewrite that puts a fetch before the whole RUN, if nothing that stands before the build in it may change what
/// the fetch does: a token for a private host, a certificate, a source of packages, `git` itself.
pub(super) fn judged(
    site: &Site<'_>,
    script: &Script,
    build: &Command,
    fetch: &str,
    rewrite: Rewrite,
) -> Result<Rewrite, Refused> {
    match obstacle(site, script, build, fetch) {
        None => Ok(rewrite),
        Some(obstacle) => Err(Refused {
            what: rewrite.name,
            why: format!("{obstacle} in the same RUN, before the build, and may change what `{fetch}` needs"),
        }),
    }
}

/// The first thing on the way to the build that the fetch would pass and may depend on.
fn obstacle(site: &Site<'_>, script: &Script, build: &Command, fetch: &str) -> Option<String> {
    if !script.understood {
        return Some("a part that cannot be read stands".to_owned());
    }
    let at = script.commands.iter().position(|command| std::ptr::eq(command, build))?;
    let cwd = build.cwd.as_deref().unwrap_or("/");
    let needs = site.scope().with_scene(cwd, |scene| shell::effects(fetch, scene));
    let mut reads = needs.reads.all();
    // Programs that it runs (`git` for modules that no proxy has), what they are set up by, and certificates.
    for path in SYSTEM {
        reads.add(PathPattern::tree(path));
    }
    let is_used = |name: &str| {
        let is_of_the_compiler =
            fetch.starts_with("go ") && (OF_THE_COMPILER.contains(&name) || name.starts_with("CGO_"));
        !is_of_the_compiler && needs.environment.uses(name)
    };
    for command in &script.commands[..=at] {
        if let Some(name) = assigned(command).find(|name| is_used(name)) {
            return Some(format!("`{name}` is set"));
        }
    }
    let changes = |command: &Command| {
        let first = command.words.first().map_or("", |word| word.text.as_str());
        if ["cd", "set", "export"].contains(&first) {
            return false;
        }
        let one = Script { commands: vec![command.clone()], understood: true, ..Script::default() };
        let effects = site.scope().with_scene(cwd, |scene| shell::effects_of_script(&one, scene));
        !command.words.is_empty() && is_sticky(&command.words)
            || !effects.opaque.is_empty()
            || effects.writes.all().overlaps(&reads)
    };
    script.commands[..at].iter().find(|command| changes(command)).map(|command| {
        // Words that could hold a token are not repeated.
        let is_plain = |word: &&str| {
            !word.is_empty() && word.chars().all(|c| "-._".contains(c) || c.is_ascii_alphanumeric())
        };
        let mut words = command.words.iter().map(|word| word.text.as_str());
        let program = words.next().map(|program| program.rsplit('/').next().unwrap_or(program));
        let words: Vec<&str> = program.into_iter().chain(words.take(3).take_while(is_plain)).collect();
        format!("`{}` stands", words.join(" "))
    })
}

/// Names of variables that a command gets or sets: `A=1 program`, `export A=1`, `env A=1 program`, `make A=1`.
fn assigned(command: &Command) -> impl Iterator<Item = &str> {
    let of_word = |word: &'_ Word| word.text.find('=');
    let words = command.words.iter().filter_map(move |word| Some(&word.text[..of_word(word)?]));
    let is_name =
        |name: &&str| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
    command.assigns.iter().map(|(name, _)| name.as_str()).chain(words.filter(is_name))
}
