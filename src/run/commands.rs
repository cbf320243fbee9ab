//! Runs a scenario's commands as processes: setup, workload, and teardown.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::error::{CommandError, RunError};
use super::measure::WorkloadRunner;
use super::output::Output;
use super::process::{CommandEvent, Process, Shell};
use crate::scenario::{LinePattern, Plan, Scenario};

/// The number of last lines of a failed command that its error carries.
const LINES_SHOWN: usize = 12;

/// Runs a scenario's commands, one at a time.
pub(super) struct Commands<'a> {
    shell: &'a Shell,
    output: &'a mut Output,
    scenario: &'a Scenario,
    running: Option<Process>,
    lines: OutputLines,
    begun: Instant,
}

impl<'a> Commands<'a> {
    pub(super) fn new(scenario: &'a Scenario, shell: &'a Shell, output: &'a mut Output) -> Commands<'a> {
        shell.prepare();
        Commands { shell, output, scenario, running: None, lines: OutputLines::default(), begun: Instant::now() }
    }

    /// Runs one command to its end. If it takes longer than `limit`, or if `stop` completes, the command and all
    /// processes it started are ended.
    pub(super) async fn run(
        &mut self,
        which: &Which,
        line: &str,
        limit: Duration,
        stop: impl Future<Output = ()>,
    ) -> Result<(), RunError> {
        let outcome = tokio::select! {
            biased;
            () = stop => None,
            outcome = timeout(limit, self.watch(which, line)) => Some(outcome),
        };
        // This does nothing if the command has ended by itself. If the processes cannot be ended, report that first: it
        // matters more than the reason for ending them.
        let stopped = self.stop().await;
        stopped.map_err(|because| self.failed(which, because))?;
        match outcome {
            None => Err(RunError::Interrupted),
            Some(Err(_)) => Err(self.failed(which, CommandError::TimedOut(limit))),
            Some(Ok(ended)) => ended.map_err(|because| self.failed(which, because)),
        }
    }

    async fn watch(&mut self, which: &Which, line: &str) -> Result<(), CommandError> {
        self.start(which, line)?;
        while let Some(process) = &mut self.running {
            match process.next().await? {
                CommandEvent::Wrote(bytes) => which.kept(self.output.write(bytes))?,
                CommandEvent::Ended(ended) => {
                    self.running = None;
                    ended.well(|| self.output.last_lines(LINES_SHOWN))?;
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, which: &Which, line: &str) -> io::Result<()> {
        which.kept(self.output.begin(&which.to_string(), line))?;
        self.running = Some(self.shell.start(line, &which.variables())?);
        self.begun = Instant::now();
        Ok(())
    }

    async fn stop(&mut self) -> Result<(), CommandError> {
        let Some(process) = &mut self.running else { return Ok(()) };
        let ended = process.end().await;
        // Clear this only now: if this future is dropped earlier, the next call must wait for the same process.
        self.running = None;
        ended
    }

    fn failed(&self, which: &Which, because: CommandError) -> RunError {
        RunError::Command { which: which.to_string(), because, output: self.output.last_lines(LINES_SHOWN) }
    }

    /// Reads output until at least one iteration was counted or the command ended.
    async fn read_on(&mut self) -> Result<u64, CommandError> {
        let count_lines = match &self.scenario.workload.plan {
            Plan::Lasting { count_lines, .. } => count_lines.as_ref(),
            Plan::Iterations { .. } => None,
        };
        loop {
            let Some(process) = &mut self.running else { return std::future::pending().await };
            match process.next().await? {
                CommandEvent::Wrote(bytes) => {
                    self.output.write(bytes)?;
                    match count_lines.map_or(0, |pattern| self.lines.count(bytes, pattern)) {
                        0 => {}
                        counted => return Ok(counted),
                    }
                }
                CommandEvent::Ended(ended) => {
                    self.running = None;
                    ended.well(|| self.output.last_lines(LINES_SHOWN))?;
                    let after = self.begun.elapsed();
                    return Err(CommandError::Early { after, of: after });
                }
            }
        }
    }
}

impl Drop for Commands<'_> {
    fn drop(&mut self) {
        self.shell.tidy();
    }
}

impl WorkloadRunner for Commands<'_> {
    async fn iteration(&mut self, number: u64) -> Result<(), RunError> {
        let limit = match self.scenario.workload.plan {
            Plan::Iterations { timeout, .. } => timeout.as_std(),
            Plan::Lasting { duration, .. } => duration.as_std(),
        };
        // The sampler polls this future and handles stop requests itself.
        let never = std::future::pending();
        self.run(&Which::Iteration(number), self.scenario.workload.run.as_str(), limit, never).await
    }

    async fn begin(&mut self) -> Result<(), RunError> {
        let started = self.start(&Which::Workload, self.scenario.workload.run.as_str());
        started.map_err(|error| self.failed(&Which::Workload, error.into()))
    }

    async fn counted(&mut self) -> Result<u64, RunError> {
        let outcome = self.read_on().await;
        outcome.map_err(|because| self.failed(&Which::Workload, because))
    }

    async fn end(&mut self) -> Result<(), RunError> {
        let ended = self.stop().await;
        ended.map_err(|because| self.failed(&Which::Workload, because))
    }
}

/// One of a scenario's commands.
pub(super) enum Which {
    Setup { number: usize, of: usize },
    Iteration(u64),
    Workload,
    Teardown { number: usize, of: usize },
}

impl Which {
    /// Returns the error from keeping the output, except for teardown, which must run even if the disk is full.
    fn kept(&self, kept: io::Result<()>) -> io::Result<()> {
        if matches!(self, Which::Teardown { .. }) { Ok(()) } else { kept }
    }

    /// Returns the environment variables for the command.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let (phase, iteration) = match self {
            Which::Setup { .. } => ("setup", None),
            Which::Iteration(number) => ("workload", Some(number)),
            Which::Workload => ("workload", None),
            Which::Teardown { .. } => ("teardown", None),
        };
        let iteration = iteration.map(|number| ("POOLGATE_ITERATION", number.to_string()));
        std::iter::once(("POOLGATE_PHASE", phase.to_owned())).chain(iteration).collect()
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Which::Setup { number, of } => write!(f, "setup {number} of {of}"),
            Which::Iteration(number) => write!(f, "iteration {number}"),
            Which::Workload => write!(f, "workload"),
            Which::Teardown { number, of } => write!(f, "teardown {number} of {of}"),
        }
    }
}

/// Assembles lines from chunks of output.
#[derive(Default)]
struct OutputLines {
    begun: Vec<u8>,
}

impl OutputLines {
    /// The limit on the part of a line that is matched, in bytes. A program may never end its line.
    const LONGEST: usize = 64 << 10;

    /// Returns how many of the lines that `bytes` completes match `pattern`.
    fn count(&mut self, bytes: &[u8], pattern: &LinePattern) -> u64 {
        let mut counted = 0;
        for part in bytes.split_inclusive(|&b| b == b'\n') {
            let room = OutputLines::LONGEST.saturating_sub(self.begun.len());
            self.begun.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                counted += u64::from(pattern.matches(self.begun.trim_ascii_end()));
                self.begun.clear();
            }
        }
        counted
    }
}
