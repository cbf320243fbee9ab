//! What `/proc` says of processes: who descends from whom, who still lives, and how a report names them.

use std::collections::HashMap;
use std::io;

use rustix::process::Pid;

/// The most characters of a command line that a report shows.
const SHOWN: usize = 60;

/// Makes this process the parent of whatever its descendants orphan (prctl(2), PR_SET_CHILD_SUBREAPER), so that walking
/// from parent to child finds all of them, detached sessions included.
///
/// # Errors
/// When the kernel is older than Linux 3.4.
pub fn adopt_orphans() -> io::Result<()> {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Collects the exit status of every ended child, adopted ones included. Until then the kernel keeps some memory of each,
/// which would show in what is measured.
pub(super) fn reap() {
    while let Ok(Some(_)) = rustix::process::wait(rustix::process::WaitOptions::NOHANG) {}
}

/// The living descendants of `ancestors`, parents before their children.
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
        // Removed, so that an ancestor which descends from another one is visited once.
        let below = children.remove(&parent).unwrap_or_default();
        found.extend(below.iter().copied().filter(|&pid| lives(pid)).filter_map(Pid::from_raw));
        parents.extend(below);
    }
    found
}

/// The living descendants of this process.
pub(super) fn own_descendants() -> Vec<Pid> {
    descendants(&[own()])
}

/// This process.
pub(super) fn own() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// This process and all its ancestors.
pub(super) fn own_line() -> Vec<i32> {
    std::iter::successors(Some(own()), |&pid| parent(pid).filter(|&parent| parent > 0)).collect()
}

/// The processes which were started with the environment variable `name=value`, as far as this user may know.
pub(super) fn with_variable(name: &str, value: &str) -> Vec<i32> {
    let wanted = format!("{name}={value}").into_bytes();
    let carries = |pid: &i32| {
        let variables = fs_err::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        variables.split(|&byte| byte == 0).any(|variable| variable == wanted)
    };
    all().filter(carries).collect()
}

/// The other processes which have `file`, by the name `/proc` gives it, open.
pub(super) fn holding(file: &str) -> Vec<String> {
    let holds = |pid: &i32| {
        let open = fs_err::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        *pid != own() && open.filter_map(|fd| fs_err::read_link(fd.path()).ok()).any(|link| link.as_os_str() == file)
    };
    all().filter(holds).filter_map(Pid::from_raw).map(named).collect()
}

/// Whether a process can still do something. A zombie cannot, unless only its first thread has ended.
pub(super) fn lives(pid: i32) -> bool {
    match Stat::of(&format!("/proc/{pid}")) {
        None => false,
        Some(stat) => !stat.ended() || threads(pid).any(|(_, stat)| !stat.ended()),
    }
}

/// `command line (process 123)`.
pub(super) fn named(pid: Pid) -> String {
    let pid = pid.as_raw_nonzero().get();
    format!("{} (process {pid})", command_line(pid))
}

/// `command line (process 123, state D in wait_for_device)`: a process which does not go away, and where it hangs.
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
        .filter_map(move |thread| Some((thread, Stat::of(&format!("/proc/{pid}/task/{thread}"))?)))
}

/// The entries of a folder whose names are numbers.
fn numbers(folder: &str) -> impl Iterator<Item = i32> + use<> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn parent(pid: i32) -> Option<i32> {
    Stat::of(&format!("/proc/{pid}")).map(|stat| stat.parent)
}

/// A process or thread, from its `stat`: `pid (name) state ppid …`, where the name may hold anything.
struct Stat {
    state: char,
    parent: i32,
}

impl Stat {
    fn of(folder: &str) -> Option<Stat> {
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

/// What a process was started with, or its name in brackets once it has given its memory back.
fn command_line(pid: i32) -> String {
    let read = |folder: String| fs_err::read(folder + "/cmdline").ok().filter(|text| !text.is_empty());
    // A first thread which has ended knows it no longer.
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

/// The beginning of `text`. What a terminal would obey in it is escaped where it is printed.
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
