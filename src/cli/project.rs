//! From the command line's flags to a project: its Dockerfile, its scanned contexts, its options.
//!
//! One place for all commands that read a folder and a Dockerfile.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use etcetera::BaseStrategy;

use super::flags::{BuildFlags, remote_scheme};
use super::output::Refused;
use crate::context::{Digest, Ignore, Index, Scan, Trap, Warning, WarningKind, find_ignore, path, traps};
use crate::declare::Declarations;
use crate::dockerfile::{self, Diagnostic, Dockerfile};
use crate::graph::GraphOptions;
use crate::simulate::BuildInput;

/// A project ready to be built: a Dockerfile that was read, and contexts that were scanned.
#[derive(Debug)]
pub struct Project {
    /// What it was read from.
    pub sources: Sources,
    /// The Dockerfile.
    pub dockerfile: Arc<Dockerfile>,
}

/// The files of a project, scanned and read, before its Dockerfile is looked into.
///
/// A screen that follows edits wants these even while the Dockerfile does not parse.
#[derive(Debug)]
pub struct Sources {
    /// The context's folder as the user named it.
    pub context: PathBuf,
    /// The Dockerfile; none where it came from standard input.
    pub dockerfile_path: Option<PathBuf>,
    /// The Dockerfile's name as the user knows it; `-` for standard input.
    pub dockerfile_name: String,
    /// The Dockerfile's text.
    pub text: Arc<str>,
    /// The text is what stands on disk to the last byte; false where that is not UTF-8.
    pub exact: bool,
    /// The ignore file that was applied, and its text.
    pub ignore_file: Option<(PathBuf, String)>,
    /// Options that enter the graph.
    pub options: GraphOptions,
    /// The main context.
    pub scan: Scan,
    /// The `--build-context` folders.
    pub named: BTreeMap<String, Scan>,
    /// Where what is known of files on disk is kept between runs; none where there is no place for it.
    pub index_folder: Option<PathBuf>,
}

impl Project {
    /// Loads a project: finds and reads its Dockerfile and ignore file, scans its contexts.
    ///
    /// # Errors
    /// A sentence that says what is missing and what to pass, or a [`Refused`] text with its place.
    pub fn load(flags: &BuildFlags) -> anyhow::Result<Self> {
        Sources::load(flags)?.parsed()
    }

    /// What is to be said of it that stops nothing: comments for layerlab that cannot be read, things on disk.
    pub fn notes(&self) -> Vec<String> {
        let (_, problems) = Declarations::read(&self.dockerfile);
        let name = &self.sources.dockerfile_name;
        let comments = problems.into_iter().map(|p| format!("{name}:{}:{}: {}", p.line, p.column, p.message));
        comments.chain(self.sources.scan.warnings().iter().map(warning)).collect()
    }

    /// What a simulated build of it starts from.
    ///
    /// A file whose bytes changed behind an unchanged size, mode and time counts as it was: the daemon does not
    /// see such a change (`meta-same-mtime-size`), and [`Sources::traps`] tells of it.
    pub fn input(&self) -> BuildInput {
        BuildInput {
            dockerfile: Arc::clone(&self.dockerfile),
            options: self.sources.options.clone(),
            context: self.sources.scan.shipped(),
            named: self.sources.named_trees(),
        }
    }
}

impl Sources {
    /// The text of the ignore file, empty where there is none.
    pub fn ignore_text(&self) -> String {
        self.ignore_file.as_ref().map_or_else(String::new, |(_, text)| text.clone())
    }

