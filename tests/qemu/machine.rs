//! One boot of a test machine: a QEMU process, its serial console and the ways it ends.
//!
//! QEMU exits when the machine would restart, so that the host can act as the boot loader. One machine runs at a time.
//! A machine that does not do the expected thing fails the test with its whole console output.

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

/// A machine that is on.
pub(crate) struct Machine<'disk> {
    disk: &'disk Disk,
    qemu: Child,
    console: Receiver<String>,
    /// The first line. `start` waits for it, and the next call of `next_line` returns it.
    first: Option<String>,
    log: String,
    /// Placed before its socket's folder, since fields are dropped in this order.
    _drive: Server,
    sockets: tempfile::TempDir,
    only: Option<MutexGuard<'static, ()>>,
}

/// A boot that is over.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The program's exit code if the machine then switched itself off; `None` if it restarted.
    pub(crate) code: Option<i32>,
    /// Whether the power was cut.
    pub(crate) cut: bool,
    /// The machine's console output.
    pub(crate) log: String,
}

/// The kernel's last messages (kernel/reboot.c).
const POWER_DOWN: &str = "reboot: Power down";
const RESTARTING: &str = "reboot: Restarting system";
/// Far longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);
/// About once in a hundred starts, beside other builds, a machine printed nothing at all for three minutes;
/// otherwise it is up within about ten seconds. Nothing has been acknowledged by then, so it is started again; its
/// drive keeps its power.
const SILENCE: Duration = Duration::from_secs(90);
const STARTS: usize = 3;
/// Restart at a panic; the timer settings for emulation, without features that only cost time there. The clock is the
/// HPET's, because the TSC's rate is measured at boot, against time that QEMU lacks on a busy machine: a TSC clock then
/// runs twenty times too fast (arch/x86/kernel/tsc.c: "PIT calibration deviates from HPET").
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

    /// Waits until a line contains `marker`; returns an error if the machine ends before.
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

    /// Cuts the power with the drive's `writes`-th write from now, so that this write is not flushed, unless the
    /// machine ends before. Output in the following milliseconds still counts: it depends only on flushes answered
    /// before, since no later flush is answered.
    pub(crate) fn cut_at_write(mut self, writes: usize, cut: Cut) -> Ended {
        self.disk.drive.lock().cut_at_write(writes, cut);
        let deadline = Instant::now() + PATIENCE;
        while self.disk.drive.lock().is_powered() && self.is_running() {
            assert!(Instant::now() < deadline, "there are no {writes} writes:\n{}", self.log);
            self.next_line(Instant::now() + Duration::from_millis(5));
        }
        if self.disk.drive.lock().is_powered() { self.until_end() } else { self.off() }
    }

    /// Presses the reset button: the machine restarts, the drive keeps its power.
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

    /// Ends a machine after its drive has lost power.
    fn off(mut self) -> Ended {
        self.qemu.kill().unwrap();
        Ended { cut: true, ..self.rest() }
    }

    fn is_running(&mut self) -> bool {
        self.qemu.try_wait().unwrap().is_none()
    }

    /// Reads everything up to the end of the QEMU process.
    fn rest(&mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        while self.next_line(deadline).is_some() {}
        assert!(Instant::now() < deadline, "the machine does not end:\n{}", self.log);
        self.qemu.wait().unwrap();
        let log = std::mem::take(&mut self.log);
        let code = log.lines().find_map(|line| line.strip_prefix("BED: exit ")?.parse().ok());
        Ended { code: code.filter(|_| log.contains(POWER_DOWN)), cut: false, log }
    }

    /// Returns nothing at the deadline or at the end of the output.
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
    /// A failed test leaves no machine running.
    fn drop(&mut self) {
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

impl Ended {
    /// Returns the text after `marker` in the last line that begins with it.
    pub(crate) fn last(&self, marker: &str) -> Option<&str> {
        self.log.lines().rev().find_map(|line| line.strip_prefix(marker)).map(str::trim)
    }

    /// Returns the kernel's id for this boot.
    pub(crate) fn boot_id(&self) -> &str {
        self.last("BED: up ").unwrap_or_else(|| panic!("the machine did not come up:\n{}", self.log))
    }
}

/// Ensures that one machine runs at a time, in all beds together.
pub(crate) fn only_one() -> MutexGuard<'static, ()> {
    static ONLY: Mutex<()> = Mutex::new(());
    ONLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the console's lines as they come, complete ones only: a line torn by a power cut does not count.
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
