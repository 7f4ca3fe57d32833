//! A step that only fetches what the manifests pin, put before the one that fetched and compiled at once.

use super::{Rewrite, Site};
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, InstructionKind};
use crate::reorder::MoveKind;
use crate::reorder::footprint::shell_text;
use crate::shell::{PathPattern, Script};

/// Finds what a RUN that builds would fetch.
pub(super) fn find(site: &Site<'_>) -> Option<Rewrite> {
    let script = script(site);
    let builds = |names: &[&str], verbs: &[&str]| {
        script.commands.iter().find(|command| {
            let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
            let program = words.first().and_then(|word| word.rsplit('/').next());
            program.is_some_and(|program| names.contains(&program))
                && (verbs.is_empty() || words[1..].iter().any(|word| verbs.contains(word)))
        })
    };
    let base = crate::reorder::model::base_image(&site.draft.dockerfile, site.stage);
    let is_go = base.as_deref().is_some_and(|name| name == "golang");
    let go = builds(&["go"], &["build", "install", "test", "generate", "vet", "run"])
        .or_else(|| builds(&["make", "mage", "task", "goreleaser"], &[]).filter(|_| is_go));
    if let Some(command) = go {
        return go_modules(site, command.cwd.as_deref()?);
    }
    let maven = builds(&["mvn", "mvnw"], &["package", "install", "verify", "compile"]);
    if let Some(command) = maven {
        let program = command.words[0].text.as_str();
        return offered(
            site,
            "Maven",
            "pom.xml",
            &format!("{program} -B dependency:go-offline"),
            "dependency:",
        );
    }
    let gradle =
        builds(&["gradle", "gradlew"], &["build", "assemble", "bootJar", "jar", "installDist", "shadowJar"]);
    gradle.and_then(|command| {
        let program = command.words[0].text.as_str();
        offered(
            site,
            "Gradle",
            "build.gradle",
            &format!("{program} dependencies --no-daemon"),
            "dependencies",
        )
        .or_else(|| {
            offered(
                site,
                "Gradle",
                "build.gradle.kts",
                &format!("{program} dependencies --no-daemon"),
                "dependencies",
            )
        })
    })
}

fn script(site: &Site<'_>) -> Script {
    let scope = site.scope();
    let cwd = scope.workdir.clone().unwrap_or_else(|| "/".to_owned());
    scope.with_scene(&cwd, |scene| match &site.run.command {
        CommandLine::Shell(text) => Script::read(&shell_text(site.run, text), scene),
        CommandLine::Exec(words) => Script::of_words(words, &cwd),
    })
}

/// `go mod download` before a build: applied where the module cache stays in a stage that is left behind.
fn go_modules(site: &Site<'_>, cwd: &str) -> Option<Rewrite> {
    const CACHES: [&str; 3] = ["/go/pkg", "/root/go", "/root/.cache"];
    let dir = site.context_directory(cwd)?;
    let in_project = |name: &str| path::join(&dir, name);
    let tree = site.input.tree;
    let has_modules =
        tree.contains(&in_project("go.mod")) && !tree.contains(&in_project("vendor/modules.txt"));
    let mentions = |word: &str| site.instruction.original.contains(word);
    let is_set = |name: &str| site.scope().vars.contains_key(name);
    let unusual = ["GOFLAGS", "GOWORK", "GOMODCACHE", "GOPATH", "GOPROXY"]
        .iter()
        .any(|name| is_set(name) || mentions(name))
        || mentions("-mod=")
        || mentions("-modfile")
        || mentions("pkg/mod");
    if !has_modules || unusual || site.is_fetched("go mod download") {
        return None;
    }
    let proven = site.is_left_behind(&CACHES);
    let why = if proven {
        "the modules that go.mod and go.sum pin go to the module cache of this stage, where the build looks for them first; no other stage takes the cache over, so the image stays the same"
    } else {
        "the module cache, with all modules that go.mod names, becomes part of the image"
    };
    site.with_step(cwd, "go mod download", "fetch Go's modules in a step of their own", why, proven)
}

