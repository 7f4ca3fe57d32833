//! Whether what a Dockerfile runs takes no notice of the project's tests.
//!
//! A build is blind to them if every program of every RUN is known to be: a tool that compiles, installs or copies
//! without looking for tests. A tool that finds tests by itself (`mvn package`), a script, and whatever is not known
//! is not.

use serde_json::Value;

use super::make;
use super::testing::speaks_of_tests;
use crate::dockerfile::ast::{CommandLine, Dockerfile, InstructionKind};
use crate::reorder::ReorderInput;
use crate::reorder::footprint::{run_effects, run_script};
use crate::reorder::manifests::tasks_of_mix;
use crate::reorder::model::Model;
use crate::reorder::scope::Scope;
use crate::shell::{Call, Script, Word, calls};

/// A tool that builds, and what it may be asked for without looking at tests.
struct Builder {
    programs: &'static [&'static str],
    /// First operands; "" is a call without one.
    verbs: &'static [&'static str],
}

const BUILDERS: [Builder; 15] = [
    // What ends in `_test.go` is compiled by `go test` and `go vet` alone. https://pkg.go.dev/cmd/go#hdr-Test_packages
    Builder {
        programs: &["go"],
        verbs: &["build", "install", "mod", "get", "env", "version", "clean", "work"],
    },
    Builder { programs: &["cargo"], verbs: &["build", "b", "install", "fetch", "chef", "update"] },
    Builder {
        programs: &["npm", "cnpm"],
        verbs: &["ci", "clean-install", "install", "i", "add", "cache", "config", "set", "prune", "pkg"],
    },
    Builder { programs: &["yarn"], verbs: &["", "install", "add", "cache", "config", "set", "workspaces"] },
    Builder {
        programs: &["pnpm"],
        verbs: &["install", "i", "add", "fetch", "prune", "store", "config", "deploy"],
    },
    Builder { programs: &["bun"], verbs: &["install", "i", "add", "pm"] },
    Builder { programs: &["corepack"], verbs: &["enable", "prepare", "install", "use"] },
    Builder {
        programs: &["pip", "pip3"],
        verbs: &["install", "wheel", "cache", "config", "download", "uninstall"],
    },
    Builder { programs: &["uv"], verbs: &["sync", "pip", "venv", "python", "cache", "export"] },
    Builder { programs: &["poetry"], verbs: &["install", "sync", "config", "export", "cache"] },
    Builder { programs: &["bundle", "bundler"], verbs: &["install", "", "config", "clean", "binstubs"] },
    Builder { programs: &["bootsnap"], verbs: &["precompile"] },
    Builder {
        programs: &["rails", "rake"],
        verbs: &["assets:precompile", "assets:clean", "tmp:clear", "log:clear"],
    },
    Builder {
        programs: &["composer", "composer.phar"],
        verbs: &["install", "i", "dump-autoload", "dumpautoload", "clear-cache", "clearcache"],
    },
    // Each is looked at in a way of its own.
    Builder {
        programs: &["php", "python", "python3", "mix", "mvn", "mvnw", "gradle", "gradlew", "make"],
        verbs: &[],
    },
];

/// What a script of package.json may call.
const WEB_TOOLS: [(&str, &[&str]); 29] = [
    ("tsc", &[]),
    ("vue-tsc", &[]),
    ("vite", &["build"]),
    ("next", &["build"]),
    ("nuxt", &["build", "generate", "prepare"]),
    ("nuxi", &["build", "generate", "prepare"]),
    ("astro", &["build"]),
    ("react-scripts", &["build"]),
    ("react-router", &["build"]),
    ("remix", &["build"]),
    ("svelte-kit", &["sync"]),
    ("ng", &["build"]),
    ("nest", &["build"]),
    ("webpack", &[]),
    ("rollup", &[]),
    ("esbuild", &[]),
    ("tsup", &[]),
    ("tsdown", &[]),
    ("prisma", &["generate"]),
    ("sass", &[]),
    ("tailwindcss", &[]),
    ("tsc-alias", &[]),
    ("rimraf", &[]),
    ("husky", &[]),
    ("lefthook", &["install"]),
    ("simple-git-hooks", &[]),
    ("only-allow", &[]),
    ("patch-package", &[]),
    // Of every package its own: all that have a script of this name are looked at.
    ("turbo", &["build", "run"]),
];

/// Programs of a script of package.json that set the stage for another, or touch only what they are told to.
const WEB_HELPERS: [&str; 10] =
    ["cross-env", "dotenv", "env", "npx", "cp", "rm", "mkdir", "echo", "cpx", "copyfiles"];

/// Tasks of Gradle that run no tests.
const GRADLE: [&str; 12] = [
    "assemble",
    "bootJar",
    "bootWar",
    "clean",
    "dependencies",
    "distTar",
    "distZip",
    "installDist",
    "jar",
    "shadowJar",
    "war",
    "classes",
];

/// Tasks of Mix that compile no tests.
const MIX: [&str; 12] = [
    "assets.build",
    "assets.deploy",
    "assets.setup",
    "compile",
    "deps.compile",
    "deps.get",
    "esbuild",
    "local.hex",
    "local.rebar",
    "phx.digest",
    "release",
    "tailwind",
];

