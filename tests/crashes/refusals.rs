//! Machines that do not obey: they refuse to restart, start nothing after a boot, or have no room left.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use poolgate::failure::Failure;
use poolgate::machine::sim::{self, Home, Kernel, KernelState, Population};
use poolgate::machine::{
    Autostart, Boot, BootId, BootSettings, FlagValue, Machine, MachineError, RequestedSetting, SettingChange,
    VerifierRequest,
};
use poolgate::record::{Digest, Storage};
use poolgate::run::drive::{Checkpoint, Created, DriveError, DriveOutcome, Milestone, Restart, State, Work, drive};

use crate::life::created;

/// Records the actions of a run. On a stubborn machine a restart never comes.
struct Bystander {
    measured: bool,
    reported: Option<State>,
    restart: Restart,
}

impl Work for Bystander {
    async fn measure(
        &mut self,
        _: &mut Machine,
        _: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Failure> {
        self.measured = true;
        Ok(Digest::default())
    }

    async fn end_leftovers(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    async fn tear_down(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    fn report(&mut self, state: &State) -> Result<(), Failure> {
        self.reported = Some(state.clone());
        Ok(())
    }

    async fn wait_to_retry(&mut self, _: Duration) -> bool {
        true
    }

    async fn wait_for_restart(&mut self) -> Restart {
        self.restart
    }
}

struct Stubborn(Kernel);

impl Boot for Stubborn {
    fn id(&self) -> Result<BootId, MachineError> {
        sim::machine(&self.0).boot.id()
    }

    fn restart(&mut self) -> Result<(), MachineError> {
        Err(MachineError::NotElevated("restart a stubborn machine"))
    }
}

impl Autostart for Stubborn {
    fn get(&self) -> Result<Option<PathBuf>, MachineError> {
        Ok(None)
    }

    fn set(&mut self, run: Option<&Path>) -> Result<(), MachineError> {
        if run.is_some() { Err(MachineError::NotElevated("set autostart on a stubborn machine")) } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        Ok(())
    }
}

/// A disk that has no room for its nth write.
#[derive(Debug, Clone)]
struct Disk {
    bytes: Rc<RefCell<Vec<u8>>>,
    full_at: Rc<RefCell<usize>>,
    /// The disk stays full.
    for_good: bool,
}

impl Storage for Disk {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.bytes.borrow().clone())
    }

    fn append(&mut self, length: u64, line: &[u8]) -> io::Result<()> {
        let left = self.full_at.borrow().wrapping_sub(1);
        *self.full_at.borrow_mut() = left;
        let mut bytes = self.bytes.borrow_mut();
        bytes.truncate(length as usize);
        if left == 0 || self.for_good && left > usize::MAX / 2 {
            bytes.extend_from_slice(&line[..line.len() / 3]);
            return Err(io::ErrorKind::StorageFull.into());
        }
        bytes.extend_from_slice(line);
        Ok(())
    }

    fn replace(&mut self, contents: &[u8]) -> io::Result<()> {
        *self.bytes.borrow_mut() = contents.to_vec();
        Ok(())
    }
}

struct Trial {
    _folder: tempfile::TempDir,
    kernel: Kernel,
    disk: Disk,
    work: Bystander,
}

impl Trial {
    fn new() -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let state = KernelState::new(Population { seed: 1, tags: 0, noise: Vec::new() }).with_tagging_off();
        let kernel = Kernel::create(&folder.path().join("kernel.json"), state).unwrap();
        let disk = Disk { bytes: Rc::default(), full_at: Rc::default(), for_good: false };
        let work = Bystander { measured: false, reported: None, restart: Restart::EndsThisProcess };
        Trial { _folder: folder, kernel, disk, work }
    }

