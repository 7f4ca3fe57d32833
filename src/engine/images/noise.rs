//! Paths that differ from build to build whatever the Dockerfile says.

/// Prefix or whole path without a slash in front, and why it differs.
///
/// Each is a place where the tool named writes times, random names or the order of finished downloads. A
/// trailing slash covers what is below.
const PLACES: &[(&str, &str)] = &[
    ("var/log/", "a log"),
    ("var/cache/ldconfig/aux-cache", "ldconfig keeps times in it"),
    ("var/lib/apt/", "apt keeps times in it"),
    ("var/cache/apt/", "apt keeps times in it"),
    ("var/cache/debconf/", "debconf keeps times in it"),
    ("var/lib/dpkg/", "dpkg lists packages in the order they were installed"),
    ("lib/apk/db/", "apk keeps times in it"),
    ("var/cache/apk/", "apk keeps times in it"),
    ("var/lib/rpm/", "rpm keeps times in it"),
    ("var/lib/dnf/", "dnf keeps times in it"),
    ("etc/machine-id", "made at random"),
    ("root/.npm/", "npm's cache"),
    ("root/.cache/", "a cache"),
    ("tmp/", "left behind in /tmp"),
];

/// Endings, and why such files differ.
const ENDINGS: &[(&str, &str)] = &[
    (".pyc", "Python keeps the source's time in it"),
    ("/.package-lock.json", "npm writes it in the order of finished downloads"),
];

/// Finds why a path may differ between two builds of one Dockerfile.
pub(super) fn reason(path: &str) -> Option<&'static str> {
    let place = |(place, _): &&(&str, &str)| match place.strip_suffix('/') {
        Some(_) => path.starts_with(place),
        None => path == *place,
    };
    let found = PLACES.iter().find(place).or_else(|| ENDINGS.iter().find(|(end, _)| path.ends_with(end)));
    found.map(|(_, reason)| *reason)
}
