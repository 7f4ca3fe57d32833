//! How surely a stored record is that of a vertex.

/// How one input, or a whole vertex, matches a stored record. The order is that of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It surely does not match.
    No,
    /// It is taken not to match, but it could.
    AssumedNo,
    /// It is taken to match, but it need not.
    AssumedYes,
    /// It surely matches.
    Yes,
}

impl Level {
    /// Whether the record counts as found.
    pub fn found(self) -> bool {
        self >= Self::AssumedYes
    }

    /// Whether that is sure.
    pub fn certain(self) -> bool {
        matches!(self, Self::No | Self::Yes)
    }
}
