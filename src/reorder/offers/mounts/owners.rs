//! Who runs the steps that a cache mount is for.

use super::Search;
use crate::cost::images;

/// Who has to be able to write into a mount.
#[derive(PartialEq)]
pub(super) enum Owner {
    Root,
    /// The user of this number, and what tells the base image and the user from others: the id of the mount says so, lest
    /// it be shared with steps of other users.
    Numbered(u32, String),
    /// The user of an image of which nothing is known, most often root. The mount is meant to be open to all, which not
    /// every builder makes it (Docker's own has a umask of 022), so the step looks whether it can write there.
    Whoever(String),
}

impl Owner {
    pub(super) const fn is_root(&self) -> bool {
        matches!(self, Self::Root)
    }
}

/// Images that bring a user, and its number (the Dockerfiles of nodejs/docker-node and oven-sh/bun).
const USERS: [(&str, &str, u32); 2] = [("node", "node", 1000), ("oven/bun", "bun", 1000)];

impl Search<'_> {
    /// Whose the directories are, by who runs the first step that uses them; `None` where that is not known, and the
    /// step cannot be told where they are.
    pub(super) fn owner(&self, first: usize) -> Option<Owner> {
        let user = self.user(self.stage, first);
        if self.is_root_image() && user.is_none() || user == Some("root") {
            return Some(Owner::Root);
        }
        let base = self.sheet.base(self.stage);
        // A name with a variable in it may be that of images in which others run the step.
        let is_named = |text: &str| !text.is_empty() && !text.contains('$');
        let is_windows = ["windows", "nanoserver", "servercore"].iter().any(|word| base.contains(word));
        if self.cache.set.is_empty()
            || !is_named(self.lowest_base())
            || !user.is_none_or(is_named)
            || is_windows
        {
            return None;
        }
        let base = base.split('@').next().unwrap_or(base);
        let told = std::iter::once(base).chain(user).collect::<Vec<_>>().join("-");
        let told = told.replace(|c: char| !c.is_alphanumeric() && c != '.', "-");
        match user {
            // Who is known by name alone is hardly root, and could not write where the builder makes the mount root's.
            Some(name) => Some(Owner::Numbered(self.number_of(name, first)?, told)),
            None => Some(Owner::Whoever(told)),
        }
    }

    /// The number of a user: itself one, or told by the step that makes the user, or by the image.
    fn number_of(&self, name: &str, first: usize) -> Option<u32> {
        if let Ok(number) = name.parse() {
            return Some(number);
        }
        let mut found: Vec<Option<u32>> = Vec::new();
        let (mut stage, mut until) = (Some(self.stage), first);
        while let Some(at) = stage {
            let runs = self.sheet.runs(at).filter(|(index, ..)| *index < until);
            let calls = runs.flat_map(|(index, ..)| self.sheet.calls(at, index));
            let of_user = calls.filter(|call| {
                ["useradd", "adduser", "usermod"].contains(&call.program.as_str())
                    && call.operands.iter().any(|word| word.dynamic || word.text == name)
            });
            found.extend(of_user.map(|call| {
                let number =
                    call.value(&["-u", "--uid"]).filter(|word| !word.dynamic && !call.conditional)?;
                number.text.parse().ok()
            }));
            (stage, until) = (self.sheet.stage(at).base, usize::MAX);
        }
        if let [number] = found.as_slice() {
            return *number;
        }
        let base = self.sheet.base(self.stage);
        let image = images::on_docker_hub(base.split(['@', ':']).next().unwrap_or(base));
        let known = USERS.iter().find(|(of, user, _)| (*of, *user) == (image, name));
        known.filter(|_| found.is_empty()).map(|(_, _, number)| *number)
    }

    /// The user of a step as USER names it; `None` where it is the image's own.
    pub(super) fn user(&self, stage: usize, index: usize) -> Option<&str> {
        let user = self.sheet.scope(stage, index).user.as_deref()?;
        let name = user.split(':').next().unwrap_or(user);
        Some(if name == "0" { "root" } else { name })
    }

    /// The image that the stage goes back to as it is written.
    pub(super) fn lowest_base(&self) -> &str {
        let mut stage = self.stage;
        while let Some(below) = self.sheet.stage(stage).base {
            stage = below;
        }
        &self.sheet.draft.dockerfile.stages[stage].base
    }
}
