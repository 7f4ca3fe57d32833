//! What is known of a stage's files: those that copies put there to the byte, what commands put out by amount.

use crate::context::select::{self, Selector};
use crate::context::{Entry, Tree, path};
use crate::graph::PathSelector;

/// Files of a stage: a tree of what copies put there, and amounts of what commands wrote.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// What copies put there, from the root.
    pub known: Tree,
    /// What commands wrote, in order.
    pub amounts: Vec<Amount>,
}

/// Bytes that a command put somewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Amount {
    /// Path from the root without a leading slash; all below it.
    pub at: String,
    /// Bytes.
    pub bytes: f64,
    /// Files, roughly.
    pub files: f64,
    /// Where below the path they are is not known: whatever is taken from there may be all of it.
    pub diffuse: bool,
}

/// Shares of amounts in directories above a path that are taken to lie at the path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Above {
    /// Of those that are known to be all over the directory.
    pub told: f64,
    /// Of those that are somewhere below it.
    pub diffuse: f64,
}

impl Above {
    /// What is there as far as can be told: what may be all there, nothing of the rest.
    pub const WEIGHED: Self = Self { told: 0.0, diffuse: 1.0 };
}

/// An amount of files.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weight {
    /// Bytes.
    pub bytes: f64,
    /// Files.
    pub files: f64,
    /// Nothing of it is estimated.
    pub exact: bool,
}

/// The share of a command's output that a path deep within it is taken to be.
const SHARE_OF_A_PART: f64 = 0.1;

/// The same for a path in /etc.
const SHARE_OF_ETC: f64 = 0.0005;

impl Weight {
    /// Nothing at all, for certain.
    pub const NONE: Self = Self { bytes: 0.0, files: 0.0, exact: true };

    /// Adds two amounts.
    pub fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            files: self.files + other.files,
            exact: self.exact && other.exact,
        }
    }
}

impl Files {
    /// Weighs what a path holds, as far as it is known to be there: nothing of what is known for a directory above.
    pub fn weigh(&self, at: &str) -> Weight {
        let at = path::clean(at).into_owned();
        let known = match self.known.resolve(&at, true) {
            Ok(Some((_, entry))) => weigh_entry(&entry),
            _ => Weight::NONE,
        };
        self.amounts.iter().map(|amount| amount.within(&at, Above::WEIGHED)).fold(known, Weight::plus)
    }

    /// Weighs what a selector takes in, and tells what of it is known as entries with their paths.
    pub fn select(&self, selector: &PathSelector) -> Weight {
        let weight = match select::select(&self.known, &plain(selector)) {
            Ok(selection) => {
                Weight { bytes: selection.bytes as f64, files: selection.files as f64, exact: true }
            }
            Err(_) => Weight::NONE,
        };
        let fixed: String = path::clean(&selector.path)
            .split('/')
            .take_while(|part| !selector.wildcard || !part.contains(['*', '?', '[']))
            .collect::<Vec<_>>()
            .join("/");
        let above = self.above(weight, &fixed);
        self.amounts.iter().map(|amount| amount.within(&fixed, above)).fold(weight, Weight::plus)
    }

    /// What a copy of a path takes of amounts that lie in directories above it.
    pub fn above(&self, known: Weight, at: &str) -> Above {
        if known.files > 0.0 {
            // Files that were copied there: what commands put out is elsewhere.
            return Above { told: 0.0, diffuse: 0.0 };
        }
        let told = self.amounts.iter().any(|amount| amount.within(at, Above::WEIGHED).bytes > 0.0);
        // Settings, users and certificates: small beside programs, whatever is known of them.
        let share = if path::is_within(&path::clean(at), "etc") { SHARE_OF_ETC } else { SHARE_OF_A_PART };
        Above { told: if told { 0.0 } else { share }, diffuse: 1.0 }
    }

    /// Puts an entry at a path, directories merged with those that are there.
    pub fn put(&mut self, at: &str, entry: &Entry) {
        merge(&mut self.known, at, entry);
    }

    /// Takes a path out, and tells how much went.
    pub fn remove(&mut self, at: &str) -> Weight {
        let at = path::clean(at).into_owned();
        let known = self.known.get(&at).map_or(Weight::NONE, |entry| weigh_entry(&entry));
        self.known.remove(&at);
        let mut gone = known;
        self.amounts.retain(|amount| {
            let inside = path::is_within(&amount.at, &at);
            if inside {
                gone = gone.plus(amount.weight());
            }
            !inside
        });
        gone
    }
}

