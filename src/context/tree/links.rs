//! Follows paths through symbolic links, as BuildKit's content hash does.

use super::super::path;
use super::{Entry, Tree};

/// A path led through more than 255 symbolic links, where BuildKit gives up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("too many symbolic links on the way to /{path}")]
pub struct TooManyLinks {
    /// The path asked for.
    pub path: String,
}

const MAX_LINKS: usize = 255;

impl Tree {
    /// Follows a path as BuildKit's content hash does: links on the way always, one at the end if asked.
    ///
    /// Yields where it led and what stands there. Links cannot leave the root; an absolute target starts from
    /// it. A part that is missing is taken literally, so that `missing/..` is where it began.
    pub fn resolve(&self, path: &str, follow_last: bool) -> Result<Option<(String, Entry)>, TooManyLinks> {
        let (at, entry) = self.trace(path, follow_last, |_| {})?;
        Ok(entry.map(|entry| (at, entry)))
    }

    /// Follows a path like [`Tree::resolve`] and tells of every link that it follows; yields also where a path
    /// led that is not there.
    pub(in crate::context) fn trace(
        &self,
        path: &str,
        follow_last: bool,
        mut follows: impl FnMut(&str),
    ) -> Result<(String, Option<Entry>), TooManyLinks> {
        let asked = path::clean(path);
        match self.get(&asked) {
            Some(Entry::Symlink(_)) if follow_last => {}
            Some(entry) => return Ok((asked.into_owned(), Some(entry))),
            None => {}
        }
        let (mut here, mut links) = (String::new(), 0);
        let mut rest: Vec<String> = asked.rsplit('/').map(String::from).collect();
        while let Some(part) = rest.pop() {
            let next = path::clean(&path::join(&here, &part)).into_owned();
            match self.get(&next) {
                Some(Entry::Symlink(target)) if follow_last || !rest.is_empty() => {
                    follows(&next);
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(TooManyLinks { path: asked.into_owned() });
                    }
                    rest.extend(target.rsplit('/').filter(|p| !p.is_empty()).map(String::from));
                    if target.starts_with('/') {
                        here.clear();
                    }
                }
                _ => here = next,
            }
        }
        let entry = self.get(&here);
        Ok((here, entry))
    }
}
