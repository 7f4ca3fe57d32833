//! What was worked out of a text before: the drafts of a proposal and the versions of a Dockerfile in a history have
//! most of their commands in common.
//!
//! What comes out of a text rests on the text, the working directory, the shell and the values that were asked for on
//! the way. All of these are compared, so that nothing recalled can differ from what would be worked out anew. Each
//! thread has its own memory.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::thread::LocalKey;

use super::script::{Scene, ShellKind};

/// How many texts are remembered; then all are forgotten.
const MOST: usize = 2_000;

/// What came out of texts.
pub struct Memory<V> {
    hasher: RandomState,
    known: RefCell<HashMap<u64, Vec<Known<V>>>>,
}

struct Known<V> {
    text: Box<str>,
    cwd: Box<str>,
    shell: ShellKind,
    /// Variables that were asked for, with the answers.
    asked: Vec<Asked>,
    value: V,
}

type Asked = (Box<str>, Option<String>);

impl<V> Default for Memory<V> {
    fn default() -> Self {
        Self { hasher: RandomState::new(), known: RefCell::default() }
    }
}

impl<V: Clone> Memory<V> {
    fn find(&self, hash: u64, text: &str, scene: &Scene<'_>) -> Option<V> {
        let known = self.known.borrow();
        let is_it = |known: &&Known<V>| {
            *known.text == *text
                && *known.cwd == *scene.cwd
                && known.shell == scene.shell
                && known.asked.iter().all(|(name, answer)| (scene.env)(name) == *answer)
        };
        known.get(&hash)?.iter().find(is_it).map(|known| known.value.clone())
    }

    fn keep(&self, hash: u64, known: Known<V>) {
        let mut all = self.known.borrow_mut();
        if all.len() >= MOST {
            all.clear();
        }
        all.entry(hash).or_default().push(known);
    }
}

/// Recalls what came out of a text in a scene, or works it out.
pub fn recall<V: Clone>(
    memory: &'static LocalKey<Memory<V>>,
    text: &str,
    scene: &Scene<'_>,
    work_out: impl FnOnce(&Scene<'_>) -> V,
) -> V {
    let hash = memory.with(|memory| memory.hasher.hash_one((text, scene.cwd)));
    if let Some(value) = memory.with(|memory| memory.find(hash, text, scene)) {
        return value;
    }
    // Whoever recalls a part of it asks for the same variables in turn, so that none is missed.
    let asked: RefCell<Vec<Asked>> = RefCell::default();
    let env = |name: &str| {
        let answer = (scene.env)(name);
        let mut asked = asked.borrow_mut();
        if !asked.iter().any(|(known, _)| **known == *name) {
            asked.push((name.into(), answer.clone()));
        }
        answer
    };
    let value = work_out(&Scene { env: &env, ..*scene });
    let asked = asked.into_inner();
    let known =
        Known { text: text.into(), cwd: scene.cwd.into(), shell: scene.shell, asked, value: value.clone() };
    memory.with(|memory| memory.keep(hash, known));
    value
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::shell::{Script, effects};

    thread_local! {
        static LENGTHS: Memory<usize> = Memory::default();
    }

    /// Recalled is what has the same text, place, shell and answers; the rest is worked out.
    #[test]
    fn recalls_what_rests_on_the_same() {
        let count = Cell::new(0);
        let ask = |text: &str, cwd: &str, shell: ShellKind, value: &str| {
            let env = |name: &str| (name == "A").then(|| value.to_owned());
            recall(&LENGTHS, text, &Scene { cwd, env: &env, shell }, |scene| {
                count.set(count.get() + 1);
                let value = if text.contains("$A") { (scene.env)("A") } else { None };
                text.len() + value.unwrap_or_default().len()
            })
        };
        let posix = ShellKind::Posix;
        for (text, cwd, shell, value, length, worked_out) in [
            ("x $A", "/", posix, "1", 5, 1),
            ("x $A", "/", posix, "1", 5, 1),
            ("x $A", "/", posix, "22", 6, 2),
            ("x $A", "/", posix, "1", 5, 2),
            ("x $A", "/b", posix, "1", 5, 3),
            ("x $A", "/", ShellKind::Bash, "1", 5, 4),
            ("x", "/", posix, "1", 1, 5),
            ("x", "/", posix, "333", 1, 5),
        ] {
            assert_eq!(ask(text, cwd, shell, value), length, "{text} in {cwd}");
            assert_eq!(count.get(), worked_out, "{text} in {cwd} with {value}");
        }
    }

    /// A variable that only a text within the text names counts for the whole.
    #[test]
    fn what_a_part_asks_for_counts_for_the_whole() {
        let of = |value: &str| {
            let env = |name: &str| (name == "DIR").then(|| value.to_owned());
            effects("sh -c 'touch $DIR/a'", &Scene { cwd: "/", env: &env, shell: ShellKind::Posix })
        };
        let read = |value: &str| {
            let env = |name: &str| (name == "DIR").then(|| value.to_owned());
            Script::read("touch $DIR/a", &Scene { cwd: "/", env: &env, shell: ShellKind::Posix })
        };
        // The part is known before the whole is asked for.
        read("/one");
        assert_eq!(of("/one"), of("/one"));
        assert_ne!(of("/one").writes, of("/two").writes);
        assert_ne!(read("/one"), read("/two"));
    }
}
