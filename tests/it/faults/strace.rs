//! strace: lists the system calls of a life, and makes one of them fail.

use std::collections::HashMap;
use std::path::Path;

/// One system call that fails.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The name of the system call.
    pub(super) call: String,
    /// The error it returns.
    pub(super) error: &'static str,
    /// The number of the call among those of this name, from 1.
    pub(super) at: u32,
    /// Whether every later call of this name fails too.
    pub(super) sticky: bool,
}

impl Fault {
    /// The arguments of strace for this fault.
    pub(super) fn arguments(&self) -> [String; 2] {
        let Fault { call, error, at, sticky } = self;
        ["-e".to_owned(), format!("inject={call}:error={error}:when={at}{}", if *sticky { "+" } else { "" })]
    }
}

/// The traced calls. A call of any other name never fails.
pub(super) const TRACED: &str = "trace=openat,read,write,writev,pwrite64,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,\
     linkat,unlink,unlinkat,rmdir,ftruncate,flock,mkdir,mkdirat,symlink,symlinkat,fchmod,fchown";

/// The error of a failing call, by its name.
fn error(call: &str, line: &str) -> &'static str {
    match call {
        "openat" if line.contains("O_CREAT") => "ENOSPC",
        "write" | "writev" | "pwrite64" | "mkdir" | "mkdirat" | "symlink" | "symlinkat" | "link" | "linkat" => "ENOSPC",
        "flock" => "ENOLCK",
        "fchmod" | "fchown" => "EPERM",
        _ => "EIO",
    }
}

/// The calls in a trace that may fail, each as a fault that happens once: calls on files below `root`, and those that
/// print. If calls do the same to the same file repeatedly, the first ones and the last one stand for all.
pub(super) fn calls(trace: &str, root: &Path) -> Vec<Fault> {
    const FIRST: usize = 3;
    let root = root.to_str().unwrap();
    let mut counts: HashMap<&str, u32> = HashMap::new();
    let mut seen: Vec<(String, Vec<Fault>)> = Vec::new();
    for line in trace.lines() {
        let Some((call, rest)) = line.split_once('(') else { continue };
        if !call.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            continue;
        }
        let count = counts.entry(call).or_default();
        *count += 1;
        // The working folder, added to each call by strace, gives no information about the file.
        let rest = &rest[rest.find("AT_FDCWD<").map_or(0, |at| rest[at..].find('>').map_or(0, |end| at + end + 1))..];
        let standard = call == "write" && (rest.starts_with("1<") || rest.starts_with("2<"));
        // A call that failed already is no new fault if it fails in another way.
        let relative =
            rest.split('"').nth(1).is_some_and(|path| !path.starts_with('/') && call != "write" && call != "read");
        if !(standard || relative || rest.contains(root)) || rest.contains(" = -1 ENOENT") {
            continue;
        }
        let what = format!("{call} {}", if standard { &rest[..1] } else { named(rest, root) });
        let fault = Fault { call: call.to_owned(), error: error(call, rest), at: *count, sticky: false };
        match seen.iter_mut().find(|(known, _)| *known == what) {
            Some((_, calls)) if calls.len() > FIRST => calls[FIRST] = fault,
            Some((_, calls)) => calls.push(fault),
            None => seen.push((what, vec![fault])),
        }
    }
    seen.into_iter().flat_map(|(_, calls)| calls).collect()
}

/// The last path below `root` in a line of a trace; of two paths, that is the one being changed.
fn named<'a>(rest: &'a str, root: &str) -> &'a str {
    let at = rest.rfind(root).map_or(0, |at| at + root.len());
    rest[at..].split(['"', '>']).next().unwrap_or_default()
}
