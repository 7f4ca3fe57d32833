//! Whether two instructions may change places.

use super::Footprint;
use crate::shell::{PathPattern, PathSet};

/// Why two instructions must keep their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    /// One writes a path that the other reads or writes.
    Path(String),
    /// One sets a variable that the other uses.
    Variable(String),
    /// One changes a setting that the other depends on, named by its instruction (`WORKDIR`).
    Setting(&'static str),
    /// One runs something that cannot be known, named here, and may touch what the other writes.
    Unknown(String),
}

impl Footprint {
    /// Finds what keeps two instructions in their order; nothing means that they commute.
    pub(in crate::reorder) fn clash(&self, other: &Self) -> Option<Clash> {
        self.path_clash(other)
            .or_else(|| {
                self.sets
                    .iter()
                    .find(|name| other.uses.uses(name) || other.sets.contains(*name))
                    .map(|n| Clash::Variable(n.clone()))
            })
            .or_else(|| {
                other.sets.iter().find(|name| self.uses.uses(name)).map(|n| Clash::Variable(n.clone()))
            })
            .or_else(|| {
                let both = self.changes.iter().find(|s| other.needs.contains(s) || other.changes.contains(s));
                both.or_else(|| other.changes.iter().find(|s| self.needs.contains(s)))
                    .map(|s| Clash::Setting(s.keyword()))
            })
    }

    fn path_clash(&self, other: &Self) -> Option<Clash> {
        let pairs =
            [(&self.writes, &other.writes), (&self.writes, &other.reads), (&self.reads, &other.writes)];
        for (mine, theirs) in pairs {
            if !mine.overlaps(theirs) {
                continue;
            }
            let named = mine.patterns().iter().find(|a| theirs.patterns().iter().any(|b| a.overlaps(b)));
            if let Some(pattern) = named {
                return Some(Clash::Path(pattern.text.clone()));
            }
            let unknown = self.opaque.first().or(other.opaque.first());
            return Some(
                unknown.map_or_else(|| Clash::Path("/".to_owned()), |name| Clash::Unknown(name.clone())),
            );
        }
        self.made_clash(other).or_else(|| other.made_clash(self))
    }

    /// Finds a directory made here that the other reads, writes as a whole, or makes for another owner.
    ///
    /// A file that is written below the directory needs no order where the other makes the directory too, and
    /// alike; a COPY from the source's own directory sets mode and owner of those below its destination whoever
    /// made them.
    fn made_clash(&self, other: &Self) -> Option<Clash> {
        let is_met = |(path, owner): &&(String, String)| {
            let exact = PathPattern::exact(path.as_str());
            let meets = |set: &PathSet| match set {
                PathSet::Everything => true,
                PathSet::Paths(paths) => paths.iter().any(|p| p.overlaps(&exact) && !is_below(&p.text, path)),
            };
            let makes_too = other.makes.iter().any(|(made, _)| made == path || is_below(path, made));
            let elsewise = other.makes.iter().any(|(made, by)| made == path && by != owner);
            // Something below is written by one that does not make the directory: it has to be there first.
            let filled = other.writes.patterns().iter().any(|p| is_below(&p.text, path))
                && !makes_too
                && !(path == "/var" && self.makes_the_web_root_alone());
            meets(&other.reads) || elsewise || filled || (meets(&other.writes) && !makes_too)
        };
        self.makes.iter().find(is_met).map(|(path, _)| Clash::Path(path.clone()))
    }
}

impl Footprint {
    /// Tells whether all that it makes in `/var` is `/var/www` and what lies below. Every image in which a command can
    /// run has the first; which commands touch the second is known (`{served}` in the table of tools), unlike for
    /// other directories beside those of the system.
    fn makes_the_web_root_alone(&self) -> bool {
        let in_var = self.makes.iter().filter(|(path, _)| is_below(path, "/var"));
        in_var.clone().next().is_some()
            && in_var.map(|(path, _)| path).all(|path| path == "/var/www" || is_below(path, "/var/www"))
    }
}

/// Tells whether a path lies strictly below a directory.
fn is_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}