/// A fetch that cannot be proved to fetch all, or nothing but, what the build needs.
fn offered(site: &Site<'_>, tool: &str, manifest: &str, command: &str, sign: &str) -> Option<Rewrite> {
    let cwd = site.scope().workdir.clone()?;
    let dir = site.context_directory(&cwd)?;
    let has_cache = site.run.mounts.iter().any(|mount| mount.value.contains("type=cache"));
    if has_cache || !site.input.tree.contains(&path::join(&dir, manifest)) || site.is_fetched(sign) {
        return None;
    }
    let why = format!(
        "{tool} may not find all that the build needs this way, and may find more; the build fetches what is missing. What it found stays in this stage"
    );
    site.with_step(&cwd, command, &format!("fetch {tool}'s dependencies in a step of their own"), &why, false)
}

impl Site<'_> {
    /// The directory of the context that a COPY put at a place, if one did as a whole.
    fn context_directory(&self, place: &str) -> Option<String> {
        (0..self.index).rev().find_map(|index| {
            let spec = crate::reorder::installs::local_copy(&self.instructions()[index])?;
            let scope = &self.model_of_stage.scopes[index];
            let dest = scope.path(&spec.dest)?;
            let inner = if dest == "/" { place.strip_prefix('/') } else { place.strip_prefix(&dest) }?;
            let source = spec.sources.iter().find_map(|raw| {
                let source = path::clean(&scope.expand(raw)?).into_owned();
                self.input.tree.get(&source)?.is_dir().then_some(source)
            })?;
            Some(path::clean(&path::join(&source, inner.trim_start_matches('/'))).into_owned())
        })
    }

    /// Tells whether this stage, or one that it is built on, already has such a step.
    fn is_fetched(&self, sign: &str) -> bool {
        let mut stage = Some(self.stage);
        while let Some(at) = stage {
            let has = |own: &crate::dockerfile::ast::Instruction| {
                matches!(own.kind, InstructionKind::Run(_)) && own.original.contains(sign)
            };
            if self.draft.dockerfile.stages[at].instructions.iter().any(has) {
                return true;
            }
            stage = self.model.stages[at].base;
        }
        false
    }

    /// Tells whether nothing of these places gets from this stage into the image.
    fn is_left_behind(&self, places: &[&str]) -> bool {
        let mut base = Some(self.model.target);
        while let Some(at) = base {
            if at == self.stage {
                return false;
            }
            base = self.model.stages[at].base;
        }
        let taken = |from: &(usize, String)| {
            let is_heir = {
                let mut at = Some(from.0);
                let mut heir = false;
                while let Some(stage) = at {
                    heir |= stage == self.stage;
                    at = self.model.stages[stage].base;
                }
                heir
            };
            is_heir && places.iter().any(|place| PathPattern::tree(*place).touches(&from.1))
        };
        !self.model.stages.iter().flat_map(|stage| &stage.items).any(|item| item.from.iter().any(taken))
    }

    /// This RUN with another before it that runs in the same manner.
    fn with_step(&self, cwd: &str, command: &str, name: &str, why: &str, proven: bool) -> Option<Rewrite> {
        let text = &self.draft.dockerfile.text[self.instruction.span.clone()];
        let flags: Vec<String> = self
            .run
            .mounts
            .iter()
            .filter(|mount| mount.value.contains("type=secret") || mount.value.contains("type=ssh"))
            .map(|mount| format!("--mount={}", mount.value))
            .chain(self.run.network.iter().map(|network| format!("--network={network}")))
            .collect();
        if self.run.network.as_deref() == Some("none")
            || self
                .run
                .mounts
                .iter()
                .any(|mount| mount.value.contains("type=bind") || mount.value.contains("type=cache"))
        {
            return None;
        }
        let mut step = vec!["RUN".to_owned()];
        step.extend(flags);
        if self.scope().workdir.as_deref() != Some(cwd) {
            step.push(format!("cd {cwd} &&"));
        }
        step.push(command.to_owned());
        Some(Rewrite {
            kind: MoveKind::FetchFirst,
            stage: self.stage,
            replaced: self.index..self.index + 1,
            text: format!("{}{}{text}", step.join(" "), self.newline()),
            name: name.to_owned(),
            why: why.to_owned(),
            proven,
            always: false,
        })
    }
}
