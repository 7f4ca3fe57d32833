//! A step that only fetches what the manifests pin, put before the one that fetched and compiled at once.

use super::{Rewrite, Site};
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, InstructionKind};
use crate::reorder::MoveKind;
use crate::reorder::footprint::shell_text;
use crate::shell::{Command, PathPattern, Script};

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
    if let Some(command) = builds(&["uv"], &["sync"]) {
        return python(
            site,
            command,
            "uv.lock",
            "--no-install-project",
            &[
                "--no-install-project",
                "--no-install-workspace",
                "--no-sources",
                "--package",
                "--all-packages",
            ],
        );
    }
    if let Some(command) = builds(&["poetry"], &["install", "sync"]) {
        return python(
            site,
            command,
            "poetry.lock",
            "--no-root",
            &["--no-root", "--only-root", "--no-directory"],
        );
    }
    if let Some(command) = builds(&["dotnet"], &["publish", "build"]) {
        return dotnet(site, command);
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

/// The dependencies that a lock file pins, installed before the project itself: the same command with a flag that
/// leaves the project out. The command as it stands then adds the project to them.
fn python(site: &Site<'_>, command: &Command, lock: &str, flag: &str, unless: &[&str]) -> Option<Rewrite> {
    let cwd = site.scope().workdir.clone()?;
    let dir = site.context_directory(&cwd)?;
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let is_plain = command
        .words
        .iter()
        .all(|word| !word.dynamic && !word.glob && !word.text.contains(char::is_whitespace));
    // The whole RUN has to be this one command, or it would be run twice with what stands beside it.
    let is_alone =
        script(site).commands.len() == 1 && command.assigns.is_empty() && command.redirects.is_empty();
    let is_set = words.iter().any(|word| unless.iter().any(|flag| word.starts_with(flag)));
    if !is_plain || !is_alone || is_set || !site.input.tree.contains(&path::join(&dir, lock)) {
        return None;
    }
    let is_uv = words[0].ends_with("uv");
    // Without one of these uv may write another lock file.
    if is_uv && !words.iter().any(|word| ["--frozen", "--locked"].contains(word)) {
        return None;
    }
    let text = format!("{} {flag}", words.join(" "));
    let why = format!(
        "`{flag}` installs what {lock} pins and leaves the project out; the command as it stands then finds that installed and adds the project"
    );
    site.with_step(&cwd, &text, "install the locked dependencies in a step of their own", &why, true)
}

/// `dotnet restore` before a publish or build that would do it itself.
fn dotnet(site: &Site<'_>, command: &Command) -> Option<Rewrite> {
    let cwd = command.cwd.as_deref()?;
    site.context_directory(cwd)?;
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    // Properties, runtimes and frameworks change what is restored.
    let unusual = |word: &&str| {
        [
            "--no-restore",
            "-r",
            "--runtime",
            "-a",
            "--arch",
            "--os",
            "-f",
            "--framework",
            "--self-contained",
            "--sc",
            "--use-current-runtime",
            "--source",
            "-s",
            "--configfile",
        ]
        .contains(word)
            || ["-p:", "/p:", "-property", "--property", "/property", "--runtime=", "--arch="]
                .iter()
                .any(|start| word.starts_with(start))
    };
    if words.iter().any(unusual)
        || command.words.iter().any(|word| word.dynamic || word.glob)
        || site.is_fetched("dotnet restore")
    {
        return None;
    }
    let project = words[1..]
        .iter()
        .find(|word| word.ends_with("proj") || word.ends_with(".sln") || word.ends_with(".slnx"));
    let proven = site.is_left_behind(&["/root/.nuget", "/root/.local", "/root/.dotnet"]);
    let text =
        project.map_or_else(|| "dotnet restore".to_owned(), |project| format!("dotnet restore {project}"));
    site.with_step(cwd, &text, "restore the NuGet packages in a step of their own",
        "it is the restore that the build does itself when none was done, for the same project; the build then finds it done", proven)
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
            .filter(|mount| !is_bind(&mount.value))
            .map(|mount| format!("--mount={}", mount.value))
            .chain(self.run.network.iter().map(|network| format!("--network={network}")))
            .collect();
        if self.run.network.as_deref() == Some("none")
            || self.run.mounts.iter().any(|mount| is_bind(&mount.value))
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

/// Tells whether a `--mount` binds files: that is its type where none is given.
fn is_bind(mount: &str) -> bool {
    !mount.contains("type=") || mount.contains("type=bind")
}
