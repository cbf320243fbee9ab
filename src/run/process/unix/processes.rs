//! Reads `/proc`: the descendants of a process, whether a process is alive, and its description for reports.

use std::collections::HashMap;
use std::io;

use rustix::process::Pid;

/// The number of characters of a command line that a report shows.
const SHOWN: usize = 60;

/// Makes this process the parent of all orphaned descendants (prctl(2), PR_SET_CHILD_SUBREAPER). Then all of them, even
/// those in detached sessions, can be found by walking from parents to children.
///
/// # Errors
/// If the kernel is older than Linux 3.4.
pub fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Collects the exit status of every child that has ended, including adopted ones. Until then the kernel keeps some
/// memory for each, which would appear in the measurement.
pub(super) fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
}

/// Returns the living descendants of `ancestors`, parents before their children.
pub(super) fn descendants(ancestors: &[i32]) -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for pid in all() {
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut parents = ancestors.to_vec();
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        // Remove the entry, so that an ancestor that descends from another ancestor is visited once.
        let below = children.remove(&parent).unwrap_or_default();
        found.extend(below.iter().copied().filter(|&pid| lives(pid)).filter_map(Pid::from_raw));
        parents.extend(below);
    }
    found
}

/// Returns the living descendants of this process.
pub(super) fn own_descendants() -> Vec<Pid> {
    descendants(&[own()])
}

/// Returns the PID of this process.
pub(super) fn own() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// Returns the PIDs of this process and all its ancestors.
pub(super) fn own_line() -> Vec<i32> {
    std::iter::successors(Some(own()), |&pid| parent(pid).filter(|&parent| parent > 0)).collect()
}

/// Returns the processes that were started with the environment variable `name=value`, as far as this user may see.
pub(super) fn with_variable(name: &str, value: &str) -> Vec<i32> {
    let wanted = format!("{name}={value}").into_bytes();
    let carries = |pid: &i32| {
        let variables = fs_err::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        variables.split(|&byte| byte == 0).any(|variable| variable == wanted)
    };
    all().filter(carries).collect()
}

/// Returns the other processes that have `file` open. `file` is a name as in `/proc/PID/fd`.
pub(super) fn holding(file: &str) -> Vec<String> {
    let holds = |pid: &i32| {
        let open = fs_err::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        *pid != own() && open.filter_map(|fd| fs_err::read_link(fd.path()).ok()).any(|link| link.as_os_str() == file)
    };
    all().filter(holds).filter_map(Pid::from_raw).map(named).collect()
}

/// Returns whether a process is alive. A zombie is not, unless only its first thread has ended.
pub(super) fn lives(pid: i32) -> bool {
    match Stat::read(&format!("/proc/{pid}")) {
        None => false,
        Some(stat) => !stat.ended() || threads(pid).any(|(_, stat)| !stat.ended()),
    }
}

/// Formats a process as `command line (process 123)`.
pub(super) fn named(pid: Pid) -> String {
    let pid = pid.as_raw_nonzero().get();
    format!("{} (process {pid})", command_line(pid))
}

/// Formats a process that cannot be ended, and the place where it hangs: `command line (process 123, state D in
/// wait_for_device)`.
pub(super) fn stuck(pid: Pid) -> String {
    let pid = pid.as_raw_nonzero().get();
    let line = command_line(pid);
    let mut threads: Vec<_> = threads(pid).filter(|(_, stat)| !stat.ended()).collect();
    threads.sort_by_key(|(_, stat)| stat.state != 'D');
    let Some((thread, Stat { state, .. })) = threads.first() else { return format!("{line} (process {pid})") };
    let place = fs_err::read_to_string(format!("/proc/{pid}/task/{thread}/wchan")).unwrap_or_default();
    match beginning(place.trim()).as_str() {
        "" | "0" => format!("{line} (process {pid}, state {state})"),
        place => format!("{line} (process {pid}, state {state} in {place})"),
    }
}

fn all() -> impl Iterator<Item = i32> {
    numbers("/proc")
}

fn threads(pid: i32) -> impl Iterator<Item = (i32, Stat)> {
    numbers(&format!("/proc/{pid}/task"))
        .filter_map(move |thread| Some((thread, Stat::read(&format!("/proc/{pid}/task/{thread}"))?)))
}

/// Returns the entries of a folder that are numbers.
fn numbers(folder: &str) -> impl Iterator<Item = i32> + use<> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(pid: i32) -> Option<i32> {
    Stat::read(&format!("/proc/{pid}")).map(|stat| stat.parent)
}

/// A process or thread, parsed from its `stat`: `pid (name) state ppid …`. The name may contain any characters.
struct Stat {
    state: char,
    parent: i32,
}

impl Stat {
    fn read(folder: &str) -> Option<Stat> {
        Stat::from(&fs_err::read(format!("{folder}/stat")).ok()?)
    }

    fn from(text: &[u8]) -> Option<Stat> {
        let behind_name = text.iter().rposition(|&b| b == b')')? + 1;
        let mut items = std::str::from_utf8(&text[behind_name..]).ok()?.split_ascii_whitespace();
        Some(Stat { state: items.next()?.chars().next()?, parent: items.next()?.parse().ok()? })
    }

    fn ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }
}

/// Returns the command line of a process, or its name in brackets if it has released its memory.
fn command_line(pid: i32) -> String {
    let read = |folder: String| fs_err::read(folder + "/cmdline").ok().filter(|text| !text.is_empty());
    // If the first thread has ended, only the other threads still have the command line.
    let text = read(format!("/proc/{pid}"))
        .or_else(|| threads(pid).find_map(|(thread, _)| read(format!("/proc/{pid}/task/{thread}"))))
        .unwrap_or_default();
    let words: Vec<_> = text.split(|&b| b == 0).map(String::from_utf8_lossy).collect();
    let line = words.join(" ");
    if line.trim().is_empty() {
        let name = fs_err::read(format!("/proc/{pid}/comm")).unwrap_or_default();
        return format!("[{}]", beginning(String::from_utf8_lossy(&name).trim_end()));
    }
    beginning(line.trim_end())
}

/// Returns the beginning of `text`. Control characters are escaped on output.
fn beginning(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_a_line() {
        let stat = Stat::from(b"12 (a) Z 1 (b) D 34 56\n").unwrap();
        assert_eq!((stat.state, stat.parent), ('D', 34));
        assert!(Stat::from(b"12 (a").is_none());
    }

    #[test]
    fn this_process_descends_from_its_parent() {
        let line = own_line();
        assert!(line.len() > 1 && line[0] == own(), "{line:?}");
        assert!(descendants(&line[1..2]).iter().any(|pid| pid.as_raw_nonzero().get() == own()));
        assert!(lives(own()));
    }
}
