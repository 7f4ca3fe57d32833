//! Identities and content keys.

use serde::{Deserialize, Serialize};

use crate::context::Digest;

/// Identity of a result: what follows it is found through it (cache semantics, section 2).
pub type Id = Digest;

/// The content of the paths that a vertex takes from one input.
///
/// Three views of one thing, because what a RUN put out cannot be known: `known` holds what copies put there,
/// `guess` adds the outputs that the RUNs were told to make, `exact` adds every RUN that could have written
/// there. Equal `exact` means equal content; see [`ContentKey::compare`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentKey {
    /// Digest of what is known for sure.
    pub known: Digest,
    /// Digest under the sensible assumption (section 9).
    pub guess: Digest,
    /// Digest in which everything that could matter takes part.
    pub exact: Digest,
    /// A RUN or an image of unknown content takes part.
    pub open: bool,
}

/// How two content keys compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Surely equal.
    Equal,
    /// Taken to be equal, but a RUN could have made them differ.
    AssumedEqual,
    /// Taken to differ, but they could have come out equal.
    AssumedDifferent,
    /// Surely different.
    Different,
}

impl ContentKey {
    /// A key over content that is known to the last byte.
    pub fn closed(digest: Digest) -> Self {
        Self { known: digest, guess: digest, exact: digest, open: false }
    }

    /// Compares the content of now with that of a stored record.
    pub fn compare(&self, stored: &Self) -> Comparison {
        if self.exact == stored.exact {
            Comparison::Equal
        } else if self.guess == stored.guess {
            Comparison::AssumedEqual
        } else if self.open || stored.open {
            Comparison::AssumedDifferent
        } else {
            Comparison::Different
        }
    }
}
