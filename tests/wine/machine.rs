//! A Windows machine: a Wine prefix of its own, which is switched on and off.
//!
//! A boot is the life of its wineserver. Wine has no kernel which could restart, and ExitWindowsEx only ends everybody's
//! session; so a witness runs in each boot, and when it is gone, the host takes the power. One machine runs at a time.

use std::fmt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::bed::Bed;
use super::registry::{Registry, SERVICES};
use super::tool::{WINE, WINESERVER, printed};

/// A machine which is off.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    _only: MutexGuard<'static, ()>,
}

/// A machine which is on. It goes off when this is dropped.
pub(crate) struct Boot<'machine> {
    machine: &'machine Machine,
    witness: Child,
}

/// A program which runs on a machine.
pub(crate) struct Program {
    process: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// A program which has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Where poolgate lies. Its path has a space in it, as paths on Windows do.
pub(crate) const POOLGATE: &str = r"C:\Program Files\poolgate\poolgate.exe";
pub(crate) const WORK: &str = r"C:\lab\work.exe";
pub(crate) const DRIVER: &str = "leakydrv";
/// Started at boot, or when it is asked for (SERVICE_AUTO_START, SERVICE_DEMAND_START).
pub(crate) const AT_BOOT: &str = "dword:00000002";
pub(crate) const ON_DEMAND: &str = "dword:00000003";

/// Far more than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

impl Machine {
    /// A machine with the driver, which leaks at every `leak_every`-th request, and with poolgate.
    pub(crate) fn new(bed: &Bed, leak_every: u32) -> Machine {
        static ONLY: Mutex<()> = Mutex::new(());
        let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir_in(&bed.machines).unwrap();
        let machine = Machine { folder, _only: only };
        // Wine itself is 700 MB, and linked. What Wine writes in place must not be.
        printed(Command::new("cp").arg("-al").arg(&bed.template).arg(machine.prefix()));
        for file in ["system.reg", "user.reg", "userdef.reg", ".update-timestamp"] {
            let file = machine.prefix().join(file);
            let content = fs_err::read(&file).unwrap();
            fs_err::remove_file(&file).unwrap();
            fs_err::write(&file, content).unwrap();
        }
        for (file, place) in [
            (bed.poolgate.clone(), "Program Files/poolgate/poolgate.exe"),
            (bed.guest("bcryptprimitives.dll"), "Program Files/poolgate/bcryptprimitives.dll"),
            (bed.guest("work.exe"), "lab/work.exe"),
            (bed.guest("leakydrv.sys"), "windows/system32/drivers/leakydrv.sys"),
        ] {
            let place = machine.file(place);
            fs_err::create_dir_all(place.parent().unwrap()).unwrap();
            fs_err::copy(file, place).unwrap();
        }
        let (service, mut registry) = (format!(r"{SERVICES}\{DRIVER}"), machine.registry());
        registry.set(&service, "Type", "dword:00000001");
        registry.set(&service, "Start", ON_DEMAND);
        registry.set(&service, "ErrorControl", "dword:00000001");
        registry.set(&service, "ImagePath", r#""C:\\windows\\system32\\drivers\\leakydrv.sys""#);
        registry.set(&service, "LeakEvery", &format!("dword:{leak_every:08x}"));
        machine
    }

    /// A file on its drive C.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.prefix().join("drive_c").join(path)
    }

    /// What its next boot will find.
    pub(crate) fn registry(&self) -> Registry {
        Registry::open(self.prefix().join("system.reg"))
    }

    pub(crate) fn power_on(&self) -> Boot<'_> {
        // Started by hand, the server holds nobody's pipes open.
        let mut server = Command::new(WINESERVER);
        server.arg("-p").env("WINEPREFIX", self.prefix());
        assert!(server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
        let up = self.file("up");
        if up.exists() {
            fs_err::remove_file(&up).unwrap();
        }
        let witness = self.wine(WORK, &["linger", r"C:\up"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let boot = Boot { machine: self, witness: witness.unwrap() };
        until("the machine does not come up", || up.exists().then_some(()));
        boot
    }

    fn wine(&self, program: &str, words: &[&str]) -> Command {
        let mut wine = Command::new(WINE);
        wine.arg(program).args(words).stdin(Stdio::null()).current_dir(self.file("lab"));
        wine.env("WINEPREFIX", self.prefix()).env("WINEDEBUG", "-all").env_remove("DISPLAY");
        wine.env("WINEDLLOVERRIDES", "mscoree,mshtml,winedbg.exe=;bcryptprimitives=n,b");
        wine
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }
}

impl Boot<'_> {
    /// Runs a program to its end.
    pub(crate) fn run(&self, program: &str, words: &[&str]) -> Ended {
        let mut program = self.start(program, words);
        until("the program does not end", || program.ended())
    }

    pub(crate) fn start(&self, program: &str, words: &[&str]) -> Program {
        let file = || tempfile::NamedTempFile::new_in(self.machine.folder.path()).unwrap().keep().unwrap();
        let ((stdout, out), (stderr, err)) = (file(), file());
        let process = self.machine.wine(program, words).stdout(stdout).stderr(stderr).spawn().unwrap();
        Program { process, stdout: out, stderr: err }
    }

    /// Whether somebody has asked for a restart or shut-down, so that everybody's session has ended.
    pub(crate) fn is_over(&mut self) -> bool {
        self.witness.try_wait().unwrap().is_some()
    }

    /// Waits until somebody has asked for a restart.
    pub(crate) fn until_over(mut self) {
        until("the machine does not restart", || self.is_over().then_some(()));
    }

    /// Takes the power: whatever runs is gone.
    pub(crate) fn cut(self) {}

    /// How many programs run whose command line contains `words`.
    pub(crate) fn running(&self, words: &str) -> usize {
        let prefix = format!("WINEPREFIX={}\0", self.machine.prefix().display());
        let processes = fs_err::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let read = |process: &PathBuf, name: &str| fs_err::read(process.join(name)).unwrap_or_default();
        let ours = processes.filter(|process| {
            let line = String::from_utf8_lossy(&read(process, "cmdline")).replace('\0', " ");
            line.contains(words) && String::from_utf8_lossy(&read(process, "environ")).contains(&prefix)
        });
        ours.count()
    }
}

impl Drop for Boot<'_> {
    fn drop(&mut self) {
        for option in ["-k", "-w"] {
            let mut server = Command::new(WINESERVER);
            // It complains when there is nothing left to do.
            drop(server.arg(option).env("WINEPREFIX", self.machine.prefix()).output());
        }
        drop(self.witness.kill());
        drop(self.witness.wait());
    }
}

impl Program {
    /// What it came to, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<Ended> {
        let status = self.process.try_wait().unwrap()?;
        let text = |path: &PathBuf| String::from_utf8_lossy(&fs_err::read(path).unwrap()).into_owned();
        Some(Ended { code: status.code(), stdout: text(&self.stdout), stderr: text(&self.stderr) })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

/// Looks again and again, until there is something to see.
pub(crate) fn until<T>(otherwise: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "{otherwise}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
