//! A Windows machine that is off: a Wine prefix of its own, with poolgate and the leaky driver installed.
//!
//! A test's settings are in place before the first boot, and a run's results are read after the last one, so that the
//! two cannot interfere. One machine exists at a time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::bed::Bed;
use super::registry::{Registry, SERVICES};
use crate::beds::printed;

/// A machine.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    _only: MutexGuard<'static, ()>,
}

/// The files that a run left in its folder.
pub(crate) struct Run(PathBuf);

/// poolgate's path. It contains a space, as paths on Windows do.
pub(crate) const POOLGATE: &str = r"C:\Program Files\poolgate\poolgate.exe";
/// The folder of scenarios and their files; programs are started in it.
pub(crate) const LAB: &str = "lab";
pub(crate) const WORK: &str = r"C:\lab\work.exe";
/// The driver's service.
pub(crate) const DRIVER: &str = r"System\CurrentControlSet\Services\leakydrv";

/// The library that answers class 22 for poolgate's processes in place of the kernel.
const CLASS_22: &str = "Program Files/poolgate/bcryptprimitives.dll";
/// Files that Wine writes in place; they must be copied, not linked.
const WRITTEN: [&str; 4] = ["system.reg", "user.reg", "userdef.reg", ".update-timestamp"];

impl Machine {
    /// Creates a machine with a driver that leaks at every `leak_every`-th request, or never if it is 0.
    pub(crate) fn new(bed: &Bed, leak_every: u32) -> Machine {
        static ONLY: Mutex<()> = Mutex::new(());
        let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir_in(&bed.machines).unwrap();
        let machine = Machine { folder, _only: only };
        // Wine itself is 700 MB.
        printed(Command::new("cp").arg("-al").arg(&bed.template).arg(machine.prefix()));
        for file in WRITTEN {
            fs_err::remove_file(machine.prefix().join(file)).unwrap();
            fs_err::copy(bed.template.join(file), machine.prefix().join(file)).unwrap();
        }
        machine.install(&bed.poolgate, "Program Files/poolgate/poolgate.exe");
        machine.install(&bed.guest("bcryptprimitives.dll"), CLASS_22);
        machine.install(&bed.guest("work.exe"), "lab/work.exe");
        fs_err::create_dir(machine.file("ended")).unwrap();
        machine.install(&bed.guest("leakydrv.sys"), "windows/system32/drivers/leakydrv.sys");
        machine
            .with_value(DRIVER, "Type", "dword:00000001")
            .with_value(DRIVER, "Start", "dword:00000003")
            .with_value(DRIVER, "ErrorControl", "dword:00000001")
            .with_value(DRIVER, "ImagePath", r#""C:\\windows\\system32\\drivers\\leakydrv.sys""#)
            .with_value(DRIVER, "LeakEvery", &format!("dword:{leak_every:08x}"))
    }

    /// Sets a value in its registry.
    pub(crate) fn with_value(self, key: &str, name: &str, value: &str) -> Machine {
        self.registry().set(key, name, value);
        self
    }

    /// Adds a file on its drive C.
    pub(crate) fn with_file(self, path: &str, content: &str) -> Machine {
        let path = self.file(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
        self
    }

    /// Adds the workload's program to another folder too.
    pub(crate) fn with_work_in(self, folder: &str) -> Machine {
        fs_err::copy(self.file("lab/work.exe"), self.file(folder).join("work.exe")).unwrap();
        self
    }

    /// With a System event log that answers the nth query for bugchecks with the nth of `texts`, and later ones with the last.
    pub(crate) fn with_simulated_event_log(self, bed: &Bed, texts: &[String]) -> Machine {
        let wevtutil = "windows/system32/wevtutil.exe";
        // Wine's own is linked, and must stay as it is.
        fs_err::remove_file(self.file(wevtutil)).unwrap();
        self.install(&bed.guest("wevtutil.exe"), wevtutil);
        (1..=9).fold(self, |machine, number| {
            let text = texts.get(number - 1).or(texts.last()).unwrap();
            machine.with_file(&format!("lab/events-{number}.xml"), text)
        })
    }

    /// Makes its kernel count pool tags only if GlobalFlag was set at boot.
    pub(crate) fn with_old_windows(self) -> Machine {
        self.with_value(r"Software\simulated class 22", "OldWindows", "dword:00000001")
    }

    /// Keeps Wine's own kernel.
    pub(crate) fn without_simulated_class_22(self) -> Machine {
        fs_err::remove_file(self.file(CLASS_22)).unwrap();
        self
    }

    /// Returns the path of a file on its drive C.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.prefix().join("drive_c").join(path)
    }

    /// Returns the registry as the next boot will find it.
    pub(crate) fn registry(&self) -> Registry {
        Registry::open(self.prefix().join("system.reg"))
    }

    /// Whether there is a service of that name.
    pub(crate) fn has_service(&self, name: &str) -> bool {
        self.registry().has(&format!(r"{SERVICES}\{name}"))
    }

    /// Returns the only run.
    pub(crate) fn only_run(&self) -> Run {
        let mut runs = self.runs();
        assert_eq!(runs.len(), 1, "not one run: {runs:?}");
        Run(runs.remove(0))
    }

    /// Returns the folders of all runs.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let reports = fs_err::read_dir(self.file("lab/reports"));
        reports.into_iter().flatten().map(|run| run.unwrap().path()).collect()
    }

    /// Returns the run's log so far. Until the run is over its log lies with its state.
    pub(crate) fn story_of(&self, run: &Path) -> String {
        let state = self.file("ProgramData/poolgate").join(run.file_name().unwrap());
        let logs = [state.join("run.log"), run.join("run.log")];
        logs.iter().find_map(|log| fs_err::read_to_string(log).ok()).unwrap_or_default()
    }

    /// Returns Wine's own folder of the machine.
    pub(crate) fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    fn install(&self, file: &Path, place: &str) {
        let place = self.file(place);
        fs_err::create_dir_all(place.parent().unwrap()).unwrap();
        fs_err::copy(file, place).unwrap();
    }
}

impl Run {
    pub(crate) fn junit(&self) -> String {
        self.text("junit.xml")
    }

    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.text("report.json")).unwrap()
    }

    /// Returns a file of the run; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        fs_err::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}
