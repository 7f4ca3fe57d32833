//! What is known of the files that a vertex puts out.
//!
//! A stack of pieces, from the base up: files that copies put there are known, an image's files are not, and a
//! RUN may have written anywhere that its text does not rule out. From it come content keys (cache semantics,
//! sections 5 and 9), and the path and step that an assumption rests on.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::key::ContentKey;
use super::place::{self, Place};
use super::runs::RunOutput;
use crate::context::select::Landed;
use crate::context::{Digest, Entry, SelectError, Selector, Tree, path, select};
use crate::graph::Label;
use crate::shell::Chance;

/// The files of one result.
#[derive(Debug, Clone)]
pub struct Output(Arc<Layer>);

#[derive(Debug)]
struct Layer {
    below: Option<Output>,
    piece: Piece,
    known: OnceLock<Tree>,
}

/// What one vertex adds.
#[derive(Debug)]
pub(super) enum Piece {
    /// A context: all of it is known.
    Known(Tree),
    /// Files that are not known, at and below a path: an image, a download, an unpacked archive.
    Opaque {
        /// Where.
        at: String,
        /// Equal for equal files.
        mark: Digest,
        /// May hold something else by now.
        shaky: bool,
    },
    /// A directory, with what counts of it where it was made with another mode or owner than the usual: the mode
    /// of a directory from the context does not count, that of one the builder makes does (`mounts-cache-mode`).
    Dir(String, Option<Digest>),
    /// A file.
    File(String, Entry),
    /// What a COPY takes from another result.
    Copy {
        /// That result.
        source: Output,
        /// What is taken.
        selector: Selector,
        /// Where it goes.
        place: Place,
        /// What became of the source when this copy was last made.
        landed: Arc<Mutex<Landed>>,
    },
    /// A RUN.
    Run(RunOutput),
}

/// Something unknown that may have a part in a path's content.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    /// Equal for surely equal content.
    pub exact: Digest,
    /// Equal for content that is taken to be equal.
    pub guess: Digest,
    /// Told to write there, or only able to.
    pub chance: Chance,
    /// The RUN that may have written; none for images and downloads.
    pub run: Option<Arc<Label>>,
    pub shaky: bool,
}

/// A path, and the RUN that may have written it.
pub(crate) type Decides = Arc<(String, Arc<Label>)>;

/// A content key, and the RUN that it rests on most.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub key: ContentKey,
    /// Path and step that decide, where a RUN takes part.
    pub decides: Option<Decides>,
}

impl Output {
    pub(super) fn new(below: Option<Self>, piece: Piece) -> Self {
        Self(Arc::new(Layer { below, piece, known: OnceLock::new() }))
    }

    /// Tells whether it is this very one, not only an equal one.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An empty file system.
    pub(super) fn empty() -> Self {
        Self::new(None, Piece::Known(Tree::default()))
    }

    /// The files that are known.
    pub fn known(&self) -> &Tree {
        self.0.known.get_or_init(|| {
            let below = || self.0.below.as_ref().map(|b| b.known().clone()).unwrap_or_default();
            match &self.0.piece {
                Piece::Known(tree) => tree.clone(),
                Piece::Opaque { .. } | Piece::Run(_) => below(),
                Piece::Dir(at, _) => {
                    let mut tree = below();
                    if !tree.get(at).is_some_and(|e| e.is_dir()) {
                        tree.insert(at, Entry::Dir(Arc::default()));
                    }
                    tree
                }
                Piece::File(at, entry) => {
                    let mut tree = below();
                    tree.insert(at, entry.clone());
                    tree
                }
                Piece::Copy { source, selector, place, landed } => {
                    let (mut tree, source) = (below(), source.known());
                    // A thread that panicked with it leaves whole entries behind.
                    let mut landed = landed.lock().unwrap_or_else(PoisonError::into_inner);
                    place::put(&mut tree, source, selector, place, &mut landed);
                    tree
                }
            }
        })
    }

    /// Says whether all of it is known: no image, no RUN, no download has a part in it.
    fn is_closed(&self) -> bool {
        matches!(self.0.piece, Piece::Known(_)) && self.0.below.is_none()
    }

