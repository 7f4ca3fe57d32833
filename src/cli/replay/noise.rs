//! Lines for the ignore file: tried by replaying with them, and held back where something reads what they hide.

use std::sync::Arc;

use serde::Serialize;

use super::answer::Answer;
use super::session::{Session, Wanted};
use crate::context::path;
use crate::history::Ignoring;
use crate::history::replay::{Noise, NoiseKind, SideWalk, Totals};
use crate::reorder::asks_git;

/// A line that was looked into.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The line and what it would keep out.
    #[serde(flatten)]
    pub noise: Noise,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Replayed with the line: what the left side saves.
    Saves {
        /// Steps that would not have run.
        steps: usize,
        /// Seconds of these.
        seconds: f64,
    },
    /// Replayed with the line, nothing is saved: other files changed with these.
    SavesNothing,
    /// Not replayed alone: in nearly every build other files, or other reasons, made the same steps run
    /// ([`Noise::alone`]).
    SeldomAlone,
    /// Something reads the files, or may.
    Used {
        /// Who, as a sentence's end.
        by: String,
    },
    /// With the line, builds fail that do not without.
    Breaks {
        /// What they say.
        error: String,
    },
}

/// How many lines are tried.
const TRIED: usize = 8;

/// Manifests and build files that may name a file the build reads.
const READERS: [&str; 17] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "MANIFEST.in",
    "Cargo.toml",
    "build.rs",
    "package.json",
    "Makefile",
    "makefile",
    "build.gradle",
    "build.gradle.kts",
    "pom.xml",
    "composer.json",
    "magefile.go",
    "Rakefile",
    "justfile",
    "Taskfile.yml",
];

/// Steps and seconds that all lines that save would save together; none where none does.
pub type Together = Option<(usize, f64)>;

/// Looks into the left side's candidates; yields them with their verdicts, and what all that save save together.
pub fn check(session: &Session<'_>, answer: &Answer) -> anyhow::Result<(Vec<Checked>, Together)> {
    let left = &answer.left.walk;
    // One build in fifty is not worth a line.
    let least = (left.builds.len() / 50).max(1);
    let candidates = Noise::candidates(left).into_iter().filter(|noise| noise.builds >= least).take(TRIED);
    let readers = readers(session)?;
    let steps: Vec<(&str, &str)> = left
        .versions
        .last()
        .into_iter()
        .flat_map(|v| &v.steps)
        .map(|step| ("the Dockerfile", step.label.as_str()))
        .collect();
    let candidates: Vec<(Noise, Option<String>)> = candidates
        .map(|noise| {
            let files = readers.iter().map(|(name, text)| (name.as_str(), &**text));
            // A Makefile names tests even where no build runs them; what the Dockerfile runs counts.
            let files = files.filter(|_| noise.kind != NoiseKind::Tests);
            let texts: Vec<(&str, &str)> = steps.iter().copied().chain(files).collect();
            let asks =
                |(name, text): &(&str, &str)| asks_git(text).map(|word| format!("{name} reads it ({word})"));
            let is_git = noise.kind == NoiseKind::Git;
            let by_git = || if is_git { texts.iter().find_map(asks) } else { None };
            let by = noise.used_by(texts.iter().copied()).or_else(by_git);
            (noise, by)
        })
        .collect();
    let free: Vec<&Noise> =
        candidates.iter().filter(|(_, by)| by.is_none()).map(|(noise, _)| noise).collect();
    let (verdicts, together) = tried(session, answer, &free, least)?;
    let mut verdicts = verdicts.into_iter();
    let mut verdict = |by: Option<String>| match by {
        Some(by) => Verdict::Used { by },
        None => verdicts.next().unwrap_or(Verdict::SeldomAlone),
    };
    let checked = candidates.into_iter().map(|(noise, by)| Checked { verdict: verdict(by), noise });
    let mut checked: Vec<Checked> = checked.collect();
    checked.sort_by(|a, b| worth(&b.verdict).total_cmp(&worth(&a.verdict)));
    Ok((checked, together))
}