    /// Finds, reads and scans.
    ///
    /// # Errors
    /// As [`Project::load`], but for what is wrong in the Dockerfile itself.
    pub fn load(flags: &BuildFlags) -> anyhow::Result<Self> {
        check_context(&flags.context)?;
        let found = find_dockerfile(&flags.context, flags.file.as_deref())?;
        let (text, exact) = read_text(found.as_deref())?;
        let dockerfile_name = found.as_deref().map_or_else(|| "-".to_string(), shown);
        let index_folder = index_folder(flags.cache.as_deref());
        // Without a file, `CONTEXT/` + `.dockerignore` is the only ignore file there is.
        let beside = found.clone().unwrap_or_else(|| flags.context.join(""));
        let (ignore, ignore_file) = load_ignore(&flags.context, &beside)?;
        let scan = scan(&flags.context, ignore, index_folder.as_deref())?;
        let mut named = BTreeMap::new();
        for (name, folder) in &flags.build_contexts {
            check_context(folder).with_context(|| format!("in the build context {name:?}"))?;
            let (ignore, _) = load_ignore(folder, &folder.join(""))?;
            named.insert(name.clone(), self::scan(folder, ignore, index_folder.as_deref())?);
        }
        let mut sources = Self {
            context: flags.context.clone(),
            dockerfile_path: found,
            dockerfile_name,
            text: Arc::from(text),
            exact,
            ignore_file,
            options: flags.graph_options(),
            scan,
            named,
            index_folder,
        };
        // A plan makes no cache folder.
        let may_write = flags.cache.as_deref().is_none_or(Path::is_dir);
        if may_write && sources.scans().any(|scan| scan.is_worth_saving()) {
            sources.save_index();
        }
        Ok(sources)
    }

    /// The contexts, the main one first.
    fn scans(&mut self) -> impl Iterator<Item = &mut Scan> {
        std::iter::once(&mut self.scan).chain(self.named.values_mut())
    }

    /// Keeps what is known of files on disk, so that the next start need not read them again.
    pub fn save_index(&mut self) {
        let Some(folder) = self.index_folder.clone() else { return };
        for scan in self.scans() {
            // An index that cannot be kept costs time at the next start and nothing else.
            let _ = scan.save_index(&folder);
        }
    }

    /// Finds and reads a Dockerfile alone: its name as the user knows it, and its text.
    ///
    /// # Errors
    /// A sentence that says what is missing and what to pass.
    pub fn read_dockerfile(context: &Path, file: &Path) -> anyhow::Result<(String, String)> {
        let usual = file == Path::new("Dockerfile");
        let found = find_dockerfile(context, if usual { None } else { Some(file) })?;
        let (text, _) = read_text(found.as_deref())?;
        Ok((found.as_deref().map_or_else(|| "-".to_string(), shown), text))
    }

    /// Reads the Dockerfile's text.
    ///
    /// # Errors
    /// A [`Refused`].
    pub fn parsed(self) -> anyhow::Result<Project> {
        match dockerfile::parse(&self.text) {
            Ok(dockerfile) => Ok(Project { dockerfile: Arc::new(dockerfile), sources: self }),
            Err(diagnostic) => Err(self.refuse(diagnostic).into()),
        }
    }

    /// Makes the error of a command out of a problem in the Dockerfile.
    pub fn refuse(&self, diagnostic: Diagnostic) -> Refused {
        Refused { diagnostic, file: self.dockerfile_name.clone(), text: Arc::clone(&self.text) }
    }

    /// The named contexts' trees.
    pub fn named_trees(&self) -> BTreeMap<String, crate::context::Tree> {
        self.named.iter().map(|(name, scan)| (name.clone(), scan.shipped())).collect()
    }

    /// What about the context will surprise.
    pub fn traps(&self) -> Vec<Trap> {
        // Nobody minds that an edit of the ignore file counts: it is rare, and on purpose.
        let own: Vec<String> = self.dockerfile_path.iter().filter_map(|p| self.in_context(p)).collect();
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        traps::find(self.scan.tree(), self.scan.ignore(), self.scan.stale(), &own)
    }

    /// The path in the context of a file on disk, if it lies in it.
    pub fn in_context(&self, file: &Path) -> Option<String> {
        let (root, file) = (self.context.canonicalize().ok()?, file.canonicalize().ok()?);
        let inside = file.strip_prefix(root).ok()?;
        Some(inside.iter().fold(String::new(), |at, name| path::join(&at, &path::name_of(name))))
    }
}

