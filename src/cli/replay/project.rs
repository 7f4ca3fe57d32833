//! From the command line to a repository, a series of commits and a Dockerfile's place in them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, bail};

use super::Args;
use crate::context::path;
use crate::history::replay::DockerfileSource;
use crate::history::{
    ContextOptions, Contexts, FormerName, Ignoring, Repository, Selection, Series, seconds_of_date,
};

/// What a replay is about.
pub struct Project {
    /// The repository, its context set.
    pub repo: Repository,
    /// The commits.
    pub series: Series,
    /// Which of them, in words.
    pub selected: String,
    /// How commits become contexts on the left side.
    pub options: ContextOptions,
    /// Names that the Dockerfile had before in these commits, the latest first.
    pub formerly: Vec<FormerName>,
    /// The Dockerfile of today and where it is from, where `--pin` asks for it.
    pub pinned: Option<(Arc<str>, String)>,
    /// The Dockerfile to compare with: its name, text, and the ignore file beside it.
    pub against: Option<(String, Arc<str>, Option<Arc<str>>)>,
}

impl Project {
    /// Opens what the arguments name.
    ///
    /// # Errors
    /// Sentences that say what is missing and what to pass.
    pub fn open(args: &Args) -> anyhow::Result<Self> {
        let mut repo = Repository::open(&args.context)?;
        if let Some(dir) = &args.subdir {
            let inside = path::join(repo.context(), &path::clean(&dir.replace('\\', "/")));
            repo = repo.with_context(&inside);
        }
        let since = args.since.as_deref().map(|text| seconds_of_date(text, SystemTime::now())).transpose()?;
        // A range says how many itself.
        let limit = if args.range.is_some() { None } else { Some(args.commits) };
        let selection = Selection { range: args.range.clone(), limit, since };
        let series = repo.series(&selection)?;
        let Some(newest) = series.commits.last() else {
            let what = args.range.as_deref().unwrap_or("HEAD");
            bail!("no commit is selected by {what}{}", if since.is_some() { " since that date" } else { "" });
        };
        if repo.context_tree(newest)?.is_none() {
            bail!("commit {} has no folder {}", newest.short(), repo.context());
        }
        let dockerfile = dockerfile_path(&repo, args, &series)?;
        let mut options = ContextOptions { dockerfile, ..ContextOptions::of(&repo) };
        let pinned = if args.pin { Some(pin(&repo, &series, &mut options)?) } else { None };
        let formerly = match &pinned {
            Some(_) => Vec::new(),
            None => repo.former_names(&series, &options.dockerfile)?,
        };
        options.follow(&series, &formerly);
        let against = args.against.as_deref().map(read_against).transpose()?;
        let selected = match (&args.range, &args.since) {
            (Some(range), _) => range.clone(),
            (None, Some(since)) => format!("since {since}"),
            (None, None) => String::new(),
        };
        Ok(Self { repo, series, selected, options, formerly, pinned, against })
    }
}

impl Project {
    /// The Dockerfile of the left side.
    pub fn dockerfile(&self) -> DockerfileSource<'static> {
        match &self.pinned {
            Some((text, _)) => DockerfileSource::Fixed(Arc::clone(text)),
            None => DockerfileSource::OfCommit,
        }
    }
}

