//! Recorded builds as folders on disk that are edited step by step (tests/conformance/README.md).

use std::fs;
use std::path::Path;

use layerlab::context::{Ignore, Index, Scan, Tree, find_ignore};
use serde_json::Value;

/// The folder of one case, edited step by step.
pub struct Folder {
    pub dir: tempfile::TempDir,
}

impl Folder {
    pub fn new(case: &Value) -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap() };
        if let Some(text) = case["dockerfile"].as_str() {
            folder.write("Dockerfile", text.as_bytes());
        }
        for (path, what) in case["context"].as_object().unwrap() {
            if let Some(target) = what["symlink"].as_str() {
                folder.link(path, target);
            } else if what["dir"].is_boolean() {
                fs::create_dir_all(folder.at(path)).unwrap();
            } else {
                folder.write(path, &bytes_of(what));
            }
            if let Some(mode) = what["mode"].as_str() {
                folder.chmod(path, mode);
            }
        }
        folder
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        let fresh = !self.at(path).exists();
        fs::write(self.at(path), bytes).unwrap();
        if fresh {
            self.chmod(path, "0644");
        }
    }

    fn chmod(&self, path: &str, mode: &str) {
        use std::os::unix::fs::PermissionsExt;
        let mode = u32::from_str_radix(mode, 8).unwrap();
        fs::set_permissions(self.at(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        // It may or may not be there yet.
        let _ = fs::remove_file(self.at(path));
        std::os::unix::fs::symlink(target, self.at(path)).unwrap();
    }

    pub fn edit(&self, op: &Value) {
        let path = op["path"].as_str().unwrap_or_default();
        let text = || fs::read_to_string(self.at(path)).unwrap();
        match op["op"].as_str().unwrap() {
            "none" => {}
            "write" => {
                self.write(path, &bytes_of(op));
                if let Some(mode) = op["mode"].as_str() {
                    self.chmod(path, mode);
                }
            }
            "append" => self.write(path, (text() + op["content"].as_str().unwrap()).as_bytes()),
            "replace" => {
                let new = text().replacen(op["old"].as_str().unwrap(), op["new"].as_str().unwrap(), 1);
                self.write(path, new.as_bytes());
            }
            "delete" if self.at(path).is_dir() => fs::remove_dir_all(self.at(path)).unwrap(),
            "delete" => fs::remove_file(self.at(path)).unwrap(),
            "rename" => {
                let to = self.at(op["to"].as_str().unwrap());
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::rename(self.at(path), to).unwrap();
            }
            "chmod" => self.chmod(path, op["mode"].as_str().unwrap()),
            "touch" => {
                let file = fs::File::options().write(true).open(self.at(path)).unwrap();
                file.set_modified(std::time::SystemTime::now()).unwrap();
            }
            "mkdir" => {
                fs::create_dir_all(self.at(path)).unwrap();
                self.chmod(path, op["mode"].as_str().unwrap_or("0755"));
            }
            "symlink" => self.link(path, op["target"].as_str().unwrap()),
            "write_keep_mtime" => {
                let was = fs::metadata(self.at(path)).unwrap().modified().unwrap();
                self.write(path, &bytes_of(op));
                fs::File::options().write(true).open(self.at(path)).unwrap().set_modified(was).unwrap();
            }
            other => panic!("unknown edit {other}"),
        }
    }
}

fn bytes_of(what: &Value) -> Vec<u8> {
    let text = what.as_str().or(what["content"].as_str()).unwrap();
    text.repeat(what["repeat"].as_u64().unwrap_or(1) as usize).into_bytes()
}

/// Scans as a build does: with the ignore file that it would take, and what is known from the last time.
pub fn shipped(
    folder: &Path,
    index: &Path,
    dockerfile: &str,
) -> Result<Tree, layerlab::context::IgnoreError> {
    let text = find_ignore(folder, &folder.join(dockerfile)).unwrap().map_or(String::new(), |(_, text)| text);
    let mut scan = Scan::new(folder, Ignore::parse(&text)?, Index::load(index, folder)).unwrap();
    scan.save_index(index).unwrap();
    Ok(scan.shipped())
}