    /// One process on `machine`.
    fn process(&mut self, mut machine: Machine) -> Result<DriveOutcome, DriveError> {
        let mut checkpoint = match Checkpoint::open(self.disk.clone()) {
            Ok(checkpoint) => checkpoint,
            Err(_) => Checkpoint::create(self.disk.clone(), created(&mut machine))?,
        };
        let mut tell = |_| {};
        let driven = drive(&mut checkpoint, Path::new("run"), &mut machine, &mut self.work, &mut tell);
        match pin!(driven).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(standing) => standing,
            Poll::Pending => panic!("the run waits for something"),
        }
    }

    fn created(&self) -> Created {
        Checkpoint::open(self.disk.clone()).unwrap().state().created.clone()
    }

    #[track_caller]
    fn failed_and_left_the_machine_as_it_was(&self, words: &str) {
        let message = self.work.reported.as_ref().unwrap().trouble.clone().unwrap().message;
        assert!(message.contains(words), "{message}");
        assert!(!self.work.measured);
        self.left_the_machine_as_it_was();
    }

    #[track_caller]
    fn left_the_machine_as_it_was(&self) {
        let settings = self.kernel.read().unwrap().settings;
        assert_eq!((settings.flag("GlobalFlag"), settings.autostart()), (None, None));
        assert_eq!((settings.flag("VerifyDrivers"), settings.flag("VerifyDriverLevel")), (None, None));
        assert_eq!(settings.unflushed(), 0);
    }
}

#[test]
fn a_machine_that_refuses_to_restart_is_restored_and_reported() {
    let mut trial = Trial::new();
    let stubborn = Machine { boot: Box::new(Stubborn(trial.kernel.clone())), ..sim::machine(&trial.kernel) };
    assert_eq!(trial.process(stubborn).unwrap(), DriveOutcome::Done);
    trial.failed_and_left_the_machine_as_it_was(
        "cannot restart the machine: only an administrator can restart a stubborn machine",
    );
}

#[test]
fn a_refused_restart_is_not_requested_again_for_flags_that_were_never_set() {
    struct Counting(Kernel, Rc<RefCell<u32>>);
    impl Boot for Counting {
        fn id(&self) -> Result<BootId, MachineError> {
            sim::machine(&self.0).boot.id()
        }

        fn restart(&mut self) -> Result<(), MachineError> {
            *self.1.borrow_mut() += 1;
            Err(MachineError::NotElevated("restart a stubborn machine"))
        }
    }
    let mut trial = Trial::new();
    let asked_to_restart = Rc::new(RefCell::new(0));
    let boot = Box::new(Counting(trial.kernel.clone(), Rc::clone(&asked_to_restart)));
    let mut machine = Machine { boot, ..sim::machine(&trial.kernel) };
    // For these flags the kernel does not report whether it runs without them.
    let asked = vec![RequestedSetting::Verifier(VerifierRequest {
        drivers: vec!["mydrv.sys".to_owned()],
        level: 8,
        reset_on_boot_failure: false,
    })];
    let created = Created { changes: machine.flags.plan(&asked).unwrap(), asked, ..created(&mut machine) };
    Checkpoint::create(trial.disk.clone(), created).unwrap();
    assert_eq!(trial.process(machine).unwrap(), DriveOutcome::Done);
    trial.failed_and_left_the_machine_as_it_was("cannot restart the machine");
    assert_eq!(*asked_to_restart.borrow(), 1);
}

#[test]
fn a_missing_restart_is_restored_and_reported() {
    let mut trial = Trial::new();
    trial.work.restart = Restart::NeverCame;
    // The restart is accepted, but the machine stays up: its boot id does not change.
    struct Deaf(Kernel);
    impl Boot for Deaf {
        fn id(&self) -> Result<BootId, MachineError> {
            sim::machine(&self.0).boot.id()
        }

        fn restart(&mut self) -> Result<(), MachineError> {
            Ok(())
        }
    }
    let deaf = Machine { boot: Box::new(Deaf(trial.kernel.clone())), ..sim::machine(&trial.kernel) };
    assert_eq!(trial.process(deaf).unwrap(), DriveOutcome::Done);
    trial.failed_and_left_the_machine_as_it_was("the restart was accepted but did not happen");
}