    /// Adds everything unknown that may have a part in what stands at and below a path.
    fn marks(&self, at: &str, out: &mut Vec<Mark>) {
        if let Some(below) = &self.0.below {
            below.marks(at, out);
        }
        match &self.0.piece {
            Piece::Known(_) | Piece::Dir(_, None) => {}
            Piece::Dir(dir, Some(stamp)) => {
                if path::is_within(dir, at) {
                    let chance = Chance::Likely;
                    out.push(Mark { exact: *stamp, guess: *stamp, chance, run: None, shaky: false });
                }
            }
            Piece::Opaque { at: where_, mark, shaky } => {
                if path::is_within(at, where_) || path::is_within(where_, at) {
                    let chance = if where_.is_empty() { Chance::Possible } else { Chance::Likely };
                    out.push(Mark { exact: *mark, guess: *mark, chance, run: None, shaky: *shaky });
                }
            }
            Piece::File(file, _) => {
                if file == at {
                    out.clear();
                }
            }
            Piece::Copy { source, selector, place, .. } => {
                let Some(from) = place.source_of(at, source.known(), selector) else { return };
                let mut theirs = Vec::new();
                source.marks(&from, &mut theirs);
                let known = source.known().get(&from);
                if theirs.is_empty()
                    && known.is_some_and(|e| !e.is_dir())
                    && self.known().get(at).is_some_and(|e| !e.is_dir())
                {
                    // A known file takes the place of whatever stood there.
                    out.clear();
                }
                out.append(&mut theirs);
            }
            Piece::Run(run) => {
                let chance = run.run.chance(at);
                if chance != Chance::No {
                    let (exact, shaky) = run.exact();
                    out.push(Mark {
                        exact,
                        guess: run.guess(),
                        chance,
                        run: Some(Arc::clone(&run.run.label)),
                        shaky,
                    });
                }
            }
        }
    }

    /// The content key of what some selectors take; no selector takes all.
    ///
    /// # Errors
    /// A path that is surely not there, or a pattern that cannot be read.
    pub(crate) fn take(&self, selectors: &[Selector], memo: &mut select::Memo) -> Result<Taken, SelectError> {
        if self.is_closed() {
            let selection = select::select_all(self.known(), selectors, memo)?;
            return Ok(Taken { key: ContentKey::closed(selection.digest), decides: None });
        }
        let everything = [Selector::default()];
        let selectors = if selectors.is_empty() { &everything[..] } else { selectors };
        let (mut known, mut guess, mut exact) = (Vec::new(), Vec::new(), Vec::new());
        let (mut open, mut shaky) = (false, false);
        let mut decides = None;
        for selector in &Selector::combine(selectors) {
            let base = selector.base();
            let mut marks = Vec::new();
            self.marks(&self.landing(base), &mut marks);
            let selected = select::select_memo(self.known(), selector, memo);
            let digest = match selected {
                Ok(s) => Some(s.digest),
                Err(SelectError::NotFound { .. }) if !marks.is_empty() => None,
                Err(e) => return Err(e),
            };
            // Where a copy put something, or a RUN was told to, that decides before what only could have.
            let covered = digest.is_some() && self.known().contains(base)
                || marks.iter().any(|m| m.run.is_some() && m.chance == Chance::Likely);
            known.push(digest.unwrap_or_default());
            for m in &marks {
                exact.push(m.exact);
                open |= m.run.is_some();
                shaky |= m.shaky;
                if m.chance == Chance::Likely || !covered {
                    guess.push(m.guess);
                }
            }
            // What was told to write there decides before what only could; the last before the first.
            let best = marks.iter().filter(|m| m.run.is_some()).max_by_key(|m| m.chance);
            if let (None, Some(Mark { run: Some(label), .. })) = (&decides, best) {
                decides = Some(Arc::new((format!("/{}", selector.path), Arc::clone(label))));
            }
        }
        let digest = |parts: &[&[Digest]]| {
            Digest::of_parts(parts.iter().flat_map(|p| {
                let mark: &[u8] = b"|";
                p.iter().map(|d| &d.0[..]).chain([mark])
            }))
        };
        let key = if exact.is_empty() {
            // The same digest that a closed result gives, so that a copy of known files equals its source.
            ContentKey::closed(Digest::of_parts(known.iter().map(|d| d.0.as_slice())))
        } else {
            ContentKey {
                known: digest(&[&known]),
                guess: digest(&[&known, &guess]),
                exact: digest(&[&known, &exact]),
                open,
                shaky,
            }
        };
        Ok(Taken { key, decides })
    }

    /// Where a path leads through known links.
    fn landing(&self, at: &str) -> String {
        match self.known().resolve(at, true) {
            Ok(Some((real, _))) => real,
            _ => path::clean(at).into_owned(),
        }
    }
}
