//! RUN.

use super::super::ast::Run;
use super::super::flags::{Spec, Takes};
use super::super::suggest::did_you_mean;
use super::{Fault, Node};

const RUN_FLAGS: Spec =
    &[("mount", Takes::Many), ("network", Takes::One), ("security", Takes::One), ("device", Takes::Many)];

impl Node<'_> {
    pub(super) fn run(&self) -> Result<Run, Fault> {
        let flags = self.flags(RUN_FLAGS)?;
        let choice = |name: &str, known: &'static [&'static str]| -> Result<Option<String>, Fault> {
            let Some(value) = flags.given(name) else { return Ok(None) };
            if known.contains(&value.as_str()) {
                return Ok(Some(value));
            }
            let place = flags.place(name).unwrap_or_else(|| self.whole());
            let fault = Fault::new(place, format!("--{name} cannot be `{value}`"));
            Err(match did_you_mean(&value, known.iter().copied()) {
                Some(near) => fault.help(format!("did you mean --{name}={near}?")),
                None => fault.help(format!("it is one of {}", known.join(", "))),
            })
        };
        let network = choice("network", &["default", "none", "host"])?;
        let security = choice("security", &["sandbox", "insecure"])?;
        let mounts = flags.placed("mount", self.line);
        for mount in flags.many("mount") {
            self.check_mount_from(&mount, flags.place("mount"))?;
        }
        Ok(Run {
            command: self.command_line()?,
            heredocs: self.heredocs(),
            mounts,
            network,
            security,
            devices: flags.many("device"),
        })
    }

    /// `from` of a mount is read before variables are known.
    fn check_mount_from(&self, mount: &str, place: Option<std::ops::Range<usize>>) -> Result<(), Fault> {
        let variable = mount.split(',').find_map(|field| {
            let (key, value) = field.trim_matches('"').split_once('=')?;
            let at = value.find('$')?;
            (key.eq_ignore_ascii_case("from") && at + 1 != value.len()).then(|| value.to_owned())
        });
        match variable {
            None => Ok(()),
            Some(value) => Err(Fault::new(
                place.unwrap_or_else(|| self.whole()),
                format!("`from={value}` of a mount cannot hold a variable"),
            )
            .help("give the image a stage of its own (FROM image AS name) and mount from=name")),
        }
    }
}
