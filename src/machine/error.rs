//! Errors in reading or changing a machine, each with a remedy.
// long because each error has its message and its advice beside it

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;

use super::windows::pool::PoolTagsError;
use crate::failure::Failure;

/// How to get administrator rights on Windows.
const ELEVATE: &str =
    "run it from an elevated prompt (\"Run as administrator\"), or let the CI agent run as LocalSystem";

const TO_READ: &str =
    if cfg!(windows) { ELEVATE } else { "the kernel shows its pools to root only: run poolgate with sudo" };

const NO_SLABINFO: &str =
    "this kernel has no slabinfo (CONFIG_SLUB_DEBUG); try a scenario with `machine: { simulated: {} }`";

const CHECK_AUTOSTART: &str = if cfg!(windows) {
    "check its purpose (`sc qc poolgate-resume`), then remove it (`sc delete`) and run again"
} else {
    "check its purpose, then move it away and run again"
};

const USE_PATH: &str = if cfg!(windows) {
    "move it to a path that begins with a drive and has no quotes and no %"
} else {
    "use a path of plain UTF-8 text that begins with /"
};

/// A failure of the machine, not of the driver under test. It leads to the outcome `error`, never to a verdict.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum MachineError {
    /// A file on the machine could not be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error that the system returned.
        source: io::Error,
        /// Advice, if the cause suggests any.
        #[help]
        help: Option<&'static str>,
    },
    /// A file on the machine could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error that the system returned.
        source: io::Error,
        /// Advice, if the cause suggests any.
        #[help]
        help: Option<&'static str>,
    },
    /// A kernel file does not have the expected format.
    #[error("cannot parse {}, line {line}: {problem}: {text:?}", path.display())]
    #[diagnostic(help(
        "report this line as a bug; poolgate reads slabinfo version 2.x and allocinfo versions 1.x and 2.x"
    ))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line number, from 1.
        line: usize,
        /// The problem.
        problem: &'static str,
        /// The line, shortened.
        text: String,
    },
    /// A file that poolgate would have to restore exactly is not UTF-8.
    #[error("{} is not UTF-8 text, so it could not be put back exactly", .0.display())]
    #[diagnostic(help("rewrite the file as UTF-8, then run again"))]
    NotText(PathBuf),
    /// A setting that only Windows has.
    #[error("{0} is a boot setting of Windows; a Linux kernel does not have it")]
    #[diagnostic(help("on Linux use a kernel parameter, such as slab_nomerge"))]
    OnlyOnWindows(String),
    /// A setting that only Linux has.
    #[error("kernel parameter {0} is a boot setting of Linux; a Windows kernel does not have it")]
    #[diagnostic(help("on Windows use global flags or Driver Verifier instead"))]
    OnlyOnLinux(String),
    /// A registry value could not be read or changed.
    #[error("cannot {doing} {name}: {source}")]
    Registry {
        /// `read`, `change` or `flush`.
        doing: &'static str,
        /// The value or key.
        name: String,
        /// The error that the system returned.
        source: io::Error,
        /// Advice, if the cause suggests any.
        #[help]
        help: Option<&'static str>,
    },
    /// poolgate cannot add a flag to a registry value of this type.
    #[error("{name} is not a number, so poolgate cannot add flags to it: {value:?}")]
    #[diagnostic(help(
        "make it a REG_DWORD (`poolgate flags /r --set dword:00000000`), or delete it if it is not needed (`poolgate flags /r --remove`); then run again"
    ))]
    NotANumber {
        /// The value's name.
        name: String,
        /// The value's type and bytes.
        value: String,
    },
    /// A text does not describe a registry value.
    #[error("{name} cannot be set to {text:?}, because it is not a registry value in poolgate's notation")]
    #[diagnostic(help("the run's state is from another machine or was edited"))]
    NotAValue {
        /// The value's name.
        name: String,
        /// The text.
        text: String,
    },
    /// The kernel does not report the setting, and the registry holds a value other than the one written.
    #[error(
        "the kernel does not report whether it was booted with the requested {0}, and the registry has another value"
    )]
    #[diagnostic(help("find the other program that changes this value, then run again"))]
    Unreported(String),
    /// A boot loader's configuration would not keep this kernel parameter unchanged.
    #[error("kernel parameter {parameter:?} {problem}")]
    #[diagnostic(help("use only letters, digits and . _ = , : / @ + - in a parameter"))]
    Parameter {
        /// The parameter as written in the scenario.
        parameter: String,
        /// The problem.
        problem: &'static str,
    },
    /// A kernel parameter that poolgate did not add.
    #[error("kernel parameter {parameter} is set in {}, and poolgate does not change that file", path.display())]
    #[diagnostic(help(
        "remove it by hand from the configuration that sets it, and run the boot loader's update program"
    ))]
    OthersParameter {
        /// The parameter.
        parameter: String,
        /// The file.
        path: PathBuf,
    },
    /// poolgate does not know how this machine passes parameters to its kernel.
    #[error("cannot change {parameters:?} on this machine's kernel command line: {problem}")]
    NoBootLoader {
        /// The parameters to be added or removed.
        parameters: String,
        /// Why no way was found.
        problem: &'static str,
        /// How to add them by hand.
        #[help]
        remedy: String,
    },
    /// The name is not one of this machine's boot settings.
    #[error("{0:?} is not a boot setting that poolgate can change")]
    #[diagnostic(help("the run's state is from another machine or was edited"))]
    UnknownSetting(String),
    /// A program on the machine, or a hook, failed.
    #[error("{} failed: {problem}", program.display())]
    #[diagnostic(help("run the program by hand to see all of its output, then run again"))]
    Program {
        /// The program.
        program: PathBuf,
        /// Its exit status and the last line of its error output.
        problem: String,
    },
    /// Driver Verifier's settings are missing in the boot that should have them.
    #[error("{0} is missing: Windows switches Driver Verifier off after a failed boot")]
    #[diagnostic(help("look for a bugcheck of that boot: its dump, and event 1001 of the System log; then run again"))]
    VerifierGone(String),
    /// No registry value known to poolgate stores Driver Verifier's boot mode, so it could not be restored.
    #[error("cannot find Windows' setting of Driver Verifier's boot mode, so it could not be put back")]
    #[diagnostic(help(
        "the mode is `resetonbootfail` now: set the one you want (`verifier /bootmode persistent` is Windows' default), and write `on_boot_failure: keep` below `verifier`"
    ))]
    HiddenBootMode,
    /// The file is correct, but the boot loader's own configuration could not be made from it.
    #[error("cannot make the boot loader's configuration from {}: {source}", file.display())]
    #[diagnostic(forward(source))]
    NotMade {
        /// The file.
        file: PathBuf,
        /// The underlying error.
        source: Box<MachineError>,
    },
    /// The files below another root belong to a machine other than the one poolgate runs on.
    #[error("the machine below {} is not the machine that runs poolgate, so it cannot be restarted", .0.display())]
    #[diagnostic(help("leave out `--root`, or give that root an etc/poolgate/reboot-hook"))]
    ForeignRoot(PathBuf),
    /// The kernel refused to restart.
    #[error("cannot restart the machine: {0}")]
    #[diagnostic(help("restart the machine by hand: the run goes on after the boot"))]
    NotRestarted(io::Error),
    /// A file or service has the name of poolgate's autostart entry, but poolgate did not write it.
    #[error("{} was not written by poolgate, so poolgate does not change it", .0.display())]
    #[diagnostic(help("{}", CHECK_AUTOSTART))]
    ForeignAutostart(PathBuf),
    /// poolgate knows no way to start programs at boot on this machine.
    #[error("poolgate cannot be started again after a boot: neither systemd nor {} was found", .0.display())]
    #[diagnostic(help("write that hook (docs/linux.md describes it), then run again"))]
    NoAutostart(PathBuf),
    /// systemd is installed, but another init booted the machine.
    #[error("systemd is installed, but it did not boot this machine, so its unit would not start poolgate again, and there is no {}", .0.display())]
    #[diagnostic(help("boot the machine with systemd, or write that hook for its init (docs/linux.md)"))]
    IdleSystemd(PathBuf),
    /// A path that an autostart entry cannot hold.
    #[error("{} cannot be used in an autostart entry: {problem}", path.display())]
    #[diagnostic(help("{}", USE_PATH))]
    AutostartPath {
        /// The path.
        path: PathBuf,
        /// The problem.
        problem: &'static str,
    },
    /// A user other than root could have written a file that root is about to use.
    #[error("{} is not safe to use: {problem}", path.display())]
    Untrusted {
        /// The file or folder at fault, which may be a parent of the one in question.
        path: PathBuf,
        /// Who could change it, and how.
        problem: String,
        /// The command that fixes it.
        #[help]
        remedy: String,
    },
    /// Files could not be copied between a user's folder and a folder of root.
    #[error("cannot copy {}: {problem}", path.display())]
    NotCopied {
        /// The file or folder at fault.
        path: PathBuf,
        /// The problem.
        problem: String,
        /// The remedy.
        #[help]
        remedy: String,
    },
    /// The kernel does not count pool tags in this boot (STATUS_NOT_IMPLEMENTED on Windows 2000 and XP).
    #[error("cannot read pool tags: pool tagging is off (c0000002)")]
    #[diagnostic(help(
        "add `flags: {{ pool_tagging: if_needed }}` to the scenario and allow a reboot with --allow-reboot"
    ))]
    TaggingOff,
    /// The kernel's tables of pool usage cannot be read (Windows).
    #[error(transparent)]
    #[diagnostic(transparent)]
    PoolTags(PoolTagsError),
    /// The objects of slab caches could not be followed. No verdict depends on them.
    #[error("the call paths of leaked objects are unknown: {problem}")]
    NotFollowed {
        /// The problem.
        problem: String,
        /// The remedy, if there is one.
        #[help]
        help: Option<String>,
    },
    /// A system call failed.
    #[error("cannot {what}: {source}")]
    System {
        /// The purpose of the call.
        what: &'static str,
        /// The error that the system returned.
        source: io::Error,
    },
    /// Windows requires an administrator for this.
    #[error("only an administrator can {0}")]
    #[diagnostic(help("{}", ELEVATE))]
    NotElevated(&'static str),
    /// The service of an earlier run is marked for deletion but still open in another program.
    #[error("the service {0} is marked for deletion but still open in another program")]
    #[diagnostic(help(
        "close services.msc and other programs that show services, or restart the machine; then run again"
    ))]
    AutostartGoing(String),
    /// The service was started by hand.
    #[error("only the service manager can start this command")]
    #[diagnostic(help("continue a run by hand with `poolgate resume RUN`"))]
    NotAService,
}

