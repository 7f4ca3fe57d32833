//! What a RUN reads and writes.

use super::arguments::Arguments;
use super::paths::{PathPattern, PathSet, SYSTEM, join};
use super::rules;
use super::script::{Command, Redirect, Scene, Script, Word};
use super::tools::{self, Tool, Usage};

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
    const WHOLE: [&str; 14] = [
        "VERSION",
        "APP_VERSION",
        "BUILD_VERSION",
        "RELEASE",
        "RELEASE_VERSION",
        "TAG",
        "IMAGE_TAG",
        "DOCKER_TAG",
        "SHA",
        "REF",
        "CREATED",
        "BUILD",
        "BRANCH",
        "CACHEBUST",
    ];
    let upper = name.to_ascii_uppercase();
    WHOLE.contains(&upper.as_str()) || PARTS.iter().any(|part| upper.contains(part))
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

/// Tells what shell text does.
pub fn effects(text: &str, scene: &Scene<'_>) -> Effects {
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

/// Adds up the effects of commands, those that run other commands included.
pub(super) struct Study<'a> {
    pub(super) scene: Scene<'a>,
    pub(super) depth: usize,
    pub(super) total: &'a mut Effects,
}

/// How deep commands may run commands before the innermost counts as unknown.
const DEEPEST: usize = 8;

