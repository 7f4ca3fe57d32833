//! A cache mount as it is written and told.

use super::owners::Owner;
use super::places::Places;
use super::{Search, Use};
use crate::dockerfile::ast::CommandLine;
use crate::reorder::MoveKind;
use crate::reorder::offers::Found;
use crate::reorder::offers::flags::{put_flags, with_other_flag, without_flag};
use crate::reorder::rewrite::edited::Edit;
use crate::reorder::rewrite::head_and_command;
use crate::shell::{Call, ShellKind};

impl<'a> Search<'a> {
    /// The offer of the mounts on all that use the cache.
    pub(super) fn offer(&self, uses: &[Use<'a>], places: &Places, is_shipped: bool) -> Option<Found> {
        // It is named by a step of the user's own, not by one that was put in.
        let is_own = |used: &&Use<'_>| self.sheet.draft.line(used.own.line) > 0;
        let first = uses.iter().find(is_own).or(uses.first())?;
        let edits: Option<Vec<Vec<Edit>>> = uses.iter().map(|used| self.edits(used, places)).collect();
        let (cache, mut differs) = (self.cache, places.targets.clone());
        differs.extend(self.taken_along(&places.targets));
        let mut changes = if cache.script.is_empty() {
            "the downloads stay with the builder and are no longer in this layer; a builder that is new starts without them"
        } else {
            "it stays with the builder and is no longer in this layer; a builder that is new starts without it"
        }
        .to_owned();
        let mut more = |text: &str| {
            changes += "; ";
            changes += text;
        };
        if uses.len() > 1 {
            more(&format!("every RUN that may use {} gets it, {} in all", cache.tool, uses.len()));
        }
        if let Some(flag) = cache.without.filter(|flag| uses.iter().any(|used| self.given(used, flag) > 0)) {
            more(&match cache.instead {
                "" => format!("`{flag}` is left out, as {}", cache.because),
                other => format!(
                    "`{other}` takes the place of `{flag}`, so that packages are kept there and the index is still fetched each time"
                ),
            });
        }
        if let Some(name) = self.cache.off.filter(|_| uses.iter().any(|used| self.is_off(used))) {
            let step = if uses.len() == 1 { "the step" } else { "these steps" };
            more(&format!("{name} is unset for {step}, as it would leave the mount unused"));
        }
        let cleaned: Vec<String> =
            uses.iter().flat_map(|used| &used.cleanings.names).map(|name| format!("`{name}`")).collect();
        if !cleaned.is_empty() {
            let verb = if cleaned.len() == 1 { "is" } else { "are" };
            more(&format!("{} {verb} left out, as the mount would be emptied", cleaned.join(" and ")));
        }
        if cache.tool == "apt" {
            more(
                "the image's /etc/apt/apt.conf.d/docker-clean, which removes the archives and the indexes of packages after an install, is removed: a later install without the mount, in this image or one built on it, leaves them there",
            );
            differs.push(DOCKER_CLEAN.to_owned());
        }
        let tests = |used: &Use<'_>| {
            let calls = self.sheet.calls(used.stage, used.index).iter();
            calls.filter(|call| call.program == "go").any(|call| call.after("test").is_some())
        };
        if cache.tool == "Go" && uses.iter().any(tests) {
            more(
                "results of tests are kept as well: one that passed is not run again while nothing that it uses changes (`-count=1` runs it)",
            );
        }
        if cache.tool == "Cargo" {
            more("the target directory stays in the layer: in a mount the program would be missing from it");
        }
        if self.cache.whole && is_shipped {
            more(&format!(
                "the image does not hold them either, so that {} in a container of it would fetch them again",
                cache.tool
            ));
        }
        if !places.sets.is_empty() {
            let names: Vec<&str> = places.sets.iter().map(|(name, _)| *name).collect();
            let verb = if names.len() == 1 { "is" } else { "are" };
            let step = if uses.len() == 1 { "the step" } else { "these steps" };
            more(&format!(
                "{} {verb} set for {step}, so that they come to lie there; what the base image may bring of its own is not looked at",
                names.join(" and ")
            ));
        }
        match &places.owner {
            Owner::Root => {}
            Owner::Numbered(number, _) => more(&format!(
                "the mount is that of user {number}, under an id of its own for this base image and user"
            )),
            Owner::Whoever(_) => more(
                "who runs the step is not known, so the mount is open to all users (mode=0777), under an id of its own for this base image; a step that cannot write there all the same (Docker's own builder makes it root's) does without it",
            ),
        }
        if !cache.changes.is_empty() {
            more(cache.changes);
        }
        if cache.tool == "Bundler" && places.targets.iter().any(|target| target.contains("/ruby/")) {
            more("the directory of the gems is that of this version of Ruby, and has to follow the image's");
        }
        if cache.locked {
            more("builds take turns in it (sharing=locked)");
        }
        Some(Found {
            kind: MoveKind::CacheMount,
            at: (first.stage, first.index),
            name: format!(
                "keep the {} of {} in a cache mount",
                match cache.tool {
                    "Go" => "downloads and compiled packages",
                    _ if cache.script.is_empty() => "downloads",
                    _ => "build cache",
                },
                cache.tool
            ),
            changes,
            edits: edits?.into_iter().flatten().collect(),
            differs,
        })
    }

