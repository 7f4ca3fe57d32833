//! Instructions that change the image's config alone: no vertex looks at it, but BuildKit refuses what it cannot
//! read there (`dispatchLabel`, `dispatchExpose`, `dispatchVolume`, `dispatchStopSignal`), and SOURCE_DATE_EPOCH.

use super::convert::{Converter, stage_error};
use super::reach::SCRATCH;
use crate::dockerfile::Diagnostic;
use crate::dockerfile::ast::{Dockerfile, Instruction, InstructionKind, Stage};
use crate::dockerfile::diagnostic::DiagnosticKind;
use crate::dockerfile::suggest::did_you_mean;

const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Linux' signals without SIG, as `moby/sys/signal` knows them; those of real time are numbers of their own.
const SIGNALS: [&str; 36] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
];

impl Converter<'_> {
    /// Checks what LABEL, EXPOSE, VOLUME and STOPSIGNAL come to.
    pub(super) fn check_config(&self, at: usize, instruction: &Instruction) -> Result<(), Diagnostic> {
        let span = &instruction.span;
        let refuse = |message: String, help: Option<String>| {
            Err(stage_error(self.text, span.clone(), message, help, DiagnosticKind::Parse))
        };
        match &instruction.kind {
            InstructionKind::Label(pairs) => {
                for pair in pairs {
                    self.word(at, &pair.key, span)?;
                    self.word(at, &pair.value, span)?;
                }
            }
            InstructionKind::Volume(paths) => {
                for raw in paths {
                    if self.word(at, raw, span)?.is_empty() {
                        return refuse(format!("the path `{raw}` of VOLUME comes to nothing"), None);
                    }
                }
            }
            InstructionKind::Stopsignal(raw) => {
                let signal = self.word(at, raw, span)?;
                if !is_signal(&signal) {
                    let near = did_you_mean(signal.to_uppercase().trim_start_matches("SIG"), SIGNALS)
                        .map(|near| format!("did you mean SIG{near}?"));
                    let help = near.or(Some("write a name such as SIGTERM, or a number".into()));
                    return refuse(format!("there is no signal `{signal}`"), help);
                }
            }
            InstructionKind::Expose(raw) => {
                for raw in raw {
                    for port in self.words(at, raw, span)? {
                        if let Err(why) = check_port(&port) {
                            return refuse(
                                format!("`{port}` is no port: {why}"),
                                Some("write EXPOSE 8080, 8000-8010 or 53/udp".into()),
                            );
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Resolves SOURCE_DATE_EPOCH, which is part of the directories that WORKDIR makes: a number of seconds, or what
    /// a source says of itself (`resolveSourceDateEpochValue`). A build context says nothing.
    pub(super) fn resolve_epoch(&mut self, file: &Dockerfile) -> Result<(), Diagnostic> {
        let global = self.globals.get(EPOCH).filter(|v| !v.is_empty()).map(str::to_string);
        let Some(given) = self.build_args.get(EPOCH).cloned().or(global) else { return Ok(()) };
        let is_stage = |name: &str| file.stages.iter().any(|s| s.name.as_deref() == Some(name));
        self.epoch = match given.parse::<i64>() {
            Ok(seconds) => Some(seconds.to_string()),
            Err(_) if given.is_empty() || given == "context" => None,
            Err(_) if self.named_context(&given).is_some() => None,
            // The time of what an ADD brings from elsewhere: its name stands for it.
            Err(_) if is_stage(&given.to_lowercase()) => {
                self.check_epoch_stage(file, &given)?;
                Some(given)
            }
            Err(_) => {
                return Err(stage_error(
                    self.text,
                    0..0,
                    format!("{EPOCH} cannot be `{given}`"),
                    Some("it is a number of seconds since 1970, `context`, or the name of a stage".into()),
                    DiagnosticKind::Parse,
                ));
            }
        };
        match &self.epoch {
            Some(epoch) => {
                if let Some(value) = self.build_args.get_mut(EPOCH) {
                    value.clone_from(epoch);
                }
                if self.globals.get(EPOCH).is_some() {
                    self.globals.set(EPOCH, epoch);
                }
            }
            None => {
                self.build_args.remove(EPOCH);
                self.globals.remove(EPOCH);
            }
        }
        Ok(())
    }
}

impl Converter<'_> {
    /// A stage that gives the time is FROM scratch and holds one ADD from elsewhere, and ARG.
    fn check_epoch_stage(&self, file: &Dockerfile, name: &str) -> Result<(), Diagnostic> {
        let same = |s: &&Stage| s.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name));
        let Some(stage) = file.stages.iter().find(same) else { return Ok(()) };
        let base = self.lexer().process_word(&stage.base, &|n| self.globals.get(n).map(str::to_string));
        let adds = stage.instructions.iter().filter(|i| matches!(i.kind, InstructionKind::Add(_))).count();
        let others = |i: &Instruction| !matches!(i.kind, InstructionKind::Add(_) | InstructionKind::Arg(_));
        if base.is_ok_and(|base| base.text == SCRATCH) && adds == 1 && !stage.instructions.iter().any(others)
        {
            return Ok(());
        }
        Err(stage_error(
            self.text,
            stage.span.clone(),
            format!("the stage `{name}` cannot give {EPOCH}"),
            Some("such a stage is FROM scratch and holds one ADD of a URL or a git repository".into()),
            DiagnosticKind::Parse,
        ))
    }
}

fn is_signal(text: &str) -> bool {
    if let Ok(number) = text.parse::<i64>() {
        return number != 0;
    }
    let upper = text.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let real_time = |base: &str, sign: char, most: u32| {
        let offset = name.strip_prefix(base).and_then(|rest| rest.strip_prefix(sign));
        offset.and_then(|n| n.parse::<u32>().ok()).is_some_and(|n| (1..=most).contains(&n))
    };
    SIGNALS.contains(&name) || real_time("RTMIN", '+', 15) || real_time("RTMAX", '-', 14)
}

/// Checks `[ip:][host:]port[-port][/proto]`.
fn check_port(text: &str) -> Result<(), String> {
    let (front, port) = text.rsplit_once(':').map_or((None, text), |(front, port)| (Some(front), port));
    let (address, host) = match front.map(|front| front.rsplit_once(':').ok_or(front)) {
        None => ("", ""),
        Some(Err(host)) => ("", host),
        Some(Ok((address, host))) => (address, host),
    };
    let (range, protocol) = port.split_once('/').unwrap_or((port, ""));
    if range.is_empty() {
        return Err("there is no number".into());
    }
    if !matches!(protocol.to_lowercase().as_str(), "" | "tcp" | "udp" | "sctp") {
        return Err(format!("the protocol is tcp, udp or sctp, not {protocol}"));
    }
    let bare = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    if !bare.is_empty() && bare.parse::<std::net::IpAddr>().is_err() {
        return Err(format!("{address} is no address"));
    }
    let width = port_range(range)?;
    if !host.is_empty() && port_range(host)? != width && width != 0 {
        return Err("the two ranges differ in length".into());
    }
    Ok(())
}

/// How many ports a range has beyond its first.
fn port_range(text: &str) -> Result<u32, String> {
    let number = |n: &str| match n.parse::<u32>() {
        Ok(n @ 0..=65535) => Ok(n),
        Ok(_) => Err("ports are at most 65535".to_string()),
        Err(_) => Err(format!("`{n}` is no number")),
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    number(last)?.checked_sub(number(first)?).ok_or_else(|| "the range ends before it begins".into())
}

#[cfg(test)]
mod tests {
    use super::{check_port, is_signal};

    #[test]
    fn ports_are_those_that_the_daemon_takes() {
        for good in [
            "80",
            "80/tcp",
            "80/UDP",
            "8000-8010",
            "0",
            "65535",
            "1.2.3.4:80:80",
            "80:81",
            "[::1]:80:80",
            "80-81:80-81",
            "80-90:80",
        ] {
            assert_eq!(check_port(good), Ok(()), "{good}");
        }
        for bad in ["", "x", "80/x", "65536", "90-80", "/tcp", "host:80:80", "80-81:80-85", "-1", "80-"] {
            assert!(check_port(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn signals_have_names_with_and_without_sig_and_numbers() {
        for good in ["SIGTERM", "term", "9", "RTMIN+3", "SIGRTMAX-14", "sigwinch"] {
            assert!(is_signal(good), "{good}");
        }
        for bad in ["0", "", "SIGNOPE", "RTMIN+16", "RTMAX-0"] {
            assert!(!is_signal(bad), "{bad}");
        }
    }
}