/// Says what is odd about a file on disk.
pub(super) fn warning(warning: &Warning) -> String {
    let path = &warning.path;
    match &warning.kind {
        WarningKind::Unreadable(why) => format!("{path} cannot be read ({why}); it counts without its bytes"),
        WarningKind::Vanished => format!("{path} went away while it was read, and counts as gone"),
        WarningKind::NotUtf8 => format!("{path} is not UTF-8: each byte that is not is written as \\xHH"),
        WarningKind::LinkLoop => {
            format!("{path} is a link that leads in a circle; as the source of a COPY it fails")
        }
        WarningKind::Socket => format!("{path} is a socket, which is sent as an empty file"),
        WarningKind::Special => format!("{path} is a device or a FIFO, which is sent as such and never read"),
    }
}

/// The folder of this user for what can be made again.
pub fn user_cache() -> Option<PathBuf> {
    etcetera::choose_base_strategy().ok().map(|s| s.cache_dir().join("layerlab"))
}

/// The folder of this user for what cannot be made again: `LAYERLAB_STATE_DIR`, or `layerlab` in the XDG state
/// directory.
pub fn user_state() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("LAYERLAB_STATE_DIR").filter(|d| !d.is_empty()) {
        return Some(PathBuf::from(dir));
    }
    let strategy = etcetera::choose_base_strategy().ok()?;
    // Windows has no such directory; there the one for data serves.
    Some(strategy.state_dir().unwrap_or_else(|| strategy.data_dir()).join("layerlab"))
}

/// A name for a context among all on this machine, by where it lies.
pub fn context_name(context: &Path) -> String {
    let root = context.canonicalize().or_else(|_| std::path::absolute(context));
    let root = root.unwrap_or_else(|_| context.to_path_buf());
    let last = root.file_name().map(|n| path::name_of(n).into_owned()).unwrap_or_default();
    let plain: String =
        last.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(40).collect();
    format!("{plain}-{}", Digest::of(root.as_os_str().as_encoded_bytes()).short())
}

/// Where what is known of files on disk is kept: with the cache that is named, or with the user's.
fn index_folder(cache: Option<&Path>) -> Option<PathBuf> {
    match cache {
        Some(dir) => Some(dir.join("index")),
        None => Some(user_cache()?.join("index")),
    }
}

fn scan(root: &Path, ignore: Ignore, index_folder: Option<&Path>) -> anyhow::Result<Scan> {
    let index = index_folder.map(|folder| Index::load(folder, root)).unwrap_or_default();
    Ok(Scan::new(root, ignore, index)?)
}

type IgnoreFile = Option<(PathBuf, String)>;

fn load_ignore(root: &Path, dockerfile: &Path) -> anyhow::Result<(Ignore, IgnoreFile)> {
    let found = find_ignore(root, dockerfile).context("cannot read the ignore file")?;
    let Some((path, text)) = found else {
        return Ok((Ignore::default(), None));
    };
    match Ignore::parse(&text) {
        Ok(ignore) => Ok((ignore, Some((path, text)))),
        Err(e) => Err(Refused::ignore_file(&e, shown(&path), &text).into()),
    }
}

fn check_context(context: &Path) -> anyhow::Result<()> {
    let named = context.display();
    if let Some(scheme) = context.to_str().and_then(remote_scheme) {
        bail!(
            "{named} is no folder: layerlab fetches nothing, so clone what {scheme} names and pass the folder"
        );
    }
    if context == Path::new("-") {
        bail!(
            "a context from standard input is not read: pass a folder, and -f - for a Dockerfile from standard input"
        );
    }
    match context.metadata() {
        Ok(meta) if meta.is_dir() => Ok(()),
        Ok(_) => bail!(
            "{named} is a file, and a build context is a folder: for a Dockerfile pass -f {named}, then the folder"
        ),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            bail!("there is no folder {named}{}", nearest(context))
        }
        Err(e) => Err(e).with_context(|| format!("cannot look at the context {named}")),
    }
}