/// The Dockerfile's path from the repository's root.
fn dockerfile_path(repo: &Repository, args: &Args, series: &Series) -> anyhow::Result<String> {
    let known = |path: &str| -> anyhow::Result<bool> {
        // The newest first: usually it is there.
        for commit in series.commits.iter().rev() {
            if repo.blob_at(commit, path)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let Some(file) = &args.file else {
        let usual = ["Dockerfile", "dockerfile"].map(|name| path::join(repo.context(), name));
        for candidate in &usual {
            if known(candidate)? {
                return Ok(candidate.clone());
            }
        }
        bail!("none of these commits has a {}{}", usual[0], candidates(repo, series)?);
    };
    let mut tried = Vec::new();
    if let Some(root) = repo.working_tree() {
        tried.extend(below(&root, file));
    }
    // A file that only history has, or a bare repository: a path from the repository's root or the context.
    let written = path::clean(&file.to_string_lossy().replace('\\', "/")).into_owned();
    tried.extend([path::join(repo.context(), &written), written]);
    for candidate in &tried {
        if known(candidate)? {
            return Ok(candidate.clone());
        }
    }
    bail!("none of these commits has {}{}", file.display(), candidates(repo, series)?)
}

/// A file's path below a folder, whether or not it is there; symbolic links on the way are followed.
fn below(root: &Path, file: &Path) -> Option<String> {
    let file = std::path::absolute(file).ok()?;
    let name = file.file_name()?;
    let folder = file.parent()?.canonicalize().ok()?;
    let below = folder.strip_prefix(root.canonicalize().ok()?).ok()?.join(name);
    Some(below.iter().fold(String::new(), |at, part| path::join(&at, &path::name_of(part))))
}

/// Dockerfiles of the newest commit, and what to pass.
fn candidates(repo: &Repository, series: &Series) -> anyhow::Result<String> {
    let Some(newest) = series.commits.last() else { return Ok(String::new()) };
    let mut found: Vec<String> = repo
        .changes(None, newest)?
        .iter()
        .map(|change| path::join(repo.context(), &change.path))
        .filter(|path| {
            let name = path::split(path).1.to_lowercase();
            (name == "dockerfile" || name.starts_with("dockerfile.") || name.ends_with(".dockerfile"))
                && !name.ends_with(".dockerignore")
        })
        .collect();
    found.sort_by_key(|path| (path.matches('/').count(), path.clone()));
    Ok(match &found[..] {
        [] => "; the newest commit has none at all".to_owned(),
        [one] => format!("; found {one}: pass -f {one}"),
        [first, ..] => format!(
            "; found {}{}: pass one of them, as in -f {first}",
            found.iter().take(5).cloned().collect::<Vec<_>>().join(", "),
            if found.len() > 5 { ", …" } else { "" }
        ),
    })
}

/// Takes today's Dockerfile and ignore file: those on disk where there is a working tree, else the newest commit's.
fn pin(
    repo: &Repository,
    series: &Series,
    options: &mut ContextOptions,
) -> anyhow::Result<(Arc<str>, String)> {
    let on_disk =
        repo.working_tree().map(|root| root.join(&options.dockerfile)).filter(|file| file.is_file());
    if let (Some(file), Some(root)) = (on_disk, repo.working_tree()) {
        let bytes = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let ignore = crate::context::find_ignore(&root.join(repo.context()), &file)
            .context("cannot read the ignore file")?;
        options.ignoring = Ignoring::always(ignore.map(|(_, text)| Arc::from(text)));
        return Ok((String::from_utf8_lossy(&bytes).into(), "today's".to_owned()));
    }
    let newest = series.commits.last().context("no commit is selected")?;
    let input = Contexts::new(repo, options.clone()).advance(newest)?;
    let text = input
        .dockerfile
        .with_context(|| format!("commit {} has no {}", newest.short(), options.dockerfile))?;
    options.ignoring = Ignoring::always(input.ignore);
    Ok((text, format!("that of {}", newest.short())))
}

fn read_against(file: &Path) -> anyhow::Result<(String, Arc<str>, Option<Arc<str>>)> {
    let read = |file: &Path| {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        anyhow::Ok(Arc::<str>::from(String::from_utf8_lossy(&bytes)))
    };
    let mut beside = file.as_os_str().to_os_string();
    beside.push(".dockerignore");
    let beside = PathBuf::from(beside);
    let ignore = if beside.is_file() { Some(read(&beside)?) } else { None };
    let text = read(file)?;
    if let Err(diagnostic) = crate::dockerfile::parse(&text) {
        let file = file.display().to_string();
        return Err(crate::cli::output::Refused { diagnostic, file, text }.into());
    }
    Ok((file.display().to_string(), text, ignore))
}