/// Commands of frameworks that do not load tests.
const FRAMEWORK: [&str; 17] = [
    "asset-map:compile",
    "assets:install",
    "cache:clear",
    "cache:warmup",
    "collectstatic",
    "compilemessages",
    "compress",
    "config:cache",
    "event:cache",
    "importmap:install",
    "key:generate",
    "optimize",
    "package:discover",
    "route:cache",
    "storage:link",
    "tailwind:build",
    "view:cache",
];

/// Scripts of package.json that installers run.
const HOOKS: [&str; 6] = ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare"];

/// Scripts are followed so far.
const DEPTH: usize = 4;

/// Tells whether nothing that a Dockerfile runs looks at the project's tests, in any of its stages.
pub(super) fn is_blind(dockerfile: &Dockerfile, model: &Model, input: &ReorderInput<'_>) -> bool {
    let look = Look { input };
    dockerfile.stages.iter().zip(&model.stages).all(|(stage, model)| {
        let is_named = stage.name.as_deref().is_some_and(is_for_developers);
        let steps = stage.instructions.iter().zip(model.scopes.iter());
        !is_named
            && steps.into_iter().all(|(own, scope)| match &own.kind {
                InstructionKind::Run(run) => {
                    let effects = run_effects(run, scope);
                    let is_builder = |name: &String| builder(name).is_some() || web_tool(name).is_some();
                    let script = run_script(run, scope);
                    effects.opaque.iter().all(is_builder) && look.is_blind_script(&script, scope)
                }
                InstructionKind::Cmd(command) | InstructionKind::Entrypoint(command) => {
                    let text = match command {
                        CommandLine::Shell(text) => text.clone(),
                        CommandLine::Exec(words) => words.join(" "),
                    };
                    !speaks_of_tests(&text) && !look.runs_tests_by_a_script(&text)
                }
                _ => true,
            })
    })
}

/// Tells whether the name of a stage says that people work, or check, in it.
fn is_for_developers(name: &str) -> bool {
    let mut words = name.split(['-', '_', '.']);
    words.any(|word| {
        let word = word.to_ascii_lowercase();
        speaks_of_tests(&word)
            || ["dev", "devel", "development", "ci", "devcontainer"].contains(&word.as_str())
    })
}

fn builder(program: &str) -> Option<&'static Builder> {
    let name = program.rsplit('/').next().unwrap_or(program);
    BUILDERS.iter().find(|builder| builder.programs.contains(&name))
}

/// What a tool for the web may be asked for; none stands for anything.
fn web_tool(program: &str) -> Option<&'static [&'static str]> {
    WEB_TOOLS.iter().find(|(tool, _)| *tool == program).map(|(_, verbs)| *verbs)
}

struct Look<'a> {
    input: &'a ReorderInput<'a>,
}

