//! One process of poolgate, with or without a fault, and the conditions that must hold after it.

use std::fmt::Write;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::machine::Machine;
use super::strace::{Fault, TRACED};

/// The longest time for a process; after that it counts as one that never ends.
const PATIENCE: Duration = Duration::from_secs(120);

/// The command of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Call {
    Run,
    Resume,
    Abort,
}

impl Call {
    fn words(self) -> &'static [&'static str] {
        match self {
            Call::Run => &["run", "scenario.yaml", "--allow-reboot"],
            Call::Resume => &["resume"],
            Call::Abort => &["abort"],
        }
    }
}

/// The use of strace on the process.
pub(super) enum Trace<'a> {
    /// The process runs without strace.
    Without,
    /// Lists the system calls of the process in this file.
    Into(PathBuf),
    /// Makes one call fail.
    With(&'a Fault),
    /// Kills the process like `kill -9` at the first call of this name.
    KilledAt(&'static str),
}

/// A process that has ended.
pub(super) struct Life {
    pub(super) call: Call,
    pub(super) code: Option<i32>,
    pub(super) printed: String,
    /// Whether it requested a restart.
    pub(super) restarts: bool,
    /// Whether the fault may have hit tokio's eventfd or a child's pipe. These never fail in practice; if they do,
    /// tokio and std panic.
    is_impossible: bool,
}

impl Life {
    pub(super) fn live(machine: &Machine, call: Call, trace: &Trace<'_>) -> Life {
        let before = machine.restarts();
        let mut command = traced(trace, &machine.at("usr/bin/poolgate"));
        command.args(call.words()).arg("--root").arg(machine.root());
        command.current_dir(machine.at("lab")).env_remove("POOLGATE_ALLOW_REBOOT").env("RUST_BACKTRACE", "0");
        // Cargo's setting; the loader would search it first for every library.
        command.env_remove("LD_LIBRARY_PATH");
        // A file, as in `nohup poolgate run … > log`: it can be full, and needs no reader.
        let output = tempfile::NamedTempFile::new().unwrap();
        let to = || Stdio::from(File::options().append(true).open(output.path()).unwrap());
        command.stdin(Stdio::null()).stdout(to()).stderr(to());
        let printed = || String::from_utf8_lossy(&fs_err::read(output.path()).unwrap()).into_owned();
        let is_traced = !matches!(trace, Trace::Without);
        // The same process retries a call that failed once.
        let lasts = matches!(trace, Trace::With(fault) if fault.sticky) || machine.at("fail-from").exists();
        let code = ended(command, is_traced, || lasts && writes_a_flag_again(&printed()));
        let printed = printed();
        // A lasting fault of `write` suppresses the message of the panic.
        let fails_one = |fault: &Fault| match fault.call.as_str() {
            "write" => fault.sticky || printed.contains("failed to wake I/O driver"),
            "read" => printed.contains("library/std/src/sys/process"),
            _ => false,
        };
        let is_impossible = code == Some(101) && matches!(trace, Trace::With(fault) if fails_one(fault));
        Life { call, code, restarts: machine.restarts() > before, is_impossible, printed }
    }

    /// Whether there was nothing to do.
    pub(super) fn had_nothing_to_do(&self) -> bool {
        self.code == Some(2) && self.printed.contains("there is no unfinished run")
    }

    pub(super) fn told(&self) -> String {
        let mut text = format!("    {:?}: exit code {:?}\n", self.call, self.code);
        self.printed.lines().for_each(|line| writeln!(text, "      | {line}").unwrap());
        text
    }
}

fn traced(trace: &Trace<'_>, poolgate: &Path) -> Command {
    let mut command = Command::new("strace");
    match trace {
        Trace::Without => return Command::new(poolgate),
        Trace::Into(file) => command.arg("-o").arg(file).args(["-y", "-e", TRACED]),
        Trace::With(fault) => command.args(["-o", "/dev/null", "-e", TRACED]).args(fault.arguments()),
        Trace::KilledAt(call) => {
            command.args(["-o", "/dev/null", "-e", TRACED, "-e"]).arg(format!("inject={call}:signal=KILL:when=1"))
        }
    };
    command.arg(poolgate);
    command
}

/// Runs a process to its end; `None` if a signal ended it, or if it never ends. If it `retries` to put the flags back
/// in vain, with ever longer pauses, it receives SIGTERM, as from a machine that goes down.
fn ended(mut command: Command, is_traced: bool, retries: impl Fn() -> bool) -> Option<i32> {
    let mut child = command.spawn().unwrap();
    let (begun, mut is_asked) = (Instant::now(), false);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if !is_asked && retries() {
            is_asked = true;
            if let Some(poolgate) = poolgate(child.id(), is_traced) {
                // It may have ended by now.
                let _ = rustix::process::kill_process(poolgate, Signal::TERM);
            }
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Whether a process reports that it writes the same flag a second time.
fn writes_a_flag_again(printed: &str) -> bool {
    let mut flags: Vec<&str> = printed.lines().filter(|line| line.starts_with("flag ")).collect();
    let all = flags.len();
    flags.sort_unstable();
    flags.dedup();
    flags.len() < all
}

/// The process id of poolgate: the started process, or strace's only child.
fn poolgate(started: u32, is_traced: bool) -> Option<Pid> {
    let children = || fs_err::read_to_string(format!("/proc/{started}/task/{started}/children")).ok();
    let pid = if is_traced { children()?.trim().parse().ok()? } else { started };
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// The violations after a process that was not killed has ended.
pub(super) fn broken(machine: &Machine, life: &Life) -> Vec<String> {
    let mut broken = Vec::new();
    let mut claim = |holds: bool, what: &str| {
        if !holds {
            broken.push(format!("after {:?} with exit code {:?}: {what}", life.call, life.code));
        }
    };
    claim(!life.printed.contains("panicked at") || life.is_impossible, "it panicked");
    claim(
        life.is_impossible || life.code.is_some_and(|code| [0, 1, 2, 3, 4, 10].contains(&code)),
        "it ended in no documented way",
    );
    let armed = !machine.changed_settings().is_empty();
    claim(life.code != Some(10) || life.restarts, "it says that the machine restarts, and did not ask for it");
    claim(!armed || machine.comes_back(), "the flags are set, and nobody comes back to undo them");
    claim(!(life.had_nothing_to_do() && armed), "it says that there is no unfinished run, and the flags are set");
    let passed = passed(machine);
    claim(!passed || is_measured(machine), "junit.xml shows a pass, and no complete recording judges so");
    if life.code == Some(0) {
        claim(!armed, "it says 0, and the flags are not restored");
        claim(life.call == Call::Abort || passed, "it says 0, and junit.xml shows no pass");
    }
    broken
}

/// Whether the report lets a build pass.
pub(super) fn passed(machine: &Machine) -> bool {
    machine.junit().is_some_and(|text| {
        text.contains("</testsuite>") && !["<error", "<failure", "<skipped"].iter().any(|word| text.contains(word))
    })
}

/// Whether the recording holds when it is judged again.
fn is_measured(machine: &Machine) -> bool {
    let Some(reports) = machine.reports() else { return false };
    let null = || Stdio::from(File::options().write(true).open("/dev/null").unwrap());
    let mut judge = crate::program::poolgate();
    judge.arg("judge").arg(reports).stdin(Stdio::null()).stdout(null()).stderr(null());
    judge.status().unwrap().code() == Some(0)
}
