//! How a command ended, and whether that is well.

use serde::{Deserialize, Serialize};

use super::shell;

/// How a command ended, as its guard gives account of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The exit code, unless a signal ended the command.
    pub code: Option<i32>,
    /// The signal which ended it, on Unix.
    pub signal: Option<i32>,
    /// Command lines of processes which were still running; they have been ended.
    pub left_running: Vec<String>,
}

/// Why the end of a command is not well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotWell {
    /// The shell found no such program.
    #[error("the shell found no such command (exit code {0})")]
    NotFound(i32),
    /// The shell may not execute it.
    #[error("the shell cannot execute it (exit code {0})")]
    NotExecutable(i32),
    /// It said so itself.
    #[error("exit code {0}")]
    Code(i32),
    /// Windows ended it, or it crashed.
    #[error("{what} (exit code 0x{code:08X})")]
    Status {
        /// The status it ended with.
        code: i32,
        /// The status in words.
        what: &'static str,
    },
    /// A signal ended it.
    #[error("ended by signal {0}")]
    Signal(i32),
    /// It left processes behind, which would go on changing what is measured.
    #[error("left {} running: {}", count(.0.len()), some(.0))]
    LeftRunning(Vec<String>),
    /// Nobody knows.
    #[error("its guard was killed, so nothing is known of its end")]
    Unknown,
}

impl Ended {
    /// The account of a command whose warden was killed before it could give one.
    #[cfg(unix)]
    pub(super) fn unknown() -> Ended {
        Ended { code: None, signal: None, left_running: Vec::new() }
    }

    /// Whether the command did what it should and left nothing running. `said` are the last lines of its output: some
    /// shells tell only by them that there is no such command.
    ///
    /// # Errors
    /// The reason why not.
    pub fn well(self, said: impl FnOnce() -> String) -> Result<(), NotWell> {
        match (self.code, self.signal) {
            (Some(0), _) if self.left_running.is_empty() => Ok(()),
            (Some(0), _) => Err(NotWell::LeftRunning(self.left_running)),
            (Some(code), _) => Err(shell::means(code, &said()).unwrap_or(NotWell::Code(code))),
            (None, Some(signal)) => Err(NotWell::Signal(signal)),
            (None, None) => Err(NotWell::Unknown),
        }
    }
}

impl NotWell {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            NotWell::NotFound(_) => "check the spelling, install the program, or write its full path",
            NotWell::NotExecutable(_) => "make the file executable, or name its interpreter",
            NotWell::Code(_) | NotWell::Status { .. } | NotWell::Signal(_) => "its output is in workload.log",
            NotWell::LeftRunning(_) => {
                "a command must end what it starts; give a service that should stay to the system's service manager"
            }
            NotWell::Unknown => "look for what killed it: the kernel's out-of-memory killer logs to dmesg",
        }
    }
}

/// The most processes which are named.
const NAMED: usize = 8;

fn some(processes: &[String]) -> String {
    let named = &processes[..processes.len().min(NAMED)];
    let more = if named.len() < processes.len() { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

fn count(processes: usize) -> String {
    if processes == 1 { "a process".to_owned() } else { format!("{processes} processes") }
}