#[test]
fn a_machine_that_cannot_resume_poolgate_is_not_changed() {
    let mut trial = Trial::new();
    let stubborn = Machine { autostart: Box::new(Stubborn(trial.kernel.clone())), ..sim::machine(&trial.kernel) };
    assert_eq!(trial.process(stubborn).unwrap(), DriveOutcome::Done);
    trial.failed_and_left_the_machine_as_it_was("cannot set autostart: ");
    assert_eq!(trial.kernel.read().unwrap().boots, 1);
}

/// Accepts the flags of the run, but does not restore the old ones.
struct OneWay(Box<dyn BootSettings>);

impl BootSettings for OneWay {
    fn plan(&mut self, asked: &[RequestedSetting]) -> Result<Vec<SettingChange>, MachineError> {
        self.0.plan(asked)
    }

    fn in_force(&mut self, asked: &[RequestedSetting]) -> Result<bool, MachineError> {
        self.0.in_force(asked)
    }

    fn read(&self, name: &str) -> Result<FlagValue, MachineError> {
        self.0.read(name)
    }

    fn write(&mut self, name: &str, value: &FlagValue) -> Result<(), MachineError> {
        match value {
            FlagValue::Absent => Err(MachineError::NotElevated("remove a flag")),
            FlagValue::Present(_) => self.0.write(name, value),
        }
    }

    fn flush(&mut self) -> Result<(), MachineError> {
        self.0.flush()
    }
}

impl Trial {
    /// Runs processes on a machine that cannot restore its flags, until one gives up.
    fn stuck(&mut self) {
        let mut standing = DriveOutcome::Restarting;
        while standing == DriveOutcome::Restarting {
            let machine = sim::machine(&self.kernel);
            standing = self.process(Machine { flags: Box::new(OneWay(machine.flags)), ..machine }).unwrap();
        }
        assert_eq!(standing, DriveOutcome::NotRestored);
    }

    fn autostart(&self) -> Option<PathBuf> {
        self.kernel.read().unwrap().settings.autostart()
    }
}

#[test]
fn flags_that_cannot_be_restored_are_reported_and_retried() {
    let mut trial = Trial::new();
    trial.stuck();
    let reported = trial.work.reported.clone().unwrap();
    let not_restored = reported.not_restored.unwrap();
    assert_eq!(not_restored.message, "cannot put the flags back: only an administrator can remove a flag");
    assert!(not_restored.help.unwrap().starts_with("by hand: remove GlobalFlag; poolgate tries again"));
    assert_eq!((reported.trouble, trial.autostart()), (None, Some("run".into())));

    trial.stuck();
    let mut standing = trial.process(sim::machine(&trial.kernel)).unwrap();
    while standing == DriveOutcome::Restarting {
        standing = trial.process(sim::machine(&trial.kernel)).unwrap();
    }
    assert_eq!(standing, DriveOutcome::Done);
    let reported = trial.work.reported.clone().unwrap();
    assert!(reported.not_restored.is_none() && reported.trouble.is_none());
    trial.left_the_machine_as_it_was();
}

#[test]
fn only_a_persons_word_ends_a_run_with_flags_that_are_not_put_back() {
    let mut trial = Trial::new();
    trial.stuck();
    Checkpoint::open(trial.disk.clone()).unwrap().leave_flags().unwrap();
    let machine = sim::machine(&trial.kernel);
    let standing = trial.process(Machine { flags: Box::new(OneWay(machine.flags)), ..machine }).unwrap();
    assert_eq!((standing, trial.autostart()), (DriveOutcome::Done, None));
    let reported = trial.work.reported.clone().unwrap();
    assert_eq!(reported.not_restored.unwrap().help.as_deref(), Some("by hand: remove GlobalFlag"));
    assert!(reported.trouble.is_some());
}

