//! Identities and content keys.

use serde::{Deserialize, Serialize};

use super::level::Level;
use crate::context::Digest;

/// Identity of a result: what follows it is found through it (cache semantics, section 2).
pub type Id = Digest;

/// The content of the paths that a vertex takes from one input.
///
/// Three views of one thing, because what a RUN put out cannot be known: `known` holds what copies put there,
/// `guess` adds the outputs that the RUNs were told to make, `exact` adds everything that could have written
/// there. Equal `exact` means equal content; see [`ContentKey::compare`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ContentKey {
    /// Digest of what is known for sure.
    pub known: Digest,
    /// Digest under the sensible assumption (section 9).
    pub guess: Digest,
    /// Digest in which everything that could matter takes part.
    pub exact: Digest,
    /// The output of a RUN could take part.
    pub open: bool,
    /// What takes part rests on a prediction that is itself not certain, or on something outside that may have
    /// changed by now.
    pub shaky: bool,
}

impl ContentKey {
    /// A key over content that is known to the last byte.
    pub fn closed(digest: Digest) -> Self {
        Self { known: digest, guess: digest, exact: digest, open: false, shaky: false }
    }

    /// Compares the content of now with that of a stored record.
    pub fn compare(&self, stored: &Self) -> Level {
        if self.exact == stored.exact {
            if self.shaky { Level::AssumedYes } else { Level::Yes }
        } else if self.guess == stored.guess {
            Level::AssumedYes
        } else if self.open || stored.open || self.shaky || self.known == stored.known {
            // With the same known files only an image differs, which may hold the same file.
            Level::AssumedNo
        } else {
            Level::No
        }
    }
}
