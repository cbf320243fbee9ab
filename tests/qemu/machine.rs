//! One boot of a test machine: a QEMU process, its serial console and the ways it ends.
//!
//! QEMU ends where the machine would restart, so that the host can play the boot loader. One machine runs at a time. A
//! machine which does not do what is awaited fails the test with everything it printed.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::disk::Disk;
use super::drive::Cut;
use super::nbd::Server;
use super::tool::command;

/// A machine which is on.
pub(crate) struct Machine<'disk> {
    disk: &'disk Disk,
    qemu: Child,
    console: Receiver<String>,
    /// The first line, which was waited for and which nobody has read yet.
    first: Option<String>,
    log: String,
    /// Before the folder of its socket, since fields are dropped in this order.
    _drive: Server,
    sockets: tempfile::TempDir,
    only: Option<MutexGuard<'static, ()>>,
}

/// A boot which is over.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What the program exited with, if the machine then switched itself off. It did not when it restarted.
    pub(crate) code: Option<i32>,
    /// Whether the power was cut.
    pub(crate) cut: bool,
    /// What the machine printed on its console.
    pub(crate) log: String,
}

/// The kernel's last words (kernel/reboot.c).
const POWER_DOWN: &str = "reboot: Power down";
const RESTARTING: &str = "reboot: Restarting system";
/// Far more than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// Once in some hundred starts a machine was seen to say nothing at all for three minutes, beside other builds; otherwise
/// it is up within some ten seconds. Nothing has been acknowledged by then, so it is started again; its drive keeps its power.
const SILENCE: Duration = Duration::from_secs(90);
const STARTS: usize = 3;
/// Restart at a panic; the timer as it is under emulation, without what only costs time there. The clock is the HPET's,
/// because the TSC's rate is measured at boot, against time that QEMU lacks on a busy machine: then a clock by it goes
/// twenty times too fast (arch/x86/kernel/tsc.c: "PIT calibration deviates from HPET").
const PARAMETERS: &str = "console=ttyS0 panic=-1 clocksource=hpet no_timer_check mitigations=off cryptomgr.notests";
/// q35, since microvm cannot switch off; virtio, since the nvme of QEMU 7.2 loses forced writes.
const MACHINE: [&str; 12] =
    ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "512", "-serial", "stdio"];
const BARE: [&str; 5] = ["-display", "none", "-nodefaults", "-no-user-config", "-no-reboot"];