#[test]
fn damage_anywhere_in_a_checkpoint_puts_everything_back() {
    let armed = || {
        let mut trial = Trial::new();
        trial.process(sim::machine(&trial.kernel)).unwrap();
        let bytes = trial.disk.bytes.borrow().clone();
        (trial, bytes)
    };
    let length = armed().1.len();
    for at in (0..length - 30).step_by(7) {
        let (mut trial, bytes) = armed();
        let copy = trial.created();
        trial.disk.bytes.borrow_mut()[at] ^= 1 << (at % 7);
        let mut standing = DriveOutcome::Restarting;
        while standing == DriveOutcome::Restarting {
            standing = match Checkpoint::open(trial.disk.clone()) {
                Ok(_) => trial.process(sim::machine(&trial.kernel)).unwrap(),
                Err(damage) => {
                    Checkpoint::recover(trial.disk.clone(), Some(copy.clone()), damage).unwrap();
                    DriveOutcome::Restarting
                }
            };
        }
        assert_eq!(standing, DriveOutcome::Done, "byte {at}");
        trial.left_the_machine_as_it_was();
        let last_line = bytes[..bytes.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        let trouble = trial.work.reported.clone().unwrap().trouble;
        assert!(at > last_line || trouble.is_some_and(|trouble| trouble.message.contains("is damaged")), "byte {at}");
    }
}

#[test]
fn a_checkpoint_without_a_whole_beginning_needs_its_copy() {
    let mut trial = Trial::new();
    trial.process(sim::machine(&trial.kernel)).unwrap();
    let copy = trial.created();
    for cut in [0, 1, 40] {
        trial.disk.bytes.borrow_mut().truncate(cut);
        let damage = |disk: &Disk| Checkpoint::open(disk.clone()).unwrap_err();
        let error = Checkpoint::recover(trial.disk.clone(), None, damage(&trial.disk)).unwrap_err();
        assert!(!error.to_string().contains("nothing was changed"), "{error}");
    }
    Checkpoint::recover(trial.disk.clone(), Some(copy), Checkpoint::open(trial.disk.clone()).unwrap_err()).unwrap();
    while trial.process(sim::machine(&trial.kernel)).unwrap() != DriveOutcome::Done {}
    trial.left_the_machine_as_it_was();
}

#[test]
fn a_disk_that_stays_full_leaves_no_flags() {
    let mut failed = 0;
    for full_at in 1..20 {
        let mut trial = Trial::new();
        trial.disk.for_good = true;
        *trial.disk.full_at.borrow_mut() = full_at;
        while let Ok(standing) = trial.process(sim::machine(&trial.kernel)) {
            if standing == DriveOutcome::Done {
                break;
            }
        }
        let left = *trial.disk.full_at.borrow();
        failed += usize::from(left == 0 || left > usize::MAX / 2);
        let settings = trial.kernel.read().unwrap().settings;
        assert_eq!(settings.flag("GlobalFlag"), None, "full from entry {full_at} on");
    }
    assert!(failed >= 8, "{failed}");
}

#[test]
fn a_disk_that_is_full_at_any_entry_loses_nothing() {
    let mut failed = 0;
    for full_at in 1..20 {
        let mut trial = Trial::new();
        *trial.disk.full_at.borrow_mut() = full_at;
        let mut standing = DriveOutcome::Restarting;
        for _ in 0..9 {
            match trial.process(sim::machine(&trial.kernel)) {
                Ok(now) => standing = now,
                Err(_) => failed += 1,
            }
            if standing == DriveOutcome::Done {
                break;
            }
        }
        assert_eq!(standing, DriveOutcome::Done, "full at entry {full_at}");
        assert!(trial.work.measured && trial.work.reported.as_ref().unwrap().trouble.is_none());
        trial.left_the_machine_as_it_was();
    }
    assert!(failed >= 8, "{failed}");
}