/// Replays with each line that helps alone in at least so many builds, and with all together: what becomes of each,
/// and what all save.
///
/// Where no build fails with all of them none fails with one. Else each is replayed alone, and those without which
/// builds fail are left out.
fn tried(
    session: &Session<'_>,
    answer: &Answer,
    lines: &[&Noise],
    least: usize,
) -> anyhow::Result<(Vec<Verdict>, Together)> {
    let list = |wanted: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..lines.len()).filter(|&at| wanted(at)).map(|at| lines[at].line.clone()).collect()
    };
    let mut lists: Vec<Vec<String>> =
        lines.iter().filter(|noise| noise.alone >= least).map(|noise| vec![noise.line.clone()]).collect();
    let has_several = lines.len() > 1;
    if has_several {
        lists.push(list(&|_| true));
    }
    let mut walks = with_lines(session, lists)?;
    let all = has_several.then(|| walks.pop()).flatten().map(|walk| verdict(answer, &walk));
    if matches!(all, Some(Verdict::Breaks { .. })) {
        let each = with_lines(session, lines.iter().map(|noise| vec![noise.line.clone()]).collect())?;
        let verdicts: Vec<Verdict> = each.iter().map(|walk| verdict(answer, walk)).collect();
        let good = list(&|at| !matches!(verdicts[at], Verdict::Breaks { .. }));
        let together = match good.len() {
            0 | 1 => None,
            _ => with_lines(session, vec![good])?.first().and_then(|walk| saved(&verdict(answer, walk))),
        };
        return Ok((verdicts, together));
    }
    let mut walks = walks.iter();
    let of_line = |noise: &&Noise| {
        let walk = (noise.alone >= least).then(|| walks.next()).flatten();
        walk.map_or(Verdict::SeldomAlone, |walk| verdict(answer, walk))
    };
    Ok((lines.iter().map(of_line).collect(), all.as_ref().and_then(saved)))
}

fn saved(verdict: &Verdict) -> Together {
    if let Verdict::Saves { steps, seconds } = verdict { Some((*steps, *seconds)) } else { None }
}

fn worth(verdict: &Verdict) -> f64 {
    match verdict {
        Verdict::Saves { seconds, .. } => *seconds,
        Verdict::SavesNothing | Verdict::SeldomAlone => -1.0,
        Verdict::Used { .. } => -2.0,
        Verdict::Breaks { .. } => -3.0,
    }
}

/// Replays the left side with each of some lists of lines put at the end of the ignore file.
fn with_lines(session: &Session<'_>, lists: Vec<Vec<String>>) -> anyhow::Result<Vec<Arc<SideWalk>>> {
    let project = session.project;
    let with = |appended: Vec<String>| Wanted {
        ignoring: Some(Ignoring { appended, ..project.options.ignoring.clone() }),
        reasons: false,
        ..Wanted::new(project.dockerfile())
    };
    session.walks(&project.series, &project.options, lists.into_iter().map(with).collect())
}

fn verdict(answer: &Answer, walk: &SideWalk) -> Verdict {
    let broken = answer.left.walk.builds.iter().zip(&walk.builds).find_map(|(was, is)| match &is.error {
        Some(error) if was.error.is_none() => Some(error.clone()),
        _ => None,
    });
    if let Some(error) = broken {
        return Verdict::Breaks { error };
    }
    let (was, is) = (&answer.left.totals, Totals::of(walk));
    let steps = was.executed.saturating_sub(is.executed);
    if steps == 0 {
        return Verdict::SavesNothing;
    }
    Verdict::Saves { steps, seconds: (was.seconds - is.seconds).max(0.0) }
}

/// Tells whether a file belongs to another project that lies in this one.
pub fn is_vendored(file: &str) -> bool {
    ["vendor/", "node_modules/", "third_party/"].iter().any(|dir| file.contains(dir))
}

/// Manifests and build files of the newest commit with their texts.
fn readers(session: &Session<'_>) -> anyhow::Result<Vec<(String, Arc<str>)>> {
    /// Enough for a monorepo's packages.
    const MOST: usize = 300;
    const LONGEST: u64 = 1 << 20;
    let repo = &session.project.repo;
    let Some(newest) = session.project.series.commits.last() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for change in repo.changes(None, newest)?.iter() {
        let Some(blob) = change.new else { continue };
        let name = path::split(&change.path).1;
        let project_file = [".csproj", ".sln", ".gemspec", ".mk"].iter().any(|end| name.ends_with(end));
        if (READERS.contains(&name) || project_file)
            && !is_vendored(&change.path)
            && repo.size(blob.id)? <= LONGEST
        {
            let text = String::from_utf8_lossy(&repo.bytes(blob.id)?).into();
            found.push((change.path.to_string(), text));
            if found.len() >= MOST {
                break;
            }
        }
    }
    Ok(found)
}
