//! One command of a scenario, from start to end, with everything it starts.
//!
//! A guard sees to it that whatever the command leaves behind is ended when the command ends, when it is told to, and when
//! poolgate itself dies: on Unix a process of its own, on Windows the kernel's job object. A command therefore never
//! outlives its turn, however it forks.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};

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
    /// What every command sees besides poolgate's own environment. A `PATH` among them takes the place of poolgate's.
    pub variables: Vec<(String, String)>,
}

/// A running command.
pub struct Process {
    child: Child,
    guard: native::Guard,
    output: Option<ChildStdout>,
    chunk: Vec<u8>,
    ended: Option<Ended>,
}

/// What happened next.
#[derive(Debug)]
pub enum Step<'a> {
    /// The command wrote this, to stdout or stderr.
    Wrote(&'a [u8]),
    /// The command and everything it started are gone.
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
        let mut command: Command = native::command(self, line)?;
        command
            .current_dir(&self.folder)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("PATH", path::with_own(self)?)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(written.try_clone()?)
            .stderr(written);
        let (child, guard) = native::start(&mut command)?;
        let output = ChildStdout::from_std(native::read_end(output))?;
        Ok(Process { child, guard, output: Some(output), chunk: vec![0; CHUNK], ended: None })
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
                    self.ended = Some(self.guard.account(status?)?);
                }
            }
        }
    }

    /// Ends the command and everything it started, and waits until they are gone.
    ///
    /// # Errors
    /// As [`Process::next`].
    pub async fn end(&mut self) -> io::Result<()> {
        self.guard.cut()?;
        // A process in uninterruptible sleep cannot be killed; it must not hold the run for ever.
        let gone = async {
            while let Step::Wrote(_) = self.next().await? {}
            Ok(())
        };
        tokio::time::timeout(GIVE_UP, gone).await.unwrap_or(Ok(()))
    }
}

/// How long killed processes may take to vanish.
const GIVE_UP: Duration = Duration::from_secs(30);

/// What is read at once from a command's pipe, bytes.
const CHUNK: usize = 16 * 1024;

async fn read(pipe: &mut Option<ChildStdout>, chunk: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(chunk).await,
        None => std::future::pending().await,
    }
}
