//! strace: listing the system calls of a life, and making one of them fail.

use std::collections::HashMap;
use std::path::Path;

/// One system call that fails.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The system call's name.
    pub(super) call: String,
    /// What it fails with.
    pub(super) error: &'static str,
    /// Which call of this name, counted from 1.
    pub(super) at: u32,
    /// Whether every later call of this name fails as well.
    pub(super) sticky: bool,
}

impl Fault {
    /// What strace is told.
    pub(super) fn arguments(&self) -> [String; 2] {
        let Fault { call, error, at, sticky } = self;
        ["-e".to_owned(), format!("inject={call}:error={error}:when={at}{}", if *sticky { "+" } else { "" })]
    }
}

/// What is traced. A call of any other name never fails.
pub(super) const TRACED: &str = "trace=openat,read,write,writev,pwrite64,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,\
     linkat,unlink,unlinkat,rmdir,ftruncate,flock,mkdir,mkdirat,symlink,symlinkat,fchmod,fchown";

/// How a call fails, by its name.
fn error(call: &str, line: &str) -> &'static str {
    match call {
        "openat" if line.contains("O_CREAT") => "ENOSPC",
        "write" | "writev" | "pwrite64" | "mkdir" | "mkdirat" | "symlink" | "symlinkat" | "link" | "linkat" => "ENOSPC",
        "flock" => "ENOLCK",
        "fchmod" | "fchown" => "EPERM",
        _ => "EIO",
    }
}

/// The calls in a trace that may fail, each as a fault that happens once: calls on files below `root`, and those that print.
/// Of calls that do the same thing to the same file again and again, the first ones and the last one stand for all.
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
        // The working folder, which strace adds to each call, says nothing about the file.
        let rest = &rest[rest.find("AT_FDCWD<").map_or(0, |at| rest[at..].find('>').map_or(0, |end| at + end + 1))..];
        let standard = call == "write" && (rest.starts_with("1<") || rest.starts_with("2<"));
        // Something failed already: that it fails in another way is no new fault.
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

/// The last path below `root` in a line of a trace: of two, the one that is changed.
fn named<'a>(rest: &'a str, root: &str) -> &'a str {
    let at = rest.rfind(root).map_or(0, |at| at + root.len());
    rest[at..].split(['"', '>']).next().unwrap_or_default()
}
