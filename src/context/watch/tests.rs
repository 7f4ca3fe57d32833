use super::*;
use crate::context::{Index, Scan};
use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

/// Long enough for a busy machine; what is waited for mostly comes at once.
const LONG: Duration = Duration::from_secs(20);

const FAST: Pace = Pace {
    quiet: Duration::from_millis(10),
    patience: Duration::from_millis(100),
    poll: Duration::from_millis(50),
};

struct Watched {
    dir: tempfile::TempDir,
    ignore: Ignore,
    scan: Scan,
    events: mpsc::Receiver<WatchEvent>,
    watcher: Watcher,
}

impl Watched {
    fn new(mode: WatchMode, ignore: &str, files: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            write(dir.path(), file, "1");
        }
        let (send, events) = mpsc::channel();
        let ignore = Ignore::parse(ignore).unwrap();
        let watcher = Watcher::start_at(dir.path(), &ignore, &[], mode, FAST, move |e| {
            // The test may be over.
            let _ = send.send(e);
        })
        .unwrap();
        let scan = Scan::new(dir.path(), ignore.clone(), Index::default()).unwrap();
        Self { dir, ignore, scan, events, watcher }
    }

    /// Follows the events until the scan shows what is on disk; yields the paths that were named.
    fn follow(&mut self, what: &str) -> BTreeSet<PathBuf> {
        let mut named = BTreeSet::new();
        let end = Instant::now() + LONG;
        loop {
            let fresh = Scan::new(self.dir.path(), self.ignore.clone(), Index::default()).unwrap();
            if self.scan.tree() == fresh.tree() {
                return named;
            }
            match self.events.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(WatchEvent::Dirty(paths)) => {
                    self.scan.update(&paths);
                    named
                        .extend(paths.iter().map(|p| p.strip_prefix(self.dir.path()).unwrap().to_path_buf()));
                }
                Ok(WatchEvent::SweepNeeded) => drop(self.scan.sweep()),
                Ok(other) => panic!("{what}: {other:?}"),
                Err(e) => panic!("{what} was not noticed: {e}"),
            }
        }
    }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Edits as people and tools make them, each of which must end in the tree.
fn edits(mode: WatchMode) {
    let mut w = Watched::new(mode, "out\n*.log\n", &["a", "src/b", "src/deep/c", "out/x", "old/d/e"]);
    let root = w.dir.path().to_path_buf();
    assert_eq!(w.watcher.mode(), mode);
    write(&root, "a", "in place");
    w.follow("a write");
    fs::write(root.join("src/.b.swp"), "by rename").unwrap();
    fs::rename(root.join("src/.b.swp"), root.join("src/b")).unwrap();
    w.follow("a save by rename");
    fs::remove_file(root.join("src/deep/c")).unwrap();
    w.follow("a removal");
    write(&root, "new/very/deep/f", "1");
    w.follow("new directories");
    write(&root, "new/very/deep/f", "22");
    w.follow("a write in a new directory");
    fs::rename(root.join("new"), root.join("src/moved")).unwrap();
    w.follow("a moved directory");
    write(&root, "src/moved/very/deep/f", "333");
    w.follow("a write in a moved directory");
    fs::rename(root.join("old"), root.join("older")).unwrap();
    fs::rename(root.join("src/moved/very"), root.join("old")).unwrap();
    w.follow("a directory in another's place");
    write(&root, "old/deep/f", "4444");
    write(&root, "older/d/e", "4444");
    w.follow("writes after that");
    fs::remove_dir_all(root.join("src")).unwrap();
    w.follow("a removed directory");
    write(&root, "src/again", "1");
    w.follow("a directory come back");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(root.join("a"), fs::Permissions::from_mode(0o755)).unwrap();
        w.follow("a change of mode");
    }
}

#[test]
fn native_edits() {
    edits(WatchMode::Native);
}

#[test]
fn polled_edits() {
    edits(WatchMode::Poll);
}

#[test]
fn ignored_directories_are_not_watched() {
    let mut w = Watched::new(WatchMode::Native, "node_modules\n", &["node_modules/x/y", "a"]);
    let root = w.dir.path().to_path_buf();
    write(&root, "node_modules/x/y", "22");
    write(&root, "a", "22");
    let named = w.follow("a write");
    assert!(!named.iter().any(|p| p.starts_with("node_modules/x")), "{named:?}");
}

