//! A step that only fetches what the manifests pin, put before the one that fetched and compiled at once.

mod before;
mod composer;

use super::{Rewrite, Site};
use crate::context::path;
use crate::dockerfile::ast::{CommandLine, InstructionKind};
use crate::reorder::MoveKind;
use crate::reorder::footprint::shell_text;
use crate::reorder::manifests::{modules_need_each_other, takes_value_in_maven};
use crate::shell::{Command, PathPattern, Script, Word};

/// A fetch that can be put before a step, or what it would do and why it is not put there.
type Found = Option<Result<Rewrite, Refused>>;

/// What a fetch would do, and why it is not put before a step.
pub(super) struct Refused {
    pub(super) what: String,
    pub(super) why: String,
}

/// Finds what a RUN that builds would fetch.
pub(super) fn find(site: &Site<'_>) -> Option<Rewrite> {
    look(site)?.ok()
}

/// Finds a fetch that is not put before a RUN because of what else stands in it.
pub(super) fn refused(site: &Site<'_>) -> Option<Refused> {
    look(site)?.err()
}

fn look(site: &Site<'_>) -> Found {
    let script = script(site);
    let is_one = |words: &[Word], names: &[&str], verbs: &[&str]| {
        let words: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        let program = words.first().and_then(|word| word.rsplit('/').next());
        program.is_some_and(|program| names.contains(&program))
            && (verbs.is_empty() || words[1..].iter().any(|word| verbs.contains(word)))
    };
    let builds = |names: &[&str], verbs: &[&str]| {
        script.commands.iter().find(|command| is_one(&command.words, names, verbs))
    };
    let is_go = || {
        let base = crate::reorder::model::base_image(&site.draft.dockerfile, site.stage);
        base.as_deref().is_some_and(|name| name == "golang")
    };
    // `go mod tidy -diff` changes nothing, but fetches to see whether it would.
    let verbs = ["build", "install", "test", "generate", "vet", "run", "-diff"];
    let go = script
        .commands
        .iter()
        .find(|command| is_one(after_env(&command.words), &["go"], &verbs))
        .or_else(|| builds(&["make", "mage", "task", "goreleaser"], &[]).filter(|_| is_go()));
    if let Some(command) = go {
        let rewrite = go_modules(site, command.cwd.as_deref()?)?;
        return Some(before::judged(site, &script, command, "go mod download", rewrite));
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
        )
        .map(Ok);
    }
    if let Some(command) = builds(&["poetry"], &["install", "sync"]) {
        return python(
            site,
            command,
            "poetry.lock",
            "--no-root",
            &["--no-root", "--only-root", "--no-directory"],
        )
        .map(Ok);
    }
    if builds(&["composer", "composer.phar"], &["install", "i"]).is_some() {
        return composer::find(site, &script).map(Ok);
    }
    if let Some(command) = builds(&["dotnet"], &["publish", "build"]) {
        let rewrite = dotnet(site, command)?;
        return Some(before::judged(site, &script, command, "dotnet restore", rewrite));
    }
    let maven = builds(&["mvn", "mvnw"], &["package", "install", "verify", "compile"]);
    if let Some(command) = maven {
        return maven_goal(site, command).map(Ok);
    }
    let gradle =
        builds(&["gradle", "gradlew"], &["build", "assemble", "bootJar", "jar", "installDist", "shadowJar"]);
    gradle.and_then(|command| {
        let fetch = format!("{} dependencies --no-daemon", command.words[0].text);
        let scripts = ["build.gradle", "build.gradle.kts"];
        scripts.iter().find_map(|name| offered(site, "Gradle", name, &fetch, &["dependencies"])).map(Ok)
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

/// The words after `env` and the variables that it sets.
fn after_env(words: &[Word]) -> &[Word] {
    let Some((_, rest)) = words.split_first().filter(|(first, _)| first.text == "env") else { return words };
    let set = rest.iter().take_while(|word| !word.text.starts_with('-') && word.text.contains('='));
    &rest[set.count()..]
}

/// `mvn dependency:go-offline` with the flags of the build that say what is fetched, and from where.
fn maven_goal(site: &Site<'_>, command: &Command) -> Option<Rewrite> {
    /// Flags that name a profile, settings or a property, with those of one letter, whose value may stand right behind.
    const KEPT: [&str; 7] =
        ["-P", "--activate-profiles", "-s", "--settings", "-gs", "--global-settings", "-D"];
    const LEADS: [&str; 6] = ["-o", "--offline", "-f", "--file", "-t", "--toolchains"];
    let words = &command.words;
    let mut kept: Vec<&str> = vec![words[0].text.as_str(), "-B"];
    let mut at = 1;
    while at < words.len() {
        let word = words[at].text.as_str();
        let takes_value = takes_value_in_maven(word);
        let is_kept = KEPT.contains(&word)
            || ["-P", "-D"].iter().any(|flag| word.starts_with(flag))
            || KEPT.iter().any(|flag| word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')));
        let parts = &words[at..words.len().min(at + 1 + usize::from(takes_value))];
        let is_unknown = |word: &Word| word.dynamic || word.glob || word.text.contains(char::is_whitespace);
        if LEADS.iter().any(|flag| word == *flag || word.starts_with(&format!("{flag}=")))
            || words[at].dynamic
            || is_kept && parts.iter().any(is_unknown)
        {
            return None;
        }
        // Whether tests are run says nothing of what there is to fetch.
        if is_kept && !word.starts_with("-Dmaven.test.skip") && !word.starts_with("-DskipTests") {
            kept.extend(parts.iter().map(|part| part.text.as_str()));
        }
        at += parts.len();
    }
    kept.push("dependency:go-offline");
    let has_options = command.assigns.iter().any(|(name, _)| name.starts_with("MAVEN_"));
    let is_set = |name: &str| site.scope().vars.contains_key(name);
    let dir = site.context_directory(site.scope().workdir.as_deref()?)?;
    if has_options || is_set("MAVEN_ARGS") || modules_need_each_other(site.input.tree, site.input.files, &dir)
    {
        return None;
    }
    offered(site, "Maven", "pom.xml", &kept.join(" "), &["dependency:", "dependency-plugin:"])
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
fn offered(site: &Site<'_>, tool: &str, manifest: &str, command: &str, signs: &[&str]) -> Option<Rewrite> {
    let cwd = site.scope().workdir.clone()?;
    let dir = site.context_directory(&cwd)?;
    let has_cache = site.run.mounts.iter().any(|mount| mount.value.contains("type=cache"));
    if has_cache
        || !site.input.tree.contains(&path::join(&dir, manifest))
        || signs.iter().any(|sign| site.is_fetched(sign))
    {
        return None;
    }
    let caches = ["/root/.m2", "/root/.gradle", "/home/gradle/.gradle"];
    let stays =
        if site.is_left_behind(&caches) { "stays in this stage" } else { "becomes part of the image" };
    let mut why = format!(
        "{tool} may not find all that the build needs this way, and may find more; the build fetches what is missing. What it found {stays}"
    );
    if tool == "Maven" {
        why += "; where something that the build does not need cannot be had, the step ends with an error";
    }
    site.with_step(&cwd, command, &format!("fetch {tool}'s dependencies in a step of their own"), &why, false)
}

impl Site<'_> {
    /// The directory of the context that a COPY put at a place, if one did as a whole.
    pub(super) fn context_directory(&self, place: &str) -> Option<String> {
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
        // Where Go's modules are in a mount already nothing is put before; other caches have no part in the fetch.
        let is_go = command.starts_with("go mod");
        let flags: Vec<String> = self
            .run
            .mounts
            .iter()
            .filter(|mount| !(is_bind(&mount.value) || is_go && mount.value.contains("type=cache")))
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
            finer: false,
        })
    }
}

/// Tells whether a `--mount` binds files: that is its type where none is given.
fn is_bind(mount: &str) -> bool {
    !mount.contains("type=") || mount.contains("type=bind")
}
