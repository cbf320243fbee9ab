//! One command of a scenario, from start to end, with everything it starts.
//!
//! A guard sees to it that whatever the command leaves behind is ended when the command ends, when it is told to, and when
//! poolgate itself dies: on Unix a process of its own, on Windows the kernel's job object. A command therefore never
//! outlives its turn, however it forks. One that hangs in the kernel cannot be ended by anybody; that is always an error.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout};

use super::error::CommandError;

#[cfg(any(windows, test))]
mod cmd;
mod ended;
mod path;
#[cfg(unix)]
mod sh;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(windows)]
use cmd as shell;
#[cfg(unix)]
use sh as shell;
#[cfg(unix)]
use unix as native;
#[cfg(windows)]
use windows as native;

pub use ended::{Ended, NotWell};
pub use native::prepare;
#[cfg(unix)]
pub use unix::warden;

/// How commands are started.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The poolgate program, which commands may call, and which serves as warden.
    pub program: PathBuf,
    /// The folder commands run in.
    pub folder: PathBuf,
    /// The run whose commands these are; they see it as `POOLGATE_RUN`.
    pub run: String,
    /// What every command sees besides poolgate's own environment. A `PATH` among them takes the place of poolgate's.
    pub variables: Vec<(String, String)>,
    /// How long commands which are to end may take to be gone; see [`patience`].
    pub patience: Duration,
}

/// The variable by which a command, and whatever it starts, can be told to be a run's.
const MARK: &str = "POOLGATE_RUN";

/// A running command.
pub struct Process {
    child: Child,
    guard: native::Guard,
    output: Option<ChildStdout>,
    chunk: Vec<u8>,
    ended: Option<Ended>,
    /// Until when output is still read of a command of which something lives on and may never close it.
    read_until: Option<Instant>,
    patience: Duration,
}

/// What happened next.
#[derive(Debug)]
pub enum Step<'a> {
    /// The command wrote this, to stdout or stderr.
    Wrote(&'a [u8]),
    /// The command has ended, and everything it started is gone, except what its end says.
    Ended(Ended),
}

impl Shell {
    /// Starts `line` as the system's shell understands it, seeing `variables` besides the shell's own.
    ///
    /// # Errors
    /// When the shell cannot be started, or would not do what `line` says. A command which does not exist is an
    /// [`Ended`], as the shell reports it.
    pub fn start(&self, line: &str, variables: &[(&str, String)]) -> io::Result<Process> {
        // Both streams in one pipe, so that their lines stay in order.
        let (output, written) = std::io::pipe()?;
        let place = native::place(self);
        let mut command: Command = native::command(self, line, &place)?;
        command
            .current_dir(&self.folder)
            .env(MARK, &self.run)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("PATH", path::with_own(self)?)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(written.try_clone()?)
            .stderr(written);
        let (child, guard) = native::start(&mut command, place, self.patience)?;
        let output = Some(ChildStdout::from_std(native::read_end(output))?);
        let (chunk, patience) = (vec![0; CHUNK], self.patience);
        Ok(Process { child, guard, output, chunk, ended: None, read_until: None, patience })
    }

    /// Makes what the run's commands need on this machine. [`Shell::start`] would make it too, but in the middle of measuring,
    /// where the kernel memory it costs would show.
    pub fn prepare(&self) {
        native::place(self);
    }

    /// Gives back what the run's commands needed on this machine. Nothing of them may be running.
    pub fn tidy(&self) {
        native::tidy(&self.run);
    }
}

impl Process {
    /// Waits for the next output or the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When the operating system fails to say how the command ended.
    pub async fn next(&mut self) -> io::Result<Step<'_>> {
        loop {
            if let (None, Some(ended)) = (&self.output, &self.ended) {
                return Ok(Step::Ended(ended.clone()));
            }
            tokio::select! {
                read = read(&mut self.output, &mut self.chunk) => match read {
                    Ok(0) | Err(_) => self.output = None,
                    Ok(count) => return Ok(Step::Wrote(&self.chunk[..count])),
                },
                status = self.child.wait(), if self.ended.is_none() => {
                    let ended = self.guard.account(status?)?;
                    if !ended.still_running.is_empty() {
                        self.read_until = Some(Instant::now() + LAST_WORDS);
                    }
                    self.ended = Some(ended);
                }
                () = at(self.read_until) => self.output = None,
            }
        }
    }

    /// Ends the command and everything it started, and waits until all of it is gone. Dropping the future loses nothing.
    ///
    /// # Errors
    /// When something is not gone: then nothing may be measured beside it. Or as [`Process::next`].
    pub async fn end(&mut self) -> Result<(), CommandError> {
        self.guard.cut()?;
        let patience = self.patience;
        let ended = async {
            loop {
                if let Step::Ended(ended) = self.next().await? {
                    return Ok::<_, io::Error>(ended);
                }
            }
        };
        if let Ok(ended) = timeout(patience, ended).await {
            return Ok(ended?.all_gone()?);
        }
        if let (Some(_), Some(output)) = (&self.ended, &self.output) {
            let held = native::holders(output).map(NotWell::OutputHeld);
            return held.map_or(Ok(()), |held| Err(held.into()));
        }
        match self.guard.take_over() {
            still_running if still_running.is_empty() => Err(NotWell::GuardHangs(patience).into()),
            still_running => Err(NotWell::CannotBeEnded(still_running).into()),
        }
    }
}

/// How long commands which are to end may take to be gone.
pub fn patience() -> Duration {
    // For tests of the program, which would take minutes otherwise.
    let set = if cfg!(debug_assertions) { std::env::var("POOLGATE_TEST_PATIENCE_MS").ok() } else { None };
    set.and_then(|millis| millis.parse().ok()).map_or(GIVE_UP, Duration::from_millis)
}

/// Ends whatever an earlier process of this run has left running, and returns what cannot be ended, for a message. Nothing
/// may be measured, nor torn down, before this was called; nothing may be measured if it returns anything.
///
/// On Windows nothing is ever left: the job object of a command is closed, and so ended, with the poolgate that held it.
///
/// # Errors
/// When it cannot be found out.
#[cfg_attr(windows, expect(unused_variables, reason = "nothing is left of any run"))]
pub fn end_leftovers(run: &str) -> io::Result<Vec<String>> {
    #[cfg(unix)]
    let left = unix::leftovers::end(run, MARK, patience());
    #[cfg(windows)]
    let left = Ok(Vec::new());
    left
}

/// What lives on of the commands of this process, when none of them should be running any more.
pub fn still_running() -> Vec<String> {
    native::still_running()
}

/// How long killed processes may take to vanish.
const GIVE_UP: Duration = Duration::from_secs(30);

/// How long to wait for the last output of a command of which something lives on.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What is read at once from a command's pipe, bytes.
const CHUNK: usize = 16 * 1024;

async fn read(pipe: &mut Option<ChildStdout>, chunk: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(chunk).await,
        None => std::future::pending().await,
    }
}

/// Waits until `instant`; for ever when there is none.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
