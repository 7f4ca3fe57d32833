//! Child processes with a time limit, ended on Ctrl-C.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a child is looked at, and how long it may take to end when asked.
const LOOK: Duration = Duration::from_millis(10);
const GRACE: Duration = Duration::from_secs(5);

/// Ctrl-C and SIGTERM, as a flag that long work looks at.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Takes over SIGINT and SIGTERM (Ctrl-C elsewhere): the first one sets the flag, a second one ends the
    /// process at once.
    ///
    /// # Errors
    /// What the system says where it does not let them be taken over.
    pub fn listen() -> io::Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // In this order: the exit looks at the flag before it is set.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag))?;
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(Self(flag))
    }

    /// Sets the flag.
    pub fn raise(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Says whether it is set.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A program to call, and what it is to find in its environment.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub path: PathBuf,
    pub env: Vec<(OsString, OsString)>,
    pub interrupt: Interrupt,
}

/// How a child ended.
#[derive(Debug, Clone)]
pub(super) struct Ran {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Why a child has no end of its own.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It took too long and was ended.
    #[error("{program} was ended: it took more than {} seconds", limit.as_secs())]
    TimedOut {
        /// The program with its first words.
        program: String,
        /// What it was given.
        limit: Duration,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl Ran {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim().to_owned()
    }

    /// The last lines on standard error, as one sentence.
    pub fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join(" ")
    }
}

impl Program {
    /// Runs the program to its end, or ends it after `limit` or on Ctrl-C, with all that it started.
    pub fn run<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: &[S],
        limit: Duration,
    ) -> Result<Ran, ProcessError> {
        let words: Vec<_> = arguments.iter().take(2).map(|a| a.as_ref().to_string_lossy()).collect();
        let called = format!("{} {}", self.path.display(), words.join(" "));
        let mut command = Command::new(&self.path);
        command.args(arguments).envs(self.env.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C reaches this process alone, which then ends the whole group, the plugins
        // of the docker client included.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        if self.interrupt.is_raised() {
            return Err(ProcessError::Interrupted);
        }
        let start = |source| ProcessError::Start { program: called.clone(), source };
        let mut child = command.spawn().map_err(start)?;
        let stdout = reader(child.stdout.take());
        let stderr = reader(child.stderr.take());
        let until = Instant::now() + limit;
        let mut why = None;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) => {}
                Err(source) => return Err(start(source)),
            }
            if why.is_none() {
                if self.interrupt.is_raised() {
                    why = Some((ProcessError::Interrupted, Instant::now() + GRACE));
                } else if Instant::now() > until {
                    let error = ProcessError::TimedOut { program: called.clone(), limit };
                    why = Some((error, Instant::now() + GRACE));
                }
                if why.is_some() {
                    end(&mut child, false);
                }
            } else if why.as_ref().is_some_and(|(_, grace)| Instant::now() > *grace) {
                end(&mut child, true);
            }
            std::thread::sleep(LOOK);
        };
        if let Some((error, _)) = why {
            return Err(error);
        }
        // A reader cannot panic; were it to, nothing was read.
        let collect = |handle: JoinHandle<Vec<u8>>| handle.join().unwrap_or_default();
        Ok(Ran { status, stdout: collect(stdout), stderr: collect(stderr) })
    }
}

/// Reads a pipe to its end in the background, so that neither pipe fills up.
fn reader(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

/// Asks a child and its group to end, or ends them.
#[cfg(unix)]
fn end(child: &mut std::process::Child, hard: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if hard { Signal::KILL } else { Signal::TERM };
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(pid, signal);
    }
}

#[cfg(not(unix))]
fn end(child: &mut std::process::Child, _hard: bool) {
    let _ = child.kill();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh() -> Program {
        Program {
            path: "/bin/sh".into(),
            env: vec![("A".into(), "b c".into())],
            interrupt: Interrupt::default(),
        }
    }

    #[test]
    fn output_status_and_environment_come_back() {
        let ran = sh()
            .run(&["-c", "echo \"$A\"; echo one >&2; echo two >&2; exit 3"], Duration::from_secs(10))
            .expect("sh");
        assert_eq!((ran.text().as_str(), ran.complaint().as_str()), ("b c", "one two"));
        assert_eq!(ran.status.code(), Some(3));
    }

    #[test]
    fn more_output_than_a_pipe_holds_does_not_block() {
        let ran = sh()
            .run(&["-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"], Duration::from_secs(20))
            .expect("sh");
        assert_eq!((ran.stdout.len(), ran.stderr.len()), (300_000, 300_000));
    }

    #[test]
    fn a_child_that_takes_too_long_is_ended_with_what_it_started() {
        let began = Instant::now();
        let error =
            sh().run(&["-c", "sleep 60 & sleep 60"], Duration::from_millis(100)).expect_err("too long");
        assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn an_interrupt_ends_the_child_and_starts_no_other() {
        let program = sh();
        let interrupt = program.interrupt.clone();
        let raise = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            interrupt.raise();
        });
        let began = Instant::now();
        let error = program.run(&["-c", "sleep 60"], Duration::from_secs(60)).expect_err("interrupted");
        assert!(matches!(error, ProcessError::Interrupted), "{error}");
        assert!(began.elapsed() < Duration::from_secs(5));
        raise.join().expect("raised");
        assert!(matches!(
            program.run(&["-c", "true"], Duration::from_secs(5)),
            Err(ProcessError::Interrupted)
        ));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let program = Program { path: "/no/such/docker".into(), ..sh() };
        let error = program.run(&["version"], Duration::from_secs(5)).expect_err("not there");
        assert!(error.to_string().starts_with("cannot start /no/such/docker version:"), "{error}");
    }
}