impl Amount {
    /// All of it.
    pub const fn weight(&self) -> Weight {
        Weight { bytes: self.bytes, files: self.files, exact: false }
    }

    /// What of it lies at or below a path, and of what lies above that share.
    pub fn within(&self, at: &str, above: Above) -> Weight {
        if path::is_within(&self.at, at) {
            return self.weight();
        }
        let share = if self.diffuse { above.diffuse } else { above.told };
        if path::is_within(at, &self.at) && share > 0.0 {
            Weight { bytes: self.bytes * share, files: (self.files * share).max(1.0), exact: false }
        } else {
            Weight::NONE
        }
    }
}

/// Files and bytes of an entry, links by the length of their targets as docker counts them.
pub fn weigh_entry(entry: &Entry) -> Weight {
    let (files, bytes) = entry.weight();
    Weight { bytes: bytes as f64, files: files as f64, exact: true }
}

/// Weighs what is the same in both.
pub fn weigh_same(old: &Entry, new: &Entry) -> Weight {
    match (old, new) {
        (Entry::Dir(a), Entry::Dir(b)) if a.digest() == b.digest() => weigh_entry(new),
        (Entry::Dir(a), Entry::Dir(b)) => b
            .iter()
            .filter_map(|(name, new)| Some(weigh_same(a.get(name)?, new)))
            .fold(Weight::NONE, Weight::plus),
        (Entry::File(a), Entry::File(b)) if a.content == b.content && a.size == b.size => weigh_entry(new),
        _ => Weight::NONE,
    }
}

/// The context's selector for one of the graph's.
pub fn plain(selector: &PathSelector) -> Selector {
    Selector {
        path: path::clean(&selector.path).into_owned(),
        wildcard: selector.wildcard,
        follow_links: selector.follow_links,
        include: selector.include.clone(),
        exclude: selector.exclude.clone(),
        required: None,
    }
}

/// Puts an entry at a path of a tree; a directory joins the one that is there.
pub fn merge(tree: &mut Tree, at: &str, entry: &Entry) {
    let Entry::Dir(dir) = entry else {
        return tree.insert(at, entry.clone());
    };
    match tree.get(at) {
        Some(Entry::Dir(there)) if !there.is_empty() => {
            for (name, inner) in dir.iter() {
                merge(tree, &path::join(at, name), inner);
            }
        }
        _ => tree.insert(at, entry.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(at: &str, bytes: f64, diffuse: bool) -> Amount {
        Amount { at: at.into(), bytes, files: 10.0, diffuse }
    }

    #[test]
    fn a_stage_is_weighed_by_path() {
        let mut files = Files::default();
        files.put(
            "app",
            &Entry::Dir(Tree::from_pairs([("a.js", "12345"), ("lib/b.js", "123")]).root().clone()),
        );
        files.put("app", &Entry::Dir(Tree::from_pairs([("a.js", "1"), ("lib/c.js", "12")]).root().clone()));
        assert_eq!(files.weigh("/app"), Weight { bytes: 6.0, files: 3.0, exact: true });
        files.amounts.push(amount("app/node_modules", 1000.0, false));
        files.amounts.push(amount("app", 50.0, true));
        assert_eq!(files.weigh("/app").bytes, 1056.0);
        assert_eq!(
            files.weigh("/app/node_modules/x").bytes,
            50.0,
            "all of what may be there, nothing of the rest"
        );
        assert!(!files.weigh("/app/node_modules/x").exact);
        let part = files.select(&PathSelector::plain("/app/node_modules/x"));
        assert_eq!(part.bytes, 50.0);
        let elsewhere = Files { amounts: vec![amount("usr", 1000.0, false)], ..Files::default() };
        let part = elsewhere.select(&PathSelector::plain("/usr/bin/x"));
        assert_eq!(part.bytes, 100.0, "a tenth, where nothing is known of the path");
        let image = Files { amounts: vec![amount("", 1000.0, false)], ..Files::default() };
        let part = image.select(&PathSelector::plain("/etc/ssl/certs/ca-certificates.crt"));
        assert_eq!(part.bytes, 0.5, "certificates are small");
        assert_eq!(files.weigh("/etc"), Weight::NONE);
    }

    #[test]
    fn what_is_removed_is_told() {
        let mut files = Files { known: Tree::from_pairs([("a/x", "123"), ("b", "1")]), ..Files::default() };
        files.amounts.push(amount("a/cache", 100.0, false));
        assert_eq!(files.remove("/a").bytes, 103.0);
        assert_eq!(files.weigh("").bytes, 1.0);
    }
}
