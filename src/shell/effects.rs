//! What a RUN reads and writes.

use super::memory::{Memory, recall};
use super::paths::PathSet;
use super::script::{Scene, Script};

mod place;
mod served;
mod study;
mod templates;

pub(super) use study::Study;

/// How likely it is that a command touches a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chance {
    /// The command is understood and does not touch it.
    No,
    /// The command runs something that cannot be known, which could.
    Possible,
    /// The command is told to, or runs something unknown there.
    Likely,
}

/// The paths of one kind of access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// What the command is told to touch.
    pub named: PathSet,
    /// What else it may touch.
    pub possible: PathSet,
}

/// The variables that a command takes from its environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Environment {
    /// Any of them: something that cannot be known runs, or code of the project.
    pub any: bool,
    /// Any but those that say which build of the project this is ([`names_the_build`]): code of packages runs,
    /// which others wrote.
    pub packages: bool,
    /// Names; a star at the end stands for any rest.
    pub names: Vec<String>,
}

/// What running a script or a command does, as far as its words tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    /// Paths whose content or presence it depends on; programs of the system aside (see `programs`).
    pub reads: Access,
    /// Paths that it makes, changes or removes.
    pub writes: Access,
    /// Paths among `writes` that it removes.
    pub deletes: PathSet,
    /// Variables that change what it does.
    pub environment: Environment,
    /// Whether it may use the network.
    pub network: bool,
    /// Whether what it writes depends on nothing but `reads`, `environment` and its text. False with the network,
    /// the clock, random numbers or anything that cannot be known.
    pub deterministic: bool,
    /// Programs that it runs, in order, each once; what a shell has built in is left out.
    pub programs: Vec<String>,
    /// Those of its programs, or parts of its text, that cannot be known.
    pub opaque: Vec<String>,
}

impl Access {
    /// Tells how likely it is that the path, something below it or something above it as a whole, is touched.
    ///
    /// `path` is absolute and clean.
    pub fn chance(&self, path: &str) -> Chance {
        if self.named.touches(path) {
            Chance::Likely
        } else if self.possible.touches(path) {
            Chance::Possible
        } else {
            Chance::No
        }
    }

    /// All that it may touch.
    pub fn all(&self) -> PathSet {
        let mut all = self.named.clone();
        all.extend(self.possible.clone());
        all
    }

    const fn none() -> Self {
        Self { named: PathSet::nothing(), possible: PathSet::nothing() }
    }
}

impl Environment {
    /// Tells whether a variable may change what the command does.
    pub fn uses(&self, name: &str) -> bool {
        self.any
            || (self.packages && !names_the_build(name))
            || self.names.iter().any(|known| match known.strip_suffix('*') {
                Some(start) => name.starts_with(start),
                None => known == name,
            })
    }

    pub(super) fn add<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        for name in names {
            if !self.names.contains(name) {
                self.names.push(name.clone());
            }
        }
    }
}

/// Tells whether a variable's name says that it tells one build of a project from another: its commit, its date, its
/// number, its version. Packages that others wrote do not look at those of the project that they are installed in.
pub fn names_the_build(name: &str) -> bool {
    const PARTS: [&str; 14] = [
        "COMMIT",
        "REVISION",
        "GIT_SHA",
        "GITHUB_SHA",
        "BUILD_DATE",
        "BUILD_TIME",
        "BUILDTIME",
        "BUILD_ID",
        "BUILD_NUMBER",
        "TIMESTAMP",
        "VCS_REF",
        "GIT_TAG",
        "GIT_BRANCH",
        "GIT_REF",
    ];
    /// `APP_SHA`, `SOURCE_HASH`; a checksum says of what it is one (`NODE_SHA256`), and who checks it names it.
    const ENDS: [&str; 3] = ["_SHA", "_SHA1", "_HASH"];
    const WHOLE: [&str; 15] = [
        "VERSION",
        "APP_VERSION",
        "BUILD_VERSION",
        "RELEASE",
        "RELEASE_VERSION",
        "TAG",
        "IMAGE_TAG",
        "DOCKER_TAG",
        "SHA",
        "SHA1",
        "REF",
        "CREATED",
        "BUILD",
        "BRANCH",
        "CACHEBUST",
    ];
    let upper = name.to_ascii_uppercase();
    WHOLE.contains(&upper.as_str())
        || ENDS.iter().any(|end| upper.ends_with(end))
        || PARTS.iter().any(|part| upper.contains(part))
}

impl Effects {
    /// Makes the effects of a command that does nothing.
    pub const fn none() -> Self {
        Self {
            reads: Access::none(),
            writes: Access::none(),
            deletes: PathSet::nothing(),
            environment: Environment { any: false, packages: false, names: Vec::new() },
            network: false,
            deterministic: true,
            programs: Vec::new(),
            opaque: Vec::new(),
        }
    }

    /// Tells how likely it is that the command writes to a path; see [`Access::chance`].
    pub fn may_write(&self, path: &str) -> Chance {
        self.writes.chance(path)
    }

    /// Tells how likely it is that what the command does depends on a path; see [`Access::chance`].
    pub fn may_read(&self, path: &str) -> Chance {
        self.reads.chance(path)
    }

    /// Adds what cannot be known, under a name to tell it by.
    pub(super) fn add_opaque(&mut self, name: &str) {
        self.reads.possible = PathSet::Everything;
        self.writes.possible = PathSet::Everything;
        self.environment.any = true;
        self.network = true;
        self.deterministic = false;
        if !self.opaque.iter().any(|known| known == name) {
            self.opaque.push(name.to_owned());
        }
    }
}

thread_local! {
    static KNOWN: Memory<Effects> = Memory::default();
}

/// Tells what shell text does.
pub fn effects(text: &str, scene: &Scene<'_>) -> Effects {
    recall(&KNOWN, text, scene, |scene| effects_of_text(text, scene))
}

fn effects_of_text(text: &str, scene: &Scene<'_>) -> Effects {
    if let Some(line) = text.strip_prefix("#!") {
        return effects_of_file(line, text, scene);
    }
    effects_of_script(&Script::read(text, scene), scene)
}

/// Tells what an exec form does (`RUN ["npm", "ci"]`).
pub fn effects_of_exec(words: &[impl AsRef<str>], scene: &Scene<'_>) -> Effects {
    effects_of_script(&Script::of_words(words, scene.cwd), scene)
}

/// Tells what a script does.
pub fn effects_of_script(script: &Script, scene: &Scene<'_>) -> Effects {
    let mut total = Effects::none();
    let mut study = Study { scene: *scene, depth: 0, total: &mut total };
    study.script(script);
    total
}

/// A heredoc that begins with `#!` is a file that its interpreter runs (case `text-heredoc-*`).
fn effects_of_file(line: &str, text: &str, scene: &Scene<'_>) -> Effects {
    let first = line.lines().next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().filter(|word| !word.ends_with("/env")).collect();
    let interpreter = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    let shell = super::ShellKind::of(&[interpreter]);
    if shell != super::ShellKind::Other && !interpreter.is_empty() {
        return effects_of_script(&Script::read(text, &Scene { shell, ..*scene }), scene);
    }
    let mut total = Effects::none();
    let mut study = Study { scene: *scene, depth: 0, total: &mut total };
    study.unknown_program(interpreter, &[], Some(scene.cwd));
    total
}