impl Look<'_> {
    /// Tells whether a script of the project that a command names has to do with tests; `test` alone is the shell's.
    fn runs_tests_by_a_script(&self, command: &str) -> bool {
        let name = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
        let named: Vec<String> =
            command.split_whitespace().map(|word| name(word.trim_matches(['"', '\'']))).collect();
        let files =
            self.input.tree.iter().filter(|(path, entry)| !entry.is_dir() && named.contains(&name(path)));
        files.filter_map(|(path, _)| self.input.files.read(&path)).any(|text| {
            text.split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word != "test" && speaks_of_tests(word))
        })
    }

    fn is_blind_script(&self, script: &Script, scope: &Scope) -> bool {
        let cwd = scope.workdir.as_deref().unwrap_or("/");
        let calls = scope.with_scene(cwd, |scene| calls(script, scene));
        calls.iter().all(|call| self.is_blind_call(call))
    }

    fn is_blind_call(&self, call: &Call) -> bool {
        let words: Vec<&str> = call.operands.iter().map(|word| word.text.as_str()).collect();
        let program = call.program.as_str();
        let first = words.first().copied().unwrap_or_default();
        if let Some(verbs) = web_tool(program) {
            return verbs.is_empty() || verbs.contains(&first);
        }
        let Some(builder) = builder(program) else { return true };
        if call.operands.iter().any(|word| word.dynamic) && builder.verbs.is_empty() {
            return false;
        }
        match program {
            "mvn" | "mvnw" => {
                let skips = |(name, value): &(String, Option<Word>)| {
                    let text = format!("{name}{}", value.as_ref().map_or("", |word| word.text.as_str()));
                    let is_one =
                        ["-DskipTests", "-Dmaven.test.skip"].iter().any(|flag| text.starts_with(flag));
                    is_one && !text.contains("false")
                };
                let fetches = |word: &&str| {
                    ["clean", "compile"].contains(word)
                        || word.contains("dependency")
                        || word.contains(":resolve")
                };
                call.flags.iter().any(skips) || words.iter().all(fetches)
            }
            "gradle" | "gradlew" => {
                let skipped = call.value(&["-x", "--exclude-task"]).is_some_and(|word| word.text == "test");
                let task = |word: &&str| word.rsplit(':').next().unwrap_or(word).to_owned();
                let knows = |word: &&str| {
                    let task = task(word);
                    GRADLE.contains(&task.as_str()) || skipped && ["build", "test"].contains(&task.as_str())
                };
                words.iter().all(knows)
            }
            "mix" => tasks_of_mix(&words).iter().all(|task| MIX.contains(&task.as_str())),
            "make" => make::is_blind(self.input, call.cwd.as_deref(), &words),
            "php" | "python" | "python3" => {
                let is_file = ["artisan", "console", "manage.py"].iter().any(|name| first.ends_with(name));
                is_file && words.get(1).is_some_and(|word| FRAMEWORK.contains(word)) || words.is_empty()
            }
            "rails" | "rake" => words.iter().all(|word| builder.verbs.contains(word)),
            "bundle" | "bundler" if first == "exec" => {
                let inner = Call {
                    program: words
                        .get(1)
                        .map_or_else(String::new, |word| word.rsplit('/').next().unwrap_or(word).to_owned()),
                    operands: call.operands.iter().skip(2).cloned().collect(),
                    ..call.clone()
                };
                self::builder(&inner.program).is_some() && self.is_blind_call(&inner)
            }
            "npm" | "cnpm" | "yarn" | "pnpm" | "bun" => self.is_blind_runner(call, builder, &words),
            _ => builder.verbs.contains(&first),
        }
    }

    /// Tells whether a call of a package manager is blind: one that installs by the scripts that it runs by itself, one
    /// that runs a script by what that says.
    fn is_blind_runner(&self, call: &Call, builder: &Builder, words: &[&str]) -> bool {
        let packages = self.packages();
        let runs = |name: &str| {
            let has = |package: &&Value| script_of(package, name).is_some();
            let mut named = packages.iter().filter(has).peekable();
            named.peek().is_some() && named.all(|package| is_blind_web(package, name, DEPTH))
        };
        let hooks = || {
            let own = |hook: &&&str| packages.iter().any(|package| script_of(package, hook).is_some());
            HOOKS.iter().filter(own).all(|hook| runs(hook))
        };
        match words {
            ["run" | "run-script", name] => runs(name),
            ["workspace", _, name] | ["workspace", _, "run", name] => runs(name),
            [first, rest @ ..] if builder.verbs.contains(first) => {
                let is_global = call.has(&["-g", "--global", "--ignore-scripts"]);
                !rest.contains(&"run") && (is_global || hooks())
            }
            [] => builder.verbs.contains(&"") && hooks(),
            [name] if call.program != "npm" => runs(name),
            _ => false,
        }
    }

    /// The package.json files of the project: which one a step means is not looked up, so all have to do.
    fn packages(&self) -> Vec<Value> {
        let tree = self.input.tree;
        let is_one = |path: &str| path == "package.json" || path.ends_with("/package.json");
        let paths = tree.iter().filter(|(path, entry)| !entry.is_dir() && is_one(path));
        let own = paths.filter(|(path, _)| !path.contains("node_modules/")).take(MOST_PACKAGES);
        own.filter_map(|(path, _)| serde_json::from_str(&self.input.files.read(&path)?).ok()).collect()
    }
}

/// How many packages of a workspace are looked into.
const MOST_PACKAGES: usize = 200;

fn script_of<'a>(package: &'a Value, name: &str) -> Option<&'a str> {
    package.get("scripts")?.get(name)?.as_str()
}

/// Tells whether a script of package.json calls only what is known not to look at tests.
fn is_blind_web(package: &Value, name: &str, depth: usize) -> bool {
    let Some(text) = script_of(package, name).filter(|_| depth > 0) else { return false };
    // What npm runs around it.
    let around = ["pre", "post"].iter().all(|when| {
        let name = format!("{when}{name}");
        script_of(package, &name).is_none() || is_blind_web(package, &name, depth - 1)
    });
    let commands = text.split(['&', ';', '|']).filter(|text| !text.trim().is_empty());
    let is_blind = |command: &str| {
        let mut words = command.split_whitespace().filter(|word| !word.contains('='));
        let mut program = words.next().unwrap_or_default();
        while ["cross-env", "dotenv", "env", "npx", "--", "-e", "exec"].contains(&program) {
            program = words.next().unwrap_or_default();
        }
        let rest: Vec<&str> = words.filter(|word| !word.starts_with('-')).collect();
        match program {
            "npm" | "yarn" | "pnpm" | "bun" => match rest.as_slice() {
                ["run", inner] | [inner] => *inner != name && is_blind_web(package, inner, depth - 1),
                _ => false,
            },
            "npm-run-all" | "run-s" | "run-p" => {
                rest.iter().all(|inner| *inner != name && is_blind_web(package, inner, depth - 1))
            }
            _ if WEB_HELPERS.contains(&program) => true,
            _ => web_tool(program).is_some_and(|verbs| {
                verbs.is_empty() || rest.first().is_some_and(|verb| verbs.contains(verb))
            }),
        }
    };
    around && commands.into_iter().all(is_blind)
}
