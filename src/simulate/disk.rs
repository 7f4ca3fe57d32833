//! A simulated cache in a folder (`--cache DIR`).
//!
//! `records.jsonl` only ever grows: one record a line, under a lock that other processes respect, so that two may
//! share it and a crash in the middle of a line loses that line alone. `last.json` is what the build before
//! started from, written beside and put in place in one go; causes are told against it. The trees of files that
//! it names by digest lie in `trees`, each in a file of its own, which is looked into only where one differs.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BuildInput, Outcome, Simulator};
use crate::context::{Digest, Tree};
use crate::dockerfile;
use crate::graph::GraphOptions;
use crate::solver::Addition;

/// A folder with a simulated cache.
#[derive(Debug, Clone)]
pub struct CacheFolder {
    folder: PathBuf,
}

/// What the build before started from.
#[derive(Serialize, Deserialize)]
struct Last {
    text: String,
    options: GraphOptions,
    context: Digest,
    named: BTreeMap<String, Digest>,
}

const RECORDS: &str = "records.jsonl";
const LAST: &str = "last.json";
const LOCK: &str = "lock";
const TREES: &str = "trees";

impl CacheFolder {
    /// Names a folder; nothing is made before something is written.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// A builder with what the folder holds; an empty one where there is no folder.
    ///
    /// # Errors
    /// Where something is there and cannot be read.
    pub fn load(&self) -> io::Result<Simulator> {
        let mut simulator = Simulator::default();
        simulator.import(self.additions()?);
        if let Some(input) = self.last()? {
            // A Dockerfile that was built once has a graph; if a newer layerlab refuses it, nothing is compared.
            let _ = simulator.compare_with(&input);
        }
        Ok(simulator)
    }

    /// What the folder's records hold, for an import.
    ///
    /// # Errors
    /// Where something is there and cannot be read.
    pub fn additions(&self) -> io::Result<Vec<Addition>> {
        let file = match File::open(self.folder.join(RECORDS)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut out = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            // A line that a crash cut short is no record; what stands before and after it is.
            if let Ok(addition) = serde_json::from_slice(&line?) {
                out.push(addition);
            }
        }
        Ok(out)
    }

    /// Remembers a build: what it added, and what it started from.
    ///
    /// # Errors
    /// Where the folder cannot be written; what was there stays.
    pub fn remember(&self, outcome: &Outcome) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let _lock = self.lock()?;
        self.append(outcome.additions())?;
        if outcome.prediction.error.is_none() {
            self.write_last(&outcome.input)?;
        }
        Ok(())
    }

    /// Writes an export, in place of what an export of before left there.
    ///
    /// # Errors
    /// Where the folder cannot be written.
    pub fn write_export(&self, additions: &[Addition]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let _lock = self.lock()?;
        let mut bytes = Vec::new();
        for a in additions {
            serde_json::to_writer(&mut bytes, a)?;
            bytes.push(b'\n');
        }
        self.replace(RECORDS, &bytes)
    }

    /// Waits for the folder's lock, which ends with the file.
    fn lock(&self) -> io::Result<File> {
        let file = OpenOptions::new().create(true).append(true).open(self.folder.join(LOCK))?;
        #[cfg(unix)]
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(file)
    }

    fn append(&self, additions: &[Addition]) -> io::Result<()> {
        let mut file =
            OpenOptions::new().create(true).read(true).append(true).open(self.folder.join(RECORDS))?;
        let known: std::collections::HashSet<Vec<u8>> = self.lines()?.into_iter().collect();
        let mut bytes = Vec::new();
        if ends_in_the_middle(&mut file)? {
            bytes.push(b'\n');
        }
        for a in additions {
            let line = serde_json::to_vec(a)?;
            if !known.contains(&line) {
                bytes.extend(line);
                bytes.push(b'\n');
            }
        }
        file.write_all(&bytes)?;
        file.sync_data()
    }

    fn lines(&self) -> io::Result<Vec<Vec<u8>>> {
        let mut bytes = Vec::new();
        match File::open(self.folder.join(RECORDS)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?.read_to_end(&mut bytes)?,
        };
        Ok(bytes.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect())
    }

    fn last(&self) -> io::Result<Option<BuildInput>> {
        let bytes = match fs::read(self.folder.join(LAST)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        // Written by another version: causes are then told as for a first build.
        let Ok(last) = serde_json::from_slice::<Last>(&bytes) else { return Ok(None) };
        let Ok(dockerfile) = dockerfile::parse(&last.text) else { return Ok(None) };
        // The same where another process has just put its own build in place, and these trees away.
        let Some(context) = self.tree(&last.context)? else { return Ok(None) };
        let mut named = BTreeMap::new();
        for (name, digest) in last.named {
            let Some(tree) = self.tree(&digest)? else { return Ok(None) };
            named.insert(name, tree);
        }
        Ok(Some(BuildInput { dockerfile: Arc::new(dockerfile), options: last.options, context, named }))
    }

    fn write_last(&self, input: &BuildInput) -> io::Result<()> {
        fs::create_dir_all(self.folder.join(TREES))?;
        for tree in std::iter::once(&input.context).chain(input.named.values()) {
            let digest = tree.digest();
            if self.tree(&digest)?.is_none() {
                self.replace(&tree_name(&digest), &tree.to_bytes())?;
            }
        }
        let last = Last {
            text: input.dockerfile.text.to_string(),
            options: input.options.clone(),
            context: input.context.digest(),
            named: input.named.iter().map(|(n, t)| (n.clone(), t.digest())).collect(),
        };
        self.replace(LAST, &serde_json::to_vec(&last)?)?;
        self.drop_trees(&last)
    }

    /// Reads a tree; none where it is not there, or no longer what was written.
    fn tree(&self, digest: &Digest) -> io::Result<Option<Tree>> {
        match fs::read(self.folder.join(tree_name(digest))) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            bytes => Ok(Tree::from_bytes(bytes?).filter(|tree| tree.digest() == *digest)),
        }
    }

    /// Drops the trees that the build before does not name.
    fn drop_trees(&self, last: &Last) -> io::Result<()> {
        let named: Vec<PathBuf> = std::iter::once(&last.context)
            .chain(last.named.values())
            .map(|digest| self.folder.join(tree_name(digest)))
            .collect();
        for entry in fs::read_dir(self.folder.join(TREES))? {
            let path = entry?.path();
            if !named.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// Puts a file in place in one go.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(self.folder.join(name))?;
        Ok(())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

/// Tells whether the last line has no end: its writer was interrupted.
fn ends_in_the_middle(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last[0] != b'\n')
}

/// The file of a tree, in the folder.
fn tree_name(digest: &Digest) -> String {
    format!("{TREES}/{digest}")
}
