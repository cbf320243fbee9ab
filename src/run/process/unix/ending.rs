//! Ends processes, and lists those that cannot be ended.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::cgroup::Cgroup;
use super::processes;

/// The pauses between two rounds: at first, and at most.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// All processes of a command: those in its cgroups, and those that `others` returns.
pub(super) struct CommandProcesses<F> {
    pub(super) cgroups: Vec<Cgroup>,
    pub(super) others: F,
}

impl<F: Fn() -> Vec<Pid>> CommandProcesses<F> {
    /// Returns the living processes, parents before their children.
    pub(super) fn living(&self) -> Vec<Pid> {
        let mut living = (self.others)();
        for pid in self.cgroups.iter().flat_map(Cgroup::processes) {
            if !living.contains(&pid) && processes::lives(pid.as_raw_nonzero().get()) {
                living.push(pid);
            }
        }
        living.retain(|pid| pid.as_raw_nonzero().get() != processes::own());
        living
    }

    /// Ends all processes, trying for as long as `patience`. Returns those that are still alive then.
    ///
    /// Every round stops all processes before it kills them, so that this also ends a program that forks faster than
    /// its processes can be killed one by one.
    pub(super) fn end(&self, patience: Duration) -> Vec<String> {
        let begun = Instant::now();
        let mut pause = PAUSE;
        loop {
            self.cgroups.iter().for_each(Cgroup::kill);
            let mut stopped = Vec::new();
            loop {
                let fresh: Vec<Pid> = self.living().into_iter().filter(|pid| !stopped.contains(pid)).collect();
                fresh.iter().for_each(|&pid| signal(pid, Signal::STOP));
                if fresh.is_empty() {
                    break;
                }
                stopped.extend(fresh);
            }
            stopped.iter().for_each(|&pid| signal(pid, Signal::KILL));
            let hidden: Vec<_> = self.cgroups.iter().filter(|cgroup| cgroup.is_populated()).collect();
            if stopped.is_empty() && hidden.is_empty() {
                return Vec::new();
            }
            if begun.elapsed() >= patience {
                let seen: Vec<_> = self.living().into_iter().map(processes::stuck).collect();
                // Processes of another PID namespace are not visible here.
                return match seen.is_empty() {
                    true => hidden.iter().map(|cgroup| format!("a process in {cgroup}")).collect(),
                    false => seen,
                };
            }
            // Killed processes take a moment to vanish.
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Sends a signal. An error is ignored, because the process may be gone already.
fn signal(pid: Pid, signal: Signal) {
    let _ = rustix::process::kill_process(pid, signal);
}
