//! A walk over all entries of a tree.

use super::super::path;
use super::{Entry, Tree};

/// Iterates over all entries of a tree; see [`Tree::iter`].
pub struct Entries<'a> {
    /// Directories that were entered, with what is left of each.
    stack: Vec<(String, Listing<'a>)>,
}

type Listing<'a> = Box<dyn Iterator<Item = (&'a str, &'a Entry)> + 'a>;

impl<'a> Entries<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { stack: vec![(String::new(), Box::new(tree.root.iter()))] }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (String, &'a Entry);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (dir, entries) = self.stack.last_mut()?;
            let Some((name, entry)) = entries.next() else {
                self.stack.pop();
                continue;
            };
            let path = path::join(dir, name);
            if let Entry::Dir(d) = entry {
                self.stack.push((path.clone(), Box::new(d.iter())));
            }
            return Some((path, entry));
        }
    }
}

impl<'a> IntoIterator for &'a Tree {
    type Item = (String, &'a Entry);
    type IntoIter = Entries<'a>;

    fn into_iter(self) -> Entries<'a> {
        self.iter()
    }
}