impl Study<'_> {
    pub(super) fn script(&mut self, script: &Script) {
        self.total.environment.add(&script.variables);
        // What the shell itself makes up: random numbers, process numbers, times.
        const MADE_UP: [&str; 5] = ["RANDOM", "SRANDOM", "SECONDS", "$", "HOSTNAME"];
        self.total.deterministic &= !script
            .variables
            .iter()
            .any(|name| MADE_UP.contains(&name.as_str()) || name.starts_with("EPOCH"));
        for command in &script.commands {
            self.command(command);
        }
        if !script.understood {
            self.total.add_opaque("shell text");
        }
    }

    fn command(&mut self, command: &Command) {
        let cwd = command.cwd.as_deref();
        for redirect in &command.redirects {
            match redirect {
                Redirect::Read(word) => self.read(word, cwd),
                Redirect::Write(word) => self.write(word, cwd, false),
                Redirect::Text(_) => {}
            }
        }
        self.words(&command.words, command);
    }

    /// Studies a command given by its words; `outer` is the command of the script that they belong to.
    pub(super) fn words(&mut self, words: &[Word], outer: &Command) {
        let Some(program) = words.first() else { return };
        let cwd = outer.cwd.as_deref();
        let tool = if program.dynamic || self.depth > DEEPEST { None } else { tools::find(&program.text) };
        let Some(tool) = tool else {
            return self.unknown_program(&program.text, words, cwd);
        };
        if !tool.builtin {
            self.program(&tool.names[0], program, cwd);
        }
        self.total.environment.add(&tool.env);
        self.depth += 1;
        let settled = tool.rule.is_some_and(|rule| rules::apply(self, rule, tool, words, outer));
        if !settled {
            self.by_table(tool, words, outer);
        }
        self.depth -= 1;
    }

    fn program(&mut self, name: &str, word: &Word, cwd: Option<&str>) {
        if !self.total.programs.iter().any(|known| known == name) {
            self.total.programs.push(name.to_owned());
        }
        self.total.environment.add(tools::common_env());
        if word.text.contains('/') {
            self.read(word, cwd);
        }
    }

    fn by_table(&mut self, tool: &Tool, words: &[Word], outer: &Command) {
        let arguments = Arguments::read(tool, &words[1..]);
        let fitting = tool.uses.iter().find_map(|usage| fits(usage, &arguments).map(|taken| (usage, taken)));
        let Some((usage, taken)) = fitting else {
            return self.unknown_program(&words[0].text, words, outer.cwd.as_deref());
        };
        let base = base(tool, &arguments, outer.cwd.as_deref());
        let mut call = Call { arguments, cwd: base, program: &words[0] };
        if let Some(skip) = usage.wraps {
            // `env A=1 program`: assignments come before the program.
            let operands =
                call.arguments.operands.iter().skip(skip).skip_while(|word| word.text.contains('='));
            let inner: Vec<Word> = operands.map(|word| (*word).clone()).collect();
            self.words(&inner, &Command { cwd: call.cwd.clone(), ..outer.clone() });
        }
        call.arguments.operands.drain(..taken);
        self.usage(tool, usage, &call, words);
    }

    fn usage(&mut self, tool: &Tool, usage: &Usage, call: &Call<'_>, words: &[Word]) {
        for template in &usage.reads {
            for place in self.places(template, call) {
                self.read_place(place);
            }
            if tool.climbs && !template.starts_with(['/', '~', '{']) {
                self.read_above(template, call.cwd.as_deref());
            }
        }
        for template in &usage.writes {
            for place in self.places(template, call) {
                self.write_place(place, false);
            }
        }
        for template in &usage.deletes {
            for place in self.places(template, call) {
                self.write_place(place, true);
            }
        }
        self.total.network |= usage.network;
        if usage.network {
            self.total.environment.add(tools::network_env());
        }
        self.total.deterministic &= usage.deterministic.unwrap_or(!usage.network && !usage.opaque);
        self.total.environment.packages |= usage.packages;
        if usage.project {
            self.total.environment.any = true;
            let here = call.cwd.as_deref().map_or(PathSet::Everything, |cwd| {
                PathSet::Paths(vec![PathPattern::tree(project_root(cwd))])
            });
            self.total.reads.possible.extend(here.clone());
            self.total.writes.possible.extend(here);
            self.total.deterministic = false;
        }
        if usage.opaque && usage.writes.is_empty() {
            self.unknown_program(&call.program.text, words, call.cwd.as_deref());
        } else if usage.opaque {
            self.total.add_opaque(&call.program.text);
        }
    }

    /// Adds a path of the project in the directories above: a workspace's root, settings and lock file.
    fn read_above(&mut self, template: &str, cwd: Option<&str>) {
        let Some(cwd) = cwd else { return };
        let root = project_root(cwd);
        let mut above = cwd;
        while above.len() > root.len() {
            above = above.rsplit_once('/').map_or("", |(directory, _)| directory);
            let place = self.fixed(template, false, Some(above));
            self.read_place(place);
        }
    }

    /// Adds a program that nothing is known of: it may touch anything, and likely does so where it runs and where
    /// its words point.
    pub(super) fn unknown_program(&mut self, name: &str, words: &[Word], cwd: Option<&str>) {
        self.total.add_opaque(if name.is_empty() {
            "a command that is not known before it runs"
        } else {
            name
        });
        let mut named: Vec<PathPattern> = cwd.map(surroundings).into_iter().collect();
        for word in words.iter().skip(1).filter(|word| !word.dynamic) {
            let text = word.text.split_once('=').map_or(word.text.as_str(), |(_, value)| value);
            if text.starts_with('/') {
                named.push(PathPattern { glob: word.glob, ..PathPattern::tree(join("/", text)) });
            } else if let Some(cwd) = cwd.filter(|_| text.contains('/') && !text.contains("://")) {
                named.push(PathPattern { glob: word.glob, ..PathPattern::tree(join(cwd, text)) });
            }
        }
        for pattern in named {
            self.total.reads.named.add(pattern.clone());
            self.total.writes.named.add(pattern);
        }
    }

    /// Adds the path that a word names to what is read.
    pub(super) fn read(&mut self, word: &Word, cwd: Option<&str>) {
        self.read_place(place_of(word, cwd, false));
    }

    /// Adds the path that a word names to what is written, or removed.
    pub(super) fn write(&mut self, word: &Word, cwd: Option<&str>, removes: bool) {
        self.write_place(place_of(word, cwd, false), removes);
    }

    fn read_place(&mut self, place: Place) {
        match place {
            Place::Nowhere => {}
            Place::Known(pattern) => {
                // What the kernel makes up differs from run to run.
                const MADE_UP: [&str; 4] = ["/proc", "/sys", "/dev/urandom", "/dev/random"];
                self.total.deterministic &=
                    !MADE_UP.iter().any(|path| PathPattern::tree(*path).overlaps(&pattern));
                self.total.reads.named.add(pattern);
            }
            Place::Unknown(start) => {
                if let Some(start) = start {
                    self.total.reads.named.add(start);
                }
                self.total.reads.possible = PathSet::Everything;
            }
        }
    }

    fn write_place(&mut self, place: Place, removes: bool) {
        match place {
            Place::Nowhere => {}
            Place::Known(pattern) => {
                if removes {
                    self.total.deletes.add(pattern.clone());
                }
                self.total.writes.named.add(pattern);
            }
            Place::Unknown(start) => {
                if let Some(start) = start {
                    self.total.writes.named.add(start);
                }
                self.total.writes.possible = PathSet::Everything;
                if removes {
                    self.total.deletes = PathSet::Everything;
                }
            }
        }
    }

    /// Turns a template of the table into places; the first alternative that gives any counts.
    fn places(&self, template: &str, call: &Call<'_>) -> Vec<Place> {
        template
            .split('|')
            .map(|alternative| self.alternative(alternative.trim(), call))
            .find(|places| !places.is_empty())
            .unwrap_or_default()
    }

    fn alternative(&self, template: &str, call: &Call<'_>) -> Vec<Place> {
        let (template, exact) = match template.strip_suffix('!') {
            Some(template) => (template, true),
            None => (template, false),
        };
        let cwd = call.cwd.as_deref();
        let operands = &call.arguments.operands;
        let last = operands.len().saturating_sub(1);
        let all = |words: &[&Word]| words.iter().map(|word| place_of(word, cwd, exact)).collect();
        match template {
            "{all}" => all(operands),
            "{first}" => all(&operands[..operands.len().min(1)]),
            "{rest}" => all(operands.get(1..).unwrap_or_default()),
            "{last}" => all(&operands[last..]),
            "{sources}" if call.has_target_flag() => all(operands),
            "{sources}" => all(&operands[..last]),
            "{into}" => call.destinations(),
            "{names}" => call.names(),
            "{system}" => SYSTEM.iter().map(|path| Place::Known(PathPattern::tree(*path))).collect(),
            "{python}" => self.python_directories(call),
            _ => match template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(flags) => {
                    let flags: Vec<&str> = flags.split(',').collect();
                    call.arguments.values(&flags).map(|word| place_of(word, cwd, exact)).collect()
                }
                None => vec![self.fixed(template, exact, cwd)],
            },
        }
    }

    /// A path written in the table: absolute, `~/…` or relative to where the command works.
    fn fixed(&self, path: &str, exact: bool, cwd: Option<&str>) -> Place {
        let absolute = if path.starts_with('/') {
            Some(join("/", path))
        } else if let Some(rest) = path.strip_prefix("~/") {
            // Without a HOME the user is taken to be root, as in images that set no USER.
            let home = (self.scene.env)("HOME").unwrap_or_else(|| "/root".to_owned());
            Some(join(&home, rest))
        } else {
            cwd.map(|cwd| join(cwd, path))
        };
        let glob = path.contains(['*', '?']);
        absolute.map_or(Place::Unknown(None), |text| Place::Known(PathPattern { text, glob, exact }))
    }

    /// Where Python packages go: the environment that the program belongs to, those on PATH, or the system's.
    fn python_directories(&self, call: &Call<'_>) -> Vec<Place> {
        let mut directories: Vec<String> = Vec::new();
        let environments = (self.scene.env)("PATH").unwrap_or_default();
        let program = call.program.text.rsplit_once('/').map(|(directory, _)| directory.to_owned());
        for directory in program.iter().map(String::as_str).chain(environments.split(':')) {
            let system = ["/bin", "/usr/bin", "/usr/local/bin"].contains(&directory);
            if let Some(root) = directory.strip_suffix("/bin").filter(|root| !system && !root.is_empty()) {
                let cwd = call.cwd.as_deref().unwrap_or("/");
                directories.push(join(cwd, root));
            }
        }
        directories.extend((self.scene.env)("VIRTUAL_ENV"));
        if program.is_none() {
            directories.extend(
                ["/usr/local/lib", "/usr/local/bin", "/usr/lib", "/usr/bin", "/usr/local/share"]
                    .map(String::from),
            );
        }
        directories.into_iter().map(|path| Place::Known(PathPattern::tree(join("/", &path)))).collect()
    }
}

