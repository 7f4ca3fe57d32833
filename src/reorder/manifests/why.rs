//! Why an install step stays where it is, in words.

/// Why an install step cannot be told to need the manifests alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The manifest is not in the context, or not where the step runs.
    #[error("no {name} lies in {}, which is there where it runs; copy it there first, and see that the ignore file lets it in", place(.dir))]
    NoManifest {
        /// The manifest.
        name: String,
        /// The directory of the context that was looked into.
        dir: String,
    },
    /// The sources come with the stage that this one is built on.
    #[error(
        "the sources are copied in the stage {0}, on which this one is built; copy the manifests and install there, above them, or copy the sources here"
    )]
    SourcesBelow(String),
    /// A manifest cannot be read or understood.
    #[error("{0} cannot be read")]
    Unreadable(String),
    /// A lifecycle script runs code that may need the sources.
    #[error("{path} has a \"{name}\" script that runs at install and may need the sources: {text}")]
    Script {
        /// The manifest.
        path: String,
        /// The script's name.
        name: String,
        /// Its command.
        text: String,
    },
    /// A dependency is a directory of the project.
    #[error("{path} depends on {what}, a directory of the project")]
    LocalDependency {
        /// The manifest.
        path: String,
        /// The dependency.
        what: String,
    },
    /// The step builds or installs the project itself.
    #[error("it installs the project itself, which needs its sources{0}")]
    InstallsProject(String),
    /// What it installs depends on which sources are there.
    #[error("what it makes depends on the sources: {0}")]
    DependsOnSources(String),
    /// The lock file may be rewritten, and COPY would put the old one back.
    #[error("it may rewrite {0}, which a COPY after it would put back")]
    RewritesLock(String),
    /// What it installs is in the context as well.
    #[error(
        "{0} is in the build context too, and COPY would put it over what was installed; ignore it in .dockerignore"
    )]
    InContext(String),
    /// It works in another directory, or from another file, than the usual.
    #[error("{0} makes it look elsewhere than where it runs")]
    Elsewhere(String),
    /// The same command does more than fetch.
    #[error("`{0}` in the same command may need the sources")]
    SharesCommand(String),
    /// Other commands of the same RUN need more.
    #[error("the same RUN also runs `{0}`, which may need the sources")]
    SharesStep(String),
    /// The command has parts that are not known before it runs.
    #[error("its words are not all known before it runs")]
    Dynamic,
}

/// A directory of the context, as it is told.
fn place(dir: &str) -> String {
    if dir.is_empty() {
        "the root of the build context".to_owned()
    } else {
        format!("{dir} of the build context")
    }
}