impl MachineError {
    /// Whether the call may succeed with more rights, or at another time.
    pub fn may_pass(&self) -> bool {
        match self {
            MachineError::Unreadable { source, .. }
            | MachineError::Unwritable { source, .. }
            | MachineError::Registry { source, .. }
            | MachineError::System { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
            MachineError::PoolTags(error) => error.may_pass(),
            MachineError::NotElevated(_) | MachineError::AutostartGoing(_) => true,
            MachineError::NotMade { source, .. } => source.may_pass(),
            _ => false,
        }
    }

    /// A file that could not be opened or read.
    pub fn unreadable(path: impl Into<PathBuf>, source: io::Error) -> MachineError {
        let path = path.into();
        let help = match source.kind() {
            io::ErrorKind::PermissionDenied => Some(TO_READ),
            io::ErrorKind::NotFound if path.ends_with("slabinfo") => Some(NO_SLABINFO),
            _ => None,
        };
        MachineError::Unreadable { path, source, help }
    }

    /// A file that could not be written.
    pub fn unwritable(path: impl Into<PathBuf>, source: io::Error) -> MachineError {
        let help = if cfg!(windows) { ELEVATE } else { "run poolgate with sudo" };
        let help = (source.kind() == io::ErrorKind::PermissionDenied).then_some(help);
        MachineError::Unwritable { path: path.into(), source, help }
    }

    /// A registry value or key that poolgate could not `read`, `change` or `flush`.
    pub fn registry(doing: &'static str, name: impl Into<String>, source: io::Error) -> MachineError {
        let help = "run poolgate from an elevated prompt (Run as administrator)";
        let help = (source.kind() == io::ErrorKind::PermissionDenied).then_some(help);
        MachineError::Registry { doing, name: name.into(), source, help }
    }
}

impl From<MachineError> for Failure {
    fn from(error: MachineError) -> Failure {
        Failure::from_error(&error)
    }
}
