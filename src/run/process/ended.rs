//! The end of a command, and whether it counts as success.

use std::time::Duration;

use miette::Diagnostic;
use serde::{Deserialize, Serialize};

use super::shell;

/// The end of a command, as its guard reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit code, unless a signal ended the command.
    pub code: Option<i32>,
    /// The signal that ended the command, on Unix.
    pub signal: Option<i32>,
    /// The command lines of processes that were still running and have been ended.
    pub left_running: Vec<String>,
    /// The processes that could not be ended.
    #[serde(default)]
    pub still_running: Vec<String>,
}

/// The reason why the end of a command is not a success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum NotWell {
    /// The shell found no such program.
    #[error("the shell found no such command (exit code {0})")]
    #[diagnostic(help("check the spelling, install the program, or write its full path"))]
    NotFound(i32),
    /// The shell cannot execute the program.
    #[error("the shell cannot execute it (exit code {0})")]
    #[diagnostic(help("make the file executable, or name its interpreter"))]
    NotExecutable(i32),
    /// The command returned a non-zero exit code.
    #[error("exit code {0}")]
    #[diagnostic(help("its output is in workload.log"))]
    Code(i32),
    /// Windows ended the command, or it crashed.
    #[error("{what} (exit code 0x{code:08X})")]
    #[diagnostic(help("its output is in workload.log"))]
    Status {
        /// The command's exit status.
        code: i32,
        /// The meaning of the status.
        what: &'static str,
    },
    /// A signal ended the command.
    #[error("ended by signal {0}")]
    #[diagnostic(help("its output is in workload.log"))]
    Signal(i32),
    /// The command left processes behind, which would have continued to influence the measurement.
    #[error("left {} running: {}", count(.0.len()), some(.0))]
    #[diagnostic(help(
        "make the command end the processes that it starts; start a service that should stay with the system's service manager"
    ))]
    LeftRunning(Vec<String>),
    /// The guard was killed, so the end of the command is unknown.
    #[error("its guard was killed, so its end is not known")]
    #[diagnostic(help("find the program that killed it: the kernel's out-of-memory killer logs to dmesg"))]
    Unknown,
    /// A process of the command cannot be killed, and may continue to influence the measurement.
    #[error("{} cannot be ended: {}", count(.0.len()), some(.0))]
    #[diagnostic(help("{}", HANGS))]
    CannotBeEnded(Vec<String>),
    /// The guard did not end the command in time.
    #[error("its guard did not end it within {0:?}, so poolgate killed the guard and ended the command without it")]
    #[diagnostic(help(
        "find the cause that stopped the `poolgate warden` process: SIGSTOP, a debugger or a frozen cgroup"
    ))]
    GuardHangs(Duration),
    /// The command's processes are gone, but other processes hold its output open.
    #[error("all its processes were ended, but its output is still open{}", held_by(.0))]
    #[diagnostic(help(
        "redirect its output: a command must not pass it to a process that it did not start, such as a service"
    ))]
    OutputHeld(Vec<String>),
}

impl Ended {
    /// Returns the end of a command if its warden was killed before it could report.
    #[cfg(unix)]
    pub(super) fn unknown(still_running: Vec<String>) -> Ended {
        Ended { code: None, signal: None, left_running: Vec::new(), still_running }
    }

    /// Checks that no process of the command remains, with success or without.
    ///
    /// # Errors
    /// The remaining processes.
    pub(super) fn all_gone(self) -> Result<(), NotWell> {
        if self.still_running.is_empty() { Ok(()) } else { Err(NotWell::CannotBeEnded(self.still_running)) }
    }

    /// Checks that the command succeeded and left no process running. `said` returns the last lines of its output,
    /// because for some shells only these show that the command does not exist.
    ///
    /// # Errors
    /// The reason why the command did not succeed.
    pub fn well(self, said: impl FnOnce() -> String) -> Result<(), NotWell> {
        match (self.code, self.signal) {
            _ if !self.still_running.is_empty() => Err(NotWell::CannotBeEnded(self.still_running)),
            (Some(0), _) if self.left_running.is_empty() => Ok(()),
            (Some(0), _) => Err(NotWell::LeftRunning(self.left_running)),
            (Some(code), _) => Err(shell::means(code, &said()).unwrap_or(NotWell::Code(code))),
            (None, Some(signal)) => Err(NotWell::Signal(signal)),
            (None, None) => Err(NotWell::Unknown),
        }
    }
}

/// The advice for a process that cannot be killed.
const HANGS: &str = if cfg!(windows) {
    "it hangs in the kernel, probably because of the driver bug that this test looks for: take a live kernel dump (Task \
     Manager: Details, right-click System, Create live kernel memory dump file) and look at the process with WinDbg's \
     `!process 0 17`; restart the machine before the next run"
} else {
    "it hangs in the kernel, probably because of the driver bug that this test looks for: look at its kernel stack \
     (/proc/PID/stack, as root) and at all blocked tasks (echo w > /proc/sysrq-trigger, then dmesg); restart the machine \
     before the next run"
};

fn held_by(processes: &[String]) -> String {
    if processes.is_empty() { String::new() } else { format!(" in {}", some(processes)) }
}

/// The number of processes that a message names.
const NAMED: usize = 8;

fn some(processes: &[String]) -> String {
    let named = &processes[..processes.len().min(NAMED)];
    let more = if named.len() < processes.len() { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

fn count(processes: usize) -> String {
    if processes == 1 { "a process".to_owned() } else { format!("{processes} processes") }
}
