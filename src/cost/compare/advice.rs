//! What stands in the way of a base, what to change for it, what to mind on it.

use super::super::images::{self, CatalogueImage, Libc};
use super::super::run;
use super::super::sizes::LayerSize;
use super::{Runtime, Subject};
use crate::dockerfile::ast::{CommandLine, InstructionKind};
use crate::graph::{Exec, Op};
use crate::shell::Word;

impl<'a> Subject<'a> {
    /// Why the image cannot be built on a base at all.
    pub(super) fn obstacle(&self, entry: &CatalogueImage) -> Option<String> {
        let system = entry.system();
        if system.shell || self.ships_compiler() {
            return None;
        }
        let run = self
            .own_layers()
            .find(|layer| self.exec(layer).is_some() && self.needless(layer, entry).is_none())?;
        Some(format!(
            "line {} runs a command, and {} has no shell; do it in a builder stage and copy the result",
            run.line, entry.name
        ))
    }

    pub(super) fn exec(&self, layer: &LayerSize) -> Option<&'a Exec> {
        match &self.graph.vertices[self.graph.steps[layer.step].vertex].op {
            Op::Exec(exec) => Some(exec),
            _ => None,
        }
    }

    /// What to do instead of a RUN on a base without a shell, where it installs or makes only what such bases bring
    /// along, or can do without.
    pub(super) fn needless(&self, layer: &LayerSize, entry: &CatalogueImage) -> Option<String> {
        const SUPPLIES: [&str; 2] = ["ca-certificates", "tzdata"];
        let exec = self.exec(layer).filter(|_| !entry.system().shell)?;
        let mut supplies = false;
        for call in run::calls_of(exec) {
            match call.program.as_str() {
                "addgroup" | "adduser" | "groupadd" | "useradd" | "rm" | "update-ca-certificates" | "set" => {
                }
                "apk" | "apt-get" | "apt" => {
                    let packages = call.after("add").or_else(|| call.after("install"));
                    let known = |word: &Word| SUPPLIES.contains(&word.text.as_str());
                    if !packages.is_none_or(|packages| packages.iter().all(known)) {
                        return None;
                    }
                    supplies |= packages.is_some();
                }
                _ => return None,
            }
        }
        Some(match (supplies, entry.ca && entry.tz) {
            (true, true) => {
                format!("drop line {}: {} has certificates and time zones", layer.line, entry.name)
            }
            (true, false) => format!(
                "do line {} in the builder, and copy /etc/ssl/certs/ca-certificates.crt and /usr/share/zoneinfo from it",
                layer.line
            ),
            (false, _) => {
                format!("drop line {}: write USER 65532, which needs no entry in /etc/passwd", layer.line)
            }
        })
    }

    /// What has to change for the program to run on a base.
    pub(super) fn changes(&self, entry: &CatalogueImage) -> Vec<String> {
        let system = entry.system();
        let mut changes = Vec::new();
        if self.ships_compiler() {
            changes
                .push(format!("add a second stage: FROM {}, and COPY --from the program alone", entry.name));
        }
        let built_on = self.built_on();
        let other_libc = built_on.is_some_and(|libc| libc != system.libc);
        match self.runtime {
            Runtime::Go if other_libc && !self.is_static() => {
                changes.push("build with CGO_ENABLED=0, so that the program needs no C library".to_string());
            }
            Runtime::Rust if other_libc && built_on != Some(Libc::Musl) => {
                changes.push(match system.libc {
                    Libc::Musl | Libc::None => {
                        "build with --target x86_64-unknown-linux-musl, so that the program needs no glibc"
                            .to_string()
                    }
                    Libc::Glibc => String::new(),
                });
            }
            Runtime::Native if other_libc => {
                changes.push("link statically (-static): another C library is there, or none".to_string());
            }
            _ => {}
        }
        if let (Some(own), Some(line)) = (self.packages(), self.installs()) {
            match system.packages.as_deref() {
                Some(other) if other != own => changes.push(format!(
                    "line {line} installs with {own}: here it is {other}, and packages have other names"
                )),
                _ => {}
            }
        }
        if !system.shell {
            changes.extend(self.shell_forms());
            if !self.ships_compiler() {
                changes.extend(self.own_layers().filter_map(|layer| self.needless(layer, entry)));
            }
        }
        changes.retain(|change| !change.is_empty());
        changes
    }

    /// The C library that the program is built with.
    pub(super) fn built_on(&self) -> Option<Libc> {
        let builder = self.builder.unwrap_or(self.sizes.image());
        let base = builder.base.as_ref()?;
        images::find(&base.name).map(|(entry, _)| entry.system().libc)
    }

    pub(super) fn packages(&self) -> Option<&'static str> {
        let (entry, _) = images::find(self.own_base())?;
        entry.system().packages.as_deref()
    }

    /// Line of the first RUN of the image that installs packages of the system.
    pub(super) fn installs(&self) -> Option<usize> {
        const TOOLS: [&str; 5] = ["apt-get ", "apt ", "apk ", "yum ", "dnf "];
        if self.ships_compiler() {
            return None;
        }
        let found = self.own_layers().find(|layer| TOOLS.iter().any(|tool| layer.instruction.contains(tool)));
        found.map(|layer| layer.line)
    }

    /// CMD and ENTRYPOINT that need a shell.
    pub(super) fn shell_forms(&self) -> Vec<String> {
        let stage = self.sizes.image().stage;
        let instructions = self.dockerfile.stages.get(stage).map_or(&[][..], |s| &s.instructions);
        let shell = instructions.iter().filter(|i| {
            matches!(
                &i.kind,
                InstructionKind::Cmd(CommandLine::Shell(_))
                    | InstructionKind::Entrypoint(CommandLine::Shell(_))
            )
        });
        shell
            .map(|i| {
                format!(
                    "write {} in line {} as a JSON array: there is no shell to read it",
                    i.kind.keyword(),
                    i.line
                )
            })
            .collect()
    }

    /// The program is told to be built without C.
    pub(super) fn is_static(&self) -> bool {
        let stage = self.builder.map_or(self.sizes.image().stage, |builder| builder.stage);
        self.graph.stage_steps(stage).any(|step| match &self.graph.vertices[step.vertex].op {
            Op::Exec(exec) => {
                exec.env.iter().any(|(name, value)| name == "CGO_ENABLED" && value == "0")
                    || exec.args.iter().any(|arg| arg.contains("CGO_ENABLED=0"))
            }
            _ => false,
        })
    }

    pub(super) fn caveats(&self, entry: &CatalogueImage) -> Vec<String> {
        let system = entry.system();
        let mut caveats = Vec::new();
        match (self.runtime, system.libc) {
            (Runtime::Node, Libc::Musl) => {
                caveats.push("musl instead of glibc: native modules must have a build for it".to_string());
            }
            (Runtime::Python, Libc::Musl) => {
                caveats.push(
                    "musl instead of glibc: wheels without a musllinux build are compiled, slowly"
                        .to_string(),
                );
            }
            (Runtime::Ruby | Runtime::Php | Runtime::Dotnet | Runtime::Java, Libc::Musl) => {
                caveats.push("musl instead of glibc: native libraries must be built for it".to_string());
            }
            _ => {}
        }
        match (system.shell, &system.packages) {
            (false, _) => {
                caveats.push("no shell and no package manager: docker exec opens no prompt".to_string());
            }
            (true, None) => caveats.push("no package manager".to_string()),
            _ => {}
        }
        if self.runtime == Runtime::Node && entry.name.starts_with("gcr.io/") {
            caveats.push("its entrypoint is node: CMD names the script alone".to_string());
        }
        if self.runtime == Runtime::Python && entry.name.starts_with("gcr.io/") {
            caveats.push("Debian's own Python: packages must be installed for that version".to_string());
        }
        if !entry.ca {
            caveats.push(match system.packages.as_deref() {
                Some(_) => "no CA certificates: install ca-certificates where it calls HTTPS".to_string(),
                None => "no CA certificates: copy /etc/ssl/certs/ca-certificates.crt from the builder where it calls HTTPS"
                    .to_string(),
            });
        }
        if !entry.tz {
            caveats.push(match (self.runtime, system.packages.as_deref()) {
                (_, Some(_)) => "no time zones: install tzdata where it uses them".to_string(),
                (Runtime::Go, None) => {
                    "no time zones: build with -tags timetzdata where it uses them".to_string()
                }
                _ => "no time zones: copy /usr/share/zoneinfo where it uses them".to_string(),
            });
        }
        let user = self.sets_user();
        match (&entry.user, user) {
            (Some(user), _) => {
                caveats.push(format!("runs as user {user}: files it writes must belong to it"));
            }
            (None, false) if entry.name.starts_with("gcr.io/distroless") => {
                caveats.push("runs as root; its tag :nonroot runs as user 65532".to_string());
            }
            (None, false) if entry.name == "scratch" => {
                caveats.push("runs as root; USER 65532 works without a user of that name".to_string());
            }
            _ => {}
        }
        if self.ships_compiler() {
            caveats.push("files that the program reads when it runs must be copied as well".to_string());
        }
        caveats
    }

    pub(super) fn sets_user(&self) -> bool {
        let stage = &self.graph.stages[self.sizes.image().stage];
        !stage.state.user.is_empty()
    }
}
