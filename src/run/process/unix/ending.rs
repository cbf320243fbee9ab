//! Ending processes for good, and saying which of them cannot be ended.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::cgroup::Cgroup;
use super::processes;

/// How long to wait between two looks: at first, and at most.
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// What belongs to a command: whatever is in its cgroups, and whatever `others` finds.
pub(super) struct Whole<F> {
    pub(super) cgroups: Vec<Cgroup>,
    pub(super) others: F,
}

impl<F: Fn() -> Vec<Pid>> Whole<F> {
    /// The processes that still live, parents before their children.
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

    /// Ends all of it, for as long as `patience`; returns what still lives then.
    ///
    /// Processes are stopped before they are killed, a whole sweep at a time, so that a program which forks faster than one
    /// process can be killed comes to a halt all the same.
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
                // Processes of another PID namespace cannot be seen from here.
                return match seen.is_empty() {
                    true => hidden.iter().map(|cgroup| format!("a process in {cgroup}")).collect(),
                    false => seen,
                };
            }
            // Killed processes need a moment to be gone.
            std::thread::park_timeout(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The process may be gone already, which is what is wanted.
fn signal(pid: Pid, signal: Signal) {
    let _ = rustix::process::kill_process(pid, signal);
}
