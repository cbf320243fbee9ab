//! A machine started by its own firmware and boot loader, from a complete disk.
//!
//! Unlike in the other bed, QEMU continues when the machine restarts, since the host need not act as the boot loader.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::MutexGuard;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use crate::machine::{lines, only_one};
use crate::tool::command;

/// A machine that is on.
pub(super) struct Vm {
    qemu: Child,
    console: Receiver<String>,
    log: String,
    sockets: tempfile::TempDir,
    _only: MutexGuard<'static, ()>,
}

/// Far longer than a whole chain takes on a busy machine without KVM: nine minutes beside sixteen other processes.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
const MACHINE: [&str; 10] = ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "768"];
const BARE: [&str; 6] = ["-display", "none", "-nodefaults", "-no-user-config", "-serial", "stdio"];

impl Vm {
    /// Starts the machine as its firmware does: from the disk.
    pub(super) fn start(image: &Path) -> Vm {
        Vm::with(image, |_| {})
    }

    /// Starts it with a kernel loaded by QEMU.
    pub(super) fn direct(image: &Path, kernel: &Path, initrd: &Path, parameters: &str) -> Vm {
        Vm::with(image, |command| {
            command.arg("-kernel").arg(kernel).arg("-initrd").arg(initrd).args(["-append", parameters]);
        })
    }

    fn with(image: &Path, more: impl FnOnce(&mut Command)) -> Vm {
        let only = only_one();
        let sockets = tempfile::tempdir().unwrap();
        let mut command = command("qemu-system-x86_64");
        command.args(MACHINE).args(BARE);
        command.args(["-drive", &format!("file={},format=raw,if=none,id=disk", image.display())]);
        command.args(["-device", "virtio-blk-pci,drive=disk"]);
        command.args(["-qmp", &format!("unix:{},server=on,wait=off", sockets.path().join("qmp").display())]);
        more(&mut command);
        let mut qemu = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let console = lines(qemu.stdout.take().unwrap());
        Vm { qemu, console, log: String::new(), sockets, _only: only }
    }

    /// Waits until a line contains `marker`.
    #[track_caller]
    pub(super) fn until(&mut self, marker: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next_line(deadline) {
                Some(line) if line.contains(marker) => return,
                Some(_) => {}
                None => panic!("the machine never printed {marker:?}:\n{}", self.log),
            }
        }
    }

    /// Waits until it is off; returns the exit code of the last script.
    pub(super) fn until_off(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        while self.next_line(deadline).is_some() {}
        assert!(Instant::now() < deadline, "the machine is never off:\n{}", self.log);
        self.qemu.wait().unwrap();
        let mut codes = self.log.lines().filter_map(|line| line.split_once("BED: exit ")?.1.trim().parse().ok());
        codes.next_back()
    }

    /// Lets it run for a while. Dropping it then cuts its power: unwritten data is lost.
    pub(super) fn run_for(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        while self.next_line(deadline).is_some() {}
    }

    /// Presses the reset button.
    pub(super) fn reset(&self) {
        // Every reply is short and fits into the socket. The contents do not matter, only that both commands were
        // carried out.
        let mut qmp = UnixStream::connect(self.sockets.path().join("qmp")).unwrap();
        let mut replies = String::new();
        for order in ["qmp_capabilities", "system_reset"] {
            qmp.write_all(format!("{{\"execute\": \"{order}\"}}\n").as_bytes()).unwrap();
            let before = replies.matches("\"return\"").count();
            while replies.matches("\"return\"").count() == before {
                let mut some = [0; 1024];
                let length = qmp.read(&mut some).unwrap();
                assert!(length > 0, "QEMU hangs up:\n{replies}");
                replies.push_str(&String::from_utf8_lossy(&some[..length]));
            }
        }
    }

    /// Returns its output so far.
    pub(super) fn log(&self) -> &str {
        &self.log
    }

    fn next_line(&mut self, deadline: Instant) -> Option<String> {
        let line = self.console.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()?;
        self.log.push_str(&line);
        self.log.push('\n');
        Some(line)
    }
}

impl Drop for Vm {
    /// A failed test leaves no machine running.
    fn drop(&mut self) {
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}
