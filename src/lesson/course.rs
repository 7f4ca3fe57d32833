//! All lessons: those embedded in the binary, and a teacher's own laid over them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::embedded;
use super::load::{Lesson, LessonError, LessonFiles};

/// Bytes of one text file of a lesson.
const MAX_TEXT: u64 = 1 << 20;

/// The files of every embedded lesson, by lesson.
pub fn embedded_files() -> BTreeMap<String, LessonFiles> {
    embedded::LESSONS
        .iter()
        .map(|(id, files)| {
            (
                (*id).to_string(),
                files.iter().map(|(path, text)| ((*path).to_string(), Arc::from(*text))).collect(),
            )
        })
        .collect()
}

/// Reads the files of one lesson's folder.
///
/// # Errors
/// A folder that cannot be read, a file that is no text, a symbolic link (a lesson is what its folder holds).
pub fn read_folder(dir: &Path) -> Result<LessonFiles, LessonError> {
    let name = dir.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut files = LessonFiles::new();
    read_into(dir, "", &name, 0, &mut files)?;
    Ok(files)
}

fn read_into(
    dir: &Path,
    at: &str,
    lesson: &str,
    depth: usize,
    files: &mut LessonFiles,
) -> Result<(), LessonError> {
    let error = |path: &str, message: String| LessonError {
        file: format!("{lesson}/{path}"),
        line: 0,
        column: 0,
        message,
    };
    if depth > 12 || files.len() > 1000 {
        return Err(error(at, "too many files or folders for a lesson".into()));
    }
    let listing = std::fs::read_dir(dir).map_err(|e| error(at, format!("cannot be read: {e}")))?;
    let mut entries =
        listing.collect::<Result<Vec<_>, _>>().map_err(|e| error(at, format!("cannot be read: {e}")))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Some(name) = entry.file_name().to_str().map(String::from) else {
            return Err(error(at, "holds a file whose name is no UTF-8".into()));
        };
        let path = if at.is_empty() { name } else { format!("{at}/{name}") };
        let meta =
            entry.path().symlink_metadata().map_err(|e| error(&path, format!("cannot be read: {e}")))?;
        if meta.is_dir() {
            read_into(&entry.path(), &path, lesson, depth + 1, files)?;
        } else if !meta.is_file() {
            return Err(error(&path, "is no regular file: a lesson holds files and folders alone".into()));
        } else if meta.len() > MAX_TEXT {
            return Err(error(&path, "is over 1 MB; [[file]] with size makes big files".into()));
        } else {
            let bytes =
                std::fs::read(entry.path()).map_err(|e| error(&path, format!("cannot be read: {e}")))?;
            let text = String::from_utf8(bytes).map_err(|_| {
                error(&path, "is no UTF-8 text; [[file]] with size makes files of weight".into())
            })?;
            files.insert(path, text.into());
        }
    }
    Ok(())
}

/// A course: lessons in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct Course {
    /// The lessons.
    pub lessons: Vec<Lesson>,
}

impl Course {
    /// The embedded course, with the lessons of a folder laid over it: one of the same name replaces, others
    /// are added.
    ///
    /// # Errors
    /// Everything that is wrong with the folder's lessons (and with the embedded ones, which a test rules out).
    pub fn open(own: Option<&Path>) -> Result<Self, Vec<LessonError>> {
        let mut all = embedded_files();
        if let Some(dir) = own {
            let error = |e: std::io::Error| {
                vec![LessonError {
                    file: dir.display().to_string(),
                    line: 0,
                    column: 0,
                    message: format!("cannot be read: {e}"),
                }]
            };
            for entry in std::fs::read_dir(dir).map_err(error)? {
                let entry = entry.map_err(error)?;
                if entry.path().join("lesson.toml").is_file() {
                    let id = entry.file_name().to_string_lossy().into_owned();
                    all.insert(id, read_folder(&entry.path()).map_err(|e| vec![e])?);
                }
            }
        }
        let (mut lessons, mut errors) = (Vec::new(), Vec::new());
        for (id, files) in &all {
            match Lesson::load(id, files) {
                Ok(lesson) => lessons.push(lesson),
                Err(mut e) => errors.append(&mut e),
            }
        }
        if errors.is_empty() { Ok(Self { lessons }) } else { Err(errors) }
    }

    /// Finds a lesson by its id, its number (`3`, `03`) or the words of its id (`order`).
    pub fn find(&self, name: &str) -> Option<usize> {
        let name = name.trim().trim_end_matches('/');
        let by = |f: &dyn Fn(&Lesson) -> bool| self.lessons.iter().position(f);
        by(&|l| l.id == name)
            .or_else(|| name.parse::<u32>().ok().and_then(|n| by(&|l| l.number().parse() == Ok(n))))
            .or_else(|| by(&|l| l.id.split_once('-').is_some_and(|(_, rest)| rest == name)))
    }
}

/// One of the twenty beliefs about the build cache that come up most.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Belief {
    /// Number, from 1.
    pub number: u32,
    /// The belief, as people say it.
    pub belief: String,
    /// The true answer.
    pub truth: String,
    /// Where that is recorded or written.
    pub sources: Vec<String>,
}

/// The twenty beliefs, in order.
pub fn beliefs() -> Vec<Belief> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        belief: Vec<Belief>,
    }
    // The file is part of the program, and a test reads it.
    toml::from_str::<File>(include_str!("../../lessons/beliefs.toml")).map(|f| f.belief).unwrap_or_default()
}
