//! A range of commits taken as one change: what it costs the builds that follow it, against limits.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::answer::{Answer, SideAnswer};
use super::session::{Session, Wanted};
use crate::history::replay::DockerfileSource;
use crate::history::{ContextOptions, Contexts, Ignoring, Selection, Series, SeriesEnd};

/// A limit of `--gate`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Steps that the change reruns.
    Steps(usize),
    /// Seconds of these.
    Seconds(f64),
    /// Seconds that a build after it takes longer, on average.
    Later(f64),
}

impl Limit {
    /// Reads `steps=3`, `seconds=60`, `later=5`.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bad =
            || format!("{text:?} is no limit; write steps=N, seconds=S or later=S, as in --gate seconds=60");
        let (name, value) = text.split_once('=').ok_or_else(bad)?;
        let seconds = || {
            let value = value.trim().strip_suffix('s').unwrap_or(value.trim());
            value.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0).ok_or_else(bad)
        };
        match name.trim() {
            "steps" => value.trim().parse().map(Self::Steps).map_err(|_| bad()),
            "seconds" => seconds().map(Self::Seconds),
            "later" => seconds().map(Self::Later),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(n) => write!(f, "steps={n}"),
            Self::Seconds(s) => write!(f, "seconds={s}"),
            Self::Later(s) => write!(f, "later={s}"),
        }
    }
}

/// What the range costs as one change.
pub struct Gate {
    /// The commit it is built on, short; none where there is none.
    pub base: Option<String>,
    /// Its last commit, short.
    pub head: String,
    /// The build of the last commit right after that of the base.
    pub change: SideAnswer,
    /// What it does to the builds after it; none where neither the Dockerfile nor the ignore file changed.
    pub later: Option<Later>,
    /// The limits.
    pub limits: Vec<Limit>,
}

/// Builds under the Dockerfile and ignore file of before and after.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Later {
    /// Commits before the range that were replayed with each.
    pub commits: usize,
    /// Seconds of an average build before.
    pub before: f64,
    /// Seconds of an average build after.
    pub after: f64,
    /// Builds that fail only after: old commits may lack what the new Dockerfile copies.
    pub failing: usize,
}

impl Gate {
    /// Steps that the change reruns.
    pub fn reran(&self) -> usize {
        self.change.totals.executed
    }

    /// Seconds of these.
    pub fn seconds(&self) -> f64 {
        self.change.totals.seconds
    }

    /// Seconds that a build after it takes longer, on average; negative where it is faster.
    pub fn later_seconds(&self) -> f64 {
        self.later.map_or(0.0, |later| later.after - later.before)
    }

    /// Tells whether a limit holds.
    pub fn holds(&self, limit: Limit) -> bool {
        /// Figures are sums of rounded ones.
        const ROUNDING: f64 = 1e-6;
        match limit {
            Limit::Steps(most) => self.reran() <= most,
            Limit::Seconds(most) => self.seconds() <= most + ROUNDING,
            Limit::Later(most) => self.later_seconds() <= most + ROUNDING,
        }
    }

    /// Tells whether all limits hold and the change can be built.
    pub fn passes(&self) -> bool {
        self.limits.iter().all(|&limit| self.holds(limit))
    }
}

/// Weighs the series of a session as one change.
pub fn weigh(session: &Session<'_>, answer: &Answer, limits: &[Limit]) -> anyhow::Result<Gate> {
    let project = session.project;
    let series = &project.series;
    let head = series.commits.last().ok_or_else(|| anyhow::anyhow!("no commit is selected"))?;
    let squashed = Series { base: series.base.clone(), commits: vec![head.clone()], end: SeriesEnd::Range };
    // What is pinned never changes; the gate is about what does.
    let options = ContextOptions { ignoring: Ignoring::default(), ..project.options.clone() };
    let walk = session.one(&squashed, &options, Wanted::new(DockerfileSource::OfCommit))?;
    let what = format!("all {} commits as one", series.commits.len());
    let later = if answer.partial { None } else { later(session, &options)? };
    Ok(Gate {
        base: series.base.as_ref().map(crate::history::Commit::short),
        head: head.short(),
        change: SideAnswer::new("this change", what, walk),
        later,
        limits: limits.to_vec(),
    })
}

/// Replays the commits before the range with what it began and what it ended with.
fn later(session: &Session<'_>, options: &ContextOptions) -> anyhow::Result<Option<Later>> {
    let project = session.project;
    let (Some(base), Some(head)) = (&project.series.base, project.series.commits.last()) else {
        return Ok(None);
    };
    let mut contexts = Contexts::new(&project.repo, options.clone());
    let (before, after) = (contexts.advance(base)?, contexts.advance(head)?);
    if (&before.dockerfile, &before.ignore) == (&after.dockerfile, &after.ignore) {
        return Ok(None);
    }
    let (Some(old), Some(new)) = (before.dockerfile, after.dockerfile) else { return Ok(None) };
    let selection = Selection { range: Some(base.id.to_string()), limit: Some(session.commits), since: None };
    let earlier = project.repo.series(&selection)?;
    let with = |text: Arc<str>, ignore: Option<Arc<str>>| Wanted {
        ignoring: Some(Ignoring::always(ignore)),
        reasons: false,
        ..Wanted::new(DockerfileSource::Fixed(text))
    };
    let wanted = vec![with(old, before.ignore), with(new, after.ignore)];
    let mut walks = session.walks(&earlier, options, wanted)?.into_iter();
    let (old, new) = (walks.next().unwrap_or_default(), walks.next().unwrap_or_default());
    // A commit counts if both can build it.
    let pairs = old.builds.iter().zip(&new.builds);
    let good: Vec<_> = pairs.clone().filter(|(a, b)| a.error.is_none() && b.error.is_none()).collect();
    let failing = pairs.filter(|(a, b)| a.error.is_none() && b.error.is_some()).count();
    let average = |seconds: f64| seconds / good.len().max(1) as f64;
    Ok(Some(Later {
        commits: good.len(),
        before: average(good.iter().map(|(a, _)| old.seconds(a)).sum()),
        after: average(good.iter().map(|(_, b)| new.seconds(b)).sum()),
        failing,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read() {
        for (text, want) in [
            ("steps=0", Some(Limit::Steps(0))),
            ("seconds=60", Some(Limit::Seconds(60.0))),
            ("seconds=1.5s", Some(Limit::Seconds(1.5))),
            ("later=5", Some(Limit::Later(5.0))),
            ("steps=1.5", None),
            ("seconds=-1", None),
            ("seconds=NaN", None),
            ("minutes=1", None),
            ("60", None),
        ] {
            assert_eq!(Limit::parse(text).ok(), want, "{text}");
        }
    }
}
