//! Ends processes that a run left running because poolgate and its warden were killed together.

use std::io;
use std::time::Duration;

use super::cgroup::Cgroup;
use super::ending::CommandProcesses;
use super::processes;

/// Ends all processes that belong to `run`: processes in its cgroups, processes with its mark in their environment, and
/// the descendants of the latter. The search by environment skips this process and its ancestors. It also ends
/// processes of other users, because a command may change its user.
pub(in super::super) fn end(run: &str, mark: &str, patience: Duration) -> io::Result<Vec<String>> {
    let others = || {
        let spared = processes::own_line();
        let marked: Vec<i32> =
            processes::with_variable(mark, run).into_iter().filter(|pid| !spared.contains(pid)).collect();
        let mut found: Vec<_> = marked.iter().filter(|&&pid| processes::lives(pid)).copied().collect();
        found.extend(processes::descendants(&marked).iter().map(|pid| pid.as_raw_nonzero().get()));
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(rustix::process::Pid::from_raw).collect()
    };
    let cgroups = Cgroup::of_run(run);
    let whole = CommandProcesses { cgroups, others };
    let still_running = whole.end(patience);
    whole.cgroups.iter().for_each(Cgroup::remove);
    Ok(still_running)
}