    /// How many calls of the tool have a flag.
    fn given(&self, used: &Use<'_>, flag: &str) -> usize {
        let calls = self.sheet.calls(used.stage, used.index);
        calls
            .iter()
            .filter(|call| self.cache.programs.contains(&call.program.as_str()) && call.has(&[flag]))
            .count()
    }

    /// Tells whether a variable turns the cache off where a step runs.
    fn is_off(&self, used: &Use<'_>) -> bool {
        let scope = self.sheet.scope(used.stage, used.index);
        self.cache.off.is_some_and(|name| scope.vars.contains_key(name))
    }

    fn edits(&self, used: &Use<'a>, places: &Places) -> Option<Vec<Edit>> {
        let text = self.sheet.text(used.own);
        let sharing = if self.cache.locked { ",sharing=locked" } else { "" };
        // Others build in a directory of this name as well.
        let package = if self.cache.script.is_empty() { String::new() } else { self.package(used)? };
        let mounts = places.targets.iter().map(|target| {
            let name = target.strip_prefix("/var/cache/").unwrap_or(&target[1..]).replace('/', "-");
            let (id, owner) = match &places.owner {
                Owner::Root if !package.is_empty() => (format!("id={name}-{package},"), String::new()),
                Owner::Root => (String::new(), String::new()),
                Owner::Numbered(number, told) => (format!("id={name}-{told},"), format!(",uid={number}")),
                Owner::Whoever(told) => (format!("id={name}-{told},"), ",mode=0777".to_owned()),
            };
            format!("--mount=type=cache,{id}target={target}{owner}{sharing}")
        });
        let mut edits = vec![put_flags(used.own, text, &mounts.collect::<Vec<_>>(), &self.sheet.draft)];
        if self.cache.tool == "apt" {
            edits.push(before_command(used, text, &format!("rm -f {DOCKER_CLEAN} && "))?);
        }
        if let Some(name) = self.cache.off.filter(|_| self.is_off(used)) {
            // What no POSIX shell runs has another word for it.
            let shell = ShellKind::of(&self.sheet.scope(used.stage, used.index).shell);
            let words = Some(format!("unset {name} && ")).filter(|_| shell != ShellKind::Other);
            edits.push(before_command(used, text, &words?)?);
        }
        if !places.sets.is_empty() {
            let pairs: Vec<String> =
                places.sets.iter().map(|(name, place)| format!("{name}={place}")).collect();
            let export = format!("export {}", pairs.join(" "));
            let words = if matches!(places.owner, Owner::Whoever(_)) {
                let can_write: Vec<String> =
                    places.sets.iter().map(|(_, place)| format!("[ -w {place} ]")).collect();
                format!("if {}; then {export}; fi && ", can_write.join(" && "))
            } else {
                format!("{export} && ")
            };
            // What no POSIX shell runs has another word for it.
            let shell = ShellKind::of(&self.sheet.scope(used.stage, used.index).shell);
            let words = Some(words).filter(|_| shell != ShellKind::Other);
            edits.push(before_command(used, text, &words?)?);
        }
        if let Some(flag) = self.cache.without {
            let calls = self.sheet.calls(used.stage, used.index);
            let lacks_it = |call: &Call| self.is_call(call) && !call.has(&[flag]);
            if !self.cache.instead.is_empty() && calls.iter().any(lacks_it) {
                return None;
            }
            // Another tool of the same RUN may have a flag of this name.
            let given = self.given(used, flag);
            if given > 0 {
                let start = used.own.span.start;
                let taken_out = match self.cache.instead {
                    "" => without_flag(start, text, flag)?,
                    other => with_other_flag(start, text, flag, other)?,
                };
                edits.extend((taken_out.len() == given).then_some(taken_out)?);
            }
        }
        edits.extend(used.cleanings.spans.iter().cloned().map(Edit::remove));
        edits.sort_by_key(|edit| edit.span.start);
        Some(edits)
    }
}

/// Debian's images remove what apt has fetched after every install.
const DOCKER_CLEAN: &str = "/etc/apt/apt.conf.d/docker-clean";

/// Puts words before a step's command.
fn before_command(used: &Use<'_>, text: &str, words: &str) -> Option<Edit> {
    let is_plain = matches!(used.run.command, CommandLine::Shell(_)) && used.run.heredocs.is_empty();
    let (_, command) = head_and_command(text).filter(|_| is_plain)?;
    let at = used.own.span.start + text.len() - command.len();
    Some(Edit::insert(at, words.to_owned()))
}
