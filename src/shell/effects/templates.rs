//! The places that a template of the table of tools names for one call of a tool.

use super::super::arguments::Arguments;
use super::super::paths::{PathPattern, SYSTEM, join};
use super::super::script::{Scene, Word};
use super::place::{Place, place_of};

/// A command with its arguments, ready for the templates of the table.
pub(super) struct Call<'a> {
    pub(super) arguments: Arguments<'a>,
    pub(super) cwd: Option<String>,
    pub(super) program: &'a Word,
}

const TARGET_FLAGS: [&str; 2] = ["-t", "--target-directory"];

impl Call<'_> {
    /// Turns a template of the table into places; the first alternative that gives any counts.
    pub(super) fn places(&self, template: &str, scene: &Scene<'_>) -> Vec<Place> {
        template
            .split('|')
            .map(|alternative| self.alternative(alternative.trim(), scene))
            .find(|places| !places.is_empty())
            .unwrap_or_default()
    }

    fn alternative(&self, template: &str, scene: &Scene<'_>) -> Vec<Place> {
        let (template, exact) = match template.strip_suffix('!') {
            Some(template) => (template, true),
            None => (template, false),
        };
        let cwd = self.cwd.as_deref();
        let operands = &self.arguments.operands;
        let last = operands.len().saturating_sub(1);
        let all = |words: &[&Word]| words.iter().map(|word| place_of(word, cwd, exact)).collect();
        match template {
            "{all}" => all(operands),
            "{packages}" => {
                all(&operands.iter().copied().filter(|word| is_package_file(word)).collect::<Vec<_>>())
            }
            "{first}" => all(&operands[..operands.len().min(1)]),
            "{rest}" => all(operands.get(1..).unwrap_or_default()),
            "{last}" => all(&operands[last..]),
            "{sources}" if self.has_target_flag() => all(operands),
            "{sources}" => all(&operands[..last]),
            "{into}" => self.destinations(),
            "{names}" => self.names(),
            "{system}" => SYSTEM.iter().map(|path| Place::Known(PathPattern::tree(*path))).collect(),
            "{served}" if super::served::leaves_web_root(operands) => Vec::new(),
            "{served}" => vec![Place::Known(PathPattern::tree("/var/www"))],
            "{python}" => self.python_directories(scene),
            _ => match template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(flags) => {
                    let flags: Vec<&str> = flags.split(',').collect();
                    self.arguments.values(&flags).map(|word| place_of(word, cwd, exact)).collect()
                }
                None => vec![fixed(template, exact, cwd, scene)],
            },
        }
    }

    /// Where Python packages go: the environment that the program belongs to, those on PATH, or the system's.
    fn python_directories(&self, scene: &Scene<'_>) -> Vec<Place> {
        let mut directories: Vec<String> = Vec::new();
        let environments = (scene.env)("PATH").unwrap_or_default();
        let program = self.program.text.rsplit_once('/').map(|(directory, _)| directory.to_owned());
        for directory in program.iter().map(String::as_str).chain(environments.split(':')) {
            let system = ["/bin", "/usr/bin", "/usr/local/bin"].contains(&directory);
            if let Some(root) = directory.strip_suffix("/bin").filter(|root| !system && !root.is_empty()) {
                let cwd = self.cwd.as_deref().unwrap_or("/");
                directories.push(join(cwd, root));
            }
        }
        directories.extend((scene.env)("VIRTUAL_ENV"));
        if program.is_none() {
            directories.extend(
                ["/usr/local/lib", "/usr/local/bin", "/usr/lib", "/usr/bin", "/usr/local/share"]
                    .map(String::from),
            );
        }
        directories.into_iter().map(|path| Place::Known(PathPattern::tree(join("/", &path)))).collect()
    }

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

/// Tells whether an operand of a package manager is a file, or may be one: any other is a package's name.
fn is_package_file(word: &Word) -> bool {
    const ENDS: [&str; 5] = [".deb", ".rpm", ".apk", ".pkg.tar.zst", ".pkg.tar.xz"];
    word.dynamic || word.text.contains('/') || ENDS.iter().any(|end| word.text.ends_with(end))
}

/// A path written in the table: absolute, `~/…` or relative to where the command works.
pub(super) fn fixed(path: &str, exact: bool, cwd: Option<&str>, scene: &Scene<'_>) -> Place {
    let absolute = if path.starts_with('/') {
        Some(join("/", path))
    } else if let Some(rest) = path.strip_prefix("~/") {
        // Without a HOME the user is taken to be root, as in images that set no USER.
        let home = (scene.env)("HOME").unwrap_or_else(|| "/root".to_owned());
        Some(join(&home, rest))
    } else {
        cwd.map(|cwd| join(cwd, path))
    };
    let glob = path.contains(['*', '?']);
    absolute.map_or(Place::Unknown(None), |text| Place::Known(PathPattern { text, glob, exact }))
}
