//! Ending every process that descends from this one.
//!
//! This process is a *subreaper* (prctl(2), PR_SET_CHILD_SUBREAPER): whatever its descendants orphan becomes its own
//! child, so walking parents from `/proc` finds them all, detached sessions included.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// How long killed processes may take to go; one in uninterruptible sleep stays longer and cannot be helped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes this process the parent of whatever its descendants orphan, so that none of them gets away.
///
/// # Errors
/// When the kernel is older than Linux 3.4.
pub fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// The command lines of this process's living descendants.
pub(super) fn running() -> Vec<String> {
    living().into_iter().map(command_line).collect()
}

/// Ends this process's descendants. They are stopped before they are killed, a whole sweep at a time, so that a program
/// which forks faster than one process can be killed comes to a halt all the same.
pub(super) fn end_all() {
    let begun = Instant::now();
    loop {
        let mut stopped = Vec::new();
        loop {
            let fresh: Vec<Pid> = living().into_iter().filter(|pid| !stopped.contains(pid)).collect();
            fresh.iter().for_each(|&pid| signal(pid, Signal::STOP));
            if fresh.is_empty() {
                break;
            }
            stopped.extend(fresh);
        }
        stopped.iter().for_each(|&pid| signal(pid, Signal::KILL));
        if stopped.is_empty() || begun.elapsed() > PATIENCE {
            return;
        }
        // Killed processes need a moment to be gone from /proc.
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// Takes note of the ended children, adopted ones included. A process nobody has taken note of keeps its kernel memory,
/// which would show in what is measured.
pub(super) fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
}

/// The process may be gone already, which is what is wanted.
fn signal(pid: Pid, signal: Signal) {
    let _ = rustix::process::kill_process(pid, signal);
}

/// Descendants that are not zombies, parents before their children.
fn living() -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<(i32, bool)>> = HashMap::new();
    for entry in fs_err::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some((pid, (parent, zombie))) = pid.and_then(|pid| Some((pid, stat(pid)?))) {
            children.entry(parent).or_default().push((pid, zombie));
        }
    }
    let mut found = vec![rustix::process::getpid().as_raw_nonzero().get()];
    let mut living = Vec::new();
    while let Some(parent) = found.pop() {
        for (pid, zombie) in children.remove(&parent).unwrap_or_default() {
            found.push(pid);
            if !zombie {
                living.extend(Pid::from_raw(pid));
            }
        }
    }
    living
}

/// Parent and whether it is a zombie, from `/proc/<pid>/stat`: `pid (name) state ppid …`, where the name may hold anything.
fn stat(pid: i32) -> Option<(i32, bool)> {
    let text = fs_err::read(format!("/proc/{pid}/stat")).ok()?;
    let behind_name = text.iter().rposition(|&b| b == b')')? + 1;
    let mut items = std::str::from_utf8(&text[behind_name..]).ok()?.split_ascii_whitespace();
    let state = items.next()?;
    Some((items.next()?.parse().ok()?, matches!(state, "Z" | "X")))
}

fn command_line(pid: Pid) -> String {
    let pid = pid.as_raw_nonzero();
    let text = fs_err::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = text.split(|&b| b == 0).map(String::from_utf8_lossy).collect();
    let line: String = words.join(" ").trim_end().chars().take(60).collect();
    format!("{line} (process {pid})")
}
