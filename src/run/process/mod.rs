//! Runs one command of a scenario, with all processes it starts, to its end.
//!
//! A guard ends all remaining processes when the command ends, when poolgate requests it, and when poolgate itself
//! dies. The guard is a separate process on Unix and the kernel's job object on Windows. So no process of a command
//! outlives the command, no matter how it forks. A process that hangs in the kernel cannot be ended by any means, and
//! is always an error.

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

/// The settings for starting commands.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The poolgate program. Commands may call it, and it also serves as the warden.
    pub program: PathBuf,
    /// The working folder of commands.
    pub folder: PathBuf,
    /// The run that the commands belong to. They see it as `POOLGATE_RUN`.
    pub run: String,
    /// The variables added to poolgate's own environment for every command. A `PATH` here replaces poolgate's.
    pub variables: Vec<(String, String)>,
    /// How long processes may take to vanish after they were killed; see [`patience`].
    pub patience: Duration,
}

/// The environment variable that identifies a command and its descendants as part of a run.
const MARK: &str = "POOLGATE_RUN";

/// A running command.
pub struct Process {
    child: Child,
    guard: native::Guard,
    output: Option<ChildStdout>,
    chunk: Vec<u8>,
    ended: Option<Ended>,
    /// The time to stop reading output, set if some process of the command cannot be ended and so may never close it.
    read_until: Option<Instant>,
    patience: Duration,
}

/// The next event of a running command.
#[derive(Debug)]
pub enum CommandEvent<'a> {
    /// The command wrote these bytes to stdout or stderr.
    Wrote(&'a [u8]),
    /// The command has ended, and all its processes are gone except those that [`Ended`] lists.
    Ended(Ended),
}

impl Shell {
    /// Starts `line` in the system's shell, with `variables` in addition to the shell's own.
    ///
    /// # Errors
    /// If the shell cannot be started, or would not run `line` as written. A command that does not exist is not an
    /// error here but an [`Ended`], as the shell reports it.
    pub fn start(&self, line: &str, variables: &[(&str, String)]) -> io::Result<Process> {
        // Use one pipe for both streams, so that their lines stay in order.
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

    /// Prepares the machine for the run's commands. [`Shell::start`] would do so too, but then the kernel memory it
    /// takes would appear in the measurement.
    pub fn prepare(&self) {
        native::place(self);
    }

    /// Undoes [`Shell::prepare`]. No command may be running.
    pub fn tidy(&self) {
        native::tidy(&self.run);
    }
}

impl Process {
    /// Waits for the next output or the end. Dropping the future loses no output.
    ///
    /// # Errors
    /// If the operating system cannot report how the command ended.
    pub async fn next(&mut self) -> io::Result<CommandEvent<'_>> {
        loop {
            if let (None, Some(ended)) = (&self.output, &self.ended) {
                return Ok(CommandEvent::Ended(ended.clone()));
            }
            tokio::select! {
                read = read(&mut self.output, &mut self.chunk) => match read {
                    Ok(0) | Err(_) => self.output = None,
                    Ok(count) => return Ok(CommandEvent::Wrote(&self.chunk[..count])),
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

    /// Ends the command and all its processes, and waits until they are gone. Dropping the future loses nothing.
    ///
    /// # Errors
    /// If a process remains, in which case poolgate must not measure any more; or as for [`Process::next`].
    pub async fn end(&mut self) -> Result<(), CommandError> {
        self.guard.cut()?;
        let patience = self.patience;
        let ended = async {
            loop {
                if let CommandEvent::Ended(ended) = self.next().await? {
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

/// Returns how long processes may take to vanish after they were killed.
pub fn patience() -> Duration {
    // Tests of the program shorten it, because they would take minutes otherwise.
    let set = if cfg!(debug_assertions) { std::env::var("POOLGATE_TEST_PATIENCE_MS").ok() } else { None };
    set.and_then(|millis| millis.parse().ok()).map_or(GIVE_UP, Duration::from_millis)
}

/// Ends all processes that an earlier process of this run left running. Returns those that cannot be ended, for a
/// message. Call this before measuring or tearing down. If it returns any process, poolgate must not measure.
///
/// On Windows no process is ever left: when poolgate dies, the handle to the job object closes, and the kernel ends the
/// job.
///
/// # Errors
/// If the processes cannot be listed.
#[cfg_attr(windows, expect(unused_variables, reason = "nothing is left of any run"))]
pub fn end_leftovers(run: &str) -> io::Result<Vec<String>> {
    #[cfg(unix)]
    let left = unix::leftovers::end(run, MARK, patience());
    #[cfg(windows)]
    let left = Ok(Vec::new());
    left
}

/// Returns the remaining processes of this process's commands. Use it when none should be running any more.
pub fn still_running() -> Vec<String> {
    native::still_running()
}

/// How long killed processes may take to vanish.
const GIVE_UP: Duration = Duration::from_secs(30);

/// How long to wait for the last output of a command with a process that cannot be ended.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// The number of bytes to read at once from a command's pipe.
const CHUNK: usize = 16 * 1024;

async fn read(pipe: &mut Option<ChildStdout>, chunk: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(chunk).await,
        None => std::future::pending().await,
    }
}

/// Waits until `instant`, or for ever if it is `None`.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