/// The directory that a command works in: what a flag says, or the one it is run in.
fn base(tool: &Tool, arguments: &Arguments<'_>, cwd: Option<&str>) -> Option<String> {
    let names: Vec<&str> = tool.base_flags.iter().map(String::as_str).collect();
    let Some(word) = arguments.values(&names).last() else { return cwd.map(str::to_owned) };
    if word.dynamic || word.glob {
        return None;
    }
    if word.text.starts_with('/') {
        Some(join("/", &word.text))
    } else {
        cwd.map(|cwd| join(cwd, &word.text))
    }
}

/// A command with its arguments, ready for the templates of the table.
struct Call<'a> {
    arguments: Arguments<'a>,
    cwd: Option<String>,
    program: &'a Word,
}

const TARGET_FLAGS: [&str; 2] = ["-t", "--target-directory"];

impl Call<'_> {
    fn has_target_flag(&self) -> bool {
        self.arguments.has(&TARGET_FLAGS)
    }

    /// Where `cp`, `mv`, `install` and `ln` put things: each source by its own name within a directory, or the
    /// destination itself, which may be a directory too.
    fn destinations(&self) -> Vec<Place> {
        let cwd = self.cwd.as_deref();
        let target = self.arguments.values(&TARGET_FLAGS).next();
        let operands = &self.arguments.operands;
        let (sources, dest) = match (target, operands.split_last()) {
            (Some(target), _) => (operands.as_slice(), target),
            (None, Some((dest, sources))) => (sources, *dest),
            (None, None) => return Vec::new(),
        };
        let is_directory = target.is_some()
            || sources.len() > 1
            || dest.text.ends_with('/')
            || matches!(dest.text.rsplit('/').next(), Some("." | ".."));
        let named = |source: &&Word| {
            let name = source.text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
            let plain =
                !source.dynamic && !dest.dynamic && !dest.glob && !matches!(name.as_str(), "" | "." | "..");
            let text = format!("{}/{name}", dest.text.trim_end_matches('/'));
            if plain && is_directory {
                Word { text, dynamic: false, glob: source.glob }
            } else {
                dest.clone()
            }
        };
        sources.iter().map(|source| place_of(&named(source), cwd, false)).collect()
    }

    /// Files in the working directory named after the last part of each operand, as downloads are.
    fn names(&self) -> Vec<Place> {
        let named = |word: &&Word| {
            let path = word.text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
            let name = path.rsplit(['/', ':']).next().unwrap_or_default();
            let name = name.strip_suffix(".git").unwrap_or(name);
            let text = if word.dynamic { "." } else { name };
            place_of(&Word::known(text), self.cwd.as_deref(), false)
        };
        self.arguments.operands.iter().map(named).collect()
    }
}