#[test]
fn files_beside_the_context() {
    let dir = tempfile::tempdir().unwrap();
    let (root, file) = (dir.path().join("ctx"), dir.path().join("Dockerfile"));
    write(&root, "a", "1");
    for mode in [WatchMode::Native, WatchMode::Poll] {
        fs::write(&file, "1").unwrap();
        let (send, events) = mpsc::channel();
        let also = [file.clone(), dir.path().join("absent.dockerignore")];
        let _watcher = Watcher::start_at(&root, &Ignore::default(), &also, mode, FAST, move |e| {
            // The test may be over.
            let _ = send.send(e);
        })
        .unwrap();
        fs::write(dir.path().join("unrelated"), "1").unwrap();
        fs::write(dir.path().join("Dockerfile~"), "longer than before").unwrap();
        fs::rename(dir.path().join("Dockerfile~"), &file).unwrap();
        let end = Instant::now() + LONG;
        loop {
            match events.recv_timeout(end.saturating_duration_since(Instant::now())).expect("the Dockerfile")
            {
                WatchEvent::Dirty(paths) => {
                    assert_eq!(paths, std::slice::from_ref(&file), "{mode}");
                    break;
                }
                other => assert_eq!((other, mode), (WatchEvent::SweepNeeded, WatchMode::Poll)),
            }
        }
    }
}

/// A system that allows a few watches.
struct Scarce(usize);

impl notify::Watcher for Scarce {
    fn new<F: notify::EventHandler>(_: F, _: notify::Config) -> notify::Result<Self> {
        Ok(Self(0))
    }

    fn watch(&mut self, _: &Path, _: notify::RecursiveMode) -> notify::Result<()> {
        self.0 = self.0.checked_sub(1).ok_or(notify::Error::new(notify::ErrorKind::MaxFilesWatch))?;
        Ok(())
    }

    fn unwatch(&mut self, _: &Path) -> notify::Result<()> {
        Ok(())
    }

    fn kind() -> notify::WatcherKind {
        notify::WatcherKind::NullWatcher
    }
}

#[test]
fn out_of_watches() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a/b/c", "1");
    let native = |watches| Native::with(Box::new(Scarce(watches)), dir.path(), &Ignore::default(), &[]);
    let e = native(2).err().expect("three are needed");
    assert!(native::reason(&e).contains("max_user_watches"));

    let (send, events) = mpsc::channel();
    let (messages, inbox) = mpsc::channel();
    let mode = SharedMode::new(WatchMode::Native);
    let run = Run::new(native(3).ok(), Vec::new(), FAST, mode.clone(), move |e| {
        // The test may be over.
        let _ = send.send(e);
    });
    write(dir.path(), "new/c", "1");
    let created = notify::Event::new(notify::EventKind::Create(notify::event::CreateKind::Folder));
    messages.send(Message::Event(Ok(created.add_path(dir.path().join("new"))))).unwrap();
    let thread = std::thread::spawn(move || run.run(&inbox));
    let next = || events.recv_timeout(LONG).unwrap();
    assert!(matches!(next(), WatchEvent::FellBackToPolling(why) if why.contains("max_user_watches")));
    assert_eq!(next(), WatchEvent::SweepNeeded);
    assert_eq!(next(), WatchEvent::Dirty(vec![dir.path().join("new")]));
    assert_eq!(next(), WatchEvent::SweepNeeded, "the first poll");
    assert_eq!(mode.get(), WatchMode::Poll);
    messages.send(Message::Stop).unwrap();
    thread.join().unwrap();
}

#[test]
fn reading_is_no_change_and_losses_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut native = Native::with(Box::new(Scarce(9)), dir.path(), &Ignore::default(), &[]).unwrap();
    use notify::event::{AccessKind, DataChange, Flag, ModifyKind};
    use notify::{Event, EventKind};
    let at = |kind, name: &str| Event::new(kind).add_path(dir.path().join(name));
    use super::native::Meaning;
    assert_eq!(native.meaning(&at(EventKind::Access(AccessKind::Any), "a")), Meaning::Nothing);
    let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
    assert_eq!(native.meaning(&at(data, "a")), Meaning::Dirty(vec![dir.path().join("a")]));
    assert_eq!(native.meaning(&at(data, "../a")), Meaning::Nothing);
    assert_eq!(native.meaning(&Event::new(EventKind::Other).set_flag(Flag::Rescan)), Meaning::Lost);
}

#[test]
fn off_and_gone() {
    let dir = tempfile::tempdir().unwrap();
    let start = |path: &Path, mode| Watcher::start(path, &Ignore::default(), &[], mode, |_| {});
    assert_eq!(start(dir.path(), WatchMode::Off).unwrap().mode(), WatchMode::Off);
    let none = dir.path().join("none");
    assert!(start(&none, WatchMode::Native).is_err());
    assert_eq!(start(&none, WatchMode::Auto).unwrap().mode(), WatchMode::Poll);
    assert_eq!("poll".parse(), Ok(WatchMode::Poll));
    assert!("often".parse::<WatchMode>().is_err());
}