impl<'disk> Machine<'disk> {
    pub(crate) fn start(disk: &'disk Disk, parameters: &str) -> Machine<'disk> {
        let only = only_one();
        for start in 1..=STARTS {
            let mut machine = Machine::on(disk, parameters);
            machine.first = machine.console.recv_timeout(SILENCE).ok();
            if machine.first.is_some() {
                machine.only = Some(only);
                return machine;
            }
            eprintln!("the machine says nothing, at start {start} of {STARTS}");
        }
        panic!("the machine never says anything");
    }

    /// Starts QEMU.
    fn on(disk: &'disk Disk, parameters: &str) -> Machine<'disk> {
        let sockets = tempfile::tempdir().unwrap();
        let server = Server::start(&disk.drive, &sockets.path().join("nbd")).unwrap();
        let socket = |name: &str| sockets.path().join(name).display().to_string();
        let mut command = command("qemu-system-x86_64");
        command.args(MACHINE).args(BARE);
        command.arg("-kernel").arg(&disk.bed.kernel).arg("-initrd").arg(&disk.bed.initramfs);
        command.args(["-append", &format!("{PARAMETERS} {parameters}")]);
        command.args(["-qmp", &format!("unix:{},server=on,wait=off", socket("qmp"))]);
        let drive = format!("driver=nbd,server.type=unix,server.path={},if=none,id=state", socket("nbd"));
        command.args(["-drive", &format!("{drive},cache=writeback")]);
        command.args(["-device", "virtio-blk-pci,drive=state"]);
        let mut qemu = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let console = lines(qemu.stdout.take().unwrap());
        Machine { disk, qemu, console, first: None, log: String::new(), _drive: server, sockets, only: None }
    }

    /// Waits until a line contains `marker`.
    pub(crate) fn until_marker(mut self, marker: &str) -> Machine<'disk> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next_line(deadline) {
                Some(line) if line.contains(marker) => return self,
                Some(_) => {}
                None => panic!("the machine never printed {marker:?}:\n{}", self.log),
            }
        }
    }

    /// Waits until a line contains `marker`; a machine which ends before is over.
    pub(crate) fn until_marker_or_end(mut self, marker: &str) -> Result<Machine<'disk>, Ended> {
        let deadline = Instant::now() + PATIENCE;
        while let Some(line) = self.next_line(deadline) {
            if line.contains(marker) {
                return Ok(self);
            }
        }
        Err(self.until_end())
    }

    /// Cuts the power. The log holds everything that was printed before.
    pub(crate) fn cut(self, cut: Cut) -> Ended {
        kill_process(Pid::from_child(&self.qemu), Signal::STOP).unwrap();
        self.disk.drive.lock().cut(cut);
        self.off()
    }

    /// Cuts the power after a while, unless the machine ends before.
    pub(crate) fn cut_after(mut self, time: Duration, cut: Cut) -> Ended {
        let deadline = Instant::now() + time;
        while self.next_line(deadline).is_some() {}
        if self.is_running() { self.cut(cut) } else { self.until_end() }
    }

    /// Cuts the power with the drive's `writes`-th write from now, which is therefore not flushed, unless the machine ends
    /// before. What it prints afterwards, for some milliseconds, still counts: it rests on flushes which were answered
    /// before, since no other is.
    pub(crate) fn cut_at_write(mut self, writes: usize, cut: Cut) -> Ended {
        self.disk.drive.lock().cut_at_write(writes, cut);
        let deadline = Instant::now() + PATIENCE;
        while self.disk.drive.lock().is_powered() && self.is_running() {
            assert!(Instant::now() < deadline, "there are no {writes} writes:\n{}", self.log);
            self.next_line(Instant::now() + Duration::from_millis(5));
        }
        if self.disk.drive.lock().is_powered() { self.until_end() } else { self.off() }
    }

    /// Presses the reset button: the machine starts anew, the drive keeps its power.
    pub(crate) fn reset(mut self) -> Ended {
        // Every reply is short and fits into the socket; none of them is needed. QEMU hangs up when it ends.
        let mut qmp = UnixStream::connect(self.sockets.path().join("qmp")).unwrap();
        qmp.write_all(b"{\"execute\": \"qmp_capabilities\"}\n{\"execute\": \"system_reset\"}\n").unwrap();
        drop(qmp.read_to_end(&mut Vec::new()));
        self.rest()
    }

    /// Waits until it restarts or switches itself off.
    pub(crate) fn until_end(mut self) -> Ended {
        let ended = self.rest();
        let off = ended.log.contains(POWER_DOWN);
        assert!(off != ended.log.contains(RESTARTING), "the machine crashed:\n{}", ended.log);
        assert!(!off || ended.code.is_some(), "the machine switched itself off too early:\n{}", ended.log);
        if off {
            self.disk.drive.lock().cut(Cut::Keep);
        }
        ended
    }

    /// Ends a machine whose drive has lost its power.
    fn off(mut self) -> Ended {
        self.qemu.kill().unwrap();
        Ended { cut: true, ..self.rest() }
    }

    fn is_running(&mut self) -> bool {
        self.qemu.try_wait().unwrap().is_none()
    }

    /// Everything up to the end of the QEMU process.
    fn rest(&mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        while self.next_line(deadline).is_some() {}
        assert!(Instant::now() < deadline, "the machine does not end:\n{}", self.log);
        self.qemu.wait().unwrap();
        let log = std::mem::take(&mut self.log);
        let code = log.lines().find_map(|line| line.strip_prefix("BED: exit ")?.parse().ok());
        Ended { code: code.filter(|_| log.contains(POWER_DOWN)), cut: false, log }
    }

    /// Nothing at the deadline, or when there is no more to come.
    fn next_line(&mut self, deadline: Instant) -> Option<String> {
        let wait = || self.console.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        match self.first.take().map_or_else(wait, Ok) {
            Ok(line) => {
                self.log.push_str(&line);
                self.log.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }
}

impl Drop for Machine<'_> {
    /// A test which failed leaves no machine running.
    fn drop(&mut self) {
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

impl Ended {
    /// What follows `marker` in the last line which begins with it.
    pub(crate) fn last(&self, marker: &str) -> Option<&str> {
        self.log.lines().rev().find_map(|line| line.strip_prefix(marker)).map(str::trim)
    }

    /// The kernel's name for this boot.
    pub(crate) fn boot_id(&self) -> &str {
        self.last("BED: up ").unwrap_or_else(|| panic!("the machine did not come up:\n{}", self.log))
    }
}

/// One machine runs at a time, of whatever bed.
pub(crate) fn only_one() -> MutexGuard<'static, ()> {
    static ONLY: Mutex<()> = Mutex::new(());
    ONLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The console's lines as they come, whole ones only: what a cut tore was not said.
pub(crate) fn lines(console: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut console = BufReader::new(console);
        let mut line = Vec::new();
        while console.read_until(b'\n', &mut line).is_ok() && line.ends_with(b"\n") {
            if sender.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}