/// Where a word points.
enum Place {
    /// Nowhere that counts: a standard stream, `/dev/null`.
    Nowhere,
    /// To this.
    Known(PathPattern),
    /// To somewhere unknown, perhaps below this.
    Unknown(Option<PathPattern>),
}

fn place_of(word: &Word, cwd: Option<&str>, exact: bool) -> Place {
    const STREAMS: [&str; 6] = ["-", "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/stdin", "/dev/tty"];
    if !word.dynamic && (STREAMS.contains(&word.text.as_str()) || word.text.is_empty()) {
        return Place::Nowhere;
    }
    if word.text.contains("://") {
        return Place::Nowhere;
    }
    let absolute = if word.text.starts_with('/') {
        join("/", &word.text)
    } else {
        match cwd {
            Some(cwd) if !word.dynamic => join(cwd, &word.text),
            _ => return Place::Unknown(None),
        }
    };
    if word.dynamic {
        // Only whole names before the unknown part are sure, and of those only a directory tells anything.
        let directory = word.text.rsplit_once('/').map_or("", |(directory, _)| directory);
        let start = (!directory.is_empty()).then(|| PathPattern::tree(join("/", directory)));
        return Place::Unknown(start);
    }
    Place::Known(PathPattern { text: absolute, glob: word.glob, exact })
}

/// What lies around a program that runs in a directory: all below it; of the root only its own entries, because
/// every path lies below the root.
fn surroundings(cwd: &str) -> PathPattern {
    if cwd == "/" {
        PathPattern { text: "/*".to_owned(), glob: true, exact: true }
    } else {
        PathPattern::tree(cwd)
    }
}

/// The outermost directory above one that can still be the project's: not one that many things share.
fn project_root(cwd: &str) -> &str {
    const SHARED: [&str; 14] = [
        "/usr",
        "/usr/src",
        "/usr/local",
        "/usr/local/src",
        "/usr/share",
        "/home",
        "/opt",
        "/var",
        "/var/www",
        "/var/lib",
        "/srv",
        "/root",
        "/tmp",
        "/go/src",
    ];
    let ends = cwd.match_indices('/').map(|(at, _)| at).skip(1).chain([cwd.len()]);
    ends.map(|end| &cwd[..end]).find(|path| !SHARED.contains(path)).unwrap_or(cwd)
}

/// Tells whether a way to use a tool fits the arguments, and how many operands name it.
fn fits(usage: &Usage, arguments: &Arguments<'_>) -> Option<usize> {
    if !usage.flags.is_empty() && !arguments.has(&usage.flags) {
        return None;
    }
    if usage.sub.is_empty() {
        return Some(0);
    }
    usage.sub.iter().find_map(|sub| {
        if sub.is_empty() { arguments.operands.is_empty().then_some(0) } else { arguments.subcommand(sub) }
    })
}