/// How far a path that is not there does exist.
fn nearest(missing: &Path) -> String {
    let there = missing.ancestors().skip(1).find(|p| !p.as_os_str().is_empty() && p.is_dir());
    there.map_or_else(String::new, |p| format!(" ({} is there)", p.display()))
}

/// Finds the Dockerfile; none stands for standard input.
fn find_dockerfile(context: &Path, file: Option<&Path>) -> anyhow::Result<Option<PathBuf>> {
    match file {
        Some(file) if file == Path::new("-") => Ok(None),
        Some(file) => {
            if file.is_dir() {
                bail!("{} is a folder: -f names the Dockerfile itself{}", file.display(), candidates(file));
            }
            if !file.exists() {
                let in_context = context.join(file);
                if file.is_relative() && in_context.is_file() {
                    bail!(
                        "there is no {}: -f is looked up from here, as docker build does; pass -f {}",
                        file.display(),
                        in_context.display()
                    );
                }
                bail!("there is no Dockerfile {}{}", file.display(), candidates(context));
            }
            Ok(Some(file.to_path_buf()))
        }
        None => {
            // BuildKit takes the one in lower case where the usual one is missing.
            let usual = [context.join("Dockerfile"), context.join("dockerfile")];
            match usual.into_iter().find(|p| p.exists()) {
                Some(found) => Ok(Some(found)),
                None => bail!("there is no Dockerfile in {}{}", context.display(), candidates(context)),
            }
        }
    }
}

/// What there is instead of a Dockerfile, and what to pass.
fn candidates(folder: &Path) -> String {
    let mut found = Vec::new();
    look_for_dockerfiles(folder, 3, &mut found);
    // The shallowest first: the likeliest to be meant.
    found.sort_by_key(|p| (p.components().count(), p.clone()));
    match &found[..] {
        [] => "; to try layerlab without one, run: layerlab demo".to_string(),
        [one] => format!("; found {0}: pass -f {0}", one.display()),
        [first, ..] => {
            let shown: Vec<String> = found.iter().take(5).map(|p| p.display().to_string()).collect();
            let more = if found.len() > 5 { ", …" } else { "" };
            format!("; found {}{more}: pass one of them, as in -f {}", shown.join(", "), first.display())
        }
    }
}

const LOOKED_AT: usize = 2000;

fn look_for_dockerfiles(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = folder.read_dir() else { return };
    for entry in entries.flatten().take(LOOKED_AT) {
        let name = entry.file_name().to_string_lossy().to_lowercase();
        let Ok(kind) = entry.file_type() else { continue };
        let like = name == "containerfile"
            || (name.starts_with("dockerfile") && !name.ends_with(".dockerignore"))
            || name.ends_with(".dockerfile");
        if kind.is_file() && like {
            found.push(entry.path().strip_prefix("./").map_or(entry.path(), Path::to_path_buf));
        } else if kind.is_dir() && depth > 1 && !name.starts_with('.') && name != "node_modules" {
            look_for_dockerfiles(&entry.path(), depth - 1, found);
        }
    }
}

/// The text of a file or of standard input, and whether it is that to the last byte.
fn read_text(file: Option<&Path>) -> anyhow::Result<(String, bool)> {
    let bytes = match file {
        Some(path) => read(path)?,
        None => read_stdin()?,
    };
    Ok(match String::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(e) => (String::from_utf8_lossy(e.as_bytes()).into_owned(), false),
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    // A FIFO would be waited for, forever.
    let meta = path.metadata().with_context(|| format!("cannot look at {}", path.display()))?;
    if !meta.is_file() {
        bail!("{} is no file", path.display());
    }
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_stdin() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).context("cannot read the Dockerfile from standard input")?;
    Ok(bytes)
}

/// A path as people write it: without a leading `./`.
fn shown(path: &Path) -> String {
    path.strip_prefix("./").unwrap_or(path).display().to_string()
}
